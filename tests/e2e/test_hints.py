"""What the summary of a recording says besides its numbers: what to do, only where it fits."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from awstape.catalog.service_models import load_models
from awstape.files import cassette_files
from e2e.harness import Machine, calls, program
from support.standin import StandIn
from support.tips import Tip

TAPE = Path("tape.yaml")
USERS = "print(len(iam.list_users()['Users']))"
ROLES = "print(len(iam.list_roles()['Roles']))"
ANALYZERS = "print(len(analyzer.list_analyzers()['analyzers']))"
ALIASES = "names are aliases in a replay"
NODE = "Node.js ignores HTTPS_PROXY"


def services(machine: Machine) -> set[str]:
    return {take.track.service for take in cassette_files.load(machine.home / TAPE, load_models()).takes}


def test_the_first_recording_says_once_what_becomes_of_names(machine: Machine, aws: StandIn) -> None:
    first = machine.record(TAPE, aws.url, command=calls(ROLES)).ok()
    assert first.err.count(ALIASES) == 1
    tip = Tip(
        "  names are aliases in a replay: compare with those of awstape alias NAME, or "
        'keep = ["NAME"] in [tool.awstape] of pyproject.toml'
    )
    line = tip.take(first.err, "awstape alias NAME").replace("NAME", "--kind role DeployRole")
    alias = machine.run("sh", "-c", line).ok().out.split()[-1]
    assert alias in (machine.home / TAPE).read_text()
    table, setting = (
        tip.take(first.err, r"\[tool.*?\]"),
        tip.take(first.err, r"keep = \[.*?\]").replace("NAME", "DeployRole"),
    )
    (machine.home / "pyproject.toml").write_text(f"{table}\n{setting}\n")
    machine.record(Path("kept.yaml"), aws.url, command=calls(ROLES)).ok()
    assert "DeployRole" in (machine.home / "kept.yaml").read_text()
    (machine.home / "pyproject.toml").unlink()
    assert ALIASES not in machine.record(TAPE, aws.url, command=calls(ROLES)).ok().err
    without = machine.record(Path("other.yaml"), aws.url, command=calls("iam.get_account_summary()"))
    assert "recorded other.yaml" in without.err and ALIASES not in without.err


def test_old_tracks_that_were_not_asked_for_are_counted(machine: Machine, aws: StandIn) -> None:
    machine.record(TAPE, aws.url, command=calls(USERS, ROLES)).ok()
    again = machine.record(TAPE, aws.url, command=calls(USERS)).ok()
    command = Tip("  {}; to drop {}: {}").take(again.err, "awstape record .* -- ")
    machine.run(
        "sh", "-c", f"cp {TAPE} x.yaml; {command.replace(str(TAPE), 'x.yaml')} true", AWSTAPE_UPSTREAM=aws.url
    ).ok()
    machine.run("sh", "-c", command + shlex.join(calls(USERS)), AWSTAPE_UPSTREAM=aws.url).ok()
    assert "ListRoles" not in (machine.home / TAPE).read_text()
    more = machine.record(TAPE, aws.url, "--mode=new_episodes", command=calls(USERS, "iam.list_groups()")).ok()
    assert "old track" not in more.err
    assert "old track" not in machine.record(TAPE, aws.url, "--mode=rewrite", command=calls(USERS)).ok().err


@pytest.mark.parametrize("mode", ["all", "new_episodes", "rewrite"])
def test_the_services_of_a_cassette_are_recorded_again(mode: str, machine: Machine, aws: StandIn) -> None:
    (machine.home / "pyproject.toml").write_text('[tool.awstape]\nservices = ["iam"]\n')
    machine.record(TAPE, aws.url, "--service=accessanalyzer", command=calls(ANALYZERS)).ok()
    aws.calls.clear()
    machine.record(TAPE, aws.url, "--mode", mode, command=calls(ANALYZERS, USERS)).ok()
    assert services(machine) == {"accessanalyzer", "iam"}


@pytest.mark.parametrize(
    ("command", "is_node", "has_failed"),
    [
        (("true",), False, False),
        (program("import nothing_of_that_name"), False, True),
        (("sh", "-c", "exit 3 # npx"), True, True),
    ],
)
def test_a_hint_fits_the_program(
    command: tuple[str, ...], is_node: bool, has_failed: bool, machine: Machine, aws: StandIn
) -> None:
    run = machine.record(TAPE, aws.url, command=command)
    assert "nothing was recorded" in run.err
    assert (NODE in run.err) is is_node
    assert ("the program ended with exit status" in run.err) is has_failed


def test_a_hint_of_node_where_something_else_passed(machine: Machine, aws: StandIn) -> None:
    """npm asks for updates of itself, through the proxy."""
    (machine.home / "package.json").write_text("{}")
    ask = f"curl -s -o /dev/null --proxy $HTTPS_PROXY {aws.url}"
    run = machine.record(TAPE, aws.url, command=("sh", "-c", ask))
    assert NODE in run.err

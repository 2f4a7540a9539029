"""The whole cycle: a boto3 program is recorded through TLS interception, then replayed without AWS."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.conftest import Recorded
from e2e.harness import LIST_EVERYTHING, Machine, ca_variables, calls
from e2e.renaming import renaming
from support.standin import StandIn


def documents(cassette: Path) -> list[dict[str, Any]]:
    """Returns the takes of a cassette, read without awstape's code."""
    return list(yaml.safe_load_all(cassette.read_text("utf-8")))[1:]


def identities(cassette: Path, operation: str) -> list[dict[str, str]]:
    """Returns the identities of an operation's tracks, beginning with the track that has the most data."""
    takes = [take for take in documents(cassette) if take["operation"] == operation]
    return [take["identity"] for take in sorted(takes, key=lambda take: -len(str(take["pages"])))]


def test_the_program_gets_complete_responses_while_recording(recorded: Recorded) -> None:
    seen = recorded.seen
    assert [len(page["Versions"]) for page in seen["versions of the deploy policy"]] == [2, 2, 1]
    assert [len(page["Groups"]) for page in seen["groups"]] == [2, 0, 2, 2]
    assert seen["users"] == [{"Users": [], "IsTruncated": False}]
    assert seen["missing role"]["Code"] == "NoSuchEntity"
    assert "arn:aws:iam::aws:policy/ReadOnlyAccess" in str(seen["policies of the role"])
    assert recorded.run.err.startswith(f"recorded {recorded.cassette}: 16 tracks, ")
    assert "  redacted: 3 account ids, " in recorded.run.err
    assert "skipped" not in recorded.run.err


@pytest.mark.parametrize(
    ("way", "environ"),
    [((), ca_variables()), (("--proxy",), ca_variables()), (("--proxy",), {})],
    ids=["endpoint", "proxy", "proxy without CA variables"],
)
def test_a_replay_shows_the_same_data(
    recorded: Recorded, owner: Machine, way: tuple[str], environ: dict[str, str]
) -> None:
    run = owner.awstape("replay", recorded.cassette, *way, "--", *LIST_EVERYTHING, **environ)
    names = renaming(recorded.seen, run.json)
    assert {"111122223333", "444455556666", "DeployRole", "ci", "alice@example.com", "NoSuchRole"} <= names.keys()
    assert "ReadOnlyAccess" not in names
    assert run.err == ""


@pytest.mark.parametrize("way", [(), ("--proxy",)], ids=["endpoint", "proxy"])
def test_without_the_key_aliases_show_the_same_data(recorded: Recorded, stranger: Machine, way: tuple[str]) -> None:
    tape = recorded.cassette
    deploy, audit, boundary = (identity["PolicyArn"] for identity in identities(tape, "ListPolicyVersions"))
    names = {
        "deploy_policy": deploy,
        "audit_policy": audit,
        "boundary_policy": boundary,
        "role_name": identities(tape, "ListAttachedRolePolicies")[0]["RoleName"],
        "role_arn": next(i["principalArn"] for i in identities(tape, "ListPolicyGenerations") if i),
        "missing_role_name": identities(tape, "GetRole")[0]["RoleName"],
        "external_analyzer": identities(tape, "ListFindings")[0]["analyzerArn"],
        "unused_analyzer": identities(tape, "ListFindingsV2")[0]["analyzerArn"],
        "finding_id": identities(tape, "GetFindingV2")[0]["id"],
    }
    file = stranger.home / "names.json"
    file.write_text(json.dumps(names))
    run = stranger.awstape("replay", tape, *way, "--", *LIST_EVERYTHING, "--names", str(file))
    assert renaming(recorded.seen, run.json)
    assert run.err == ""
    assert not (stranger.home / ".config").exists(), "a replay made a key"


def test_without_the_key_real_names_miss(recorded: Recorded, stranger: Machine) -> None:
    run = stranger.awstape("replay", recorded.cassette, "--", *LIST_EVERYTHING)
    assert run.status == 1
    assert "without the cassette's key only aliases match" in run.err
    assert "DeployPolicy" not in run.err
    assert "111122223333" not in run.err


@pytest.mark.parametrize("environ", [{}, ca_variables()], ids=["no CA variables", "CA variables"])
def test_a_second_recording_has_the_same_bytes(
    recorded: Recorded, owner: Machine, aws: StandIn, cassette: Path, environ: dict[str, str]
) -> None:
    if environ:  # a recording into the same cassette changes nothing, too
        cassette.write_bytes(recorded.cassette.read_bytes())
    run = owner.record(cassette, aws.url, command=(*LIST_EVERYTHING, "--threads", "8"), **environ)
    assert run.json == recorded.seen
    assert cassette.read_bytes() == recorded.cassette.read_bytes()
    assert aws.calls == recorded.calls


def test_another_key_makes_other_aliases(recorded: Recorded, machine: Machine, aws: StandIn, cassette: Path) -> None:
    def names(tape: Path) -> set[str]:
        return set(re.findall("(?<=RoleName: )alias-[A-Za-z2-7-]+", tape.read_text("utf-8")))

    machine.record(cassette, aws.url, command=calls("iam.list_roles()")).ok()
    assert len(names(cassette)) == 3
    assert not names(cassette) & names(recorded.cassette)

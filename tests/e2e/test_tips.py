"""Each command that `awstape` prints mends what it is printed for: taken out of the text, and run as it stands.

Tips of the plugin are in `pytest_plugin/test_advice.py`, those on takes that are set aside in `test_recovery.py`.
"""

from __future__ import annotations

import re
import shlex
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from awstape.catalog.service_models import load_models
from awstape.files import cassette_files
from e2e.harness import Machine, Run, calls, to_upstream
from support.misses import not_recorded, not_replayed, recording_ended
from support.standin import StandIn
from support.tips import COMMAND, Tip

#: The cassette's path has to be quoted in a command.
TAPE = "my tape.yaml"
ROLES = "print(len(iam.list_roles()['Roles']))"
ALL_ROLES = "print(len([r for p in iam.get_paginator('list_roles').paginate() for r in p['Roles']]))"
USERS = "print(len(iam.list_users()['Users']))"
ANALYZERS = "print(len(analyzer.list_analyzers()['analyzers']))"
CREATE = "iam.create_role(RoleName='zfake', AssumeRolePolicyDocument='{}')"


def operations(machine: Machine, name: str = TAPE) -> list[str]:
    return [track.operation for track, _ in cassette_files.load(machine.home / name, load_models()).tracks()]


def follow(
    machine: Machine, text: str, tip: Tip, aws: StandIn, *, command: Sequence[str] = ("true",), pattern: str = COMMAND
) -> Run:
    """Runs the command of a tip in a shell, with a program in place of COMMAND."""
    found = tip.take(text, pattern)
    line = re.sub(r"(\b(COMMAND|PROGRAM)|\S+ …)$", lambda _: shlex.join(command), found)
    return machine.run("sh", "-c", line, AWSTAPE_UPSTREAM=aws.url)


RECORD = Tip("awstape record {} -- {}")
#: Situation → the program before and after a change, and the words of the report.
CHANGES = {
    "a request was added": ([USERS], [USERS, ROLES], f"miss: {not_recorded('iam ListRoles')}"),
    "a write was added": ([USERS], [USERS, CREATE], f"miss: {not_recorded('iam CreateRole')}"),
    "a listing is read further": ([ROLES], [ALL_ROLES], f"miss: {recording_ended('iam ListRoles', 1)}"),
    "another service": ([USERS], [USERS, ANALYZERS], f"miss: {not_replayed('access-analyzer', 'iam')}"),
}


@pytest.mark.parametrize(("before", "after", "words"), CHANGES.values(), ids=CHANGES)
def test_a_miss_of_a_changed_program(
    machine: Machine, aws: StandIn, before: list[str], after: list[str], words: str
) -> None:
    machine.record(Path(TAPE), aws.url, command=calls(*before)).ok()
    run = machine.awstape("replay", TAPE, "--", *calls(*after))
    assert run.status == 1 and words in run.err
    assert Tip("--mode {}").printed(RECORD.take(run.err)) in run.err
    follow(machine, run.err, RECORD, aws, command=calls(*after)).ok()
    aws.calls.clear()
    machine.awstape("replay", TAPE, "--strict", "--", *calls(*after)).ok()
    assert not aws.calls


def test_a_cassette_that_is_not_there(machine: Machine, aws: StandIn) -> None:
    run = machine.awstape("replay", TAPE)
    assert run.status == 2
    tip = Tip("to record it: awstape record {} -- PROGRAM")
    follow(machine, run.err, tip, aws, command=calls(USERS)).ok()
    machine.awstape("replay", TAPE, "--", *calls(USERS)).ok()
    run = machine.awstape("replay", "other/")
    follow(machine, run.err, tip, aws, command=calls(USERS)).ok()
    machine.awstape("replay", "other/", "--", *calls(USERS)).ok()


def test_a_cassette_of_another_key(machine: Machine, aws: StandIn) -> None:
    machine.record(Path(TAPE), aws.url, command=calls(USERS)).ok()
    key, machine.environ["AWSTAPE_KEY"] = machine.environ["AWSTAPE_KEY"], "another fake key"
    run = machine.record(Path(TAPE), aws.url, command=calls(ROLES))
    assert run.status == 2 and "made with another key" in run.err
    variable = Tip("set {} to your team's key; {}").take(run.err, "set ([A-Z_]+)")
    machine.record(Path(TAPE), aws.url, command=calls(USERS), **{variable: key}).ok()
    tip = Tip("to drop everything that is recorded, and record it with a key of your own: {}")
    follow(machine, run.err, tip, aws, command=calls(ROLES)).ok()
    assert operations(machine) == ["ListRoles"]
    machine.record(Path(TAPE), aws.url, command=calls(USERS)).ok()


def test_writes_that_were_left_out(machine: Machine, aws: StandIn) -> None:
    run = machine.record(Path(TAPE), aws.url, command=calls(CREATE))
    option = Tip("{}: a write operation; {} records it").take(run.err, "--\\S+")
    machine.record(Path(TAPE), aws.url, option, command=calls(CREATE)).ok()
    assert operations(machine) == ["CreateRole"]


def test_services_that_were_left_out(machine: Machine, aws: StandIn) -> None:
    """Through an upstream for all services, as the hosts of AWS can't be reached."""
    run = machine.record(Path(TAPE), aws.url, "--service", "iam", command=calls(ANALYZERS), AWS_MAX_ATTEMPTS="1")
    options = Tip("  not recorded: {}; to record these as well: {}").take(run.err, "--service .*")
    assert Tip("--service {}").printed(options) == options
    machine.record(Path(TAPE), aws.url, *shlex.split(options), command=calls(ANALYZERS)).ok()
    assert operations(machine) == ["ListAnalyzers"]
    tip = Tip("  or, for all recordings, in [tool.awstape] of pyproject.toml: services = {}")
    (machine.home / "pyproject.toml").write_text(f"[tool.awstape]\n{tip.take(run.err, 'services = .*')}\n")
    machine.record(Path("x.yaml"), aws.url, command=calls(ANALYZERS)).ok()
    assert operations(machine, "x.yaml") == ["ListAnalyzers"]


def test_an_endpoint_in_the_configuration(machine: Machine, aws: StandIn) -> None:
    run = machine.awstape("record", TAPE, "--", *calls(USERS), AWS_ENDPOINT_URL=aws.url)
    assert run.status == 2 and "the program would call it past the proxy, unrecorded" in run.err
    tip = Tip("record the stand-in with {}, or AWS with AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true")
    options = Tip("--upstream {}").printed(tip.take(run.err, "with (.*), or"))
    machine.awstape("record", TAPE, *shlex.split(options), "--", *calls(USERS), AWS_ENDPOINT_URL=aws.url).ok()
    assert operations(machine) == ["ListUsers"]


def test_a_program_without_the_dashes_before_it(machine: Machine, aws: StandIn) -> None:
    run = machine.awstape("record", TAPE, *to_upstream(aws.url), "true")
    assert run.status == 2
    usage = Tip("{} CASSETTE -- PROGRAM: put -- before it").take(run.err, "(awstape .*):")
    line = usage.replace("CASSETTE", shlex.join([TAPE, *to_upstream(aws.url)])).replace("PROGRAM", "true")
    machine.run("sh", "-c", line).ok()


def test_an_interrupted_recording(machine: Machine, aws: StandIn) -> None:
    with machine.server("record", TAPE, *to_upstream(aws.url)) as server:
        machine.run(*calls(USERS), **server.environ).ok()
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
    run = machine.awstape("ls", TAPE)
    assert run.status == 2 and "a recording is running or was interrupted" in run.err
    follow(machine, run.err, Tip("awstape recover {}"), aws).ok()
    machine.awstape("replay", TAPE, "--", *calls(USERS)).ok()


def test_a_read_after_a_write_that_is_in_no_cassette(machine: Machine, aws: StandIn) -> None:
    machine.record(Path(TAPE), aws.url, "--include-writes", command=calls(CREATE, USERS)).ok()
    text = (machine.home / TAPE).read_text()
    write = "after:\n  service: iam\n  operation: DeleteRole\n  take: 1\n  identity:\n    RoleName: alias-srrm4262kR\n"
    (machine.home / TAPE).write_text(text.replace("operation: ListUsers\n", f"operation: ListUsers\n{write}"))
    run = machine.awstape("replay", TAPE, "--", *calls(USERS))
    assert run.status == 1 and "only after a write that is in no cassette that is replayed" in run.err
    follow(machine, run.err, RECORD, aws, command=calls(CREATE, USERS)).ok()
    machine.awstape("replay", TAPE, "--", *calls(CREATE, USERS)).ok()


def test_a_host_that_other_machines_can_reach(machine: Machine, aws: StandIn) -> None:
    machine.record(Path(TAPE), aws.url, command=calls(USERS)).ok()
    run = machine.awstape("replay", TAPE, "--host", "0.0.0.0", "--", "true")
    option = Tip("allow it with --allow-remote").take(run.err, "--.*")
    machine.awstape("replay", TAPE, "--host", "0.0.0.0", option, "--", *calls(USERS)).ok()


def test_a_cassette_that_holds_something_real(machine: Machine, aws: StandIn) -> None:
    machine.record(Path(TAPE), aws.url, command=calls(ROLES)).ok()
    text = (machine.home / TAPE).read_text()
    (machine.home / TAPE).write_text(re.sub(r"RoleName: \S+", "RoleName: zreal-billing-role-42", text, count=1))
    run = machine.awstape("check", TAPE)
    assert run.status == 1
    follow(machine, run.out, Tip("{}; replace the rest: awstape redact {}"), aws).ok()
    machine.awstape("check", TAPE).ok()

"""The program that awstape runs, its exit status, and servers that run until a signal stops them."""

import json
import signal
import socket
import sys
from pathlib import Path

import pytest

from e2e.conftest import Recorded
from e2e.harness import AWSTAPE, LIST_EVERYTHING, TIMEOUT, Machine, Run, aws_cli, calls, program, quick, to_upstream
from e2e.renaming import renaming
from support.standin import StandIn

KILLS_ITSELF = "import os, signal; os.kill(os.getpid(), signal.SIGTERM)"
SEED_OPERATIONS = quick("seed_operations")
LIST_USERS = "iam.list_users()"


def is_usage_error(run: Run, problem: str, status: int = 2) -> bool:
    """Whether awstape failed with one ERROR line, which contains the problem, and one TIP line."""
    error, tip = run.err.splitlines()
    assert run.status == status
    assert error.startswith("ERROR ")
    assert tip.startswith("TIP ")
    return problem in error


@pytest.fixture
def empty(cassette: Path) -> Path:
    """A cassette without tracks."""
    cassette.write_text("version: 1\n")
    return cassette


@pytest.mark.parametrize(
    ("command", "status"),
    [(program("exit(7)"), 7), (program(KILLS_ITSELF), -signal.SIGTERM)],
    ids=["exit", "signal"],
)
def test_the_exit_status_is_that_of_the_program(
    machine: Machine, empty: Path, command: tuple[str, ...], status: int
) -> None:
    assert machine.awstape("replay", empty, "--", *command).status == status


def test_a_program_that_fails_is_recorded(machine: Machine, aws: StandIn, cassette: Path) -> None:
    assert machine.record(cassette, aws.url, command=calls(LIST_USERS, KILLS_ITSELF)).status == -signal.SIGTERM
    assert "operation: ListUsers\n" in cassette.read_text("utf-8")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_an_interrupted_program_is_recorded(
    machine: Machine, aws: StandIn, cassette: Path, number: signal.Signals
) -> None:
    command = calls(LIST_USERS, "import time; print('ready', flush=True); time.sleep(60)")
    with machine.process(*AWSTAPE, "record", cassette, *to_upstream(aws.url), "--", *command) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        err = process.communicate(timeout=TIMEOUT)[1]
    assert process.returncode == -number
    assert f"recorded {cassette}: 1 track, 1 page, 0 items\n" in err
    assert "operation: ListUsers\n" in cassette.read_text("utf-8")


def test_the_output_of_the_program_is_unchanged(machine: Machine, empty: Path) -> None:
    run = machine.awstape("replay", empty, "--", *program("import sys; print('out'); print('err', file=sys.stderr)"))
    assert (run.out, run.err.partition("\n")[0]) == ("out\n", "err")
    assert run.err.splitlines()[1].startswith("no request arrived"), "nothing else is printed, and that after it"


@pytest.mark.parametrize("verb", [("replay",), ("record",)], ids=" ".join)
def test_a_missing_command_is_a_usage_error(machine: Machine, empty: Path, verb: tuple[str, ...]) -> None:
    run = machine.awstape(*verb, empty, "--", "no-such-command")
    assert is_usage_error(run, "no-such-command: can't be started", 127)
    assert empty.read_text() == "version: 1\n"


@pytest.mark.parametrize(
    "arguments",
    [("record",), ("record", "--mode", "all"), ("record", "--mode", "once"), ("replay",)],
    ids=" ".join,
)
def test_a_broken_cassette_is_refused_before_the_program_runs(
    machine: Machine, cassette: Path, arguments: tuple[str, ...]
) -> None:
    cassette.write_text("version: 1\n---\nservice: iam\noperation: ListUsres\nidentity: {}\npages: []\n")
    run = machine.awstape(*arguments, cassette, "--", *program("open('it-ran', 'w')"))
    assert is_usage_error(run, f"{cassette}:4: ")
    assert not (machine.home / "it-ran").exists()
    assert "ListUsres" in cassette.read_text()


def test_a_port_in_use_is_a_usage_error(machine: Machine, empty: Path, aws: StandIn) -> None:
    port = aws.url.rpartition(":")[2]
    assert is_usage_error(machine.awstape("replay", empty, "--port", port, "--", "true"), f"127.0.0.1:{port}")
    assert is_usage_error(machine.awstape("replay", "--proxy", empty, "--port", port, "--", "true"), port)


def test_a_recording_server_writes_when_it_is_stopped(machine: Machine, aws: StandIn, cassette: Path) -> None:
    with machine.server("record", cassette, *to_upstream(aws.url)) as recording:
        machine.run(*SEED_OPERATIONS, **recording.environ).ok()
        assert not cassette.exists()
        run = recording.stop(signal.SIGINT)
    assert run.status == 0
    facts = json.loads(run.err)
    assert [facts[name] for name in ("cassette", "tracks", "pages", "items")] == [str(cassette), 2, 5, 7]
    assert facts["redacted"] == {"account": 1, "policy": 1, "role": 1}


def test_a_server_prints_lines_to_copy(recorded: Recorded, owner: Machine) -> None:
    script = (
        f'{sys.executable} -m awstape replay "{recorded.cassette}" > exports & '
        "until grep -q AWS_EC2_METADATA_DISABLED exports; do sleep 0.1; done; "
        f'. ./exports; "$@"; kill -INT $!; wait $!; echo "status $?"'
    )
    # A shell without job control starts background processes with SIGINT ignored; this program restores its handler.
    with_sigint = program(
        "import os, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "os.execvp(sys.argv[1], sys.argv[1:])"
    )
    run = owner.run(*with_sigint, "sh", "-c", script, "sh", *LIST_EVERYTHING)
    shown, _, status = run.ok().out.rpartition("status ")
    assert renaming(recorded.seen, json.loads(shown))
    assert status == "0\n"
    assert f"replaying {recorded.cassette} at http://127.0.0.1:" in run.err
    assert run.err.endswith("; Ctrl-C ends it\n")


def test_a_stopped_replay_reports_misses(machine: Machine, empty: Path) -> None:
    with machine.server("replay", empty) as replay:
        assert machine.run(*calls(LIST_USERS), **replay.environ).out == "400 CassetteMiss\n"
        run = replay.stop(signal.SIGTERM)
    assert run.status == 1
    assert [miss["operation"] for miss in json.loads(run.err)["misses"]] == ["iam ListUsers"]


DELETE_ROLE = calls("iam.delete_role(RoleName='BuildRole')")


@pytest.fixture
def local(machine: Machine, aws: StandIn) -> dict[str, str]:
    """The environment of a user whose profile `local` leads to a stand-in, where AWS can't be reached."""
    folder = machine.home / ".aws"
    folder.mkdir()
    section = f"[services standin]\niam =\n  endpoint_url = {aws.url}\n"
    (folder / "config").write_text(f"[profile local]\nregion = us-east-1\nservices = standin\n{section}")
    (folder / "credentials").write_text("[local]\naws_access_key_id = test\naws_secret_access_key = test\n")
    return {"HTTPS_PROXY": "http://127.0.0.1:9"}


def test_a_profile_that_leads_to_a_stand_in_is_refused(
    machine: Machine, aws: StandIn, cassette: Path, local: dict[str, str]
) -> None:
    run = machine.awstape("record", cassette, "--", *DELETE_ROLE, **local, AWS_PROFILE="local")
    error, tip = run.err.splitlines()
    assert run.status == 2
    assert error.startswith("ERROR endpoint_url of iam in [services standin] is set: ")
    assert f"--upstream iam={aws.url}" in tip
    assert not aws.calls
    told = f"--upstream=iam={aws.url}"
    machine.awstape("record", cassette, told, "--", *DELETE_ROLE, **local, AWS_PROFILE="local").ok()
    assert aws.calls == {"DeleteRole": 1}


def test_a_profile_that_the_program_chooses_leads_where_it_leads_without_awstape(
    machine: Machine, aws: StandIn, cassette: Path, local: dict[str, str]
) -> None:
    choosing = program(
        "import boto3; boto3.Session(profile_name='local').client('iam').delete_role(RoleName='BuildRole')"
    )
    run = machine.awstape("record", cassette, "--", *choosing, **local).ok()
    assert aws.calls == {"DeleteRole": 1}
    assert "nothing passed the proxy; a program with an endpoint URL of its own bypasses it" in run.err


def test_an_upstream_that_does_not_listen_is_named(machine: Machine, cassette: Path) -> None:
    """In the program's own error, at its first attempt, and in the summary."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    problem = f"the upstream {url} can't be reached: Connection refused"
    command = aws_cli("iam list-users", "iam delete-role --role-name Fake")
    run = machine.record(cassette, url, command=command, AWS_MAX_ATTEMPTS="1")
    told, summary = run.err.split("nothing was recorded")
    assert run.status != 0
    for operation in ("ListUsers", "DeleteRole"):
        assert f"(UpstreamUnreachable) when calling the {operation} operation" in told
    assert told.count(f": {problem}\n") == 2
    assert f"{problem}; 1 request not recorded" in told
    assert f"skipped: 1 × DeleteRole: {problem}" in summary
    assert "no call to record" not in run.err

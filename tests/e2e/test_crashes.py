"""Recordings in real processes that are killed or can't write: no response that a program received is lost."""

import json
import resource
import signal
from pathlib import Path

from e2e.harness import AWSTAPE, Machine, calls, to_upstream
from support.standin import StandIn

LIST_USERS = "iam.list_users()"
_MOST = resource.getrlimit(resource.RLIMIT_FSIZE)[1]


def test_a_killed_recording_is_recovered(machine: Machine, aws: StandIn, cassette: Path) -> None:
    command = calls(LIST_USERS, "iam.list_groups()", "import time; print('ready', flush=True); time.sleep(60)")
    with machine.process(*AWSTAPE, "record", cassette, *to_upstream(aws.url), "--", *command) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        second = machine.awstape("record", cassette, "--", "true")
        assert second.status == 2
        assert f"ERROR {cassette}: another recording into it is running, in process {process.pid}\n" in second.err
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not cassette.exists()
    assert machine.awstape("ls", cassette).err == (
        f"ERROR {cassette}.journal: a recording is running or was interrupted\nTIP awstape recover {cassette}\n"
    )
    run = machine.record(cassette, aws.url, command=calls("iam.list_roles()")).ok()
    assert run.err.startswith(f"recovered {cassette}: 2 pages of an interrupted recording\n")
    tracks = json.loads(machine.awstape("ls", cassette, "--json").ok().out)
    assert [track["operation"] for track in tracks] == ["ListGroups", "ListRoles", "ListUsers"]
    assert [path.name for path in cassette.parent.glob(f"*{cassette.name}*")] == [cassette.name]


def test_a_program_gets_errors_when_its_recording_can_not_be_written(
    machine: Machine, aws: StandIn, cassette: Path
) -> None:
    """A limit on the size of awstape's files simulates a full disk."""
    limit = f"import os, resource; resource.prlimit(os.getppid(), resource.RLIMIT_FSIZE, (4000, {_MOST}))"
    command = calls(limit, "for i in range(50): print(len(iam.list_users()['Users']), flush=True)", is_warm=False)
    run = machine.record(cassette, aws.url, command=command)
    *answered, refused = run.out.splitlines()
    assert 1 < len(answered) < 50
    assert refused == "400 CassetteStopped", "and no SDK asks again"
    assert f"ERROR {cassette}.journal: can't be written: File too large\n" in run.err
    assert run.status == 2
    assert "operation: ListUsers\n" in cassette.read_text("utf-8"), "the captured pages fit into the limit"

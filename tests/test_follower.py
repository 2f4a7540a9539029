"""The process that follows a recording: it makes the same cassette, and nothing is lost whatever becomes of it."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from awstape import follower, live_recorder, progress, recovery
from awstape.core.aws.model import Value
from awstape.core.recording.summary import RecordingSummary
from awstape.core.redaction.aliases import Key
from awstape.errors import UserError
from awstape.files import atomic_writes, cassette_files
from awstape.files.journal import Journal
from awstape.follower import Follower
from awstape.opening import RecordOptions, open_for_recording
from awstape.progress import Work
from awstape.tape import Tape
from support import exchanges
from support.exchanges import MODELS, Exchange, fail, request, respond
from support.work_notes import WorkNotes

KEY = Key(bytes.fromhex("5a" * 32))
ENVIRON = {"AWSTAPE_KEY": KEY.reveal().hex()}
PASSWORD = "zreal-horse-battery"


def get_role(name: str, description: str = "") -> Exchange:
    role: dict[str, Value] = {"RoleName": name, "Description": description}
    return request("GetRole", {"RoleName": name}), respond("GetRole", {"Role": role})


#: The last request is not recorded; a value in it is in a take.
TRAFFIC = (
    get_role("zrealone"),
    *exchanges.listing("ListGroups", {}, [{"Groups": []}, {"Groups": []}]),
    get_role("zrealtwo", f"it is {PASSWORD}!"),
    (request("ListUsers"), fail("ListUsers", 400, "ExpiredToken")),
    (request("CreateLoginProfile", {"UserName": "zrealbob", "Password": PASSWORD}), respond("CreateLoginProfile")),
)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(live_recorder, "_FOLLOWED_FROM", 0)
    return tmp_path / "team.yaml"


def begin(path: Path, *traffic: Exchange, is_followed: bool = True) -> Tape:
    opened = open_for_recording(path, "all", ENVIRON, RecordOptions(is_followed=is_followed))
    for asked, response in traffic:
        opened.record(asked, response)
    return opened


def follower_of(tape: Tape) -> Follower:
    assert tape.live_recorder
    found = tape.live_recorder._follower
    assert found
    return found


def expected(path: Path) -> tuple[RecordingSummary, bytes]:
    """The summary and the cassette of a recording that nothing follows."""
    other = path.with_name("other.yaml")
    summary = begin(other, *TRAFFIC, is_followed=False).close()
    assert summary
    return summary, other.read_bytes()


def check(path: Path, summary: RecordingSummary | None) -> None:
    """Checks that a recording is as it would be without a follower, and left nothing else."""
    wanted, text = expected(path)
    assert summary
    assert follower._write_summary(summary) == follower._write_summary(wanted)
    assert path.read_bytes() == text
    assert PASSWORD.encode() not in text
    assert sorted(each.name for each in path.parent.glob(f"{path.name}*")) == ["team.yaml"]


def test_it_writes_the_same_cassette_and_reports_the_same(path: Path) -> None:
    with pytest.MonkeyPatch.context() as only_followed:
        only_followed.setattr(live_recorder, "record_journal", None)  # what reads the journal without a follower
        summary = begin(path, *TRAFFIC).close()
    check(path, summary)


def wait_until_read(tape: Tape) -> None:
    """Waits until the follower has read the file of the journal, if not yet each exchange, as its open files tell."""
    assert tape.live_recorder and tape.live_recorder.journal
    journal, process = tape.live_recorder.journal.path, Path(f"/proc/{follower_of(tape)._process.pid}")
    position = 0
    while position < journal.stat().st_size:
        time.sleep(0.01)
        for file in (process / "fd").iterdir():
            with suppress(OSError):  # closed meanwhile
                if file.samefile(journal):
                    position = int((process / "fdinfo" / file.name).read_text().split()[1])


@pytest.mark.skipif(not Path("/proc/self/fdinfo").is_dir(), reason="the system does not tell what a process has read")
def test_it_reads_before_the_end(path: Path) -> None:
    tape = begin(path, *TRAFFIC)
    wait_until_read(tape)
    notes = WorkNotes()
    with progress.watched_by(notes):
        summary = tape.close()
    check(path, summary)
    reading, finishing = notes.works
    assert reading.doing == "reading the recording"
    assert reading.total is not None and reading.total < 5, "some were read while the recording ran"
    assert finishing.doing == "finishing 5 exchanges"


def test_progress_tells_reading_from_finishing(path: Path) -> None:
    """The follower can't write the cassette before the recording says that it finishes."""
    with ExitStack() as holding:

        class Release(WorkNotes):
            def begin(self, work: Work) -> None:
                super().begin(work)
                if work.doing == "finishing 5 exchanges":
                    holding.close()

        tape = begin(path, *TRAFFIC)
        holding.enter_context(atomic_writes.lock_folders_of(path))
        with progress.watched_by(Release()):
            summary = tape.close()
    check(path, summary)


@pytest.mark.parametrize("wait", [0, 0.5, 3])
def test_a_follower_that_is_killed_is_not_missed(path: Path, wait: float) -> None:
    tape = begin(path, *TRAFFIC)
    time.sleep(wait)
    follower_of(tape)._process.kill()
    check(path, tape.close())


def test_a_follower_that_is_killed_while_it_writes_is_not_missed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tape = begin(path, *TRAFFIC)
    dots = Follower._dots

    def kill_at_first(following: Follower) -> Iterator[bytes]:
        for dot in dots(following):
            following._process.kill()
            yield dot

    monkeypatch.setattr(Follower, "_dots", kill_at_first)
    check(path, tape.close())


@pytest.mark.parametrize("program", ["/nonexistent/python", "/bin/false", ""])
def test_a_follower_that_cannot_start_is_not_missed(path: Path, program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", program)
    check(path, begin(path, *TRAFFIC).close())


def test_a_short_recording_has_no_follower(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    tape = begin(path, *TRAFFIC)
    assert tape.live_recorder and tape.live_recorder._follower is None
    check(path, tape.close())


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_key_is_in_no_argument_and_no_variable(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWSTAPE_KEY", ENVIRON["AWSTAPE_KEY"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "zsecret0000")
    tape = begin(path, *TRAFFIC)
    process = Path("/proc", str(follower_of(tape)._process.pid))
    while b"awstape.follower" not in (process / "cmdline").read_bytes():  # not before the process runs Python
        time.sleep(0.01)
    shown = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    tape.close()
    assert not [secret for secret in (KEY.reveal().hex().encode(), b"zsecret0000") if secret in shown]


@pytest.mark.parametrize("ending", [b"", b'{"written": 6, "wai'])
def test_it_ends_without_a_trace_when_the_recording_has_vanished(path: Path, ending: bytes) -> None:
    tape = begin(path, *TRAFFIC)
    process = follower_of(tape)._process
    assert process.stdin
    time.sleep(1)
    process.stdin.write(ending)
    process.stdin.close()
    process.wait(timeout=60)
    assert not path.exists()
    assert tape.live_recorder
    tape.live_recorder._end()
    recovery.recover(path, ENVIRON)
    assert {take.track.operation for take in cassette_files.load(path, MODELS).takes} == {"GetRole", "ListGroups"}


def test_a_cassette_that_cannot_be_read_any_more_loses_nothing(path: Path) -> None:
    tape = begin(path, *TRAFFIC)
    path.write_text("somebody is editing this")
    with pytest.raises(UserError) as caught:
        tape.close()
    assert caught.value.tip.endswith(f"; the recording is kept in {path}.journal")
    path.unlink()
    again = begin(path)
    assert again.recovered == (f"recovered {path}: 4 pages of an interrupted recording",)
    again.close()


def test_a_journal_that_is_kept_ends_its_follower(path: Path) -> None:
    tape = begin(path, *TRAFFIC)
    process = follower_of(tape)._process
    assert tape.keep_journal()
    assert process.returncode == -signal.SIGKILL
    assert not path.exists()


def test_a_line_that_is_being_written_is_not_read(path: Path) -> None:
    journal = Journal.create(path, KEY)
    journal.append(b"one")
    following = follower.FollowedJournal.open(journal.path, KEY)
    assert [following.read(), following.read()] == [b"one", None]
    line = journal._cipher.encrypt(b"two")
    for part in (line[:5], line[5:-1]):
        os.write(journal._file, part)
        assert following.read() is None
    os.write(journal._file, line[-1:])
    assert following.read() == b"two"
    os.write(journal._file, b"changed\n")
    with pytest.raises(UserError, match="was changed while recording"):
        following.read()
    following.close()
    journal.close(remove=True)


@pytest.mark.parametrize("output", [b"", b"{}", b"[]", b'{"tracks": 1', json.dumps({"set_aside": ["x"]}).encode()])
def test_another_output_is_no_summary(output: bytes) -> None:
    with pytest.raises((ValueError, LookupError, TypeError)):
        follower._read_summary(output)


@pytest.mark.usefixtures("values_stand")
def test_a_summary_tells_what_was_set_aside() -> None:
    recording = exchanges.record(*TRAFFIC)
    assert recording.set_aside
    assert follower._read_summary(follower._write_summary(recording.summary)) == recording.summary

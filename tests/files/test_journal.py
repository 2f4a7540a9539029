"""The journal beside a cassette: locked, encrypted, recovered, removed."""

from __future__ import annotations

import base64
import errno
import gc
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from awstape import opening, recovery
from awstape.cli.main import main
from awstape.core.aws.wire import Request, Response
from awstape.core.recording.capture import Capture
from awstape.core.recording.recorder import Recorder
from awstape.core.redaction.aliases import Key
from awstape.errors import UserError
from awstape.files import cassette_files, journal
from awstape.files.journal import Journal, interrupted_recordings
from awstape.tape import Tape
from support import strategies
from support.exchanges import MODELS, Exchange, listing, request, respond
from support.failing import failure
from support.failing_disk import Disk
from support.paths import TESTS

KEY = Key(bytes.fromhex("5a" * 32))
ENVIRON = {"AWSTAPE_KEY": KEY.reveal().hex()}
GROUPS = listing("ListGroups", {}, [{"Groups": []}, {"Groups": []}, {"Groups": []}])
USERS: list[Exchange] = [(request("ListUsers"), respond("ListUsers", {"Users": []}))]


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AWSTAPE_KEY", KEY.reveal().hex())
    return tmp_path / "team.yaml"


def begin(path: Path, *pairs: Exchange, is_shared: bool = False) -> Tape:
    opened = opening.open_for_recording(path, "all", ENVIRON, opening.RecordOptions(is_shared=is_shared))
    for asked, response in pairs:
        opened.record(asked, response)
    return opened


def break_off(path: Path, *pairs: Exchange) -> Path:
    """Interrupts a recording; returns the path of its journal."""
    opened = begin(path, *pairs)
    assert opened.live_recorder and opened.live_recorder.journal
    left = opened.live_recorder.journal
    left.close(remove=False)
    return left.path


def recorded(path: Path) -> list[str]:
    return [f"{take.track.operation} {len(take.pages)}" for take in cassette_files.load(path, MODELS).takes]


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


# --- while recording ---


def test_the_journal_exists_from_the_beginning_to_the_end(path: Path) -> None:
    opened = begin(path)
    file = path.with_name("team.yaml.journal")
    assert file.stat().st_mode & 0o777 == 0o600
    sizes = [file.stat().st_size]
    for asked, response in GROUPS:
        opened.record(asked, response)
        sizes.append(file.stat().st_size)
    assert sizes == sorted(set(sizes)), "each exchange is there when `record` returns"
    opened.close()
    assert names(path.parent) == ["team.yaml"]
    assert recorded(path) == ["ListGroups 3"]


def test_an_empty_recording_leaves_nothing(tmp_path: Path) -> None:
    begin(tmp_path / "new" / "folders" / "team.yaml").close()
    assert names(tmp_path) == []


@pytest.mark.parametrize("call", ["made", "written", "synced", "kept in its folder"])
def test_a_journal_that_can_not_be_created_leaves_nothing(call: str, path: Path) -> None:
    at = ("", "made", "written", "synced", "kept in its folder").index(call)
    with Disk(path.parent, at, errno.ENOSPC).mounted(), pytest.raises(UserError, match="can't be written: No space"):
        begin(path)
    assert names(path.parent) == []
    begin(path, *GROUPS).close()  # nobody has it
    assert recorded(path) == ["ListGroups 3"]


@pytest.mark.parametrize("whole", [True, False])
def test_a_folder_that_vanishes_stops_a_recording_and_what_was_captured_is_written(path: Path, whole: bool) -> None:
    folder = path.parent / "gone"
    opened = begin(folder / "team.yaml", *GROUPS[:2])
    shutil.rmtree(folder)
    if not whole:
        folder.mkdir()
    opened.record(*GROUPS[2])
    with pytest.raises(UserError, match="was removed while recording"):
        opened.sync()
    with pytest.raises(UserError, match="was removed while recording"):
        opened.answer(USERS[0][0])
    opened.close()
    assert recorded(folder / "team.yaml") == ["ListGroups 3"]


def test_a_cassette_that_can_not_be_read_any_more_loses_nothing(path: Path) -> None:
    opened = begin(path, *GROUPS)
    path.write_text("somebody is editing this")
    with pytest.raises(UserError) as caught:
        opened.close()
    assert caught.value.tip.endswith(f"; the recording is kept in {path}.journal")
    path.unlink()
    assert begin(path).recovered == (f"recovered {path}: 3 pages of an interrupted recording",)
    assert recorded(path) == ["ListGroups 3"]


@pytest.mark.parametrize("change", ["a byte", "cut", "empty"])
def test_a_journal_that_was_changed_while_recording_is_reported_and_kept(path: Path, change: str) -> None:
    opened = begin(path, *GROUPS)
    file = path.with_name("team.yaml.journal")
    data = file.read_bytes()
    first = data.index(b"\n") + 5
    file.write_bytes({"a byte": data[:first] + b"!" + data[first + 1 :], "cut": data[:-9], "empty": b""}[change])
    with pytest.raises(UserError, match=r"was changed while recording|not a journal") as caught:
        opened.close()
    assert caught.value.tip.endswith(f"; the recording is kept in {file}")
    assert not path.exists()
    assert file.exists()


def test_a_recording_keeps_no_exchange_in_memory(path: Path) -> None:
    kept = []
    with begin_many(path) as feed:
        for count in (5, 50):
            feed(count)
            gc.collect()
            kept.append(sum(issubclass(type(each), WIRE) for each in gc.get_objects()))
    assert kept[0] == kept[1]
    assert len(cassette_files.load(path, MODELS).takes) == 55


WIRE = (Request, Response, Recorder, Capture)


@contextmanager
def begin_many(path: Path) -> Iterator[Callable[[int], None]]:
    """A recording; yields a function that records a number of users that were not recorded yet."""
    opened = begin(path)
    numbers = itertools.count()

    def feed(count: int) -> None:
        for number in itertools.islice(numbers, count):
            name = f"zreal{number}"
            opened.record(request("GetUser", {"UserName": name}), respond("GetUser", {"User": {"UserName": name}}))

    yield feed
    opened.close()


# --- locked ---


def test_a_second_recording_is_refused(path: Path) -> None:
    first = begin(path, *GROUPS)
    for place in (path, path.with_name("link.yaml")):
        if place != path:
            place.symlink_to(path)
        with pytest.raises(UserError) as caught:
            begin(place)
        assert caught.value.problem == f"{place}: another recording into it is running, in process {os.getpid()}"
        assert caught.value.tip
    first.close()
    begin(path, *USERS).close()
    assert recorded(path) == ["ListGroups 3", "ListUsers 1"]


def test_a_second_process_gets_an_error_and_a_tip(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    first = begin(path, *GROUPS)
    problem, tip = failure(capfd, "record", path, "--", "true")
    assert problem.endswith(f"another recording into it is running, in process {os.getpid()}")
    assert tip == "end that recording, or name another cassette"
    first.close()


def test_workers_share_a_cassette(path: Path) -> None:
    workers = [begin(path, each, is_shared=True) for each in (GROUPS[0], *USERS)]
    assert names(path.parent) == ["team.yaml.2.journal", "team.yaml.journal"]
    for worker in workers:
        worker.close()
    assert names(path.parent) == ["team.yaml"]
    assert recorded(path) == ["ListGroups 1", "ListUsers 1"]


def test_a_worker_that_records_nothing_locks_nothing(path: Path) -> None:
    worker = begin(path, is_shared=True)
    assert names(path.parent) == []
    worker.close()


def test_only_one_of_many_threads_creates_the_journal(path: Path) -> None:
    claimed: list[Journal] = []
    refused: list[UserError] = []
    start = threading.Barrier(8)

    def claim() -> None:
        start.wait()
        try:
            claimed.append(Journal.create(path, KEY))
        except UserError as error:
            refused.append(error)

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(claimed), len(refused)) == (1, 7)
    claimed[0].close(remove=True)


def test_without_cryptography_recording_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    with pytest.raises(UserError, match="needs the package cryptography") as caught:
        begin(path)
    assert caught.value.tip == "pip install 'awstape[record]'"


# --- sealed ---


def test_nothing_in_it_can_be_read_without_the_key(path: Path) -> None:
    file = break_off(path, *GROUPS, *USERS)
    head, *lines = file.read_bytes().splitlines()
    assert json.loads(head).keys() == {"awstape journal", "key", "pid", "services", "id"}
    said = b"".join(base64.b64decode(line, validate=True) for line in lines)
    assert len(lines) == 4
    assert not [word for word in (b"ListGroups", b"GetGroup", b"token") if word in said]


@pytest.mark.parametrize("environ", [{"AWSTAPE_KEY": "6b" * 32}, {"AWSTAPE_KEY": "a phrase, not a secret"}])
def test_another_key_opens_nothing_and_loses_nothing(path: Path, environ: dict[str, str]) -> None:
    file = break_off(path, *GROUPS)
    before = file.read_bytes()
    with pytest.raises(UserError, match="made with another key") as caught:
        opening.open_for_recording(path, "all", environ)
    assert caught.value.tip == "set AWSTAPE_KEY to its key, or remove the file"
    assert file.read_bytes() == before
    assert not path.exists()


def test_lines_of_another_journal_or_place_are_not_taken(path: Path) -> None:
    file = break_off(path, *GROUPS)
    mine = file.read_bytes().splitlines(keepends=True)
    file.unlink()
    other = break_off(path, *USERS).read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([mine[0], mine[1], other[1], mine[3], mine[2]]))
    for found in interrupted_recordings(path, KEY):
        assert len(list(found.contents())) == 2, "the third is where it was; behind it is none that can be opened"
        assert found.damaged == 1


# --- recovered ---


def test_the_next_recording_recovers_what_was_left(path: Path) -> None:
    break_off(path, *GROUPS)
    opened = begin(path, *USERS)
    assert opened.recovered == (f"recovered {path}: 3 pages of an interrupted recording",)
    assert recorded(path) == ["ListGroups 3"], "before it begins"
    opened.close()
    assert recorded(path) == ["ListGroups 3", "ListUsers 1"]
    assert names(path.parent) == ["team.yaml"]


def test_what_stands_in_the_cassette_stays(path: Path) -> None:
    begin(path, *USERS).close()
    break_off(path, *GROUPS)
    begin(path).close()
    assert recorded(path) == ["ListGroups 3", "ListUsers 1"]


@pytest.mark.parametrize("mode", opening.RECORD_MODES)
def test_every_mode_recovers(path: Path, mode: opening.RecordMode) -> None:
    break_off(path, *GROUPS)
    opened = opening.open_for_recording(path, mode, ENVIRON)
    assert opened.live_recorder, "what broke off was not recorded once"
    opened.record(*USERS[0])
    opened.close()
    assert recorded(path) == (["ListUsers 1"] if mode == "rewrite" else ["ListGroups 3", "ListUsers 1"])


def test_an_incomplete_last_line_is_dropped(path: Path) -> None:
    file = break_off(path, *GROUPS)
    whole = file.read_bytes()
    ends = [i + 1 for i, byte in enumerate(whole) if byte == 10]
    for length in sorted({*range(0, len(whole), 41), *ends, *(end - 1 for end in ends)}):
        for tail in (b"", b"\0" * 9):
            path.unlink(missing_ok=True)
            file.write_bytes(whole[:length] + tail)
            recovery.recover(path, ENVIRON)
            # The line feed may be what is missing.
            captured = max(sum(end <= length + (not tail) for end in ends) - 1, 0)
            assert (recorded(path) if path.exists() else []) == ([f"ListGroups {captured}"] if captured else [])
            assert not file.exists()


def test_a_damaged_journal_is_recovered_in_part_and_kept(path: Path) -> None:
    file = break_off(path, *USERS, *GROUPS[:1])
    head, first, second, _ = file.read_bytes().split(b"\n")
    file.write_bytes(b"\n".join([head, first[:-8] + b"AAAAAAA=", second, b""]))
    (line,) = begin(path).recovered
    assert line == (f"recovered {path}: 1 page of an interrupted recording; 1 page can't be read, in {file}.damaged")
    assert recorded(path) == ["ListGroups 1"]
    assert names(path.parent) == ["team.yaml", "team.yaml.journal", "team.yaml.journal.damaged"]


def test_only_the_last_line_can_have_been_cut_short(path: Path) -> None:
    file = break_off(path, *GROUPS)
    head, first, second, third, _ = file.read_bytes().split(b"\n")
    file.write_bytes(b"\n".join([head, first, second[:-9], third[:-9], b""]))
    file.with_name(f"{file.name}.damaged").write_text("an older one")
    (line,) = recovery.recover(path, ENVIRON).lines
    assert line.endswith(f"1 page of an interrupted recording; 1 page can't be read, in {file}.damaged2")
    assert file.with_name(f"{file.name}.damaged").read_text() == "an older one"
    assert recorded(path) == ["ListGroups 1"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("my diary\ntoday\n", "not a journal of awstape"),
        ("[]\nx\n", "not a journal of awstape"),
        ("[" * 100_000 + "\nx\n", "not a journal of awstape"),
        ('{"awstape journal": 1, "key": "x"}\nx\n', "the journal of another version of awstape"),
        ('{"awstape journal": 4, "key": "\\u001b[2J111122223333"}\nx\n', "made with another key"),
    ],
)
def test_a_file_that_is_not_a_journal_is_kept(path: Path, text: str, problem: str) -> None:
    file = path.with_name("team.yaml.journal")
    file.write_text(text)
    with pytest.raises(UserError, match=problem) as caught:
        begin(path)
    assert caught.value.tip
    assert "\x1b" not in caught.value.problem
    assert file.read_text() == text


@pytest.mark.parametrize("kind", ["folder", "link", "pipe"])
def test_another_kind_of_file_in_its_place_is_refused(path: Path, kind: str) -> None:
    file = path.with_name("team.yaml.journal")
    match kind:
        case "folder":
            file.mkdir()
        case "link":
            file.symlink_to(path.with_name("elsewhere"))
        case "pipe":
            os.mkfifo(file)
    with pytest.raises(UserError, match=r"team\.yaml\.journal"):
        begin(path)
    assert not path.with_name("elsewhere").exists()


def test_a_journal_that_is_being_recovered_is_left_alone(path: Path) -> None:
    break_off(path, *GROUPS)
    found = interrupted_recordings(path, KEY)
    assert len(list(next(found).contents())) == 3
    assert recovery.recover(path, ENVIRON).lines == ()
    found.close()
    assert len(recovery.recover(path, ENVIRON).lines) == 1


def test_a_journal_that_can_not_be_merged_is_kept_and_named(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = break_off(path, *GROUPS)
    theirs = opening.open_for_recording(path.with_name("other.yaml"), "all", {"AWSTAPE_KEY": "6b" * 32})
    theirs.record(*USERS[0])
    theirs.close()
    path.with_name("other.yaml").rename(path)
    problem, tip = failure(capfd, "recover", path)
    assert problem == f"{path}: not written: it was made again with another key in the meantime"
    assert tip.endswith(f"; to record without it, remove {file}")
    assert file.exists()


def test_recovery_creates_no_key(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("awstape.files.keys.key_file", lambda: tmp_path / "key")
    assert recovery.recover(path, {}).lines == ()
    file = break_off(path, *GROUPS)
    with pytest.raises(UserError, match="needs the key of the recording"):
        recovery.recover(path, {})
    assert names(tmp_path) == [file.name]


# --- told ---


def test_commands_report_interrupted_recordings(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = break_off(path, *GROUPS)
    assert failure(capfd, "ls", path) == (
        f"{file}: a recording is running or was interrupted",
        f"awstape recover {path}",
    )
    assert main(["recover", str(path), "--json"]) == 0
    said = f"recovered {path}: 3 pages of an interrupted recording"
    assert json.loads(capfd.readouterr().out) == {str(path): {"lines": [said], "set_aside": []}}
    assert main(["recover", str(path)]) == 0
    assert capfd.readouterr().out == f"nothing to recover for {path}\n"
    break_off(path, *USERS)
    assert main(["ls", str(path.parent)]) == 0
    assert (
        f"note: {file}: a recording is running or was interrupted; if interrupted, awstape recover {path}\n"
        in capfd.readouterr().err
    )
    failed = file.rename(file.with_name(f"{path.name}.failed-0a1b2c3d.journal"))
    assert main(["ls", str(path.parent)]) == 0
    takes_in = f"awstape recover {path} takes it in, or delete the file"
    assert f"note: {failed}: the recording of a test that failed; {takes_in}\n" in capfd.readouterr().err


def test_recovering_needs_a_cassette_for_each_journal(path: Path) -> None:
    """Journals of other cassettes in the folder are left alone."""
    break_off(path, *GROUPS)
    other = path.with_name("other.yaml")
    assert recovery.recover(other, ENVIRON).lines == ()
    assert journal.journals_of(other) == []
    assert journal.find_journals(path.parent) == [path.with_name("team.yaml.journal")]


@pytest.mark.parametrize("name", ["team.yaml", "2.yml", "a.2.yaml"])
def test_the_path_of_a_journal_gives_its_cassette(path: Path, name: str) -> None:
    cassette = path.with_name(name)
    claimed = [Journal.create(cassette, KEY, shared=True) for _ in range(2)]
    assert [journal.cassette_of(each.path) for each in claimed] == [cassette] * 2
    for each in claimed:
        each.close(remove=True)


# --- of a test that failed ---


def test_the_journal_of_a_failed_test_is_taken_in_by_recover_alone(path: Path) -> None:
    for pairs in (GROUPS, USERS):
        opened = begin(path, *pairs)
        kept = opened.keep_journal()
        assert kept and re.fullmatch(r"team\.yaml\.failed-[0-9a-f]{8}\.journal", kept.name)
        assert journal.cassette_of(kept) == path
    assert not path.exists()
    assert len(journal.journals_of(path)) == len(journal.find_journals(path.parent)) == 2
    again = begin(path, *USERS)
    assert again.recovered == ()
    again.close()
    assert len(journal.journals_of(path)) == 2
    assert len(recovery.recover(path, ENVIRON).lines) == 2
    assert journal.journals_of(path) == []


def test_a_failed_test_that_recorded_nothing_leaves_nothing(path: Path) -> None:
    for is_shared in (False, True):
        assert begin(path.parent / "new" / "team.yaml", is_shared=is_shared).keep_journal() is None
    assert names(path.parent) == []


# --- killed ---


@pytest.mark.slow
def test_recordings_that_are_killed_lose_nothing(tmp_path: Path) -> None:
    program = TESTS / "programs" / "killed.py"
    environ = {**os.environ, "PYTHONPATH": str(program.parent.parent)}
    times = 200 if strategies.SHARE == 1 else 80
    done = subprocess.run([sys.executable, program, f"{times}", tmp_path], capture_output=True, text=True, env=environ)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["killed"] > times / 2
    assert told["killed with something captured"] > times / 4
    assert (told["lost"], told["damaged"], told["left behind"]) == (0, 0, 0)

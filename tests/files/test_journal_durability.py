"""Disk failures and power cuts: every answered request is in the cassette or set aside, or recovered."""

from __future__ import annotations

import errno
import os
import random
import shutil
from contextlib import nullcontext
from pathlib import Path

import pytest

from awstape import merging, opening, recovery
from awstape.core.aws.model import Value
from awstape.core.recording.set_aside import write_set_aside
from awstape.core.redaction.aliases import Key
from awstape.errors import UserError
from awstape.files import keys
from support import exchanges, strategies
from support.exchanges import request, respond
from support.failing_disk import Disk, PowerCutError

ENVIRON = {"AWSTAPE_KEY": "5a" * 32}
PASSWORD = "zreal-horse-battery"
LOGIN = (request("CreateLoginProfile", {"UserName": "a", "Password": PASSWORD}), respond("CreateLoginProfile"))


def _leak(name: str) -> exchanges.Exchange:
    """An exchange that is set aside."""
    role: dict[str, Value] = {"RoleName": name, "Description": f"it is {PASSWORD}!"}
    return request("GetRole", {"RoleName": name}), respond("GetRole", {"Role": role})


OLD = [*exchanges.listing("ListUsers", {}, [{"Users": []}, {"Users": []}]), LOGIN, _leak("a"), _leak("old")]
NEW = [
    LOGIN,
    *exchanges.listing("ListGroups", {}, [{"Groups": []}, {"Groups": []}]),
    _leak("a"),
    (request("ListUsers"), respond("ListUsers", {"Users": [], "IsTruncated": False})),
]
State = tuple[str | None, tuple[str, ...]]
"""The text of a cassette, None if there is none, and what is set aside."""
NEW_NUMBERS = list(range(len(NEW)))
#: Under the fast profile, every third call of the disk fails.
STEP = 3 if strategies.SHARE == 10 else 1


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writes nothing to the real disk at once: `Disk` simulates the power cut, and knows what would be on the disk."""
    monkeypatch.setattr(os, "fsync", os.fstat)


@pytest.fixture(scope="module", params=["new", "old"])
def begun(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Begun:
    """A path to record to, with or without a cassette."""
    return Begun(request.param == "old", tmp_path_factory.mktemp(request.param))


class Begun:
    """The files before a recording, and the cassette after 0, 1, 2 … exchanges; None if there is no cassette."""

    def __init__(self, is_old: bool, folder: Path) -> None:
        self.old = folder / "old" if is_old else None
        if self.old:
            record(self.old / "team.yaml", [], OLD)
        self.after: list[State] = []
        for i in range(len(NEW) + 1):
            path = self.laid_out(folder / str(i))
            record(path, [], NEW[:i])
            self.after.append(state(path))

    def laid_out(self, folder: Path) -> Path:
        """The path of the cassette in a folder, with the files as they are before the recording."""
        folder.mkdir()
        path = folder / "deep" / "team.yaml"
        if self.old:
            shutil.copytree(self.old, path.parent)
        return path


def state(path: Path) -> State:
    aside = merging.load_set_aside(path, find_key())
    return path.read_text() if path.exists() else None, tuple(map(write_set_aside, aside))


def find_key() -> Key:
    key = keys.find_key(ENVIRON)
    assert key
    return key


def record(path: Path, answered: list[int], pairs: list[exchanges.Exchange]) -> None:
    """Records exchanges; adds to `answered` the number of each that the client would have a response to."""
    opened = opening.open_for_recording(path, "all", ENVIRON, opening.RecordOptions(include_writes=True))
    try:
        for i, (asked, response) in enumerate(pairs, 1):
            assert opened.answer(asked) is None
            opened.record(asked, response)
            opened.sync()
            answered.append(i)
    finally:
        opened.close()


def check(begun: Begun, path: Path, answered: list[int]) -> None:
    """Checks that the cassette can be read, and holds every answered exchange once the next recording has begun."""
    text, aside = state(path)
    assert text in [after for after, _ in begun.after], "the cassette is damaged"
    needed = next(needed for after, needed in begun.after if after == text)
    assert path.with_name("team.yaml.journal").exists() or set(needed) <= set(aside), "a hole has lost its take"
    record(path, [], [])
    # An exchange may be on the disk, and its answer not yet given.
    n = len(answered)
    found = state(path)
    assert found in begun.after[n : n + 2], f"of {n} exchanges some are lost"
    files = {path.name} if found[0] else set[str]()
    files |= {f"{path.name}.quarantine"} if found[1] else set()
    assert {each.name for each in path.parent.glob("*")} == files, "something was left behind"
    assert PASSWORD not in (found[0] or "")


def broken_off(begun: Begun, folder: Path) -> Path:
    """The path of a cassette, with a journal of all of NEW beside it."""
    path = begun.laid_out(folder)
    opened = opening.open_for_recording(path, "all", ENVIRON, opening.RecordOptions(include_writes=True))
    for asked, response in NEW:
        opened.record(asked, response)
    assert opened.live_recorder and opened.live_recorder.journal
    opened.live_recorder.journal.close(remove=False)
    return path


def calls_of(begun: Begun, folder: Path) -> int:
    """The number of calls of a recording that change the disk."""
    path = begun.laid_out(folder)
    with Disk(folder).mounted() as disk:
        record(path, [], NEW)
    return disk.calls


@pytest.mark.parametrize("seed", range(2 if strategies.SHARE == 1 else 1))
def test_the_power_goes_at_every_call(begun: Begun, seed: int, tmp_path: Path) -> None:
    calls = calls_of(begun, tmp_path / "count")
    assert calls > 4 * len(NEW)
    for at in range(1, calls + 5, STEP):  # in the end it goes when all is done
        folder, after = tmp_path / f"{at}", tmp_path / f"{at}-after"
        path, answered = begun.laid_out(folder), list[int]()
        with Disk(folder, at).mounted() as disk, pytest.raises(PowerCutError) if at <= calls else nullcontext():
            record(path, answered, NEW)
        after.mkdir()
        disk.after_power_cut(after, random.Random(f"{at} {seed}"))
        check(begun, after / path.relative_to(folder), answered)


@pytest.mark.parametrize(("error", "lasting"), [(errno.ENOSPC, True), (errno.EIO, False)])
def test_the_disk_fails_at_every_call(begun: Begun, error: int, lasting: bool, tmp_path: Path) -> None:
    calls = calls_of(begun, tmp_path / "count")
    told = set()
    for at in range(1, calls + 1, STEP):
        folder = tmp_path / f"{at}"
        path, answered = begun.laid_out(folder), list[int]()
        with Disk(folder, at, error, lasting).mounted():
            try:
                record(path, answered, NEW)
            except UserError as failed:
                told.add(failed.problem.rpartition(": ")[2])
            else:
                assert len(answered) == len(NEW), "it failed, and nobody was told"
        check(begun, path, answered)
    assert told == {os.strerror(error)}


@pytest.mark.parametrize("error", [None, errno.ENOSPC])
def test_the_disk_fails_while_what_was_left_is_recovered(begun: Begun, error: int | None, tmp_path: Path) -> None:
    at, is_over = 0, False
    while not is_over:
        at += STEP
        folder = after = tmp_path / f"{at}"
        path = broken_off(begun, folder)
        with Disk(folder, at, error).mounted() as disk:
            try:
                recovery.recover(path, ENVIRON)
                is_over = disk.calls < at
            except (UserError, PowerCutError):
                assert disk.calls >= at
        if error is None:
            after = tmp_path / f"{at}-after"
            after.mkdir()
            disk.after_power_cut(after, random.Random(at))
        check(begun, after / path.relative_to(folder), NEW_NUMBERS)
    assert at > 8

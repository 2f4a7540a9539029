"""Replay of a cassette whose pages are read when they are requested."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

import awstape
from awstape.core.aws.wire import Request
from awstape.errors import UserError
from awstape.files import cassette_files
from awstape.files.limited_reading import UnchangedFile
from awstape.opening import open_for_replay
from awstape.tape import Tape
from support.paths import ROOT

EXAMPLES = sorted((ROOT / "cassettes").glob("*.yaml"))
ROLES = ROOT / "cassettes" / "roles.yaml"
FORM = (("content-type", "application/x-www-form-urlencoded"),)


@pytest.fixture(autouse=True)
def all_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cassette_files, "LAZY_FROM", 1)


def opened(path: Path, **environ: str) -> Tape:
    return open_for_replay([path], environ | {"AWSTAPE_KEY": "01" * 32})


def ask(tape: Tape, form: str) -> bytes:
    reply = tape.answer(Request("POST", "iam.amazonaws.com", "/", "", FORM, f"Version=2010-05-08&{form}".encode()))
    assert reply
    assert reply.response
    return reply.response.body


def unread(tape: Tape) -> int:
    return sum("pages" not in vars(take) for take in tape.cassette.takes)


def test_only_what_is_requested_is_read() -> None:
    tape = opened(ROLES)
    assert unread(tape) == 3
    body = ask(tape, "Action=ListRoles")
    assert unread(tape) == 2
    assert ask(opened(ROLES, CI="true"), "Action=ListRoles") == body


def test_ci_reads_all_and_finds_each_error(tmp_path: Path) -> None:
    path = tmp_path / "roles.yaml"
    path.write_text(ROLES.read_text("utf-8").replace("IsTruncated: true", "IsTruncated: 1"), "utf-8")
    assert unread(opened(path))
    with pytest.raises(UserError, match="IsTruncated"):
        opened(path, CI="1")
    assert unread(opened(ROLES, CI="1")) == 0


def test_an_alias_of_a_track_is_known_without_reading_its_pages() -> None:
    tape = opened(ROLES)
    name = next(take.track.identity["RoleName"] for take in tape.cassette.takes if "RoleName" in take.track.identity)
    ask(tape, f"Action=GetRole&RoleName={name}")
    assert tape.player
    assert tape.player.misses == []
    assert unread(tape) == 2


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_whole_replay_is_the_same(path: Path) -> None:
    whole, lazy = opened(path, CI="1"), opened(path)
    assert whole.player
    assert lazy.player
    assert lazy.player.facts() == whole.player.facts()
    assert lazy.player.takes_not_replayed() == whole.player.takes_not_replayed()


def test_an_error_is_raised_by_the_call_that_meets_it(tmp_path: Path) -> None:
    path = tmp_path / "roles.yaml"
    path.write_text(ROLES.read_text("utf-8").replace("IsTruncated: true", "IsTruncated: 1"), "utf-8")
    with pytest.raises(UserError, match=r"roles.yaml:\d+: pages\[0\].output.IsTruncated"), awstape.replay(path):
        boto3.client("iam", region_name="us-east-1").list_roles()


def test_an_error_ends_a_replay_of_the_endpoint_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "roles.yaml"
    text = ROLES.read_text("utf-8").replace("IsTruncated: true", "IsTruncated: 1")
    path.write_text(text + "".join(f"# {'x' * 990}\n" for _ in range(4100)), "utf-8")
    program = (
        "import os, urllib.request, urllib.error\n"
        "url = os.environ['AWS_ENDPOINT_URL'] + '/?Action=ListRoles&Version=2010-05-08'\n"
        "try:\n    urllib.request.urlopen(url)\n"
        "except urllib.error.HTTPError as error:\n    print(error.code)\n"
    )
    command = [sys.executable, "-m", "awstape", "replay", str(path), "--", sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1:] == ["500"]
    assert "pages[0].output.IsTruncated" in done.stderr
    assert "ERROR" in done.stderr
    assert done.returncode == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
def test_processes_that_were_forked_read_one_file_at_once() -> None:
    """The workers of a replay have one position in the file, which none of them uses."""
    file = UnchangedFile(ROLES)
    expected = ROLES.read_bytes()
    offsets = [n * 37 % (len(expected) - 64) for n in range(20_000)]
    running, tell = os.pipe()
    if not (child := os.fork()):
        os.write(tell, b"!")
        while True:  # until it is killed
            file.read(0, 1)
    try:
        os.read(running, 1)
        assert [file.read(at, at + 64) for at in offsets] == [expected[at : at + 64] for at in offsets]
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(running)
        os.close(tell)

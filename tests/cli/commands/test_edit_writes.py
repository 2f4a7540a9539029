"""Cassettes with writes, edited from the command line: what was recorded after a write stays after it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from awstape import opening
from awstape.cli.main import main
from awstape.core.aws.model import Value
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.yaml.reader import read_cassette
from support.exchanges import MODELS, Exchange, fail, request, respond

COMPACT, INDENTED = '{"Version":"2012-10-17","Statement":[]}', '{\n  "Version": "2012-10-17",\n  "Statement": []\n}'
MISSING = fail("GetRole", 404, "NoSuchEntity", "no such role")
#: Makes the calls that its arguments name, one after the other; prints the statuses of the responses.
PROGRAM = """
import os, sys, urllib.error, urllib.parse, urllib.request
for text in sys.argv[1:]:
    operation, _, document = text.partition(" ")
    members = {"AssumeRolePolicyDocument": document} if document else {}
    form = {"Action": operation, "Version": "2010-05-08", "RoleName": "zreal-deployer", **members}
    try:
        with urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"], urllib.parse.urlencode(form).encode()) as reply:
            print(reply.status)
    except urllib.error.HTTPError as error:
        print("miss" if b"CassetteMiss" in error.read() else error.code)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The current folder, without settings."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("AWSTAPE_KEY", "01" * 32)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(name: str, document: str = "") -> Exchange:
    asked: dict[str, Value] = {"RoleName": "zreal-deployer"}
    if name == "DeleteRole":
        return request(name, asked), respond(name)
    more: dict[str, Value] = {"AssumeRolePolicyDocument": document} if document else {}
    return request(name, asked | more), respond(name, {"Role": asked})


def record(path: Path, *exchanges: Exchange) -> Path:
    opened = opening.open_for_recording(
        path, "all", {"AWSTAPE_KEY": "01" * 32}, opening.RecordOptions(is_shared=True, include_writes=True)
    )
    for exchange in exchanges:
        opened.record(*exchange)
    opened.close()
    return path


LOOK, DELETE = call("GetRole"), call("DeleteRole")
GONE = (LOOK[0], MISSING)
STORY = (LOOK, DELETE, GONE, call("CreateRole", COMPACT), LOOK)
CALLS = ("GetRole", "DeleteRole", "GetRole", f"CreateRole {COMPACT}", "GetRole")


@pytest.fixture
def story(folder: Path) -> Path:
    return record(Path("story.yaml"), *STORY)


def said(capfd: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    assert main([str(argument) for argument in arguments]) == 0
    output, errors = capfd.readouterr()
    assert errors == ""
    return output


def replayed(capfd: pytest.CaptureFixture[str], *cassettes: Path, calls: tuple[str, ...] = CALLS) -> str:
    """What a program gets, call by call."""
    main(["replay", *map(str, cassettes), "--", sys.executable, "-c", PROGRAM, *calls])
    return capfd.readouterr().out


def load(path: Path) -> Cassette:
    return read_cassette(path.read_text(), MODELS)


def test_the_parts_of_a_split_cassette_tell_the_story_together(story: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert replayed(capfd, story) == "200\n200\n404\n200\n200\n"
    writes = Path("writes.yaml")
    lines = said(capfd, "split", story, "*eleteRole", "CreateRole", "-o", writes).splitlines()
    assert [line for line in lines if "warning" not in line] == [
        "wrote writes.yaml",
        "changed story.yaml",
        "  waiting for writes in writes.yaml: 2 takes of GetRole; replay both files together",
    ]
    assert replayed(capfd, writes, story) == "200\n200\n404\n200\n200\n"
    assert replayed(capfd, story) == "200\nmiss\n200\nmiss\n200\n"
    whole = Path("whole.yaml")
    said(capfd, "merge", story, writes, "-o", whole)
    assert replayed(capfd, whole) == "200\n200\n404\n200\n200\n"


def test_each_part_names_the_files_that_it_waits_for(story: Path, capfd: pytest.CaptureFixture[str]) -> None:
    output = said(capfd, "split", story, "--by", "operation", "-o", "parts")
    notes = [line.strip() for line in output.splitlines() if "waiting" in line]
    assert notes == [
        f"waiting for writes in {Path('parts', f'{write}.yaml')}: 1 take of GetRole; replay both files together"
        for write in ("DeleteRole", "CreateRole")
    ]
    assert replayed(capfd, Path("parts")) == "200\n200\n404\n200\n200\n"


def test_a_part_whose_writes_are_not_replayed_has_misses_that_say_so(
    story: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    said(capfd, "split", story, "DeleteRole", "CreateRole", "-o", "writes.yaml")
    said(capfd, "rm", story, "GetRole take=1")
    assert main(["replay", str(story), "--", sys.executable, "-c", PROGRAM, "GetRole"]) == 1
    output, errors = capfd.readouterr()
    assert output == "miss\n"
    assert "iam GetRole was recorded only after a write that is in no cassette that is replayed" in errors
    assert "to record both anew: awstape record story.yaml --include-writes -- " in errors
    assert replayed(capfd, story, Path("writes.yaml"), calls=CALLS[1:]) == "200\n404\n200\n200\n"


def test_check_finds_a_write_that_is_in_another_file(story: Path, capfd: pytest.CaptureFixture[str]) -> None:
    said(capfd, "split", story, "DeleteRole", "-o", "writes.yaml")
    assert main(["check", "--strict", str(story)]) == 1
    assert "the write is not in this cassette" in capfd.readouterr().out


def test_a_removed_write_is_not_waited_for(story: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = story.read_text()
    expected = "  no longer waiting for DeleteRole: 1 take of GetRole\n"
    assert expected in said(capfd, "rm", story, "DeleteRole", "--dry-run")
    assert story.read_text() == before
    (note,) = json.loads(said(capfd, "rm", story, "DeleteRole", "--dry-run", "--json"))["notes"]
    assert note == expected.strip()
    assert said(capfd, "rm", story, "DeleteRole") == f"changed story.yaml\n{expected}"
    assert [bool(take.after) for take in load(story).takes if take.track.operation == "GetRole"] == [False, False, True]
    assert replayed(capfd, story, calls=("GetRole", "GetRole", "GetRole")) == "200\n404\n404\n"
    assert "waiting" not in said(capfd, "rm", story, "CreateRole", "GetRole take=3")
    assert main(["check", "--strict", str(story)]) == 0


def test_a_merge_joins_the_spellings_of_a_write(story: Path, capfd: pytest.CaptureFixture[str]) -> None:
    other = record(Path("other.yaml"), GONE, call("CreateRole", INDENTED), LOOK)
    said(capfd, "merge", story, other, "-o", "both.yaml", "--prefer", "first")
    assert len([*load(Path("both.yaml")).tracks()]) == 3
    calls = (*CALLS[:3], f"CreateRole {INDENTED}", "GetRole")
    assert replayed(capfd, Path("both.yaml"), calls=calls) == "200\n200\n404\n200\n200\n"

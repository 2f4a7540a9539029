"""The recording of a tape's traffic: what is in its journal, and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from awstape import live_recorder, recovery
from awstape.catalog.botocore_values import build_request
from awstape.core.aws.call import Answer
from awstape.core.aws.protocols.dispatch import write_response
from awstape.core.recording.exchange import Exchange, read_exchange
from awstape.core.recording.recorder import Recorder
from awstape.files import cassette_files, keys
from awstape.files.journal import FollowedJournal
from awstape.live_recorder import LiveRecorder
from awstape.opening import RecordOptions, open_for_recording
from awstape.report import recording_lines
from awstape.tape import Tape
from support.exchanges import MODELS, request, respond
from support.tips import Tip

ENVIRON = {"AWSTAPE_KEY": "a fake key of a recording"}
PASSWORD = "zreal-horse-battery"
USERS = request("ListUsers", invocation="one"), respond("ListUsers", {"Users": []})
LOGIN = request("CreateLoginProfile", {"UserName": "zrealbob", "Password": PASSWORD}), respond("CreateLoginProfile")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "team.yaml"


@pytest.fixture
def tape(path: Path) -> Iterator[Tape]:
    opened = open_for_recording(path, "all", ENVIRON)
    yield opened
    opened.close()


def recorder_of(tape: Tape) -> LiveRecorder:
    assert tape.live_recorder
    return tape.live_recorder


def journalled(tape: Tape) -> list[Exchange]:
    journal = recorder_of(tape).journal
    return [read_exchange(content) for content in journal.contents()] if journal else []


def test_a_request_that_is_not_recorded_waits_for_one_that_is(tape: Tape) -> None:
    tape.record(*LOGIN)
    assert journalled(tape) == []
    tape.record(*USERS)
    noticed, recorded = journalled(tape)
    assert (noticed.is_recorded, noticed.response, noticed.request.body) == (False, None, LOGIN[0].body)
    assert (recorded.is_recorded, recorded.response) == (True, USERS[1])
    assert tape.recorded_so_far == 1


def test_the_same_request_is_noticed_once(tape: Tape) -> None:
    for number in range(5):
        asked = replace(LOGIN[0], headers=(*LOGIN[0].headers, ("amz-sdk-invocation-id", f"{number}")))
        tape.record(asked, LOGIN[1])
    tape.record(*USERS)
    assert len(journalled(tape)) == 2


def test_large_requests_do_not_wait_in_memory(tape: Tape, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_recorder, "_MOST_WAITING", 10)
    tape.record(*LOGIN)
    assert [each.is_recorded for each in journalled(tape)] == [False]


def test_what_cannot_be_read_and_other_services_are_not_in_the_journal(tape: Tape) -> None:
    tape.record(replace(USERS[0], body=b"Action=NoSuchOperation&Version=2010-05-08"), USERS[1])
    tape.record(replace(USERS[0], host="sqs.eu-west-1.amazonaws.com"), USERS[1])
    assert journalled(tape) == []
    assert tape.recorded_so_far == 0


@pytest.mark.parametrize("is_last", [True, False])
def test_a_value_of_a_request_that_is_not_recorded_is_replaced_everywhere(path: Path, is_last: bool) -> None:
    tape = open_for_recording(path, "all", ENVIRON)
    role = {"Role": {"Description": f"it is {PASSWORD}!"}}
    told = request("GetRole", {"RoleName": "zreal"}), respond("GetRole", role)
    for asked, response in (told, LOGIN) if is_last else (LOGIN, told):
        tape.record(asked, response)
    tape.close()
    assert "operation: GetRole" in path.read_text()
    assert PASSWORD not in path.read_text()


def test_requests_that_the_cassette_answers_make_no_journal(path: Path) -> None:
    tape = open_for_recording(path, "all", ENVIRON)
    tape.record(*USERS)
    tape.close()
    again = open_for_recording(path, "new_episodes", ENVIRON, RecordOptions(is_shared=True))
    assert again.answer(USERS[0])
    assert recorder_of(again).journal is None
    again.close()
    assert [each.name for each in path.parent.iterdir()] == ["team.yaml"]


def test_the_journal_names_the_recorded_services(path: Path) -> None:
    tape = open_for_recording(path, "all", ENVIRON, RecordOptions(services=["sqs", "iam"]))
    journal, key = recorder_of(tape).journal, keys.find_key(ENVIRON)
    assert journal and key
    following = FollowedJournal.open(journal.path, key)
    assert following.services == ("sqs", "iam")
    following.close()
    tape.close()


def test_an_interrupted_recording_of_another_service_is_recovered(path: Path) -> None:
    sqs = MODELS.services["sqs"].operations["ListQueues"]
    asked = build_request(sqs, {}, "eu-west-1")
    tape = open_for_recording(path, "all", ENVIRON, RecordOptions(services=["sqs"]))
    tape.record(asked, write_response(sqs, Answer(output={"QueueUrls": []}), "id"))
    journal = recorder_of(tape).journal
    assert journal
    journal.close(remove=False)
    recovery.recover(path, ENVIRON)
    (take,) = cassette_files.load(path, MODELS).takes
    assert (take.track.service, take.track.operation) == ("sqs", "ListQueues")


def test_a_bug_at_one_exchange_loses_no_other_and_keeps_the_journal(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it is mended, the same journal makes the whole recording."""
    tape = open_for_recording(path, "all", ENVIRON)
    tape.record(*USERS)
    tape.record(request("ListRoles"), respond("ListRoles", {"Roles": []}))
    record = Recorder.feed_selected

    def fail_at_roles(recorder: Recorder, exchange: Exchange) -> None:
        assert b"ListRoles" not in exchange.request.body
        record(recorder, exchange)

    monkeypatch.setattr(Recorder, "feed_selected", fail_at_roles)
    summary = tape.close()
    assert summary and list(summary.bugs.values()) == [1]
    assert "AssertionError in test_live_recorder.py" in next(iter(summary.bugs))
    (line,) = (line for line in recording_lines(str(path), summary) if "a bug in awstape" in line)
    assert line.startswith("1 exchange not recorded: a bug in awstape") and summary.kept_in in line
    assert Tip("; kept in {}; once it is mended: awstape recover {}").take(line).startswith("awstape recover ")
    assert operations_in(path) == ["ListUsers"]

    again = recovery.recover(path, ENVIRON).lines
    assert "1 exchange not recorded" in again[1], "the bug is still there"
    assert "can't be read" not in again[0]
    assert Path(summary.kept_in).exists()
    monkeypatch.setattr(Recorder, "feed_selected", record)
    recovery.recover(path, ENVIRON)
    assert operations_in(path) == ["ListRoles", "ListUsers"]
    assert not Path(summary.kept_in).exists()


def operations_in(path: Path) -> list[str]:
    return [track.operation for track, _ in cassette_files.load(path, MODELS).tracks()]

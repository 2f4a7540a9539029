"""Summaries of recordings and replays, for people and for scripts."""

from __future__ import annotations

import json

from awstape.core.aws.model import Value
from awstape.core.recording.summary import RecordingSummary
from awstape.report import recording_facts, recording_lines, replay_facts, replay_lines
from support.exchanges import ACCOUNT, cassette, fail, player, record, request, respond
from support.misses import not_recorded

USER: dict[str, Value] = {"UserName": "alice-example", "Arn": f"arn:aws:iam::{ACCOUNT}:user/alice-example"}
POLICY = {"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/example"}
USERS = (
    request("ListUsers"),
    respond("ListUsers", {"IsTruncated": False, "Users": [USER, {"UserName": "bob-example"}]}),
)
FIRST = (request("ListPolicyVersions", POLICY), respond("ListPolicyVersions", {"Versions": [{}], "Marker": "marker"}))
MISSING = (request("GetRole", {"RoleName": "nobody"}), fail("GetRole", 404, "NoSuchEntity", "Not found."))
WRITE = (request("DeleteRole", {"RoleName": "carol-example"}), respond("DeleteRole"))


def test_a_recording_in_lines() -> None:
    lines = list(recording_lines("users.yaml", record(USERS, FIRST, MISSING, WRITE, WRITE)))
    assert lines[0] == "recorded users.yaml: 3 tracks, 3 pages, 3 items"
    assert lines[1].startswith("  redacted: ")
    assert "1 account id" in lines[1]
    assert lines[2:] == [
        "  skipped: 2 × DeleteRole: a write operation; --include-writes records it",
        "  note: ListPolicyVersions: a listing was not read to its end",
    ]
    assert not [line for line in lines if "example" in line or ACCOUNT in line]


def test_a_recording_as_values() -> None:
    facts = recording_facts("users.yaml", record(USERS, WRITE))
    assert json.loads(json.dumps(facts)) == facts
    assert {name: facts[name] for name in ("cassette", "tracks", "pages", "items", "notes")} == {
        "cassette": "users.yaml",
        "tracks": 1,
        "pages": 1,
        "items": 2,
        "notes": [],
    }
    assert facts["skipped"] == {"DeleteRole: a write operation; --include-writes records it": 1}


def test_an_empty_recording_reports_that_nothing_was_written() -> None:
    lines = list(recording_lines("users.yaml", record(WRITE)))
    assert lines[0] == "nothing was recorded, users.yaml was not written"
    silent = list(recording_lines("users.yaml", RecordingSummary()))
    assert silent[0] == lines[0]
    assert "endpoint URL" in silent[1]


def test_the_redacted_values_are_counted_by_their_kinds() -> None:
    recording = RecordingSummary(redacted={"account": 2, "role": 1})
    assert "  redacted: 2 account ids, 1 role name" in recording_lines("x.yaml", recording)


def test_notes_are_listed() -> None:
    recording = RecordingSummary(notes=("GetRole: a note",))
    assert list(recording_lines("x.yaml", recording))[-1] == "  note: GetRole: a note"
    assert recording_facts("x.yaml", recording)["notes"] == ["GetRole: a note"]


def test_a_replay_that_was_asked_nothing_says_so() -> None:
    replayed = player(cassette(USERS))
    first, second = replay_lines(replayed)
    assert first == "no request arrived: the program asked nothing of the cassette"
    assert "awstape replay --proxy" in second
    assert list(replay_lines(replayed, "proxy")) == [first]
    failed = list(replay_lines(replayed, failure=["it failed"]))
    assert failed == [first, "  it failed", "  or its SDK ignores AWS_ENDPOINT_URL: awstape replay --proxy"]
    replayed.answer(request("ListRoles"))
    assert not any(first in line for line in replay_lines(replayed)), "a miss was asked for as well"


def test_an_empty_recording_says_whether_anything_passed() -> None:
    nothing = RecordingSummary()
    _, bypassed = recording_lines("users.yaml", nothing)
    assert "nothing passed the proxy; a program with an endpoint URL of its own bypasses it" in bypassed
    _, passed = recording_lines("users.yaml", nothing, passed={"": 2})
    assert "what passed the proxy, 2 requests, was for other services and hosts" in passed


def test_a_recording_names_all_services_that_are_needed() -> None:
    """Whoever follows it loses no service: the option and the setting replace the default ones."""
    passed = {"": 2, "sqs": 1, "s3": 3}
    *_, options, setting = recording_lines("users.yaml", RecordingSummary(), passed=passed, services=("iam", "sts"))
    assert options == (
        "  not recorded: s3, sqs; to record these as well: --service iam --service sts --service s3 --service sqs"
    )
    named = '[tool.awstape] of pyproject.toml: services = ["iam", "sts", "s3", "sqs"]'
    assert setting == f"  or, for all recordings, in {named}"


def test_a_replay_without_findings_reports_nothing() -> None:
    replayed = player(cassette(USERS))
    replayed.answer(request("ListUsers"))
    assert list(replay_lines(replayed)) == []
    assert replay_facts(replayed) == {"requests": 1, "misses": [], "unstruck": [], "unplayed": [], "repeated": []}


def test_a_miss_is_reported_with_its_explanation() -> None:
    replayed = player(cassette(USERS))
    replayed.answer(request("ListUsers"))
    replayed.answer(request("ListUsers", {"PathPrefix": "/admins/"}))
    lines = list(replay_lines(replayed))
    assert lines[0] == f"miss: {not_recorded('iam ListUsers')}"
    assert "  nearest track: iam ListUsers {}" in lines
    assert any("PathPrefix: request has " in line and line.endswith(" / cassette has nothing") for line in lines)
    (facts,) = json.loads(json.dumps(replay_facts(replayed)))["misses"]
    assert facts["text"] == "\n".join(lines).removeprefix("miss: ")
    assert (facts["kind"], facts["operation"]) == ("identity", "iam ListUsers")
    assert facts["nearest"] == {
        "service": "iam",
        "operation": "ListUsers",
        "region": None,
        "account": None,
        "identity": {},
    }
    assert [difference["member"] for difference in facts["differences"]] == ["PathPrefix"]
    replayed.answer(request("ListUsers", {"PathPrefix": "/admins/"}))
    assert next(replay_lines(replayed)) == f"miss: {not_recorded('iam ListUsers')} (2 times)"


def test_a_take_that_was_not_replayed_is_listed() -> None:
    again = (request("ListUsers"), respond("ListUsers", {"IsTruncated": False, "Users": []}))
    replayed = player(cassette(USERS, again))
    replayed.answer(request("ListUsers"))
    assert list(replay_lines(replayed)) == []
    told = list(replay_lines(replayed, with_not_replayed=True))
    assert told == ["not replayed: iam ListUsers {}: 1 page of take 2"]
    assert replay_facts(replayed)["unplayed"] == [
        {
            "service": "iam",
            "operation": "ListUsers",
            "region": None,
            "account": None,
            "identity": {},
            "take": 2,
            "pages": 1,
        }
    ]


def test_a_miss_names_its_session() -> None:
    replayed = player(cassette(USERS))
    for session in ("", "a", "a"):
        replayed.answer(request("ListRoles"), session)
    assert next(replay_lines(replayed)) == f"miss: {not_recorded('iam ListRoles')} (3 times, session a)"
    replayed.answer(request("ListRoles"), "b")
    assert next(replay_lines(replayed)) == f"miss: {not_recorded('iam ListRoles')} (4 times, 2 sessions)"
    facts = replay_facts(replayed)["misses"]
    assert isinstance(facts, list)
    assert [miss.get("session") for miss in facts] == [None, "a", "a", "b"]


def test_an_unused_fault_is_listed() -> None:
    replayed = player(cassette(USERS), faults=["throttle ListUsers page=7", "throttle ListUsers"])
    replayed.answer(request("ListUsers"))
    replayed.answer(request("ListUsers"))
    replayed.reset()
    assert list(replay_lines(replayed)) == ["unused fault: throttle ListUsers page=7: no request matched it"]
    assert replay_facts(replayed)["unstruck"] == ["throttle ListUsers page=7"]

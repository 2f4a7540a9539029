"""Which write a read comes after: programs that work on different things at a time do not wait for each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from awstape.catalog.response_parser import parse_response
from awstape.core.aws.access_keys import access_key_of_account
from awstape.core.aws.wire import Request, Response
from awstape.core.replay.replies import ServedPage
from support import exchanges
from support.exchanges import fail, operation, player, recorder, request, respond

Step = tuple[str, dict[str, Any], dict[str, Any]]


def role(name: str, seconds: int) -> list[Step]:
    """The calls of a program that works on one role: operation, input and output."""
    members = {"Path": "/", "RoleName": name, "Arn": f"arn:aws:iam::111122223333:role/{name}"}
    named = {"RoleName": name}
    got: dict[str, Any] = {"Role": {**members, "MaxSessionDuration": 3600}}
    changed: dict[str, Any] = {"Role": {**members, "MaxSessionDuration": seconds}}
    return [
        ("GetRole", named, got),
        ("UpdateRole", {**named, "MaxSessionDuration": seconds}, {}),
        ("GetRole", named, changed),
        ("ListRolePolicies", named, {"PolicyNames": [], "IsTruncated": False}),
        ("PutRolePolicy", {**named, "PolicyName": "Deploy", "PolicyDocument": "{}"}, {}),
        ("ListRolePolicies", named, {"PolicyNames": ["Deploy"], "IsTruncated": False}),
    ]


def interleave(one: list[Step], other: list[Step], turns: str) -> Iterator[Step]:
    """The steps of two programs; turns: whose step is next."""
    rest = {"1": iter(one), "2": iter(other)}
    return (next(rest[turn]) for turn in turns)


def exchange(step: Step, caller: str | None = None) -> tuple[Request, Response]:
    name, input_, output = step
    return request(name, input_, caller=caller), respond(name, output)


@pytest.mark.parametrize("turns", ["111111222222", "222222111111", "121212121212", "112221222111", "211122111222"])
@pytest.mark.parametrize("recorded_turns", ["121212121212", "112211221122", "212112211221"])
def test_each_of_two_programs_gets_its_answers_whatever_the_other_does(recorded_turns: str, turns: str) -> None:
    one, other = role("DeployRole", 7200), role("AuditRole", 9000)
    steps = interleave(one, other, recorded_turns)
    playing = player(exchanges.cassette(*map(exchange, steps), include_writes=True))
    for name, input_, output in interleave(one, other, turns):
        served = playing.answer(request(name, input_))
        assert isinstance(served, ServedPage), served
        parsed = parse_response(operation(name), served.response)
        if name == "GetRole":
            assert parsed["Role"]["MaxSessionDuration"] == output["Role"]["MaxSessionDuration"]
        elif name == "ListRolePolicies":
            assert len(parsed["PolicyNames"]) == len(output["PolicyNames"])


def writes_before(*steps: Step, callers: str = "", reader: str = "ListRoles") -> list[str | None]:
    """The operation of the write that each take of a read comes after. callers: the account of each step."""
    keys = [access_key_of_account(digit * 12) for digit in callers] or [None] * len(steps)
    recorded = recorder(*map(exchange, steps, keys), include_writes=True).finish().cassette
    return [take.after and take.after.track.operation for take in recorded.takes if take.track.operation == reader]


def roles(*names: str) -> Step:
    return "ListRoles", {}, {"Roles": [{"RoleName": name, "Path": "/"} for name in names], "IsTruncated": False}


def test_the_last_write_counts_if_none_names_more_of_what_the_read_names() -> None:
    update = ("UpdateRole", {"RoleName": "x"}, {})
    assert writes_before(roles(), update, ("DeleteRole", {"RoleName": "x"}, {}), roles("x")) == [None, "DeleteRole"]


def test_a_write_of_the_same_service_and_account_comes_before_a_later_one_of_another() -> None:
    update, other = ("UpdateRole", {"RoleName": "x"}, {}), ("DeleteRole", {"RoleName": "x"}, {})
    analyzer = ("DeleteAnalyzer", {"analyzerName": "x"}, {})
    assert writes_before(roles(), update, analyzer, roles("x")) == [None, "UpdateRole"]
    assert writes_before(roles(), update, other, roles("x"), callers="1121") == [None, "UpdateRole"]
    assert writes_before(roles(), update, other, roles("x"), callers="1211") == [None, "DeleteRole"]


def test_a_name_in_an_arn_is_named() -> None:
    arn = "arn:aws:access-analyzer:eu-west-1:111122223333:analyzer/"

    def found(*ids: str) -> Step:
        findings = [{"id": each} for each in ids]
        return "ListFindingsV2", {"analyzerArn": f"{arn}external"}, {"findings": findings}

    writes: list[Step] = [
        ("UpdateAnalyzer", {"analyzerName": name}, {"configuration": {}}) for name in ("external", "unused")
    ]
    steps = (found(), *writes, found("a"))
    recorded = recorder(*map(exchange, steps), include_writes=True).finish().cassette
    (read,) = (take for take in recorded.takes if take.after)
    assert read.after
    name = str(read.after.track.identity["analyzerName"])
    assert str(read.track.identity["analyzerArn"]).endswith(name.rpartition("-")[2])


def test_a_write_before_the_earlier_request_is_none_that_changed_the_answer() -> None:
    update, delete = ("UpdateRole", {"RoleName": "x"}, {}), ("DeleteRole", {"RoleName": "y"}, {})
    found: Step = "GetRole", {"RoleName": "x"}, {"Role": {"RoleName": "x", "Path": "/"}}
    steps = [exchange(step) for step in (update, found, delete)]
    gone = request("GetRole", {"RoleName": "x"}), fail("GetRole", 404, "NoSuchEntity")
    recorded = recorder(*steps, gone, include_writes=True).finish().cassette
    assert [take.after.track.operation for take in recorded.takes if take.after] == ["DeleteRole"]


def test_a_write_that_failed_after_one_that_did_not_changed_nothing() -> None:
    """A teardown deletes the role twice: a program that deletes it once sees that it is gone."""
    named = {"RoleName": "x"}
    there = exchange(("GetRole", named, {"Role": {"RoleName": "x", "Path": "/"}}))
    deleted = exchange(("DeleteRole", named, {}))
    gone, again = ((request(name, named), fail(name, 404, "NoSuchEntity")) for name in ("GetRole", "DeleteRole"))
    recorded = exchanges.cassette(there, deleted, again, gone, include_writes=True)
    playing = player(recorded)
    replies = [playing.answer(asked) for asked, _ in (there, deleted, gone)]
    assert [reply.response.status for reply in replies if isinstance(reply, ServedPage)] == [200, 200, 404]


def test_a_write_that_failed_counts_where_no_other_is_in_question() -> None:
    """The first answer to DeleteRole was lost, and its retry failed."""
    named = {"RoleName": "x"}
    steps = [
        exchange(("GetRole", named, {"Role": {"RoleName": "x", "Path": "/"}})),
        exchange(("UpdateRole", {"RoleName": "y"}, {})),
        *((request(name, named), fail(name, 404, "NoSuchEntity")) for name in ("DeleteRole", "GetRole")),
    ]
    recorded = recorder(*steps, include_writes=True).finish().cassette
    assert [take.after.track.operation for take in recorded.takes if take.after] == ["DeleteRole"]


def test_a_write_of_unknown_outcome_has_not_failed() -> None:
    """DeleteRole had no answer; the role, which was updated before, is gone."""
    named = {"RoleName": "x"}
    there = ("GetRole", named, {"Role": {"RoleName": "x", "Path": "/"}})
    writing = recorder(*map(exchange, (there, ("UpdateRole", named, {}))), include_writes=True)
    writing.feed(request("DeleteRole", named), None)
    writing.feed(request("GetRole", named), fail("GetRole", 404, "NoSuchEntity"))
    takes = writing.finish().cassette.takes
    assert [take.after.track.operation for take in takes if take.after] == ["DeleteRole"]

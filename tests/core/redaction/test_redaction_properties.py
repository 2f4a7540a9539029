"""What holds for whole recordings: one string has one alias, redacting again changes nothing, live equals recorded.

Each operation is tried with texts at every position of its input and its output.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import count
from typing import Any

import pytest

from awstape.core.aws.model import Operation, Shape, Value
from awstape.core.cassette.cassette import Cassette
from awstape.core.redaction.members.member_kinds import PATH_SHAPES, SHAPE_REDACTIONS
from awstape.core.redaction.redactor import Redactor
from awstape.core.replay.replies import ServedPage
from support.exchanges import ACCOUNT, KEY, MODELS, OTHER_KEY, cassette, player, request, respond

OPERATIONS = [op for service in MODELS.recognised for op in service.operations.values()]
#: Names, names made of names, identifiers, and texts with some of these. The first ones recur most.
WORDS = (
    "zpayroll",
    "zpayroll-api",
    "zpayroll_api.blue",
    "Zpayroll",
    ACCOUNT,
    f"arn:aws:iam::{ACCOUNT}:role/zteam/zpayroll-api",
    "arn:aws:s3:::zbucket/zpayroll/*",
    "AROAEXAMPLEID1234567",
    "vpc-0a1b2c3d4e5f67890",
    "zana@corp.zreal.net",
    f"see zpayroll-api of zpayroll in {ACCOUNT}, 81.2.69.160 and db1.zreal.internal",
    '{"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::zbucket/zpayroll",'
    ' "Condition": {"StringEquals": {"sts:ExternalId": "zpayroll", "aws:PrincipalTag/team": "zpayroll-api"}}}]}',
)
#: Those that are one value wherever they are.
VALUES = tuple(word for word in WORDS if not set(word) & {" ", ":"})
#: Levels of structures and lists below a member.
_DEPTH = 4
#: Characters that the alias of any name fits into.
_LEAST_ROOM = 64


@cache
def members(op: Operation, first: int) -> tuple[dict[str, Value], dict[str, Value]]:
    """The input and the output of an operation with words in turn at all positions. first: index of the first word."""
    numbers = count(first)
    paging = op.paging
    left_out = {paging.token, paging.limit, paging.output_token, paging.more} if paging else set()
    return _members(op.input, numbers, left_out), _members(op.output, numbers, left_out)


def _members(shape: Shape | None, numbers: Iterator[int], left_out: set[str | None]) -> dict[str, Value]:
    members = shape.members.items() if shape else ()
    return {n: value for n, m in members if n not in left_out and (value := _value(m.shape, numbers, 0)) is not None}


def _value(shape: Shape, numbers: Iterator[int], depth: int) -> Value:
    """A value of the shape; None for one that can be left out."""
    if depth > _DEPTH:
        return None
    match shape.type:
        case "structure":
            found = {n: v for n, m in shape.members.items() if (v := _value(m.shape, numbers, depth + 1)) is not None}
            return dict(list(found.items())[:1]) if shape.union else found or None
        case "list":
            assert shape.member
            items = [_value(shape.member.shape, numbers, depth + 1) for _ in range(2)]
            return [item for item in items if item is not None] or None
        case "map":
            assert shape.key and shape.value
            value = _value(shape.value.shape, numbers, depth + 1)
            return None if value is None else {_word(numbers): value}
        case "string":
            return _text(shape, numbers)
    return None


def _text(shape: Shape, numbers: Iterator[int]) -> Value:
    """A text that may be in the shape: ids, links and documents of a grammar of their own are left out."""
    if shape.enum:
        return shape.enum[0]
    # A password or a session token that is also a name would be known as a secret everywhere.
    if shape.sensitive or shape.name == "tokenType":
        return f"zsecret-{next(numbers)}"
    if shape.max is not None and shape.max < _LEAST_ROOM:  # there, a long alias becomes a short one
        return None
    if shape.name in PATH_SHAPES:
        return f"/{WORDS[next(numbers) % 4]}/"
    return None if shape.name in SHAPE_REDACTIONS else _word(numbers)


def _word(numbers: Iterator[int]) -> str:
    return WORDS[next(numbers) % len(WORDS)]


@cache
def recorded(first: int) -> Cassette:
    """A recording of all operations, in which every word is everywhere. first: the index of the first word."""
    calls = [(op.name, *members(op, first + number)) for number, op in enumerate(OPERATIONS)]
    exchanges = [(request(name, asked), respond(name, answered)) for name, asked, answered in calls]
    made = cassette(*exchanges, include_writes=True)
    assert len(made.takes) == len(OPERATIONS)
    assert not any(page.hole for take in made.takes for page in take.pages)
    return made


def replaced(real: Value, redacted: Value) -> Iterator[tuple[str, str]]:
    """Yields the strings of a value that were replaced, and what replaced them."""
    if isinstance(real, str) and isinstance(redacted, str):
        yield real, redacted
    elif isinstance(real, dict) and isinstance(redacted, dict):
        for (key, value), (new_key, new_value) in zip(real.items(), redacted.items(), strict=True):
            yield key, new_key
            yield from replaced(value, new_value)
    elif isinstance(real, list) and isinstance(redacted, list):
        for item, new_item in zip(real, redacted, strict=True):
            yield from replaced(item, new_item)


FIRST = pytest.mark.parametrize("first", range(0, len(WORDS), 4))


@pytest.mark.slow
@FIRST
def test_one_string_has_one_alias_in_a_whole_recording_and_no_two_share_one(first: int) -> None:
    """Longer texts become what their parts become. What is public in one place stays there."""
    takes = {take.track.operation: take for take in recorded(first).takes}
    aliases: defaultdict[str, set[str]] = defaultdict(set)
    for number, op in enumerate(OPERATIONS):
        asked, answered = members(op, first + number)
        take, output = takes[op.name], takes[op.name].pages[0].answer.output
        for name, value in take.track.identity.items():
            for real, alias in replaced(asked[name], value):
                aliases[real].add(alias)
        for real, alias in replaced(answered, output or {}):
            aliases[real].add(alias)
    aliases = defaultdict(set, {real: found for real, found in aliases.items() if real in VALUES})
    made = {real: {alias for alias in found if alias != real} for real, found in aliases.items()}
    assert {real: found for real, found in made.items() if len(found) > 1} == {}
    every = [alias for found in made.values() for alias in found]
    assert len(every) == len(set(every)) == len(VALUES)


@pytest.mark.slow
@FIRST
def test_redacting_a_recording_again_changes_nothing(first: int) -> None:
    for key in (KEY, OTHER_KEY):
        assert Redactor(key).redact_cassette(MODELS, recorded(first)) == recorded(first)


@pytest.mark.slow
@FIRST
def test_every_request_is_found_as_it_was_recorded_and_by_its_aliases(first: int) -> None:
    made = recorded(first)
    with_key, without = player(made), player(made, key=None)
    identities = {take.track.operation: take.track.identity for take in made.takes}
    for number, op in enumerate(OPERATIONS):
        asked, _ = members(op, first + number)
        by_alias = {**asked, **identities[op.name]}
        for playing, live in ((with_key, asked), (with_key, by_alias), (without, by_alias)):
            assert isinstance(playing.answer(request(op.name, live)), ServedPage), op.name


#: What other traffic shows to be private: a name with blanks, account ids within longer numbers, an address of
#: documentation that is a user's name, a password, a page token's kin; and a text of a request that has it.
LATE = {
    "Zeta Payroll 7": "for Zeta Payroll 7 only",
    "zeta payroll 8": "zeta payroll 8",
    "zpay-730199887766": "owner: zpay-730199887766, zpay",
    "zana@example.com": "ask zana@example.com or ops@example.com",
    "zcorrect horse battery": "it was zcorrect horse battery before",
    "zblue": "ZBLUE and zblue-api, zblue.",
    "73019988776": "call 073019988776, 73019988776 or 0730199887765",
}


def _late_exchanges(value: str, text: str) -> list[tuple[Any, Any]]:
    trust = (
        '{"Statement": [{"Effect": "Allow", "Principal": {"AWS": "073019988776"}, "Action": "sts:AssumeRole",'
        f' "Condition": {{"StringEquals": {{"sts:ExternalId": "{value}"}}}}}}]}}'
    )
    user = {"UserName": value, "Arn": f"arn:aws:iam::{ACCOUNT}:user/{value}"}
    secret = {"UserName": "zuser", "Password": value}
    return [
        (
            request("UpdateRoleDescription", {"RoleName": "zrole", "Description": text}),
            respond("UpdateRoleDescription", {}),
        ),
        (request("GetRole", {"RoleName": "zrole"}), respond("GetRole", {"Role": {"AssumeRolePolicyDocument": trust}})),
        *([(request("GetUser", {"UserName": value}), respond("GetUser", {"User": user}))] if " " not in value else []),
        *([(request("CreateLoginProfile", secret), respond("CreateLoginProfile", {}))] if "horse" in value else []),
    ]


@pytest.mark.parametrize("value", LATE)
def test_a_live_text_is_found_whatever_other_traffic_showed_to_be_private_in_it(value: str) -> None:
    text = LATE[value]
    made = cassette(*_late_exchanges(value, text), include_writes=True)
    [recorded_text] = [t.track.identity["Description"] for t in made.takes if "Description" in t.track.identity]
    assert value.lower() not in str(recorded_text).lower().replace("ops@example.com", "")
    other = text.replace(value, "anything")
    with_key, without = player(made), player(made, key=None)
    for playing, live, is_found in (
        (with_key, text, True),
        (with_key, recorded_text, True),
        (without, recorded_text, True),
        (with_key, other, other == text),
        (with_key, f"{text}!", False),
        (without, text, False),
    ):
        asked = request("UpdateRoleDescription", {"RoleName": "zrole", "Description": live})
        if playing is without:
            name = next(t.track.identity["RoleName"] for t in made.takes if "Description" in t.track.identity)
            asked = request("UpdateRoleDescription", {"RoleName": name, "Description": live})
        assert isinstance(playing.answer(asked), ServedPage) == is_found, live

"""Plants: members of an operation with public and private words in them, and the exchanges that carry them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import cycle, islice
from random import Random
from typing import Any

from awstape.core.aws.model import Shape
from support import exchanges
from support.exchanges import ACCOUNT, Exchange
from support.marked_text import plain, private, public
from support.positions import ITEM, KEY, VALUE, Path, Position, positions, required_members, value_at
from support.public_words import mixed

#: How documents are spelled, as keyword arguments of `json.dumps`.
_SPELLINGS: tuple[dict[str, Any], ...] = (
    {},
    {"indent": 2},
    {"separators": (",", ":")},
    {"indent": 4},
    {"indent": "\t"},
)
_DOCUMENT_SHAPE = re.compile(r"Policy$|[pP]olicyDocument(?:Type)?$")
_TRUST = re.compile(r"AssumeRole|trustPolicy")
WORDS_OF_A_PLANT = 40
#: How many words of a kind are planted once more in private places.
MOST_TWINS = 200


@dataclass(frozen=True)
class Plant:
    """Members of one side of an operation: the input, the output or an error. Private parts of their words are marked.

    known: the name of a role that another exchange of the same recording has. about: what the plant is, for reports.
    """

    kind: str
    operation: str
    side: str
    members: Any
    known: str = ""
    about: str = ""

    def exchanges(self) -> Iterator[Exchange]:
        """Yields the exchanges of a recording."""
        members, needed = plain(self.members), required_members(exchanges.operation(self.operation).input)
        if self.known:
            name = "GetRole" if self.operation == "ListRoles" else "ListRoles"
            role = {"RoleName": self.known, "Arn": f"arn:aws:iam::{ACCOUNT}:role/{self.known}", "Path": "/"}
            answer: dict[str, Any] = {"Role": role} if name == "GetRole" else {"Roles": [role]}
            yield exchanges.request(name), exchanges.respond(name, answer)
        match self.side:
            case "input":
                request = exchanges.request(self.operation, {**needed, **members})
                yield request, exchanges.respond(self.operation)
            case "output":
                yield exchanges.request(self.operation, needed), exchanges.respond(self.operation, members)
            case "error":
                code = "AccessDenied"
                response = exchanges.fail(self.operation, 403, code, members["message"])
                yield exchanges.request(self.operation, needed), response


# --- positions --------------------------------------------------------------------------------------------------


@cache
def members(pattern: str, side: str = "input output") -> tuple[Position, ...]:
    """Returns the positions of inputs and outputs that match a pattern, such as `GetRole output Role.Arn`."""
    search = re.compile(pattern).search
    found = [p for p in positions() if p.side in side.split() and "(extra)" not in p.path and search(str(p))]
    assert found, pattern
    return tuple(mixed(found))


@cache
def documents(trust: bool | None = None) -> tuple[Position, ...]:
    """Returns the positions of policy documents: those of trust policies, those of all other policies, or all."""
    found = [p for p in members("") if p.shape and _DOCUMENT_SHAPE.search(p.shape.name)]
    return tuple(p for p in found if trust is None or trust == bool(_TRUST.search(str(p))))


def put(kind: str, position: Position, value: Any, **facts: str) -> Plant:
    """Returns the plant with one value at a position."""
    return Plant(kind, position.operation.name, position.side, _at(position, position.path, value), **facts)


def _at(position: Position, path: Path, value: Any) -> Any:
    operation = position.operation
    return value_at(operation.input if position.side == "input" else operation.output, path, value, Random(0))


def put_in_turn(kind: str, words: Iterable[str], every: Sequence[Position]) -> Iterator[Plant]:
    """Yields plants of the words at the positions in turn: in lists many at once, elsewhere one by one."""
    waiting, turns = iter(words), cycle(every)
    while True:
        position = next(turns)
        size = WORDS_OF_A_PLANT if ITEM in position.path or position.path[-1] == KEY else 1
        taken = [word for word, _ in zip(waiting, range(size), strict=False)]
        if not taken:
            return
        yield _put_many(kind, position, taken)


def _put_many(kind: str, position: Position, words: list[str]) -> Plant:
    """Returns the plant with the words at a position, each in an item of its own of the first list on its path."""
    path = position.path
    if ITEM in path:
        first = path.index(ITEM)
        shape = _shape_at(position, path[: first + 1])
        return _plant_at(
            kind, position, path[:first], [value_at(shape, path[first + 1 :], w, Random(0)) for w in words]
        )
    if path[-1] == KEY:
        return _plant_at(kind, position, path[:-1], {public(word): "*" for word in words})
    return put(kind, position, words[0])


def _plant_at(kind: str, position: Position, path: Path, value: Any) -> Plant:
    return Plant(kind, position.operation.name, position.side, _at(position, path, value))


def _shape_at(position: Position, path: Path) -> Shape | None:
    shape = position.operation.input if position.side == "input" else position.operation.output
    for step in path:
        assert shape
        inner = shape.member if step == ITEM else shape.value if step == VALUE else shape.members[step]
        shape = inner.shape if inner else None
    return shape


# --- documents --------------------------------------------------------------------------------------------------


def policy(number: int, *statements: dict[str, Any]) -> str:
    """Returns a policy document in one of several spellings, by its number."""
    each = [{"Effect": ("Allow", "Deny")[number % 2], **statement} for statement in statements]
    whole = {"Version": "2012-10-17", "Statement": each if number % 3 else each[0] if len(each) == 1 else each}
    return json.dumps(whole, ensure_ascii=False, **_SPELLINGS[number % len(_SPELLINGS)])


def parts(words: Iterable[Any], size: int = WORDS_OF_A_PLANT) -> Iterator[list[Any]]:
    """Yields the words in lists of a size; the last one may be shorter."""
    waiting = iter(words)
    while part := [word for word, _ in zip(waiting, range(size), strict=False)]:
        yield part


def in_documents(
    kind: str, words: list[Any], statement: Callable[[int, list[Any]], dict[str, Any]], trust: bool | None = None
) -> Iterator[Plant]:
    """Yields documents of which each has a statement with some of the words."""
    positions = cycle(documents(trust))
    for number, part in enumerate(parts(words)):
        yield put(kind, next(positions), policy(number, statement(number, part)))


def interleaved(*every: Iterator[Plant]) -> Iterator[Plant]:
    """Yields a plant of each in turn, so that the first ones are of all."""
    waiting = list(every)
    while waiting:
        for plants in list(waiting):
            if plant := next(plants, None):
                yield plant
            else:
                waiting.remove(plants)


# --- private words ----------------------------------------------------------------------------------------------


def made_name(number: int | str) -> str:
    """Returns a customer's name, as no public word is."""
    letters = Random(f"name {number}").choices("abcdefghjkmnpqrstuvwxyz23456789", k=8)
    return f"Payroll-{''.join(letters)}"


def account(number: int | str) -> str:
    """Returns an account id that is no date, marked as private."""
    return private(str(Random(f"account {number}").randrange(4 * 10**11, 10**12)))


_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
#: Answers, which say nothing of a secret.
_NOT_PRIVATE = re.compile(r"(?i:true|false|yes|none|null|enabled|disabled|required)")
_LINKED = re.compile("AWSServiceRoleFor")
_SECRET_KEYS = cycle(("password", "db_password", "api_key", "client-secret", "access_token", "Credential"))


def twins(kind: str, words: Iterable[str], *, roles: bool = True) -> Iterator[Plant]:
    """Yields plants of the words in private places: as names of roles, users and buckets, external ids and secrets."""
    usable = [word for word in words if re.search(r"[A-Za-z]{3}", word) and not _NOT_PRIVATE.fullmatch(word)]
    for part in parts(islice(usable, MOST_TWINS), 20):
        names, buckets = [w for w in part if _NAME.fullmatch(w)], [w for w in part if _BUCKET.fullmatch(w)]
        others = [word for word in part if "*" not in word and "$" not in word]
        arn = f"arn:aws:iam::{account(part[0])}:"
        # Only AWS gives roles such names.
        named = [{"RoleName": private(n), "Arn": f"{arn}role/{private(n)}"} for n in names if not _LINKED.match(n)]
        if named and roles:
            yield Plant(kind, "ListRoles", "output", {"Roles": named})
        if names and not roles:
            named = [{"UserName": private(n), "Arn": f"{arn}user/{private(n)}"} for n in names]
            yield Plant(kind, "ListUsers", "output", {"Users": named})
        if buckets:
            statement = {"Action": "s3:GetObject", "Resource": [f"arn:aws:s3:::{private(b)}/*" for b in buckets]}
            yield put(kind, members("GetRolePolicy output PolicyDocument$")[0], policy(len(buckets), statement))
        if others:
            condition = {"StringEquals": {"sts:ExternalId": [private(word) for word in others]}}
            trust: dict[str, Any] = {"Action": "sts:AssumeRole", "Condition": condition}
            yield put(kind, members("GetRole output .*AssumeRolePolicyDocument$")[0], policy(len(others), trust))
        tags = [{"Key": next(_SECRET_KEYS), "Value": private(word)} for word in part]
        yield Plant(kind, "ListRoleTags", "output", {"Tags": tags})


def twins_in_findings(kind: str, words: Iterable[str]) -> Iterator[Plant]:
    """Yields plants of the words as external ids in findings, and in filters of them."""
    for part in parts(islice(words, MOST_TWINS), 20):
        finding = [{"condition": {"sts:ExternalId": private(word)}} for word in part]
        yield Plant(kind, "ListFindings", "output", {"findings": finding})
        criterion = {"condition.sts:ExternalId": {"eq": [private(word) for word in part]}}
        yield Plant(kind, "ListFindings", "input", {"filter": criterion})

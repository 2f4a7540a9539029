"""Paging: separates page token and limit from the identity of a call, and finds the token of the next page.

1. The token and the limit are the members that `Operation.paging` names. The identity is the rest of the input in
   canonical order, without nulls (a null means an absent member) and without what SDKs set by themselves, such as
   idempotency tokens. An empty token asks for the first page.
2. Another page follows if the output has a token, unless its `IsTruncated` member is false.
3. A token is a text here. One that is several members, or a map as in DynamoDB, is JSON as a text. awstape's own tokens
   are in the first member alone; in a map under the attribute `page-token`.
4. Where the output has no token although another page follows, the key of its last item is the token, for operations
   that page so. It is data: it stays what it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from awstape.core.aws.call import Answer, Call
from awstape.core.aws.member_paths import put_value, shape_at, value_at, without_value
from awstape.core.aws.model import SPECIAL_BOOLEANS, Operation, Shape, Value, child_shape
from awstape.core.aws.wire import WireError

#: Far above what any service accepts, and below what could be an account id.
_MAX_LIMIT = 10**9
#: An attribute value of DynamoDB with awstape's token: `{"page-token": {"S": "page-2.h7qk"}}`.
_OWN, _TEXT = "page-token", "S"


@dataclass(frozen=True)
class PageRequest:
    """The input of a call, separated. limit: None also for a limit that no service accepts."""

    identity: dict[str, Value] = field(repr=False)
    token: str | None = field(repr=False)
    limit: int | None


def split_input(call: Call) -> PageRequest:
    """Separates token, limit and identity of a call. Raises WireError for a token that is of another type."""
    operation, paging = call.operation, call.operation.paging
    rest = {name: value for name, value in call.input.items() if not paging or name not in paging.request_members}
    token = limit = None
    if paging:
        token = _read_token([call.input.get(name) for name in (paging.token, *dict(paging.further_tokens))])
        limit = _read_limit(call.input.get(paging.limit)) if paging.limit else None
        first = call.input.get(paging.token)
        if first is not None and not isinstance(first, dict if _is_map(operation, paging.token) else str):
            raise WireError(f"the page token of {operation.name} is not a string")
    identity = canonicalise(rest, operation.input)
    assert isinstance(identity, dict)
    return PageRequest(identity, token, limit)


def _read_limit(value: Value) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"[1-9]\d{0,8}", value, re.ASCII):
        value = int(value)
    return value if type(value) is int and 0 < value < _MAX_LIMIT else None


def _read_token(members: Sequence[Value]) -> str | None:
    """The token that some members are; None if they are absent or empty."""
    first, *others = members
    if any(others):
        return json.dumps(members)
    if isinstance(first, dict) and first:
        own = first.get(_OWN)
        return str(own[_TEXT]) if isinstance(own, dict) and _TEXT in own else json.dumps(first, sort_keys=True)
    return first if isinstance(first, str) and first else None


def token_members(operation: Operation, token: str) -> dict[str, Value]:
    """The members of the input that ask for the page of a token."""
    paging = operation.paging
    assert paging
    if paging.further_tokens and token.startswith("["):
        names = (paging.token, *dict(paging.further_tokens))
        return {name: value for name, value in zip(names, json.loads(token), strict=True) if value is not None}
    shape = operation.input.members[paging.token].shape if operation.input else None
    return {paging.token: _write_token(shape, token)}


def limit_members(operation: Operation, limit: int) -> dict[str, Value]:
    """The member of the input that asks for a page of at most `limit` items; none if the operation has no limit."""
    name = operation.paging.limit if operation.paging else None
    if name is None or operation.input is None:
        return {}
    return {name: str(limit) if operation.input.members[name].shape.type == "string" else limit}


def _is_map(operation: Operation, name: str) -> bool:
    return operation.input is not None and operation.input.members[name].shape.type == "map"


def _write_token(shape: Shape | None, token: str) -> Value:
    if shape is None or shape.type != "map":
        return token
    value: Value = json.loads(token) if token.startswith("{") else {_OWN: {_TEXT: token}}
    return value


def canonicalise(value: Value, shape: Shape | None) -> Value:
    """The value in canonical order: structures in the model's order (unknown members last, sorted), maps sorted.

    Nulls are left out, and what SDKs set by themselves.
    """
    if isinstance(value, list):
        return [canonicalise(item, child_shape(shape, i)) for i, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    members = shape.members if shape else {}
    known = [name for name in members if name in value]
    order = known + sorted(name for name in value if name not in members)
    kept = (name for name in order if value[name] is not None and not (name in members and members[name].is_incidental))
    return {name: canonicalise(value[name], child_shape(shape, name)) for name in kept}


def next_token(operation: Operation, output: Mapping[str, Value]) -> str | None:
    """The token of the page after this one, None on the last page."""
    paging = operation.paging
    more = value_at(output, paging.more) if paging and paging.more else None
    more = SPECIAL_BOOLEANS.get(more, more) if isinstance(more, str) else more
    if paging is None or more is False:
        return None
    if token := given_token(operation, output):
        return token
    if paging.last_key and more:
        path, name = paging.last_key
        last = next(reversed(items_of(output, path)), None)
        key = last.get(name) if isinstance(last, dict) else None
        return key if isinstance(key, str) and key else None
    return None


def given_token(operation: Operation, output: Mapping[str, Value]) -> str | None:
    """The token that is in the output, whether or not another page follows; None if there is none."""
    paging = operation.paging
    members = [value_at(output, path) for path in paging.output_tokens] if paging else [None]
    return None if any(isinstance(each, bool | int | float | list) for each in members) else _read_token(members)


def replace_token(operation: Operation, output: Mapping[str, Value], token: str | None) -> dict[str, Value]:
    """The output with another token, or with None without one."""
    paging = operation.paging
    assert paging
    first, *others = paging.output_tokens
    for path in others if token is not None else paging.output_tokens:
        output = without_value(output, path)
    if token is None:
        return dict(output)
    return put_value(output, first, _write_token(shape_at(operation.output, first), token))


def is_last_page(operation: Operation, answer: Answer) -> bool:
    """Whether a traversal ends with this answer; an error ends it, too."""
    return answer.output is None or next_token(operation, answer.output) is None


def items_of(output: Mapping[str, Value] | None, path: str) -> list[Value]:
    """The items of a list in the output; none if the list is absent, or the answer is an error."""
    items = value_at(output, path)
    return items if isinstance(items, list) else []


def count_items(operation: Operation, output: Mapping[str, Value] | None) -> int:
    """The number of items on a page, over all lists that the operation pages."""
    return sum(len(items_of(output, path)) for path in operation.lists)

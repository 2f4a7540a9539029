"""Paging: separates page token and limit from the identity of a call, and finds the token of the next page.

1. The token and the limit are the members that `Operation.paging` names. The identity is the rest of the input in
   canonical order, without nulls (a null means an absent member) and without idempotency tokens, which SDKs generate
   anew for each call. An empty token asks for the first page.
2. Another page follows if the output has a token, unless its `IsTruncated` member is false.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from awstape.core.aws.call import Answer, Call
from awstape.core.aws.model import Operation, Shape, Value, child_shape
from awstape.core.aws.wire import WireError

#: Far above what any service accepts, and below what could be an account id.
_MAX_LIMIT = 10**9


@dataclass(frozen=True)
class PageRequest:
    """The input of a call, separated. limit: None also for a limit that no service accepts."""

    identity: dict[str, Value] = field(repr=False)
    token: str | None = field(repr=False)
    limit: int | None


def split_input(call: Call) -> PageRequest:
    """Separates token, limit and identity of a call. Raises WireError for a token that is not a string."""
    operation, paging = call.operation, call.operation.paging
    rest = dict(call.input)
    token = rest.pop(paging.token, None) if paging else None
    limit = rest.pop(paging.limit, None) if paging and paging.limit else None
    if token is not None and not isinstance(token, str):
        raise WireError(f"the page token of {operation.name} is not a string")
    for name, member in (operation.input.members if operation.input else {}).items():
        if member.idempotency_token:
            rest.pop(name, None)
    identity = canonicalise(rest, operation.input)
    assert isinstance(identity, dict)
    return PageRequest(identity, token or None, limit if type(limit) is int and 0 < limit < _MAX_LIMIT else None)


def canonicalise(value: Value, shape: Shape | None) -> Value:
    """The value in canonical order: structures in the model's order (unknown members last, sorted), maps sorted.

    Nulls are left out.
    """
    if isinstance(value, list):
        return [canonicalise(item, child_shape(shape, i)) for i, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    members = shape.members if shape else {}
    known = [name for name in members if name in value]
    order = known + sorted(name for name in value if name not in members)
    return {name: canonicalise(value[name], child_shape(shape, name)) for name in order if value[name] is not None}


def next_token(operation: Operation, output: Mapping[str, Value]) -> str | None:
    """The token of the page after this one, None on the last page."""
    if (paging := operation.paging) is None:
        return None
    if paging.more and output.get(paging.more) is False:
        return None
    token = output.get(paging.output_token)
    return token if isinstance(token, str) and token else None


def is_last_page(operation: Operation, answer: Answer) -> bool:
    """Whether a traversal ends with this answer; an error ends it, too."""
    return answer.output is None or next_token(operation, answer.output) is None


def items_of(output: Mapping[str, Value] | None, name: str) -> list[Value]:
    """The items of a list in the output; none if the list is absent, or the answer is an error."""
    items = (output or {}).get(name)
    return items if isinstance(items, list) else []


def count_items(operation: Operation, output: Mapping[str, Value] | None) -> int:
    """The number of items on a page, over all lists that the operation pages."""
    return sum(len(items_of(output, name)) for name in operation.lists)

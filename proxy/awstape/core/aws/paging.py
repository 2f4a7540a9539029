"""Paging: what of an input is token and limit and what is identity, and how pages are named.

1. The token and the limit are the members that `Operation.paging` names; the identity is the rest of the input in
   canonical order, without nulls (which say the same as absence) and without idempotency tokens, which SDKs make
   up anew for each call.
2. A page goes on where its output carries a token and does not say that nothing more is there.
3. In a cassette tokens say their position and nothing else: `page-2.h7qk` for the second page of a track's first
   take, `take-3.page-2.h7qk` for that of its third; the last part stands for the track, so that a token of one
   listing is told from that of another. It is made from the redacted track, never from the real token.
"""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from awstape.core.aws.answer import Answer
from awstape.core.aws.model import Operation, Shape, Value, below
from awstape.core.aws.operation import Call
from awstape.core.aws.wire import WireError
from awstape.core.cassette.cassette import Page, Take, Track

#: Far above what any service accepts, and below what could be an account id.
_HIGHEST_LIMIT = 10**9


@dataclass(frozen=True)
class Ask:
    """An input, taken apart. A limit that no service accepts is none."""

    identity: dict[str, Value]
    token: str | None
    limit: int | None


def ask(call: Call) -> Ask:
    """Token, limit and identity of a call. Raises WireError for a token that is not a string."""
    operation, paging = call.operation, call.operation.paging
    rest = dict(call.input)
    token = rest.pop(paging.token, None) if paging else None
    limit = rest.pop(paging.limit, None) if paging and paging.limit else None
    if token is not None and not isinstance(token, str):
        raise WireError(f"the page token of {operation.name} is not a string")
    for name, member in (operation.input.members if operation.input else {}).items():
        if member.idempotency_token:
            rest.pop(name, None)
    identity = canonical(rest, operation.input)
    assert isinstance(identity, dict)
    return Ask(identity, token, limit if type(limit) is int and 0 < limit < _HIGHEST_LIMIT else None)


def canonical(value: Value, shape: Shape | None) -> Value:
    """Structures in the model's order (unknown members last, sorted), maps sorted, nulls left out."""
    if isinstance(value, list):
        return [canonical(item, below(shape, i)) for i, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    members = shape.members if shape else {}
    known = [name for name in members if name in value]
    order = known + sorted(name for name in value if name not in members)
    return {name: canonical(value[name], below(shape, name)) for name in order if value[name] is not None}


def next_token(operation: Operation, output: Mapping[str, Value]) -> str | None:
    """The token of the page after this one, None on the last page."""
    if (paging := operation.paging) is None:
        return None
    if paging.more and output.get(paging.more) is False:
        return None
    token = output.get(paging.output_token)
    return token if isinstance(token, str) and token else None


def is_last(operation: Operation, answer: Answer) -> bool:
    """Whether a listing ends with this answer; an error ends it, too."""
    return answer.output is None or next_token(operation, answer.output) is None


def is_finished(operation: Operation, takes: Iterable[Take]) -> bool:
    """Whether every take of a track was read to its end."""
    return all(is_last(operation, take.pages[-1].answer) for take in takes)


def listed(output: Mapping[str, Value] | None, name: str) -> list[Value]:
    """The items of a list of the output; none where it isn't there, or where an error is."""
    items = (output or {}).get(name)
    return items if isinstance(items, list) else []


def item_count(operation: Operation, output: Mapping[str, Value] | None) -> int:
    """How many items a page holds, over all lists that the operation pages."""
    return sum(len(listed(output, name)) for name in operation.lists)


def token_name(track_key: tuple[str, ...], take: int, page: int) -> str:
    """The token that asks for `page` of `take`, both counted from 1."""
    tag = token_tag(track_key)
    return f"page-{page}.{tag}" if take == 1 else f"take-{take}.page-{page}.{tag}"


def token_tag(track_key: tuple[str, ...], length: int = 4) -> str:
    """What in a token stands for the track, at most 8 characters: two tracks share 4 once in a million."""
    digest = hashlib.sha256(json.dumps(track_key).encode()).digest()
    return base64.b32encode(digest[:5]).decode("ascii").lower()[:length]


def with_token(operation: Operation, answer: Answer, token: str) -> Answer:
    """The answer with its page token, if it has one, replaced. An empty one leads nowhere and stays."""
    name = operation.paging.output_token if operation.paging else None
    real = answer.output.get(name) if name and answer.output else None
    if not (isinstance(real, str) and real and name and answer.output):
        return answer
    output: dict[str, Value] = {**answer.output, name: token}
    return replace(answer, output=output)


def named(operation: Operation, track: Track, number: int, pages: Sequence[Page]) -> tuple[Page, ...]:
    """The pages of a track's take, counted from 1, with their tokens named by position."""
    return tuple(
        replace(
            page,
            token=token_name(track.key, number, i) if i > 1 else None,
            answer=with_token(operation, page.answer, token_name(track.key, number, i + 1)),
        )
        for i, page in enumerate(pages, 1)
    )


def request_id(*position: str) -> str:
    """An id for the answer at a position: the same wherever and whenever it is given."""
    digest = hashlib.sha256(json.dumps(position).encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))

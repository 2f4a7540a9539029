"""Paginated recordings, built page by page, and clients that follow their tokens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, repeat
from typing import Any, Literal

from awstape.catalog.botocore_values import to_botocore
from awstape.catalog.response_parser import parse_response
from awstape.core.aws.call import Answer, Failure
from awstape.core.aws.model import Operation, Value
from awstape.core.aws.paging import split_input
from awstape.core.aws.routing import recognise_call
from awstape.core.aws.wire import Reply, Response
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.core.cassette.page_tokens import name_tokens
from awstape.core.replay.player import Player
from awstape.core.replay.replies import ServedPage
from support.exchanges import MODELS, operation, request

End = Literal["complete", "error", "unfinished"]
Outputs = Sequence[dict[str, Value]]
ERROR = "AccessDenied"
CUT = ["client", "1", "2", "3", "100", "torture", "torture:1", "torture:zreal"]
MODES = ["recorded", *CUT]


@dataclass(frozen=True)
class Got:
    """A page that a client received. served: the player's reply; parsed: the output that botocore parsed."""

    served: ServedPage
    parsed: dict[str, Any]

    @property
    def response(self) -> Response:
        assert self.served.response
        return self.served.response


def recording(name: str, input_: Mapping[str, Value], *takes: Outputs | tuple[Outputs, End]) -> Cassette:
    """Builds a cassette with one track. takes: outputs without paging members, optionally with how the take ends."""
    op = operation(name)
    call = recognise_call(MODELS, request(name, input_))
    assert call
    track = Track(op.service.name, name, call.region, split_input(call).identity)
    ended = [take if isinstance(take, tuple) else (take, "complete") for take in takes]
    return Cassette.of(_take(op, track, n, outputs, end) for n, (outputs, end) in enumerate(ended, 1))


def _take(op: Operation, track: Track, number: int, outputs: Outputs, end: str) -> Take:
    assert op.paging
    answers = []
    for i, output in enumerate(outputs, 1):
        goes_on = i < len(outputs) or end != "complete"
        more: dict[str, Value] = {op.paging.more: goes_on} if op.paging.more else {}
        token: dict[str, Value] = {op.paging.output_token: "T"} if goes_on else {}
        answers.append(Answer({**more, **output, **token}))
    if end == "error":
        members: dict[str, Value] = {"Type": "Sender"} if op.service.protocol == "query" else {}
        answers.append(Answer(error=Failure(403, ERROR, "made up", members)))
    return Take(track, name_tokens(op, track, number, [Page(None, None, answer) for answer in answers]))


def follow(
    playing: Player,
    name: str,
    input_: Mapping[str, Value],
    limits: Iterable[int | None] = (),
    token: str | None = None,
    session: str = "",
) -> Iterator[Got]:
    """Yields the pages that a client gets when it follows the tokens, until there is no token or no page is served.

    limits: the limit that it requests for each page; after the last of them, no limit.
    """
    paging = operation(name).paging
    assert paging
    for limit in chain(limits, repeat(None)):
        asked = dict(input_)
        if token is not None:
            asked[paging.token] = token
        if paging.limit and limit is not None:
            asked[paging.limit] = limit
        reply = playing.answer(request(name, asked), session)
        if not isinstance(reply, ServedPage):
            return
        assert reply.response
        yield Got(reply, parsed := parse_response(operation(name), reply.response))
        token = parsed.get(paging.output_token)
        if token is None:
            return


def items(name: str, pages: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Returns the items of some pages, by the name of their list."""
    paging = operation(name).paging
    assert paging
    all_pages = list(pages)
    return {key: [item for page in all_pages for item in page.get(key) or ()] for key in paging.items}


def recorded_items(take: Take) -> dict[str, list[Any]]:
    """Returns the items of a take as botocore parses them, by the name of their list."""
    op = operation(take.track.operation)
    return items(op.name, (to_botocore(page.answer.output or {}, op.output) for page in take.pages))


def size(name: str, page: Mapping[str, Any]) -> int:
    return sum(map(len, items(name, [page]).values()))


# --- a listing of users -----------------------------------------------------------------------------------------------


def users(*sizes: int) -> list[dict[str, Value]]:
    """Returns pages of ListUsers with the given numbers of users."""
    numbers = iter(range(sum(sizes)))
    return [{"Users": [{"UserName": f"u{n}"} for n in islice(numbers, size)]} for size in sizes]


def names(page: Got) -> str:
    """Returns the names of a page's users, separated by spaces."""
    return " ".join(user["UserName"] for user in page.parsed["Users"])


def traversal(playing: Player, *limits: int | None, token: str | None = None) -> list[Got]:
    return list(follow(playing, "ListUsers", {}, limits, token))


def marker(playing: Player, *limits: int | None) -> str:
    """Returns the token of the second page."""
    token = traversal(playing, *limits)[0].parsed["Marker"]
    assert isinstance(token, str)
    return token


def code(reply: Reply, name: str = "ListUsers") -> str:
    """Returns the error code that a client gets, `-` for a success, `dropped` if the connection is closed."""
    if reply.response is None:
        return "dropped"
    found = parse_response(operation(name), reply.response).get("Error", {}).get("Code", "-")
    assert isinstance(found, str)
    return found


def codes(playing: Player, *tokens: str | None, session: str = "") -> list[str]:
    inputs: list[dict[str, Value]] = [{"Marker": token} if token else {} for token in tokens]
    return [code(playing.answer(request("ListUsers", input_), session)) for input_ in inputs]

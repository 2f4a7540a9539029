"""What every export begins with: the pages of a track as requests and responses.

1. A request is what botocore's serializer makes of the identity, the token and the limit of a page; a response is what
   replay answers, with the same request id. So an export holds aliases only, and equal cassettes give equal bytes.
2. A format either holds all of a track or leaves it out, by raising LeftOut. What it can't hold of a track that it
   takes, it says in a note.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from http.client import responses
from typing import Any

import botocore.parsers

from awstape.catalog import catalog
from awstape.catalog.botocore_values import request_of
from awstape.core.aws.conform import misfits, spelled
from awstape.core.aws.encode import encode
from awstape.core.aws.model import Operation, Value
from awstape.core.aws.paging import is_last, request_id
from awstape.core.aws.wire import Request, Response
from awstape.core.cassette.cassette import Page, Track
from awstape.core.view.selectors import Chosen

Note = Callable[[str], None]
"""Takes what a format can't hold of a track."""


class LeftOut(ValueError):  # noqa: N818, it is no mistake
    """A track that a format can't hold. The text says why."""


@dataclass(frozen=True)
class Exchange:
    """A recorded page. take and number say its position, counted from 1."""

    track: Track
    take: int
    number: int
    page: Page

    @property
    def operation(self) -> Operation:
        return catalog.models().operation(self.track.service, self.track.operation)

    @property
    def asked(self) -> dict[str, Value]:
        """The input that asked for the page."""
        paging = self.operation.paging
        asked = dict(self.track.identity)
        if paging and self.page.token is not None:
            asked[paging.token] = self.page.token
        if paging and paging.limit and self.page.limit is not None:
            asked[paging.limit] = self.page.limit
        return asked

    @cached_property
    def request(self) -> Request:
        return request_of(self.operation, self.asked, self.track.region)

    @property
    def url(self) -> str:
        request = self.request
        return f"https://{request.host}{request.path}" + (f"?{request.query}" if request.query else "")

    @cached_property
    def response(self) -> Response:
        where = (*self.track.key, str(self.take), str(self.number))
        return encode(self.operation, self.page.answer, request_id(*where))

    @property
    def reason(self) -> str:
        """What HTTP calls the status of the response."""
        return responses.get(self.response.status, "")

    def parsed(self, document: Callable[[str], Any]) -> dict[str, Any]:
        """What botocore's client makes of the response. document: what to make of a policy document.

        Raises LeftOut where botocore can't read it.
        """
        try:
            parsed: dict[str, Any] = _in_utc(catalog.parse(self.operation, self.response))
        except (ValueError, OverflowError, RuntimeError, botocore.parsers.ResponseParserError):
            raise LeftOut(f"botocore can't read page {self.number}") from None
        return parsed if self.page.answer.error else catalog.edit_documents(parsed, self.operation.output, document)


def exchanges(chosen: Chosen) -> Iterator[Exchange]:
    """The chosen takes of a track, page by page."""
    for of_take, take in chosen.selected():
        for number, page in enumerate(take.pages, 1):
            yield Exchange(chosen.track, of_take, number, page)


def check_askable(chosen: Chosen) -> None:
    """Raises LeftOut for a track that botocore can't make requests of."""
    track = chosen.track
    if track.region and not re.fullmatch(r"[a-z0-9-]+", track.region):
        raise LeftOut("botocore can't ask for it: no region is called so")
    shape = catalog.models().operation(track.service, track.operation).input
    for misfit in misfits(track.identity, shape):
        raise LeftOut(f"botocore can't ask for it: {spelled(misfit.path)}: {misfit.problem}")
    for name, member in (shape.members if shape else {}).items():
        if member.location == "uri" and not track.identity.get(name):
            raise LeftOut(f"botocore can't ask for it: {name} is missing")


def common_notes(chosen: Chosen) -> Iterator[str]:
    """What no format holds."""
    operation = catalog.models().operation(chosen.track.service, chosen.track.operation)
    for number, take in chosen.selected():
        which = f"take {number}: " if len(chosen.takes) > 1 else ""
        if take.faults:
            yield f"{which}left out the faults, which awstape alone lets strike: {', '.join(map(str, take.faults))}"
        if not is_last(operation, take.pages[-1].answer):
            yield f"{which}the recording ends before the listing does: there is no page {len(take.pages) + 1}"


def limit_note(chosen: Chosen, how: str) -> Iterator[str]:
    """That a client must ask with a limit, too. how: with which."""
    paging = catalog.models().operation(chosen.track.service, chosen.track.operation).paging
    limits = {exchange.page.limit for exchange in exchanges(chosen) if exchange.page.limit is not None}
    if paging and limits:
        yield f"was asked for with {paging.limit}={', '.join(map(str, sorted(limits)))}: {how}"


def unmodelled_notes(chosen: Chosen) -> Iterator[str]:
    """What botocore's clients don't see."""
    names = dict.fromkeys(name for exchange in exchanges(chosen) for name in exchange.page.answer.unmodelled)
    if names:
        yield f"left out what botocore doesn't know: {', '.join(names)}"


def _in_utc(value: Any) -> Any:
    """A parsed value with its times in UTC, wherever the machine is that exports it."""
    match value:
        case datetime():
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
        case dict():
            return {name: _in_utc(item) for name, item in value.items()}
        case list():
            return [_in_utc(item) for item in value]
    return value

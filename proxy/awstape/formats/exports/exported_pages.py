"""The pages of a track as requests and responses: the common input of all export formats.

1. botocore's serializer makes each request from the identity, the token and the limit of a page. Each response equals
   the one that replay sends, with the same request id. So an export holds aliases only, and equal cassettes give equal
   bytes.
2. A request has the caller's account in the credential of a signature that is none, or an access key id that stands for
   its principal, so that an import finds the caller.
3. A format that can't hold a track leaves it out and raises UnsupportedTrackError. A format that holds a track only in
   part adds a note on each omission.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from http.client import responses
from typing import Any

import botocore.parsers

from awstape.catalog.botocore_values import DEFAULT_REGION, build_request
from awstape.catalog.response_parser import edit_policy_documents, parse_response
from awstape.catalog.service_models import load_models
from awstape.core.aws.access_keys import access_key_of_account
from awstape.core.aws.call import derive_request_id
from awstape.core.aws.conform import misfits
from awstape.core.aws.member_paths import format_path
from awstape.core.aws.model import Operation, Value
from awstape.core.aws.paging import is_last_page, limit_members, token_members
from awstape.core.aws.protocols.dispatch import write_response
from awstape.core.aws.wire import Headers, Request, Response
from awstape.core.cassette.cassette import Page, Track
from awstape.core.cassette.page_tokens import find_repeated_page
from awstape.core.view.selectors import SelectedTrack

#: The day on which exported requests seem to be signed.
_DATE = "19700101"

AddNote = Callable[[str], None]
"""Adds a note about something in a track that the format can't hold."""


class UnsupportedTrackError(ValueError):
    """Raised for a track that a format can't hold; the text is the reason."""


@dataclass(frozen=True)
class ExportedPage:
    """A recorded page. take, number: its position in the track, counted from 1."""

    track: Track
    take: int
    number: int
    page: Page

    @property
    def operation(self) -> Operation:
        return load_models().operation(self.track.service, self.track.operation)

    @property
    def input(self) -> dict[str, Value]:
        """The input of the request for the page."""
        paging = self.operation.paging
        members = dict(self.track.identity)
        if paging and self.page.token is not None:
            members |= token_members(self.operation, self.page.token)
        if self.page.limit is not None:
            members |= limit_members(self.operation, self.page.limit)
        return members

    @cached_property
    def request(self) -> Request:
        request = build_request(self.operation, self.input, self.track.region)
        return replace(request, headers=(*request.headers, *_credential(self.operation, self.track)))

    @property
    def url(self) -> str:
        request = self.request
        return f"https://{request.host}{request.path}" + (f"?{request.query}" if request.query else "")

    @cached_property
    def response(self) -> Response:
        where = (*self.track.request_key, str(self.take), str(self.number))
        return write_response(self.operation, self.page.answer, derive_request_id(*where))

    @property
    def status_text(self) -> str:
        """The HTTP reason phrase of the response, empty for an unregistered status."""
        return responses.get(self.response.status, "")

    def parse(self, document: Callable[[str], Any]) -> dict[str, Any]:
        """The response as botocore's client returns it. document: converts a policy document.

        Raises UnsupportedTrackError for a response that botocore can't parse.
        """
        try:
            parsed: dict[str, Any] = _in_utc(parse_response(self.operation, self.response))
        except (ValueError, OverflowError, RuntimeError, botocore.parsers.ResponseParserError):
            raise UnsupportedTrackError(f"botocore can't read page {self.number}") from None
        return parsed if self.page.answer.error else edit_policy_documents(parsed, self.operation.output, document)


def _credential(operation: Operation, track: Track) -> Headers:
    """The header that names the caller of a track; none for an unknown caller."""
    if track.account is None:
        return ()
    has_key = track.principal and track.account.isdigit()
    key = access_key_of_account(track.account, track.principal) if has_key else track.account
    scope = f"{key}/{_DATE}/{track.region or DEFAULT_REGION}/{operation.service.signing_name}/aws4_request"
    signature = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={'0' * 64}"
    return (("Authorization", signature),)


def exported_pages(chosen: SelectedTrack) -> Iterator[ExportedPage]:
    """Yields the pages of the selected takes of a track."""
    for take_number, take in chosen.selected():
        for number, page in enumerate(take.pages, 1):
            yield ExportedPage(chosen.track, take_number, number, page)


def check_requestable(chosen: SelectedTrack) -> None:
    """Raises UnsupportedTrackError for a track with a hole, and for one that botocore can't make requests for."""
    track = chosen.track
    for number, take in chosen.selected():
        if take.hole is not None:
            raise UnsupportedTrackError(f"take {number} has a hole: {take.hole}")
    shape = load_models().operation(track.service, track.operation).input
    for misfit in misfits(track.identity, shape):
        raise UnsupportedTrackError(f"botocore can't send the request: {format_path(misfit.path)}: {misfit.problem}")
    for name, member in (shape.members if shape else {}).items():
        if member.location == "uri" and not track.identity.get(name):
            raise UnsupportedTrackError(f"botocore can't send the request: {name} is missing")


def common_notes(chosen: SelectedTrack) -> Iterator[str]:
    """Notes on what no export format can hold."""
    operation = load_models().operation(chosen.track.service, chosen.track.operation)
    for number, take in chosen.selected():
        which = f"take {number}: " if len(chosen.takes) > 1 else ""
        if take.faults:
            yield f"{which}left out the faults, which only awstape can replay: {', '.join(map(str, take.faults))}"
        if take.after:
            yield f"{which}comes after {take.after.track.operation}, but only awstape waits for that"
        is_end = is_last_page(operation, take.pages[-1].answer)
        if not is_end and find_repeated_page(operation, take.pages) is None:
            yield f"{which}the recording ends before the listing: there is no page {len(take.pages) + 1}"


def limit_notes(chosen: SelectedTrack, how: str) -> Iterator[str]:
    """A note that clients must send a limit as well. how: which one."""
    paging = load_models().operation(chosen.track.service, chosen.track.operation).paging
    limits = {exported.page.limit for exported in exported_pages(chosen) if exported.page.limit is not None}
    if paging and limits:
        yield f"was recorded with {paging.limit}={', '.join(map(str, sorted(limits)))}: {how}"


def unmodelled_notes(chosen: SelectedTrack) -> Iterator[str]:
    """A note on the members that the service model, and so botocore's client, doesn't know."""
    names = dict.fromkeys(name for exported in exported_pages(chosen) for name in exported.page.answer.unmodelled)
    if names:
        yield f"left out members unknown to botocore: {', '.join(names)}"


def _in_utc(value: Any) -> Any:
    """A parsed value with its times in UTC, whatever the time zone of the machine."""
    match value:
        case datetime():
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
        case dict():
            return {name: _in_utc(item) for name, item in value.items()}
        case list():
            return [_in_utc(item) for item in value]
    return value

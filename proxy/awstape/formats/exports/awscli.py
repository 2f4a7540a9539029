"""Exports the JSON that the AWS CLI prints for commands such as `aws iam list-roles`.

1. The CLI follows page tokens by itself and prints all pages as one document. botocore's own paginator joins the pages,
   as in the CLI; for an operation without a paginator, each page is a command of its own.
2. Policy documents are objects, blobs are base64, times are written as by the AWS CLI 2 (and by version 1 with
   `cli_timestamp_format = iso8601`).
3. The export of one command is its document. The export of several is one object, with a member for each command.
4. Of several callers, each has a profile that is named like its account and principal.
5. Commands that print nothing are left out: those that end with an error, and those with an empty output.
"""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import botocore.paginate
from botocore import xform_name

from awstape.catalog.response_parser import operation_model, paginator_config
from awstape.core.aws.model import Value
from awstape.core.aws.paging import is_last_page
from awstape.core.cassette.cassette import Track
from awstape.core.text.printable import printable_json
from awstape.core.view.selectors import SelectedTrack
from awstape.formats.exports.exported_pages import (
    AddNote,
    ExportedPage,
    UnsupportedTrackError,
    exported_pages,
    unmodelled_notes,
)

Printed = tuple[str | None, dict[str, Any]]
"""The caller, and the documents that its commands print, by command."""


def convert_track(chosen: SelectedTrack, add_note: AddNote) -> Printed:
    """The commands that request a track, with their documents."""
    first, *others = chosen.numbers
    if others:
        numbers = " and ".join(map(str, others))
        add_note(f"left out take {numbers}: a command prints one take; --track with take=N selects another")
    pages = [exported for exported in exported_pages(chosen) if exported.take == first]
    for note in unmodelled_notes(chosen):
        add_note(note)
    pagination = paginator_config(pages[0].operation)
    if pagination:
        command = _command(chosen.track, chosen.track.identity)
        return chosen.track.caller, {command: _joined_pages(pages, pagination)}
    return chosen.track.caller, dict(_single_pages(pages, add_note))


def assemble(parts: Sequence[Printed]) -> str:
    """The document of a single command, or an object with those of all commands."""
    several = len({caller for caller, _ in parts}) > 1
    printed = {
        f"{command} --profile {caller}" if several and caller else command: document
        for caller, of_track in parts
        for command, document in of_track.items()
    }
    document = printed if len(printed) > 1 else next(iter(printed.values()))
    return printable_json(json.dumps(document, indent=4, ensure_ascii=False, default=_scalar)) + "\n"


def _joined_pages(pages: Sequence[ExportedPage], pagination: Mapping[str, Any]) -> dict[str, Any]:
    """All pages of a listing as one document."""
    if not is_last_page(pages[-1].operation, pages[-1].page.answer):
        raise UnsupportedTrackError("the recording ends before the listing, and the AWS CLI prints whole listings")
    answers = iter([_answer(page) for page in pages])
    make: Any = botocore.paginate.Paginator  # its type stubs allow only clients to make one
    paginator = make(lambda **_: next(answers), pagination, operation_model(pages[0].operation))
    result: dict[str, Any] = paginator.paginate().build_full_result()
    return result


def _single_pages(pages: Sequence[ExportedPage], add_note: AddNote) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields each page as a command and its document."""
    for page in pages:
        try:
            answer = _answer(page)
            if not answer:
                raise UnsupportedTrackError("the AWS CLI prints nothing")
        except UnsupportedTrackError as reason:
            if len(pages) == 1:
                raise
            add_note(f"left out page {page.number}: {reason}")
            continue
        members = {name: value for name, value in page.input.items() if not _is_limit(page, name)}
        yield _command(page.track, members), answer


def _is_limit(page: ExportedPage, name: str) -> bool:
    return page.operation.paging is not None and name == page.operation.paging.limit


def _answer(page: ExportedPage) -> dict[str, Any]:
    if error := page.page.answer.error:
        raise UnsupportedTrackError(f"the AWS CLI prints nothing but the error {error.name}")
    return page.parse(_document)


def _document(text: str) -> Any:
    """A policy document as botocore's client reads it (botocore/handlers.py, decode_quoted_jsondoc)."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return quote(text, safe="")


def _scalar(value: datetime | bytes) -> str:
    """Values without a JSON type, as the CLI prints them: times as ISO 8601, blobs as base64."""
    return value.isoformat() if isinstance(value, datetime) else base64.b64encode(value).decode()


# --- commands ---------------------------------------------------------------------------------------------------


def _command(track: Track, members: Mapping[str, Value]) -> str:
    words = ["aws", track.service, xform_name(track.operation, "-")]
    for name, value in members.items():
        words += _option(xform_name(name, "-"), value)
    return shlex.join([*words, *(["--region", track.region] if track.region else [])])


def _option(name: str, value: Value) -> list[str]:
    match value:
        case bool():
            return [f"--{name}" if value else f"--no-{name}"]
        case str() if value.startswith("-"):
            return [f"--{name}={value}"]
        case str() | int() | float():
            return [f"--{name}", str(value)]
    return [f"--{name}", json.dumps(value, ensure_ascii=False, default=_scalar)]

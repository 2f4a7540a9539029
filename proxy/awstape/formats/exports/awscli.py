"""What the AWS CLI prints: the JSON of `aws iam list-roles` and the like.

1. The CLI follows the tokens by itself and prints one document of all pages. They are put together by botocore's own
   paginator, as the CLI does; where it has none for an operation, each page is a command of its own.
2. Policy documents are objects, blobs base64, times as the AWS CLI 2 writes them; so does the first with
   `cli_timestamp_format = iso8601`.
3. A command alone is its document. Several are members of one object, each under the command that prints it.
4. A command that ends with an error prints nothing, nor does one whose output is empty: they are left out.
"""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any
from urllib.parse import quote

import botocore.paginate
from botocore import xform_name

from awstape.catalog import catalog
from awstape.core.aws.model import Value
from awstape.core.aws.paging import is_last
from awstape.core.cassette.cassette import Track
from awstape.core.text.printable import printable_json
from awstape.core.view.selectors import Chosen
from awstape.formats.exports.exchanges import Exchange, LeftOut, Note, exchanges, unmodelled_notes

Printed = dict[str, Any]
"""Command → what it prints."""


def part(chosen: Chosen, note: Note) -> Printed:
    """What the commands print that ask for a track."""
    first, *others = chosen.numbers
    if others:
        note(f"left out take {' and '.join(map(str, others))}: a command prints one; --track selects another by take=N")
    pages = [exchange for exchange in exchanges(chosen) if exchange.take == first]
    for said in unmodelled_notes(chosen):
        note(said)
    pagination = catalog.pagination(pages[0].operation)
    if pagination:
        return {_command(chosen.track, chosen.track.identity): _all(pages, pagination)}
    return dict(_each(pages, note))


def whole(parts: Sequence[Printed]) -> str:
    """The document of the only command, or an object of all."""
    printed = dict(chain.from_iterable(part.items() for part in parts))
    document = printed if len(printed) > 1 else next(iter(printed.values()))
    return printable_json(json.dumps(document, indent=4, ensure_ascii=False, default=_scalar)) + "\n"


def _all(pages: Sequence[Exchange], pagination: Mapping[str, Any]) -> dict[str, Any]:
    """All pages of a listing in one."""
    if not is_last(pages[-1].operation, pages[-1].page.answer):
        raise LeftOut("the recording ends before the listing does, and the AWS CLI prints it to the end")
    answers = iter([_answer(page) for page in pages])
    make: Any = botocore.paginate.Paginator  # its stubs know it as made by clients only
    paginator = make(lambda **_: next(answers), pagination, catalog.plan(pages[0].operation))
    result: dict[str, Any] = paginator.paginate().build_full_result()
    return result


def _each(pages: Sequence[Exchange], note: Note) -> Iterator[tuple[str, dict[str, Any]]]:
    """Page by page, what is printed."""
    for page in pages:
        try:
            answer = _answer(page)
            if not answer:
                raise LeftOut("the AWS CLI prints nothing")
        except LeftOut as reason:
            if len(pages) == 1:
                raise
            note(f"left out page {page.number}: {reason}")
            continue
        asked = {name: value for name, value in page.asked.items() if not _is_limit(page, name)}
        yield _command(page.track, asked), answer


def _is_limit(page: Exchange, name: str) -> bool:
    return page.operation.paging is not None and name == page.operation.paging.limit


def _answer(page: Exchange) -> dict[str, Any]:
    if error := page.page.answer.error:
        raise LeftOut(f"the AWS CLI prints nothing but the error {error.name}")
    return page.parsed(_document)


def _document(text: str) -> Any:
    """A policy document as botocore's client reads it (botocore/handlers.py, decode_quoted_jsondoc)."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return quote(text, safe="")


def _scalar(value: datetime | bytes) -> str:
    """What JSON has no word for."""
    return value.isoformat() if isinstance(value, datetime) else base64.b64encode(value).decode()


# --- commands ---------------------------------------------------------------------------------------------------


def _command(track: Track, asked: Mapping[str, Value]) -> str:
    words = ["aws", track.service, xform_name(track.operation, "-")]
    for name, value in asked.items():
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

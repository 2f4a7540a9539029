"""What every reader of a foreign format yields: exchanges, and what none could be made of, each with its place.

Recordings of other tools hold real data: a reason never quotes what stands there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from awstape.core.aws.model import Operation
from awstape.core.aws.wire import Headers, Request, Response, WireError


@dataclass(frozen=True)
class Exchange:
    """A request and its answer, None if there was none. where: file and number, for people."""

    where: str
    request: Request
    response: Response | None


@dataclass(frozen=True)
class Unusable:
    """Something that is no exchange, and why. Equal reasons are counted together."""

    where: str
    reason: str


Entry = Exchange | Unusable


@dataclass(frozen=True)
class ImportOptions:
    """What is told of recordings that hold answers only.

    identity: `MEMBER` or `OPERATION.MEMBER` of the request → its value. unwanted: why an operation is not recorded.
    """

    identity: Mapping[str, str] = field(default_factory=dict)
    region: str | None = None
    unwanted: Callable[[Operation], str | None] = lambda _: None


def read_items(
    path: Path, items: Iterable[Any], read: Callable[[Any], tuple[Request, Response | None]]
) -> Iterator[Entry]:
    """The exchanges that `read` makes of a file's items; it raises whatever it likes for one that is malformed."""
    for number, item in enumerate(items, 1):
        yield read_item(f"{path}, entry {number}", read, item)


def read_item(where: str, read: Callable[[Any], tuple[Request, Response | None]], item: Any) -> Entry:
    """What `read` makes of one item."""
    try:
        return Exchange(where, *read(item))
    except WireError as error:  # its text quotes nothing
        return Unusable(where, str(error))
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return Unusable(where, "malformed, or of another version of its format")


def request_from_url(method: str, url: str, headers: Headers, body: bytes) -> Request:
    """A request as most formats keep it. Raises ValueError for a URL that is none."""
    url.encode()  # half a surrogate pair is no URL
    parts = urlsplit(url)
    return Request(method.upper(), parts.hostname or "", parts.path, parts.query, headers, body)


def header_pairs(headers: Mapping[str, Any]) -> Headers:
    """Headers that a format keeps by name, with one value or a list of them."""
    return tuple(
        (name, header_text(value))
        for name, values in headers.items()
        for value in (values if isinstance(values, list) else [values])
    )


def header_text(value: str | bytes) -> str:
    """A header's value; HTTP libraries have it as text or as bytes."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    value.encode()  # half a surrogate pair is no text
    return value


def body_bytes(value: str | bytes | None) -> bytes:
    """A body that a format keeps as text, as bytes or not at all."""
    return value.encode() if isinstance(value, str) else bytes(value or b"")


def response_statuses(content: Any) -> Iterator[object]:
    """The statuses of the responses in what looks like a cassette of VCR.py or one that learned from it."""
    if isinstance(content, dict) and isinstance(kept := content.get("interactions"), list):
        for interaction in kept:
            if isinstance(interaction, dict) and isinstance(answered := interaction.get("response"), dict):
                yield answered.get("status")


def status_code(value: object) -> int:
    """A status code. Raises TypeError for what is none."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("a status is a number")
    return value

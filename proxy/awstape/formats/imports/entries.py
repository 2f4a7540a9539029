"""The entries that all import formats yield: exchanges and unusable items, each with its place in the file.

Recordings of other tools hold real data, so a reason never quotes a file.
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
class ImportedExchange:
    """A request and its response, None if there was none. where: file and entry number, for people.

    overlapping: the request was sent before the responses of this many entries right before it were there.
    has_order: whether it came after the entries before those; if not, nothing tells which write it came after.
    """

    where: str
    request: Request
    response: Response | None
    overlapping: int = 0
    has_order: bool = True


@dataclass(frozen=True)
class Unusable:
    """An item that could not be read as an exchange, with the reason. Equal reasons are counted together."""

    where: str
    reason: str


Entry = ImportedExchange | Unusable


@dataclass(frozen=True)
class ImportOptions:
    """The user's settings for an import.

    identity, region: the missing parts of requests, for recordings that hold responses only; identity maps `MEMBER` or
    `OPERATION.MEMBER` to a value. skip_reason: why an operation is not recorded, None if it is.
    """

    identity: Mapping[str, str] = field(default_factory=dict)
    region: str | None = None
    skip_reason: Callable[[Operation], str | None] = lambda _: None


def read_items(
    path: Path, items: Iterable[Any], read: Callable[[Any], tuple[Request, Response | None]]
) -> Iterator[Entry]:
    """Yields an entry for each item of a file. read: converts an item; raises any usual error for a malformed one."""
    for number, item in enumerate(items, 1):
        yield read_item(f"{path}, entry {number}", read, item)


def read_item(
    where: str, read: Callable[[Any], tuple[Request, Response | None]], item: Any, overlapping: int = 0
) -> Entry:
    """The entry of one item: the exchange that `read` returns, or Unusable if it raises."""
    try:
        return ImportedExchange(where, *read(item), overlapping)
    except WireError as error:  # its text quotes no data
        return Unusable(where, str(error))
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        return Unusable(where, "malformed, or of another version of its format")


def request_from_url(method: str, url: str, headers: Headers, body: bytes) -> Request:
    """A request from its method, URL, headers and body. Raises ValueError for an invalid URL."""
    url.encode()  # raises for a lone surrogate
    parts = urlsplit(url)
    return Request(method.upper(), parts.hostname or "", parts.path, parts.query, headers, body)


def header_pairs(headers: Mapping[str, Any]) -> Headers:
    """Headers from a mapping of names to a value or a list of values."""
    return tuple(
        (name, header_text(value))
        for name, values in headers.items()
        for value in (values if isinstance(values, list) else [values])
    )


def header_text(value: str | bytes) -> str:
    """A header value, which HTTP libraries keep as text or as bytes. Raises ValueError for invalid text."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    value.encode()  # raises for a lone surrogate
    return value


def body_bytes(value: str | bytes | None) -> bytes:
    """A body that is kept as text, as bytes or not at all."""
    return value.encode() if isinstance(value, str) else bytes(value or b"")


def response_statuses(content: Any) -> Iterator[object]:
    """Yields the response statuses of a parsed file that looks like a cassette of VCR.py or cassetter."""
    if isinstance(content, dict) and isinstance(kept := content.get("interactions"), list):
        for interaction in kept:
            if isinstance(interaction, dict) and isinstance(answered := interaction.get("response"), dict):
                yield answered.get("status")


def status_code(value: object) -> int:
    """A status code. Raises TypeError for any other value."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("not a status code")
    return value

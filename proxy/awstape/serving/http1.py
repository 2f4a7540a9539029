"""HTTP/1.1 for the endpoint: reads requests from bytes, with httptools, and writes responses to bytes.

1. The size of a request is bounded: by MAX_HEADERS and MAX_FIELDS up to its body, and by MAX_BODY.
2. A request that isn't HTTP/1.0 or 1.1, or that could be read in two ways, is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple

import httptools

from awstape.core.aws.wire import MAX_BODY, Request, Response, find_header
from awstape.core.text.lazy_pattern import lazy_pattern

#: Size limits of a request line with its headers, in bytes, and of the number of its headers.
MAX_HEADERS = 64 * 1024
MAX_FIELDS = 100

#: RFC 9112, 3.2: a request has one Host header: a name or an address with a port or without, or nothing.
_HOST = lazy_pattern(r"(?:\[[\da-f:.]+(?:%[\w.%-]+)?\]|[\w.~-]*)(?::\d{0,5})?", re.ASCII | re.IGNORECASE)
_PORT = lazy_pattern(r":\d*$", re.ASCII)
_STATUSES = frozenset(status.value for status in HTTPStatus)


class RefusedRequestError(Exception):
    """A request that is refused. status: of the response; it is the last one on its connection."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class RequestHandlers(NamedTuple):
    """What a parser calls.

    begun: when the first byte of a request was read. expects_continue: when the client waits for `100 Continue`.
    received: with a request, and whether the connection stays open after it. is_memory_full: asked for a large body.
    """

    begun: Callable[[], None]
    expects_continue: Callable[[], None]
    received: Callable[[Request, bool], None]
    is_memory_full: Callable[[], bool]


class RequestParser:
    """Parses the requests that arrive on one connection. The `on_` methods are httptools' callbacks.

    is_begun: whether part of a request has arrived. body: the part of its body that has arrived.
    """

    def __init__(self, handlers: RequestHandlers) -> None:
        self._handlers = handlers
        self._parser = httptools.HttpRequestParser(self)
        self._unparsed = 0  # bytes since httptools last called back
        self.discard_request()

    def feed(self, data: bytes) -> bool:
        """Parses more data; returns False if no further request can follow. Raises RefusedRequestError."""
        try:
            self._unparsed += len(data)
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:  # not offered here: the request is answered, as the last one
            return False
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__
            raise RefusedRequestError(cause.status if isinstance(cause, RefusedRequestError) else 400) from None
        except httptools.HttpParserError:
            raise RefusedRequestError(400) from None
        if self._unparsed > MAX_HEADERS:
            raise RefusedRequestError(413)
        return True

    @property
    def is_between_requests(self) -> bool:
        """Whether all that has arrived are whole requests."""
        return not self.is_begun and not self._unparsed

    def discard_request(self) -> None:
        """Discards the part of a request that has arrived."""
        self.is_begun = self._has_headers = False
        self._url = b""
        self._headers: list[tuple[str, str]] = []
        self.body = bytearray()
        self._size = 0

    # --- httptools' callbacks ---

    def on_message_begin(self) -> None:
        self.discard_request()
        self.is_begun = True
        self._handlers.begun()

    def on_url(self, url: bytes) -> None:
        self._url += url
        self._count(url, MAX_HEADERS)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._has_headers:  # a trailer, after the body, is ignored
            self._headers.append((name.decode("latin-1"), value.decode("latin-1")))
            if len(self._headers) > MAX_FIELDS:
                raise RefusedRequestError(431)
        self._count(name + value, MAX_HEADERS)

    def on_headers_complete(self) -> None:
        self._size = self._unparsed = 0
        self._has_headers = True
        if status := self._refusal_of_headers():
            raise RefusedRequestError(status)
        if any(name.lower() == "expect" and value.lower() == "100-continue" for name, value in self._headers):
            self._handlers.expects_continue()

    def on_body(self, body: bytes) -> None:
        self._count(body, MAX_BODY)
        self.body += body
        if len(self.body) > MAX_HEADERS and self._handlers.is_memory_full():
            raise RefusedRequestError(503)

    def on_message_complete(self) -> None:
        self._unparsed = 0
        url = httptools.parse_url(self._url)
        if url.userinfo or url.schema not in (None, b"http", b"https"):
            raise RefusedRequestError(400)
        headers = tuple(self._headers)
        request = Request(
            self._parser.get_method().decode("ascii"),
            url.host.decode("ascii") if url.host else _PORT.sub("", find_header(headers, "host") or ""),
            (url.path or b"/").decode("ascii"),
            (url.query or b"").decode("ascii"),
            headers,
            bytes(self.body),
        )
        keep_alive = self._parser.should_keep_alive() and not self._parser.should_upgrade()
        self._handlers.received(request, keep_alive)
        self.discard_request()

    def _refusal_of_headers(self) -> int | None:
        """The status that refuses headers that httptools accepts; None if they are accepted here, too."""
        version = self._parser.get_http_version()
        hosts = self._values("host")
        lengths, codings = self._values("content-length"), self._values("transfer-encoding")
        if version not in ("1.0", "1.1"):
            return 505
        if len(hosts) > 1 or (not hosts and version == "1.1") or not all(map(_HOST.fullmatch, hosts)):
            return 400
        if codings and (version == "1.0" or codings[0].lower() != "chunked"):
            return 501  # a transfer coding that isn't decoded here
        return 413 if any(int(length) > MAX_BODY for length in lengths) else None

    def _values(self, name: str) -> list[str]:
        return [value for key, value in self._headers if key.lower() == name]

    def _count(self, data: bytes, limit: int) -> None:
        self._unparsed = 0
        self._size += len(data)
        if self._size > limit:
            raise RefusedRequestError(413)


def write_response(response: Response, *, keep_alive: bool, with_body: bool = True) -> bytes:
    """The bytes of a response. with_body: False for the response to HEAD, whose Content-Length stays."""
    phrase = HTTPStatus(response.status).phrase if response.status in _STATUSES else ""
    lines = [f"HTTP/1.1 {response.status} {phrase}"]
    lines += [f"{name}: {value}" for name, value in response.headers]
    if response.header("content-length") is None:
        lines += [f"Content-Length: {len(response.body)}"]
    lines += [] if keep_alive else ["Connection: close"]
    body = response.body if with_body else b""
    return "\r\n".join([*lines, "", ""]).encode("latin-1", errors="replace") + body

"""A plain HTTP endpoint that serves a `Player`: asyncio, with httptools to parse. It never opens a connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http import HTTPStatus

import httptools

from awstape.core.wire import Request, Response
from awstape.errors import UserError

MAX_BODY = 16 * 1024 * 1024
MAX_HEADERS = 64 * 1024

Answer = Callable[[Request], Response]


@asynccontextmanager
async def serving(answer: Answer, host: str, port: int) -> AsyncIterator[tuple[str, int]]:
    """Runs an endpoint; yields its address. Raises UserError if it can't listen."""
    loop = asyncio.get_running_loop()
    connections: set[_Connection] = set()
    try:
        server = await loop.create_server(lambda: _Connection(answer, connections), host, port)
    except OSError as error:
        raise UserError(f"can't listen on {host}:{port}: {error.strerror}", "choose another --port") from None
    try:
        address = server.sockets[0].getsockname()
        yield address[0], address[1]
    finally:
        server.close()
        for connection in list(connections):
            connection.close()
        await server.wait_closed()


class _Connection(asyncio.Protocol):
    """One client's connection; the `on_` methods are httptools' callbacks."""

    def __init__(self, answer: Answer, connections: set[_Connection]) -> None:
        self._answer = answer
        self._connections = connections
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self.on_message_begin()

    # --- asyncio ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except _TooLargeError:
            self._refuse(413)
        except httptools.HttpParserUpgrade:
            self._refuse(501)
        except (httptools.HttpParserError, UnicodeDecodeError):
            self._refuse(400)

    def close(self) -> None:
        if self._transport:
            self._transport.close()

    # --- httptools ---

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers: list[tuple[str, str]] = []
        self._body = b""
        self._size = 0

    def on_url(self, url: bytes) -> None:
        self._url += url
        self._count(url, MAX_HEADERS)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode("latin-1"), value.decode("latin-1")))
        self._count(name + value, MAX_HEADERS)

    def on_headers_complete(self) -> None:
        self._size = 0
        if any(name.lower() == "expect" and value.lower() == "100-continue" for name, value in self._headers):
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._count(body, MAX_BODY)
        self._body += body

    def on_message_complete(self) -> None:
        url = httptools.parse_url(self._url)
        headers = tuple(self._headers)
        named = url.host.decode("ascii") if url.host else next((v for k, v in headers if k.lower() == "host"), "")
        request = Request(
            self._parser.get_method().decode("ascii"),
            named.rpartition(":")[0] if named.rpartition(":")[2].isdigit() else named,
            (url.path or b"/").decode("ascii"),
            (url.query or b"").decode("ascii"),
            headers,
            self._body,
        )
        self._respond(self._answer(request), keep_alive=self._parser.should_keep_alive())

    # --- writing ---

    def _respond(self, response: Response, *, keep_alive: bool) -> None:
        phrase = HTTPStatus(response.status).phrase if response.status in _STATUSES else ""
        lines = [f"HTTP/1.1 {response.status} {phrase}"]
        lines += [f"{name}: {value}" for name, value in response.headers]
        lines += [f"Content-Length: {len(response.body)}"]
        lines += [] if keep_alive else ["Connection: close"]
        self._write("\r\n".join([*lines, "", ""]).encode("latin-1", errors="replace") + response.body)
        if not keep_alive:
            self.close()

    def _refuse(self, status: int) -> None:
        self._respond(Response(status), keep_alive=False)

    def _write(self, data: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(data)

    def _count(self, data: bytes, limit: int) -> None:
        self._size += len(data)
        if self._size > limit:
            raise _TooLargeError


class _TooLargeError(Exception):
    """A request beyond the limits."""


_STATUSES = frozenset(status.value for status in HTTPStatus)

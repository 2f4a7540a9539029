"""A plain HTTP endpoint that serves a `Player`: asyncio, with httptools to parse. It never opens a connection."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus

import httptools

from awstape.core.wire import Reply, Request, Response, find_header
from awstape.errors import UserError, place_of

MAX_BODY = 16 * 1024 * 1024
MAX_HEADERS = 64 * 1024

Answer = Callable[[Request], Reply]


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
            connection.end()
        await server.wait_closed()


class _Connection(asyncio.Protocol):
    """One client's connection; the `on_` methods are httptools' callbacks.

    What it keeps of a client is bounded: a request by MAX_HEADERS and MAX_BODY, answers by the transport's buffer,
    since a client that doesn't read its answers isn't read from; nor is one that waits for a slow answer.
    """

    def __init__(self, answer: Answer, connections: set[_Connection]) -> None:
        self._answer = answer
        self._connections = connections
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._refused = False  # what still comes is ignored
        self._is_full = False  # what is written isn't taken
        self._waiting: deque[_Answer] = deque()  # a slow answer, and those behind it
        self._unparsed = 0  # bytes since the parser last called back
        self.on_message_begin()

    # --- asyncio ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        try:
            self._unparsed += len(data)
            self._parser.feed_data(data)
            if self._unparsed > MAX_HEADERS:
                self._refuse(413)
        except httptools.HttpParserUpgrade:
            self._refused = True  # the request was answered, as the last one: HTTP/1.1 is all there is
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__
            if isinstance(cause, _TooLargeError):
                self._refuse(413)
            elif isinstance(cause, httptools.HttpParserError):
                self._refuse(400)
            else:
                self._refuse(500)
                # To raise it would end the connection, with answers that still wait.
                told = f"a request was not answered: {place_of(cause or error)}; please report this"
                asyncio.get_running_loop().call_exception_handler({"message": told})
        except httptools.HttpParserError:
            self._refuse(400)

    def pause_writing(self) -> None:
        self._is_full = True
        self._regulate()

    def resume_writing(self) -> None:
        self._is_full = False
        self._regulate()

    def _regulate(self) -> None:
        """Reads on only while what was read can be answered."""
        if self._transport and not self._transport.is_closing():
            is_read = self._transport.is_reading()
            if is_read and (self._is_full or self._waiting):
                self._transport.pause_reading()
            elif not is_read and not self._is_full and not self._waiting:
                self._transport.resume_reading()

    def close(self) -> None:
        if self._transport:
            self._transport.close()

    def end(self) -> None:
        """Closes the connection without waiting for a client that doesn't read its answer."""
        if self._transport and self._transport.get_write_buffer_size():
            self._transport.abort()
        self.close()

    # --- httptools ---

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers: list[tuple[str, str]] = []
        self._body = bytearray()
        self._size = 0

    def on_url(self, url: bytes) -> None:
        self._url += url
        self._count(url, MAX_HEADERS)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode("latin-1"), value.decode("latin-1")))
        self._count(name + value, MAX_HEADERS)

    def on_headers_complete(self) -> None:
        self._size = self._unparsed = 0
        if any(name.lower() == "expect" and value.lower() == "100-continue" for name, value in self._headers):
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._count(body, MAX_BODY)
        self._body += body

    def on_message_complete(self) -> None:
        if self._refused:
            return
        self._unparsed = 0
        url = httptools.parse_url(self._url)
        headers = tuple(self._headers)
        request = Request(
            self._parser.get_method().decode("ascii"),
            url.host.decode("ascii") if url.host else _PORT.sub("", find_header(headers, "host") or ""),
            (url.path or b"/").decode("ascii"),
            (url.query or b"").decode("ascii"),
            headers,
            bytes(self._body),
        )
        keep_alive = self._parser.should_keep_alive() and not self._parser.should_upgrade()
        reply = self._answer(request)
        self._refused = reply.response is None  # what was sent behind it is not even asked
        self._answer_in_turn(_Answer(reply, keep_alive, with_body=request.method != "HEAD"))

    # --- writing ---

    def _answer_in_turn(self, answer: _Answer) -> None:
        self._waiting.append(answer)
        if len(self._waiting) == 1:
            self._give()

    def _give(self) -> None:
        """Gives the answers whose turn it is, up to a slow one."""
        while self._waiting:
            if delay := self._waiting[0].reply.delay:
                asyncio.get_running_loop().call_later(delay, self._give_slow)
                break
            self._write_answer(self._waiting.popleft())
        self._regulate()

    def _give_slow(self) -> None:
        self._write_answer(self._waiting.popleft())
        self._give()

    def _write_answer(self, answer: _Answer) -> None:
        if answer.reply.response is not None:
            self._respond(answer.reply.response, keep_alive=answer.keep_alive, with_body=answer.with_body)
        if answer.is_refusal:  # what still comes is read, for a reset would take the refusal away
            if self._transport and not self._transport.is_closing():
                self._transport.write_eof()
        elif answer.reply.response is None or not answer.keep_alive:
            self._waiting.clear()
            self.close()

    def _respond(self, response: Response, *, keep_alive: bool, with_body: bool = True) -> None:
        phrase = HTTPStatus(response.status).phrase if response.status in _STATUSES else ""
        lines = [f"HTTP/1.1 {response.status} {phrase}"]
        lines += [f"{name}: {value}" for name, value in response.headers]
        lines += [f"Content-Length: {len(response.body)}"]
        lines += [] if keep_alive else ["Connection: close"]
        body = response.body if with_body else b""
        self._write("\r\n".join([*lines, "", ""]).encode("latin-1", errors="replace") + body)

    def _refuse(self, status: int) -> None:
        """The last answer on this connection."""
        self._refused = True
        self._answer_in_turn(_Answer(Reply(Response(status)), keep_alive=False, with_body=True, is_refusal=True))

    def _write(self, data: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(data)

    def _count(self, data: bytes, limit: int) -> None:
        self._unparsed = 0
        self._size += len(data)
        if self._size > limit:
            raise _TooLargeError


@dataclass(frozen=True)
class _Answer:
    """A reply, and how it is to be written."""

    reply: Reply
    keep_alive: bool
    with_body: bool
    is_refusal: bool = False


class _TooLargeError(Exception):
    """A request beyond the limits."""


_PORT = re.compile(r":\d*$", re.ASCII)
_STATUSES = frozenset(status.value for status in HTTPStatus)

"""A plain HTTP endpoint that serves a `Player`: asyncio, with httptools to parse. It never opens a connection.

1. What it keeps of a client is bounded: a request by MAX_HEADERS, MAX_FIELDS and MAX_BODY, the bodies of all clients
   by MAX_HELD. A request is asked when its turn comes: not before the answers ahead of it are given and taken, and
   until then no more is read. So no client can make answers pile up.
2. There are at most MAX_CONNECTIONS. Beyond, the one that has been idle for longest makes room; where none is idle,
   the new one gets a 503.
3. A client has REQUEST_TIME to send what it began and ANSWER_TIME to take what it asked for. A connection that is idle
   is kept for IDLE_TIME: botocore looks whether a pooled one was closed before it sends on it, and if it was closed
   in that moment, tries again.
4. What is no HTTP/1.1, or could be read in two ways, is refused, and the connection with it.
5. It ends in good order: it takes no new connection, answers what has come, for at most DRAIN_TIME, and hangs up.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus

import httptools

from awstape.core.aws.wire import MAX_BODY, Reply, Request, Response, find_header
from awstape.errors import UserError, bug_location

MAX_HELD = 64 * 1024 * 1024
MAX_HEADERS = 64 * 1024
MAX_FIELDS = 100
MAX_CONNECTIONS = 500
REQUEST_TIME = 60.0  # seconds, as all times
ANSWER_TIME = 120.0
IDLE_TIME = 120.0
LINGER_TIME = 5.0
DRAIN_TIME = 5.0
_LOOK_EVERY = 1.0

Answer = Callable[[Request], Reply]


@asynccontextmanager
async def serving(answer: Answer, host: str, port: int) -> AsyncIterator[tuple[str, int]]:
    """Runs an endpoint; yields its address. Raises UserError if it can't listen.

    Cancelled while it ends, it ends at once.
    """
    loop = asyncio.get_running_loop()
    serving = _Serving(answer)
    try:
        server = await loop.create_server(lambda: _Connection(serving), host, port)
    except OSError as error:
        reason = os.strerror(error.errno or 0)  # asyncio's own text says where once more
        raise UserError(f"can't listen on {host}:{port}: {reason}", "choose another --port") from None
    looking = asyncio.create_task(serving.look_at_times())
    try:
        address = server.sockets[0].getsockname()
        yield address[0], address[1]
    finally:
        server.close()
        with suppress(asyncio.CancelledError):
            await serving.drain()
        looking.cancel()
        for connection in list(serving.connections):
            connection.end()
        await server.wait_closed()


@dataclass
class _Serving:
    """What the connections of an endpoint share."""

    answer: Answer
    connections: set[_Connection] = field(default_factory=set)
    is_ending: bool = False
    all_closed: asyncio.Event = field(default_factory=asyncio.Event)

    def held(self) -> int:
        return sum(len(connection.body) for connection in self.connections)

    def make_room(self) -> bool:
        """Whether one connection more may come; an idle one goes for it."""
        if len(self.connections) < MAX_CONNECTIONS:
            return True
        idle = [connection for connection in self.connections if connection.is_idle]
        if idle:
            min(idle, key=lambda connection: connection.since).end()
        return bool(idle)

    async def look_at_times(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            now = asyncio.get_running_loop().time()
            for connection in list(self.connections):
                connection.look_at_time(now)

    async def drain(self) -> None:
        """Lets what was asked be answered."""
        self.is_ending = True
        for _ in range(3):  # what has come is read
            await asyncio.sleep(0)
        for connection in list(self.connections):
            connection.end_in_order()
        if self.connections:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.all_closed.wait(), DRAIN_TIME)


class _Connection(asyncio.Protocol):
    """One client's connection; the `on_` methods are httptools' callbacks. `since`: when its state began."""

    def __init__(self, serving: _Serving) -> None:
        self._serving = serving
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._refused = False  # what still comes is ignored
        self._lingers = False  # the refusal is written, and what still comes is read
        self._is_full = False  # what is written isn't taken
        self._waiting: deque[_Turn] = deque()
        self._slow: asyncio.TimerHandle | None = None  # the answer that is waited for
        self._unparsed = 0  # bytes since the parser last called back
        self.since = self._loop.time()
        self._forget_request()

    # --- asyncio ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self._serving.make_room():
            self._serving.connections.add(self)
        else:
            self._refused = True
            self._respond(Response(503), keep_alive=False)
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._refused = True
        self._forget_request()
        self._waiting.clear()
        if self._slow:
            self._slow.cancel()
        self._serving.connections.discard(self)
        if self._serving.is_ending and not self._serving.connections:
            self._serving.all_closed.set()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        try:
            self._unparsed += len(data)
            self._parser.feed_data(data)
            if self._unparsed > MAX_HEADERS:
                self._refuse(413)
        except httptools.HttpParserUpgrade:
            self._refused = True  # the request is answered, as the last one: HTTP/1.1 is all there is
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__
            self._refuse(cause.status if isinstance(cause, _RefusedError) else 400)
        except httptools.HttpParserError:
            self._refuse(400)
        self._give()

    def pause_writing(self) -> None:
        self._is_full = True
        self._regulate()

    def resume_writing(self) -> None:
        self._is_full = False
        self._give()

    def close(self) -> None:
        if self._transport:
            self._transport.close()

    # --- its end ---

    @property
    def is_idle(self) -> bool:
        return not (self._is_begun or self._waiting or self._slow or self._lingers or self._is_writing)

    @property
    def _is_writing(self) -> bool:
        return self._transport is not None and self._transport.get_write_buffer_size() > 0

    def end(self) -> None:
        """Closes the connection without waiting for a client that doesn't read its answer."""
        if self._transport and self._is_writing:
            self._transport.abort()
        self.close()

    def end_in_order(self) -> None:
        """Closes it when it has answered, or at once where there is nothing to answer in time."""
        never = self._slow is not None and self._slow.when() > self._loop.time() + DRAIN_TIME
        if never or self._lingers or self.is_idle:
            self.end()

    def look_at_time(self, now: float) -> None:
        """Ends the connection if its client had time enough."""
        if self._lingers:
            limit = LINGER_TIME
        elif self._is_writing:
            limit = ANSWER_TIME
        elif self._waiting or self._slow:
            return
        else:
            limit = REQUEST_TIME if self._is_begun else IDLE_TIME
        if now - self.since > limit:
            if self._is_begun and not self._refused and not self._is_writing:
                self._refuse(408)
                self._give()
            else:
                self.end()

    # --- httptools ---

    def _forget_request(self) -> None:
        self._is_begun = self._has_headers = False
        self._url = b""
        self._headers: list[tuple[str, str]] = []
        self.body = bytearray()
        self._size = 0

    def on_message_begin(self) -> None:
        self._forget_request()
        self._is_begun = True
        self.since = self._loop.time()

    def on_url(self, url: bytes) -> None:
        self._url += url
        self._count(url, MAX_HEADERS)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._has_headers:  # else it is a trailer, which nothing may be told by
            self._headers.append((name.decode("latin-1"), value.decode("latin-1")))
            if len(self._headers) > MAX_FIELDS:
                raise _RefusedError(431)
        self._count(name + value, MAX_HEADERS)

    def on_headers_complete(self) -> None:
        self._size = self._unparsed = 0
        self._has_headers = True
        if status := self._fault_of_headers():
            raise _RefusedError(status)
        if any(name.lower() == "expect" and value.lower() == "100-continue" for name, value in self._headers):
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _fault_of_headers(self) -> int | None:
        """The status that refuses what the parser lets pass."""
        version = self._parser.get_http_version()
        hosts = self._values("host")
        lengths, codings = self._values("content-length"), self._values("transfer-encoding")
        if version not in ("1.0", "1.1"):
            return 505
        if len(hosts) > 1 or (not hosts and version == "1.1") or not all(map(_HOST.fullmatch, hosts)):
            return 400
        if codings and (version == "1.0" or codings[0].lower() != "chunked"):
            return 501  # a coding that nobody here undoes
        return 413 if any(int(length) > MAX_BODY for length in lengths) else None

    def _values(self, name: str) -> list[str]:
        return [value for key, value in self._headers if key.lower() == name]

    def on_body(self, body: bytes) -> None:
        self._count(body, MAX_BODY)
        self.body += body
        if len(self.body) > MAX_HEADERS and self._serving.held() > MAX_HELD:
            raise _RefusedError(503)

    def on_message_complete(self) -> None:
        if self._refused:
            return
        self._unparsed = 0
        url = httptools.parse_url(self._url)
        if url.userinfo or url.schema not in (None, b"http", b"https"):
            raise _RefusedError(400)
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
        self._waiting.append(_Turn(request, keep_alive=keep_alive))
        self._forget_request()

    def _count(self, data: bytes, limit: int) -> None:
        self._unparsed = 0
        self._size += len(data)
        if self._size > limit:
            raise _RefusedError(413)

    # --- answers ---

    def _give(self) -> None:
        """Asks and answers whose turn it is, up to a slow answer or one that the client doesn't take."""
        while self._waiting and not self._slow and not self._is_full:
            turn, reply = self._ask(self._waiting.popleft())
            if reply.delay:
                self._slow = self._loop.call_later(reply.delay, self._give_slow, turn, reply)
            else:
                self._write_reply(turn, reply)
        self._regulate()

    def _ask(self, turn: _Turn) -> tuple[_Turn, Reply]:
        """A turn and its reply; a failure of ours makes a refusal of it."""
        if turn.request is not None:
            try:
                return turn, self._serving.answer(turn.request)
            except Exception as error:  # to raise it would only end the connection
                told = f"a request was not answered: {bug_location(error)}; please report this"
                self._loop.call_exception_handler({"message": told})
                turn = _Turn(None, 500)
        return turn, Reply(Response(turn.status))

    def _give_slow(self, turn: _Turn, reply: Reply) -> None:
        self._slow = None
        self._write_reply(turn, reply)
        self._give()

    def _write_reply(self, turn: _Turn, reply: Reply) -> None:
        self.since = self._loop.time()
        is_last = not turn.keep_alive or (self._serving.is_ending and not self._waiting) or reply.response is None
        if reply.response is not None:
            with_body = turn.request is None or turn.request.method != "HEAD"
            self._respond(reply.response, keep_alive=not is_last, with_body=with_body)
        if is_last:
            self._refused = True
            self._waiting.clear()  # what was sent behind it is not even asked
            self._lingers = turn.request is None  # what still comes is read, for a reset would take the refusal away
            if not self._lingers:
                self.close()
            elif self._transport and not self._transport.is_closing():
                self._transport.write_eof()

    def _respond(self, response: Response, *, keep_alive: bool, with_body: bool = True) -> None:
        phrase = HTTPStatus(response.status).phrase if response.status in _STATUSES else ""
        lines = [f"HTTP/1.1 {response.status} {phrase}"]
        lines += [f"{name}: {value}" for name, value in response.headers]
        lines += [f"Content-Length: {len(response.body)}"]
        lines += [] if keep_alive else ["Connection: close"]
        body = response.body if with_body else b""
        self._write("\r\n".join([*lines, "", ""]).encode("latin-1", errors="replace") + body)

    def _refuse(self, status: int) -> None:
        """The last answer on this connection, when its turn comes."""
        self._refused = True
        self._forget_request()
        self._waiting.append(_Turn(None, status))

    def _write(self, data: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(data)

    def _regulate(self) -> None:
        """Reads on only while what was read can be answered."""
        if self._transport and not self._transport.is_closing():
            is_read, may_read = self._transport.is_reading(), not (self._is_full or self._waiting or self._slow)
            if is_read and not may_read:
                self._transport.pause_reading()
            elif may_read and not is_read:
                self._transport.resume_reading()


@dataclass(frozen=True)
class _Turn:
    """What is answered in turn: a request, or something that is refused with a status."""

    request: Request | None
    status: int = 0
    keep_alive: bool = False


class _RefusedError(Exception):
    """A request that the parser takes and the endpoint does not."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


#: RFC 9112, 3.2: a request has one Host, and it is a name or an address with a port or without, or nothing.
_HOST = re.compile(r"(?:\[[\da-f:.]+(?:%[\w.%-]+)?\]|[\w.~-]*)(?::\d{0,5})?", re.ASCII | re.IGNORECASE)
_PORT = re.compile(r":\d*$", re.ASCII)
_STATUSES = frozenset(status.value for status in HTTPStatus)

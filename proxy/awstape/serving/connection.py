"""One client's connection to the endpoint: a state machine between its requests and their responses.

1. Requests are answered in order. A request is handled when its turn comes: once the responses before it were given
   out and the client has taken them. Until then nothing more is read, so that no client can make responses pile up.
   A reply may be a future one, which another process makes (`serving.workers`).
2. Each state (`State`) has a time limit. A client has REQUEST_TIME to send a request that it began, and ANSWER_TIME to
   take a response. An idle connection is kept for IDLE_TIME: botocore checks whether a pooled connection was closed
   before it sends on it, and retries if it was closed in that moment.
3. After a refusal the connection lingers for LINGER_TIME: what still arrives is discarded, because closing the socket
   with unread data would reset the connection, and the client might lose the refusal.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import NamedTuple, Protocol, cast

from awstape.core.aws.wire import Reply, Request, Response
from awstape.core.replay.known_replies import KnownReplies
from awstape.errors import UserError, bug_location
from awstape.serving.http1 import RefusedRequestError, RequestHandlers, RequestParser, write_response
from awstape.serving.known_requests import KnownRequests

REQUEST_TIME = 60.0  # seconds, as all times
ANSWER_TIME = 120.0
IDLE_TIME = 120.0
LINGER_TIME = 5.0


class State(Enum):
    """The states of a connection."""

    IDLE = "no request has begun, and no response is due"
    RECEIVING = "part of a request has arrived"
    ANSWERING = "a response is due: a request waits for its turn or its reply, or a reply for its delay"
    SENDING = "the client has not yet taken all that was sent"
    LINGERING = "a refusal was sent and our side is closed; what still arrives is discarded"


class Server(Protocol):
    """What a connection needs of its endpoint.

    is_ending: whether no further connections are accepted. known: the requests that it knows.
    """

    is_ending: bool
    known: KnownReplies[bytes]

    def answer(self, request: Request, /) -> Reply | asyncio.Future[Reply]:
        """Answers a request, at once or later."""

    def admit(self, connection: Connection, /) -> bool:
        """Adds a new connection; returns False if there are too many."""

    def remove(self, connection: Connection, /) -> None:
        """Removes a connection that was lost."""

    def is_memory_full(self) -> bool:
        """Whether the bodies of all connections take too much memory."""


class _Turn(NamedTuple):
    """What is answered next: a request, or with None a refusal with a status.

    key: that of a request that arrived alone (`serving.known_requests`).
    """

    request: Request | None
    status: int = 0
    keep_alive: bool = False
    key: bytes | None = None


class Connection(asyncio.Protocol):
    """A client's connection. since: the loop's time at which its state began."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._parser = RequestParser(
            RequestHandlers(self._request_begun, self._send_continue, self._add_turn, server.is_memory_full)
        )
        self._known = KnownRequests(server.known)
        self._accepts_input = True
        self._is_lingering = False
        self._is_full = False  # the transport's write buffer
        self._turns: deque[_Turn] = deque()
        self._is_clear = True  # whether nothing else has arrived or is due, and more may follow
        self._is_continued = False  # whether the request got a `100 Continue`
        self._asked: asyncio.Future[Reply] | None = None  # the reply that another process makes
        self._delayed: asyncio.TimerHandle | None = None  # the reply that waits for its delay
        self.since = self._loop.time()

    @property
    def state(self) -> State:
        if self._is_lingering:
            return State.LINGERING
        if self._transport is not None and self._transport.get_write_buffer_size() > 0:
            return State.SENDING
        if self._turns or self._is_waiting:
            return State.ANSWERING
        return State.RECEIVING if self._parser.is_begun else State.IDLE

    @property
    def delay(self) -> float | None:
        """The seconds until the reply that waits for its delay; None if none does."""
        return max(0.0, self._delayed.when() - self._loop.time()) if self._delayed else None

    @property
    def _is_waiting(self) -> bool:
        return self._asked is not None or self._delayed is not None

    @property
    def is_idle(self) -> bool:
        return self.state is State.IDLE

    @property
    def held_bytes(self) -> int:
        """The memory that the body of an incomplete request takes."""
        return len(self._parser.body)

    # --- asyncio's callbacks ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are of another class
        self._send = self._transport.write
        if not self._server.admit(self):
            self._accepts_input = self._is_clear = False
            self._write(write_response(Response(503), keep_alive=False))
            self._close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._accepts_input = self._is_clear = False
        self._parser.discard_request()
        self._turns.clear()
        if self._asked:
            self._asked.cancel()
        if self._delayed:
            self._delayed.cancel()
        self._server.remove(self)

    def data_received(self, data: bytes) -> None:
        key = None
        if self._is_clear and not self._server.is_ending:
            if response := self._known.serve_again(data):
                self.since = self._loop.time()
                self._send(response)
                return
            key = self._known.key
        if not self._accepts_input:
            return
        self._is_clear = False
        try:
            if not self._parser.feed(data):
                self._accepts_input = False
        except RefusedRequestError as error:
            self._refuse(error.status)
        if len(self._turns) == 1 and self._parser.is_between_requests and not self._is_continued:
            self._turns[0] = self._turns[0]._replace(key=key)
        self._take_turns()

    def pause_writing(self) -> None:
        self._is_full = True
        self._update_reading()

    def resume_writing(self) -> None:
        self._is_full = False
        self._take_turns()

    # --- closing ---

    def close_now(self) -> None:
        """Closes the connection without waiting for a client that doesn't take its response."""
        if self._transport and self._transport.get_write_buffer_size() > 0:
            self._transport.abort()
        self._close()

    def finish(self, within: float) -> None:
        """Lets the connection close once it has answered; closes it now if no response is due `within` some seconds."""
        is_too_late = self._delayed is not None and self._delayed.when() > self._loop.time() + within
        if is_too_late or self.state in (State.LINGERING, State.IDLE):
            self.close_now()

    def check_time_limit(self, now: float) -> None:
        """Closes the connection, or refuses its request, if its state has exceeded the time limit."""
        limits = {
            State.IDLE: IDLE_TIME,
            State.RECEIVING: REQUEST_TIME,
            State.SENDING: ANSWER_TIME,
            State.LINGERING: LINGER_TIME,
        }
        state = self.state
        if state not in limits or now - self.since <= limits[state]:
            return
        if state is State.RECEIVING and self._accepts_input:
            self._refuse(408)
            self._take_turns()
        else:
            self.close_now()

    def _close(self) -> None:
        if self._transport:
            self._transport.close()

    # --- the parser's callbacks ---

    def _request_begun(self) -> None:
        self.since = self._loop.time()
        self._is_continued = False

    def _send_continue(self) -> None:
        self._is_continued = True
        self._write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _add_turn(self, request: Request, keep_alive: bool) -> None:
        self._turns.append(_Turn(request, keep_alive=keep_alive))

    def _refuse(self, status: int) -> None:
        """Adds a refusal as the last response of this connection."""
        self._accepts_input = False
        self._parser.discard_request()
        self._turns.append(_Turn(None, status))

    # --- responses ---

    def _take_turns(self) -> None:
        """Answers requests in order, up to a delayed reply or a response that the client doesn't take."""
        while self._turns and not self._is_waiting and not self._is_full:
            turn = self._turns.popleft()
            self._answer(turn, partial(self._server.answer, turn.request) if turn.request else None)
        self._update_reading()

    def _answer(self, turn: _Turn, answer: Callable[[], Reply | asyncio.Future[Reply]] | None) -> None:
        """Sends a reply, or waits for it. answer: makes it, None for a refusal; a bug of ours becomes a refusal."""
        reply: Reply | asyncio.Future[Reply] | None = None
        try:
            reply = answer() if answer else None
        except UserError as error:
            self._report(f"{error.problem}; {error.tip}")
            turn = _Turn(None, 500)
        except Exception as error:  # raising it would only close the connection
            self._report(f"{bug_location(error)}; please report this")
            turn = _Turn(None, 500)
        if isinstance(reply, asyncio.Future):
            self._asked = reply
            reply.add_done_callback(partial(self._take_asked, turn))
            return
        reply = reply or Reply(Response(turn.status))
        if reply.delay:
            self._delayed = self._loop.call_later(reply.delay, self._send_delayed, turn, reply)
        else:
            self._send_reply(turn, reply)

    def _report(self, reason: str) -> None:
        self._loop.call_exception_handler({"message": f"a request was not answered: {reason}"})

    def _take_asked(self, turn: _Turn, reply: asyncio.Future[Reply]) -> None:
        self._asked = None
        if not reply.cancelled():
            self._answer(turn, reply.result)
            self._take_turns()

    def _send_delayed(self, turn: _Turn, reply: Reply) -> None:
        self._delayed = None
        self._send_reply(turn, reply)
        self._take_turns()

    def _send_reply(self, turn: _Turn, reply: Reply) -> None:
        self.since = self._loop.time()
        is_last = not turn.keep_alive or (self._server.is_ending and not self._turns) or reply.response is None
        if reply.response is not None:
            with_body = turn.request is None or turn.request.method != "HEAD"
            response = write_response(reply.response, keep_alive=not is_last, with_body=with_body)
            self._write(response)
            if turn.key and reply.serve_again and self._accepts_input and not is_last:
                self._server.known.add(turn.key, response, len(response), reply.serve_again)
        if is_last:
            self._accepts_input = False
            self._turns.clear()  # requests that were pipelined behind it are never handled
            self._is_lingering = turn.request is None
            if not self._is_lingering:
                self._close()
            elif self._transport and not self._transport.is_closing():
                self._transport.write_eof()

    def _write(self, data: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(data)

    def _update_reading(self) -> None:
        """Pauses reading while requests wait for their response, and resumes it afterwards."""
        may_read = not (self._is_full or self._turns or self._is_waiting)
        self._is_clear = may_read and self._accepts_input and self._parser.is_between_requests
        if self._transport and not self._transport.is_closing():
            is_reading = self._transport.is_reading()
            if is_reading and not may_read:
                self._transport.pause_reading()
            elif may_read and not is_reading:
                self._transport.resume_reading()

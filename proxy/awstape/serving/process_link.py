"""Questions and answers between two processes of one replay, over a pair of sockets that they got by a fork.

1. Either side asks whenever it likes; answers come in any order, each to its question. A question is a value that
   pickle knows: both ends belong to the same program, and nobody else can write to the sockets.
2. An answer is what `handle` returns. A UserError that it raises is raised on the asking side; any other error is a bug
   and becomes a UserError that says where.
3. Once the other side has ended, every question that waits, and every later one, fails with `Link.error`.
"""

from __future__ import annotations

import asyncio
import pickle
import socket
from collections.abc import Awaitable, Callable
from typing import Any, cast

from awstape.errors import UserError, bug_location

_SIZE = 8  # bytes of the size that comes before each message

Handle = Callable[[Any], Awaitable[object]]
"""question → answer"""


class Link(asyncio.Protocol):
    """One side of the connection of two processes. error: what questions fail with once the other side has ended."""

    def __init__(self, handle: Handle, ended: Callable[[], None]) -> None:
        """handle: answers a question. ended: called once the other side has ended."""
        self.error = UserError("another process of the replay has ended", "start the replay again")
        self._handle, self._ended = handle, ended
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._asked = 0
        self._handling: set[asyncio.Task[None]] = set()

    async def open(self, connection: socket.socket) -> None:
        """Begins to exchange messages over a connected socket."""
        await self._loop.create_unix_connection(lambda: self, sock=connection)

    def ask(self, question: object) -> asyncio.Future[Any]:
        """The answer to a question, when it comes. Fails with a UserError."""
        answer: asyncio.Future[Any] = self._loop.create_future()
        if self._transport is None or self._transport.is_closing():
            answer.set_exception(self.error)
            return answer
        self._asked += 1
        self._waiting[self._asked] = answer
        self._send(self._asked, True, question)
        return answer

    def close(self) -> None:
        """Ends the exchange."""
        if self._transport:
            self._transport.close()

    # --- asyncio's callbacks ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while len(self._received) >= _SIZE:
            end = _SIZE + int.from_bytes(self._received[:_SIZE], "big")
            if len(self._received) < end:
                return
            number, is_question, value = pickle.loads(self._received[_SIZE:end])
            del self._received[:end]
            if is_question:
                task = self._loop.create_task(self._answer(number, value))
                self._handling.add(task)
                task.add_done_callback(self._handling.discard)
            else:
                self._take_answer(number, value)

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(self.error)
        self._waiting.clear()

    # --- messages ---

    async def _answer(self, number: int, question: object) -> None:
        answer: object
        try:
            answer = await self._handle(question)
        except UserError as error:
            answer = error
        except Exception as error:
            answer = UserError(f"a bug in awstape: {bug_location(error)}", "please report this")
        self._send(number, False, answer)

    def _take_answer(self, number: int, value: object) -> None:
        answer = self._waiting.pop(number)
        if answer.done():  # whoever asked has gone
            return
        if isinstance(value, UserError):
            answer.set_exception(value)
        else:
            answer.set_result(value)

    def _send(self, number: int, is_question: bool, value: object) -> None:
        message = pickle.dumps((number, is_question, value), pickle.HIGHEST_PROTOCOL)
        if self._transport and not self._transport.is_closing():
            self._transport.write(len(message).to_bytes(_SIZE, "big") + message)

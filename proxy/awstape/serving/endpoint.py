"""A plain HTTP endpoint that serves a `Player`, in asyncio. It never opens a connection.

1. Memory is bounded: requests by the limits in `serving.http1`, the bodies of all connections by MAX_HELD.
2. There are at most MAX_CONNECTIONS. A further connection replaces the one that has been idle for longest; if none is
   idle, it gets a 503.
3. Connections have time limits (`serving.connection`), which are checked every second.
4. The endpoint ends in good order: it accepts no new connection, answers the requests that have arrived, for at most
   DRAIN_TIME, and closes the connections.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from awstape.core.aws.wire import Reply, Request
from awstape.core.replay.known_replies import KnownReplies
from awstape.errors import UserError
from awstape.serving.connection import Connection
from awstape.serving.known_requests import MAX_KEPT

MAX_HELD = 64 * 1024 * 1024  # bytes
MAX_CONNECTIONS = 500
DRAIN_TIME = 5.0  # seconds
_CHECK_INTERVAL = 1.0  # seconds

AnswerFunction = Callable[[Request], Reply | asyncio.Future[Reply]]


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on an address; port 0 is any free port. Raises UserError."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        reason = os.strerror(error.errno or 0)  # without the address that Python adds
        raise UserError(f"can't listen on {host}:{port}: {reason}", "choose another --port") from None


@asynccontextmanager
async def serve(
    answer: AnswerFunction, host: str, port: int, known: KnownReplies[bytes] | None = None
) -> AsyncIterator[tuple[str, int]]:
    """Runs an endpoint; yields its address and port. Raises UserError if it can't listen.

    known: the requests that the endpoint knows, None for none so far.
    If the task is cancelled while the endpoint ends, it ends at once.
    """
    loop = asyncio.get_running_loop()
    endpoint = Endpoint(answer, known or KnownReplies(MAX_KEPT))
    server = await loop.create_server(lambda: Connection(endpoint), sock=listen(host, port))
    checking = asyncio.create_task(endpoint.check_time_limits())
    try:
        address = server.sockets[0].getsockname()
        yield address[0], address[1]
    finally:
        server.close()
        with suppress(asyncio.CancelledError):
            await endpoint.drain()
        checking.cancel()
        endpoint.close()
        await server.wait_closed()


class Endpoint:
    """An endpoint with its connections. is_ending: whether no further connections are accepted."""

    def __init__(self, answer: AnswerFunction, known: KnownReplies[bytes]) -> None:
        self.answer = answer
        self.known = known
        self.connections: set[Connection] = set()
        self.is_ending = False
        self._all_closed = asyncio.Event()

    def admit(self, connection: Connection) -> bool:
        """Adds a connection; at the maximum, closes an idle one for it, or returns False if none is idle."""
        if len(self.connections) >= MAX_CONNECTIONS:
            idle = [other for other in self.connections if other.is_idle]
            if not idle:
                return False
            min(idle, key=lambda other: other.since).close_now()
        self.connections.add(connection)
        return True

    def remove(self, connection: Connection) -> None:
        """Removes a connection that was lost."""
        self.connections.discard(connection)
        if self.is_ending and not self.connections:
            self._all_closed.set()

    def is_memory_full(self) -> bool:
        """Whether the bodies of all connections take more than MAX_HELD."""
        return sum(connection.held_bytes for connection in self.connections) > MAX_HELD

    async def check_time_limits(self) -> None:
        """Checks the time limits of all connections, until cancelled."""
        while True:
            await asyncio.sleep(_CHECK_INTERVAL)
            now = asyncio.get_running_loop().time()
            for connection in list(self.connections):
                connection.check_time_limit(now)

    async def drain(self) -> None:
        """Waits until the requests that have arrived are answered."""
        self.is_ending = True
        for _ in range(3):  # lets the loop read what has arrived
            await asyncio.sleep(0)
        for connection in list(self.connections):
            connection.finish(within=DRAIN_TIME)
        if self.connections:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._all_closed.wait(), DRAIN_TIME)

    def close(self) -> None:
        """Closes the connections that are left."""
        for connection in list(self.connections):
            connection.close_now()

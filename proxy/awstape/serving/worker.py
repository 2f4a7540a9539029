"""A worker: one of the processes that answer the requests of one endpoint (`serving.workers` has the rules)."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from dataclasses import dataclass, fields
from typing import NoReturn
from zlib import crc32

from awstape import clock
from awstape.core.aws.wire import Reply, Request
from awstape.core.replay.known_replies import KnownReplies
from awstape.core.replay.sessions import Sessions
from awstape.errors import UserError, bug_location
from awstape.serving import control_api
from awstape.serving.access_control import AccessPolicy
from awstape.serving.connection import Connection
from awstape.serving.control_api import Target
from awstape.serving.endpoint import Endpoint
from awstape.serving.known_requests import MAX_KEPT
from awstape.serving.process_link import Link
from awstape.tape import Tape

# --- what the processes ask each other; a worker asks for the reply to a `Target` ---

#: What another process needs of a reply: nothing that a subclass adds, and no function of this process.
_SENT_OF_REPLY = [each.name for each in fields(Reply) if each.name != "serve_again"]


@dataclass(frozen=True)
class CountsOf:
    """Asks a worker for its `Counts`: of one session, and over all of them."""

    session: str


@dataclass(frozen=True)
class Counts:
    """What a worker has counted. failure: the error since which it answers nothing, None for none."""

    sessions: Sessions
    failure: UserError | None


@dataclass(frozen=True)
class Reset:
    """Asks a worker to restart a session, or with None all of them."""

    session: str | None


@dataclass(frozen=True)
class Drain:
    """Asks a worker to answer the requests that have arrived and to close its connections."""


def owner_of(session: str, count: int) -> int:
    """The number of the worker, of so many, that owns a session."""
    return crc32(session.encode()) % count


@dataclass(frozen=True)
class Sockets:
    """A worker's two sockets to the parent: one for messages, one that brings connections."""

    messages: socket.socket
    connections: socket.socket

    def close(self) -> None:
        self.messages.close()
        self.connections.close()


class Worker:
    """What one worker does. number: it counts from 0 up to `count`."""

    def __init__(self, number: int, count: int, tape: Tape, policy: AccessPolicy, sockets: Sockets) -> None:
        self._number, self._count, self._policy, self._sockets = number, count, policy, sockets
        self._tape = tape.fork()
        self._loop = asyncio.get_running_loop()
        self._endpoint = Endpoint(self._answer, KnownReplies(MAX_KEPT))
        self._has_parent = self._loop.create_future()
        self._parent = Link(self._handle, self._end)
        self._beginning: set[asyncio.Task[object]] = set()

    async def run(self) -> None:
        """Serves until the parent has ended."""
        await self._parent.open(self._sockets.messages)
        self._sockets.connections.setblocking(False)
        self._loop.add_reader(self._sockets.connections, self._take_connections)
        checking = self._loop.create_task(self._endpoint.check_time_limits())
        await self._has_parent
        checking.cancel()

    def _end(self) -> None:
        if not self._has_parent.done():
            self._has_parent.set_result(None)

    def _take_connections(self) -> None:
        """Takes the connections that the parent has passed."""
        while True:
            try:
                data, passed, *_ = socket.recv_fds(self._sockets.connections, 1, 1)
            except BlockingIOError:
                return
            if not data:  # the parent has ended
                self._loop.remove_reader(self._sockets.connections)
                return
            for descriptor in passed:
                connection = socket.socket(fileno=descriptor)
                connection.setblocking(False)
                task: asyncio.Task[object] = self._loop.create_task(
                    self._loop.connect_accepted_socket(lambda: Connection(self._endpoint), connection)
                )
                self._beginning.add(task)
                task.add_done_callback(self._beginning.discard)

    def _answer(self, request: Request) -> Reply | asyncio.Future[Reply]:
        """Answers a request that arrived here: itself, or by asking the parent."""
        if refusal := control_api.refuse(self._policy, request):
            return refusal
        target = control_api.find_target(request)
        if not target.is_control:
            is_own = owner_of(target.session, self._count) == self._number
            if is_own or self._tape.has_same_answer(target.request):
                return self._answer_here(target)
        return self._parent.ask(target)

    def _answer_here(self, target: Target) -> Reply:
        reply = self._tape.answer(target.request, target.session)
        assert reply
        return reply

    async def _handle(self, question: object) -> object:
        """Answers the parent."""
        match question:
            case Target():  # a request that arrived at another worker
                reply = self._answer_here(question)
                return Reply(**{name: getattr(reply, name) for name in _SENT_OF_REPLY})
            case CountsOf(session):
                assert self._tape.player
                return Counts(self._tape.player.sessions.counts(session), self._tape.failure)
            case Reset(session):
                self._tape.reset(session)
            case Drain():
                self._take_connections()
                if self._beginning:
                    await asyncio.wait(self._beginning)
                await self._endpoint.drain()
                self._endpoint.close()
        return None


def run_worker(number: int, count: int, tape: Tape, policy: AccessPolicy, sockets: Sockets) -> NoReturn:
    """Runs a worker in this process, which was forked for it, and ends the process.

    Signals that end a program end the parent, and by that the worker; a terminal or a service manager sends them to
    both.
    """

    async def run() -> None:
        await Worker(number, count, tape, policy, sockets).run()

    status = 1
    try:
        for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(ending, signal.SIG_IGN)
        with asyncio.Runner(loop_factory=clock.fast_event_loop) as runner:
            runner.run(run())
        status = 0
    except BaseException as error:  # nothing may reach the frames of the parent, whose copy this process is
        sys.stderr.write(f"a worker has ended: {bug_location(error)}; please report this\n")
        sys.stderr.flush()
    finally:
        os._exit(status)

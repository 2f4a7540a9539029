"""Several processes that answer the requests of one endpoint: a parent, which listens, and its workers.

1. The workers are forks of the parent, made before anything listens. All have the same cassette, key and rules.
2. Each session, also the one without a name, is owned by one worker, chosen by a hash of its name. Only the owner
   answers what depends on the session's state: takes, faults, and misses, which are counted. So a client sees what it
   would see of one process.
3. A worker answers a request of a session that it does not own only if a page answers it that is the same in every
   state (`Player.has_same_answer`). Any other request it sends through the parent to the owner, and passes its reply
   on.
4. The parent accepts connections. It looks at what has arrived, without taking it, and passes the connection to the
   owner of the session that the first request names. One that names none goes to the workers in turn; so does one that
   sends nothing for LOOK_TIME, or while MAX_LOOKING others send nothing. A wrong guess is harmless, by rule 3; so is a
   connection with requests of several sessions.
5. The endpoint's own paths (`serving.control_api`) are answered by the parent, with the counts of all workers added up;
   a reset is answered once it has reached all of them. The report at the end is made from the same sum.
6. The limits of `core.replay.sessions` and `serving.endpoint` hold for each worker.
7. At the end, the parent accepts no more, and all workers answer what has arrived; only then the first one ends, since
   others may wait for its replies. They tell what they have counted also if they had no time for this. What is left
   after END_TIME is killed.
8. A worker ends when the parent does, however that ends: its socket to the parent is closed then.
9. A worker that dies takes the state of its sessions with it. It is reported at once, and the replay fails at its end.
   Until then requests of these sessions, and the endpoint's own paths, get status 500; everything else goes on.
"""

from __future__ import annotations

import asyncio
import gc
import os
import re
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from itertools import cycle, islice
from typing import Any

from awstape import clock
from awstape.core.replay.sessions import Sessions
from awstape.errors import UserError
from awstape.serving import control_api
from awstape.serving.access_control import AccessPolicy
from awstape.serving.control_api import Target
from awstape.serving.endpoint import DRAIN_TIME, listen
from awstape.serving.process_link import Link
from awstape.serving.worker import Counts, CountsOf, Drain, Reset, Sockets, owner_of, run_worker
from awstape.tape import Tape

LOOK_TIME = 30.0  # seconds, as all times
MAX_LOOKING = 500
END_TIME = 2.0
_FULL_TIME = 0.01  # until a worker's socket is tried again that can't take a connection
_LOOKED_AT = 1024  # bytes
#: The session in the first line of a request, as in `serving.control_api`.
_SESSION = re.compile(rb"[A-Z]+ (?:https?://[^/ ]*)?/(?:~|%7[Ee])([^/ ?]{1,200})[/ ?]")


@contextmanager
def forked_workers(count: int, tape: Tape, policy: AccessPolicy, warn: Callable[[str], object]) -> Iterator[Workers]:
    """Forks workers for a tape that only replays, and ends them. To be called before an event loop runs.

    warn: shows a line to the user. Raises UserError where there are no forks.
    """
    if not (hasattr(os, "fork") and hasattr(socket, "send_fds")):
        raise UserError("this platform can't fork workers that share a port", "leave out --workers")
    workers = Workers(tape, warn)
    gc.freeze()  # so that no collection in a worker copies the memory that all share
    try:
        for number in range(count):
            workers.fork(number, count, policy)
        yield workers
    finally:
        gc.unfreeze()
        workers.end()


class _Process:
    """A worker, as the parent sees it. link: set while an event loop runs. status: that of its end, None before."""

    def __init__(self, number: int, process: int, sockets: Sockets) -> None:
        self.name = f"worker {number + 1} (process {process})"
        self.sockets = sockets
        self.link: Link | None = None
        self.status: int | None = None
        self._process = process

    def ask(self, question: object) -> asyncio.Future[Any]:
        assert self.link
        return self.link.ask(question)

    async def give(self, connection: socket.socket) -> None:
        """Passes a connection to the worker, which has its own copy of it then."""
        while self.status is None:
            try:
                socket.send_fds(self.sockets.connections, [b"\0"], [connection.fileno()])
                return
            except BlockingIOError:  # the worker has many to take
                await asyncio.sleep(_FULL_TIME)
            except OSError:  # it has just died
                return

    def has_ended(self) -> bool:
        self._wait(os.WNOHANG)
        return self.status is not None

    def kill(self) -> None:
        """Ends the process, if it has not ended."""
        if not self.has_ended():
            os.kill(self._process, signal.SIGKILL)
            self._wait(0)

    def _wait(self, options: int) -> None:
        if self.status is None and (found := os.waitpid(self._process, options))[0]:
            self.status = os.waitstatus_to_exitcode(found[1])


class Workers:
    """The workers of an endpoint, in their parent. tape: gets the sum of what they count, and their first error."""

    def __init__(self, tape: Tape, warn: Callable[[str], object]) -> None:
        self._tape, self._warn = tape, warn
        self._processes: list[_Process] = []
        self._in_turn = cycle(self._processes)
        self._is_ending = False
        self._passing: set[asyncio.Task[None]] = set()
        self._looking: set[asyncio.Event] = set()

    # --- processes ---

    def fork(self, number: int, count: int, policy: AccessPolicy) -> None:
        """Forks a worker."""
        messages, connections = socket.socketpair(), socket.socketpair()
        ours, theirs = Sockets(messages[0], connections[0]), Sockets(messages[1], connections[1])
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        if not (process := os.fork()):
            for each in (ours, *(other.sockets for other in self._processes)):  # or nobody learns of the parent's end
                each.close()
            run_worker(number, count, self._tape, policy, theirs)
        theirs.close()
        ours.connections.setblocking(False)
        self._processes.append(_Process(number, process, ours))

    def end(self) -> None:
        """Ends all workers, by rules 7 and 8."""
        for process in self._processes:
            process.sockets.close()
        until = clock.monotonic() + END_TIME
        while not all(process.has_ended() for process in self._processes) and clock.monotonic() < until:
            time.sleep(0.005)
        for process in self._processes:
            process.kill()

    @property
    def _living(self) -> list[_Process]:
        return [process for process in self._processes if process.status is None]

    # --- serving ---

    @asynccontextmanager
    async def serve(self, host: str, port: int) -> AsyncIterator[tuple[str, int]]:
        """Serves an endpoint; yields its address and port. Raises UserError if it can't listen."""
        with listen(host, port) as listener:
            listener.setblocking(False)
            for process in self._processes:
                process.link = Link(self._handle, partial(self._note_end, process))
                await process.link.open(process.sockets.messages)
            accepting = asyncio.create_task(self._accept(listener))
            try:
                address = listener.getsockname()
                yield address[0], address[1]
            finally:
                accepting.cancel()
                with suppress(asyncio.CancelledError, TimeoutError):
                    await asyncio.wait_for(self._drain(), DRAIN_TIME + END_TIME)
                await self._count_at_end()
                self._is_ending = True
                for process in self._living:
                    if process.link:
                        process.link.close()
                await asyncio.sleep(0)  # so that the sockets are closed

    async def _drain(self) -> None:
        """Waits until all workers have answered what has arrived."""
        for has_arrived in self._looking:
            has_arrived.set()
        if self._passing:
            await asyncio.wait(self._passing)
        await self._ask_all(Drain())

    async def _count_at_end(self) -> None:
        """Adds up what the workers have counted, for the report."""
        try:
            await asyncio.wait_for(self._count(""), END_TIME)
        except TimeoutError:
            self._tape.failure = UserError("a worker does not tell what it has counted", "start the replay again")

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listener)
            except OSError as error:  # there are too many open files, or the client has gone
                loop.call_exception_handler({"message": f"a connection was not accepted: {error.strerror}"})
                await asyncio.sleep(_FULL_TIME)
                continue
            task = loop.create_task(self._pass_on(connection))
            self._passing.add(task)
            task.add_done_callback(self._passing.discard)

    async def _pass_on(self, connection: socket.socket) -> None:
        """Passes a connection to a worker, by rule 4."""
        with connection:
            found = _SESSION.match(await self._look_at(connection))
            to = self._owner_of(found[1].decode("latin-1")) if found else None
            if to is None or to.status is not None:
                to = next((each for each in islice(self._in_turn, len(self._processes)) if each.status is None), None)
            if to:
                await to.give(connection)

    async def _look_at(self, connection: socket.socket) -> bytes:
        """What has arrived on a connection once something has, which stays there; nothing if that takes too long."""
        loop = asyncio.get_running_loop()
        has_arrived = asyncio.Event()
        loop.add_reader(connection, has_arrived.set)
        self._looking.add(has_arrived)
        try:
            if len(self._looking) <= MAX_LOOKING:
                async with asyncio.timeout(LOOK_TIME):
                    await has_arrived.wait()
            return connection.recv(_LOOKED_AT, socket.MSG_PEEK)
        except (TimeoutError, OSError):
            return b""
        finally:
            self._looking.discard(has_arrived)
            loop.remove_reader(connection)

    def _owner_of(self, session: str) -> _Process:
        return self._processes[owner_of(session, len(self._processes))]

    # --- what workers ask ---

    async def _handle(self, question: object) -> object:
        """Answers a worker, by rules 3 and 5."""
        assert isinstance(question, Target)
        if not question.is_control:
            return await self._owner_of(question.session).ask(question)
        await self._count(question.session)
        for process in self._processes:
            if process.link and process.status is not None:
                raise process.link.error
        reply = control_api.control(self._tape, question)
        if question.is_reset:
            await self._ask_all(Reset(question.session or None))
        return reply

    async def _ask_all(self, question: object) -> list[Any]:
        """The answers of the workers that live; a worker that dies meanwhile gives an error."""
        return await asyncio.gather(*(process.ask(question) for process in self._living), return_exceptions=True)

    async def _count(self, session: str) -> None:
        """Adds up what the workers have counted, of one session and of all."""
        counts = [each for each in await self._ask_all(CountsOf(session)) if isinstance(each, Counts)]
        assert self._tape.player
        self._tape.player.sessions = Sessions.sum(each.sessions for each in counts)
        failures = (each.failure for each in counts if each.failure)
        self._tape.failure = self._tape.failure or next(failures, None)

    def _note_end(self, process: _Process) -> None:
        """Reports a worker that has died, by rule 9."""
        if self._is_ending:
            return
        process.kill()  # it is about to end
        assert process.link and process.status is not None
        how = f"was killed by signal {-process.status}" if process.status < 0 else "has ended"
        process.link.error = UserError(f"{process.name} {how}: what it has counted is lost", "start the replay again")
        self._warn(f"{process.link.error.problem}; requests of its sessions get status 500")
        self._tape.failure = self._tape.failure or process.link.error

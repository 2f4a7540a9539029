"""Serves a `Tape` behind the proxy or the endpoint, for a program, until Ctrl-C or in the background."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from awstape import control, session
from awstape.endpoint import serving
from awstape.errors import UserError
from awstape.exposure import LOOPBACK, Guard, Passes, listening_address, url_of
from awstape.session import Environment
from awstape.tape import Tape
from awstape.upstream import Upstream, address_of

Place = tuple[str, Environment]
"""Where a server listens, and the variables that make programs ask it."""

Announce = Callable[[str, Environment], None]
"""(address, variables to set) → None: what to say when there is no program to run."""

Say = Callable[[str], object]
"""What to do with a line that the user should know of."""


@dataclass(frozen=True)
class Listening:
    """Where to listen. names: what hosts call it by, besides its address and the names that are nobody's."""

    address: str = LOOPBACK
    names: frozenset[str] = frozenset()


HERE = Listening()


def listening(host: str, *, allow_remote: bool) -> Listening:
    """Where a server listens that was told to listen on a host. Raises UserError."""
    return Listening(listening_address(host, allow_remote=allow_remote), frozenset({host.lower().removesuffix(".")}))


@asynccontextmanager
async def proxy(
    tape: Tape,
    upstream: Upstream,
    port: int,
    at: Listening = HERE,
    passes: Passes = "local",
    *,
    upstream_cas: Sequence[Path] = (),
    say: Say = lambda _: None,
) -> AsyncIterator[Place]:
    """Serves a tape behind an intercepting proxy. Raises UserError, at the end too.

    passes: whose connections to others than AWS pass through. upstream_cas: files of CAs that upstreams may prove
    themselves with, besides those that the user's programs trust.
    """
    try:
        from awstape import ca
        from awstape.corporate import CorporateProxy, proxy_of
        from awstape.interceptor import Interceptor
        from awstape.proxy_server import intercepting
    except ModuleNotFoundError:
        raise UserError("the proxy needs mitmproxy, which is not installed", "pip install 'awstape[record]'") from None

    authority = ca.at_hand(session.data_folder(os.environ))
    for line in authority.news:
        say(line)
    certificates = ca.without_ours(session.trusted_certificates(os.environ))
    added = ca.added(upstream_cas)
    corporate = None if tape.recorder is None else proxy_of(os.environ)
    leads_to = set(map(address_of, upstream.values()))
    if corporate:
        leads_to.add(corporate.address)
    guard = Guard(at.names, passes, frozenset(leads_to))
    with tempfile.TemporaryDirectory(prefix="awstape-") as folder:
        trusted, bundle = Path(folder, "trusted.pem"), Path(folder, "with-awstape.pem")
        try:
            trusted.write_text(certificates + added, encoding="utf-8")
            bundle.write_text(certificates + ca.pem(authority.root), encoding="utf-8")
        except OSError as error:
            raise UserError(f"{folder}: can't be written: {error.strerror}", "make room, or set TMPDIR") from None
        way_out = CorporateProxy(corporate, dict(os.environ), trusted) if corporate else None
        interceptor = Interceptor(tape, upstream, guard, way_out)
        async with intercepting(interceptor, at.address, port, authority, Path(folder), trusted) as address:
            url = url_of(*address)
            changes = session.through_proxy(os.environ, url, bundle)
            if upstream or tape.recorder is None:
                changes |= session.without_account(os.environ, tape.region)
            yield url, changes
    if interceptor.failure:
        raise interceptor.failure


@asynccontextmanager
async def endpoint(tape: Tape, port: int, at: Listening = HERE) -> AsyncIterator[Place]:
    """Serves a tape that only replays behind a plain endpoint. Raises UserError."""
    async with serving(partial(control.answer, tape, Guard(at.names)), at.address, port) as address:
        url = url_of(*address)
        yield url, session.to_endpoint(os.environ, url) | session.without_account(os.environ, tape.region)


async def run(
    server: AbstractAsyncContextManager[Place], command: Sequence[str] | None, announce: Announce, say: Say
) -> int:
    """Runs a server for a program, whose end is returned as by `child.run`, or until Ctrl-C, which is 0.

    What the server was asked by then is still answered; a second Ctrl-C ends it at once.
    """
    running = AsyncExitStack()
    url, changes = await running.enter_async_context(server)
    try:
        if command:
            from awstape import child

            return await child.run(command, session.applied(os.environ, changes), say)
        announce(url, changes)
        await until_interrupted()
        return 0
    finally:
        await _unless_interrupted(running.aclose())


async def until_interrupted() -> None:
    """Waits for Ctrl-C, SIGTERM or SIGHUP."""
    stop = asyncio.Event()
    _at_interrupt(stop.set)
    await stop.wait()


async def _unless_interrupted(work: Coroutine[None, None, None]) -> None:
    """Does what is left to do, up to the next interrupt."""
    task = asyncio.ensure_future(work)
    _at_interrupt(task.cancel)
    with suppress(asyncio.CancelledError):
        await task


def _at_interrupt(act: Callable[[], object]) -> None:
    loop = asyncio.get_running_loop()
    if sys.platform == "win32":  # whose event loops take no signal handlers, and which has no SIGHUP
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(act))
        return
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, act)


@contextmanager
def in_background(server: AbstractAsyncContextManager[Place]) -> Iterator[Place]:
    """Runs a server in a thread of its own, meanwhile."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="awstape", daemon=True)
    thread.start()
    try:
        place = asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result()
        try:
            yield place
        finally:
            asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result()
    finally:
        asyncio.run_coroutine_threadsafe(_end_tasks(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end_tasks() -> None:
    """Ends what still runs in a loop, such as connections that clients keep open; `asyncio.run` does so by itself."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

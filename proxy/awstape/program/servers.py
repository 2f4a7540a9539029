"""Runs the proxy or the endpoint with a `Tape`: for a program, until Ctrl-C, or in the background."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from awstape import clock
from awstape.errors import UserError
from awstape.files import user_folders
from awstape.program import environment
from awstape.program.environment import EnvironmentChanges
from awstape.proxying.requirement import require_mitmproxy
from awstape.proxying.upstream import Upstream, address_of
from awstape.serving import control_api
from awstape.serving.access_control import LOOPBACK, AccessPolicy, PassThrough, resolve_listen_address, url_of
from awstape.serving.endpoint import serve
from awstape.tape import Tape

if TYPE_CHECKING:
    from awstape.serving.workers import Workers


class RunningServer(NamedTuple):
    """A server that is listening: its URL, and the variables that make programs use it."""

    url: str
    changes: EnvironmentChanges


OnListening = Callable[[str, EnvironmentChanges], None]
"""(URL, variables to set) → None: called once the server listens, if there is no program to run."""

Warn = Callable[[str], object]
"""Shows a line of text to the user."""


class ListenOptions(NamedTuple):
    """Where a server listens.

    host_names: names for its Host header, besides its address and the names that `serving.access_control` allows.
    """

    address: str = LOOPBACK
    host_names: frozenset[str] = frozenset()


LOOPBACK_ONLY = ListenOptions()


def resolve_listen_options(host: str, *, allow_remote: bool) -> ListenOptions:
    """Resolves the host that a server was told to listen on. Raises UserError."""
    address = resolve_listen_address(host, allow_remote=allow_remote)
    return ListenOptions(address, frozenset({host.lower().removesuffix(".")}))


@asynccontextmanager
async def serve_proxy(
    tape: Tape,
    upstream: Upstream,
    port: int,
    listen: ListenOptions = LOOPBACK_ONLY,
    pass_through: PassThrough = "local",
    *,
    upstream_cas: Sequence[Path] = (),
    warn: Warn = lambda _: None,
) -> AsyncIterator[RunningServer]:
    """Serves a tape behind an intercepting proxy. Raises UserError, also when the context ends.

    pass_through: the clients whose connections to hosts other than AWS's pass through. upstream_cas: files of CAs for
    verifying upstreams, in addition to those that the user's programs trust.
    """
    require_mitmproxy("the proxy")
    import tempfile

    from awstape.proxying.interceptor import Interceptor
    from awstape.proxying.proxy_server import run_proxy
    from awstape.proxying.proxy_settings import proxy_from_environment
    from awstape.proxying.tls import certificate_authority, certificates, trusted_certificates
    from awstape.proxying.upstream_proxy import UpstreamProxy

    authority = certificate_authority.load_or_create(user_folders.data_folder(environment.current()))
    for note in authority.notes:
        warn(note)
    trusted = trusted_certificates.remove_own(trusted_certificates.collect(environment.current()))
    added = trusted_certificates.read_ca_files(upstream_cas)
    proxy = None if tape.replays_only else proxy_from_environment(environment.current())
    upstream_addresses = set(map(address_of, upstream.values()))
    if proxy:
        upstream_addresses.add(proxy.address)
    policy = AccessPolicy(listen.host_names, pass_through, frozenset(upstream_addresses))
    with tempfile.TemporaryDirectory(prefix="awstape-") as folder:
        trusted_file, bundle = Path(folder, "trusted.pem"), Path(folder, "with-awstape.pem")
        try:
            trusted_file.write_text(trusted + added, encoding="utf-8")
            bundle.write_text(trusted + certificates.to_pem(authority.root), encoding="utf-8")
        except OSError as error:
            raise UserError(f"{folder}: can't be written: {error.strerror}", "make room, or set TMPDIR") from None
        upstream_proxy = (
            UpstreamProxy(proxy, environment.current(), trusted_file, tape.models.recognises_host) if proxy else None
        )
        interceptor = Interceptor(tape, upstream, policy, upstream_proxy)
        async with run_proxy(interceptor, listen.address, port, authority, Path(folder), trusted_file) as address:
            url = url_of(*address)
            reaches_aws = not tape.replays_only and not upstream
            changes = environment.proxy_environment(environment.current(), url, bundle, keep_endpoint_urls=reaches_aws)
            if not reaches_aws:
                changes |= environment.dummy_environment(environment.current(), tape)
            yield RunningServer(url, changes)
    if interceptor.failure:
        raise interceptor.failure


@contextmanager
def workers_for(
    tape: Tape, count: int, listen: ListenOptions = LOOPBACK_ONLY, warn: Warn = lambda _: None
) -> Iterator[Workers | None]:
    """Forks so many processes that answer for an endpoint, and ends them; None for one, which is this process.

    Raises UserError where there are no forks.
    """
    if count == 1:
        yield None
        return
    from awstape.serving.workers import forked_workers

    with forked_workers(count, tape, AccessPolicy(listen.host_names), warn) as workers:
        yield workers


@asynccontextmanager
async def serve_endpoint(
    tape: Tape, port: int, listen: ListenOptions = LOOPBACK_ONLY, workers: Workers | None = None
) -> AsyncIterator[RunningServer]:
    """Serves a tape that only replays behind a plain endpoint, in this process or by workers. Raises UserError."""
    answer = partial(control_api.answer, tape, AccessPolicy(listen.host_names))
    serving = workers.serve(listen.address, port) if workers else serve(answer, listen.address, port)
    async with serving as address:
        url = url_of(*address)
        changes = environment.endpoint_environment(environment.current(), url)
        yield RunningServer(url, changes | environment.dummy_environment(environment.current(), tape))


async def run_with_server(
    server: AbstractAsyncContextManager[RunningServer],
    command: Sequence[str] | None,
    on_listening: OnListening,
    warn: Warn,
) -> int:
    """Runs a server for a program, and returns its exit status as `child_process.run_program` does.

    Without a command, the server runs until Ctrl-C, and 0 is returned. Requests that arrived by then are still
    answered; a second Ctrl-C ends the server at once.
    """
    running = AsyncExitStack()
    url, changes = await running.enter_async_context(server)
    try:
        if command:
            from awstape.program import child_process

            return await child_process.run_program(command, environment.apply(environment.current(), changes), warn)
        on_listening(url, changes)
        await wait_for_interrupt()
        return 0
    finally:
        await _finish_unless_interrupted(running.aclose())


async def wait_for_interrupt() -> None:
    """Waits for Ctrl-C, SIGTERM or SIGHUP."""
    stop = asyncio.Event()
    _on_interrupt(stop.set)
    await stop.wait()


async def _finish_unless_interrupted(work: Coroutine[None, None, None]) -> None:
    """Awaits the work, and cancels it at the next interrupt."""
    task = asyncio.ensure_future(work)
    _on_interrupt(task.cancel)
    with suppress(asyncio.CancelledError):
        await task


def _on_interrupt(act: Callable[[], object]) -> None:
    loop = asyncio.get_running_loop()
    if sys.platform == "win32":  # event loops take no signal handlers there, and there is no SIGHUP
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(act))
        return
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, act)


@contextmanager
def run_in_background(server: AbstractAsyncContextManager[RunningServer]) -> Iterator[RunningServer]:
    """Runs a server in a thread of its own until the context ends."""
    loop = clock.EventLoop()
    thread = threading.Thread(target=loop.run_forever, name="awstape", daemon=True)
    thread.start()
    try:
        running = asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result()
        try:
            yield running
        finally:
            asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result()
    finally:
        asyncio.run_coroutine_threadsafe(_cancel_tasks(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _cancel_tasks() -> None:
    """Cancels the tasks that are left, such as connections that clients keep open, as `asyncio.run` does."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

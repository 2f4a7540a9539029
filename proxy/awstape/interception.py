"""An intercepting proxy inside this process: mitmproxy's core with only the parts that are needed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from mitmproxy import master, options
from mitmproxy.addons import core, disable_h2c, next_layer, proxyserver, tlsconfig, upstream_auth

from awstape.addon import Interceptor
from awstape.errors import UserError

#: Of a request or an answer: more than AWS sends or takes.
MAX_BODY = "64m"
DRAIN_TIME = 5.0  # seconds


@asynccontextmanager
async def intercepting(
    interceptor: Interceptor, host: str, port: int, ca_folder: Path, trusted: Path
) -> AsyncIterator[tuple[str, int]]:
    """Runs a proxy; yields its address.

    ca_folder: where mitmproxy keeps its CA; made on first use. trusted: a file of certificates that upstreams
    are verified with. Raises UserError if it can't listen.
    """
    opts = options.Options(confdir=str(ca_folder), listen_host=host, listen_port=port, mode=["regular"])
    proxy = master.Master(opts)
    server = proxyserver.Proxyserver()
    proxy.addons.add(
        core.Core(),
        disable_h2c.DisableH2C(),
        server,
        next_layer.NextLayer(),
        tlsconfig.TlsConfig(),
        upstream_auth.UpstreamAuth(),
        interceptor,
    )
    # Lazy, so that the upstream is contacted only when a request is to be sent there.
    opts.update(
        connection_strategy="lazy",
        upstream_cert=False,
        ssl_verify_upstream_trusted_ca=str(trusted),
        server=True,
        body_size_limit=MAX_BODY,
    )
    run = asyncio.create_task(proxy.run())
    try:
        yield await _address(run, server, host, port)
        with suppress(asyncio.CancelledError):
            await _drain(opts, interceptor)
            await _hang_up(server)
    finally:
        proxy.shutdown()
        await run


async def _drain(opts: options.Options, interceptor: Interceptor) -> None:
    """Takes no new connection, and waits for the answers that are under way: they are recorded."""
    opts.update(server=False)
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_TIME):
            while interceptor.is_busy:
                await asyncio.sleep(0.02)


async def _hang_up(server: proxyserver.Proxyserver) -> None:
    """Ends the connections of clients as idle ones are ended; left to the end of the loop they complain."""
    for connection in list(server.connections.values()):
        await connection.on_timeout()
    with suppress(TimeoutError):
        async with asyncio.timeout(1):
            while server.connections:
                await asyncio.sleep(0.01)


async def _address(run: asyncio.Task[None], server: proxyserver.Proxyserver, host: str, port: int) -> tuple[str, int]:
    while not run.done():
        for instance in server.servers:
            if instance.is_running and instance.listen_addrs:
                return instance.listen_addrs[0][0], instance.listen_addrs[0][1]
            if instance.last_exception:
                reason = os.strerror(getattr(instance.last_exception, "errno", None) or 0)
                raise UserError(f"can't listen on {host}:{port}: {reason}", "choose another --port")
        await asyncio.sleep(0.01)
    raise UserError("the proxy ended before it listened", "please report this")


def ca_certificate(ca_folder: Path) -> Path:
    return ca_folder / "mitmproxy-ca-cert.pem"

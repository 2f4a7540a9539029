"""An intercepting proxy inside this process: mitmproxy's core with only the parts that are needed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from mitmproxy import certs, master, options
from mitmproxy.addons import core, disable_h2c, next_layer, proxyserver, tlsconfig
from mitmproxy.connection import Connection, ConnectionState
from mitmproxy.proxy import context, events, mode_servers
from mitmproxy.proxy.layers import tls as tls_layer
from mitmproxy.proxy.layers.http import _http1 as http1_layer
from mitmproxy.tls import ClientHello

from awstape.errors import UserError
from awstape.proxying import certificate_authority
from awstape.proxying.certificate_authority import Authority
from awstape.proxying.interceptor import Interceptor
from awstape.serving.endpoint import DRAIN_TIME

#: Of a request or an answer, whoever it is for: more than AWS sends or takes.
_MAX_BODY = "64m"
#: Of what is read and can't be parsed yet, such as headers; bodies don't wait there.
_MAX_UNPARSED = 128 * 1024


@asynccontextmanager
async def intercepting(
    interceptor: Interceptor, host: str, port: int, authority: Authority, folder: Path, trusted: Path
) -> AsyncIterator[tuple[str, int]]:
    """Runs a proxy; yields its address.

    authority: vouches for the hosts that are intercepted. folder: for files that last as long as the proxy. trusted:
    a file of certificates that upstreams are verified with, always. Raises UserError if it can't listen.
    """
    # Values given to `Options` are all there are: mitmproxy's own programs read files in `confdir`, this does not.
    opts = options.Options(confdir=str(folder), listen_host=host, listen_port=port, mode=["regular"])
    proxy = master.Master(opts)
    server = proxyserver.Proxyserver()
    proxy.addons.add(
        core.Core(),
        disable_h2c.DisableH2C(),
        server,
        interceptor,
        # After the one that refuses connections, before the one that decides on layers.
        *([interceptor.corporate] if interceptor.corporate else []),
        next_layer.NextLayer(),
        _Tls(authority, folder),
    )
    # Lazy, so that the upstream is contacted only when a request is to be sent there.
    opts.update(connection_strategy="lazy", upstream_cert=False, server=True, body_size_limit=_MAX_BODY)
    opts.update(http2=False)  # as AWS's own endpoints: what is not spoken can't be abused
    opts.update(ssl_insecure=False, ssl_verify_upstream_trusted_ca=str(trusted))
    run = asyncio.create_task(proxy.run())
    try:
        yield await _address(run, server, host, port)
        with suppress(asyncio.CancelledError):
            await _drain(opts, interceptor)
            await _hang_up(server)
    finally:
        await server.servers.update([])  # mitmproxy leaves it to the end of the process to close its port
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


class _Buffer(http1_layer.ReceiveBuffer):  # type: ignore[name-defined,misc]
    """What a connection has sent and mitmproxy hasn't parsed, which it lets grow without end."""

    def __iadd__(self, data: bytes | bytearray) -> _Buffer:
        if len(self) + len(data) > _MAX_UNPARSED:
            self._extract(len(self))
            data = b"(longer than is read)\r\n\r\n"  # which is no HTTP, and is refused as such
        super().__iadd__(data)
        return self


_parse_client_hello = tls_layer.parse_client_hello


def _client_hello(data: bytes) -> ClientHello | None:
    """Of what a client begins TLS with, which mitmproxy parses anew from its beginning whenever more of it comes."""
    if len(data) > _MAX_UNPARSED:
        raise ValueError("a ClientHello that is longer than is read")
    return _parse_client_hello(data)


class _Handler(mode_servers.ProxyConnectionHandler):
    """Handles a connection of a client and those to its upstreams."""

    async def handle_connection(self, connection: Connection) -> None:
        """Closes the connection's socket, whatever ends this.

        mitmproxy closes a connection by cancelling this task. It expects that while the task reads or writes. mitmproxy
        12 has eager tasks: with data left to read, the task may as well be waiting for the lock of `server_event`, and
        would end with the socket open.
        """
        try:
            await super().handle_connection(connection)
        finally:
            if left := self.transports.pop(connection, None):
                if left.writer:
                    left.writer.close()
                connection.state = ConnectionState.CLOSED
                await self.server_event(events.ConnectionClosed(connection))


# mitmproxy has no options for these.
mode_servers.ProxyConnectionHandler = _Handler  # type: ignore[misc]
http1_layer.ReceiveBuffer = _Buffer  # type: ignore[attr-defined]
tls_layer.parse_client_hello = _client_hello


class _Tls(tlsconfig.TlsConfig):
    """mitmproxy's TLS with certificates of our CA: it makes none itself, and keeps no files."""

    def __init__(self, authority: Authority, folder: Path) -> None:
        self.authority = authority
        self.certstore = _Store(authority)
        self.chain = folder / "signer.pem"  # sent behind the leaf
        self.chain.write_text(certificate_authority.pem(authority.signer), encoding="ascii")

    def configure(self, updated: Iterable[str]) -> None:
        super().configure(set(updated) - {"certs", "confdir", "key_size", "cert_passphrase"})

    def get_cert(self, conn_context: context.Context) -> certs.CertStoreEntry:
        """For the name that the client asks for, and no other: that is also the one that the upstream must prove."""
        address = conn_context.server.address
        host = conn_context.client.sni or (address[0] if address else "")
        leaf, signer = certs.Cert(self.authority.leaf(host)), certs.Cert(self.authority.signer)
        key: Any = self.authority.leaf_key  # which mitmproxy takes for one of RSA
        return certs.CertStoreEntry(leaf, key, self.chain, [signer])


class _Store(certs.CertStore):
    """What else mitmproxy wants of its store of certificates."""

    def __init__(self, authority: Authority) -> None:
        self.default_ca = certs.Cert(authority.signer)
        self.default_crl = b""
        self.dhparams = certs.DHParams(b"")

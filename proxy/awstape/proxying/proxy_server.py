"""Runs an intercepting proxy inside this process: mitmproxy's core with only the addons that are needed.

1. Memory per connection is bounded, connections are closed even where mitmproxy leaves a socket open, and no valid HTTP
   of an upstream stops mitmproxy, and idle connections are found by a clock that tests can't freeze: the classes that
   mitmproxy has no options for are replaced, in the whole process, when this module is imported.
2. mitmproxy creates no certificates and no CA; leaf certificates come from our own CA.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import h11
from mitmproxy import certs, master, options
from mitmproxy.addons import core, disable_h2c, next_layer, proxyserver, tlsconfig
from mitmproxy.connection import Connection, ConnectionState
from mitmproxy.http import Request, Response
from mitmproxy.net.http import http1
from mitmproxy.proxy import commands, context, events, layers, mode_servers
from mitmproxy.proxy import server as connection_server
from mitmproxy.proxy.layers import tls as tls_layer
from mitmproxy.proxy.layers.http import _events as http_events
from mitmproxy.proxy.layers.http import _http1 as http1_layer
from mitmproxy.tls import ClientHello

from awstape import clock
from awstape.core.aws.wire import MAX_BODY
from awstape.errors import UserError
from awstape.proxying.interceptor import Interceptor
from awstape.proxying.tls import certificates
from awstape.proxying.tls.certificate_authority import CertificateAuthority
from awstape.serving.endpoint import DRAIN_TIME

#: Size limit of the body of a request in replay, where none passes as it comes (`proxying.streaming`).
_MAX_BODY = 64 * 1024 * 1024
#: Size limit of a body that passes, and of a chunk: more than an object in S3 holds.
_MAX_STREAM = 2**46
#: Size limit in bytes of data that was read and can't be parsed yet, such as headers; bodies are parsed at once.
_MAX_UNPARSED = 128 * 1024


@asynccontextmanager
async def run_proxy(
    interceptor: Interceptor, host: str, port: int, authority: CertificateAuthority, folder: Path, trusted: Path
) -> AsyncIterator[tuple[str, int]]:
    """Runs a proxy; yields its address and port. Raises UserError if it can't listen.

    authority: signs for the hosts that are intercepted. folder: for files that last as long as the proxy. trusted:
    a file of CA certificates for verifying upstreams.
    """
    # Only the values given here apply: mitmproxy's own programs read files in `confdir`, `Options` does not.
    opts = options.Options(confdir=str(folder), listen_host=host, listen_port=port, mode=["regular"])
    proxy = master.Master(opts)
    server = proxyserver.Proxyserver()
    proxy.addons.add(
        core.Core(),
        disable_h2c.DisableH2C(),
        server,
        interceptor,
        # After the addon that refuses connections, before the addon that decides on layers.
        *([interceptor.upstream_proxy] if interceptor.upstream_proxy else []),
        next_layer.NextLayer(),
        _Tls(interceptor, authority, folder),
    )
    # Lazy: the upstream is contacted only when a request is to be sent there.
    opts.update(connection_strategy="lazy", upstream_cert=False, server=True)
    limit = {"body_size_limit": _MAX_BODY} if interceptor.replays_only else {"stream_large_bodies": MAX_BODY}
    opts.update(**{name: str(size) for name, size in limit.items()})
    opts.update(http2=False)  # as AWS's own endpoints; a protocol that is off can't be abused
    opts.update(ssl_insecure=False, ssl_verify_upstream_trusted_ca=str(trusted))
    run = asyncio.create_task(proxy.run())
    try:
        yield await _wait_for_address(run, server, host, port)
        with suppress(asyncio.CancelledError):
            await _drain(opts, interceptor)
            await _close_connections(server)
    finally:
        await server.servers.update([])  # mitmproxy would close its port only at the end of the process
        proxy.shutdown()
        await run


async def _drain(opts: options.Options, interceptor: Interceptor) -> None:
    """Accepts no new connection, and waits for pending responses, so that they are recorded."""
    opts.update(server=False)
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_TIME):
            while interceptor.is_busy:
                await asyncio.sleep(0.02)


async def _close_connections(server: proxyserver.Proxyserver) -> None:
    """Closes the clients' connections as idle ones are closed; at the end of the loop they would log errors."""
    for connection in list(server.connections.values()):
        await connection.on_timeout()
    with suppress(TimeoutError):
        async with asyncio.timeout(1):
            while server.connections:
                await asyncio.sleep(0.01)


async def _wait_for_address(
    run: asyncio.Task[None], server: proxyserver.Proxyserver, host: str, port: int
) -> tuple[str, int]:
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
    """A connection's data that mitmproxy hasn't parsed yet, with a size limit, which mitmproxy lacks."""

    def __iadd__(self, data: bytes | bytearray) -> _Buffer:
        if len(self) + len(data) > _MAX_UNPARSED:
            self._extract(len(self))
            data = b"(longer than is read)\r\n\r\n"  # not HTTP, so mitmproxy refuses it
        super().__iadd__(data)
        return self


class _ChunkedReader(http1_layer.ChunkedReader):  # type: ignore[name-defined,misc]
    """Reads a body in chunks. mitmproxy fails at trailers, which may be discarded (RFC 9110, 6.5.1)."""

    def __call__(self, buffer: _Buffer) -> h11.Data | h11.EndOfMessage | None:
        event: h11.Data | h11.EndOfMessage | None = super().__call__(buffer)
        if self._bytes_in_chunk > _MAX_STREAM:
            raise h11.RemoteProtocolError("a chunk is too large")
        return h11.EndOfMessage() if isinstance(event, h11.EndOfMessage) else event


class _Http1Client(http1_layer.Http1Client):
    """A connection to an upstream. mitmproxy takes an informational response, such as 100, for the response."""

    def read_headers(self, event: events.ConnectionEvent) -> Generator[commands.Command, Any, None]:
        """Discards informational responses (RFC 9110, 15.2), except for 101, which is final."""
        while self.request and _INFORMATIONAL.match(bytes(self.buf)) and self.buf.maybe_extract_lines():
            pass
        return super().read_headers(event)


class _Stream(layers.http.HttpStream):
    """A request and its response. mitmproxy keeps the body of a request that an addon answered at its headers."""

    def state_consume_request_body(self, event: events.Event) -> Generator[commands.Command, Any, None]:
        """Discards the body of a request that has a response already."""
        if not (self.flow.response and isinstance(event, http_events.RequestData)):
            yield from super().state_consume_request_body(event)


_INFORMATIONAL = re.compile(rb"HTTP/1\.[01] 1(?!01)\d\d\b")
_expected_body_size = http1.expected_http_body_size


def _body_size(request: Request, response: Response | None = None) -> int | None:
    """As mitmproxy's. Refuses a response with an upgrade or a transfer coding that the client did not ask for.

    Refuses a length that no body has, too.
    """
    coding = response.headers.get("transfer-encoding", "").strip().lower() if response else ""
    if coding not in ("", "chunked", "identity") and "te" not in request.headers:
        raise ValueError("a transfer coding that the client did not ask for")
    if response and response.status_code == 101 and "upgrade" not in request.headers:
        raise ValueError("an upgrade that the client did not ask for")
    size: int | None = _expected_body_size(request, response)
    if size is not None and size > _MAX_STREAM:
        raise ValueError("a body that is too large")
    return size


_parse_client_hello = tls_layer.parse_client_hello


def _client_hello(data: bytes) -> ClientHello | None:
    """Parses a ClientHello up to a size limit: mitmproxy parses it from its beginning whenever more data arrives."""
    if len(data) > _MAX_UNPARSED:
        raise ValueError("the ClientHello is too long")
    return _parse_client_hello(data)


class _Handler(mode_servers.ProxyConnectionHandler):
    """Handles a client's connection and the connections to its upstreams."""

    async def handle_connection(self, connection: Connection) -> None:
        """Closes the connection's socket, however this task ends.

        mitmproxy closes a connection by cancelling this task, and expects it to be reading or writing then. mitmproxy
        12 has eager tasks: with data left to read, the task may be waiting for the lock of `server_event` instead, and
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


class _Watchdog(connection_server.TimeoutWatchdog):
    """Finds out whether a connection is idle, by the system's clock. A test may have frozen the one of mitmproxy."""

    def __init__(self, timeout: int, callback: Callable[[], Awaitable[Any]]) -> None:
        super().__init__(timeout, callback)
        self.register_activity()

    def register_activity(self) -> None:
        self.last_activity = clock.monotonic()

    async def watch(self) -> None:
        """Calls back once the connection was idle for too long."""
        with suppress(asyncio.CancelledError):
            while True:
                await self.can_timeout.wait()
                await asyncio.sleep(self.last_activity + self.timeout - clock.monotonic())
                if self.last_activity + self.timeout <= clock.monotonic():
                    await self.callback()
                    return


# mitmproxy has no options for these.
connection_server.TimeoutWatchdog = _Watchdog  # type: ignore[misc]
mode_servers.ProxyConnectionHandler = _Handler  # type: ignore[misc]
http1_layer.ReceiveBuffer = _Buffer  # type: ignore[attr-defined]
http1_layer.ChunkedReader = _ChunkedReader  # type: ignore[attr-defined]
http1.expected_http_body_size = _body_size
layers.http.HttpStream = _Stream  # type: ignore[misc]
layers.http.Http1Client = _Http1Client  # type: ignore[attr-defined]
tls_layer.parse_client_hello = _client_hello


class _Tls(tlsconfig.TlsConfig):
    """mitmproxy's TLS addon with certificates of our CA: it creates none itself, and writes no files."""

    def __init__(self, interceptor: Interceptor, authority: CertificateAuthority, folder: Path) -> None:
        self.interceptor = interceptor
        self.authority = authority
        self.certstore = _CertStore(authority)
        self.chain = folder / "signer.pem"  # sent after the leaf
        self.chain.write_text(certificates.to_pem(authority.signer), encoding="ascii")

    def configure(self, updated: Iterable[str]) -> None:
        super().configure(set(updated) - {"certs", "confdir", "key_size", "cert_passphrase"})

    def get_cert(self, conn_context: context.Context) -> certs.CertStoreEntry:
        """Returns a certificate for the client's server name; the upstream is verified for the same name."""
        address = conn_context.server.address
        host = conn_context.client.sni or (address[0] if address else "")
        if not self.interceptor.intercepts(host):
            raise ValueError("no certificate is issued for a host that isn't intercepted")
        leaf, signer = certs.Cert(self.authority.issue(host)), certs.Cert(self.authority.signer)
        key: Any = self.authority.leaf_key  # mitmproxy's annotation is an RSA key
        return certs.CertStoreEntry(leaf, key, self.chain, [signer])


class _CertStore(certs.CertStore):
    """The attributes of a certificate store that mitmproxy needs besides `get_cert`."""

    def __init__(self, authority: CertificateAuthority) -> None:
        self.default_ca = certs.Cert(authority.signer)
        self.default_crl = b""
        self.dhparams = certs.DHParams(b"")

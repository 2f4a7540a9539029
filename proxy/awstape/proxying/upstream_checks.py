"""Upstream checks: why a request can't be sent to its upstream, before it is sent.

1. mitmproxy answers a request that it can't send with an HTML page. SDKs show nothing of it, but they retry. So each
   problem is found before, and the client gets it in its own format (`interceptor`).
2. A certificate that can't be verified is known once a TLS handshake has failed: the next request gets the error.
3. The proxy of the environment is asked before the first connection to a host (`upstream_proxy`).
4. A connection to an upstream is opened for the test, unless the last one could be opened.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import SplitResult

from mitmproxy import connection, http

from awstape.proxying.upstream import connect_problem
from awstape.proxying.upstream_proxy import UpstreamProxy


class Problem(NamedTuple):
    """Why a request can't be sent. code: that of the error for the client."""

    code: str
    text: str


UNVERIFIED, REFUSED, UNREACHABLE = "UpstreamNotVerified", "ProxyRefusal", "UpstreamUnreachable"


class UpstreamChecks:
    """What is known of the upstreams, by their addresses. upstream_proxy: the proxy between this machine and AWS."""

    def __init__(self, upstream_proxy: UpstreamProxy | None) -> None:
        self._upstream_proxy = upstream_proxy
        self._reached: set[tuple[str, int]] = set()
        """Those to which the last connection was opened."""
        self._unverified: dict[tuple[str, int], str] = {}
        """Those whose certificate can't be verified → the error for the next request."""

    def note_connection(self, server: connection.Server, *, is_open: bool) -> None:
        """Notes whether a connection was opened."""
        if server.address:
            (self._reached.add if is_open else self._reached.discard)(server.address[:2])

    def note_unverified(self, server: connection.Server, address: tuple[str, int], trust: str) -> str:
        """Notes that a TLS handshake failed; returns the error. trust: what makes a certificate trusted."""
        reason = (server.error or "TLS failed").removesuffix(".")
        tip = f"; {trust}" if reason.startswith("Certificate verify failed") else ""
        name = server.sni or address[0]
        text = f"the TLS handshake with the upstream {name} failed: {reason[:1].lower()}{reason[1:]}{tip}"
        self._unverified[address] = text
        return text

    async def find_problem(self, flow: http.HTTPFlow, url: SplitResult | None, *, is_recorded: bool) -> Problem | None:
        """Why a request can't be sent to its upstream; None if it can.

        url: that of an upstream other than AWS. is_recorded: whether it is for a recorded service of AWS.
        """
        address = flow.request.host, flow.request.port
        if text := self._unverified.pop(address, None):
            return Problem(UNVERIFIED, text)
        if self._upstream_proxy and not url and (refusal := await self._upstream_proxy.refusal(*address)):
            return Problem(REFUSED, refusal.text)
        # What is reached through another proxy is left to that.
        if not (url or is_recorded) or flow.server_conn.via or address in self._reached:
            return None
        name = f"{url.scheme}://{_host_and_port(*address)}" if url else _host_and_port(*address)
        problem = await connect_problem(*address)
        return Problem(UNREACHABLE, f"the upstream {name} can't be reached: {problem}") if problem else None


def _host_and_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

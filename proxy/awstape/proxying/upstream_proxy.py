"""Connects to AWS through the upstream proxy of the environment, such as a company's.

1. `proxy_settings` says which proxy applies, and which hosts bypass it.
2. Every TLS connection goes through the proxy, whether it is intercepted or passes through. An upstream other than AWS
   (`--upstream`) is reached directly. Plain HTTP never arrives here: HTTP_PROXY is left to the program.
3. Before the first connection to each host, a CONNECT tests the proxy, so that its refusal can be reported: mitmproxy
   alone would close the connection, or answer 502. No message holds the password.
"""

from __future__ import annotations

import asyncio
import os
import re
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mitmproxy import http
from mitmproxy.proxy import layer
from mitmproxy.proxy.layers.http._upstream_proxy import HttpUpstreamProxy

from awstape.proxying.proxy_settings import ProxySettings, bypasses_proxy

_TIMEOUT = 30  # seconds for the proxy's response to CONNECT


@dataclass(frozen=True)
class Refusal:
    """Why the proxy does not connect to a host. status: that of the proxy's response, or 502 without one."""

    status: int
    text: str


class UpstreamProxy:
    """The mitmproxy addon that sends connections through the proxy of the environment.

    is_recorded: whether a host is that of a recorded service.
    """

    def __init__(
        self, proxy: ProxySettings, environ: Mapping[str, str], trusted: Path, is_recorded: Callable[[str], bool]
    ) -> None:
        self._proxy = proxy
        self._environ = environ
        self._trusted = trusted
        self._is_recorded = is_recorded
        self._tests: dict[tuple[str, int], asyncio.Task[Refusal | None]] = {}

    def next_layer(self, data: layer.NextLayer) -> None:
        """Inserts the tunnel layer below the layers after a CONNECT, as mitmproxy's upstream mode does for all."""
        server = data.context.server
        if server.address and server.via is None and not bypasses_proxy(self._environ, *server.address[:2]):
            server.via = (self._proxy.scheme, self._proxy.address)
            data.layer = HttpUpstreamProxy.make(data.context, send_connect=True)[0]

    def http_connect_upstream(self, flow: http.HTTPFlow) -> None:
        if self._proxy.authorization:
            flow.request.headers["Proxy-Authorization"] = self._proxy.authorization

    async def http_connect(self, flow: http.HTTPFlow) -> None:
        """Reports the proxy's refusal to the program; for hosts of AWS, `Interceptor` does that in AWS's format."""
        if flow.response or self._is_recorded(flow.request.host):
            return
        if refusal := await self.refusal(flow.request.host, flow.request.port):
            flow.response = http.Response.make(refusal.status, refusal.text + "\n", {"content-type": "text/plain"})

    async def refusal(self, host: str, port: int) -> Refusal | None:
        """Why the proxy refuses to connect to a host; None if it connects, or isn't needed for this host."""
        if bypasses_proxy(self._environ, host, port):
            return None
        if (host, port) not in self._tests:
            self._tests[host, port] = asyncio.create_task(self._test(host, port))
        refusal = await asyncio.shield(self._tests[host, port])  # shielded: other requests may wait for the same test
        if refusal:  # test again next time
            self._tests.pop((host, port), None)
        return refusal

    async def _test(self, host: str, port: int) -> Refusal | None:
        try:
            async with asyncio.timeout(_TIMEOUT):
                status, reason = await self._connect(host, port)
        except TimeoutError:
            return Refusal(502, f"{self._proxy} does not respond")
        except ssl.SSLCertVerificationError:
            return Refusal(502, f"{self._proxy} has an invalid certificate")
        except ssl.SSLError:
            return Refusal(502, f"{self._proxy} can't be reached: TLS failed")
        except (OSError, EOFError, ValueError) as error:
            reason = "it sends no valid response to CONNECT"
            if isinstance(error, OSError):  # the text without the address that asyncio adds
                reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror)
            return Refusal(502, f"{self._proxy} can't be reached: {reason}")
        if 200 <= status < 300:
            return None
        return Refusal(status if 400 <= status < 600 else 502, f"{self._proxy} refuses {host}:{port}: {reason}")

    async def _connect(self, host: str, port: int) -> tuple[int, str]:
        """Sends a CONNECT and closes the connection; returns the status, and the status with its reason as text."""
        context = None
        if self._proxy.scheme == "https":
            context = ssl.create_default_context(cafile=str(self._trusted))
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # added by Python 3.13; companies' CAs may violate it
        reader, writer = await asyncio.open_connection(*self._proxy.address, ssl=context)
        try:
            target = f"[{host}]:{port}" if ":" in host else f"{host.encode('idna').decode()}:{port}"
            lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
            lines += [f"Proxy-Authorization: {self._proxy.authorization}"] if self._proxy.authorization else []
            writer.write("\r\n".join([*lines, "", ""]).encode("ascii"))
            line = (await reader.readline()).decode("latin-1")
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        if not (match := re.match(r"HTTP/1\.\d (\d{3})(?: ([ -~]{0,80}).*)?\r?\n", line)):
            raise ValueError("not HTTP")
        return int(match[1]), " ".join(filter(None, match.groups()))

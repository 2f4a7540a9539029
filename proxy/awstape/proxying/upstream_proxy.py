"""Connects to AWS through the upstream proxy of the environment, such as a company's.

1. Of `https_proxy`, `HTTPS_PROXY`, `all_proxy`, `ALL_PROXY`, the first that is set applies, as in curl and requests.
2. Hosts that NO_PROXY matches are reached directly, and so is this machine: the rules are those of
   `urllib.request.proxy_bypass_environment`, and networks such as 10.0.0.0/8, as in Go and requests.
3. Every TLS connection goes through the proxy, whether it is intercepted or passes through. An upstream other than AWS
   (`--upstream`) is reached directly. Plain HTTP never arrives here: HTTP_PROXY is left to the program.
4. Before the first connection to each host, a CONNECT tests the proxy, so that its refusal can be reported: mitmproxy
   alone would close the connection, or answer 502. No message holds the password.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
import ssl
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined] # documented by urllib.request.proxy_bypass

from mitmproxy import http
from mitmproxy.proxy import layer
from mitmproxy.proxy.layers.http._upstream_proxy import HttpUpstreamProxy

from awstape.core.text.hidden import Hidden
from awstape.errors import UserError

_VARIABLES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_TIMEOUT = 30  # seconds for the proxy's response to CONNECT


@dataclass(frozen=True)
class ProxySettings:
    """The proxy that the environment names.

    variable: the environment variable. authorization: the value of Proxy-Authorization, if any.
    """

    variable: str
    scheme: Literal["http", "https"]
    address: tuple[str, int]
    authorization: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return "the proxy {}:{} ({})".format(*self.address, self.variable)


@dataclass(frozen=True)
class Refusal:
    """Why the proxy does not connect to a host. status: that of the proxy's response, or 502 without one."""

    status: int
    text: str


def proxy_from_environment(environ: Mapping[str, str]) -> ProxySettings | None:
    """Finds the proxy for TLS connections. Raises UserError, without the password, for one that can't be used."""
    variable = next((name for name in _VARIABLES if name in environ), "")
    text = Hidden(environ.get(variable, "").strip())  # it may hold a password
    if not text.reveal():
        return None
    try:
        url = Hidden(urlsplit(text.reveal() if "://" in text.reveal() else f"http://{text.reveal()}"))
        scheme, host, port = url.reveal().scheme, url.reveal().hostname, url.reveal().port
    except ValueError:
        scheme, host, port = "", None, None
    if scheme.startswith("socks"):
        raise UserError(
            f"{variable} names a SOCKS proxy, which awstape does not support", "set HTTPS_PROXY to an HTTP proxy"
        )
    if scheme not in ("http", "https") or not host or re.search(r"[\s\x00-\x1f]", text.reveal()):
        raise UserError(f"{variable} is not the URL of a proxy", "write http://[USER:PASSWORD@]HOST:PORT")
    authorization = None
    if url.reveal().username is not None:
        authorization = _basic_authorization(url.reveal())
    if scheme == "https":
        return ProxySettings(variable, "https", (host, port or 443), authorization)
    return ProxySettings(variable, "http", (host, port or 80), authorization)


def _basic_authorization(url: SplitResult) -> str:
    pair = f"{unquote(url.username or '')}:{unquote(url.password or '')}"
    return f"Basic {b64encode(pair.encode()).decode()}"


def bypasses_proxy(environ: Mapping[str, str], host: str, port: int) -> bool:
    """Whether connections to a host bypass the proxy, because of NO_PROXY or because it is this machine."""
    no_proxy = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    entries = re.split(r"[,\s]+", no_proxy)
    with suppress(ValueError):
        address = ipaddress.ip_address(host)
        if address.is_loopback:
            return True
        for entry in entries:
            with suppress(ValueError):
                if address in ipaddress.ip_network(entry.strip("[]"), strict=False):
                    return True
    name = host.lower().removesuffix(".")
    # Some programs know `*.example.com` as a spelling of `.example.com`.
    no_proxy_list = ",".join(re.sub(r"^\*\.", ".", entry) for entry in entries)
    target = f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
    return name == "localhost" or "*" in entries or bool(proxy_bypass_environment(target, {"no": no_proxy_list}))


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

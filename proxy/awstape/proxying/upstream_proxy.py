"""The way out of a company's network: the proxy that the environment named before awstape took its place.

1. `https_proxy`, `HTTPS_PROXY`, `all_proxy`, `ALL_PROXY`: the first that is set counts, as for curl and requests.
2. What NO_PROXY covers is reached directly, and so is this machine: `urllib.request.proxy_bypass_environment`, and
   networks such as 10.0.0.0/8, as Go and requests have them.
3. Every TLS connection goes that way, those that are intercepted and those that pass through. A stand-in for AWS
   (`--upstream`) is reached directly. Plain HTTP never comes here: HTTP_PROXY stays the program's own.
4. The proxy is asked once for each host, before the first connection, so that its refusal can be told as what it is:
   mitmproxy alone would close the connection, or say 502. Nothing tells the password.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
import ssl
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined] # documented by urllib.request.proxy_bypass

from mitmproxy import http
from mitmproxy.proxy import layer
from mitmproxy.proxy.layers.http._upstream_proxy import HttpUpstreamProxy

from awstape.catalog import catalog
from awstape.errors import UserError

_NAMES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
_PATIENCE = 30  # seconds that a proxy may take to answer


@dataclass(frozen=True)
class Proxy:
    """A proxy of the environment.

    variable: the name of the variable that tells it. authorization: the header that it wants, if any.
    """

    variable: str
    scheme: Literal["http", "https"]
    address: tuple[str, int]
    authorization: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return "{}:{}, the proxy that {} names,".format(*self.address, self.variable)


@dataclass(frozen=True)
class Refusal:
    """Why there is no way to a host. status: the proxy's own, or 502 where it said nothing."""

    status: int
    text: str


def proxy_from_environment(environ: Mapping[str, str]) -> Proxy | None:
    """The proxy for TLS connections. Raises UserError, which tells no password, for one that can't be used."""
    variable = next((name for name in _NAMES if name in environ), "")
    if not (text := environ.get(variable, "").strip()):
        return None
    try:
        url = urlsplit(text if "://" in text else f"http://{text}")
        scheme, host, port = url.scheme, url.hostname, url.port
    except ValueError:
        scheme, host, port = "", None, None
    if scheme.startswith("socks"):
        raise UserError(
            f"{variable} names a SOCKS proxy, through which awstape can't record", "set HTTPS_PROXY to an HTTP proxy"
        )
    if scheme not in ("http", "https") or not host or re.search(r"[\s\x00-\x1f]", text):
        raise UserError(f"{variable} is not the URL of a proxy", "it is http://[USER:PASSWORD@]HOST:PORT")
    authorization = None
    if url.username is not None:
        pair = f"{unquote(url.username)}:{unquote(url.password or '')}"
        authorization = f"Basic {b64encode(pair.encode()).decode()}"
    if scheme == "https":
        return Proxy(variable, "https", (host, port or 443), authorization)
    return Proxy(variable, "http", (host, port or 80), authorization)


def bypasses_proxy(environ: Mapping[str, str], host: str, port: int) -> bool:
    """Whether a host is reached without the proxy."""
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
    # `*.example.com` is a spelling of `.example.com` that some programs know.
    told = ",".join(re.sub(r"^\*\.", ".", entry) for entry in entries)
    target = f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
    return name == "localhost" or "*" in entries or bool(proxy_bypass_environment(target, {"no": told}))


class UpstreamProxy:
    """The mitmproxy addon that leads connections through the proxy of the environment."""

    def __init__(self, proxy: Proxy, environ: Mapping[str, str], trusted: Path) -> None:
        self._proxy = proxy
        self._environ = environ
        self._trusted = trusted
        self._asked: dict[tuple[str, int], asyncio.Task[Refusal | None]] = {}

    def next_layer(self, data: layer.NextLayer) -> None:
        """Puts the tunnel below what comes after a CONNECT, as mitmproxy's own upstream mode does for everything."""
        server = data.context.server
        if server.address and server.via is None and not bypasses_proxy(self._environ, *server.address[:2]):
            server.via = (self._proxy.scheme, self._proxy.address)
            data.layer = HttpUpstreamProxy.make(data.context, send_connect=True)[0]

    def http_connect_upstream(self, flow: http.HTTPFlow) -> None:
        if self._proxy.authorization:
            flow.request.headers["Proxy-Authorization"] = self._proxy.authorization

    async def http_connect(self, flow: http.HTTPFlow) -> None:
        """Tells the program at once that it can't get through; for AWS, `Interceptor` tells it when it has to."""
        if flow.response or catalog.service_of_host(flow.request.host):
            return
        if refusal := await self.refusal(flow.request.host, flow.request.port):
            flow.response = http.Response.make(refusal.status, refusal.text + "\n", {"content-type": "text/plain"})

    async def refusal(self, host: str, port: int) -> Refusal | None:
        """Why the proxy doesn't let us through to a host; None if it does, or isn't needed."""
        if bypasses_proxy(self._environ, host, port):
            return None
        if (host, port) not in self._asked:
            self._asked[host, port] = asyncio.create_task(self._try(host, port))
        refusal = await asyncio.shield(self._asked[host, port])  # which others may wait for, too
        if refusal:  # next time it may be another
            self._asked.pop((host, port), None)
        return refusal

    async def _try(self, host: str, port: int) -> Refusal | None:
        try:
            async with asyncio.timeout(_PATIENCE):
                status, reason = await self._ask(host, port)
        except TimeoutError:
            return Refusal(502, f"{self._proxy} doesn't answer")
        except ssl.SSLCertVerificationError:
            return Refusal(502, f"{self._proxy} can't be trusted: its certificate can't be verified")
        except ssl.SSLError:
            return Refusal(502, f"{self._proxy} can't be trusted: TLS failed")
        except (OSError, EOFError, ValueError) as error:
            reason = "it gives no answer to CONNECT"
            if isinstance(error, OSError):  # asyncio's text has the address in it, but those of names are good
                reason = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error.strerror)
            return Refusal(502, f"{self._proxy} can't be reached: {reason}")
        if 200 <= status < 300:
            return None
        return Refusal(status if 400 <= status < 600 else 502, f"{self._proxy} refuses {host}:{port}: {reason}")

    async def _ask(self, host: str, port: int) -> tuple[int, str]:
        """The status of a CONNECT, as a number and with its reason."""
        context = None
        if self._proxy.scheme == "https":
            context = ssl.create_default_context(cafile=str(self._trusted))
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # which Python 3.13 adds, and companies' CAs may not keep
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

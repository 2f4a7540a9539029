"""The proxy that the environment names, such as a company's, and the hosts that bypass it. Needs no mitmproxy.

1. Of `https_proxy`, `HTTPS_PROXY`, `all_proxy`, `ALL_PROXY`, the first that is set applies, as in curl and requests.
2. Hosts that NO_PROXY matches are reached directly, and so is this machine: the rules are those of
   `urllib.request.proxy_bypass_environment`, and networks such as 10.0.0.0/8, as in Go and requests.
3. No message holds the password.
"""

from __future__ import annotations

import ipaddress
import re
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined] # documented by urllib.request.proxy_bypass

from awstape.core.text.hidden import Hidden
from awstape.errors import UserError

_VARIABLES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")


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
        # Another program may need the SOCKS proxy of all_proxy; the variable for HTTPS comes before it.
        better = variable.replace("all", "https").replace("ALL", "HTTPS")
        raise UserError(
            f"{variable} names a SOCKS proxy, which awstape does not support", f"set {better} to an HTTP proxy"
        )
    if scheme not in ("http", "https") or not host or re.search(r"[\s\x00-\x1f]", text.reveal()):
        raise UserError(f"{variable} is not the URL of a proxy", f"set {variable} to http://[USER:PASSWORD@]HOST:PORT")
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

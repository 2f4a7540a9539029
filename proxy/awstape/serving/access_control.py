"""Access control: where servers listen, which requests they accept, and to which hosts the proxy relays.

1. A server listens on loopback. It listens elsewhere only with --allow-remote, and warns what that exposes.
2. A browser sends whatever requests a web page makes it send. Such a request is recognised by its Host, a name that
   the page's owner lets resolve to this machine (DNS rebinding), or by its Origin. Accepted are Host names that can't
   be registered in the public DNS, those of AWS, and the name that the server was told to listen on.
3. The proxy relays to the endpoints of AWS, ports 80 and 443, and to the upstreams that it was given. Connections to
   other hosts pass through for clients on this machine while a program runs, or for all clients with --pass-through.
4. For a client on another machine, connections that pass through go to public addresses only: not to this machine and
   its networks, where there are services that hand out credentials without authentication (169.254.169.254).
5. None of these rules applies to the mitmproxy addon: mitmproxy has options of its own.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from awstape.catalog.hosts import anonymise_host, is_aws_host, is_service_endpoint
from awstape.core.aws.wire import Request
from awstape.errors import UserError

LOOPBACK = "127.0.0.1"

PassThrough = Literal["none", "local", "all"]
"""The clients whose connections to hosts other than AWS's pass through: none, those on this machine, all."""

_PASS_THROUGH_TIP = "use --pass-through to let other connections through"
_PORTS = (80, 443)
#: Values of Sec-Fetch-Dest (W3C Fetch Metadata) for requests of scripts and of users; only browsers send the header.
_SCRIPT_OR_USER_DESTINATIONS = ("empty", "document")
#: Domains that don't exist in the public DNS: RFC 6761, and ICANN's choice for private use (2024), as Docker has it.
_PRIVATE_SUFFIXES = (".localhost", ".internal")


# --- listening --------------------------------------------------------------------------------------------------


def resolve_listen_address(host: str, *, allow_remote: bool) -> str:
    """Resolves `host`, a name or an address, to the address to listen on.

    Raises UserError for a host that doesn't exist, or that other machines reach without `allow_remote`.
    """
    try:
        found = socket.getaddrinfo(host.strip("[]") or "?", None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise UserError(
            f"--host {host}: there is no such address", "use an address of this machine, such as 127.0.0.1"
        ) from None
    address = str(found[0][4][0])
    if not allow_remote and not is_loopback(address):
        raise UserError(f"--host {host}: other machines could reach it", "allow it with --allow-remote")
    return address


def is_loopback(address: str) -> bool:
    """Whether an address can be reached from this machine only."""
    parsed = _address(address)
    return parsed is not None and parsed.is_loopback


def url_of(address: str, port: int) -> str:
    """The URL of a server that listens on an address, for programs on this machine."""
    parsed = _address(address)
    if parsed is not None and parsed.is_unspecified:
        address = LOOPBACK if parsed.version == 4 else "::1"
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"


def replay_exposure_warning(address: str) -> str:
    """The warning for a replay that other machines can reach."""
    return (
        f"anyone who can reach {_display(address)} can read the cassettes, redacted as they are, see the misses and "
        "reset takes: there is no password"
    )


def record_exposure_warning(address: str, pass_through: PassThrough) -> str:
    """The warning for a recording that other machines can reach."""
    where = "AWS, and through it any public host," if pass_through == "all" else "AWS"
    return (
        f"anyone who can reach {_display(address)} can talk to {where} as this machine, and is recorded: "
        "there is no password"
    )


def _display(address: str) -> str:
    parsed = _address(address)
    return "this machine, by any of its addresses," if parsed is not None and parsed.is_unspecified else address


# --- requests and relaying --------------------------------------------------------------------------------------


class AccessPolicy(NamedTuple):
    """Which requests a server accepts, and to which hosts its proxy relays.

    host_names: accepted in the Host header, besides those of rule 2. pass_through: the clients that it relays for to
    hosts other than AWS's. upstreams: hosts and ports that the proxy itself connects to instead of AWS.
    """

    host_names: frozenset[str] = frozenset()
    pass_through: PassThrough = "none"
    upstreams: frozenset[tuple[str, int]] = frozenset()

    def request_refusal(self, request: Request) -> str | None:
        """Why a request is refused, as one that a web page may have made a browser send; None if it is accepted."""
        if not self._accepts_host(request.host):
            return (
                "awstape does not accept requests for this host name, which a web page could point to this machine\n"
                "use the address or localhost, or start awstape with this name: --host NAME"
            )
        origins = [value for name, value in request.headers if name.lower() == "origin"]
        is_cross_site = (request.header("sec-fetch-site") or "").strip().lower() == "cross-site"
        if (request.header("sec-fetch-dest") or "empty").strip().lower() not in _SCRIPT_OR_USER_DESTINATIONS:
            return "awstape serves no parts of web pages, such as the icon of a page that was refused"
        if not all(map(_is_local_origin, origins)) or (is_cross_site and not origins):
            return (
                "awstape does not accept requests from web pages of other sites\n"
                "send it from a program, or from a page on this machine"
            )
        return None

    def relay_refusal(self, host: str, port: int, client: str) -> str | None:
        """Why a client, given by its address, may not connect to a host; None if it may."""
        is_aws = is_service_endpoint(host)
        if (is_aws and port in _PORTS) or (host, port) in self.upstreams or self._passes_through(client):
            return None
        if is_aws:
            return f"awstape relays to AWS on the ports 80 and 443 only; {_PASS_THROUGH_TIP}"
        return f"awstape relays to AWS only, and {anonymise_host(host)} is not an endpoint of AWS; {_PASS_THROUGH_TIP}"

    async def connect_address(self, host: str, port: int, client: str) -> str | None:
        """The host to connect to for a client, or the address that was checked in its place; None if it is forbidden.

        Connecting to the checked address prevents that the name resolves to another address later.
        """
        if is_loopback(client) or (host, port) in self.upstreams or is_service_endpoint(host):
            return host
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return None
        addresses = [str(entry[4][0]) for entry in found]
        return addresses[0] if all(map(_is_public, addresses)) else None

    def _accepts_host(self, host: str) -> bool:
        name = host.lower().removesuffix(".")
        return (
            "." not in name
            or _address(name) is not None
            or name in self.host_names
            or name.endswith((*_PRIVATE_SUFFIXES, *(f".{own}" for own in self.host_names)))
            # `ACCOUNT.127.0.0.1`, as SDKs make it for S3 Control: no name in DNS ends so.
            or _address(".".join(name.split(".")[-4:])) is not None
            or is_aws_host(name)
        )

    def _passes_through(self, client: str) -> bool:
        return self.pass_through == "all" or (self.pass_through == "local" and is_loopback(client))


def _is_local_origin(origin: str) -> bool:
    """Whether a page comes from this machine or its networks. Hosts of AWS don't count: a bucket may serve any page."""
    try:
        host = (urlsplit(origin).hostname or "").removesuffix(".")
    except ValueError:
        return False
    if address := _address(host):
        return not address.is_global
    return host != "" and ("." not in host or host.endswith(_PRIVATE_SUFFIXES))


def _is_public(address: str) -> bool:
    parsed = _address(address)
    return parsed is not None and parsed.is_global and not parsed.is_multicast


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ip_address(text.strip("[]"))
    except ValueError:
        return None
    return parsed.ipv4_mapped or parsed if isinstance(parsed, IPv6Address) else parsed

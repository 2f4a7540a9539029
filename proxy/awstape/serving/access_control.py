"""Who may reach awstape, who may ask it, and where its proxy may lead.

1. A server listens on loopback. Elsewhere it listens only if that was allowed, and says what that exposes.
2. A browser asks whatever a page of anybody makes it ask. Such a request tells itself: by a Host that is a name of
   the page's owner, who lets it lead here (DNS rebinding), or by an Origin. The names that may ask are those that
   nobody can own in the public DNS, AWS's own, and the one that the server was told to listen on.
3. The proxy relays to the endpoints of AWS, ports 80 and 443, and to the stand-ins that it was given. What else a
   program needs passes through for clients on this machine while the program runs, or for all if that was asked for.
4. For a client on another machine, what passes through goes to public addresses only: not to this machine and its
   networks, where there are services that ask nobody's name and hand out credentials (169.254.169.254).
5. A proxy that relays for mitmproxy's own programs has their options and none of these rules.
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal
from urllib.parse import urlsplit

from awstape.catalog import catalog
from awstape.core.aws.wire import Request
from awstape.errors import UserError

LOOPBACK = "127.0.0.1"

Passes = Literal["nobody", "local", "all"]
"""Whose connections to other hosts than AWS's pass through: nobody's, those of clients on this machine, all."""

_PASS_THROUGH = "--pass-through lets other connections through"
_PORTS = (80, 443)
#: Fetch Metadata's word for what a browser wants something for. Other programs don't say it.
_ASKED_BY_SCRIPTS_AND_PEOPLE = ("empty", "document")
#: Names that are nobody's in the public DNS: RFC 6761, and ICANN's choice for private use (2024), as Docker has it.
_PRIVATE = (".localhost", ".internal")


# --- listening --------------------------------------------------------------------------------------------------


def listening_address(host: str, *, allow_remote: bool) -> str:
    """The address that a server asked to listen on `host`, a name or an address, listens on.

    Raises UserError for a host that there is not, or that others reach and may not.
    """
    try:
        found = socket.getaddrinfo(host.strip("[]") or "?", None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise UserError(
            f"--host {host}: there is no such address", "take an address of this machine, such as 127.0.0.1"
        ) from None
    address = str(found[0][4][0])
    if not allow_remote and not is_loopback(address):
        raise UserError(f"--host {host}: others than this machine could reach it", "allow it with --allow-remote")
    return address


def is_loopback(address: str) -> bool:
    """Whether an address is reached from this machine only."""
    parsed = _address(address)
    return parsed is not None and parsed.is_loopback


def url_of(address: str, port: int) -> str:
    """The URL of a server that listens on an address, for programs on this machine."""
    parsed = _address(address)
    if parsed is not None and parsed.is_unspecified:
        address = LOOPBACK if parsed.version == 4 else "::1"
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"


def exposed_by_replay(address: str) -> str:
    """What is said of a replay that others reach."""
    return (
        f"whoever reaches {_shown(address)} can read the cassettes, redacted as they are, see what was missed and "
        "reset takes: there is no password"
    )


def exposed_by_record(address: str, passes: Passes) -> str:
    """What is said of a recording that others reach."""
    where = "AWS, and through it any public host," if passes == "all" else "AWS"
    return (
        f"whoever reaches {_shown(address)} can talk to {where} as this machine, and is recorded: there is no password"
    )


def _shown(address: str) -> str:
    parsed = _address(address)
    return "this machine, by any of its addresses," if parsed is not None and parsed.is_unspecified else address


# --- asking -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Guard:
    """Who may ask a server, and where its proxy leads.

    names: host names that it goes by. passes: who may be led to others than AWS. stand_ins: hosts and ports that it
    goes to by itself.
    """

    names: frozenset[str] = frozenset()
    passes: Passes = "nobody"
    stand_ins: frozenset[tuple[str, int]] = frozenset()

    def stranger(self, request: Request) -> str | None:
        """Why a request is refused as one that a page of somebody else's made a browser send; None if it is not."""
        if not self._may_be_called(request.host):
            return (
                "awstape is not asked by this name, which a page of somebody else's could let lead here\n"
                "ask it by its address or as localhost, or start it with this name: --host NAME"
            )
        origins = [value for name, value in request.headers if name.lower() == "origin"]
        is_from_elsewhere = (request.header("sec-fetch-site") or "").strip().lower() == "cross-site"
        if (request.header("sec-fetch-dest") or "empty").strip().lower() not in _ASKED_BY_SCRIPTS_AND_PEOPLE:
            return "awstape has nothing that a page is made of, such as the icon of a page that was refused"
        if not all(map(_is_local_origin, origins)) or (is_from_elsewhere and not origins):
            return "awstape is not asked by pages of other sites\nask it by a program, or from a page of this machine"
        return None

    def forbidden(self, host: str, port: int, client: str) -> str | None:
        """Why a client, told by its address, is not led to a host; None if it is."""
        is_aws = catalog.is_endpoint(host)
        if (is_aws and port in _PORTS) or (host, port) in self.stand_ins or self._passes_for(client):
            return None
        if is_aws:
            return f"awstape leads to AWS on the ports 80 and 443 only; {_PASS_THROUGH}"
        return f"awstape leads to AWS only, and {catalog.shown(host)} is no endpoint of AWS; {_PASS_THROUGH}"

    async def pinned(self, host: str, port: int, client: str) -> str | None:
        """What to connect to for a client that is led to a host: the host, or the one address of it that was looked at.

        None if it may not be reached.
        """
        if is_loopback(client) or (host, port) in self.stand_ins or catalog.is_endpoint(host):
            return host
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return None
        addresses = [str(entry[4][0]) for entry in found]
        return addresses[0] if all(map(_is_public, addresses)) else None

    def _may_be_called(self, host: str) -> bool:
        name = host.lower().removesuffix(".")
        return (
            "." not in name
            or _address(name) is not None
            or name in self.names
            or name.endswith(_PRIVATE)
            or any(name.endswith(f".{suffix}") for suffix in catalog.host_suffixes())
        )

    def _passes_for(self, client: str) -> bool:
        return self.passes == "all" or (self.passes == "local" and is_loopback(client))


def _is_local_origin(origin: str) -> bool:
    """Whether a page comes from this machine or its networks. A bucket of AWS's serves pages of anybody."""
    try:
        host = (urlsplit(origin).hostname or "").removesuffix(".")
    except ValueError:
        return False
    if address := _address(host):
        return not address.is_global
    return host != "" and ("." not in host or host.endswith(_PRIVATE))


def _is_public(address: str) -> bool:
    parsed = _address(address)
    return parsed is not None and parsed.is_global and not parsed.is_multicast


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ip_address(text.strip("[]"))
    except ValueError:
        return None
    return parsed.ipv4_mapped or parsed if isinstance(parsed, IPv6Address) else parsed

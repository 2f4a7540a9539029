"""Redaction of IP addresses and CIDR blocks: what identifies nobody stays, any other address becomes an alias.

1. These stay: wildcards (`0.0.0.0/0`, `::/0`), private, shared and link-local ranges as a whole (`10.0.0.0/8`), the
   addresses of the host itself and of the instance metadata, and documentation ranges with all their parts.
2. Blocks that are too large for a customer's network stay (`128.0.0.0/1`).
3. A part of a private range (`10.20.0.0/16`) shows a customer's network and becomes an alias.
4. An alias has the prefix length of its address, and the alias of a block is a block (`core.redaction.alias_grammar`).
   The alias of an address in a block need not be in the alias of the block.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network

from awstape.core.redaction.aliases import Aliases

#: RFC 1918, 4193, 4291, 6598, 3927, and the endpoints in which AWS serves metadata, time and DNS.
_PUBLIC = frozenset(
    map(
        ip_network,
        """
        0.0.0.0/0 0.0.0.0/32 255.255.255.255/32 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 127.0.0.0/8
        127.0.0.1/32 169.254.0.0/16 169.254.169.123/32 169.254.169.253/32 169.254.169.254/32
        ::/0 ::/128 ::1/128 fc00::/7 fd00::/8 fe80::/10 fd00:ec2::254/128 fd00:ec2::253/128 fd00:ec2::123/128
        """.split(),
    )
)
#: Prefix lengths of the largest blocks that one owner has.
_LARGEST = {4: 8, 6: 16}
#: RFC 5737 and 3849; aliases of IPv6 addresses are in the last one.
_DOCUMENTATION = tuple(map(ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")))


def redact_address(text: str, aliases: Aliases) -> str | None:
    """The redaction of a text that is one address or CIDR block; None for any other text."""
    network = _parse(text)
    if network is None:
        return None
    return text if _is_public(network) else aliases.address(text)


@lru_cache(2**10)  # policies repeat their blocks
def _parse(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _is_public(network: IPv4Network | IPv6Network) -> bool:
    if network in _PUBLIC or network.prefixlen < _LARGEST[network.version]:
        return True
    # The attributes are compared, not the types: `subnet_of` refuses a network of the other version.
    return any(
        network.version == public.version
        and network.prefixlen >= public.prefixlen
        and network.network_address in public
        for public in _DOCUMENTATION
    )

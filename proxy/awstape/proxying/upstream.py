"""Stand-ins for AWS, such as LocalStack or moto: where the requests for a service go instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import SplitResult, urlsplit

from awstape.catalog import catalog
from awstape.errors import UserError

Upstream = Mapping[str, SplitResult]
"""Service name → where its requests go instead of to AWS."""


def address_of(url: SplitResult) -> tuple[str, int]:
    """Host and port of an upstream."""
    return url.hostname or "", url.port or (443 if url.scheme == "https" else 80)


def parse_upstream(specs: Sequence[str]) -> Upstream:
    """`SERVICE=URL` strings, taken apart. Raises UserError."""
    upstream = {}
    for spec in specs:
        service, _, url = spec.partition("=")
        try:
            parts = urlsplit(url)
            valid = service in catalog.SERVICES and parts.scheme in ("http", "https") and parts.hostname
            _ = parts.port  # raises for a port that is none
        except ValueError:
            valid = None
        if not valid:
            services = " or ".join(catalog.SERVICES)
            raise UserError(
                f"the upstream {spec!r} is not SERVICE=URL with {services}", "for example iam=http://127.0.0.1:5000"
            )
        upstream[service] = parts
    return upstream

"""Upstreams other than AWS, such as LocalStack or moto: the URL that replaces the endpoint of a service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import SplitResult, urlsplit

from awstape.catalog.botocore_data import SERVICES
from awstape.errors import UserError

Upstream = Mapping[str, SplitResult]
"""Service name → URL that its requests are sent to instead of AWS."""


def address_of(url: SplitResult) -> tuple[str, int]:
    """The host and port of an upstream's URL."""
    return url.hostname or "", url.port or (443 if url.scheme == "https" else 80)


def parse_upstream(specs: Sequence[str]) -> Upstream:
    """Parses strings of the form `SERVICE=URL`. Raises UserError."""
    upstream = {}
    for spec in specs:
        service, _, url = spec.partition("=")
        try:
            parts = urlsplit(url)
            valid = service in SERVICES and parts.scheme in ("http", "https") and parts.hostname and url.isprintable()
            _ = parts.port  # raises ValueError if the port isn't valid
        except ValueError:
            valid = None
        if not valid:
            services = " or ".join(SERVICES)
            raise UserError(
                f"the upstream {spec!r} is not SERVICE=URL with {services}", "for example iam=http://127.0.0.1:5000"
            )
        upstream[service] = parts
    return upstream

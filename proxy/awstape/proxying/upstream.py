"""Upstreams other than AWS, such as LocalStack or moto, and why an upstream can't be reached."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from urllib.parse import SplitResult, urlsplit

from awstape.catalog.botocore_data import SERVICES
from awstape.errors import UserError

#: Seconds for opening a connection.
_TIMEOUT = 30

Upstream = Mapping[str, SplitResult]
"""Service name → URL that its requests are sent to instead of AWS."""


def address_of(url: SplitResult) -> tuple[str, int]:
    """The host and port of an upstream's URL."""
    return url.hostname or "", url.port or (443 if url.scheme == "https" else 80)


async def connect_problem(host: str, port: int) -> str | None:
    """Why no connection to a host can be opened; None if one can. It is opened for the test, and closed."""
    try:
        async with asyncio.timeout(_TIMEOUT):
            _, writer = await asyncio.open_connection(host, port)
    except TimeoutError:
        return f"no answer for {_TIMEOUT} seconds"
    except (OSError, ValueError) as error:
        return _reason(error)
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return None


def _reason(error: Exception) -> str:
    """The reason in an error of asyncio, without the addresses that it adds."""
    if isinstance(error, OSError) and (error.errno or 0) < 0:  # of the name's resolution
        return str(error.strerror)
    numbers = re.findall(r"\[Errno (\d+)\]", str(error))
    return ", ".join(dict.fromkeys(os.strerror(int(number)) for number in numbers)) or "not a valid address"


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

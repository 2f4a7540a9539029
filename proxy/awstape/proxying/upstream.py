"""Upstreams other than AWS, such as LocalStack or moto, and why an upstream can't be reached."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from awstape.catalog.service_index import load_index
from awstape.core.aws.conform import did_you_mean
from awstape.core.aws.model import Models
from awstape.core.aws.protocols.customisations.queue_urls import move_response_to_aws
from awstape.core.aws.routing import recognise_call
from awstape.core.aws.wire import Request, Response, WireError
from awstape.core.text.advice import ON_COMMAND_LINE, Advice
from awstape.errors import UserError

if TYPE_CHECKING:
    from mitmproxy import http

#: Seconds for opening a connection.
_TIMEOUT = 30

Upstream = Mapping[str, SplitResult]
"""Service name → URL that its requests are sent to instead of AWS; `ALL` → the URL for all other recorded services."""
ALL = "*"


def find_upstream(upstream: Upstream, service: str) -> SplitResult | None:
    """The URL that the requests of a service are sent to instead of AWS, if any."""
    return upstream.get(service) or upstream.get(ALL)


def address_of(url: SplitResult) -> tuple[str, int]:
    """The host and port of an upstream's URL."""
    return url.hostname or "", url.port or (443 if url.scheme == "https" else 80)


def lead_back(models: Models, flow: http.HTTPFlow, request: Request, response: Response) -> Response:
    """The response of an upstream, here and in its flow, with AWS's queue URLs: its own lead clients past the proxy."""
    try:
        call = recognise_call(models, request)
    except WireError:
        return response
    moved = move_response_to_aws(models.hosts, call, response) if call else response
    if moved is not response and flow.response:
        flow.response.content = moved.body
    return moved


def endpoint_variable(service: str) -> str:
    """The environment variable with the endpoint URL of a service, or of `ALL`, for SDKs."""
    return "AWS_ENDPOINT_URL" if service == ALL else f"AWS_ENDPOINT_URL_{load_index()[service].entry.id.upper()}"


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


def parse_upstream(specs: Sequence[str], services: Sequence[str], advice: Advice = ON_COMMAND_LINE) -> Upstream:
    """Parses strings of the form `SERVICE=URL` or `URL`. services: the recorded ones. Raises UserError."""
    upstream = {}
    for spec in specs:
        service, equals, url = spec.rpartition("=") if re.match(r"[\w-]+=", spec) else (ALL, "=", spec)
        try:
            parts = urlsplit(url)
            valid = equals and parts.scheme in ("http", "https") and parts.hostname and url.isprintable()
            _ = parts.port  # raises ValueError if the port isn't valid
        except ValueError:
            valid = None
        if not valid:
            tip = "for example http://127.0.0.1:5000 or iam=http://127.0.0.1:5000"
            raise UserError(f"the upstream {spec!r} is neither URL nor SERVICE=URL", tip)
        if service not in (ALL, *services):
            similar = did_you_mean(service, services).lstrip("; ")
            tip = similar or f"to record it as well: {advice.services((*services, service))}"
            raise UserError(f"the upstream {spec!r} is for a service that is not recorded", tip)
        upstream[service] = parts
    return upstream

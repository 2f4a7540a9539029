"""botocore's requests and responses, to and from those of the core; for boto3's clients and for aiobotocore's."""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextvars import ContextVar
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import botocore.exceptions
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from awstape.catalog import catalog
from awstape.core.aws.wire import Headers, Reply, Request, Response

#: The context of the call under way: before botocore 1.36 a request that is sent has none.
call_context: ContextVar[dict[str, Any] | None] = ContextVar("awstape_context", default=None)


def request_of(request: AWSPreparedRequest, service: str | None) -> Request:
    """A request as the core knows it; service: what it is for, where an event tells it."""
    url = urlsplit(request.url)
    host = url.hostname or ""
    # An endpoint of the client's own: what it is for, the event says.
    if service and catalog.service_of_host(host) is None:
        context = call_context.get() or {}
        region = context.get("signing", {}).get("region") or getattr(context.get("client_config"), "region_name", None)
        host = catalog.host_of(service, region or "us-east-1")
        url = url._replace(path=re.sub(r"^/~[^/]+", "", url.path))  # a session of an endpoint
    headers = tuple((name, _text(value)) for name, value in request.headers.items())
    body: Any = request.body
    if not isinstance(body, bytes | bytearray):  # a stream is nothing that we replay
        body = body.encode() if isinstance(body, str) else b""
    return Request(request.method, host, url.path or "/", url.query, headers, bytes(body))


def response_of(status: int, headers: Mapping[str, Any], body: bytes) -> Response:
    return Response(status, tuple((name, str(value)) for name, value in headers.items()), body)


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def lazy_response(
    kind: type[AWSResponse], url: str, status: int, headers: Headers, make: Callable[[], bytes]
) -> AWSResponse:
    mapping: Any = dict(headers)  # AWSResponse takes any
    return kind(url, status, mapping, _Body(headers, make))


def given_now(url: str, reply: Reply) -> AWSResponse:
    """A reply as a client gets it, or as the error that it gets instead, when it is time."""
    time.sleep(min(reply.delay, _patience()))
    return _given(url, reply, AWSResponse)


async def given_later(url: str, reply: Reply) -> AWSResponse:
    """The same for an asynchronous client."""
    await asyncio.sleep(min(reply.delay, _patience()))
    return _given(url, reply, AsyncResponse)


def _given(url: str, reply: Reply, kind: type[AWSResponse]) -> AWSResponse:
    response = reply.response
    if reply.delay > _patience():
        raise botocore.exceptions.ReadTimeoutError(endpoint_url=url)
    if response is None:
        raise botocore.exceptions.ConnectionClosedError(endpoint_url=url)
    return lazy_response(kind, url, response.status, response.headers, lambda: response.body)


def is_async() -> bool:
    """Whether the client is one of aiobotocore, which awaits what its handlers give."""
    return type(_config()).__module__.startswith("aiobotocore.")


def _patience() -> float:
    """How many seconds the client waits for an answer."""
    return getattr(_config(), "read_timeout", None) or math.inf


def _config() -> Any:
    """The configuration of the client whose call is under way."""
    return (call_context.get() or {}).get("client_config")


class _Body:
    """A body as botocore reads one; it is made when it is read."""

    def __init__(self, headers: Headers, make: Callable[[], bytes]) -> None:
        self.raw_headers = [(name.encode(), value.encode()) for name, value in headers]  # aiobotocore 2 takes these
        self._make = cache(make)  # aiobotocore reads twice

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self._make()


class AsyncResponse(AWSResponse):
    """A response as aiobotocore reads one."""

    @property
    def content(self) -> Coroutine[None, None, bytes]:  # type: ignore[override]
        async def read() -> bytes:
            return b"".join(self.raw.stream())

        return read()


def body_of(reply: Reply | None) -> bytes:
    return reply.response.body if reply and reply.response else b""

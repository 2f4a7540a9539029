"""Converts botocore's requests and responses to those of the core and back, for boto3's and aiobotocore's clients."""

from __future__ import annotations

import inspect
import io
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

from awstape import clock
from awstape.catalog.hosts import find_host, host_of
from awstape.core.aws.protocols.http_bindings import MAX_PAYLOAD
from awstape.core.aws.wire import MAX_BODY, Headers, Reply, Request, Response

#: The context of the call under way: before botocore 1.36, a prepared request has none.
call_context: ContextVar[dict[str, Any] | None] = ContextVar("awstape_context", default=None)


#: The access key id of the client, hidden, in the context of its call.
CALLER = "awstape_caller"


def request_of(request: AWSPreparedRequest, service: str | None) -> Request:
    """Converts a prepared request. service: the name of its service, if an event gave it."""
    url = urlsplit(request.url)
    host = url.hostname or ""
    # A client with an endpoint URL of its own: only the event gives the service.
    if service and not _is_host_of(host, service):
        context = call_context.get() or {}
        region = context.get("signing", {}).get("region") or getattr(context.get("client_config"), "region_name", None)
        host = host_of(service, region or "us-east-1")
        url = url._replace(path=re.sub(r"^/~[^/]+", "", url.path))  # the session of an endpoint (serving.control_api)
    headers = tuple((name, _text(value)) for name, value in request.headers.items())
    caller = (call_context.get() or {}).get(CALLER)
    body = _read_body(request.body)
    unread = "" if body is not None else "has a body that is a stream, which can't be read twice"
    return Request(request.method, host, url.path or "/", url.query, headers, body or b"", caller, unread)


def _read_body(body: Any) -> bytes | None:
    """The body of a request. A stream is left at the position where it was; one that can't be is not read: None."""
    if body is None:
        return b""
    if isinstance(body, bytes | bytearray | str):
        return body.encode() if isinstance(body, str) else bytes(body)
    if not hasattr(body, "seek") or inspect.iscoroutinefunction(body.read):
        return None
    start = body.tell() if hasattr(body, "tell") else 0
    body.seek(start)  # botocore's chunks know no position, and begin anew
    content: bytes = body.read(MAX_BODY)
    body.seek(start)
    return content


def _is_host_of(host: str, service: str) -> bool:
    found = find_host(host)
    return found is not None and service in found.names


def response_of(status: int, headers: Mapping[str, Any], body: bytes | None) -> Response:
    """Converts a response. body: None if it was not read."""
    unread = "" if body is not None else "is a stream that is large or can't be read twice"
    return Response(status, tuple((name, str(value)) for name, value in headers.items()), body or b"", unread)


def copy_response_body(body: Any, parsed: Mapping[str, Any]) -> bytes | None:
    """The body of a response that a client got; None for a stream of events, or one that is large or asynchronous.

    What is read of a stream is put back under the client's own one, which checks length and checksum. parsed: the
    response in which that is.
    """
    if isinstance(body, bytes | bytearray):
        return bytes(body)
    raw, length = getattr(body, "_raw_stream", None), getattr(body, "_content_length", None)
    if raw is None or inspect.iscoroutinefunction(raw.read) or int(length or 0) > MAX_PAYLOAD:
        return None
    content: bytes = raw.read(MAX_PAYLOAD + 1)
    is_whole = len(content) <= MAX_PAYLOAD
    for stream in (body, *parsed.values()):
        if getattr(stream, "_raw_stream", None) is raw:
            stream._raw_stream = io.BytesIO(content) if is_whole else _Rejoined(content, raw)
    return content if is_whole else None


class _Rejoined(io.RawIOBase):
    """A stream of which the beginning was read already."""

    def __init__(self, beginning: bytes, rest: Any) -> None:
        self._beginning, self._rest = io.BytesIO(beginning), rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._beginning.read(len(buffer)) or self._rest.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def read(self, size: int | None = None) -> bytes:
        return super().read(-1 if size is None else size) or b""

    def close(self) -> None:
        super().close()
        self._rest.close()


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def lazy_response(
    kind: type[AWSResponse], url: str, status: int, headers: Headers, make: Callable[[], bytes]
) -> AWSResponse:
    """A response whose body is made by `make` when it is read."""
    mapping: Any = dict(headers)  # AWSResponse accepts any mapping
    return kind(url, status, mapping, _Body(headers, make))


def deliver(url: str, reply: Reply) -> AWSResponse:
    """Returns a reply as a client's response, after its delay, or raises the error that a client would get."""
    if reply.delay:
        time.sleep(min(reply.delay, _read_timeout()))
    return _response(url, reply, AWSResponse)


async def deliver_async(url: str, reply: Reply) -> AWSResponse:
    """As `deliver`, for an asynchronous client."""
    if reply.delay:
        await clock.sleep(min(reply.delay, _read_timeout()))
    return _response(url, reply, AsyncResponse)


def _response(url: str, reply: Reply, kind: type[AWSResponse]) -> AWSResponse:
    response = reply.response
    if reply.delay > _read_timeout():
        raise botocore.exceptions.ReadTimeoutError(endpoint_url=url)
    if response is None:
        raise botocore.exceptions.ConnectionClosedError(endpoint_url=url)
    return lazy_response(kind, url, response.status, response.headers, lambda: response.body)


def is_async(context: Mapping[str, Any] | None = None) -> bool:
    """Whether the client of a call is aiobotocore's, which awaits what its handlers return.

    context: of the call, None for that under way.
    """
    config = _config() if context is None else context.get("client_config")
    return type(config).__module__.startswith("aiobotocore.")


def _read_timeout() -> float:
    """How many seconds the client waits for a response."""
    return getattr(_config(), "read_timeout", None) or math.inf


def _config() -> Any:
    """The configuration of the client whose call is under way."""
    return (call_context.get() or {}).get("client_config")


class _Body:
    """A body as botocore reads it; it is made when it is first read."""

    def __init__(self, headers: Headers, make: Callable[[], bytes]) -> None:
        self.raw_headers = [(name.encode(), value.encode()) for name, value in headers]  # used by aiobotocore 2
        self._make = cache(make)  # aiobotocore reads twice
        self._reader: io.BytesIO | None = None

    def read(self, size: int | None = None) -> bytes:
        """Reads as from a file: the client hands the body out as a stream."""
        self._reader = self._reader or io.BytesIO(self._make())
        return self._reader.read(size)

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self._make()

    def close(self) -> None:
        """Nothing is open: clients that read a part of a stream close it."""


class AsyncResponse(AWSResponse):
    """A response as aiobotocore reads it."""

    @property
    def content(self) -> Coroutine[None, None, bytes]:  # type: ignore[override]
        async def read() -> bytes:
            return b"".join(self.raw.stream())

        return read()


def body_of(reply: Reply | None) -> bytes:
    return reply.response.body if reply and reply.response else b""

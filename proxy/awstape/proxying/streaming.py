"""Streaming: bodies that pass through the proxy as they come, because they are events, or too large to record.

1. A body passes as it comes once it is known that it can't be recorded: by its headers, or as it grows above
   `MAX_BODY` (mitmproxy's option `stream_large_bodies`). It is kept nowhere, and its exchange is recorded without it.
2. A response of unknown length that a client may read as a stream, such as audio, passes as it comes, too. It is copied
   until it is too large, and the client gets its end once it is recorded.
3. Any other body is held back until all of it is there, so that a client gets only what is recorded.
4. A request whose body may pass as it comes is admitted and directed to its upstream when its headers are there.
"""

from __future__ import annotations

from dataclasses import replace

from mitmproxy import http

from awstape.core.aws.model import Models, Operation
from awstape.core.aws.protocols.dispatch import find_operation, find_unread_request, find_unread_response, has_raw_body
from awstape.core.aws.protocols.http_bindings import MAX_PAYLOAD
from awstape.core.aws.routing import put_bucket_into_path, try_find_service
from awstape.core.aws.wire import Request, Response, too_large
from awstape.proxying.flow_conversion import request_of, response_of

_CUT_OFF = "ended before its body was read"
_EVENTS = "application/vnd.amazon.eventstream"


class _Copy:
    """Passes the pieces of a body on. body: a copy of them, None once it is too large."""

    def __init__(self) -> None:
        self.body: bytes | None = b""

    def __call__(self, piece: bytes) -> bytes:
        if self.body is not None:
            self.body = self.body + piece if len(self.body) + len(piece) <= MAX_PAYLOAD else None
        return piece


def may_stream(message: http.Message) -> bool:
    """Whether the body of a message may be one that passes as it comes, as its length and type tell."""
    length = message.headers.get("content-length")
    if length is None:
        return isinstance(message, http.Response) or "transfer-encoding" in message.headers
    is_large = not length.isdecimal() or int(length) > MAX_PAYLOAD
    return is_large or message.headers.get("content-type", "").startswith(_EVENTS)


def read_head(models: Models, flow: http.HTTPFlow) -> Request:
    """The request of a flow before its body came."""
    head = request_of(flow)
    return replace(head, unread=find_unread_request(_find_operation(models, head), head) or _CUT_OFF)


def is_too_large(head: Request) -> bool:
    """Whether a request can't be recorded, as its headers tell."""
    return head.unread != _CUT_OFF


def read_request(flow: http.HTTPFlow, head: Request | None) -> Request:
    """The request of a flow, without its body if that passed. head: what was read of it before its body came."""
    if head is None:
        return request_of(flow)
    if flow.request.stream:
        return head if is_too_large(head) else replace(head, unread=too_large())
    return replace(head, body=flow.request.raw_content or b"", unread="")


def stream_response(models: Models, flow: http.HTTPFlow, request: Request) -> None:
    """Lets the body of a response pass if it can't be recorded, or may be read as a stream."""
    response = flow.response
    if response is None or flow.request.method == "HEAD" or not may_stream(response):
        return
    operation = _find_operation(models, request)
    if find_unread_response(operation, response_of(response)):
        response.stream = True
    elif "content-length" not in response.headers and has_raw_body(operation):
        response.stream = _Copy()


def read_response(models: Models, flow: http.HTTPFlow, request: Request) -> Response:
    """The response of a flow, without its body if that passed."""
    assert flow.response
    response, stream = response_of(flow.response), flow.response.stream
    if isinstance(stream, _Copy):
        return replace(response, body=stream.body or b"", unread=too_large(MAX_PAYLOAD) if stream.body is None else "")
    if not stream:
        return response
    return replace(response, unread=find_unread_response(_find_operation(models, request), response) or too_large())


def read_cut_response(models: Models, flow: http.HTTPFlow, request: Request) -> Response | None:
    """What a flow that ended early holds of its response: the headers of one that was not to be recorded anyway."""
    is_there = flow.response is not None and flow.response.stream is True
    return read_response(models, flow, request) if is_there else None


def _find_operation(models: Models, request: Request) -> Operation | None:
    """The operation that a request calls, as far as what is there of it tells."""
    request = put_bucket_into_path(models, request)
    service = try_find_service(models, request)
    return find_operation(service, request) if service else None

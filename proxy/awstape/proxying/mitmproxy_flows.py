"""mitmproxy's flows as values of the core.

HTTP's bytes become text as the endpoint has it: headers are Latin-1, a path is ASCII, percent-encoded where it was not.
mitmproxy's own text would hold halves of surrogate pairs, which nothing can be made of.
"""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote

from mitmproxy import http

from awstape.core.aws.content_encoding import undone
from awstape.core.aws.wire import Headers, Request, WireError

_ASCII = bytes(range(0x21, 0x7F))


def request_of(flow: http.HTTPFlow) -> Request:
    """The request, and its body without the content encoding, if that can be undone."""
    path, _, query = quote(flow.request.data.path, safe=_ASCII).partition("?")
    host = flow.request.pretty_host.encode("utf-8", "replace").decode()
    method = flow.request.data.method.decode("latin-1")
    headers, body = headers_of(flow.request), flow.request.raw_content or b""
    with suppress(WireError):  # what can't be undone is read as it is, and told
        body = undone(headers, body)
    return Request(method, host, path, query, headers, body)


def body_of(response: http.Response) -> bytes:
    """The body without its content encoding. Raises WireError if that can't be undone, or it is too large then."""
    return undone(headers_of(response), response.raw_content or b"")


def headers_of(message: http.Message) -> Headers:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in message.headers.fields)

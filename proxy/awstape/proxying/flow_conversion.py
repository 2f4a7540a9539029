"""Converts mitmproxy's flows to requests and responses of the core.

HTTP's bytes become text as in the endpoint: headers are Latin-1, and a path is ASCII, percent-encoded where it was not.
The text that mitmproxy itself offers may hold lone surrogates, which can't be encoded.
"""

from __future__ import annotations

from urllib.parse import quote

from mitmproxy import http

from awstape.core.aws.wire import Headers, Request, Response

_ASCII = bytes(range(0x21, 0x7F))


def request_of(flow: http.HTTPFlow) -> Request:
    """The request of a flow."""
    path, _, query = quote(flow.request.data.path, safe=_ASCII).partition("?")
    host = flow.request.pretty_host.encode("utf-8", "replace").decode()
    method = flow.request.data.method.decode("latin-1")
    return Request(method, host, path, query, headers_of(flow.request), flow.request.raw_content or b"")


def response_of(response: http.Response) -> Response:
    """The response of a flow."""
    return Response(response.status_code, headers_of(response), response.raw_content or b"")


def headers_of(message: http.Message) -> Headers:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in message.headers.fields)

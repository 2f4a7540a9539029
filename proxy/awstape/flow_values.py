"""mitmproxy's flows as values of the core."""

from __future__ import annotations

from mitmproxy import http

from awstape.core.wire import Request


def request_of(flow: http.HTTPFlow) -> Request:
    path, _, query = flow.request.path.partition("?")
    headers = tuple(flow.request.headers.items(multi=True))
    body = flow.request.get_content(strict=False) or b""
    return Request(flow.request.method, flow.request.pretty_host, path, query, headers, body)

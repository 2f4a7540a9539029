"""HAR 1.2: what browsers, mitmproxy's `hardump` and other proxies export. http://www.softwareishard.com/blog/har-12-spec

A body stands there without its content encoding, as text or in base64; but not all tools keep bodies, or all of them.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from awstape.core.aws.content_encoding import check_whole, plain
from awstape.core.aws.wire import Headers, Request, Response, WireError
from awstape.formats.imports.entries import Entry, ImportOptions, header_text, read_items, request_from_url, status_code


def recognises(content: Any) -> bool:
    """Whether a parsed file is one."""
    return isinstance(content, dict) and isinstance(log := content.get("log"), dict) and "entries" in log


def read(path: Path, content: Any, _: ImportOptions) -> Iterator[Entry]:
    """The exchanges of a HAR file."""
    entries = content["log"]["entries"]
    yield from read_items(path, entries if isinstance(entries, list) else [entries], _exchange)


def _exchange(entry: Any) -> tuple[Request, Response | None]:
    return _request(entry["request"]), _response(entry["response"])


def _request(asked: Any) -> Request:
    headers = _headers(asked["headers"])
    posted = asked.get("postData") or {}
    text = posted.get("text")
    if not text:  # some tools keep a form as its fields only
        text = urlencode([(field["name"], field["value"]) for field in posted.get("params") or ()])
    if posted.get("mimeType") and not any(name.lower() == "content-type" for name, _ in headers):
        headers += (("content-type", header_text(posted["mimeType"])),)
    return request_from_url(asked["method"], asked["url"], headers, text.encode())


def _response(answered: Any) -> Response | None:
    status = status_code((answered or {}).get("status", 0))
    if status == 0:  # blocked, aborted, or no connection
        return None
    headers, content = _headers(answered["headers"]), answered.get("content") or {}
    text = content.get("text")
    if text is None:
        if content.get("size"):
            raise WireError("the body was not kept")
        return Response(status, headers)
    body = base64.b64decode(text) if content.get("encoding") == "base64" else text.encode()
    check_whole(body, content.get("size"))
    return Response(status, headers, plain(headers, body))


def _headers(pairs: Any) -> Headers:
    return tuple((header_text(pair["name"]), header_text(pair["value"])) for pair in pairs)

"""Reads HAR 1.2, as browsers, mitmproxy's `hardump` and other proxies export it.

A body is kept without its content encoding, as text or base64; some tools omit some or all bodies. Entries are in any
order: browsers sort them by the time of the request, mitmproxy by that of the response.
http://www.softwareishard.com/blog/har-12-spec
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from awstape.core.aws.content_encoding import check_complete
from awstape.core.aws.protocols.encodings.scalars import decode_base64
from awstape.core.aws.timestamps import canonical_timestamp
from awstape.core.aws.wire import Headers, Request, Response, WireError
from awstape.formats.imports.entries import Entry, ImportOptions, header_text, read_item, request_from_url, status_code
from awstape.formats.imports.time_order import Times, sort_by_time

TITLE = "HAR"
#: A day. No response takes longer.
_MOST_MILLISECONDS = 86_400_000


def recognises(content: Any) -> bool:
    """Whether a parsed file is a HAR."""
    return isinstance(content, dict) and isinstance(log := content.get("log"), dict) and "entries" in log


def read(path: Path, content: Any, _: ImportOptions) -> Iterator[Entry]:
    """Yields the exchanges of a HAR, in the order of their responses."""
    entries = content["log"]["entries"]
    timed = ((entry, _times(entry)) for entry in (entries if isinstance(entries, list) else [entries]))
    for number, entry, overlapping in sort_by_time(timed):
        yield read_item(f"{path}, entry {number}", _exchange, entry, overlapping)


def _times(entry: Any) -> Times | None:
    """The times of an entry, None if it has none.

    The time of the response is never too late. What opening the connection took does not count: mitmproxy adds it to
    `time`, also if the connection was open before. Nor do two milliseconds, since many tools round.
    """
    if not isinstance(entry, dict) or (began := canonical_timestamp(str(entry.get("startedDateTime")))) is None:
        return None
    timings = entry.get("timings")
    parts = [timings.get(name) for name in ("send", "wait", "receive")] if isinstance(timings, dict) else []
    milliseconds = sum(map(_milliseconds, parts)) or _milliseconds(entry.get("time"))
    return Times(float(began), float(began) + max(0.0, milliseconds - 2) / 1000)


def _milliseconds(value: object) -> float:
    """A time in milliseconds; 0 if it is unknown, which is -1 in a HAR."""
    return float(value) if isinstance(value, int | float) and 0 < value < _MOST_MILLISECONDS else 0.0


def _exchange(entry: Any) -> tuple[Request, Response | None]:
    return _request(entry["request"]), _response(entry["response"])


def _request(request: Any) -> Request:
    headers = _headers(request["headers"])
    posted = request.get("postData") or {}
    text = posted.get("text")
    if not text:  # some tools keep only the fields of a form
        text = urlencode([(field["name"], field["value"]) for field in posted.get("params") or ()])
    if posted.get("mimeType") and not any(name.lower() == "content-type" for name, _ in headers):
        headers += (("content-type", header_text(posted["mimeType"])),)
    return request_from_url(request["method"], request["url"], headers, text.encode())


def _response(response: Any) -> Response | None:
    status = status_code((response or {}).get("status", 0))
    if status == 0:  # blocked, aborted, or not connected
        return None
    headers, content = _headers(response["headers"]), response.get("content") or {}
    text = content.get("text")
    if text is None:
        if content.get("size"):
            raise WireError("the body was not kept")
        return Response(status, headers)
    body = decode_base64(text) if content.get("encoding") == "base64" else text.encode()
    check_complete(body, content.get("size"))
    return Response(status, headers, body)


def _headers(pairs: Any) -> Headers:
    return tuple((header_text(pair["name"]), header_text(pair["value"])) for pair in pairs)

"""Exports HTTP archives, HAR 1.2, for browsers, proxies and API tools.

A HAR entry needs a time, and a cassette holds none: the exchanges are dated one second apart, starting at 1970-01-01,
so that tools which sort by time keep the order, and equal cassettes give equal bytes.
http://www.softwareishard.com/blog/har-12-spec/
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any
from urllib.parse import parse_qsl

from awstape import __version__
from awstape.core.aws.wire import Headers, Response
from awstape.core.text.printable import printable_json
from awstape.core.view.selectors import SelectedTrack
from awstape.formats.exports.exported_pages import AddNote, ExportedPage, exported_pages

_HTTP = "HTTP/1.1"
_UNKNOWN = -1  # HAR's value for an unknown size
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def convert_track(chosen: SelectedTrack, _: AddNote) -> list[dict[str, Any]]:
    """The entries of a track, without their dates."""
    return [_entry(exported) for exported in exported_pages(chosen)]


def assemble(parts: Sequence[list[dict[str, Any]]]) -> str:
    """The archive, in JSON."""
    entries = [{"startedDateTime": _date(i), **entry} for i, entry in enumerate(chain.from_iterable(parts))]
    creator = {"name": "awstape", "version": __version__}
    log = {"version": "1.2", "creator": creator, "entries": entries}
    return printable_json(json.dumps({"log": log}, indent=2, ensure_ascii=False)) + "\n"


def _date(second: int) -> str:
    return (_BEGINNING + timedelta(seconds=second)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _entry(exported: ExportedPage) -> dict[str, Any]:
    request, response = exported.request, exported.response
    type_ = request.header("content-type") or "application/octet-stream"
    posted = {"postData": {"mimeType": type_, "text": request.body.decode()}} if request.body else {}
    return {
        "time": 0,
        "request": {
            "method": request.method,
            "url": exported.url,
            "httpVersion": _HTTP,
            "cookies": [],
            "headers": _pairs(request.headers),
            "queryString": _pairs(tuple(parse_qsl(request.query, keep_blank_values=True))),
            **posted,
            "headersSize": _UNKNOWN,
            "bodySize": len(request.body),
        },
        "response": {
            "status": response.status,
            "statusText": exported.status_text,
            "httpVersion": _HTTP,
            "cookies": [],
            "headers": _pairs(response.headers),
            "content": _content(response),
            "redirectURL": "",
            "headersSize": _UNKNOWN,
            "bodySize": len(response.body),
        },
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        "comment": f"{exported.track}: take {exported.take}, page {exported.number}",
    }


def _content(response: Response) -> dict[str, Any]:
    """The body, as text where its encoding is unambiguous, else as base64.

    IAM names no charset, and without one readers decode text other than JSON as Latin-1.
    """
    body, type_ = response.body, response.header("content-type") or ""
    is_clear = body.isascii() or "json" in type_
    text = {"text": body.decode()} if is_clear else {"text": base64.b64encode(body).decode(), "encoding": "base64"}
    return {"size": len(body), "mimeType": type_, **text}


def _pairs(headers: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]

"""Reads cassettes of VCR.py, https://vcrpy.readthedocs.io: YAML or, from its JSON serializer, JSON.

Responses are kept as sent. Headers are lists of text or bytes; a body is the member `string`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from awstape.core.aws.content_encoding import check_complete
from awstape.core.aws.wire import Request, Response, find_header
from awstape.formats.imports.entries import (
    Entry,
    ImportOptions,
    body_bytes,
    header_pairs,
    read_items,
    request_from_url,
    response_statuses,
    status_code,
)

TITLE = "a cassette of VCR.py"


def recognises(content: Any) -> bool:
    """Whether a parsed file is a cassette of VCR.py: a status is a mapping of code and message."""
    is_empty = isinstance(content, dict) and content.get("interactions") == []
    return is_empty or any(isinstance(status, dict) for status in response_statuses(content))


def read(path: Path, content: Any, _: ImportOptions) -> Iterator[Entry]:
    """Yields the exchanges of a cassette, in its order."""
    yield from read_items(path, content["interactions"], _exchange)


def _exchange(interaction: Any) -> tuple[Request, Response | None]:
    sent, received = interaction["request"], interaction["response"]
    request = request_from_url(
        sent["method"], sent["uri"], header_pairs(sent.get("headers") or {}), body_bytes(sent.get("body"))
    )
    headers = header_pairs(received.get("headers") or {})
    body = body_bytes((received.get("body") or {}).get("string"))
    length = find_header(headers, "content-length") or ""
    check_complete(body, int(length) if length.isdecimal() else None)
    return request, Response(status_code(received["status"]["code"]), headers, body)

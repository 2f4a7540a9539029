"""Reads cassettes of cassetter, https://kludex.github.io/cassetter: YAML or TOML.

A body has a type: `json` is structured data, in TOML its text; `binary` is hexadecimal. The interactions are sorted by
method and URL, so pages may be out of order: `recorded_at` restores it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from awstape.core.aws.wire import Request, Response
from awstape.formats.imports.entries import (
    Entry,
    ImportOptions,
    header_pairs,
    read_item,
    request_from_url,
    response_statuses,
    status_code,
)

TITLE = "a cassette of cassetter"


def recognises(content: Any) -> bool:
    """Whether a parsed file is a cassette of cassetter: a status is a number."""
    return any(isinstance(status, int) for status in response_statuses(content))


def read(path: Path, content: Any, _: ImportOptions) -> Iterator[Entry]:
    """Yields the exchanges of a cassette in the order in which they were recorded."""
    numbered = list(enumerate(content["interactions"], 1))
    for number, interaction in sorted(numbered, key=lambda item: _recorded_at(item[1])):
        yield read_item(f"{path}, entry {number}", _exchange, interaction)


def _recorded_at(interaction: Any) -> str:
    at = interaction.get("recorded_at") if isinstance(interaction, dict) else None
    return at if isinstance(at, str) else ""


def _exchange(interaction: Any) -> tuple[Request, Response | None]:
    sent, received = interaction["request"], interaction["response"]
    request = request_from_url(sent["method"], sent["uri"], header_pairs(sent.get("headers") or {}), _body(sent))
    headers = header_pairs(received.get("headers") or {})
    return request, Response(status_code(received["status"]), headers, _body(received))


def _body(message: Mapping[str, Any]) -> bytes:
    body = message.get("body") or {"type": message.get("body_type"), "content": message.get("body_content")}
    match body["type"], body.get("content"):
        case "json", content if "body" in message:
            return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
        case "json" | "text", str(text):
            return text.encode()
        case "binary", str(digits):
            return bytes.fromhex(digits)
        case "none" | None, None:
            return b""
    raise TypeError("an unknown type of body")

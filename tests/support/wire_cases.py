"""Load the literal request and answer pairs under ``tests/wire_cases/``.

Each ``<service>/<short-name>.http`` file is UTF-8 text in three sections, separated by a line that is just ``=====``:

1. the request: ``METHOD url``, header lines, an empty line, the body;
2. the answer: the status, header lines, an empty line, the body;
3. YAML: the decoded request (``operation``, ``input``, ``region``), ``canonical`` and ``note``.

A form body (``application/x-www-form-urlencoded``) may be wrapped: its newlines are removed. One final newline of a
JSON body is removed, since AWS sends none; the final newline of an XML body is kept, since AWS sends it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from support.paths import TESTS

FOLDER = TESTS / "wire_cases"
SERVICES = ("accessanalyzer", "iam")
_SEPARATOR = "====="
_KEYS = {"operation", "input", "region", "canonical", "note"}

Headers = tuple[tuple[str, str], ...]


class WireCaseError(ValueError):
    """A wire case file doesn't have the format that this module describes."""


@dataclass(frozen=True)
class WireCase:
    """One exchange as sent on the wire, and the decoded request."""

    name: str
    """``service/short-name``, unique; the test id."""
    service: str
    operation: str
    region: str | None
    """The region of an Access Analyzer request; for IAM that of another partition than aws, such as aws-cn-global."""
    input: dict[str, object]
    """The decoded request, with AWS member names and the model's types."""
    canonical: bool
    """False if AWS would encode the same response in other bytes."""
    note: str
    method: str
    url: str
    request_headers: Headers
    request_body: bytes
    status: int
    response_headers: Headers
    response_body: bytes


def load() -> list[WireCase]:
    """Return all wire cases, sorted by name."""
    return list(_loaded())


@cache
def _loaded() -> tuple[WireCase, ...]:
    cases = [read(path) for path in FOLDER.glob("*/*.http")]
    if not cases:
        raise WireCaseError(f"{FOLDER}: no wire cases found")
    return tuple(sorted(cases, key=lambda case: case.name))


def read(path: Path) -> WireCase:
    """Read one wire case file."""
    try:
        return _parse(path.parent.name, path.stem, path.read_bytes().decode())
    except (ValueError, yaml.YAMLError) as error:
        raise WireCaseError(f"{path}: {error}") from error


def _parse(service: str, stem: str, text: str) -> WireCase:
    if service not in SERVICES:
        raise WireCaseError(f"folder {service!r} is none of {', '.join(SERVICES)}")
    if "\r" in text:
        raise WireCaseError("lines must end in \\n alone")
    sections = text.split(f"\n{_SEPARATOR}\n")
    if len(sections) != 3:
        raise WireCaseError(f"{len(sections)} sections instead of 3, separated by {_SEPARATOR} lines")
    # The newline before a separator ends the last line of the section, and so belongs to its body.
    request_line, request_headers, request_body = _message("request", sections[0] + "\n")
    status, response_headers, response_body = _message("answer", sections[1] + "\n")
    method, space, url = request_line.partition(" ")
    if not space or not method.isupper() or "://" not in url or " " in url:
        raise WireCaseError(f"request: {request_line!r} isn't METHOD absolute-url")
    if len(status) != 3 or not status.isascii() or not status.isdigit():
        raise WireCaseError(f"answer: {status!r} isn't a status")
    meaning = _mapping("meaning", yaml.load(sections[2], yaml.CSafeLoader))
    if unknown := meaning.keys() - _KEYS:
        raise WireCaseError(f"meaning: unknown {', '.join(sorted(unknown))}")
    region = _text(meaning, "region") if service == "accessanalyzer" or "region" in meaning else None
    canonical = meaning.get("canonical", True)
    if not isinstance(canonical, bool):
        raise WireCaseError(f"meaning: canonical must be true or false, not {canonical!r}")
    return WireCase(
        name=f"{service}/{stem}",
        service=service,
        operation=_text(meaning, "operation"),
        region=region,
        input=_mapping("input", meaning.get("input")),
        canonical=canonical,
        note=_text(meaning, "note"),
        method=method,
        url=url,
        request_headers=request_headers,
        request_body=request_body,
        status=int(status),
        response_headers=response_headers,
        response_body=response_body,
    )


def _message(what: str, section: str) -> tuple[str, Headers, bytes]:
    """Split a section into its first line, its headers and its body."""
    head, _, body = section.partition("\n\n")
    first, *lines = head.removesuffix("\n").split("\n")
    headers: list[tuple[str, str]] = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise WireCaseError(f"{what}: {line!r} isn't a Name: value header line")
        headers.append((name, value.strip()))
    kind = next((value for name, value in headers if name.lower() == "content-type"), "")
    kind = kind.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        body = body.replace("\n", "")
    elif kind == "application/json":
        body = body.removesuffix("\n")
    elif body and kind != "text/xml":
        raise WireCaseError(f"{what}: a body, but the content type is {kind!r}")
    return first, tuple(headers), body.encode()


def _mapping(what: str, value: object) -> dict[str, object]:
    """Return ``value`` if it is a mapping with text keys."""
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise WireCaseError(f"{what} must be a mapping with text keys, not {value!r}")
    return value


def _text(mapping: dict[str, object], key: str) -> str:
    """Return the text under ``key``. Raises WireCaseError if it is missing."""
    value = mapping.get(key)
    if not isinstance(value, str) or not value:
        raise WireCaseError(f"meaning: {key} must be text, not {value!r}")
    return value

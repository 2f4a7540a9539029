"""What `awstape check` found, in the formats that people and other programs read.

text: `file:line: member: kinds`. json: a list of objects. github: workflow commands, which become annotations
(docs.github.com, "Workflow commands for GitHub Actions"). sarif: SARIF 2.1.0, for code scanning.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import PurePath
from urllib.parse import quote

from awstape import __version__
from awstape.core.check import FORMAT, Finding
from awstape.report import count, kind_name

Found = Sequence[tuple[str, Finding]]
"""(file, finding) in the order of files and lines."""

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_text(found: Found, files: int) -> str:
    lines = []
    for (file, line, member), group in groupby(found, lambda each: (each[0], each[1].line, each[1].member)):
        said = ", ".join(_said(finding) for _, finding in group)
        lines.append(f"{' '.join(file.splitlines())}:{line}: {member + ': ' if member else ''}{said}")
    if not found:
        return f"{count(files, 'cassette')}: nothing real found"
    bad = len({file for file, _ in found})
    lines.append(f"{count(len(found), 'finding')} in {bad} of {count(files, 'cassette')}")
    return "\n".join(lines)


def as_json(found: Found, files: int) -> str:
    objects = [
        {"file": file, "line": f.line, "member": f.member, "kind": f.kind, "message": _said(f)} for file, f in found
    ]
    return json.dumps(objects, indent=2)


def as_github(found: Found, files: int) -> str:
    return "\n".join(_annotation(file, finding) for file, finding in found)


def as_sarif(found: Found, files: int) -> str:
    kinds = sorted({finding.kind for _, finding in found})
    rules = [{"id": kind, "shortDescription": {"text": _headline(kind)}} for kind in kinds]
    driver = {"name": "awstape", "version": __version__, "rules": rules}
    run = {"tool": {"driver": driver}, "results": [_result(file, finding) for file, finding in found]}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


FORMATS: Mapping[str, Callable[[Found, int], str]] = {
    "text": as_text,
    "json": as_json,
    "github": as_github,
    "sarif": as_sarif,
}


def _said(finding: Finding) -> str:
    return finding.problem or kind_name(finding.kind)


def _headline(kind: str) -> str:
    return "not a valid cassette" if kind == FORMAT else f"looks real: {kind_name(kind)}"


def _message(finding: Finding) -> str:
    where = f"{finding.member}: " if finding.member else ""
    return f"{where}{finding.problem or _headline(finding.kind)}"


def _annotation(file: str, finding: Finding) -> str:
    properties = f"file={_escaped(file, ':,')},line={finding.line},title=awstape check"
    return f"::error {properties}::{_escaped(_message(finding))}"


def _escaped(text: str, more: str = "") -> str:
    return "".join(f"%{ord(c):02X}" if c in "%\r\n" + more else c for c in text)


def _uri(file: str) -> str:
    """A path as SARIF has it: relative ones stay relative."""
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(os.fsencode(path.as_posix()))


def _result(file: str, finding: Finding) -> dict[str, object]:
    place = {"artifactLocation": {"uri": _uri(file)}, "region": {"startLine": finding.line}}
    return {
        "ruleId": finding.kind,
        "level": "error",
        "message": {"text": _message(finding)},
        "locations": [{"physicalLocation": place}],
    }

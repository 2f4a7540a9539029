"""Output formats of `awstape check`: its findings as text, JSON, GitHub workflow commands and SARIF.

text: `file:line: member: kinds` or `file:line: member: problem`; warnings are marked. json: a list of objects. github:
workflow commands, which become annotations (docs.github.com, "Workflow commands for GitHub Actions"). sarif: SARIF
2.1.0, for code scanning. Values that are no findings, since the project keeps
them or a comment allows them, are objects of the level `kept` or `allowed`, notices, and suppressed results.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from urllib.parse import quote

from awstape import __version__
from awstape.core.check.findings import ALLOW, FORMAT, IN_GIT, KINDS, Finding, Level
from awstape.core.text.counting import count
from awstape.core.text.printable import printable
from awstape.core.view.kind_names import kind_name

Findings = Sequence[tuple[str, Finding]]
"""(file, finding) in the order of files and lines."""

#: Kind of a finding that is no value → what it is about.
_HEADLINES = {
    ALLOW: "a comment that allows no value",
    FORMAT: "not a valid cassette",
    IN_GIT: "a file with real values is in git",
}
#: Level of a value that is no finding → where SARIF says that this was decided.
_SUPPRESSED = {"kept": "external", "allowed": "inSource"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_text(findings: Findings, files: int, noun: str = "cassette") -> str:
    """noun: what the files are."""
    findings = [(file, finding) for file, finding in findings if finding.level not in _SUPPRESSED]
    if not findings:
        return f"{count(files, noun)}: nothing found"
    merged: dict[tuple[str, int, str, str], list[str]] = {}
    for file, finding in findings:
        merged.setdefault(_line_key(file, finding), []).append(_message_of(finding))
    lines = [
        f"{printable(file)}:{line}: {where}{problem or ', '.join(kinds)}"
        for (file, line, where, problem), kinds in merged.items()
    ]
    counts = ", ".join(count(number, noun) for noun, level in _NOUNS if (number := _count_level(findings, level)))
    bad = len({file for file, _ in findings})
    lines.append(f"{counts} in {bad} of {count(files, noun)}")
    return "\n".join(lines)


_NOUNS: tuple[tuple[str, Level], ...] = (("finding", "error"), ("warning", "warning"))


def _count_level(findings: Findings, level: Level) -> int:
    return sum(finding.level == level for _, finding in findings)


def _line_key(file: str, finding: Finding) -> tuple[str, int, str, str]:
    """The key by which findings share a line of text: the kinds of real values in one place become one line."""
    member = f"{printable(finding.member)}: " if finding.member else ""
    level = "warning: " if finding.level == "warning" else ""
    return file, finding.line, member + level, printable(_problem_and_tip(finding))


def as_json(findings: Findings, files: int) -> str:
    objects = [
        {
            "file": file,
            "line": f.line,
            "member": f.member,
            "level": f.level,
            "kind": f.kind,
            "message": _message_of(f),
            "tip": f.tip,
        }
        for file, f in findings
    ]
    return json.dumps(objects, indent=2)


def as_github(findings: Findings, files: int) -> str:
    return "\n".join(_annotation(file, finding) for file, finding in findings)


def as_sarif(findings: Findings, files: int) -> str:
    headlines = {finding.kind: _headline(finding) for _, finding in findings}
    rules = [{"id": kind, "shortDescription": {"text": text}} for kind, text in sorted(headlines.items())]
    driver = {"name": "awstape", "version": __version__, "rules": rules}
    run = {"tool": {"driver": driver}, "results": [_result(file, finding) for file, finding in findings]}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


FORMATS: Mapping[str, Callable[[Findings, int], str]] = {
    "text": as_text,
    "json": as_json,
    "github": as_github,
    "sarif": as_sarif,
}


def _message_of(finding: Finding) -> str:
    return finding.problem or kind_name(finding.kind)


def _problem_and_tip(finding: Finding) -> str:
    """The problem with its tip; empty for a finding of a real value, which has neither."""
    return f"{finding.problem} ({finding.tip})" if finding.tip else finding.problem


def _headline(finding: Finding) -> str:
    if finding.level == "warning":
        return KINDS[finding.kind]
    return _HEADLINES.get(finding.kind) or f"looks real: {kind_name(finding.kind)}"


def full_message(finding: Finding) -> str:
    """The place, the problem and the tip of a finding, without its file and line."""
    where = f"{finding.member}: " if finding.member else ""
    return f"{where}{_problem_and_tip(finding) or _headline(finding)}"


def _annotation(file: str, finding: Finding) -> str:
    properties = f"file={_escape(file, ':,')},line={finding.line},title=awstape check"
    level = "notice" if finding.level in _SUPPRESSED else finding.level
    return f"::{level} {properties}::{_escape(full_message(finding))}"


def _escape(text: str, more: str = "") -> str:
    return "".join(f"%{ord(c):02X}" if c in "%\r\n" + more else printable(c) for c in text)


def _uri(file: str) -> str:
    """A path as a URI for SARIF; a relative path stays relative."""
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(os.fsencode(path.as_posix()))


def _result(file: str, finding: Finding) -> dict[str, object]:
    place = {"artifactLocation": {"uri": _uri(file)}, "region": {"startLine": finding.line}}
    result: dict[str, object] = {
        "ruleId": finding.kind,
        "level": "note" if finding.level in _SUPPRESSED else finding.level,
        "message": {"text": full_message(finding)},
        "locations": [{"physicalLocation": place}],
    }
    if kind := _SUPPRESSED.get(finding.level):
        result["suppressions"] = [{"kind": kind, "justification": finding.problem}]
    return result

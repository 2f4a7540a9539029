"""What in a cassette's text looks real: leaks, found without the key.

1. Redaction is its own judge: it changes nothing in what is redacted already, under any key. So every string of the
   text is redacted, by its shape, under a key that is thrown away; what changes was real, and its kind is known.
2. The text need not be a valid cassette: it may be hand-edited, imported, or of another version. What the model
   doesn't know is searched as free text, comments too, and where it is no YAML, every line.
3. A finding says where and what kind, never the value. A text that can't be read as a cassette is a finding as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from awstape.core.conform import shown
from awstape.core.document import Document, DocumentError, documents, read
from awstape.core.members import TEXT, Edit, Place, edit_members, edit_value
from awstape.core.model import Member, Models, Operation, Shape, Value
from awstape.core.redact import Redactor
from awstape.core.rules import NO_RULES, Rules

_KEY = b"thrown away"
_COMMENT = re.compile(r"(?:^|\s)#.*")
FORMAT = "format"


@dataclass(frozen=True, order=True)
class Finding:
    """What is wrong in a text: the line, counted from 1, the member (may be empty), and the kind of what was found.

    kind: of the real value, as `Aliases.counts` has it, or `format`, of which `problem` says more.
    """

    line: int
    member: str
    kind: str
    problem: str = ""


def findings(text: str, models: Models, rules: Rules = NO_RULES) -> list[Finding]:
    """Everything in a cassette's text that looks real, and whether it can be read, by line."""
    found: set[Finding] = set()
    lines = text.splitlines()
    try:
        for document in documents(text):
            found.update(_in_document(document, lines, models, rules))
        read(text, models)
    except DocumentError as error:
        redactor = Redactor(_KEY)
        found.add(Finding(error.line, redactor.accounts(error.path), FORMAT, redactor.accounts(error.problem)))
        if "not YAML" in error.problem:
            found |= {
                Finding(i, "", kind) for i, line in enumerate(lines, 1) for kind in _kinds(line, _ANYWHERE, rules)
            }
    said = {(finding.line, finding.kind) for finding in found}
    for i, line in enumerate(lines, 1):
        comment = _COMMENT.search(line)
        kinds = _kinds(comment[0], _ANYWHERE, rules) if comment else []
        found |= {Finding(i, "a comment", kind) for kind in kinds if (i, kind) not in said}
    return sorted(found)


def _in_document(document: Document, lines: list[str], models: Models, rules: Rules) -> Iterator[Finding]:
    found: list[tuple[str, Place]] = []

    def note(text: str, place: Place) -> str:
        found.append((text, place))
        return text

    _walk(document.value, _operation(document.value, models), note)
    for text, place in found:
        for kind in _kinds(text, place, rules):
            at = document.line(place.path)
            yield from (Finding(line, shown(place.path), kind) for line in _lines_of(text, kind, at, lines, rules))


def _operation(value: Value, models: Models) -> Operation | None:
    if not isinstance(value, dict):
        return None
    service, operation = value.get("service"), value.get("operation")
    known = models.services.get(service) if isinstance(service, str) else None
    return known.operations.get(operation) if known and isinstance(operation, str) else None


def _kinds(text: str, place: Place, rules: Rules) -> list[str]:
    """The kinds of real values in a text."""
    redactor = Redactor(_KEY, rules)
    return list(redactor.counts()) if redactor.edit(text, place) != text else []


def _walk(value: Value, operation: Operation | None, edit: Edit) -> None:
    """Shows `edit` every string of a document, with the shape that the model gives it."""
    if not isinstance(value, dict) or operation is None:
        edit_value(value, _ANYWHERE, edit)
        return
    for name, part in value.items():
        if name == "identity" and isinstance(part, dict):
            edit_members(part, operation.input, edit, (name,))
        elif name == "pages" and isinstance(part, list):
            for i, page in enumerate(part):
                edit_value(page, Place(_page(operation), (name, i)), edit)
        else:
            edit_value({name: part}, _ANYWHERE, edit)


def _page(operation: Operation) -> Shape:
    """The format of a page, as a shape."""
    output = operation.output or Shape(name="nothing", type="structure")
    error = Shape(name="error", type="structure", members=_members(code=TEXT, message=TEXT, members=TEXT))
    return Shape(
        name="page", type="structure", members=_members(token=TEXT, unmodelled=TEXT, output=output, error=error)
    )


def _members(**shapes: Shape) -> dict[str, Member]:
    return {name: Member(name, shape) for name, shape in shapes.items()}


def _lines_of(text: str, kind: str, at: int, lines: list[str], rules: Rules) -> Iterator[int]:
    """The lines of a literal block that hold the value; of other text, the line that it begins in."""
    inner = [
        at + i + 1
        for i, part in enumerate(text.split("\n"))
        if at + i < len(lines) and lines[at + i].strip() == part.strip() and kind in _kinds(part, _ANYWHERE, rules)
    ]
    yield from inner if inner and "\n" in text else [at]


_ANYWHERE = Place(TEXT, ())

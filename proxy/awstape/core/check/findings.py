"""What is wrong in a cassette's text: what looks real, found without the key, what can't be read, what is suspicious.

1. Redaction is its own judge: it changes nothing in what is redacted already, under any key. So every string of the
   text is redacted, by its shape, under a key that is thrown away; what changes was real, and its kind is known.
2. The text need not be a valid cassette: it may be hand-edited, imported, or of another version. What the model
   doesn't know is searched as free text, comments too, and where it is no YAML, every line.
3. What is wrong with the format is told up to a number, and of a comment, or of a text that can't be read, only so
   much is searched: that there is more is a finding, too. Values are searched to their end.
4. A finding says where and what kind, never the value. What keeps the text from being read as a cassette is a finding
   as well (`structure`). What can be read, but is hardly meant, is a warning (`lint`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Literal

from awstape.core.aws.conform import shown
from awstape.core.aws.model import Member, Models, Operation, Shape, Value
from awstape.core.cassette.yaml.comments import comments
from awstape.core.cassette.yaml.document import MAX_ERRORS, SCHEMA_LINE, Document, DocumentError, Entry, entries
from awstape.core.cassette.yaml.validation import Problem, operation_of
from awstape.core.check.lint_takes import warnings
from awstape.core.redaction.project_rules import NO_RULES, Rules
from awstape.core.redaction.redactor import Redactor
from awstape.core.redaction.string_walk import TEXT, StringContext, StringEdit, edit_member_strings, edit_value_strings

_KEY = b"thrown away"
#: Characters of a comment, or of a text that can't be read; to search them takes some ten seconds.
_MOST_SEARCHED = 4_000_000
_MOST_LINES = 50_000
FORMAT = "format"
HIDDEN = "can't be read as a cassette; what stands there looks real and is not shown"
_FORMAT_KEYS = frozenset({"version", "key", "service", "operation", "region", "identity", "pages"})


Level = Literal["error", "warning"]


@dataclass(frozen=True, order=True)
class Finding:
    """What is wrong in a text: the line, counted from 1, the member (may be empty), and the kind of what was found.

    kind: of the real value, as `Aliases.counts` has it; `format`, or of a warning, as `lint.KINDS` has it, of which
    `problem` says more. tip: what to do, may be empty.
    """

    line: int
    member: str
    kind: str
    problem: str = ""
    tip: str = ""
    level: Level = "error"


def findings(text: str, models: Models, rules: Rules = NO_RULES) -> list[Finding]:
    """Everything in a cassette's text that looks real, that can't be read or that is suspicious, by line."""
    lines = text.split("\n")
    found: set[Finding] = set()
    is_readable = True
    read: list[Entry] = []
    errors: list[DocumentError] = []
    try:
        for entry in entries(text, models):
            errors += entry.errors
            if len(errors) >= MAX_ERRORS:
                problem = "so much is wrong that the rest is not looked at"
                raise DocumentError(errors[-1].line, "", problem, "is this file a cassette?")
            found.update(_in_document(entry.document, lines, models, rules))
            read.append(entry)
    except DocumentError as error:  # nothing can be told apart in what follows
        errors.append(error)
        is_readable = False
    found.update(map(_error, errors))
    found |= _in_lines(text, is_readable, rules, {(f.line, f.kind) for f in found})
    found.update(_warning(document, problem) for document, problem in warnings(read, models))
    return sorted(found)


def suspicions(text: str, models: Models) -> list[Finding]:
    """The warnings alone, which are found quickly. Raises DocumentError for a text that can't be read."""
    return sorted(_warning(document, problem) for document, problem in warnings(list(entries(text, models)), models))


def _error(error: DocumentError) -> Finding:
    if is_telling(error):
        return Finding(error.line, "", FORMAT, HIDDEN)
    return Finding(error.line, error.path, FORMAT, error.problem, error.tip)


def _warning(document: Document, problem: Problem) -> Finding:
    member, said = shown(problem.path), problem.problem
    if _looks_real(member, said):
        member, said = "", "what stands there looks real and is not shown"
    return Finding(document.line(problem.path), member, problem.kind, said, problem.tip, "warning")


def is_telling(error: DocumentError) -> bool:
    """Whether an error quotes something that looks real."""
    return _looks_real(error.path, error.problem)


def _looks_real(*said: str) -> bool:
    return any(_kinds(text, _ANYWHERE, NO_RULES) for text in said)


def _in_lines(text: str, is_readable: bool, rules: Rules, known: set[tuple[int, str]]) -> set[Finding]:
    """What stands beside values, directives and comments; of a text that can't be read, what stands in any line."""
    searched: list[str] = []
    said: Iterator[tuple[int, str, str]]
    if is_readable:
        directives = ((i, line, "") for i, line in enumerate(text.split("\n"), 1) if line.startswith("%"))
        said = chain(directives, ((comment.line, comment.text, "a comment") for comment in comments(text)))
    else:
        searched = text[:_MOST_SEARCHED].split("\n", _MOST_LINES)[:_MOST_LINES]
        said = ((i, line, "") for i, line in enumerate(searched, 1))

    @cache  # lines and comments that say the same are many
    def kinds(words: str) -> list[str]:
        # Awstape itself writes the line of the schema: no rule of the project is about it.
        return [] if words.strip() == SCHEMA_LINE.strip() else _kinds(words, _ANYWHERE, rules)

    found: set[Finding] = set()
    for number, words, member in said:
        here = kinds(words[:_MOST_SEARCHED])
        found.update(Finding(number, member, kind) for kind in here if (number, kind) not in known)
        if len(words) > _MOST_SEARCHED:
            found.add(Finding(number, member, FORMAT, "too long to be searched to its end"))
    if not is_readable and len(text) > sum(map(len, searched)) + len(searched):
        problem = "from here on the text is not searched: it can't be read, and is long"
        found.add(Finding(len(searched), "", FORMAT, problem))
    return found


def _in_document(document: Document, lines: list[str], models: Models, rules: Rules) -> Iterator[Finding]:
    found: list[tuple[str, StringContext]] = []

    def note(text: str, place: StringContext) -> str:
        found.append((text, place))
        return text

    _walk(document.value, operation_of(document.value, models), note)
    for text, place in found:
        redacted, kinds = _redacted(text, place, rules)
        if not kinds:
            continue
        at = document.line(place.path)
        for line, here in _lines_of(text, redacted, kinds, at, lines, rules):
            yield from (Finding(line, shown(place.path), kind) for kind in here)


def _kinds(text: str, place: StringContext, rules: Rules) -> list[str]:
    """The kinds of real values in a text."""
    return _redacted(text, place, rules)[1]


def _redacted(text: str, place: StringContext, rules: Rules) -> tuple[str, list[str]]:
    """A text, redacted, and the kinds of real values that were in it."""
    redactor = Redactor(_KEY, rules)
    redacted = redactor.redact_string(text, place)
    return redacted, list(redactor.count_by_kind()) if redacted != text else []


def _walk(value: Value, operation: Operation | None, edit: StringEdit) -> None:
    """Shows `edit` every string of a document, with the shape that the model gives it."""
    if not isinstance(value, dict):
        edit_value_strings(value, _ANYWHERE, edit)
        return
    for name, part in value.items():
        if name == "identity" and isinstance(part, dict) and operation:
            edit_member_strings(part, operation.input, edit, (name,))
        elif name == "pages" and isinstance(part, list) and operation:
            for i, page in enumerate(part):
                edit_value_strings(page, StringContext(_page(operation), (name, i)), edit)
        elif name in _FORMAT_KEYS:
            edit_value_strings(part, StringContext(_WORD if isinstance(part, str) else TEXT, (name,)), edit)
        else:
            edit_value_strings({name: part}, _ANYWHERE, edit)


def _page(operation: Operation) -> Shape:
    """The format of a page, as a shape."""
    output = operation.output or Shape(name="nothing", type="structure")
    error = Shape(name="error", type="structure", members=_members(code=TEXT, message=TEXT, members=TEXT))
    return Shape(
        name="page",
        type="structure",
        members=_members(token=_WORD, limit=_WORD, unmodelled=_WORDS, output=output, error=error),
    )


def _members(**shapes: Shape) -> dict[str, Member]:
    return {name: Member(name, shape) for name, shape in shapes.items()}


def _lines_of(
    text: str, redacted: str, kinds: list[str], at: int, lines: list[str], rules: Rules
) -> Iterator[tuple[int, list[str]]]:
    """(line, kinds) of the lines of a literal block that redaction changes; of other text, of where it begins."""
    said, changed = text.split("\n"), redacted.split("\n")
    inner = []
    for i, (line, other) in enumerate(zip(said, changed, strict=False)):
        is_there = at + i < len(lines) and lines[at + i].strip() == line.strip()
        if line != other and is_there and len(said) == len(changed) > 1:
            alone = [kind for kind in _kinds(line, _ANYWHERE, rules) if kind in kinds]
            inner.append((at + i + 1, alone or kinds))
    yield from inner or [(at, kinds)]


_ANYWHERE = StringContext(TEXT, ())
#: What awstape itself writes: no rule of the project is about it.
_WORD = Shape(name="awstape", type="string")
_WORDS = Shape(name="awstape", type="list", member=Member("", _WORD))

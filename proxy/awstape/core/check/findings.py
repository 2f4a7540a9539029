"""Finds what is wrong in a cassette's text: values that look real, errors of the format, and probable mistakes.

1. Redaction is the test: it changes nothing in redacted text, under any key. So every string of the text is redacted
   by its shape, under a key that is discarded. A string that changes had a real value, and redaction knows its kind.
   The key of the cassette is not needed.
2. The text need not be a valid cassette: it may be hand-edited, imported, or of another version. What the model
   doesn't know is searched as free text, and so are comments. Of a text that is no YAML, every line is searched.
3. Errors of the format are reported up to `MAX_ERRORS`. Comments, and text that can't be read, are searched up to a
   number of characters; that there is more is a finding, too. Values are searched completely.
4. A finding has the place and the kind of a real value, never the value. An error that keeps the text from being read
   as a cassette is a finding (`core.cassette.yaml.validation`). A probable mistake in a readable text is a warning
   (`core.check.lint_takes`).
5. The name of a cassette's file is searched as free text.
6. Names and ids of AWS's documentation, and names of general words only, are no findings
   (`core.redaction.documentation_names`).
7. A value that a person allows (`core.check.allowed_values`) is no finding; a comment that allows nothing is one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Literal

from awstape.core.aws.member_paths import format_path_without_data
from awstape.core.aws.model import Models
from awstape.core.cassette.yaml.comments import find_comments
from awstape.core.cassette.yaml.documents import MAX_ERRORS, Document, DocumentError, split_documents
from awstape.core.cassette.yaml.reader import Entry, read_entries
from awstape.core.cassette.yaml.validation import Problem, find_operation
from awstape.core.cassette.yaml.writer import SCHEMA_LINE
from awstape.core.check.allowed_values import AllowComments
from awstape.core.check.document_strings import ANYWHERE, edit_document_strings
from awstape.core.check.free_texts import FreeText, find_free_texts
from awstape.core.check.lint_takes import KINDS as TAKE_KINDS
from awstape.core.check.lint_takes import lint_takes
from awstape.core.redaction.aliases import Aliases, Key
from awstape.core.redaction.documentation_names import DocumentationRules
from awstape.core.redaction.project_rules import NO_RULES, Rules
from awstape.core.redaction.string_redaction import redact_string
from awstape.core.redaction.string_walk import StringContext

_DISCARDED_KEY = Key(b"thrown away")
#: The most characters of a comment, or of a text that can't be read, that are searched: some ten seconds' work.
_MOST_SEARCHED = 4_000_000
_MOST_LINES = 50_000
FORMAT = "format"
PARAMETER = "parameter"
ALLOW = "allow"
#: Kind of a warning → what it is about.
KINDS = {**TAKE_KINDS, PARAMETER: "a file name with the parameter of a test, which may be a real name"}
_COMMENT = "a comment"
_FILE_NAME = "the file's name"
HIDDEN = "can't be read as a cassette; the text looks real and is not shown"


Level = Literal["error", "warning"]


@dataclass(frozen=True, order=True)
class Finding:
    """A problem in a text: the line, counted from 1, the member (may be empty), and the kind.

    kind: the kind of the real value (`Aliases.count_by_kind`), `format`, `allow`, or the kind of a warning (`KINDS`).
    problem: a description, empty for a real value. tip: what to do, may be empty.
    """

    line: int
    member: str
    kind: str
    problem: str = ""
    tip: str = ""
    level: Level = "error"

    @property
    def is_redactable(self) -> bool:
        """Whether it is a real value in a string of the cassette, which redaction replaces."""
        return not self.problem and self.member not in ("", _COMMENT, _FILE_NAME)


@dataclass(frozen=True)
class Review:
    """What is wrong in a text, and the texts in it that stay readable; both by line."""

    findings: tuple[Finding, ...] = ()
    texts: tuple[FreeText, ...] = ()


def check_text(text: str, models: Models, rules: Rules = NO_RULES) -> list[Finding]:
    """The findings in a cassette's text, by line: values that look real, errors of the format, and warnings."""
    return list(review_text(text, models, rules).findings)


def review_text(
    text: str, models: Models, rules: Rules = NO_RULES, note_line: Callable[[int], object] = lambda _: None
) -> Review:
    """As `check_text`, with the texts that stay readable. note_line: called with the lines up to which it has come."""
    lines = text.split("\n")
    found: set[Finding] = set()
    is_readable = True
    read: list[Entry] = []
    errors: list[DocumentError] = []
    shared = Aliases(_DISCARDED_KEY, _with_documentation(rules))
    allowed = AllowComments(text)
    texts: list[FreeText] = []
    try:
        for entry in read_entries(text, models):
            note_line(entry.document.line(()))
            errors += entry.errors
            if len(errors) >= MAX_ERRORS:
                problem = "too many errors: the rest is not checked"
                raise DocumentError(errors[-1].line, "", problem, "is this file a cassette?")
            found.update(_find_in_document(entry.document, lines, models, rules, shared, allowed))
            texts += find_free_texts(entry.document, models, rules)
            read.append(entry)
    except DocumentError as error:  # what follows can't be divided into documents
        errors.append(error)
        is_readable = False
    found.update(map(_error_finding, errors))
    if is_readable:
        found.update(Finding(line, _COMMENT, ALLOW, problem, tip) for line, problem, tip in allowed.problems())
    found |= _find_in_lines(text, is_readable, rules, {(f.line, f.kind) for f in found})
    found.update(_warning_finding(document, problem) for document, problem in lint_takes(read, models))
    return Review(tuple(sorted(found)), tuple(texts))


def check_file_name(names: Sequence[str], rules: Rules = NO_RULES) -> list[Finding]:
    """The findings in the name of a cassette's file. names: of the folders that belong to it, and its own."""
    kinds = {kind for name in names for kind in _real_kinds(name, ANYWHERE, rules)}
    found = [Finding(1, _FILE_NAME, kind) for kind in sorted(kinds)]
    if any(re.search(r"\[.*\]", name) for name in names):
        problem = "it has the parameter of a test, which may be a real name"
        tip = "rename it: a cassette of a parametrized test ends in the parameter's position, as in test_role-3.yaml"
        found.append(Finding(1, _FILE_NAME, PARAMETER, problem, tip, "warning"))
    return found


def find_warnings(entries: Iterable[Entry], models: Models) -> list[Finding]:
    """The warnings about the takes of whole tracks, without the slow search for real values."""
    return sorted(_warning_finding(document, problem) for document, problem in lint_takes(entries, models))


def _error_finding(error: DocumentError) -> Finding:
    if quotes_real_value(error):
        return Finding(error.line, "", FORMAT, HIDDEN)
    return Finding(error.line, error.path, FORMAT, error.problem, error.tip)


def _warning_finding(document: Document, problem: Problem) -> Finding:
    member, description = format_path_without_data(problem.path), problem.problem
    if _looks_real(member, description):
        member, description = "", "the text looks real and is not shown"
    return Finding(document.line(problem.path), member, problem.kind, description, problem.tip, "warning")


def quotes_real_value(error: DocumentError) -> bool:
    """Whether an error quotes something that looks real."""
    return _looks_real(error.path, error.problem)


def _looks_real(*texts: str) -> bool:
    return any(_real_kinds(text, ANYWHERE, NO_RULES) for text in texts)


def _find_in_lines(text: str, is_readable: bool, rules: Rules, known: set[tuple[int, str]]) -> set[Finding]:
    """The real values in directives and comments, or in all lines of a text that can't be read."""
    searched: list[str] = []
    texts: Iterator[tuple[int, str, str]]  # line, text, member
    if is_readable:
        directives = ((i, line, "") for i, line in enumerate(text.split("\n"), 1) if line.startswith("%"))
        comments = (
            (document.lines_before + comment.line, comment.text, _COMMENT)
            for document in split_documents([text])
            for comment in find_comments(document.text)
        )
        texts = chain(directives, comments)
    else:
        searched = text[:_MOST_SEARCHED].split("\n", _MOST_LINES)[:_MOST_LINES]
        texts = ((i, line, "") for i, line in enumerate(searched, 1))

    @cache  # many lines and comments are equal
    def kinds_in(line: str) -> list[str]:
        # awstape itself writes the line of the schema: the project's rules don't apply to it.
        return [] if line.strip() == SCHEMA_LINE.strip() else _real_kinds(line, ANYWHERE, rules)

    found: set[Finding] = set()
    for number, line, member in texts:
        kinds = kinds_in(line[:_MOST_SEARCHED])
        found.update(Finding(number, member, kind) for kind in kinds if (number, kind) not in known)
        if len(line) > _MOST_SEARCHED:
            found.add(Finding(number, member, FORMAT, "too long to be searched completely"))
    if not is_readable and len(text) > sum(map(len, searched)) + len(searched):
        problem = "the text from here on is not searched: it can't be read and is too long"
        found.add(Finding(len(searched), "", FORMAT, problem))
    return found


def _find_in_document(
    document: Document,
    lines: list[str],
    models: Models,
    rules: Rules,
    shared: Aliases,
    allowed: AllowComments,
) -> Iterator[Finding]:
    """The real values in the strings of a document. shared: remembers what redaction changes nothing in."""
    strings: list[tuple[str, StringContext]] = []

    def note(text: str, context: StringContext) -> str:
        if redact_string(text, context, shared) != text:
            strings.append((text, context))
        return text

    edit_document_strings(document.value, find_operation(document.value, models), note)
    for text, context in strings:
        redacted, kinds = _redact(text, context, rules)
        if not kinds:
            continue
        first = document.line(context.path)
        if allowed.allows(first):
            continue
        for line, kinds_here in _locate_kinds(text, redacted, kinds, first, lines, rules):
            yield from (Finding(line, format_path_without_data(context.path), kind) for kind in kinds_here)


def _real_kinds(text: str, context: StringContext, rules: Rules) -> list[str]:
    """The kinds of the real values in a text."""
    return _redact(text, context, rules)[1]


def _redact(text: str, context: StringContext, rules: Rules) -> tuple[str, list[str]]:
    """A text, redacted, and the kinds of the real values in it, which no other text has to do with."""
    aliases = Aliases(_DISCARDED_KEY, _with_documentation(rules))
    redacted = redact_string(text, context, aliases)
    return redacted, list(aliases.count_by_kind()) if redacted != text else []


_with_documentation = cache(DocumentationRules.of)


def _locate_kinds(
    text: str, redacted: str, kinds: list[str], first: int, lines: list[str], rules: Rules
) -> Iterator[tuple[int, list[str]]]:
    """(line, kinds) for each changed line of a literal block; for other text, the line in which it begins."""
    old, new = text.split("\n"), redacted.split("\n")
    located = []
    real_kinds = cache(lambda line: _real_kinds(line, ANYWHERE, rules))  # many lines are equal
    for i, (line, redacted_line) in enumerate(zip(old, new, strict=False)):
        is_literal = first + i < len(lines) and lines[first + i].strip() == line.strip()
        if line != redacted_line and is_literal and len(old) == len(new) > 1:
            kinds_here = [kind for kind in real_kinds(line) if kind in kinds]
            located.append((first + i + 1, kinds_here or kinds))
    yield from located or [(first, kinds)]

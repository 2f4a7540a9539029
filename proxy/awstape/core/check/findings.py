"""Finds what is wrong in a cassette's text: values that look real, errors of the format, and probable mistakes.

1. Every string of the text is searched by its shape (`core.check.value_search`). The key of the cassette is not needed.
2. The text need not be a valid cassette: it may be hand-edited, imported, or of another version. What the model
   doesn't know is searched as free text, and so are comments. Of a text that is no YAML, every line is searched.
3. Errors of the format are reported up to `MAX_ERRORS`. Comments, and text that can't be read, are searched up to a
   number of characters; that there is more is a finding, too. Values are searched completely.
4. A finding has the place and the kind of a real value, never the value. An error that keeps the text from being read
   as a cassette is a finding (`core.cassette.yaml.validation`). A probable mistake in a readable text is a warning
   (`core.check.lint_takes`).
5. The name of a cassette's file is searched as free text.
6. A value that the project keeps, or that a comment allows (`core.check.allowed_values`), is no finding, but listed. A
   comment that allows nothing is a finding. Without exceptions, neither counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from awstape.core.aws.member_paths import format_path_without_data
from awstape.core.aws.model import Models
from awstape.core.cassette.yaml.comments import find_comments
from awstape.core.cassette.yaml.documents import MAX_ERRORS, Document, DocumentError, split_documents
from awstape.core.cassette.yaml.reader import Entry, read_entries
from awstape.core.cassette.yaml.validation import Problem, find_operation
from awstape.core.cassette.yaml.writer import SCHEMA_LINE
from awstape.core.check.allowed_values import AllowComments
from awstape.core.check.document_strings import ANYWHERE, edit_document_strings, place_of
from awstape.core.check.free_texts import FreeText, find_free_texts
from awstape.core.check.lint_takes import KINDS as TAKE_KINDS
from awstape.core.check.lint_takes import lint_takes
from awstape.core.check.value_search import KeptValue, Searched, ValueSearch
from awstape.core.redaction.project_rules import NO_RULES, Rules
from awstape.core.redaction.string_walk import StringContext
from awstape.core.text.lazy_pattern import lazy_pattern

#: The most characters of a comment, or of a text that can't be read, that are searched: some ten seconds' work.
_MOST_SEARCHED = 4_000_000
_MOST_LINES = 50_000
FORMAT = "format"
PARAMETER = "parameter"
ALLOW = "allow"
IN_GIT = "in git"
#: Kind of a warning → what it is about.
KINDS = {**TAKE_KINDS, PARAMETER: "a file name with the parameter of a test, which may be a real name"}
_FILE_NAME, _COMMENT = "the file's name", "a comment"
_HIDDEN_REASON = "its reason looks real and is not shown"
_KEY_LINE = lazy_pattern(r"key: [a-z2-7]{12}")
HIDDEN = "can't be read as a cassette; the text looks real and is not shown"


Level = Literal["error", "warning", "kept", "allowed"]
"""kept, allowed: a `KeptValue`, which is no finding; some formats list it as suppressed."""


@dataclass(frozen=True, order=True)
class Finding:
    """A problem in a text.

    line: counted from 1.
    member: may be empty.
    kind: the kind of the real value (`core.redaction.value_kinds`), `format`, `allow`, `in git`, or the kind of a
        warning (`KINDS`).
    problem: a description, empty for a real value.
    tip: what to do, may be empty.
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
    """What is wrong in a text, the texts in it that stay readable, and the values that are kept."""

    findings: tuple[Finding, ...] = ()
    texts: tuple[FreeText, ...] = ()
    kept: tuple[KeptValue, ...] = ()


def check_text(text: str, models: Models, rules: Rules = NO_RULES) -> list[Finding]:
    """The findings in a cassette's text, by line: values that look real, errors of the format, and warnings."""
    return list(review_text(text, models, rules).findings)


def review_text(
    text: str,
    models: Models,
    rules: Rules = NO_RULES,
    note_line: Callable[[int], object] = lambda _: None,
    *,
    exceptions: bool = True,
) -> Review:
    """As `check_text`, with the texts that stay readable, and the values that are kept.

    note_line: called with the lines up to which it has come. exceptions: whether values may be kept.
    """
    search = _TextSearch(text, rules if exceptions else rules.without_keep(), exceptions=exceptions)
    found: set[Finding] = set()
    is_readable = True
    read: list[Entry] = []
    errors: list[DocumentError] = []
    try:
        for entry in read_entries(text, models):
            note_line(entry.document.line(()))
            errors += entry.errors
            if len(errors) >= MAX_ERRORS:
                problem = "too many errors: the rest is not checked"
                raise DocumentError(errors[-1].line, "", problem, "is this file a cassette?")
            search.search_document(entry.document, models)
            search.texts += find_free_texts(entry.document, models)
            read.append(entry)
    except DocumentError as error:  # what follows can't be divided into documents
        errors.append(error)
        is_readable = False
    found.update(map(_error_finding, errors))
    search.search_lines(is_readable=is_readable)
    found.update(_warning_finding(document, problem) for document, problem in lint_takes(read, models))
    return Review(tuple(sorted(found | search.findings)), tuple(search.texts), tuple(sorted(search.kept)))


def review_file_name(names: Sequence[str], rules: Rules = NO_RULES) -> Review:
    """Reviews the name of a cassette's file. names: of the folders that belong to it, and its own."""
    search = ValueSearch(rules)
    searched = [search.search(name, ANYWHERE) for name in names]
    found = [Finding(1, _FILE_NAME, kind) for kind in sorted({kind for each in searched for kind in each.kinds})]
    if any(re.search(r"\[.*\]", name) for name in names):
        problem = "it has the parameter of a test, which may be a real name"
        tip = "rename it: a cassette of a parametrized test ends in the parameter's position, as in test_role-3.yaml"
        found.append(Finding(1, _FILE_NAME, PARAMETER, problem, tip, "warning"))
    return Review(
        tuple(found), kept=tuple(kept for each in searched for kept in search.kept_values(each, _FILE_NAME, 1))
    )


def find_warnings(entries: Iterable[Entry], models: Models) -> list[Finding]:
    """The warnings about the takes of whole tracks, without the slow search for real values."""
    return sorted(_warning_finding(document, problem) for document, problem in lint_takes(entries, models))


def _error_finding(error: DocumentError) -> Finding:
    if quotes_real_value(error):
        return Finding(error.line, "", FORMAT, HIDDEN)
    return Finding(error.line, error.path, FORMAT, error.problem, error.tip)


def _warning_finding(document: Document, problem: Problem) -> Finding:
    member, description = format_path_without_data(problem.path), problem.problem
    if looks_real(member, description):
        member, description = "", "the text looks real and is not shown"
    return Finding(document.line(problem.path), member, problem.kind, description, problem.tip, "warning")


def quotes_real_value(error: DocumentError) -> bool:
    """Whether an error quotes something that looks real."""
    return looks_real(error.path, error.problem)


def looks_real(*texts: str) -> bool:
    """Whether one of some texts has a value that looks real."""
    search = ValueSearch(NO_RULES)
    return any(search.search(text, ANYWHERE).kinds for text in texts)


def allowed_values(values: Iterable[tuple[str, str]], reason: str, place: str, line: int) -> Iterator[KeptValue]:
    """The (kind, value) pairs that a comment allows. A reason that looks real is not shown."""
    shown = _HIDDEN_REASON if looks_real(reason) else reason
    return (KeptValue("", shown, kind, value, place, line) for kind, value in values)


class _TextSearch:
    """The search of a text for real values. findings, texts, kept: what it has found."""

    def __init__(self, text: str, rules: Rules, *, exceptions: bool) -> None:
        self.findings: set[Finding] = set()
        self.texts: list[FreeText] = []
        self.kept: set[KeptValue] = set()
        self._text, self._lines = text, text.split("\n")
        self._search = ValueSearch(rules)
        self._comments = AllowComments(text if exceptions else "")
        self._searched_lines: dict[str, Searched] = {}

    def search_document(self, document: Document, models: Models) -> None:
        """Searches the strings of a document."""
        strings: list[tuple[str, StringContext]] = []

        def note(text: str, context: StringContext) -> str:
            if self._search.may_hold_values(text, context):
                strings.append((text, context))
            return text

        operation = find_operation(document.value, models)
        edit_document_strings(document.value, operation, note)
        of_operation = f"{operation.service.name} {operation.name} " if operation else ""
        for text, context in strings:
            searched = self._search.search(text, context)
            line, place = document.line(context.path), of_operation + place_of(context)
            self.kept.update(self._search.kept_values(searched, place, line))
            if not searched.kinds:
                continue
            if reason := self._comments.reason_for(line):
                self.kept.update(allowed_values(searched.real, reason, place, line))
                continue
            for found_in, kinds in self._locate_kinds(text, searched, line):
                member = format_path_without_data(context.path)
                self.findings.update(Finding(found_in, member, kind) for kind in kinds)

    def search_lines(self, *, is_readable: bool) -> None:
        """Searches directives and comments, or all lines of a text that can't be read."""
        known = {(found.line, found.kind) for found in self.findings}
        if is_readable:
            problems = self._comments.problems()
            self.findings.update(Finding(line, _COMMENT, ALLOW, problem, tip) for line, problem, tip in problems)
        for number, line, member in self._comment_lines() if is_readable else self._first_lines():
            searched = self._search_line(line[:_MOST_SEARCHED])
            if (
                member
                and (comment := line.strip("# "))
                and not comment.startswith(("awstape:", "yaml-language-server:"))
            ):
                self.texts.append(FreeText(member, comment, number))
            self.kept.update(self._search.kept_values(searched, member or "a line", number))
            self.findings.update(
                Finding(number, member, kind) for kind in searched.kinds if (number, kind) not in known
            )
            if len(line) > _MOST_SEARCHED:
                self.findings.add(Finding(number, member, FORMAT, "too long to be searched completely"))

    def _comment_lines(self) -> Iterator[tuple[int, str, str]]:
        """(number, text, member) of each directive and comment."""
        yield from ((i, line, "") for i, line in enumerate(self._lines, 1) if line.startswith("%"))
        for document in split_documents([self._text]):
            for comment in find_comments(document.text):
                yield document.lines_before + comment.line, comment.text, _COMMENT

    def _first_lines(self) -> Iterator[tuple[int, str, str]]:
        """As `_comment_lines`, for as many lines as are searched."""
        searched = self._text[:_MOST_SEARCHED].split("\n", _MOST_LINES)[:_MOST_LINES]
        yield from ((i, line, "") for i, line in enumerate(searched, 1))
        if len(self._text) > sum(map(len, searched)) + len(searched):
            problem = "the text from here on is not searched: it can't be read and is too long"
            self.findings.add(Finding(len(searched), "", FORMAT, problem))

    def _search_line(self, line: str) -> Searched:
        """Searches a line; many lines and comments are equal."""
        if line not in self._searched_lines:
            # awstape itself writes the line of the schema and that of the key's fingerprint: no rules apply to them.
            is_own = line.strip() == SCHEMA_LINE.strip() or _KEY_LINE.fullmatch(line)
            self._searched_lines[line] = self._search.search("" if is_own else line, ANYWHERE)
        return self._searched_lines[line]

    def _locate_kinds(self, text: str, searched: Searched, first: int) -> Iterator[tuple[int, Sequence[str]]]:
        """(line, kinds) for each changed line of a literal block; for other text, the line in which it begins."""
        old, new = text.split("\n"), searched.redacted.split("\n")
        located: list[tuple[int, Sequence[str]]] = []
        for i, (line, redacted_line) in enumerate(zip(old, new, strict=False)):
            is_literal = first + i < len(self._lines) and self._lines[first + i].strip() == line.strip()
            if line != redacted_line and is_literal and len(old) == len(new) > 1:
                kinds_here = [kind for kind in self._search_line(line).kinds if kind in searched.kinds]
                located.append((first + i + 1, kinds_here or searched.kinds))
        yield from located or [(first, searched.kinds)]

"""Comments that allow a value which looks real: `# awstape: allow REASON`.

1. The comment allows the value that begins on its line; on a line of its own, the value on the next line of content.
2. It needs a reason. Without one it allows nothing.
3. A comment that allows no value, because there is none or none looks real, is a problem: it would hide a later one.
4. The comment itself is searched as any other. In a text that is not YAML nothing is allowed.
5. An edit and `redact` keep an allowed value as well. They know it by its text and the members on the way to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from awstape.core.aws.model import Models
from awstape.core.cassette.yaml.comments import find_comments
from awstape.core.cassette.yaml.documents import DocumentError, split_documents
from awstape.core.cassette.yaml.parser import parse_documents
from awstape.core.cassette.yaml.validation import find_operation
from awstape.core.check.document_strings import edit_document_strings
from awstape.core.redaction.string_walk import StringContext

_ALLOW = re.compile(r"#+\s*awstape:\s*allow\b[\s:]*(?P<reason>.*)")
_NO_CONTENT = re.compile(r"\s*(?:#.*|---\s*(?:#.*)?)?")


#: Members of a page in a cassette, in which the members of the answer are.
_OF_PAGES = {("output",), ("error",)}
AllowedText = tuple[tuple[str, ...], str]
"""The names of the members on the way to a text, without indices and keys, and the text."""


class AllowComments:
    """The comments of a text that allow values, and which of them did."""

    def __init__(self, text: str) -> None:
        self._with_reason: dict[int, tuple[int, str]] = {}  # line of the value → line of the comment, reason
        self._without_reason: list[int] = []
        self._used: set[int] = set()  # lines of values
        lines = text.split("\n") if "awstape:" in text else []
        for line, reason, is_alone in _find_allow_comments(text) if lines else ():
            if not reason:
                self._without_reason.append(line)
                continue
            below = range(line + 1, len(lines) + 1)
            target = next((i for i in below if not _NO_CONTENT.fullmatch(lines[i - 1])), line) if is_alone else line
            self._with_reason[target] = line, reason

    def reason_for(self, line: int) -> str:
        """Why a value that begins on this line is allowed; empty if it is not. The comment counts as used then."""
        if line not in self._with_reason:
            return ""
        self._used.add(line)
        return self._with_reason[line][1]

    def problems(self) -> Iterator[tuple[int, str, str]]:
        """(line, problem, tip) for each comment that has allowed nothing."""
        for line in self._without_reason:
            yield line, "it allows nothing: it has no reason", "# awstape: allow REASON"
        for target, (line, _) in self._with_reason.items():
            if target not in self._used:
                yield line, "it allows nothing: no value on its line looks real", "remove it"


def find_allowed_texts(text: str, models: Models) -> Iterator[AllowedText]:
    """The texts that the comments in the text of one document allow."""
    if "awstape:" not in text:
        return
    comments, document = AllowComments(text), next(parse_documents(text))
    found: list[AllowedText] = []

    def note(value: str, context: StringContext) -> str:
        if comments.reason_for(document.line(context.path)):
            names = context.place.names
            found.append((names[1:] if names[:1] in _OF_PAGES else names, value))
        return value

    edit_document_strings(document.value, find_operation(document.value, models), note)
    yield from found


def _find_allow_comments(text: str) -> Iterator[tuple[int, str, bool]]:
    """(line, reason, whether it is on a line of its own)."""
    try:
        for document in split_documents([text]):
            for comment in find_comments(document.text):
                if match := _ALLOW.match(comment.text):
                    yield document.lines_before + comment.line, match["reason"].strip(), comment.is_alone
    except (yaml.YAMLError, DocumentError):  # reported where the text is read
        return

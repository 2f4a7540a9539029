"""Parses the subset of YAML that cassettes use: text → documents, with the line of each place.

1. Anchors, aliases, tags (but `!!binary`), duplicate keys and deep nesting are refused with line and path.
2. Plain scalars are those of JSON; everything else, dates included, is text.
3. Errors are in our words, not in PyYAML's, which differ between its versions.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Iterator, Mapping

import yaml

from awstape.core.aws.member_paths import Path, format_path
from awstape.core.aws.model import Value
from awstape.core.cassette.yaml.documents import (
    CHARACTERS_OF_A_VALUE,
    CONFLICT,
    MAX_DEPTH,
    MAX_KEY,
    MAX_TEXT,
    MAX_VALUES,
    Document,
    DocumentError,
)
from awstape.core.cassette.yaml.plain_parser import parse_unquoted
from awstape.core.text.lazy_pattern import lazy_pattern

_TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"

#: A line that git writes into a file with a conflict; nothing in YAML begins a line so.
_CONFLICT = "<<<<<<< "
_INDENTATION = lazy_pattern(r"[ \t]*")
#: Characters of a line in which YAML 1.1 looks for the end of a key.
_READ_AHEAD = 1024
_BINARY = "tag:yaml.org,2002:binary"


def parse_documents(text: str, text_tags: Collection[str] = (), lines_before: int = 0) -> Iterator[Document]:
    """The documents of a YAML stream in the subset that cassettes use, unvalidated. Raises DocumentError.

    text_tags: tags that other tools put on plain texts; they are ignored. lines_before: the number of lines in the file
    before the text.
    """
    text = text.removeprefix("\ufeff")
    if text.startswith(_CONFLICT) or f"\n{_CONFLICT}" in text:
        line = lines_before + f"\n{text}".partition(f"\n{_CONFLICT}")[0].count("\n") + 1
        raise DocumentError(line, "", CONFLICT, "take one of both sides; to join them: awstape ls shows the commands")
    try:
        events = iter(yaml.parse(text, Loader=yaml.CSafeLoader))
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                parser = _DocumentParser(text, events, text_tags, lines_before)
                value = parser.parse_value(next(events), ())
                yield Document.with_lines(value, parser.lines)
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(text, error, lines_before) from None
    except UnicodeEncodeError as error:
        raise DocumentError(
            lines_before + text.count("\n", 0, error.start) + 1, "", "not YAML: half a surrogate pair"
        ) from None
    except yaml.YAMLError as error:  # a character that YAML does not allow, such as NUL
        before = text.encode("utf-8", "replace")[: getattr(error, "position", None) or 0]
        line = lines_before + before.count(b"\n") + 1
        raise DocumentError(line, "", "not YAML: a control character") from None


def _syntax_error(text: str, error: yaml.MarkedYAMLError, lines_before: int) -> DocumentError:
    """PyYAML's error in our words, because its own differ between versions.

    Depth is checked first. To decide whether `[` begins a key, PyYAML reads ahead; from 6.0.4 on it refuses nesting
    deeper than 1,000 levels there, before `_DocumentParser` has seen any of them.
    """
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return DocumentError(lines_before + 1, "", "not YAML")
    line = lines_before + mark.line + 1
    begin = text.rfind("\n", 0, mark.index) + 1
    if _is_deep(text[max(begin, mark.index - _READ_AHEAD) : mark.index]):
        return DocumentError(line, "", _TOO_DEEP)
    rest = text[mark.index :]
    if not rest.strip():
        problem = "the text ends before a value, a quote or a bracket does"
    elif "\t" in _INDENTATION.match(text, begin)[0]:  # type: ignore[index]
        problem = "a tab in the indentation, where only spaces may be"
    elif rest.startswith(":"):
        problem = "an unexpected colon; quote a text that contains one"
    elif isinstance(error, yaml.scanner.ScannerError) and rest[0] in "@`%":
        problem = f"a text that begins with {rest[0]} needs quotes"
    elif isinstance(error, yaml.scanner.ScannerError):
        problem = "a text, a tag or an escape that can't be read; quote the text"
    else:
        problem = "an unexpected value or character; check indentation, brackets and commas"
    return DocumentError(line, "", f"not YAML at column {mark.column + 1}: {problem}")


def _is_deep(ahead: str) -> bool:
    """Whether the text that PyYAML has read ahead nests deeper than a document may."""
    return sum(map(ahead.count, "[{")) - sum(map(ahead.count, "]}")) > MAX_DEPTH


class _DocumentParser:
    """Builds the value of one document from YAML events, and the line of each place in it."""

    def __init__(self, text: str, events: Iterator[yaml.Event], text_tags: Collection[str], lines_before: int) -> None:
        self._text = text
        self._lines_before = lines_before
        self._most_values = max(MAX_VALUES, len(text) // CHARACTERS_OF_A_VALUE)
        self._events = events
        self._text_tags = text_tags
        self.lines: dict[Path, int] = {}

    def parse_value(self, event: yaml.Event, path: Path) -> Value:
        line = self._line_of(event)
        self.lines.setdefault(path, line)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise self._refusal(event, path, "anchors and aliases are not allowed", "write the value out")
        if len(path) > MAX_DEPTH:
            raise DocumentError(line, "", _TOO_DEEP)
        if len(self.lines) > self._most_values:
            raise DocumentError(line, "", f"more than {self._most_values:,} values")
        if isinstance(event, yaml.ScalarEvent):
            return self._parse_scalar(event, path, line)
        if isinstance(event, yaml.CollectionStartEvent) and event.tag is not None:
            raise self._refusal(event, path, "a tag is not allowed")
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Value] = []
            while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
                items.append(self.parse_value(event, (*path, len(items))))
            return items
        members: dict[str, Value] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._parse_key(event, path, members)
            members[key] = self.parse_value(next(self._events), (*path, key))
        return members

    def _refusal(self, event: yaml.Event, path: Path, problem: str, tip: str = "") -> DocumentError:
        """The error for an event, or that what follows nests too deep, which PyYAML may report first."""
        line, at = self._line_of(event), event.start_mark.index if event.start_mark else 0
        if _is_deep(self._text[at : at + _READ_AHEAD].partition("\n")[0]):
            return DocumentError(line, "", _TOO_DEEP)
        return DocumentError(line, format_path(path), problem, tip)

    def _line_of(self, event: yaml.Event) -> int:
        return self._lines_before + (event.start_mark.line + 1 if event.start_mark else 1)

    def _parse_key(self, event: yaml.Event, path: Path, members: Mapping[str, Value]) -> str:
        line = self._line_of(event)
        if not isinstance(event, yaml.ScalarEvent):
            raise self._refusal(event, path, "a key is not a text")
        if event.anchor is not None or event.tag not in (None, *self._text_tags):
            raise DocumentError(line, format_path(path), "anchors and tags on a key are not allowed")
        key: str = event.value
        if len(key) > MAX_KEY:
            raise DocumentError(line, format_path(path), f"a key of more than {MAX_KEY:,} characters")
        if key in members:
            raise DocumentError(line, format_path((*path, key)), "the key occurs twice")
        self.lines[(*path, key)] = line
        return key

    def _parse_scalar(self, event: yaml.ScalarEvent, path: Path, line: int) -> Value:
        if event.tag == _BINARY:
            try:
                return base64.b64decode(event.value)
            except (binascii.Error, ValueError):
                raise DocumentError(line, format_path(path), "!!binary is not base64") from None
        text: str = event.value
        if len(text) > MAX_TEXT:
            raise DocumentError(line, format_path(path), f"a text of more than {MAX_TEXT:,} characters")
        if event.tag in self._text_tags:
            return text
        if event.tag is not None:
            raise DocumentError(line, format_path(path), "a tag is not allowed")
        return parse_unquoted(text) if event.implicit[0] else text

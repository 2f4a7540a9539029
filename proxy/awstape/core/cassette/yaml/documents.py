"""Divides the text of a YAML stream into its documents, which are then parsed one by one.

1. A line with `---` at its beginning begins a document, and one with `...` ends one, wherever they are: YAML ends every
   value there, and refuses them within quotes and brackets.
2. Directives (`%YAML 1.1`) behind `...` belong to the document that follows; comments belong to the document before
   them, and those before the first document to that one.
3. The text comes in blocks of any size. Only one document and one block are in memory at a time.
4. A document has at most `MAX_DOCUMENT` characters. There is no limit to the number of documents: what a stream costs
   is proportional to its length.
5. Nothing is read behind a NUL, which no YAML text may hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice, pairwise
from typing import TYPE_CHECKING, NamedTuple

from awstape.core.aws.member_paths import Path, format_path
from awstape.core.aws.model import Value
from awstape.core.aws.wire import MAX_BODY
from awstape.core.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from awstape.core.cassette.yaml.validation import Problem

#: The characters that end a line.
BREAKS = "\r\n\x85\u2028\u2029"
BREAK = lazy_pattern(f"\r\n|[{BREAKS}]")
#: Characters of a document. No listing of AWS is as long: this is half a million roles.
MAX_DOCUMENT = 2**30
MAX_DEPTH = 64
#: Values of a document. One of any length may have a value in 16 characters: recordings have longer lines on average.
MAX_VALUES = 2_000_000
CHARACTERS_OF_A_VALUE = 16
#: Characters of a text: no recorded answer is longer.
MAX_TEXT = MAX_BODY
MAX_KEY = 100_000
#: Errors of a document that are reported.
MAX_ERRORS = 1000

_BEHIND = rf"(?=[ \t{BREAKS}]|\Z)"
_BEGIN = lazy_pattern(rf"---{_BEHIND}")
# Patterns that begin with characters, not with a set of them, are fast.
_LATER_BEGIN = lazy_pattern(rf"---(?<=[{BREAKS}]---){_BEHIND}")
_LATER_END = lazy_pattern(rf"\.\.\.(?<=[{BREAKS}]\.\.\.){_BEHIND}")
_END_LINE = lazy_pattern(rf"(?:\A|(?<=[{BREAKS}]))\.\.\.{_BEHIND}[^{BREAKS}]*(?:\r\n|[{BREAKS}]|\Z)")
_DIRECTIVE = lazy_pattern(rf"(?:\A|(?<=[{BREAKS}]))%")
#: The beginning of a line that is neither a comment nor a directive.
_CONTENT = lazy_pattern(rf"(?:\A|(?<=[{BREAKS}]))(?!%)[ \t\ufeff]*[^# \t\ufeff{BREAKS}]")

#: The problem of a file that git could not merge.
CONFLICT = "a conflict of git that is not resolved"


class DocumentError(ValueError):
    """A cassette text that cannot be read.

    line: counted from 1. path: the place in the document, such as `pages[0].output.Versions[1]`, may be empty.
    tip: what to do about it, may be empty.
    """

    def __init__(self, line: int, path: str, problem: str, tip: str = "") -> None:
        super().__init__(f"line {line}: {path + ': ' if path else ''}{problem}")
        self.line, self.path, self.problem, self.tip = line, path, problem, tip


@dataclass(frozen=True)
class Document:
    """A document's value, and the line of each place in it, which are found when the first of them is asked for."""

    value: Value
    find_lines: Callable[[], Mapping[Path, int]]

    @classmethod
    def with_lines(cls, value: Value, lines: Mapping[Path, int]) -> Document:
        return cls(value, lambda: lines)

    @cached_property
    def lines(self) -> Mapping[Path, int]:
        """The line of each place."""
        return self.find_lines()

    def line(self, path: Path) -> int:
        """The line of a place, or of the innermost place around it that has one, counted from 1."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines[path]

    def error(self, path: Path, problem: str, tip: str = "") -> DocumentError:
        return DocumentError(self.line(path), format_path(path), problem, tip)

    def errors(self, problems: Iterable[Problem]) -> tuple[DocumentError, ...]:
        """The errors for the first `MAX_ERRORS` problems."""
        return tuple(self.error(each.path, each.problem, each.tip) for each in islice(problems, MAX_ERRORS))


class DocumentText(NamedTuple):
    """The text of a document. lines_before: the number of lines before it in its stream."""

    text: str
    lines_before: int = 0


def split_documents(blocks: Iterable[str]) -> Iterator[DocumentText]:
    """The documents of a stream. Raises DocumentError for one that is too long."""
    held: list[str] = []  # of the document that is being read
    length = lines = 0
    is_begun = False
    for piece, begins in _cut_at_beginnings(blocks):
        if begins and (is_begun or _CONTENT.search("".join(held))):
            *texts, rest = _cut_at_ends("".join(held))
            for text in texts:
                yield DocumentText(text, lines)
                lines += count_line_breaks(text)
            held, length = [rest], len(rest)
        is_begun = is_begun or begins
        held.append(piece)
        length += len(piece)
        if length > MAX_DOCUMENT:
            raise DocumentError(lines + 1, "", f"a document of more than {MAX_DOCUMENT // 2**20} MiB")
    for text in filter(None, _cut_at_ends("".join(held))):
        yield DocumentText(text, lines)
        lines += count_line_breaks(text)


def _cut_at_beginnings(blocks: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """The text in pieces, and whether each begins with `---`."""
    for lines in _whole_lines(blocks):
        cuts = [match.start() for match in _LATER_BEGIN.finditer(lines)]
        begins = _BEGIN.match(lines) is not None
        for start, end in pairwise([0, *cuts, len(lines)]):
            yield lines[start:end], begins or start > 0


def _whole_lines(blocks: Iterable[str]) -> Iterator[str]:
    """The text in pieces that end with a line, up to a NUL."""
    held: list[str] = []
    for block in blocks:
        before, nul, _ = block.partition("\0")
        at = before.rfind("\n") + 1
        if at or nul:
            yield "".join([*held, before if nul else before[:at]]) + nul
            held = []
        if nul:
            return
        held.append(before[at:])
    if rest := "".join(held):
        yield rest


def count_line_breaks(text: str) -> int:
    """The number of line breaks in a text."""
    has_others = "\r" in text or not text.isascii()
    return len(BREAK.findall(text)) if has_others else text.count("\n")


def _cut_at_ends(text: str) -> list[str]:
    """The documents of a text with at most one `---`, and the directives at its end, which may be empty."""
    if not (text.startswith("...") or _LATER_END.search(text)):
        return [text, ""]
    cuts: list[int] = []
    rest = len(text)
    ends = [*(match.span() for match in _END_LINE.finditer(text)), (len(text), len(text))]
    for (_, begin), (end, _) in pairwise(ends):
        directive = _DIRECTIVE.search(text, begin, end)
        if _CONTENT.search(text, begin, end):  # a document without `---`
            cuts.append(begin)
        elif directive and end == len(text):
            rest = directive.start()
    return [*(text[start:stop] for start, stop in pairwise([0, *cuts, rest])), text[rest:]]

"""Lines of text with styles, for a terminal, a file or a pipe.

1. On a terminal no line is wider than the terminal, and there is colour unless NO_COLOR is set or the terminal is dumb.
   In a pipe nothing is cut to a width, and there are no escape sequences.
2. A width is a number of cells: some characters take two of them, and some take none.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

import click

from awstape.cli.terminal.output import has_dumb_terminal

_CODES = {"bold": 1, "dim": 2, "red": 31, "green": 32, "yellow": 33, "blue": 34, "magenta": 35, "cyan": 36}
_WORD = re.compile(r"\s*\S+\s*")
_ELLIPSIS = "…"


class Terminal(NamedTuple):
    """Where the output goes. width: None for a file or a pipe."""

    width: int | None
    has_colour: bool
    encoding: str

    @classmethod
    def of_output(cls) -> Terminal:
        """The terminal, file or pipe of standard output."""
        is_plain = bool(os.environ.get("NO_COLOR")) or has_dumb_terminal()
        is_terminal = sys.stdout.isatty()
        return cls(
            _terminal_width() if is_terminal else None, is_terminal and not is_plain, sys.stdout.encoding or "utf-8"
        )

    def print(self, lines: Iterable[StyledText | str]) -> None:
        """Prints lines without blanks at their ends; characters that the encoding lacks become escapes."""
        for line in lines:
            text = StyledText(line) if isinstance(line, str) else line
            for part in [text] if self.width is None or text.width <= self.width else text.folded(self.width):
                shown = part.render(has_colour=self.has_colour)
                click.echo(shown.encode(self.encoding, "backslashreplace").decode(self.encoding))


def _terminal_width() -> int:
    import shutil  # not at the top: a pipe has no width

    return shutil.get_terminal_size().columns


class StyledText:
    """A text in parts, each with a style: `bold`, `dim`, a colour, or none."""

    __slots__ = ("_parts",)

    def __init__(self, text: str = "", style: str = "") -> None:
        self._parts = [(text, style)] if text else []

    @classmethod
    def join(cls, separator: str, texts: Iterable[StyledText]) -> StyledText:
        joined = cls()
        for text in texts:
            joined.append(separator if joined._parts else "").append_text(text)
        return joined

    def append(self, text: str, style: str = "") -> StyledText:
        if text:
            self._parts.append((text, style))
        return self

    def append_text(self, text: StyledText) -> StyledText:
        self._parts += text._parts
        return self

    def __bool__(self) -> bool:
        return bool(self._parts)

    @property
    def plain(self) -> str:
        return "".join(text for text, _ in self._parts)

    @property
    def width(self) -> int:
        """The number of cells."""
        return count_cells(self.plain)

    def cropped(self, width: int) -> StyledText:
        """The text, or its beginning and an ellipsis, in at most so many cells."""
        if self.width <= width:
            return self
        plain = self.plain
        end = next(n for n in range(min(len(plain), width), -1, -1) if count_cells(plain[:n]) < width or n == 0)
        return self._slice(0, end).append(_ELLIPSIS if width else "")

    def folded(self, width: int) -> list[StyledText]:
        """The text in lines of at most so many cells, divided between words or, if a word is too long, within it."""
        plain = self.plain
        cuts = [0, *_line_ends(plain, width), len(plain)]
        return [self._slice(begin, begin + len(plain[begin:end].rstrip())) for begin, end in pairwise(cuts)]

    def _slice(self, begin: int, end: int) -> StyledText:
        part, at = StyledText(), 0
        for text, style in self._parts:
            part.append(text[max(begin - at, 0) : max(end - at, 0)], style)
            at += len(text)
        return part

    def render(self, *, has_colour: bool) -> str:
        """The text without blanks at its end, with escape sequences for its styles."""
        plain = self.plain.rstrip()
        if not has_colour:
            return plain
        parts = self._slice(0, len(plain))._parts
        return "".join(f"\x1b[{_CODES[style]}m{text}\x1b[0m" if style else text for text, style in parts)


def count_cells(text: str) -> int:
    """The width of a text on a terminal."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # not at the top: few texts need it

    return cell_len(text)


def _line_ends(text: str, width: int) -> Iterator[int]:
    """Where lines of a text end, but for the last one."""
    used = 0
    for word in _WORD.finditer(text):
        if used and used + count_cells(word[0].rstrip()) > width:
            yield word.start()
            used = 0
        at = word.start()
        while count_cells(text[at : word.end()].rstrip()) > width:  # a word that is longer than a line
            end = next(n for n in range(at + width, at, -1) if count_cells(text[at:n]) <= width or n == at + 1)
            yield end
            at = end
        used += count_cells(text[at : word.end()])

"""The line that shows how far long work has come, on a terminal only.

1. It appears when work has lasted a second, below all that was printed, and is erased when the work ends: by itself, by
   an error or by Ctrl-C. What a command prints comes after its work.
2. It is on the error stream, so that a result can go into a file. There is none in a pipe, in the background, in CI
   (`CI`), if `NO_COLOR` is set, or on a terminal that can't erase a line.
3. A thread draws it, since a single step of the work may take long: the seconds go on.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TextIO

from awstape.cli.terminal.output import has_dumb_terminal
from awstape.core.text.printable import printable
from awstape.files.ci import is_ci
from awstape.progress import BYTES, Work, watched_by

#: Seconds of work before the line appears, and between two of its drawings.
PATIENCE, PAUSE = 1.0, 0.1
_BAR_CELLS = 20
_NARROWEST_WITH_BAR = 60  # columns
_ERASE = "\r\x1b[2K"


@contextmanager
def shown_on_terminal() -> Iterator[None]:
    """Shows the progress of work in the block, if the error stream is a terminal of a person."""
    if not _is_wanted():
        yield
        return
    line = ProgressLine(sys.stderr)
    try:
        with watched_by(line):
            yield
    finally:
        line.close()


def _is_wanted() -> bool:
    asked_for_none = os.environ.get("NO_COLOR") or is_ci(os.environ.get("CI")) or has_dumb_terminal()
    return not asked_for_none and sys.stderr.isatty()


class ProgressLine:
    """Draws the works that were begun and not ended, in one line of a terminal."""

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal
        self._works: list[Work] = []
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()
        self._began = 0.0

    def begin(self, work: Work) -> None:
        self._works.append(work)
        if self._thread is None:
            self._began = time.monotonic()
            self._ended.clear()
            self._thread = threading.Thread(target=self._draw_until_end, daemon=True)
            self._thread.start()

    def end(self, work: Work) -> None:
        self._works.remove(work)
        if not self._works:
            self.close()

    def close(self) -> None:
        """Erases the line."""
        if self._thread:
            self._ended.set()
            self._thread.join()
            self._thread = None

    def _draw_until_end(self) -> None:
        if self._ended.wait(PATIENCE):
            return
        with suppress(OSError, ValueError):  # the terminal is gone
            try:
                while not self._ended.wait(PAUSE):
                    self._write(self._line())
            finally:
                self._write(_ERASE)

    def _line(self) -> str:
        from rich.cells import set_cell_size

        width = self._width()
        seconds = int(time.monotonic() - self._began)
        line = progress_line(tuple(self._works), seconds, width, in_ascii=not self._has_unicode())
        return f"\r{set_cell_size(line, width).rstrip()}\x1b[K"

    def _width(self) -> int:
        """Columns that the line may fill: all but the last, after which a terminal would begin a new line."""
        try:
            return (os.get_terminal_size(self._terminal.fileno()).columns or 80) - 1
        except OSError:
            return 79

    def _has_unicode(self) -> bool:
        try:
            return bool("━─·".encode(self._terminal.encoding))
        except UnicodeError:
            return False

    def _write(self, text: str) -> None:
        if _may_write_to(self._terminal):
            self._terminal.write(text)
            self._terminal.flush()


def _may_write_to(terminal: TextIO) -> bool:
    """Whether we may write to a terminal: from the background of the one that controls us, that could stop us."""
    if sys.platform == "win32":
        return True
    try:
        return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:  # it controls another session or none, so it stops nobody
        return True


def progress_line(works: Sequence[Work], seconds: int, width: int, *, in_ascii: bool = False) -> str:
    """The text of the line: `━━━━──── checking, 2 of 40 files · reading team.yaml, 12 of 104 MB · 3 s`.

    A narrow line has no bar, nor has work of unknown size.
    """
    full, rest, between = ("=", "-", "; ") if in_ascii else ("━", "─", " · ")
    text = between.join([*map(_describe, works), f"{seconds} s"])
    done = _share_done(works)
    if done is None or width < _NARROWEST_WITH_BAR:
        return text
    cells = int(done * _BAR_CELLS)
    return f"{full * cells}{rest * (_BAR_CELLS - cells)} {text}"


def _share_done(works: Sequence[Work]) -> float | None:
    """How much of the outermost work is done, from 0 to 1: inner work is part of one step of what it is in."""
    done, step = 0.0, 1.0
    counted = [work for work in works if work.total]
    for work in counted:
        assert work.total
        done += step * min(work.done / work.total, 1)
        step /= work.total
    return min(done, 1) if counted else None


def _describe(work: Work) -> str:
    if work.total == 1 or not (work.total or work.done):
        return printable(work.doing)
    per, unit = (1_000_000, "MB") if work.unit == BYTES else (1, work.unit)
    numbers = [f"{number // per:,}" for number in (work.done, work.total) if number is not None]
    return printable(f"{work.doing}, {' of '.join(numbers)} {unit}".rstrip())

"""A progress bar for long work, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TypeVar

from awstape.cli.terminal.output import has_dumb_terminal

_Item = TypeVar("_Item")

#: The number of items before the bar appears.
FEW = 20


def over(items: Iterable[_Item], doing: str, *, total: int | None = None, quiet: bool = False) -> Iterator[_Item]:
    """Yields the items; after the first `FEW`, shows their count on the error stream, if that is a terminal.

    doing: the text before the bar. total: the number of items, if known.
    """
    ahead = iter(items)
    is_shown = not quiet and (total is None or total > FEW) and _is_terminal()
    yield from islice(ahead, FEW)
    for item in ahead:
        if is_shown:
            yield from _show_bar(chain([item], ahead), doing, total)
        else:
            yield item


def _is_terminal() -> bool:
    return sys.stderr.isatty() and not has_dumb_terminal()


def _show_bar(items: Iterator[_Item], doing: str, total: int | None) -> Iterator[_Item]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(file=sys.stderr, force_terminal=True), transient=True) as bar:
        task = bar.add_task(doing, completed=FEW, total=total)
        for item in items:
            yield item
            bar.advance(task)

"""Progress of long work, for people who look at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TypeVar

from awstape.cli.terminal.output import has_dumb_terminal

_Item = TypeVar("_Item")

#: So many items are done before anybody wonders.
FEW = 20


def over(items: Iterable[_Item], doing: str, *, total: int | None = None, quiet: bool = False) -> Iterator[_Item]:
    """The items; from the one after `FEW` on, the error stream shows how many there were, if it is a terminal.

    total: how many there will be, if that is known.
    """
    ahead = iter(items)
    is_shown = not quiet and (total is None or total > FEW) and _is_terminal()
    yield from islice(ahead, FEW)
    for item in ahead:
        if is_shown:
            yield from _shown(chain([item], ahead), doing, total)
        else:
            yield item


def _is_terminal() -> bool:
    return sys.stderr.isatty() and not has_dumb_terminal()


def _shown(items: Iterator[_Item], doing: str, total: int | None) -> Iterator[_Item]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(file=sys.stderr, force_terminal=True), transient=True) as bar:
        task = bar.add_task(doing, completed=FEW, total=total)
        for item in items:
            yield item
            bar.advance(task)

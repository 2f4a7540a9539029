"""What rich lays out: values in full, the trees of `show`, and pages of the guide.

rich is imported by these only, since it takes longer than all that `ls` of a small cassette does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import click
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.highlighter import JSONHighlighter
from rich.table import Table
from rich.text import Text

from awstape.cli.terminal.styled_text import Terminal
from awstape.core.view.value_lines import JSON, WORD, Line

_ENDLESS = 1_000_000
_STYLES = {WORD: "magenta", JSON: ""}


def console() -> Console:
    """A rich console for standard output: a terminal, a file or a pipe."""
    terminal = Terminal.of_output()
    return Console(
        width=_ENDLESS if terminal.width is None else None,
        force_terminal=terminal.width is not None,
        force_jupyter=False,
        color_system="auto" if terminal.has_colour else None,
        markup=False,
        emoji=False,
        highlight=False,
    )


def print_parts(to: Console, *parts: RenderableType) -> None:
    """Prints parts without rich's trailing blanks; characters that the encoding lacks become escapes."""
    for part in parts:
        for line in _rendered(to, part).split("\n"):
            click.echo(line.rstrip().encode(to.encoding, "backslashreplace").decode(to.encoding))


def _rendered(to: Console, part: RenderableType) -> str:
    if isinstance(part, Text) and to.color_system is None and cell_len(part.plain) <= to.width:
        return part.plain  # what rich makes of it, in a fraction of the time
    with to.capture() as captured:
        to.print(part)
    return captured.get().removesuffix("\n")


def value_rows(value_lines: Iterable[Line], width: int) -> Iterator[RenderableType]:
    """Values in full, one member a line; a long value wraps below its start."""
    highlight = JSONHighlighter()
    for line in value_lines:
        name = Text(line.lead[-(width // 2) :]).append(line.name, "cyan").append(": " if line.name else "", "dim")
        value = Text(line.text, style=_STYLES.get(line.kind, ""))
        if line.kind == JSON:
            highlight.highlight(value)
        if cell_len(name.plain) + cell_len(value.plain) <= width:
            yield name.append_text(value)
            continue
        is_short = cell_len(name.plain) <= width // 2
        if not is_short:
            yield name
        grid = Table.grid()
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        grid.add_row(name if is_short else Text(" " * min(len(line.lead) + 2, width // 2)), value)
        yield grid

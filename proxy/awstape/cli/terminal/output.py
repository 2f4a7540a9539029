"""What commands print: results, JSON for scripts, warnings, errors, and the changes between two cassettes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from awstape import progress
from awstape.core.text.advice import shell_path
from awstape.core.text.printable import printable
from awstape.errors import UserError

if TYPE_CHECKING:
    from awstape.core.cassette.cassette import Cassette
    from awstape.core.compare.value_diff import Change

STANDARD_OUTPUT = Path("-")
#: Characters of an error's problem or tip; it may quote a file of any length.
_LONGEST_ERROR = 2000
_COLOURS = {"+": "green", "-": "red", "~": "yellow"}


def write_output(output: Path, text: str) -> None:
    """Writes a result to a file, or to standard output: as UTF-8, whatever the terminal's encoding is."""
    from awstape.files import atomic_writes

    if output == STANDARD_OUTPUT:
        click.echo(text.encode(), nl=False)
    else:
        atomic_writes.write_file(output, text.encode())


def read_text(path: Path, tip: str) -> str:
    """The text of a file of type `parameters.INPUT`. tip: for one that is no text. Raises UserError."""
    from awstape.files import limited_reading

    data = (
        sys.stdin.buffer.read(limited_reading.MAX_BYTES)
        if path == Path("-")
        else limited_reading.read_bytes(path, tip=tip)
    )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 at byte {error.start}", tip) from None


def print_json(facts: object, *, err: bool = False) -> None:
    """Prints a value as JSON for scripts; bytes as `core.compare.equality` spells them."""
    from awstape.core.compare.equality import encode_binary

    click.echo(json.dumps(facts, default=encode_binary), err=err)


def warn(line: str) -> None:
    """Prints a warning or note on the error stream, in one line, whatever a file is called."""
    click.echo(printable(line), err=True)


def print_error(problem: str, tip: str) -> None:
    """Prints an `ERROR` line and a `TIP` line, whatever a file or its name holds."""
    for word, text in (("ERROR", problem), ("TIP", tip)):
        if text:
            line = printable(" ".join(text.splitlines()))
            click.echo(f"{word} {line if len(line) <= _LONGEST_ERROR else f'{line[:_LONGEST_ERROR]}…'}", err=True)


def has_dumb_terminal() -> bool:
    """Whether the terminal obeys no control sequences, or `TERM` names none."""
    return os.environ.get("TERM", "") in ("", "dumb", "unknown")


def note_reading_in_part(paths: Iterable[Path], how: str) -> None:
    """Prints a note that large cassettes were not read as a whole. how: which parts of them are read."""
    warn(f"note: a large cassette, {how}; to read all of it: awstape check {' '.join(map(shell_path, paths))}")


def compare_cassettes(old: Cassette, new: Cassette) -> tuple[Change, ...]:
    """The differences between two cassettes."""
    from awstape.catalog.service_models import load_models
    from awstape.core.compare.cassette_diff import diff_cassettes

    with progress.begin("comparing"):
        return tuple(diff_cassettes(load_models(), old, new))


def print_changes(changes: Sequence[Change], colour: bool | None = None) -> None:
    """Prints changes and their summary. colour: whether in colour; None: on a terminal."""
    from awstape.core.compare.change_lines import change_lines, changes_summary

    is_plain = os.environ.get("NO_COLOR") or has_dumb_terminal()
    for line in change_lines(changes):
        click.echo(line if is_plain else click.style(line, fg=_COLOURS[line.lstrip()[0]]), color=colour)
    click.echo(changes_summary(changes))

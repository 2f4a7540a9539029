"""`rekey`: renews all aliases under the present key."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from awstape.cli.terminal import parameters
from awstape.cli.terminal.output import print_json, read_text
from awstape.core.text.counting import count
from awstape.core.text.printable import printable

if TYPE_CHECKING:
    from awstape.workbench.rekey_files import Rekeyed


@click.command()
@parameters.cassettes
@click.option(
    "--values",
    type=parameters.INPUT,
    metavar="FILE",
    help="Real values, one per line, that must match under the new key; needs AWSTAPE_OLD_KEY. - is standard input.",
)
@parameters.as_json
def rekey(cassettes: tuple[Path, ...], values: Path | None, as_json: bool) -> int:
    """Renew all aliases under the present key.

    The present key is AWSTAPE_KEY or your key file. Equal aliases stay equal, across all cassettes. An alias does not
    reveal its real value, so only values in FILE match requests with real values afterwards; all others match by alias,
    or must be recorded again. --json prints the old and new aliases, for updating tests.

    \b
    awstape rekey cassettes/
    AWSTAPE_OLD_KEY=… awstape rekey cassettes/ --values names.txt
    """
    from awstape.workbench.rekey_files import rekey_files

    text = read_text(values, "one value per line, as UTF-8 text") if values else ""
    lines = {number: line.strip() for number, line in enumerate(text.splitlines(), 1) if line.strip()}
    done = rekey_files(cassettes, [*lines.values()], os.environ)
    if as_json:
        print_json(dict(done.renewed))
    elif not done.files:
        click.echo("all have this key already")
    else:
        click.echo(printable(f"renewed {count(len(done.renewed), 'alias')} in {' '.join(map(str, done.files))}"))
        click.echo(_describe_matching(done))
    if done.files and lines:
        click.echo(_describe_found(done, lines), err=True)
    return 0


def _describe_matching(done: Rekeyed) -> str:
    """What requests match from now on."""
    others = len(done.renewed) - done.matching
    numbers = f"{count(done.matching, 'real value')} {'matches' if done.matching == 1 else 'match'} from now on"
    if not others:
        return numbers
    numbers = f"{numbers}, {others} {'does' if others == 1 else 'do'} not"
    return f"{numbers}: a request with the alias still matches (to match more: --values, or record anew)"


def _describe_found(done: Rekeyed, lines: Mapping[int, str]) -> str:
    """Which of the given values were found. lines: line of the file → value, which is never shown."""
    missing = [str(number) for number, value in lines.items() if value not in done.found]
    values = set(lines.values())
    where = f"; not found: {'line' if len(missing) == 1 else 'lines'} {', '.join(missing)}" if missing else ""
    return f"{len(values & done.found)} of {len(values)} values were found{where}"

"""`recover`: what recordings left that broke off."""

from __future__ import annotations

import os
from pathlib import Path

import click

from awstape.cli.terminal import parameters
from awstape.core.text.printable import printable


@click.command()
@click.argument("cassettes", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@parameters.as_json
def recover(cassettes: tuple[Path, ...], as_json: bool) -> int:
    """Put what a recording left that broke off into its cassette.

    A recording that is killed leaves what it captured in a journal, CASSETTE.journal. The next recording into the
    cassette puts it in; this command does so without one. It needs the key that the recording had.

    \b
    awstape recover team.yaml
    """
    from awstape.recovery import recover

    told = {str(path): recover(path, os.environ) for path in cassettes}
    if as_json:
        parameters.say_json(told)
        return 0
    for path, lines in told.items():
        click.echo("\n".join(lines) or f"nothing to recover for {printable(path)}")
    return 0

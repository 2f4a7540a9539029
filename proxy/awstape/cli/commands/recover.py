"""`recover`: takes in what a recording left beside its cassette."""

from __future__ import annotations

import os
from pathlib import Path

import click

from awstape.cli.terminal import parameters
from awstape.cli.terminal.output import print_json
from awstape.core.text.printable import printable


@click.command()
@click.argument("cassettes", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--as-is",
    multiple=True,
    metavar="TRACK",
    help="Take in what is set aside of TRACK, with its real values; repeatable.",
)
@parameters.as_json
def recover(cassettes: tuple[Path, ...], as_is: tuple[str, ...], as_json: bool) -> int:
    """Recover what a recording left beside its cassette.

    A killed recording leaves a journal, CASSETTE.journal. The next recording into the cassette recovers it; this
    command recovers it without a new recording. CASSETTE.quarantine holds takes that were set aside, because redaction
    left a real value in them. This command takes them in once a rule in [tool.awstape] of pyproject.toml keeps or masks
    the value. Both files need the key of the recording. The exit status is 1 if takes are still set aside.

    \b
    awstape recover team.yaml
    awstape recover team.yaml --as-is 'ListRoles'
    """
    from awstape.recovery import recover
    from awstape.report import waiting_facts, waiting_lines

    results = {path: recover(path, os.environ, as_is) for path in cassettes}
    if as_json:
        print_json(
            {
                str(path): {"lines": result.lines, "set_aside": waiting_facts(result.waiting)}
                for path, result in results.items()
            }
        )
    for path, result in results.items() if not as_json else ():
        lines = [*result.lines, *waiting_lines(path, result.waiting)]
        click.echo("\n".join(lines) or f"nothing to recover for {printable(str(path))}")
    return int(any(result.waiting for result in results.values()))

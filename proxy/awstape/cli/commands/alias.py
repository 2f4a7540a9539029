"""`alias`: the aliases of real values."""

from __future__ import annotations

import os
from pathlib import Path

import click

from awstape.cli.terminal import parameters
from awstape.cli.terminal.output import print_json


@click.command()
@click.argument("values", nargs=-1, required=True, metavar="VALUE...")
@click.option("--kind", metavar="KIND", help="The kind of the names: role, policy, user, path, external-id, …")
@click.option(
    "--cassette",
    "cassettes",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="PATH",
    help="The cassette, or folder of cassettes, to which the aliases belong; may be repeated.",
)
@parameters.as_json
def alias(values: tuple[str, ...], kind: str | None, cassettes: tuple[Path, ...], as_json: bool) -> int:
    """Print the aliases of VALUES under your key, one per line.

    ARNs, account ids, unique ids, e-mail addresses and the like are recognised. A text may be the name of anything, so
    names need --kind. If two values have the same alias, a cassette gives one of them another alias: --cassette finds
    it, and applies the rules of the cassette's project.

    \b
    awstape alias arn:aws:iam::111122223333:policy/Deploy
    awstape alias --kind role DeployRole AuditRole
    awstape alias --cassette team.yaml 111122223333
    """
    from awstape.workbench.rekey_files import aliases_of

    aliases = aliases_of(values, kind, cassettes, os.environ)
    if as_json:
        print_json(dict(aliases))
    else:
        click.echo("\n".join(alias for _, alias in aliases))
    return 0

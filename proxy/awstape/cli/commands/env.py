"""`env`: the dummy credentials of a caller of a cassette."""

from __future__ import annotations

import click

from awstape.cli.terminal import parameters
from awstape.cli.terminal.output import print_json


@click.command()
@click.option("--caller", required=True, metavar="ALIAS", help="A caller: its account, as in the cassette.")
@parameters.as_json
def env(caller: str, as_json: bool) -> int:
    """Print the dummy credentials of a caller, for a shell.

    A cassette that was recorded with the credentials of several accounts answers each caller what was recorded for it.
    Programs get the credentials of its first caller; these are those of another, and stay where they are set before
    `awstape replay`. They are made from the alias of the account and worth nothing to AWS. In tests,
    awstape.credentials(ALIAS) returns them.

    \b
    awstape env --caller 000059865828
    eval "$(awstape env --caller 000059865828)"
    """
    from awstape.program.environment import credential_environment, export_lines

    changes = credential_environment(caller)
    if as_json:
        print_json(changes)
    else:
        click.echo("\n".join(export_lines(changes)))
    return 0

"""`env`: the dummy credentials of a caller."""

from __future__ import annotations

import click

from awstape.cli.terminal import parameters
from awstape.cli.terminal.output import print_json


@click.command()
@click.option("--caller", required=True, metavar="ALIAS", help="ACCOUNT or ACCOUNT/role/NAME, as in the cassette.")
@parameters.as_json
def env(caller: str, as_json: bool) -> int:
    """Print the dummy credentials of a caller, for a shell.

    A cassette of several accounts or roles answers each caller with what was recorded for it. A program gets the
    credentials of the first caller, unless its environment has those of another: set what this command prints before
    you start `awstape replay`. The credentials are made from the alias, and AWS knows none of them. In tests,
    awstape.credentials(ALIAS) returns them.

    \b
    awstape env --caller 000059865828
    eval "$(awstape env --caller 000059865828)"
    eval "$(awstape env --caller 000059865828/role/alias-k42mrt7s3l)"
    """
    from awstape.program.environment import credential_environment, export_lines

    changes = credential_environment(caller)
    if as_json:
        print_json(changes)
    else:
        click.echo("\n".join(export_lines(changes)))
    return 0

"""`export`: cassettes in the formats of other tools."""

from __future__ import annotations

import os
from pathlib import Path

import click

from awstape.cli.terminal import parameters
from awstape.errors import UserError

_FORMATS = ("awscli", "har", "stubber", "vcr")


@click.command()
@parameters.cassettes
@click.option("--to", "form", type=click.Choice(_FORMATS), required=True, help="The format to write.")
@parameters.output
@click.option("--force", is_flag=True, help="Overwrite FILE.")
@parameters.only_tracks
def export(cassettes: tuple[Path, ...], form: str, output: Path, force: bool, tracks: tuple[str, ...]) -> int:
    """Write cassettes for people who use other tools.

    \b
    awscli   the JSON that the AWS CLI prints, all pages together; of several tracks,
             an object with a member for each command
    har      an HTTP archive, HAR 1.2, for browsers, proxies and API tools
    stubber  a Python module that stubs boto3's clients by botocore's Stubber
    vcr      a cassette of VCR.py; match on method, scheme, host, path, query and body

    An export holds the same aliases as the cassette. What the format can't hold is said on the error stream.

    TRACK is a number, as `awstape ls` has it, or OPERATION [MEMBER=GLOB]… [region=GLOB] [take=N].

    \b
    awstape export team.yaml --to vcr -o tests/cassettes/team.yaml
    awstape export team.yaml --to awscli --track list-roles | jq '.Roles[].Arn'
    """
    from awstape.catalog import catalog
    from awstape.core.text.printable import printable
    from awstape.files import cassette_files
    from awstape.formats import exports
    from awstape.workbench import selected_tracks

    if output != parameters.STANDARD_OUTPUT and output.exists():
        if not force:
            raise UserError(f"{output}: is there already", "--force overwrites it")
        if output.resolve() in [file.resolve() for file in cassette_files.find_all(cassettes)]:
            raise UserError(f"{output}: is the cassette itself", "name another file")
    chosen = selected_tracks.chosen(cassette_files.load_all(cassettes, catalog.models()), tracks, os.environ)
    exported = exports.export(chosen, form)
    parameters.put_out(output, exported.text)
    for note in exported.notes:
        click.echo(f"note: {printable(' '.join(note.splitlines()))}", err=True)
    return 0

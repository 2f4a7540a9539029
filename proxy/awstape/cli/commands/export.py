"""`export`: writes cassettes in the formats of other tools."""

from __future__ import annotations

import os
from pathlib import Path

import click

from awstape import progress
from awstape.cli.terminal import parameters
from awstape.cli.terminal.output import STANDARD_OUTPUT, write_output
from awstape.errors import UserError
from awstape.formats.exports import FORMATS


@click.command()
@parameters.cassettes
@click.option("--to", "form", type=click.Choice(FORMATS), required=True, help="The format to write.")
@parameters.output
@click.option("--force", is_flag=True, help="Overwrite FILE.")
@parameters.only_tracks
def export(cassettes: tuple[Path, ...], form: str, output: Path, force: bool, tracks: tuple[str, ...]) -> int:
    """Export cassettes in the formats of other tools.

    \b
    awscli   the JSON that the AWS CLI prints, all pages joined; for several tracks,
             an object with a member for each command
    har      an HTTP archive, HAR 1.2, for browsers, proxies and API tools
    stubber  a Python module that stubs boto3's clients by botocore's Stubber
    vcr      a cassette of VCR.py; match on method, scheme, host, path, query and body

    An export holds the same aliases as the cassette. Notes on the error stream list what the format can't hold.

    TRACK is a number from `awstape ls`, or OPERATION [MEMBER=GLOB]… [region=GLOB] [account=GLOB] [take=N].

    \b
    awstape export team.yaml --to vcr -o tests/cassettes/team.yaml
    awstape export team.yaml --to awscli --track list-roles | jq '.Roles[].Arn'
    """
    from awstape.catalog.service_models import load_models
    from awstape.core.text.printable import printable
    from awstape.files import cassette_files
    from awstape.formats.exporting import export_tracks
    from awstape.workbench.selected_tracks import select_tracks

    if output != STANDARD_OUTPUT and output.exists():
        if not force:
            raise UserError(f"{output}: already exists", "--force overwrites it")
        if output.resolve() in [file.resolve() for file in cassette_files.find_all(cassettes)]:
            raise UserError(f"{output}: is the cassette itself", "name another file")
    cassette = cassette_files.load_all(cassettes, load_models())
    chosen = select_tracks(cassette_files.find_all(cassettes), cassette, tracks, os.environ)
    with progress.begin("exporting", len(chosen), "tracks") as work:
        exported = export_tracks(work.over(chosen), form)
    write_output(output, exported.text)
    for note in exported.notes:
        click.echo(f"note: {printable(' '.join(note.splitlines()))}", err=True)
    return 0

"""`set`: sets members of takes."""

from __future__ import annotations

from pathlib import Path

import click

from awstape.cli.terminal import parameters
from awstape.cli.terminal.edit_output import edit_tracks


@click.command("set")
@parameters.cassette
@click.argument("path")
@click.argument("value", required=False)
@parameters.only_tracks
@click.option("--remove", is_flag=True, help="Remove the members instead.")
@parameters.edit_options
def set_(
    cassette: Path, path: str, value: str | None, tracks: tuple[str, ...], remove: bool, options: parameters.EditOptions
) -> int:
    """Set the members that PATH selects to VALUE.

    PATH is a JMESPath expression over the document of each track, as in the file; it may select many members, and one
    that does not exist yet. VALUE is plain text for members of type text, JSON for others. Real names and ids are
    redacted under your key.

    \b
    awstape set roles.yaml 'pages[].output.Roles[].MaxSessionDuration' 7200
    awstape set roles.yaml "pages[].output.Roles[?Path=='/'].Description" 'Deploys' --track ListRoles
    awstape set roles.yaml 'pages[0].output.Roles[0].Tags' '[{"Key": "team", "Value": "a"}]'
    """
    if (value is None) != remove:
        raise click.UsageError("give either a VALUE or --remove")
    from awstape.core.editing.edits import set_value

    return edit_tracks(cassette, tracks, lambda m, c, chosen: set_value(m, c, chosen, path, value), options)

"""`drop-item`: removes items from a listing."""

from __future__ import annotations

from pathlib import Path

import click

from awstape.cli.terminal import parameters
from awstape.cli.terminal.edit_output import edit_tracks


@click.command("drop-item")
@parameters.cassette
@parameters.one_track
@click.argument("items", nargs=-1, required=True)
@parameters.of_list
@parameters.edit_options
def drop_item(cassette: Path, track: str, items: tuple[str, ...], name: str, options: parameters.EditOptions) -> int:
    """Remove ITEMS from a listing.

    An item is a number, counted from 1, or a JMESPath condition. A page without items stays, since services send empty
    pages as well.

    \b
    awstape drop-item roles.yaml ListRoles 2 3
    awstape drop-item roles.yaml ListRoles "Path=='/'"
    """
    from awstape.core.editing.list_items import drop_items

    return edit_tracks(cassette, (track,), lambda m, c, chosen: drop_items(m, c, chosen, items, name), options)

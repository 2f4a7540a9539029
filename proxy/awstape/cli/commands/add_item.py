"""`add-item`: adds an item to a listing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from awstape.cli.terminal import parameters
from awstape.cli.terminal.edit_output import edit_tracks
from awstape.cli.terminal.output import read_text
from awstape.errors import UserError

if TYPE_CHECKING:
    from awstape.core.aws.model import Models, Value
    from awstape.core.cassette.cassette import Cassette
    from awstape.core.view.selectors import SelectedTrack

_ITEM_TIP = 'such as --item \'{"RoleName": "alias-Tsr76sms7l"}\''


@click.command("add-item")
@parameters.cassette
@parameters.one_track
@click.argument("item", type=parameters.INPUT, metavar="[FILE]", required=False)
@click.option("--item", "text", metavar="JSON", help="The item, instead of FILE.")
@click.option("--like", type=click.IntRange(1), metavar="N", help="Copy item N, except for the given members.")
@click.option("--at", type=click.IntRange(1), metavar="N", help="Insert at position N; the default is the end.")
@parameters.of_list
@parameters.edit_options
def add_item(
    cassette: Path,
    track: str,
    item: Path | None,
    text: str | None,
    like: int | None,
    at: int | None,
    name: str,
    options: parameters.EditOptions,
) -> int:
    """Add an item to a listing.

    The item is JSON, in FILE (- is standard input) or in --item. Real names and ids in it are redacted under your key.

    \b
    awstape add-item roles.yaml ListRoles --like 1 --item '{"RoleName": "AuditRole", "Path": "/"}'
    awstape add-item roles.yaml ListRoles role.json --at 1
    """
    from awstape.core.editing import list_items

    if (item is None) == (text is None):
        raise click.UsageError("give either a FILE or --item")
    value = _json(read_text(item, "is this file JSON?") if item else text or "")
    if like and not isinstance(value, dict):
        raise UserError("--like needs an item with members", _ITEM_TIP)

    def add(models: Models, before: Cassette, chosen: tuple[SelectedTrack, ...]) -> Cassette:
        item = (
            list_items.build_item_like(models, chosen, like, value, name) if like and isinstance(value, dict) else value
        )
        return list_items.add_item(models, before, chosen, item, at, name)

    return edit_tracks(cassette, (track,), add, options)


def _json(text: str) -> Value:
    from awstape.core.aws.protocols.encodings.json_text import JsonError, parse_json

    try:
        return parse_json(text)
    except JsonError as error:
        raise UserError(f"the item {error}", _ITEM_TIP) from None

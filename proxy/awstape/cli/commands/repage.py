"""`repage`: cuts listings into other pages."""

from __future__ import annotations

from pathlib import Path

import click

from awstape.cli.terminal import parameters
from awstape.cli.terminal.edit_output import edit_tracks
from awstape.errors import UserError


@click.command()
@parameters.cassette
@click.argument("pages", metavar="N")
@parameters.tracks
@parameters.edit_options
def repage(cassette: Path, pages: str, tracks: tuple[str, ...], options: parameters.EditOptions) -> int:
    """Cut listings into pages of N items.

    Cuts the listings of TRACKs, or all. The items and their order stay. N may also be torture or torture:SEED, for the
    pages of `replay --paging torture`: short pages, empty pages, pages with one item.

    \b
    awstape repage roles.yaml 2
    awstape repage team.yaml torture ListRoles
    """
    from awstape.core.editing.edits import repage_takes
    from awstape.core.replay.paging_modes import PagingError, PagingMode

    try:
        paging = PagingMode.parse(pages)
    except PagingError as error:
        raise UserError(str(error), "for example 2 or torture:1") from None
    if paging.mode not in ("N", "torture"):
        raise UserError(f"a cassette can't be cut into pages as {pages}", "for example 2 or torture:1")
    return edit_tracks(cassette, tracks, lambda m, c, chosen: repage_takes(m, c, chosen, paging), options)

"""`fault`: adds faults to a track."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from awstape.cli.terminal import parameters
from awstape.cli.terminal.edit_output import edit_tracks
from awstape.errors import UserError

if TYPE_CHECKING:
    from awstape.core.cassette.faults import Fault


@click.command()
@parameters.cassette
@parameters.one_track
@click.argument("faults", nargs=-1)
@click.option("--clear", is_flag=True, help="Remove the existing faults.")
@parameters.edit_options
def fault(cassette: Path, track: str, faults: tuple[str, ...], clear: bool, options: parameters.EditOptions) -> int:
    """Add FAULTS to a track; they occur in every replay of it.

    FAULT is KIND [page=N] [times=N|times=always], or slow … [seconds=S]; KIND is one of throttle, internal,
    unavailable, denied, expired, drop, slow.

    \b
    awstape fault roles.yaml ListRoles 'throttle page=2 times=2'
    awstape fault roles.yaml ListRoles --clear
    """
    if not faults and not clear:
        raise click.UsageError("give a FAULT or --clear")
    from awstape.core.editing.edits import set_faults

    parsed = [_fault(text) for text in faults]
    return edit_tracks(
        cassette, (track,), lambda m, c, chosen: set_faults(m, c, chosen, parsed, instead=clear), options
    )


def _fault(text: str) -> Fault:
    from awstape.core.cassette.faults import Fault, FaultError

    try:
        return Fault.parse(text)
    except FaultError as error:
        raise UserError(str(error), error.tip) from None

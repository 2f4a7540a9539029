"""`rm`: removes tracks, or takes of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from awstape.cli.terminal import parameters
from awstape.cli.terminal.edit_output import count_takes, edit_tracks

if TYPE_CHECKING:
    from awstape.core.aws.model import Models
    from awstape.core.cassette.cassette import Cassette
    from awstape.core.view.selectors import SelectedTrack


@click.command()
@parameters.cassette
@parameters.some_tracks
@parameters.edit_options
def rm(cassette: Path, tracks: tuple[str, ...], options: parameters.EditOptions) -> int:
    """Remove TRACKs, or takes of them.

    TRACK is a number from `awstape ls`, or OPERATION [MEMBER=GLOB]… [region=GLOB] [account=GLOB] [take=N].
    Takes that came after a removed write wait for it no longer.

    \b
    awstape rm team.yaml 3
    awstape rm team.yaml 'GetRole RoleName=alias-Tsr76sms7l' 'ListUsers take=2'
    """
    from awstape.core.editing.edits import count_freed_reads, remove_takes

    notes: list[str] = []

    def remove(models: Models, before: Cassette, chosen: tuple[SelectedTrack, ...]) -> Cassette:
        freed = count_freed_reads(before, chosen)
        notes.extend(f"no longer waiting for {write}: {count_takes(reads)}" for write, reads in freed.items())
        return remove_takes(models, before, chosen)

    return edit_tracks(cassette, tracks, remove, options, notes)

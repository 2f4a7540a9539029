"""`split`: moves tracks into another file, or divides a cassette."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from awstape.cli.terminal import parameters
from awstape.cli.terminal.edit_output import count_takes, write_edits
from awstape.errors import UserError

if TYPE_CHECKING:
    from awstape.core.view.selectors import SelectedTrack
    from awstape.workbench.edit_files import PlannedEdit

_BY = ("operation", "service", "region", "track")


@click.command()
@parameters.cassette
@parameters.tracks
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), help="The new file; with --by, a folder."
)
@click.option("--by", type=click.Choice(_BY), help="Divide the whole cassette: a file for each.")
@parameters.edit_options
def split(
    cassette: Path, tracks: tuple[str, ...], output: Path, by: str | None, options: parameters.EditOptions
) -> int:
    """Move TRACKs into another file, or divide the whole cassette.

    With --by, CASSETTE is divided into the files of a folder, and CASSETTE itself is unchanged.

    \b
    awstape split team.yaml 'List*Roles' ListRoles -o roles.yaml
    awstape split team.yaml --by operation -o cassettes/team
    """
    if bool(tracks) == bool(by):
        raise click.UsageError("give either TRACKs or --by")
    from awstape.catalog.service_models import load_models
    from awstape.core.editing import edits
    from awstape.files import atomic_writes, cassette_files
    from awstape.workbench.edit_files import plan_write
    from awstape.workbench.selected_tracks import select_tracks

    atomic_writes.check_writable(cassette)
    with atomic_writes.lock_folders_of(cassette):
        text = cassette_files.load_text(cassette, load_models())
        found = select_tracks([cassette], text.cassette, tracks, os.environ)
        paths = {each.track: output / f"{_file_name(each, by)}.yaml" if by else output for each in found}
        results = []
        for path, part in text.divide(paths).items():
            atomic_writes.check_writable(path)
            if path.exists():
                raise UserError(f"{path}: already exists", "use another name, or awstape merge")
            results.append(plan_write(path, None, part.cassette, [part], os.environ, part.cassette.takes))
        if by is None:
            _, left = edits.split_cassette(text.cassette, found)
            if not left.takes:
                raise UserError(f"{cassette}: no track would be left in it", "rename the file instead")
            results.append(plan_write(cassette, text, left, [text], os.environ))  # written after the new files
        # Comments of other tracks are not lost: they are in the files of those tracks.
        parts = [replace(each, removed_comments=(), notes=tuple(_find_waiting(each, results))) for each in results]
        return write_edits(parts, options)


def _find_waiting(part: PlannedEdit, parts: Sequence[PlannedEdit]) -> Iterator[str]:
    """Lines on the takes of a part that come after writes in other parts."""
    paths = {track: each.path for each in parts for track, _ in each.after.tracks()}
    waiting = defaultdict[Path, Counter[str]](Counter)
    for take in part.after.takes:
        if take.after and (path := paths.get(take.after.track, part.path)) != part.path:
            waiting[path][take.track.operation] += 1
    for path, reads in waiting.items():
        yield f"waiting for writes in {path}: {count_takes(reads)}; replay both files together"


def _file_name(chosen: SelectedTrack, by: str) -> str:
    """The file name of a track, without extension."""
    track = chosen.track
    names = {
        "operation": track.operation,
        "service": track.service,
        "region": track.region or "global",
        "track": f"{chosen.number:03}-{track.operation}",
    }
    return names[by]

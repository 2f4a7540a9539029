"""`ls`: lists the tracks of cassettes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from awstape.cli.terminal import parameters
from awstape.cli.terminal.output import note_reading_in_part, print_error, print_json
from awstape.errors import UserError

if TYPE_CHECKING:
    from awstape.core.aws.model import Models
    from awstape.core.cassette.cassette import Cassette
    from awstape.core.view.track_statistics import TrackStatistics


@click.command()
@parameters.cassettes
@parameters.as_json
def ls(cassettes: tuple[Path, ...], as_json: bool) -> int:
    """List the tracks of CASSETTES, files or folders.

    Shows for each track the pages, the items by page (3+2), errors, whether a take is unfinished, and faults. The exit
    status is 2 if a file can't be read; the other files are listed all the same.

    \b
    awstape ls cassettes/
    awstape ls cassettes/ --json | jq '.[] | select(.complete | not)'
    """
    from awstape.catalog.service_models import load_models
    from awstape.cli.terminal import tables
    from awstape.cli.terminal.styled_text import Terminal
    from awstape.files import cassette_files
    from awstape.report import overview_facts

    models = load_models()
    files = cassette_files.find_all(cassettes)
    large: list[Path] = []
    found: dict[Path, list[TrackStatistics]] = {}
    errors: list[UserError] = []
    terminal = Terminal.of_output()
    for file in files:
        try:
            cassette = cassette_files.load_lazily(file, models, counts_items=True)
            tracks = found[file] = _count(file, cassette, models)
            large += [file] if cassette.is_read_in_part else []
        except UserError as error:  # the other files are still listed
            print_error(error.problem, error.tip)
            errors.append(error)
            continue
        if not as_json:
            after = [""] if len(files) > 1 else []
            terminal.print([*tables.track_table(terminal, str(file), tracks, models), *after])
    if large:
        note_reading_in_part(large, "whose items are counted and not read")
    every = [(file, track) for file, tracks in found.items() for track in tracks]
    if as_json:
        facts = [{"cassette": str(file), **overview_facts(track)} for file, track in every]
        print_json(facts)
    elif len(found) > 1:
        terminal.print([tables.totals((track for _, track in every), len(found))])
    return 2 if errors else 0


def _count(file: Path, cassette: Cassette, models: Models) -> list[TrackStatistics]:
    from awstape import progress
    from awstape.core.view.track_statistics import track_statistics

    tracks = [*cassette.tracks()]
    with progress.begin(f"reading {file.name}", len(tracks), "tracks") as work:
        numbered = enumerate(work.over(tracks), 1)
        return [track_statistics(number, track, takes, models) for number, (track, takes) in numbered]

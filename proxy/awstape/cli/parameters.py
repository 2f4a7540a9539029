"""Arguments and options that several commands take, and how they say what they found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path

import click

cassettes = click.argument("cassettes", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
cassette = click.argument("cassette", type=click.Path(exists=True, dir_okay=False, path_type=Path))
as_json = click.option("--json", "as_json", is_flag=True, help="Say it in JSON, for scripts.")

tracks = click.argument("tracks", nargs=-1, metavar="[TRACK]...")
some_tracks = click.argument("tracks", nargs=-1, required=True, metavar="TRACK...")
one_track = click.argument("track", metavar="TRACK")


@dataclass(frozen=True)
class How:
    """How an edit is made: whether it is written, how it is told, and whether comments may be lost."""

    dry_run: bool
    as_json: bool
    lose_comments: bool


def edit(command: Callable[..., int]) -> Callable[..., int]:
    """The options of a command that edits: `--dry-run`, `--json` and `--lose-comments`, as `how`."""

    @click.option("--dry-run", is_flag=True, help="Show what would change; write nothing.")
    @click.option("--lose-comments", is_flag=True, help="Don't ask if a comment has no place any more.")
    @as_json
    @wraps(command)
    def with_how(dry_run: bool, lose_comments: bool, as_json: bool, **rest: object) -> int:
        return command(how=How(dry_run, as_json, lose_comments), **rest)

    return with_how

"""Arguments and options that several commands take, and how they say what they found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

import click

from awstape.core.printable import printable
from awstape.errors import UserError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def _selectors(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """What selects tracks of the cassette that stands before: operations, or numbers where a number was begun."""
    from click.shell_completion import CompletionItem

    from awstape import catalog, store

    path = ctx.params.get("cassette")
    try:
        found = [track for track, _ in store.load(path, catalog.models()).tracks()] if path else []
    except UserError:
        return []
    numbers = {str(i): str(track) for i, track in enumerate(found, 1)}
    operations = {track.operation: track.service for track in found}
    offered = numbers if incomplete.isdigit() else operations
    return [CompletionItem(word, help=printable(of)) for word, of in offered.items() if word.startswith(incomplete)]


cassettes = click.argument("cassettes", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
cassette = click.argument("cassette", type=click.Path(exists=True, dir_okay=False, path_type=Path))
#: Of the argument `cassette`, as `awstape.core.select` reads them.
tracks = click.argument("tracks", nargs=-1, metavar="[TRACK]...", shell_complete=_selectors)
some_tracks = click.argument("tracks", nargs=-1, required=True, metavar="TRACK...", shell_complete=_selectors)
one_track = click.argument("track", metavar="TRACK", shell_complete=_selectors)
as_json = click.option("--json", "as_json", is_flag=True, help="Say it in JSON, for scripts.")


#: A problem may quote what stands in a file.
_LONGEST = 2000


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


def fail(problem: str, tip: str) -> None:
    """Says what went wrong, in one line each, whatever stands in a file or in its name."""
    for word, text in (("ERROR", problem), ("TIP", tip)):
        if text:
            said = printable(" ".join(text.splitlines()))
            click.echo(f"{word} {said if len(said) <= _LONGEST else f'{said[:_LONGEST]}…'}", err=True)

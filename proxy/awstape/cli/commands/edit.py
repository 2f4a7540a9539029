"""`edit`, `set`, `rm`, `rename`, `repage`, `fault`, `add-item` and `drop-item`: edits of one cassette."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from awstape.cli.terminal import parameters
from awstape.cli.terminal.edit_output import count_takes, edit_file, write_edits
from awstape.cli.terminal.output import read_text
from awstape.core.text.printable import printable
from awstape.errors import UserError

if TYPE_CHECKING:
    from awstape.core.aws.model import Models, Value
    from awstape.core.cassette.cassette import Cassette
    from awstape.core.cassette.faults import Fault
    from awstape.core.view.selectors import SelectedTrack
    from awstape.workbench.edit_files import PlannedEdit
    from awstape.workbench.text_editor import EditorSession

_list = click.option("--list", "name", default="", metavar="NAME", help="The list to edit, if the output has several.")


@click.command()
@parameters.cassette
@parameters.edit_options
def edit(cassette: Path, options: parameters.EditOptions) -> int:
    """Edit CASSETTE in your editor; write it once it is valid.

    The editor is $VISUAL or $EDITOR. After an error, the editor can be opened again at its line; CASSETTE is unchanged
    until the text is valid. Real names and ids that you type are redacted under your key.

    \b
    awstape edit team.yaml
    EDITOR='code --wait' awstape edit team.yaml
    """
    from awstape.files import atomic_writes
    from awstape.workbench.text_editor import EditorSession

    atomic_writes.check_writable(cassette)
    session = EditorSession(cassette)
    try:
        result = _edit_until_valid(session)
        with atomic_writes.lock_folders_of(cassette):
            if not session.is_cassette_unchanged():
                raise UserError(f"{cassette}: changed by another program in the meantime", "compare the two files")
            status = write_edits([result], options)
    except UserError as error:
        if session.has_changes():
            raise UserError(error.problem, f"{error.tip}; {session.kept_message}".lstrip("; ")) from None
        session.discard()
        raise
    except (click.Abort, KeyboardInterrupt):
        if session.has_changes():
            click.echo(f"\n{printable(session.kept_message)}", err=True)
        else:
            session.discard()
        raise
    if options.dry_run and session.has_changes():
        click.echo(printable(session.kept_message), err=True)
    else:
        session.discard()
    return status


def _edit_until_valid(session: EditorSession) -> PlannedEdit:
    """Opens the editor until the draft is valid, and plans its write. Raises UserError if the user gives up."""
    from awstape.core.cassette.yaml.documents import DocumentError
    from awstape.files import cassette_files

    line = 1
    while True:
        session.open_editor(os.environ, line)
        try:
            return session.plan(os.environ)
        except DocumentError as error:
            problem, line = cassette_files.document_error(session.path, error, ""), error.line
        except UserError as error:
            problem = error
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise problem
        click.echo(f"{printable(problem.problem)}\n  {printable(problem.tip)}".rstrip(), err=True)
        if not click.confirm("Edit again?", default=True, err=True):
            raise problem


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

    return edit_file(
        cassette, _on_tracks(cassette, tracks, lambda m, c, chosen: set_value(m, c, chosen, path, value)), options
    )


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

    return edit_file(cassette, _on_tracks(cassette, tracks, remove), options, notes)


@click.command()
@parameters.cassette
@click.argument("old")
@click.argument("new")
@parameters.edit_options
def rename(cassette: Path, old: str, new: str, options: parameters.EditOptions) -> int:
    """Rename OLD to NEW everywhere.

    Renames in identities, ARNs and documents, in any encoding. Both are aliases or, with the cassette's key, real
    names; a real NEW is stored as its alias, so that a test can request it. Account ids and unique ids work as well.

    \b
    awstape rename team.yaml alias-Tsr76sms7l AuditRole
    awstape rename team.yaml 000611752023 111122223333
    """
    from awstape.catalog.service_models import load_models
    from awstape.core.editing import rename as renaming
    from awstape.workbench.selected_tracks import aliases_for

    def change(before: Cassette) -> Cassette:
        return renaming.rename(load_models(), before, old, new, aliases_for([cassette], before, os.environ))

    return edit_file(cassette, change, options)


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
    from awstape.core.replay.paging_modes import Paging, PagingError

    try:
        paging = Paging.parse(pages)
    except PagingError as error:
        raise UserError(str(error), "for example 2 or torture:1") from None
    if paging.mode not in ("N", "torture"):
        raise UserError(f"a cassette can't be cut into pages as {pages}", "for example 2 or torture:1")
    return edit_file(
        cassette, _on_tracks(cassette, tracks, lambda m, c, chosen: repage_takes(m, c, chosen, paging)), options
    )


@click.command()
@parameters.cassette
@parameters.one_track
@click.argument("faults", nargs=-1)
@click.option("--clear", is_flag=True, help="Remove the existing faults.")
@parameters.edit_options
def fault(cassette: Path, track: str, faults: tuple[str, ...], clear: bool, options: parameters.EditOptions) -> int:
    """Add FAULTS to a track; they occur in every replay of it.

    FAULT is KIND [page=N] [times=N|always], or slow … [seconds=S]; KIND is one of throttle, internal, unavailable,
    denied, expired, drop, slow.

    \b
    awstape fault roles.yaml ListRoles 'throttle page=2 times=2'
    awstape fault roles.yaml ListRoles --clear
    """
    if not faults and not clear:
        raise click.UsageError("give a FAULT or --clear")
    from awstape.core.editing.edits import set_faults

    parsed = [_fault(text) for text in faults]
    put = _on_tracks(cassette, (track,), lambda m, c, chosen: set_faults(m, c, chosen, parsed, instead=clear))
    return edit_file(cassette, put, options)


def _fault(text: str) -> Fault:
    from awstape.core.cassette.faults import Fault, FaultError

    try:
        return Fault.parse(text)
    except FaultError as error:
        raise UserError(str(error), error.tip) from None


@click.command("add-item")
@parameters.cassette
@parameters.one_track
@click.argument("item", type=parameters.INPUT, metavar="[FILE]", required=False)
@click.option("--item", "text", metavar="JSON", help="The item, instead of FILE.")
@click.option("--like", type=click.IntRange(1), metavar="N", help="Copy item N, except for the given members.")
@click.option("--at", type=click.IntRange(1), metavar="N", help="Insert at position N; the default is the end.")
@_list
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
        raise UserError("--like needs an item with members", "leave out --like")

    def add(models: Models, before: Cassette, chosen: tuple[SelectedTrack, ...]) -> Cassette:
        item = (
            list_items.build_item_like(models, chosen, like, value, name) if like and isinstance(value, dict) else value
        )
        return list_items.add_item(models, before, chosen, item, at, name)

    return edit_file(cassette, _on_tracks(cassette, (track,), add), options)


def _json(text: str) -> Value:
    from awstape.core.aws.protocols.encodings.json_text import JsonError, parse_json

    try:
        return parse_json(text)
    except JsonError as error:
        raise UserError(f"the item {error}", 'such as \'{"RoleName": "alias-Tsr76sms7l"}\'') from None


@click.command("drop-item")
@parameters.cassette
@parameters.one_track
@click.argument("items", nargs=-1, required=True)
@_list
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

    return edit_file(
        cassette, _on_tracks(cassette, (track,), lambda m, c, chosen: drop_items(m, c, chosen, items, name)), options
    )


def _on_tracks(
    path: Path, tracks: tuple[str, ...], edit: Callable[[Models, Cassette, tuple[SelectedTrack, ...]], Cassette]
) -> Callable[[Cassette], Cassette]:
    """Returns a function that edits the selected tracks of the cassette in a file."""
    from awstape.catalog.service_models import load_models
    from awstape.workbench.selected_tracks import select_tracks

    return lambda before: edit(load_models(), before, select_tracks([path], before, tracks, os.environ))

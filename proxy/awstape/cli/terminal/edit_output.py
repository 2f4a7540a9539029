"""The common end of all editing commands: confirms the loss of comments, writes the files, prints the changes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from awstape.cli.terminal.output import compare_cassettes, print_changes, print_json
from awstape.cli.terminal.parameters import EditOptions
from awstape.core.text.printable import printable
from awstape.errors import UserError

if TYPE_CHECKING:
    from awstape.core.aws.model import Models
    from awstape.core.cassette.cassette import Cassette
    from awstape.core.cassette.yaml.comments import Comment
    from awstape.core.view.selectors import SelectedTrack
    from awstape.workbench.edit_files import PlannedEdit


def edit_file(
    path: Path, change: Callable[[Cassette], Cassette], options: EditOptions, notes: Iterable[str] = ()
) -> int:
    """Edits one cassette file, writes it and prints the changes. Returns the exit status.

    notes: more lines to print; they are read after the change.
    """
    from awstape.files import atomic_writes
    from awstape.workbench.edit_files import plan_edit

    atomic_writes.check_writable(path)
    with atomic_writes.lock_folders_of(path):
        plan = plan_edit(path, change, os.environ)
        return write_edits([replace(plan, notes=tuple(notes))], options)


def edit_tracks(
    path: Path,
    tracks: tuple[str, ...],
    change: Callable[[Models, Cassette, tuple[SelectedTrack, ...]], Cassette],
    options: EditOptions,
    notes: Iterable[str] = (),
) -> int:
    """Edits the selected tracks of one cassette file, as `edit_file`. tracks: selectors (`core.view.selectors`)."""
    from awstape.catalog.service_models import load_models
    from awstape.workbench.selected_tracks import select_tracks

    def change_selected(before: Cassette) -> Cassette:
        return change(load_models(), before, select_tracks([path], before, tracks, os.environ))

    return edit_file(path, change_selected, options, notes)


def write_edits(results: Iterable[PlannedEdit], options: EditOptions) -> int:
    """Writes planned edits in their order, unless it is a dry run, and prints them. Returns the exit status."""
    results = list(results)
    for result in results:
        if not options.dry_run and not options.lose_comments:
            _confirm_lost_comments(result.path, result.lost_comments)
    for result in results:
        if not options.dry_run:
            result.save()
    if options.as_json:
        facts = [_facts(result, options) for result in results]
        print_json(facts[0] if len(facts) == 1 else facts)
        return 0
    for result in results:
        _print_edit(result, options)
    return 0


def count_takes(numbers: Mapping[str, int]) -> str:
    """Numbers of takes as text. numbers: operation → number."""
    from awstape.core.text.counting import count

    return ", ".join(f"{count(number, 'take')} of {operation}" for operation, number in sorted(numbers.items()))


def _confirm_lost_comments(path: Path, lost: tuple[Comment, ...]) -> None:
    """Asks whether comments may be lost, before any write. Raises UserError for a no, or without a terminal."""
    if not lost:
        return
    which = "this comment" if len(lost) == 1 else "these comments"
    click.echo(f"{printable(str(path))}: the edit would lose {which}:", err=True)
    for comment in lost:
        click.echo(f"  {comment.line}: {printable(comment.text)}", err=True)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UserError(f"{path}: not changed: comments would be lost", "to change it anyway, add --lose-comments")
    if not click.confirm("Change it anyway?", err=True):
        raise UserError(f"{path}: not changed", "")


def _facts(result: PlannedEdit, options: EditOptions) -> dict[str, object]:
    from awstape.report import change_facts

    return {
        "cassette": str(result.path),
        "changed": result.has_changes,
        "written": result.has_changes and not options.dry_run,
        "lost_comments": [{"line": c.line, "text": c.text} for c in (*result.lost_comments, *result.removed_comments)],
        "redacted": dict(result.redacted),
        "warnings": [
            {"line": f.line, "member": f.member, "kind": f.kind, "message": f.problem} for f in result.new_warnings()
        ],
        "notes": list(result.notes),
        "changes": [change_facts(change) for change in compare_cassettes(result.before, result.after)],
    }


def _print_edit(result: PlannedEdit, options: EditOptions) -> None:
    from awstape.report import redacted_line

    path = printable(str(result.path))
    if not result.has_changes:
        click.echo(f"{path} is unchanged")
        return
    if options.dry_run:
        click.echo(f"{path} would change")
        print_changes(compare_cassettes(result.before, result.after))
        for comment in result.lost_comments:
            click.echo(f"  the comment in line {comment.line} would be lost: {printable(comment.text)}")
    else:
        click.echo(f"{'changed' if result.old else 'wrote'} {path}")
    if result.redacted:
        click.echo(redacted_line(result.redacted))
    for note in result.notes:
        click.echo(f"  {printable(note)}")
    for finding in result.new_warnings():
        where = f"{finding.member}: " if finding.member else ""
        click.echo(f"  warning: line {finding.line}: {printable(where + finding.problem)}")
    for comment in result.removed_comments:
        click.echo(f"  {'would be' if options.dry_run else 'was'} removed with its take: {printable(comment.text)}")

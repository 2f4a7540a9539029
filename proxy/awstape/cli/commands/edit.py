"""`edit`: edits a cassette in an editor."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from awstape.cli.terminal import parameters
from awstape.cli.terminal.edit_output import write_edits
from awstape.core.text.printable import printable
from awstape.errors import UserError

if TYPE_CHECKING:
    from awstape.workbench.edit_files import PlannedEdit
    from awstape.workbench.text_editor import EditorSession


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

"""`edit`: a cassette in somebody's editor."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from awstape.cli.terminal import parameters
from awstape.cli.terminal.edit_output import write
from awstape.core.text.printable import printable
from awstape.errors import UserError

if TYPE_CHECKING:
    from awstape.workbench.edit_files import Edited
    from awstape.workbench.text_editor import Draft


@click.command()
@parameters.cassette
@parameters.edit
def edit(cassette: Path, how: parameters.How) -> int:
    """Open CASSETTE in your editor; write it once it can be read.

    The editor is $VISUAL or $EDITOR. What is wrong is told, and the editor opened again where it is; CASSETTE stays as
    it was until all is well. Real names and ids that you typed are redacted under your key.

    \b
    awstape edit team.yaml
    EDITOR='code --wait' awstape edit team.yaml
    """
    from awstape.files import cassette_files
    from awstape.workbench.text_editor import Draft

    cassette_files.check_writable(cassette)
    draft = Draft(cassette)
    try:
        result = _edited(draft)
        with cassette_files.exclusively(cassette):
            if not draft.is_current():
                raise UserError(f"{cassette}: changed by somebody else meanwhile", "compare the two")
            status = write([result], how)
    except UserError as error:
        if draft.is_touched():
            raise UserError(error.problem, f"{error.tip}; {draft.kept}".lstrip("; ")) from None
        draft.discard()
        raise
    except (click.Abort, KeyboardInterrupt):
        if draft.is_touched():
            click.echo(f"\n{printable(draft.kept)}", err=True)
        else:
            draft.discard()
        raise
    if how.dry_run and draft.is_touched():
        click.echo(printable(draft.kept), err=True)
    else:
        draft.discard()
    return status


def _edited(draft: Draft) -> Edited:
    """What the draft comes to once it is good. Raises UserError if somebody gives up."""
    from awstape.core.cassette.yaml.document import DocumentError
    from awstape.files import cassette_files

    line = 1
    while True:
        draft.edit(os.environ, line)
        try:
            return draft.result(os.environ)
        except DocumentError as error:
            wrong, line = cassette_files.wrong(draft.path, error, ""), error.line
        except UserError as error:
            wrong = error
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise wrong
        click.echo(f"{printable(wrong.problem)}\n  {printable(wrong.tip)}".rstrip(), err=True)
        if not click.confirm("Edit again?", default=True, err=True):
            raise wrong

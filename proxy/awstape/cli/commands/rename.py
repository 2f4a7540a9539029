"""`rename`: renames an alias, an account or an id everywhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from awstape.cli.terminal import parameters
from awstape.cli.terminal.edit_output import edit_file

if TYPE_CHECKING:
    from awstape.core.cassette.cassette import Cassette


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

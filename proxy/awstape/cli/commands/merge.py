"""`merge`: joins several cassettes into one."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from awstape import progress
from awstape.cli.terminal import parameters
from awstape.cli.terminal.edit_output import write_edits
from awstape.errors import UserError

if TYPE_CHECKING:
    from awstape.core.editing.edits import Preference


@click.command()
@parameters.cassettes
@click.option(
    "-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The merged cassette."
)
@click.option(
    "--prefer",
    type=click.Choice(("first", "last", "both")),
    help="Whose takes to keep for a track that differs between cassettes; both keeps them in order.",
)
@parameters.edit_options
def merge(cassettes: tuple[Path, ...], output: Path, prefer: Preference | None, options: parameters.EditOptions) -> int:
    """Merge the tracks of several cassettes into one.

    CASSETTES are unchanged, unless one of them is the output as well. Their comments are kept.

    \b
    awstape merge roles.yaml users.yaml -o team.yaml
    awstape merge team.yaml new.yaml -o team.yaml --prefer last
    """
    from awstape.catalog.service_models import load_models
    from awstape.core.cassette.cassette import Cassette
    from awstape.core.editing import edits
    from awstape.files import atomic_writes, cassette_files
    from awstape.workbench.edit_files import plan_write, run_edit

    files = cassette_files.find_all(cassettes)
    if output.exists() and not any(_is_same(file, output) for file in files):
        raise UserError(f"{output}: already exists", "to merge into it, name it among CASSETTES as well")
    atomic_writes.check_writable(output)
    with nullcontext() if options.dry_run else atomic_writes.lock_folders_of(output):  # makes the folder
        with progress.begin("loading", len(files), "files") as work:
            texts = [cassette_files.load_text(file, load_models()) for file in work.over(files)]
        cassette_files.check_marks(
            {file: text.cassette for file, text in zip(files, texts, strict=True)}, load_models()
        )
        merged = run_edit(lambda: edits.merge_cassettes(load_models(), [text.cassette for text in texts], prefer))
        old = next((text for file, text in zip(files, texts, strict=True) if _is_same(file, output)), None)
        if old:  # its header stays
            merged = Cassette.of(merged.takes, merged.keys, old.account, merged.apart)
        return write_edits([plan_write(output, old, merged, texts, os.environ, merged.takes)], options)


def _is_same(file: Path, other: Path) -> bool:
    return file.resolve() == other.resolve()

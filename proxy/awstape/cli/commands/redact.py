"""`redact`: replaces values that look real."""

from __future__ import annotations

import os
from pathlib import Path

import click

from awstape import progress
from awstape.cli.terminal import parameters


@click.command()
@parameters.cassettes
@parameters.edit_options
def redact(cassettes: tuple[Path, ...], options: parameters.EditOptions) -> int:
    """Replace values that look real in cassettes, as recording does.

    For CASSETTES, files or folders, that were written by hand or in which `awstape check` found real values. Aliases
    stay. Comments are not redacted; check finds real values in them.

    \b
    awstape redact team.yaml --dry-run
    awstape redact cassettes/
    """
    from awstape.cli.terminal.edit_output import write_edits
    from awstape.files import atomic_writes, cassette_files, keys
    from awstape.workbench.edit_files import plan_redaction

    files = cassette_files.find_all(cassettes)
    if not all(map(cassette_files.load_keys, files)):  # one that names a key needs that
        keys.find_or_create_key(os.environ)
    for file in files:
        atomic_writes.check_writable(file)
    with atomic_writes.lock_folders_of(*files):
        with progress.begin("redacting", len(files), "files") as work:
            plans = [plan_redaction(file, os.environ) for file in work.over(files)]
        return write_edits(plans, options)

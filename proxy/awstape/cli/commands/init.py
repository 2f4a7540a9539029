"""`init`: a project's first files."""

from __future__ import annotations

import os
from pathlib import Path

import click

from awstape.cli.terminal import parameters
from awstape.core.text.printable import printable


@click.command()
@parameters.project_folder
def init(folder: Path) -> int:
    """Write the first files of a project into FOLDER.

    They are `[tool.awstape]` in pyproject.toml, a hook of pre-commit, lines in .gitattributes and .gitignore, the JSON
    Schema of cassettes, and a first test with a generated cassette, which passes. What is there already stays. In a
    project without Python, init writes no test and prints the commands for the program's own tests.

    \b
    awstape init
    awstape init services/billing
    """
    from awstape.project.first_files import write_first_files

    for step in write_first_files(folder, os.environ):
        path, *more = (str(step.path), *step.text.splitlines())
        click.echo(printable(f"{step.done:<8}{path}"))
        for line in more:
            click.echo(printable(f"{'':<8}{line}"))
    return 0

"""`doctor` and `init`: whether all is in place for recording and replay, and a project's first files."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

import click

from awstape.cli.terminal import parameters
from awstape.cli.terminal.output import print_json
from awstape.core.text.printable import printable

_MARKS = {"ok": "ok", "note": "note", "problem": "PROBLEM"}
_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


@click.command()
@click.argument("folder", type=_FOLDER, default=".")
@parameters.as_json
def doctor(folder: Path, as_json: bool) -> int:
    """Examine what recording and replay depend on.

    For the project in FOLDER, it examines what is installed, package.json, the settings, the key and the cassettes that
    need another one, damaged cassettes, interrupted recordings, the CA, and variables and profiles that lead programs
    elsewhere. It changes nothing, and shows no key and no password. The exit status is 1 if there is a problem.

    \b
    awstape doctor
    awstape doctor services/billing
    """
    from awstape.project.diagnosis import diagnose

    checks = list(diagnose(folder, os.environ))
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        for check in checks:
            click.echo(printable(f"{_MARKS[check.kind]:<8}{check.subject}: {check.state}"))
            if check.tip:
                click.echo(printable(f"{'':<8}→ {check.tip}"))
    return int(any(check.kind == "problem" for check in checks))


@click.command()
@click.argument("folder", type=_FOLDER, default=".")
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

"""`doctor`: whether all is in place for recording and replay."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

import click

from awstape.cli.terminal import parameters
from awstape.cli.terminal.output import print_json
from awstape.core.text.printable import printable

_MARKS = {"ok": "ok", "note": "note", "problem": "PROBLEM"}


@click.command()
@parameters.project_folder
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

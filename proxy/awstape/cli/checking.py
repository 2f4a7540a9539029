"""`check`: what is wrong with cassettes."""

from __future__ import annotations

from pathlib import Path

import click

from awstape.cli import parameters, progress
from awstape.errors import UserError

_FORMATS = ("text", "json", "github", "sarif")


@click.command()
@parameters.cassettes
@click.option("--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True, help="How to say it.")
def check(cassettes: tuple[Path, ...], form: str) -> int:
    """Find what looks real in CASSETTES, files or folders.

    Account ids, ARNs, names, unique and access key ids, e-mail addresses, keys, tokens and other secrets, in
    hand-edited or imported cassettes as well; comments are searched, too. No key is needed. What is found is never
    printed. The exit status is 1 if something was found.

    \b
    awstape check cassettes/
    awstape check cassettes/ --format sarif > awstape.sarif
    """
    from awstape import catalog, project, store
    from awstape.core.check import FORMAT, Finding, findings
    from awstape.formats import FORMATS

    rules = project.rules()
    files = store.find_all(cassettes)
    found: list[tuple[str, Finding]] = []
    for file in progress.over(files, "checking", total=len(files), quiet=form != "text"):
        try:
            found += [(str(file), each) for each in findings(store.load_text(file), catalog.models(), rules)]
        except UserError as error:  # one file must not hide what is in the others
            found.append((str(file), Finding(1, "", FORMAT, error.problem.removeprefix(f"{file}: "))))
    if text := FORMATS[form](found, len(files)):
        click.echo(text)
    return int(bool(found))

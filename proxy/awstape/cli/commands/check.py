"""`check`: what is wrong with cassettes."""

from __future__ import annotations

from pathlib import Path

import click

from awstape.cli.terminal import parameters, progress
from awstape.errors import UserError

_FORMATS = ("text", "json", "github", "sarif")


@click.command()
@parameters.cassettes
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
@click.option("--strict", is_flag=True, help="Exit with status 1 for warnings, too.")
@click.option("--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True, help="How to say it.")
def check(cassettes: tuple[Path, ...], strict: bool, form: str) -> int:
    """Find what looks real, is wrong or is hardly meant.

    What looks real: account ids, ARNs, names, unique and access key ids, e-mail addresses, keys, tokens and other
    secrets, in hand-edited or imported cassettes as well; comments are searched, too. No key is needed. What is found
    is never printed.

    What can't be read: all that is not as the format and the service model have it, not only the first of it.

    Warnings: members, values and timestamps that the service model doesn't know, members that it requires, policy
    documents that are no JSON; listings that don't come to their end or have an item twice, tokens that lead nowhere,
    takes that say nothing new, faults that never strike.

    The exit status is 1 if something was found that is no warning.

    \b
    awstape check cassettes/
    awstape check cassettes/ --strict
    awstape check cassettes/ --format sarif > awstape.sarif
    """
    from awstape.catalog import catalog
    from awstape.core.check.findings import FORMAT, Finding, findings
    from awstape.files import cassette_files, limited_reading, project_settings
    from awstape.workbench.check_formats import FORMATS

    rules = project_settings.load_rules()
    files = cassette_files.find_all(cassettes)
    found: list[tuple[str, Finding]] = []
    for file in progress.over(files, "checking", total=len(files), quiet=form != "text"):
        try:
            found += [(str(file), each) for each in findings(limited_reading.read_text(file), catalog.models(), rules)]
        except UserError as error:  # one file must not hide what is in the others
            found.append((str(file), Finding(1, "", FORMAT, error.problem.removeprefix(f"{file}: "))))
    if text := FORMATS[form](found, len(files)):
        click.echo(text)
    return int(any(strict or finding.level == "error" for _, finding in found))

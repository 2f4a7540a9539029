"""`check`: finds real values, errors and probable mistakes in cassettes."""

from __future__ import annotations

from pathlib import Path

import click

from awstape.cli.terminal import parameters, progress
from awstape.errors import UserError

_FORMATS = ("text", "json", "github", "sarif")


@click.command()
@parameters.cassettes
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
@click.option("--skip-others", is_flag=True, help="Skip named files that are no cassettes, too; for pre-commit.")
@click.option("--strict", is_flag=True, help="Exit with status 1 for warnings as well.")
@click.option(
    "--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True, help="The output format."
)
def check(cassettes: tuple[Path, ...], skip_others: bool, strict: bool, form: str) -> int:
    """Find real values, errors and probable mistakes.

    Values that look real: account ids, ARNs, names, unique and access key ids, e-mail addresses, keys, tokens and other
    secrets; comments and file names are searched as well. Cassettes may be recorded, edited by hand or imported. No key
    is needed, and the values are never printed.

    Errors: everything that the cassette format or the service model does not allow, not only the first error.

    Warnings (probable mistakes): unknown members, values and timestamps, missing required members, policy documents
    that are not JSON; unfinished listings, duplicate items, tokens that lead to no page, takes equal to the one before,
    faults that can't occur; file names with the parameter of a test.

    YAML files in folders that are no cassettes, such as those of VCR, are skipped with a note.

    The exit status is 1 for findings other than warnings.

    \b
    awstape check cassettes/
    awstape check cassettes/ --strict
    awstape check cassettes/ --format sarif > awstape.sarif
    """
    from awstape.catalog.service_models import load_models
    from awstape.core.check.findings import FORMAT, Finding, check_file_name, check_text
    from awstape.files import cassette_files, limited_reading, project_settings
    from awstape.workbench.check_formats import FORMATS

    files = cassette_files.find_all(cassettes)
    if skip_others:
        others = [file for file in files if not cassette_files.is_cassette(file)]
        parameters.warn_of_other_files(others)
        files = [file for file in files if file not in others]
    found: list[tuple[str, Finding]] = []
    for file in progress.over(files, "checking", total=len(files), quiet=form != "text"):
        rules = project_settings.load_rules(file)
        found += [(str(file), each) for each in check_file_name(_names(file, cassettes), rules)]
        try:
            found += [(str(file), each) for each in check_text(limited_reading.read_text(file), load_models(), rules)]
        except UserError as error:  # the other files are still checked
            found.append((str(file), Finding(1, "", FORMAT, error.problem.removeprefix(f"{file}: "))))
    if text := FORMATS[form](found, len(files)):
        click.echo(text)
    return int(any(strict or finding.level == "error" for _, finding in found))


def _names(file: Path, cassettes: tuple[Path, ...]) -> tuple[str, ...]:
    """The names of a cassette, without its suffix, and of its folders below the one that was given."""
    folder = next((path for path in cassettes if path != file and file.is_relative_to(path)), file.parent)
    return file.relative_to(folder).with_suffix("").parts

"""`check`: finds real values, errors and probable mistakes in cassettes."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from awstape import progress
from awstape.cli.terminal import parameters
from awstape.core.text.printable import printable

if TYPE_CHECKING:
    from awstape.core.check.findings import Finding
    from awstape.core.check.free_texts import FreeText

#: Paths that the last line repeats; pre-commit passes any number.
_MOST_SHOWN = 3
_PUBLIC = "keep what is public with keep = […] in [tool.awstape] of pyproject.toml"
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

    A value is allowed by a comment with a reason, `# awstape: allow REASON`, on its line or the line above. A comment
    that allows nothing is a finding.

    What no rule finds is for you to read: texts that are neither aliases nor public are counted at the end.

    YAML files in folders that are no cassettes, such as those of VCR, are skipped with a note.

    The exit status is 1 for findings other than warnings.

    \b
    awstape check cassettes/
    awstape check cassettes/ --strict
    awstape check cassettes/ --format sarif > awstape.sarif
    """
    from awstape.core.text.counting import count
    from awstape.files import cassette_files
    from awstape.workbench.check_formats import FORMATS
    from awstape.workbench.review import count_texts, group_by_place, review_file

    files = cassette_files.find_all(cassettes)
    if skip_others:
        others = [file for file in files if not cassette_files.is_cassette(file)]
        parameters.warn_of_other_files(others)
        files = [file for file in files if file not in others]
    found: list[tuple[str, Finding]] = []
    texts: list[tuple[str, FreeText]] = []
    with progress.begin("checking", len(files), "files") as work:
        for file in work.over(files):
            review = review_file(file, _names(file, cassettes))
            found += [(str(file), finding) for finding in review.findings]
            texts += [(str(file), each) for each in review.texts]
    if text := FORMATS[form](found, len(files)):
        click.echo(text)
    paths = shlex.join(map(str, cassettes)) if len(cassettes) <= _MOST_SHOWN else "FILE..."
    if form == "text" and any(finding.is_redactable for _, finding in found):
        click.echo(printable(f"{_PUBLIC}; replace the rest: awstape redact {paths}"))
    if form == "text" and (number := count_texts(group_by_place(texts))):
        are, they_are = ("is", "it is") if number == 1 else ("are", "they are")
        click.echo(printable(f"{count(number, 'free text')} {are} left as {they_are}: awstape show --texts {paths}"))
    return int(any(strict or finding.level == "error" for _, finding in found))


def _names(file: Path, cassettes: tuple[Path, ...]) -> tuple[str, ...]:
    """The names of a cassette, without its suffix, and of its folders below the one that was given."""
    folder = next((path for path in cassettes if path != file and file.is_relative_to(path)), file.parent)
    return file.relative_to(folder).with_suffix("").parts

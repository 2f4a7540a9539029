"""`check`: finds real values, errors and probable mistakes in cassettes."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from awstape import progress
from awstape.cli.terminal import parameters
from awstape.cli.terminal.output import warn
from awstape.core.text.printable import printable

if TYPE_CHECKING:
    from awstape.workbench.review import Reviews

#: Paths that the last line repeats; pre-commit passes any number.
_MOST_SHOWN = 3
_PUBLIC = "keep what is public with keep = […] in [tool.awstape] of pyproject.toml"
_FORMATS = ("text", "json", "github", "sarif")


@click.command()
@parameters.checked
@click.option("--json", "form", flag_value="json", help="The same as --format json.")
@click.option("--skip-others", is_flag=True, help="Skip named files that are no cassettes; for pre-commit.")
@click.option("--strict", is_flag=True, help="Exit with status 1 for warnings as well.")
@click.option("--no-exceptions", is_flag=True, help="Report values that the project keeps or a comment allows as well.")
@click.option(
    "--format", "form", type=click.Choice(_FORMATS), default="text", show_default=True, help="The output format."
)
def check(cassettes: tuple[Path, ...], skip_others: bool, strict: bool, no_exceptions: bool, form: str) -> int:
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

    What no rule finds is for you to read: texts that are neither aliases nor public are counted at the end. So are
    values that the project keeps (`keep` and `keep-names` in pyproject.toml), and each comment that allows one is
    named. A pull request can bring such rules and comments: --no-exceptions ignores them.

    YAML files that are no cassettes, such as those of VCR, are searched for account ids, ARNs, keys, tokens and the
    like. Those without are skipped with a note. A journal or quarantine of a recording is a finding if git tracks it.

    The exit status is 1 for findings other than warnings.

    \b
    awstape check cassettes/
    awstape check cassettes/ --strict
    awstape check cassettes/ --no-exceptions
    awstape check cassettes/ --format sarif > awstape.sarif
    """
    from awstape.files import cassette_files
    from awstape.workbench.check_formats import FORMATS, as_text
    from awstape.workbench.review import (
        is_encrypted,
        kept_findings,
        review_encrypted_files,
        review_file,
        review_other_file,
    )

    # A folder may lack cassettes: its other files are searched all the same.
    folders = {path: cassette_files.sort_folder(path) for path in cassettes if path.is_dir()}
    named = {path: [] if is_encrypted(path) else [path] for path in cassettes if path not in folders}
    disguised = [file for each in folders.values() for file in each.disguised]
    if disguised:
        warn(f"note: cassettes with other names, which no replay reads: {', '.join(map(str, disguised))}")
    there = [file for path in cassettes for file in (named[path] if path in named else folders[path].cassettes)]
    files = cassette_files.find_all([*there, *disguised])
    chosen = dict.fromkeys(file for file in files if not skip_others or cassette_files.is_cassette(file))
    found_others = [file for each in folders.values() for file in each.others]
    others = [file for file in dict.fromkeys([*found_others, *files]) if file not in chosen]
    reviews = review_encrypted_files(cassettes)
    searched = [Path(file) for file, _ in reviews] + [*chosen]
    skipped: list[Path] = []
    with progress.begin("checking", len(chosen) + len(others), "files") as work:
        for file in work.over(chosen):
            reviews.append((str(file), review_file(file, _names(file, cassettes), exceptions=not no_exceptions)))
        for file in work.over(others):
            review = review_other_file(file, exceptions=not no_exceptions)
            (searched if review.findings or review.kept else skipped).append(file)
            reviews.append((str(file), review))
    parameters.warn_of_other_files(skipped)
    for folder in folders:
        if not any(file.is_relative_to(folder) for file in searched):
            raise cassette_files.no_cassettes_error(folder)
    found = [(file, finding) for file, review in reviews for finding in review.findings]
    number = len(searched)
    noun = "cassette" if number == len(chosen) else "file"
    listed = [*found, *kept_findings(reviews)]
    if text := as_text(listed, number, noun) if form == "text" else FORMATS[form](listed, number):
        click.echo(text)
    if form == "text":
        paths = shlex.join(map(str, cassettes)) if len(cassettes) <= _MOST_SHOWN else "FILE..."
        redactable = {Path(file) for file, finding in found if finding.is_redactable}
        if any(file in chosen and cassette_files.is_cassette(file) for file in redactable):
            click.echo(printable(f"{_PUBLIC}; replace the rest: awstape redact {paths}"))
        _print_what_stays(reviews, paths)
    return int(any(strict or finding.level == "error" for _, finding in found))


def _print_what_stays(reviews: Reviews, paths: str) -> None:
    """Prints how many values are kept and how many texts are left, and the command that lists them."""
    from awstape.core.text.counting import count
    from awstape.workbench.review import kept_lines, list_texts

    lines, number = [*kept_lines(reviews)], len(list_texts(reviews))
    if number:
        left = "is left as it is" if number == 1 else "are left as they are"
        lines.append(f"{count(number, 'free text')} {left}: awstape show --texts {paths}")
    elif lines:
        lines.append(f"to see the values: awstape show --texts {paths}")
    for line in lines:
        click.echo(printable(line))


def _names(file: Path, cassettes: tuple[Path, ...]) -> tuple[str, ...]:
    """The names of a cassette, without its suffix, and of its folders below the one that was given."""
    folder = next((path for path in cassettes if path != file and file.is_relative_to(path)), file.parent)
    return file.relative_to(folder).with_suffix("").parts

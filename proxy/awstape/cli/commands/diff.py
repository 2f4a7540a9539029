"""`diff`: the differences between two cassettes or folders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from awstape.cli.terminal import parameters
from awstape.cli.terminal.output import compare_cassettes, note_reading_in_part, print_changes, print_json
from awstape.errors import UserError

if TYPE_CHECKING:
    from awstape.core.cassette.cassette import Cassette
    from awstape.core.compare.value_diff import Change

#: gitattributes(5), "Defining an external diff driver": path, old file, hex and mode, new file, hex and mode; of a
#: renamed file the new path and a text about it as well, of an unmerged one nothing but the path.
_FROM_GIT = (7, 9)


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="OLD NEW", type=click.Path(path_type=Path))
@parameters.as_json
def diff(paths: tuple[Path, ...], as_json: bool) -> int:
    """Show the differences between the cassettes OLD and NEW.

    Compares tracks, takes, items, members, errors and faults, and policy documents as policies. Ignores page tokens and
    limits, formatting, and order where it has no meaning; other page sizes are reported in a line of their own. Of two
    folders, files of the same name are compared; of a folder and a file, all cassettes of the folder together. An empty
    file is an empty cassette. Without differences, nothing is printed. The exit status is 1 if there are differences.

    \b
    awstape diff before.yaml after.yaml
    awstape diff cassettes/ recorded-again/ --json
    git difftool -y -x 'awstape diff' HEAD~1 -- cassettes/
    """
    from awstape.core.text.counting import count
    from awstape.core.text.printable import printable
    from awstape.report import change_facts

    if len(paths) in _FROM_GIT or (len(paths) == 1 and "GIT_DIFF_PATH_COUNTER" in os.environ):
        _print_for_git(*paths)
        return 0
    if len(paths) != 2:
        raise click.UsageError("expected two cassettes or folders, OLD and NEW")
    compared: list[tuple[str | None, tuple[Change, ...]]] = []
    has_large = False
    for name, old, new in _sides(*paths):
        compared.append((name, compare_cassettes(old, new)))
        has_large = has_large or (old.is_read_in_part and new.is_read_in_part)
    if has_large:
        note_reading_in_part(paths, "whose pages are read where their texts differ")
    found = [(name, changes) for name, changes in compared if changes]
    if as_json:
        facts = [
            {**({} if name is None else {"cassette": name}), **change_facts(change)}
            for name, changes in found
            for change in changes
        ]
        print_json(facts)
        return int(bool(found))
    for name, changes in found:
        if name is not None:
            click.echo(f"{printable(name)}:")
        print_changes(changes)
    if found and found[0][0] is not None:
        click.echo(f"{len(found)} of {count(len(compared), 'cassette')} {'differs' if len(found) == 1 else 'differ'}")
    return int(bool(found))


# --- operands --------------------------------------------------------------------------------------------------


def _sides(old: Path, new: Path) -> Iterator[tuple[str | None, Cassette, Cassette]]:
    """Yields the cassettes to compare; for two folders file by file, with their names."""
    from awstape.catalog.service_models import load_models
    from awstape.core.cassette.cassette import Cassette
    from awstape.files import cassette_files

    if not (old.is_dir() and new.is_dir()):
        old_side, new_side = (
            cassette_files.load_all([path], load_models(), lazily=True) if path.is_dir() else _cassette(path)
            for path in (old, new)
        )
        yield None, old_side, new_side
        return
    for folder in (old, new):
        parameters.warn_of_other_files(cassette_files.find_others_in_folder(folder))
    olds, news = (
        {str(file.relative_to(folder)): file for file in cassette_files.find_in_folder(folder)} for folder in (old, new)
    )
    if not olds and not news:
        raise UserError(f"{old}, {new}: no cassettes in these folders", "cassettes end in .yaml")
    for name in sorted(olds.keys() | news.keys()):
        before, after = (_cassette(files[name]) if name in files else Cassette() for files in (olds, news))
        yield name, before, after


def _cassette(path: Path) -> Cassette:
    """The cassette in a file; an empty file, which git passes for a missing one, is an empty cassette."""
    from awstape.catalog.service_models import load_models
    from awstape.core.cassette.cassette import Cassette
    from awstape.files import cassette_files, limited_reading

    if cassette_files.is_large(path):
        return cassette_files.load_lazily(path, load_models())
    text = limited_reading.read_text(path)  # read once, it may be a pipe
    return cassette_files.parse(path, text, load_models()) if text.strip() else Cassette()


def _print_for_git(path: Path, *rest: Path) -> None:
    """Acts as git's external diff driver for one file. Always succeeds: git stops at the first failure."""
    from awstape.core.text.printable import printable

    if not rest:
        click.echo(f"* Unmerged path {printable(str(path))}")
        return
    old, _, _, new, _, _, *renamed = rest
    name = printable(f"{path} → {renamed[0]}" if renamed else str(path))
    try:
        changes = compare_cassettes(_cassette(old), _cassette(new))
    except UserError as error:
        click.echo(f"{name}: can't be compared ({printable(error.problem)}); git diff --no-ext-diff shows the text")
        return
    if not changes:
        click.echo(f"{name}: no differences")
        return
    click.echo(f"{name}:")
    print_changes(changes, True if os.environ.get("GIT_PAGER_IN_USE") else None)

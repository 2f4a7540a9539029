"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from awstape.cli.terminal.output import STANDARD_OUTPUT, warn
from awstape.core.text.printable import printable
from awstape.errors import UserError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def complete_services(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    """Completes the name of a service."""
    from awstape.catalog.botocore_data import available_services

    return [name for name in available_services() if name.startswith(incomplete)]


def _complete_selectors(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Completes a track selector: the operations of the cassette argument, or track numbers after a digit."""
    from click.shell_completion import CompletionItem

    from awstape.catalog.service_models import load_models
    from awstape.core.cassette.cassette import Cassette
    from awstape.files import cassette_files

    path = ctx.params.get("cassette")
    try:
        cassette = cassette_files.load_lazily(path, load_models()) if path else Cassette()
    except UserError:
        return []
    found = [track for track, _ in cassette.tracks()]
    several = len(cassette.callers) > 1
    numbers = {str(i): track.describe(with_caller=several) for i, track in enumerate(found, 1)}
    operations = {track.operation: track.service for track in found}
    choices = numbers if incomplete.isdigit() else operations
    return [CompletionItem(word, help=printable(text)) for word, text in choices.items() if word.startswith(incomplete)]


#: Skipped files that a note names.
_MOST_SHOWN = 3


class NoSuchPathError(UserError):
    """Raised for a cassette or folder that is not there."""

    def __init__(self, path: str, tip: str) -> None:
        super().__init__(f"{path}: there is no such file or folder", tip)
        self.path = path


class _CassettePath(click.Path):
    """The path of a cassette or folder; warns of interrupted recordings and of other YAML files there."""

    skips_others = True

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from awstape.core.text.advice import shell_path
        from awstape.files import cassette_files, journal

        path = Path(value)
        if found := [] if ctx and ctx.resilient_parsing else journal.find_journals(path):
            tip = f"awstape recover {shell_path(journal.cassette_of(found[0]))}"
            has_failed = journal.has_failed(found[0])
            what = "the recording of a test that failed" if has_failed else "a recording is running or was interrupted"
            if not path.exists():
                raise UserError(f"{found[0]}: {what}", tip)
            note = f"{tip} takes it in, or delete the file" if has_failed else f"if interrupted, {tip}"
            warn(f"note: {found[0]}: {what}; {note}")
        if not path.exists() and not (ctx and ctx.resilient_parsing):
            raise NoSuchPathError(str(value), _find_similar(path))
        if self.skips_others and path.is_dir() and not (ctx and ctx.resilient_parsing):
            warn_of_other_files(cassette_files.find_others_in_folder(path))
        return super().convert(value, param, ctx)


def _find_similar(path: Path) -> str:
    """A tip for a cassette that is not there: one below the current folder with a similar name, or how to record it."""
    from awstape.core.aws.conform import did_you_mean
    from awstape.core.text.advice import shell_path
    from awstape.files import cassette_files

    there = [str(file) for file in cassette_files.find_in_folder(Path())]
    same = [file for file in there if Path(file).stem == path.stem]
    similar = f"; did you mean {same[0]}?" if same else did_you_mean(str(path), there)
    file = path if path.suffix in (".yaml", ".yml") else path / "recorded.yaml"  # a folder was meant
    return similar.removeprefix("; ") or f"to record it: awstape record {shell_path(file)} -- PROGRAM"


class _CheckedPath(_CassettePath):
    """As `_CassettePath`, for a command that looks into other YAML files."""

    skips_others = False


class NewCassettePath(click.Path):
    """The path of a cassette that may not exist yet."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if Path(value).is_dir():
            raise UserError(f"{value}: is a folder", f"name a file in it: {Path(value) / 'NAME.yaml'}")
        return super().convert(value, param, ctx)


def warn_of_other_files(files: Sequence[Path]) -> None:
    """Prints a note about YAML files that are skipped."""
    if files:
        shown = ", ".join(map(str, files[:_MOST_SHOWN]))
        more = f" and {len(files) - _MOST_SHOWN} more" if len(files) > _MOST_SHOWN else ""
        warn(f"note: skipped, no cassettes of awstape: {shown}{more}")


project_folder = click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), default=".")
cassettes = click.argument("cassettes", nargs=-1, required=True, type=_CassettePath(exists=True, path_type=Path))
checked = click.argument("cassettes", nargs=-1, required=True, type=_CheckedPath(exists=True, path_type=Path))
cassette_or_folder = click.argument("cassette", type=_CassettePath(exists=True, path_type=Path))
cassette = click.argument("cassette", type=_CassettePath(exists=True, dir_okay=False, path_type=Path))
#: Selectors of tracks in the argument `cassette` (`core.view.selectors`).
tracks = click.argument("tracks", nargs=-1, metavar="[TRACK]...", shell_complete=_complete_selectors)
of_list = click.option("--list", "name", default="", metavar="NAME", help="The list, if the output has several.")
some_tracks = click.argument("tracks", nargs=-1, required=True, metavar="TRACK...", shell_complete=_complete_selectors)
one_track = click.argument("track", metavar="TRACK", shell_complete=_complete_selectors)
only_tracks = click.option(
    "--track",
    "tracks",
    multiple=True,
    metavar="TRACK",
    shell_complete=_complete_selectors,
    help="Only this track; repeatable.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
#: The type of a file to read, or `-` for standard input.
INPUT = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
output = click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    default=STANDARD_OUTPUT,
    metavar="FILE",
    help="Write to FILE; - is standard output, the default.",
)


def _parse_pairs(_: click.Context, option: click.Parameter, texts: tuple[str, ...]) -> list[tuple[str, str]]:
    for text in texts:
        if "=" not in text:
            raise UserError(f"--{option.name}: expected MEMBER=VALUE", "such as --identity RoleName=alias-Tsr76sms7l")
    return [(name, value) for name, _, value in (text.partition("=") for text in texts)]


def _check_region(_: click.Context, __: click.Parameter, name: str | None) -> str | None:
    from awstape.catalog.hosts import is_region_of_aws
    from awstape.core.aws.routing import REGION_TIP

    if name is not None and not is_region_of_aws(name):
        raise UserError(f"--region: AWS has no region {name}", REGION_TIP)
    return name


def identity(text: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """The option `--identity`, as (member, value) pairs. text: its help."""
    return click.option("--identity", multiple=True, metavar="MEMBER=VALUE", callback=_parse_pairs, help=text)


def region(text: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """The option `--region`, checked against AWS's regions. text: its help."""
    return click.option("--region", metavar="REGION", callback=_check_region, help=text)


def services(text: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """The option `--service`: globs of services. text: its help."""
    return click.option(
        "--service", "services", multiple=True, metavar="GLOB", shell_complete=complete_services, help=text
    )


class EditOptions(NamedTuple):
    """The options of an edit: whether to write it, how to print it, and whether it may lose comments."""

    dry_run: bool
    as_json: bool
    lose_comments: bool


def edit_options(command: Callable[..., int]) -> Callable[..., int]:
    """Adds the options `--dry-run`, `--json` and `--lose-comments` to a command, as its argument `options`."""

    @click.option("--dry-run", is_flag=True, help="Show what would change; write nothing.")
    @click.option("--lose-comments", is_flag=True, help="Don't ask before losing comments.")
    @as_json
    @wraps(command)
    def with_options(dry_run: bool, lose_comments: bool, as_json: bool, **rest: object) -> int:
        return command(options=EditOptions(dry_run, as_json, lose_comments), **rest)

    return with_options

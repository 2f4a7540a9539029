"""Loads the settings of a cassette's project: `[tool.awstape]` of the nearest pyproject.toml that has it.

1. The project of a file is that of the folder it is in; links are followed. A file that isn't there yet has one, too.
2. A pipe or device belongs to the project of the current folder.
3. Files that are used as one cassette must belong to projects with the same rules.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, TypeVar

from awstape.catalog.botocore_data import DEFAULT_SERVICES, available_services, select_services
from awstape.catalog.service_models import load_models
from awstape.core.aws.conform import did_you_mean
from awstape.core.compare.match_rules import NO_MATCH_RULES, MatchRules
from awstape.core.redaction.project_rules import NO_RULES, RuleError, Rules
from awstape.core.text.lazy_pattern import lazy_pattern
from awstape.errors import UserError
from awstape.files import limited_reading
from awstape.files.pytest_options import read_table

#: Size limit of a pyproject.toml: `tomllib` takes about a second per MiB.
_MAX_BYTES = 2 * 1024 * 1024
_Part = TypeVar("_Part")
_POSITION = lazy_pattern(r"\(at line (\d+), column (\d+)\)$")


class ProjectSettings(NamedTuple):
    """The settings of a project.

    services: globs of the services that are recorded; empty for the default ones. match_rules: the table `match`.
    pytest_options: the table `pytest`, with underscores in the names (`files.pytest_options`).
    """

    rules: Rules = NO_RULES
    services: tuple[str, ...] = ()
    match_rules: MatchRules = NO_MATCH_RULES
    pytest_options: Mapping[str, object] = MappingProxyType({})

    @classmethod
    def read(cls, settings: Mapping[str, object]) -> ProjectSettings:
        """The settings in `[tool.awstape]`. Raises RuleError."""
        services = settings.get("services", [])
        if not isinstance(services, list) or not all(isinstance(glob, str) and glob for glob in services):
            raise RuleError("services", services, "expected a list of names or globs", 'for example ["iam", "s3"]')
        for glob in services:
            if not select_services([glob]):
                hint = did_you_mean(glob, available_services())
                tip = "services are spelled as in boto3, such as accessanalyzer"
                raise RuleError("services", glob, f"no service matches {glob!r}{hint}", tip)
        models = load_models(select_services(services or DEFAULT_SERVICES))
        match_rules = MatchRules.from_settings(settings.get("match", {}), models)
        options = read_table(settings.get("pytest", {}))
        return cls(Rules.from_settings(settings, models), tuple(services), match_rules, options)


def load_services(path: Path) -> tuple[str, ...]:
    """Loads the globs of the services that the project of a file records; none if it names none. Raises UserError."""
    return _load_nearest(_folder_of(path)).services


def load_pytest_options(path: Path) -> Mapping[str, object]:
    """Loads the options of the tests in a file from its project. Raises UserError."""
    return _load_nearest(_folder_of(path)).pytest_options


def load_rules(*paths: Path) -> Rules:
    """Loads the rules of redaction of the project of some files and folders, by default of the current folder.

    Raises UserError.
    """
    return _load_common(paths, lambda settings: settings.rules)


def find_settings(path: Path) -> Path | None:
    """Finds the pyproject.toml that holds the settings of a file or folder; None if there is none. Raises UserError.

    The path is relative to the current folder if it is in there.
    """
    if (found := _find_nearest(_folder_of(path))) is None:
        return None
    with suppress(OSError, ValueError):  # the current folder was deleted, or it is elsewhere
        return found[0].relative_to(Path.cwd())
    return found[0]


def load_match_rules(*paths: Path) -> MatchRules:
    """As `load_rules`, for the rules of matching. Raises UserError."""
    return _load_common(paths, lambda settings: settings.match_rules)


def _load_common(paths: Sequence[Path], of_settings: Callable[[ProjectSettings], _Part]) -> _Part:
    """The part of the settings that must be the same for some files and folders. Raises UserError."""
    folders = dict.fromkeys(map(_folder_of, paths or [Path()]))
    found = [(folder, of_settings(_load_nearest(folder))) for folder in folders]
    first, rules = found[0]
    for folder, others in found:
        if others != rules:
            problem = f"{first} and {folder}: two projects with different rules"
            raise UserError(problem, "use their cassettes one after the other, or give both the same [tool.awstape]")
    return rules


def _folder_of(path: Path) -> Path:
    """The folder whose project a path belongs to."""
    with suppress(OSError):  # the current folder was deleted
        if path.exists() and not (path.is_file() or path.is_dir()):
            path = Path()
        path = path.resolve()
    return path if path.is_dir() else path.parent


def _load_nearest(folder: Path) -> ProjectSettings:
    found = _find_nearest(folder)
    return found[1] if found else ProjectSettings()


def _find_nearest(folder: Path) -> tuple[Path, ProjectSettings] | None:
    for parent in (folder, *folder.parents):
        path = parent / "pyproject.toml"
        with suppress(OSError):
            if path.is_file() and (found := _load_file(path)) is not None:
                return path, found
    return None


def _load_file(path: Path) -> ProjectSettings | None:
    """Loads the settings of one pyproject.toml; None if it has no `[tool.awstape]`. Raises UserError."""
    try:
        text = limited_reading.read_bytes(path, _MAX_BYTES, "awstape reads no larger settings").decode("utf-8")
        settings = _awstape_table(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: not TOML: syntax error {_position(text, error)}", "correct the file") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 at byte {error.start}", "correct the file") from None
    except RecursionError:
        raise UserError(f"{path}: not TOML: it nests too deeply", "correct the file") from None
    if settings is None:
        return None
    if not isinstance(settings, dict):
        raise UserError(f"{path}: tool.awstape is not a table", "write [tool.awstape] and the settings below it")
    try:
        return ProjectSettings.read(settings)
    except RuleError as error:
        raise UserError(f"{path}:{_line_of(text, error)}: {error}", error.tip or "correct the rule") from None


def _position(text: str, error: tomllib.TOMLDecodeError) -> str:
    """The position of a syntax error. Up to Python 3.13, it is in the message only."""
    if match := _POSITION.search(str(error)):
        line, column = int(match[1]), int(match[2])
    else:  # the message says "at end of document"
        line, column = text.count("\n") + 1, len(text) - text.rfind("\n")
    return f"at line {line}, column {column}"


@lru_cache(32)  # a test run reads one project's settings again and again, a check those of all its packages
def _awstape_table(text: str) -> object:
    """The value of `tool.awstape`, of any type; None if there is none. Raises tomllib.TOMLDecodeError."""
    tool = tomllib.loads(text).get("tool")
    return tool.get("awstape") if isinstance(tool, dict) else tool


def _line_of(text: str, error: RuleError) -> int:
    """The line number, from 1, of the wrong value, or where its setting begins if its spelling isn't recognised.

    `tomllib` gives no positions. So this parses the first line, the first two lines, and so on, until the error occurs.
    """
    lines = text.split("\n")
    begin = 0
    for end in range(1, len(lines) + 1):
        try:
            settings = _awstape_table("\n".join(lines[:end]))
            if isinstance(settings, dict):
                ProjectSettings.read(settings)
        except tomllib.TOMLDecodeError:  # the text ends within a list
            continue
        except RuleError as found:
            if (found.name, found.value) == (error.name, error.value):
                return _line_with(error.value, lines, begin, end) + 1
        begin = end
    return 1


def _line_with(value: object, lines: list[str], begin: int, end: int) -> int:
    if not isinstance(value, str):
        return begin
    return next((i for i in range(begin, end) if value in _list_items(lines[i])), begin)


def _list_items(line: str) -> list[object]:
    """The items in a line of TOML that holds a setting with a whole list, or one line of a list."""
    line = line.strip()
    for text in (f"x = {line.partition('=')[2]}", f"x = [{line}\n]", f"x = [{line}"):
        with suppress(tomllib.TOMLDecodeError):
            items = tomllib.loads(text)["x"]
            return items if isinstance(items, list) else [items]
    return []

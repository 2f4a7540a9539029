"""The project's settings: `[tool.awstape]` of the nearest pyproject.toml that has it, at or above a folder."""

from __future__ import annotations

import re
import tomllib
from contextlib import suppress
from pathlib import Path

from awstape import catalog, store
from awstape.core.rules import NO_RULES, RuleError, Rules
from awstape.errors import UserError

#: A TOML reader takes a second for each of them.
_MAX_BYTES = 2 * 1024 * 1024
_PLACE = re.compile(r"\(at line (\d+), column (\d+)\)$")


def rules(folder: Path | None = None) -> Rules:
    """The rules of the project that a folder, the current one unless told, belongs to. Raises UserError."""
    try:
        folder = folder or Path.cwd()
    except OSError:  # it was deleted
        return NO_RULES
    for parent in (folder, *folder.parents):
        path = parent / "pyproject.toml"
        with suppress(OSError):
            if path.is_file() and (found := _rules(path)) is not None:
                return found
    return NO_RULES


def _rules(path: Path) -> Rules | None:
    """The rules of a file, None if it says nothing of awstape."""
    try:
        text = store.load_bytes(path, _MAX_BYTES, "awstape reads no larger settings").decode("utf-8")
        settings = _settings(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: not TOML: it can't be read ({_place(text, error)})", "mend the file") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 at byte {error.start}", "mend the file") from None
    except RecursionError:
        raise UserError(f"{path}: not TOML: it nests too deeply", "mend the file") from None
    if settings is None:
        return None
    if not isinstance(settings, dict):
        raise UserError(f"{path}: tool.awstape is no table", "write [tool.awstape] and the settings below it")
    try:
        return Rules.of(settings, catalog.models())
    except RuleError as error:
        raise UserError(f"{path}:{_line(text, error)}: {error}", error.tip or "mend the rule") from None


def _place(text: str, error: tomllib.TOMLDecodeError) -> str:
    """Where a text is no TOML. Up to Python 3.13 only the message has it."""
    if match := _PLACE.search(str(error)):
        line, column = int(match[1]), int(match[2])
    else:  # the message speaks of the end of the document
        line, column = text.count("\n") + 1, len(text) - text.rfind("\n")
    return f"at line {line}, column {column}"


def _settings(text: str) -> object:
    """What stands under `tool.awstape`, whatever it is; None if nothing does. Raises tomllib.TOMLDecodeError."""
    tool = tomllib.loads(text).get("tool")
    return tool.get("awstape") if isinstance(tool, dict) else tool


def _line(text: str, error: RuleError) -> int:
    """The line, counted from 1, of the value that is wrong, or where its setting begins if that is spelled oddly.

    TOML readers tell no lines: so the file is read line by line more, until the error is there.
    """
    lines = text.split("\n")
    begin = 0
    for end in range(1, len(lines) + 1):
        try:
            settings = _settings("\n".join(lines[:end]))
            if isinstance(settings, dict):
                Rules.of(settings, catalog.models())
        except tomllib.TOMLDecodeError:  # within a list
            continue
        except RuleError as found:
            if (found.name, found.value) == (error.name, error.value):
                return _line_of(error.value, lines, begin, end) + 1
        begin = end
    return 1


def _line_of(value: object, lines: list[str], begin: int, end: int) -> int:
    if not isinstance(value, str):
        return begin
    return next((i for i in range(begin, end) if value in _strings_in(lines[i])), begin)


def _strings_in(line: str) -> list[object]:
    """The items of a list in a line of TOML: of a whole one, or of a line of one."""
    line = line.strip()
    for text in (f"x = {line.partition('=')[2]}", f"x = [{line}\n]", f"x = [{line}"):
        with suppress(tomllib.TOMLDecodeError):
            items = tomllib.loads(text)["x"]
            return items if isinstance(items, list) else [items]
    return []

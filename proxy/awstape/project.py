"""The project's settings: `[tool.awstape]` of the nearest pyproject.toml at or above a folder."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from awstape import catalog
from awstape.core.rules import NO_RULES, RuleError, Rules
from awstape.errors import UserError

_TABLE = re.compile(r"\s*\[\s*tool\s*\.\s*awstape\s*\]")


def rules(folder: Path) -> Rules:
    """The rules of redaction of the project that a folder belongs to. Raises UserError with file and line."""
    for parent in (folder, *folder.parents):
        if (path := parent / "pyproject.toml").is_file():
            return _rules(path)
    return NO_RULES


def _rules(path: Path) -> Rules:
    try:
        text = path.read_text("utf-8")
        settings = tomllib.loads(text).get("tool", {}).get("awstape")
    except tomllib.TOMLDecodeError as error:  # its message has the line
        raise UserError(f"{path}: not TOML: {error}", "mend the file") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 at byte {error.start}", "mend the file") from None
    except OSError as error:
        raise UserError(f"{path}: can't be read: {error.strerror}", "mend its permissions") from None
    if settings is None:
        return NO_RULES
    if not isinstance(settings, dict):
        raise UserError(f"{path}: tool.awstape is no table", "write [tool.awstape] and the settings below it")
    try:
        return Rules.of(settings, catalog.models())
    except RuleError as error:
        raise UserError(f"{path}:{_line(text, error)}: {error}", error.tip or "mend the rule") from None


def _line(text: str, error: RuleError) -> int:
    """The line, counted from 1, of the value that is wrong, or of its setting; of the file if it is spelled oddly."""
    lines = text.splitlines()
    table = next((i for i, line in enumerate(lines) if _TABLE.match(line)), 0)
    setting = re.compile(rf"""\s*(?:tool\s*\.\s*awstape\s*\.\s*)?["']?{re.escape(error.name)}["']?\s*=""")
    start = next((i for i in range(table, len(lines)) if setting.match(lines[i])), table)
    if not isinstance(error.value, str):
        return start + 1
    spelled = {error.value, error.value.replace("\\", "\\\\")}
    quoted = [f"{quote}{value}{quote}" for value in spelled for quote in "\"'"]
    return next((i for i in range(start, len(lines)) if any(q in lines[i] for q in quoted)), start) + 1

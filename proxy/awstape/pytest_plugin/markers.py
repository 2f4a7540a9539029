"""The settings of a test, from its marker: its cassettes, and how they are replayed.

1. A test uses the cassette `cassettes/MODULE/TEST.yaml` beside its module, or `cassettes/NAME.yaml` there for the names
   in its marker.
2. The file of a parametrized test has the position of its parameters in its name, not their values, which may be real
   names.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from awstape.errors import UserError
from awstape.pytest_plugin.run_summary import FOLDER, POSITION

_LONGEST_NAME = 150  # characters of a test's name in that of a file
_MARKER_OPTIONS = ("paging", "faults", "strict")


@dataclass(frozen=True)
class Settings:
    """The settings of a test: its cassettes and how to replay them. is_own: the cassette belongs to the test alone."""

    paths: tuple[Path, ...]
    is_own: bool
    paging: str | None
    faults: tuple[str, ...]
    strict: bool


def uses_awstape(item: pytest.Item) -> bool:
    return item.get_closest_marker("awstape") is not None or "awstape" in getattr(item, "fixturenames", ())


def read_settings(item: pytest.Item) -> Settings:
    """Reads the settings of a test from its marker. Raises UserError for a marker that can't be used."""
    marker = item.get_closest_marker("awstape")
    names: tuple[Any, ...] = marker.args if marker else ()
    options: dict[str, Any] = dict(marker.kwargs) if marker else {}
    paging, faults, strict = (options.pop(name, None) for name in _MARKER_OPTIONS)
    faults = (faults,) if isinstance(faults, str) else faults or ()
    for problem in (
        options and f"it has no {', '.join(options)}; it has {', '.join(_MARKER_OPTIONS)}",
        not all(isinstance(name, str) for name in names) and "its names are strings, such as awstape('roles')",
        not isinstance(paging, str | int | None) and "paging is a string or a number, such as paging='torture'",
        not (isinstance(faults, list | tuple) and all(isinstance(fault, str) for fault in faults))
        and "faults are strings, such as faults=['throttle ListRoles page=2']",
        not isinstance(strict, bool | None) and "strict is True or False",
    ):
        if problem:
            raise UserError(f"the marker awstape can't be used: {problem}")
    folder = item.path.parent / FOLDER
    own = folder / item.path.stem / f"{_file_name(item)}.yaml"
    return Settings(
        tuple(Path(os.path.normpath(folder / _with_suffix(name))) for name in names) or (own,),
        not names,
        None if paging is None else str(paging),
        tuple(faults),
        not names if strict is None else strict,
    )


def _with_suffix(name: str) -> str:
    return name if name.endswith((".yaml", ".yml")) else f"{name}.yaml"


def _file_name(item: pytest.Item) -> str:
    """The test's name within its module as a file name, in portable characters; no two tests have the same.

    Raises UserError for a test whose parameters have no position.
    """
    within, bracket, _ = item.nodeid.partition("::")[2].partition("[")
    name = re.sub(r"[^\w.-]+", "-", within.replace("::", "."))
    if len(name) > _LONGEST_NAME:
        name = f"{name[:_LONGEST_NAME]}-{hashlib.sha256(within.encode()).hexdigest()[:6]}"
    if not bracket:
        return name
    if (position := item.stash.get(POSITION, None)) is None:
        raise UserError("the test has parameters that pytest didn't make", "name its cassette: awstape('NAME')")
    return f"{name}-{position}"

"""The settings of a test: its cassettes, and how they are replayed and recorded.

1. A test uses the cassette `cassettes/MODULE/TEST.yaml` beside its module, or `cassettes/NAME.yaml` there for the names
   in its marker. A module or class whose tests share a tape has `cassettes/MODULE.yaml` or
   `cassettes/MODULE/CLASS.yaml`.
2. The file of a parametrized test has the position of its parameters in its name, not their values, which may be real
   names.
3. The markers of a function, its class and its module count together: for each option the closest that has it, and all
   names of the closest that has any. Where no marker has an option, the fixture `awstape_config` counts, then
   `[tool.awstape.pytest]`. Options of the command line come first.
4. `scope` makes the tests of the module or class with this marker share a tape. A closer marker that names cassettes
   gives a test a tape of its own.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from awstape.errors import UserError
from awstape.files.ci import is_ci
from awstape.files.project_settings import load_pytest_options
from awstape.files.pytest_options import COMMON, OF_MARKER, find_problem
from awstape.pytest_plugin.run_summary import FOLDER, POSITION

_LONGEST_NAME = 150  # characters of a test's name in that of a file
_KINDS: Mapping[object, type[pytest.Collector]] = {"module": pytest.Module, "class": pytest.Class}
Node = pytest.Item | pytest.Collector


@dataclass(frozen=True)
class TapeSettings:
    """The settings of a tape.

    node: the test, or the module or class whose tests share the tape. folder: that of its cassettes. is_own: no
    name was given, so the cassette is of this node alone.
    """

    node: Node
    folder: Path
    paths: tuple[Path, ...]
    is_own: bool
    mode: str
    paging: str
    faults: tuple[str, ...]
    strict: bool
    include_writes: bool

    @property
    def is_shared(self) -> bool:
        """Whether the tests of a module or class share the tape."""
        return isinstance(self.node, pytest.Collector)


def find_tape_node(item: pytest.Item) -> Node:
    """The module or class whose tests share a tape, if a test is one of them; else the test. Raises UserError."""
    closer: dict[str, object] = {}
    for owner, marker in item.iter_markers_with_node("awstape"):
        _check_marker(marker)
        scope = marker.kwargs.get("scope", "function")
        if scope != "function":
            if not isinstance(owner, _KINDS[scope]):
                raise UserError(f"scope={scope!r} can't be used here", f"set it in the marker of a {scope}")
            if closer:
                problem = f"{', '.join(closer)} can't be set for one of the tests that share a tape"
                raise UserError(problem, f"set it in the marker with scope={scope!r}, or name a cassette for the test")
            return owner
        if marker.args:
            return item
        closer |= marker.kwargs
    return item


def shares_tape(node: pytest.Collector) -> bool:
    """Whether its own marker makes the tests of a module or class share a tape."""
    return any(
        isinstance(node, _KINDS.get(marker.kwargs.get("scope", ""), ()))
        for marker in node.own_markers
        if marker.name == "awstape"
    )


def read_settings(node: Node, configured: object = None) -> TapeSettings:
    """Reads the settings of a tape. configured: the value of the fixture `awstape_config`.

    Raises UserError for options that can't be used.
    """
    names: tuple[object, ...] = ()
    options: dict[str, Any] = dict(_read_defaults(node, configured))
    markers = list(node.iter_markers("awstape"))
    for marker in reversed(markers):
        _check_marker(marker)
        names = marker.args or names
        options |= marker.kwargs
    options |= _read_command_line(node.config)
    folder = Path(os.path.normpath(node.path.parent / os.fspath(options.get("folder", FOLDER))))
    faults = options.get("faults", ())
    return TapeSettings(
        node,
        folder,
        tuple(Path(os.path.normpath(folder / _with_suffix(str(name)))) for name in names)
        or (folder / f"{_own_name(node)}.yaml",),
        not names,
        "none" if is_ci(os.environ.get("CI")) else str(options.get("mode", "none")),
        str(options.get("paging", "recorded")),
        (faults,) if isinstance(faults, str) else tuple(faults),
        # Of the tests that share a tape, some may be deselected.
        options.get("strict", not names and isinstance(node, pytest.Item)),
        options.get("include_writes", False),
    )


def find_configured(item: pytest.Item) -> object:
    """The value of the fixture `awstape_config` of a test that does not run; None if it needs other fixtures."""
    with suppress(Exception):  # reported when the test runs
        (*_, closest) = item.session._fixturemanager.getfixturedefs("awstape_config", item) or ()
        if not closest.argnames and not inspect.isgeneratorfunction(closest.func):
            found: object = closest.func()
            return found
    return None


def _read_defaults(node: Node, configured: object) -> Mapping[str, object]:
    """The options of the fixture and of the project."""
    if not isinstance(configured, Mapping | None):
        raise UserError("the fixture awstape_config can't be used: it returns no dict", "return {'paging': 'torture'}")
    if configured and (problem := find_problem(configured, COMMON)):
        raise UserError(f"the fixture awstape_config can't be used: {problem}")
    return {**load_pytest_options(node.path), **(configured or {})}


def _read_command_line(config: pytest.Config) -> dict[str, object]:
    given = {
        "mode": config.getoption("--awstape"),
        "paging": config.getoption("--awstape-paging"),
        "include_writes": config.getoption("--awstape-include-writes") or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def _check_marker(marker: pytest.Mark) -> None:
    problem = find_problem(marker.kwargs, OF_MARKER)
    if not all(isinstance(name, str) for name in marker.args):
        problem = "its names are strings, such as awstape('roles')"
    if problem:
        raise UserError(f"the marker awstape can't be used: {problem}")


def _with_suffix(name: str) -> str:
    return name if name.endswith((".yaml", ".yml")) else f"{name}.yaml"


def _own_name(node: Node) -> str:
    """The name of a cassette of a test, module or class alone, below the folder and without its suffix.

    Its characters are portable, and no two tests have the same. Raises UserError for a test whose parameters have no
    position.
    """
    within, bracket, _ = node.nodeid.partition("::")[2].partition("[")
    if not within:
        return node.path.stem
    name = re.sub(r"[^\w.-]+", "-", within.replace("::", "."))
    if len(name) > _LONGEST_NAME:
        name = f"{name[:_LONGEST_NAME]}-{hashlib.sha256(within.encode()).hexdigest()[:6]}"
    if bracket:
        if (position := node.stash.get(POSITION, None)) is None:
            raise UserError("the test has parameters that pytest didn't make", "name its cassette: awstape('NAME')")
        name = f"{name}-{position}"
    return f"{node.path.stem}/{name}"

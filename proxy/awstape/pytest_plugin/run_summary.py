"""What the plugin remembers of a run and of its tests, and the summary at the end of a run.

It is imported in every run of every user, so it imports nothing that pytest does not.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

FOLDER = "cassettes"
#: Outcomes of tests; of several, the last one here counts.
_RANKS = ("", "skipped", "passed", "failed")


@dataclass
class RunSummary:
    """What is reported at the end of a run; with several workers, the sum of theirs.

    used: the cassettes that tests use. folders: those that may hold cassettes. recorded: lines about recordings.
    keyless: cassettes of failed tests whose key is not at hand. own_names: aliases of recorded names that come from the
    tests' code. lacking: cassettes that failed tests need and that do not exist. rewritten: the cassettes that were
    rewritten in this process. silent: tests that passed and were to be recorded, and requested nothing.
    has_explained_aliases: whether a failure in this process says what aliases are.
    """

    used: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    recorded: list[str] = field(default_factory=list)
    keyless: set[str] = field(default_factory=set)
    own_names: set[str] = field(default_factory=set)
    lacking: set[str] = field(default_factory=set)
    silent: list[str] = field(default_factory=list)
    rewritten: set[Path] = field(default_factory=set)
    has_explained_aliases: bool = False

    def add(self, other: dict[str, list[str]]) -> None:
        self.used.update(other["used"])
        self.folders.update(other["folders"])
        self.recorded += other["recorded"]
        self.keyless.update(other["keyless"])
        self.own_names.update(other["own_names"])
        self.lacking.update(other["lacking"])
        self.silent += other["silent"]

    def facts(self) -> dict[str, list[str]]:
        """What a worker of pytest-xdist tells of its tests."""
        names = ("used", "folders", "recorded", "keyless", "own_names", "lacking", "silent")
        return {name: list(getattr(self, name)) for name in names}

    def orphans(self) -> list[str]:
        """The cassettes beside the tests that no test uses; leaves out those of other tools."""
        found = (path for folder in self.folders for path in Path(folder).rglob("*.y*ml"))
        return sorted(str(path) for path in found if str(path) not in self.used and _is_cassette(path))


def _is_cassette(path: Path) -> bool:
    """Whether a file is a cassette of awstape: other tools keep theirs in such folders, too."""
    with path.open("rb") as file:
        lines = (line for line in file if line.strip() and not line.startswith(b"#"))
        return next(lines, b"").startswith(b"version: ")


#: What to do about a test whose requests did not reach its tape.
NEEDS_ENVIRON = (
    "A program that a test starts needs the environment of the fixture `awstape`: "
    "subprocess.run(…, env=awstape.environ)"
)
SUMMARY = pytest.StashKey[RunSummary]()
OUTCOME = pytest.StashKey[str]()
"""Of a test, or of the tests that share a tape: passed, failed or skipped; absent until it is known."""
SHOWN = pytest.StashKey[list[str]]()
"""Of a test: the messages of the errors in its failure."""
GUARD = pytest.StashKey[Any]()
"""Of a test that is guarded: its `inprocess.aws_guard.AwsGuard`."""
_IN_PART = pytest.StashKey[bool]()
"""Of a module or class: whether some of its tests were deselected."""
_GUARDS = pytest.StashKey[dict[Path, bool | None]]()
"""Folder → what its project says of the guard."""
KEPT = pytest.StashKey[tuple[Path, str]]()
"""Of a test that failed while it was recorded: the journal that it left, and the line about it."""
POSITION = pytest.StashKey[int]()
"""Of a test among those that its parametrized function makes, from 1."""


def guards(item: pytest.Item) -> bool:
    """Whether a test must not reach AWS outside a tape: one with a cassette, by default, or every test, or none.

    The command line decides, or the project of the test's module.
    """
    known = item.config.stash.setdefault(_GUARDS, {})
    is_guarding = item.config.getoption("--awstape-guard") or _project_guards(item.path.parent, known)
    return uses_awstape(item) if is_guarding is None else is_guarding


def _project_guards(folder: Path, known: dict[Path, bool | None]) -> bool | None:
    """What the nearest pyproject.toml with settings of awstape says of the guard. known: as in `_GUARDS`."""
    if folder not in known:
        settings = _read_settings(folder / "pyproject.toml")
        if settings is None and folder != folder.parent:
            known[folder] = _project_guards(folder.parent, known)
        else:
            options = settings.get("pytest") if isinstance(settings, dict) else None
            guard = options.get("guard") if isinstance(options, dict) else None
            known[folder] = guard if isinstance(guard, bool) else None  # another is reported with the first cassette
    return known[folder]


def _read_settings(path: Path) -> object:
    """The settings of awstape in a pyproject.toml, None if it has none. `files.project_settings` takes its time."""
    text = path.read_text("utf-8", "replace") if path.is_file() else ""
    if "awstape" not in text:
        return None
    import tomllib

    try:
        return tomllib.loads(text)["tool"]["awstape"]
    except (tomllib.TOMLDecodeError, LookupError, TypeError):
        return None


def note_deselected(items: Iterable[pytest.Item]) -> None:
    """Notes the modules and classes of deselected tests."""
    for item in items:
        for node in item.listchain():
            node.stash[_IN_PART] = True


def runs_in_part(node: pytest.Item | pytest.Collector) -> bool:
    """Whether only some tests of a module or class run: by `-k`, `-m`, `--lf` or as `test_module.py::test_name`."""
    is_named = any("::" in argument for argument in node.config.args)
    return isinstance(node, pytest.Collector) and (is_named or _IN_PART in node.stash)


def note_outcome(item: pytest.Item, outcome: str, error: BaseException | None) -> None:
    """Notes how a phase of a test ended, for its tape and for those that it shares."""
    for node in item.listchain():
        node.stash[OUTCOME] = max(outcome, node.stash.get(OUTCOME, ""), key=_RANKS.index)
    shown = item.stash.setdefault(SHOWN, [])
    while error is not None:
        shown.append(str(error))
        error = error.__cause__ or error.__context__


def uses_awstape(item: pytest.Item) -> bool:
    return item.get_closest_marker("awstape") is not None or "awstape" in getattr(item, "fixturenames", ())


def relative(path: Path | str, config: pytest.Config) -> str:
    return os.path.relpath(path, config.invocation_params.dir)

"""What the plugin remembers of a run and of its tests, and the summary at the end of a run.

It is imported in every run of every user, so it imports nothing that pytest does not.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

MODES = ("none", "once", "new_episodes", "all")
FOLDER = "cassettes"


@dataclass
class RunSummary:
    """What is reported at the end of a run; with several workers, the sum of theirs.

    used: the cassettes that tests use. folders: those that may hold cassettes. recorded: lines about recordings.
    """

    used: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    recorded: list[str] = field(default_factory=list)

    def add(self, other: dict[str, list[str]]) -> None:
        self.used.update(other["used"])
        self.folders.update(other["folders"])
        self.recorded += other["recorded"]

    def orphans(self) -> list[str]:
        """The cassettes beside the tests that no test uses; leaves out those of other tools."""
        found = (path for folder in self.folders for path in Path(folder).rglob("*.y*ml"))
        return sorted(str(path) for path in found if str(path) not in self.used and _is_cassette(path))


def _is_cassette(path: Path) -> bool:
    """Whether a file is a cassette of awstape: other tools keep theirs in such folders, too."""
    with path.open("rb") as file:
        lines = (line for line in file if line.strip() and not line.startswith(b"#"))
        return next(lines, b"").startswith(b"version: ")


SUMMARY = pytest.StashKey[RunSummary]()
OUTCOME = pytest.StashKey[str]()
"""Of a test: passed, failed or skipped; empty until it is known."""
POSITION = pytest.StashKey[int]()
"""Of a test among those that its parametrized function makes, from 1."""


def selected_mode(config: pytest.Config) -> str:
    is_ci = os.environ.get("CI", "").lower() not in ("", "0", "false", "no")
    return "none" if is_ci else str(config.getoption("--awstape"))


def uses_awstape(item: pytest.Item) -> bool:
    return item.get_closest_marker("awstape") is not None or "awstape" in getattr(item, "fixturenames", ())


def relative(path: Path | str, config: pytest.Config) -> str:
    return os.path.relpath(path, config.invocation_params.dir)

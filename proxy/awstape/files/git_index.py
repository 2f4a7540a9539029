"""Asks git which files it tracks or would commit: those in its index. Without git, or outside a repository, none."""

from __future__ import annotations

import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from awstape.core.text.advice import shell_path

_MOST_SECONDS = 20


def git_command_for(file: Path) -> str:
    """How a command of git for a file in its folder begins, in a shell."""
    return "git" if file.parent == Path() else f"git -C {shell_path(file.parent)}"


def find_tracked(files: Iterable[Path]) -> set[Path]:
    """Those of some files that are in git's index: committed before, or staged."""
    by_folder = defaultdict[Path, dict[str, Path]](dict)
    for file in files:
        by_folder[file.parent][file.name] = file
    program = shutil.which("git") if by_folder else None
    if program is None:
        return set()
    tracked: set[Path] = set()
    for folder, names in by_folder.items():
        # A repository may name a program that watches its files: it is not started.
        command: list[str | Path] = [
            program,
            "-C",
            folder,
            "-c",
            "core.fsmonitor=false",
            "--literal-pathspecs",
            "ls-files",
            "-z",
            "--",
        ]
        try:
            done = subprocess.run([*command, *names], capture_output=True, timeout=_MOST_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired):
            continue
        tracked |= {names[name] for name in done.stdout.decode("utf-8", "surrogateescape").split("\0") if name in names}
    return tracked

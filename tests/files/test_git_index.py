"""Which files are in git's index."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from awstape.files.git_index import find_tracked

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


@needs_git
def test_files_that_are_staged_are_found_in_every_folder(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.journal", "[b]*.journal", "deep/ü.journal", "c.journal")]
    (tmp_path / "deep").mkdir()
    for file in files:
        file.write_text("x")
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    assert find_tracked(files) == set()
    subprocess.run(["git", "-C", tmp_path, "--literal-pathspecs", "add", *files[:3]], check=True)
    assert find_tracked(files) == set(files[:3])


def test_outside_a_repository_or_without_git_none_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.journal").write_text("x")
    assert find_tracked([tmp_path / "a.journal", tmp_path / "nowhere" / "b.journal"]) == set()
    monkeypatch.setenv("PATH", "")
    assert find_tracked([tmp_path / "a.journal"]) == set()

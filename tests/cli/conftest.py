"""The folder of a user of the command line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from examples import KEY
from support.paths import CASSETTES


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with two cassettes, of a user with the key of the first."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWSTAPE_KEY", KEY)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name in ("roles", "policy-versions", "empty-pages"):
        shutil.copy(CASSETTES / f"{name}.yaml", tmp_path)
    return tmp_path

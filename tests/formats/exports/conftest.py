"""Shared by the tests of exports: a process without account, key and network."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import in_process

quick = in_process.quick


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    in_process.isolate(monkeypatch, tmp_path)

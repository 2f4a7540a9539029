"""What the tests of exports share: a process without account, key and network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import in_process


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        in_process.read_once(patch)
        yield


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    in_process.isolate(monkeypatch, tmp_path)

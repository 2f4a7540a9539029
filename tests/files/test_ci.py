"""Whether a process runs in CI, and what depends on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from awstape.files import cassette_files
from awstape.files.ci import is_ci
from awstape.opening import open_for_replay
from awstape.pytest_plugin import markers

VALUES = {
    "": False,
    "0": False,
    "false": False,
    "False": False,
    "no": False,
    "1": True,
    "true": True,
    "woodpecker": True,
}


@pytest.mark.parametrize(("value", "expected"), VALUES.items())
def test_ci_is_read_in_one_way(value: str, expected: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_ci(value) is expected
    lazily: list[bool] = []
    load_all = cassette_files.load_all

    def load(*args: object, **options: bool) -> object:
        lazily.append(options["lazily"])
        return load_all([], *args[1:])  # type: ignore[arg-type]

    monkeypatch.setattr(cassette_files, "load_all", load)
    open_for_replay([Path("x.yaml")], {"CI": value, "AWSTAPE_KEY": "01" * 32})
    assert lazily == [not expected]
    assert markers.is_ci is is_ci


def test_without_the_variable_it_is_no_ci() -> None:
    assert not is_ci(None)

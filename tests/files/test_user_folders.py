"""The user's folders for awstape: where they are, and their permissions."""

from __future__ import annotations

from pathlib import Path

import pytest

from awstape.errors import UserError
from awstape.files import user_folders


def test_the_data_folder_is_closed_to_others(tmp_path: Path) -> None:
    folder = user_folders.data_folder({"XDG_DATA_HOME": str(tmp_path / "data")})
    assert folder == tmp_path / "data" / "awstape"
    folder.chmod(0o755)
    assert user_folders.data_folder({"XDG_DATA_HOME": str(tmp_path / "data")}).stat().st_mode & 0o777 == 0o700


def test_the_data_folder_is_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_folders.data_folder({}) == tmp_path / ".local" / "share" / "awstape"


def test_a_data_folder_that_can_not_be_created_is_named(tmp_path: Path) -> None:
    (tmp_path / "awstape").touch()
    with pytest.raises(UserError, match="awstape: can't be used: File exists"):
        user_folders.data_folder({"XDG_DATA_HOME": str(tmp_path)})

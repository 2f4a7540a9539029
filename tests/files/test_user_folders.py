"""The user's folders for awstape: where they are, and their permissions."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import boto3
import pytest

import awstape
from awstape.errors import UserError
from awstape.files import keys, user_folders
from support import failing, in_process


def test_the_data_folder_is_closed_to_others(tmp_path: Path) -> None:
    folder = user_folders.data_folder({"XDG_DATA_HOME": str(tmp_path / "data")})
    assert folder == tmp_path / "data" / "awstape"
    folder.chmod(0o755)
    assert user_folders.data_folder({"XDG_DATA_HOME": str(tmp_path / "data")}).stat().st_mode & 0o777 == 0o700


def test_the_data_folder_is_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_folders.data_folder({}) == tmp_path / ".local" / "share" / "awstape"


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A user without a home folder and without an entry in passwd, in an empty folder."""

    def no_entry(_: int) -> NoReturn:
        raise KeyError("uid not found")

    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "AWSTAPE_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", no_entry)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("home", [None, "", "relative", "."])
def test_without_a_home_folder_there_are_no_folders(
    home: str | None, homeless: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if home is not None:
        monkeypatch.setenv("HOME", home)
    for find in (user_folders.config_folder, lambda: user_folders.data_folder(os.environ), keys.key_file):
        with pytest.raises(UserError, match=r"^there is no home folder: ") as caught:
            find()
        assert caught.value.tip == "set AWSTAPE_KEY and XDG_DATA_HOME"
    assert keys.find_key(os.environ) is None and not keys.key_exists(os.environ)
    with pytest.raises(UserError, match=r"^there is no home folder: "):
        keys.find_or_create_key(os.environ)
    assert list(homeless.iterdir()) == []


def test_without_a_home_folder_variables_name_the_folders(homeless: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(homeless / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(homeless / "data"))
    assert user_folders.config_folder() == homeless / "config" / "awstape"
    assert user_folders.data_folder(os.environ) == homeless / "data" / "awstape"


def test_relative_folders_are_refused_and_empty_ones_count_as_unset(
    homeless: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, find in (
        ("XDG_CONFIG_HOME", user_folders.config_folder),
        ("XDG_DATA_HOME", lambda: user_folders.data_folder(os.environ)),
    ):
        monkeypatch.setenv(name, "relative")
        with pytest.raises(UserError, match=f"^{name} is not an absolute path"):
            find()
        monkeypatch.setenv(name, "")
        with pytest.raises(UserError, match=r"^there is no home folder: "):
            find()
    assert list(homeless.iterdir()) == []
    monkeypatch.setenv("HOME", str(homeless))
    assert user_folders.config_folder() == homeless / ".config" / "awstape"


@pytest.mark.parametrize("variables", [(), ("AWSTAPE_KEY",), ("XDG_DATA_HOME",)])
def test_a_command_without_a_home_folder_writes_nothing(
    variables: tuple[str, ...],
    homeless: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name in variables:
        monkeypatch.setenv(name, str(tmp_path_factory.mktemp("elsewhere")))
    problem, tip = failing.failure(capfd, "record", "a.yaml", "--", "true")
    assert problem.startswith("there is no home folder") and tip == "set AWSTAPE_KEY and XDG_DATA_HOME"
    assert list(homeless.iterdir()) == []


def test_replay_needs_no_home_folder(homeless: Path) -> None:
    with awstape.replay(in_process.CASSETTES / "roles.yaml"):
        assert len(boto3.client("iam", **in_process.FAKE_KEYS).list_roles()["Roles"]) == 3
    assert list(homeless.iterdir()) == []


def test_a_data_folder_that_can_not_be_created_is_named(tmp_path: Path) -> None:
    (tmp_path / "awstape").touch()
    with pytest.raises(UserError, match="awstape: can't be used: File exists"):
        user_folders.data_folder({"XDG_DATA_HOME": str(tmp_path)})

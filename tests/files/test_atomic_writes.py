"""Files are written atomically, and by one process at a time."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path
from typing import Any, NoReturn

import pytest

from awstape.catalog.service_models import load_models
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import SCHEMA_LINE
from awstape.errors import UserError
from awstape.files import atomic_writes, cassette_files

MODELS = load_models()
PAGES = "pages:\n- output:\n    Users: []\n"
USERS = f"version: 1\n---\nservice: iam\noperation: ListUsers\nidentity: {{}}\n{PAGES}"
ADMINS = USERS.replace("{}", "{PathPrefix: /admins/}")


def cassette(text: str = USERS) -> Cassette:
    return read_cassette(text, MODELS)


@pytest.mark.parametrize("call", ["fsync", "replace", "chmod"])
@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_a_failed_write_changes_nothing(
    call: str, failure: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "users.yaml"
    path.write_text(USERS)

    def fail(*_: Any) -> NoReturn:
        raise failure

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(UserError if isinstance(failure, OSError) else KeyboardInterrupt) as caught:
        cassette_files.save(path, cassette(ADMINS))
    if isinstance(caught.value, UserError):
        assert caught.value.problem == f"{path}: can't be written: No space left on device"
        assert caught.value.tip == "the file was not changed"
    assert path.read_text() == USERS
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"users\.yaml: can't be written: "):
        cassette_files.save(tmp_path / "file" / "users.yaml", cassette())


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664, 0o755])
def test_permissions_are_kept(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "users.yaml"
    path.write_text(ADMINS)
    path.chmod(mode)
    cassette_files.save(path, cassette())
    assert path.stat().st_mode & 0o777 == mode
    assert path.read_text() == SCHEMA_LINE + USERS


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root may give files away")
def test_the_owner_stays(tmp_path: Path) -> None:
    path = tmp_path / "users.yaml"
    path.write_text(ADMINS)
    path.chmod(0o640)
    os.chown(path, 1234, 2345)
    cassette_files.save(path, cassette())
    status = path.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (1234, 2345, 0o640)


@pytest.mark.skipif(os.name != "posix", reason="there are no owners")
@pytest.mark.parametrize("allowed", [[], [-1]])
def test_who_may_not_give_files_away_keeps_the_group_if_possible(
    allowed: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "users.yaml"
    path.write_text(ADMINS)
    old = path.stat()
    asked: list[tuple[int, int]] = []

    def chown(_: int, user: int, group: int) -> None:
        asked.append((user, group))
        if user not in allowed:
            raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", chown)
    real = os.fstat

    def of_another_user(file: int) -> os.stat_result:
        status = real(file)
        return os.stat_result((*status[:4], old.st_uid + 1, *status[5:]))

    monkeypatch.setattr(os, "fstat", of_another_user)
    cassette_files.save(path, cassette())
    assert asked == [(old.st_uid, old.st_gid), (-1, old.st_gid)]
    assert path.read_text() == SCHEMA_LINE + USERS


def test_line_ends_stay(tmp_path: Path) -> None:
    path = tmp_path / "users.yaml"
    path.write_bytes(ADMINS.replace("\n", "\r\n").encode())
    read = cassette_files.load(path, MODELS)
    assert read == cassette(ADMINS)
    cassette_files.save(path, cassette())
    assert path.read_bytes() == (SCHEMA_LINE + USERS).replace("\n", "\r\n").encode()


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_has_the_permissions_of_any_new_file(umask: int, mode: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        cassette_files.save(tmp_path / "users.yaml", cassette())
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    assert (tmp_path / "users.yaml").stat().st_mode & 0o777 == mode


@pytest.mark.parametrize("exists", [True, False])
def test_a_symbolic_link_is_written_through(exists: bool, tmp_path: Path) -> None:
    real, link = tmp_path / "real" / "users.yaml", tmp_path / "link.yaml"
    real.parent.mkdir()
    if exists:
        real.write_text(ADMINS)
    link.symlink_to(Path("real") / "users.yaml")
    cassette_files.save(link, cassette())
    assert link.is_symlink()
    assert real.read_text() == SCHEMA_LINE + USERS
    assert sorted(tmp_path.rglob("*")) == [link, real.parent, real]


@pytest.mark.parametrize("name", ["loop", "loop/deep/a.yaml"])
def test_a_loop_of_symbolic_links_is_refused(name: str, tmp_path: Path) -> None:
    """pathlib raises for it up to Python 3.12; from 3.13 on it returns the link."""
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for refuse in (lambda path: atomic_writes.write_file(path, b""), atomic_writes.check_writable):
        with pytest.raises(UserError, match="a loop of symbolic links"):
            refuse(tmp_path / name)
    assert (tmp_path / "loop").is_symlink()


def test_the_folder_lock_excludes_a_second_writer(tmp_path: Path) -> None:
    path, entered = tmp_path / "new" / "x.yaml", threading.Event()
    (file := tmp_path / "file").touch()

    def enter() -> None:
        with atomic_writes.lock_folders_of(path):
            entered.set()

    with atomic_writes.lock_folders_of(path):
        waiting = threading.Thread(target=enter)
        waiting.start()
        assert not entered.wait(0.2)
    assert entered.wait(30)
    waiting.join()
    with (
        pytest.raises(UserError, match="can't be written: File exists"),
        atomic_writes.lock_folders_of(file / "x.yaml"),
    ):
        pass

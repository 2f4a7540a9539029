"""Writes files atomically and durably: after a failure or a crash, a file holds either its old or its new content.

1. `write_file` replaces a file only once its new content is on the disk; the entry in its folder is synced afterwards.
   The file keeps its permissions and, where this process may give files away, its owner and group; `write_text` keeps
   its line ends, too.
2. `lock_folders_of` excludes other processes while a file is read and written; it locks folders, since files are
   replaced.
3. Writers that were killed leave temporary files; `remove_temporary_files` removes them.

On Windows, where a folder can't be opened, folders are neither locked nor synced.
"""

from __future__ import annotations

import errno
import glob
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from awstape.errors import UserError
from awstape.files.limited_reading import MAX_BYTES, open_file_or_pipe

if sys.platform != "win32":
    import fcntl

_LONGEST_LINE = 64 * 1024  # bytes that are searched for the end of the first line


def write_text(path: Path, text: str) -> None:
    """As `write_file`, for text with the line ends `\\n`; a file that has `\\r\\n` keeps them. Raises UserError."""
    write_file(path, (text.replace("\n", "\r\n") if _has_crlf(path) else text).encode("utf-8"))


def write_file(path: Path, data: bytes) -> None:
    """Writes a file; until all of it is on the disk, the old file stays. Raises UserError.

    Where the path is a symbolic link, the target of the link is written.
    """
    try:
        path = follow_links(path)
        if path.exists() and not path.is_file():  # a device or a pipe, which must not be replaced by a file
            raise UserError(f"{path}: can't be written: not a regular file", "name a file")
        create_folder(path.parent)
        old = path.stat() if path.exists() else None
        replace_file(path, data, old.st_mode & 0o777 if old else 0o666 & ~_umask(), old)
    except OSError as error:
        raise UserError(f"{path}: can't be written: {error.strerror}", "the file was not changed") from None
    try:
        sync_folder(path.parent)
    except OSError as error:
        raise UserError(
            f"{path}: written, but may be lost if the machine stops: {error.strerror}", "check the disk"
        ) from None


def replace_file(path: Path, data: bytes, mode: int, old: os.stat_result | None = None) -> None:
    """Puts a new file at a path, atomically; until then only its owner can read it.

    mode: its permissions. old: the status of a file whose owner and group it gets, if this process may do that. Raises
    OSError; then the old file is unchanged.
    """
    import tempfile

    file, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        try:
            write_all(file, data)
            os.fsync(file)
            if old:
                _give_to_owner_of(old, file)
        finally:
            os.close(file)
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _give_to_owner_of(old: os.stat_result, file: int) -> None:
    new = os.fstat(file)
    if sys.platform != "win32" and (new.st_uid, new.st_gid) != (old.st_uid, old.st_gid):
        try:
            os.fchown(file, old.st_uid, old.st_gid)
        except PermissionError:  # only root may give files away
            with suppress(PermissionError):  # a group that this user is not a member of
                os.fchown(file, -1, old.st_gid)


def _has_crlf(path: Path) -> bool:
    """Whether the first line of a file ends in CRLF; false for a file that is missing or can't be read."""
    with suppress(OSError), open_file_or_pipe(path, MAX_BYTES) as file:
        return file.readline(_LONGEST_LINE).endswith(b"\r\n")
    return False


def write_all(file: int, data: bytes) -> None:
    """Writes all data to a file descriptor, in as many writes as it takes. Raises OSError."""
    while data:
        data = data[os.write(file, data) :]


def remove_temporary_files(path: Path) -> None:
    """Removes the temporary files that killed writers of a file left. The caller must hold the lock of its folder."""
    path = path.resolve()
    for temporary in path.parent.glob(f".{glob.escape(path.name)}.{'?' * 8}"):
        with suppress(OSError):
            temporary.unlink()


def check_writable(path: Path) -> None:
    """Checks that a file can be written later, before there is data to lose. Raises UserError."""
    folder = _nearest_folder(path)
    if not os.access(folder, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise UserError(f"{path}: can't be written: permission denied", "name a file in a folder that you can write to")


@contextmanager
def lock_folders_of(*paths: Path) -> Iterator[None]:
    """Locks the folders of some files against other processes that use this function. Raises UserError.

    Folders that are missing are created. Each is locked once, in sorted order, so that two processes can't deadlock.
    """
    if sys.platform == "win32":  # where a folder can't be opened
        yield
        return
    folders = {follow_links(path).parent: path for path in paths}
    with ExitStack() as locked:
        for folder, path in sorted(folders.items()):
            try:
                create_folder(folder)
                file = os.open(folder, os.O_RDONLY)
            except OSError as error:
                raise UserError(f"{path}: can't be written: {error.strerror}", "the file was not changed") from None
            locked.callback(os.close, file)
            with suppress(OSError):  # a file system without locks
                fcntl.flock(file, fcntl.LOCK_EX)
        yield


def create_folder(folder: Path) -> list[Path]:
    """Creates a folder durably, with its missing parents; returns those it created, the innermost first."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(exist_ok=True)
        sync_folder(each.parent)
    return missing


def sync_folder(folder: Path) -> None:
    """Flushes the entries of a folder to the disk: files created, renamed or removed in it. Raises OSError."""
    if sys.platform == "win32":  # where a folder can't be opened
        return
    try:
        file = os.open(folder, os.O_RDONLY)
    except PermissionError:  # a folder that may be written to, but not read
        return
    try:
        os.fsync(file)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # raised by file systems that need no fsync of folders
            raise
    finally:
        os.close(file)


def _nearest_folder(path: Path) -> Path:
    """The folder of a file, or the nearest parent of that folder that exists. Raises UserError."""
    try:
        return next(parent for parent in follow_links(path).parents if parent.exists())
    except OSError:
        raise _symlink_loop(path) from None


def follow_links(path: Path) -> Path:
    """The absolute path that symbolic links lead to. Raises UserError for a loop of links."""
    try:
        target = path.resolve()
    except RuntimeError:  # raised by pathlib for a loop, up to Python 3.12
        raise _symlink_loop(path) from None
    if any(part.is_symlink() for part in (target, *target.parents)):  # what pathlib returns from Python 3.13 on
        raise _symlink_loop(path)
    return target


def _symlink_loop(path: Path) -> UserError:
    return UserError(f"{path}: can't be written: a loop of symbolic links", "name another file")


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask

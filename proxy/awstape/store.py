"""Files: cassettes are found and read, and whatever is written is written whole or not at all."""

from __future__ import annotations

import errno
import glob
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from awstape.core.cassette import Cassette, Take, Track
from awstape.core.check import HIDDEN, is_telling
from awstape.core.document import DocumentError, read, write
from awstape.core.model import Models
from awstape.errors import UserError

if sys.platform != "win32":
    import fcntl

MAX_BYTES = 64 * 1024 * 1024
_SUFFIXES = (".yaml", ".yml")


def load(path: Path, models: Models) -> Cassette:
    """The cassette in a file. Raises UserError with file, line and path."""
    return parsed(path, load_text(path), models)


def parsed(path: Path, text: str, models: Models) -> Cassette:
    """The cassette that the text of a file describes. Raises UserError with file, line and path."""
    try:
        return read(text, models)
    except DocumentError as error:
        raise wrong(path, error, "mend the file, or record it anew") from None


def wrong(path: Path, error: DocumentError, tip: str) -> UserError:
    """What is wrong in a file, without what looks real. tip: where the error has none."""
    if is_telling(error):
        return UserError(f"{path}:{error.line}: {HIDDEN}", f"awstape check {path}")
    where = f"{path}:{error.line}: {error.path + ': ' if error.path else ''}"
    return UserError(f"{where}{error.problem}", error.tip or tip)


def load_text(path: Path) -> str:
    """The text in a file, whatever it says. Raises UserError."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise UserError(f"{path}: larger than {MAX_BYTES // 2**20} MiB", "split the cassette")
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 at byte {error.start}", "is this file a cassette?") from None
    except OSError as error:
        raise UserError(f"{path}: can't be read: {error.strerror}", "is it the right path?") from None


def find_all(paths: Iterable[Path]) -> list[Path]:
    """The cassette files at some paths; one that is named twice counts once."""
    return list({file.resolve(): file for path in paths for file in find(path)}.values())


def load_all(paths: Iterable[Path], models: Models) -> Cassette:
    """One cassette out of files and folders of files; a track that stands in several says the same in all."""
    keys: set[str] = set()
    owners: dict[Track, tuple[Path, tuple[Take, ...]]] = {}
    for file in find_all(paths):
        cassette = load(file, models)
        keys |= cassette.keys
        for track, same in cassette.tracks():
            owner, known = owners.setdefault(track, (file, same))
            if known != same:
                raise UserError(f"{file}: {track} stands in {owner}, too, and differs", "replay one of the two")
    return Cassette.of((take for _, same in owners.values() for take in same), keys)


def find(path: Path) -> list[Path]:
    """The cassette files at a path: itself, or those in the folder and below, sorted."""
    if not path.is_dir():
        return [path]
    if not (files := inside(path)):
        raise UserError(f"{path}: no cassettes in this folder", "cassettes end in .yaml")
    return files


def inside(folder: Path) -> list[Path]:
    """The cassette files in a folder and below, sorted; there may be none."""
    return sorted(file for file in folder.rglob("*") if file.suffix in _SUFFIXES and file.is_file())


def check_writable(path: Path) -> None:
    """Raises UserError if a cassette can't be written there, before there is something to lose."""
    folder = _nearest_folder(path)
    if not os.access(folder, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise UserError(f"{path}: can't be written: permission denied", "record into a folder of yours")


@contextmanager
def exclusively(path: Path) -> Iterator[None]:
    """Lets no other process read and write a cassette there meanwhile: workers may share one. Raises UserError.

    The folder is made if need be, and locked.
    """
    if sys.platform == "win32":  # where a folder can't be opened
        yield
        return
    try:
        make_folder(path.resolve().parent)
        folder = os.open(path.resolve().parent, os.O_RDONLY)
    except OSError as error:
        raise UserError(f"{path}: can't be written: {error.strerror}", "the file is as it was") from None
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _nearest_folder(path: Path) -> Path:
    """The folder of a file, or where that isn't there yet, the one that it will be in."""
    try:
        return next(parent for parent in path.resolve().parents if parent.exists())
    except (OSError, RuntimeError):  # pathlib's word for symbolic links that lead in a circle
        raise UserError(f"{path}: can't be written: it leads nowhere", "name another file") from None


def save(path: Path, cassette: Cassette) -> None:
    """Writes the cassette. Raises UserError."""
    write_whole(path, write(cassette).encode("utf-8"))


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file; until it is all on the disk, the file stays what it was. Raises UserError.

    Where the path is a symbolic link, the file that it leads to is written.
    """
    path = path.resolve()
    try:
        if path.exists() and not path.is_file():  # a device or a pipe, whose place a file would take
            raise UserError(f"{path}: can't be written: it is no file", "name a file")
        make_folder(path.parent)
        file, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            try:
                write_all(file, data)
                os.fsync(file)
            finally:
                os.close(file)
            os.chmod(name, path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise UserError(f"{path}: can't be written: {error.strerror}", "the file is as it was") from None
    try:
        sync_folder(path.parent)
    except OSError as error:
        raise UserError(f"{path}: written, but perhaps not to last: {error.strerror}", "look after the disk") from None


def write_all(file: int, data: bytes) -> None:
    """Writes to an open file, however many writes it takes. Raises OSError."""
    while data:
        data = data[os.write(file, data) :]


def remove_unfinished(path: Path) -> None:
    """Removes what writers of a file left that were killed. To be called where nobody else writes it."""
    path = path.resolve()
    for unfinished in path.parent.glob(f".{glob.escape(path.name)}.{'?' * 8}"):
        with suppress(OSError):
            unfinished.unlink()


def make_folder(folder: Path) -> list[Path]:
    """Makes a folder that lasts, with those above it; the ones that were not there, the innermost first."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(exist_ok=True)
        sync_folder(each.parent)
    return missing


def sync_folder(folder: Path) -> None:
    """Makes sure that what was put into a folder, or taken out of it, stays so if the machine stops. Raises OSError."""
    if sys.platform == "win32":  # where a folder can't be opened
        return
    try:
        file = os.open(folder, os.O_RDONLY)
    except PermissionError:  # one that may be written to, but not read
        return
    try:
        os.fsync(file)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # what some file systems say that needn't be asked
            raise
    finally:
        os.close(file)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask

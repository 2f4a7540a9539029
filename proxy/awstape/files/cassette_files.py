"""Files: cassettes are found and read, and whatever is written is written whole or not at all."""

from __future__ import annotations

import errno
import glob
import os
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import BinaryIO

from awstape.core.aws.model import Models
from awstape.core.cassette.cassette import Cassette, Take, Track
from awstape.core.cassette.yaml.document import DocumentError, read, write
from awstape.core.check.findings import HIDDEN, is_telling
from awstape.errors import UserError

if sys.platform != "win32":
    import fcntl

MAX_BYTES = 64 * 1024 * 1024
#: Of a key, or of a certificate.
MAX_SMALL = 1024 * 1024
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
        return load_bytes(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 at byte {error.start}", "is this file a cassette?") from None


def load_bytes(path: Path, limit: int | None = None, tip: str = "split the cassette") -> bytes:
    """What stands in a file. Raises UserError.

    limit: how many bytes it may have, `MAX_BYTES` unless told. tip: what to do about one that is larger.
    """
    limit = MAX_BYTES if limit is None else limit
    try:
        with opened(path, limit) as file:
            data = file.read(limit + 1)
    except (OSError, ValueError) as error:  # a name may hold a NUL
        reason = getattr(error, "strerror", None) or "no file is called so"
        raise UserError(f"{path}: can't be read: {reason}", "is it the right path?") from None
    if len(data) > limit:
        raise UserError(f"{path}: larger than {limit // 2**20} MiB", tip)
    return data


def opened(path: Path, limit: int) -> BinaryIO:
    """A file to be read, or what comes through a pipe, such as `<(…)`. Raises OSError.

    A pipe is read at once, up to what is more than the limit. One that nobody writes to is refused: to open it as any
    file would be to wait for ever.
    """
    file = _unblocked(path)
    if not hasattr(os, "O_NONBLOCK"):
        return file
    try:
        is_pipe = stat.S_ISFIFO(os.fstat(file.fileno()).st_mode)
        if is_pipe and (first := file.raw.read(1)) == b"":  # None where somebody is yet to write
            raise OSError(errno.EPIPE, "it is a pipe, and nobody writes to it")
        os.set_blocking(file.fileno(), True)
        if not is_pipe:
            return file
        with file:
            return BytesIO((first or b"") + file.read(limit))
    except BaseException:
        file.close()
        raise


def _unblocked(path: Path) -> BufferedReader:
    return open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0)))


def small(path: Path) -> tuple[os.stat_result, bytes]:
    """The state of a file that is a file, of 1 MiB at most, and what stands in it. Raises OSError."""
    with _unblocked(path) as file:
        state = os.fstat(file.fileno())
        if not stat.S_ISREG(state.st_mode):
            raise OSError(errno.EINVAL, "it is no file")
        data = file.read(MAX_SMALL + 1)
    if len(data) > MAX_SMALL:
        raise OSError(errno.EFBIG, "it is too large")
    return state, data


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
def exclusively(*paths: Path) -> Iterator[None]:
    """Lets no other process read and write cassettes there meanwhile: workers may share one. Raises UserError.

    Their folders are made if need be, and locked, each once and in an order that is everybody's.
    """
    if sys.platform == "win32":  # where a folder can't be opened
        yield
        return
    try:
        folders = {path.resolve().parent: path for path in paths}
    except RuntimeError:  # pathlib's word for symbolic links that lead in a circle
        named = " ".join(map(str, paths))
        raise UserError(f"{named}: can't be written: it leads nowhere", "name another file") from None
    with ExitStack() as locked:
        for folder, path in sorted(folders.items()):
            try:
                make_folder(folder)
                file = os.open(folder, os.O_RDONLY)
            except OSError as error:
                raise UserError(f"{path}: can't be written: {error.strerror}", "the file is as it was") from None
            locked.callback(os.close, file)
            with suppress(OSError):  # a file system without locks
                fcntl.flock(file, fcntl.LOCK_EX)
        yield


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
    try:
        path = path.resolve()
        if path.exists() and not path.is_file():  # a device or a pipe, whose place a file would take
            raise UserError(f"{path}: can't be written: it is no file", "name a file")
        make_folder(path.parent)
        put_whole(path, data, path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
    except OSError as error:
        raise UserError(f"{path}: can't be written: {error.strerror}", "the file is as it was") from None
    except RuntimeError:  # pathlib's word for symbolic links that lead in a circle
        raise UserError(f"{path}: can't be written: it leads nowhere", "name another file") from None
    try:
        sync_folder(path.parent)
    except OSError as error:
        raise UserError(f"{path}: written, but perhaps not to last: {error.strerror}", "look after the disk") from None


def put_whole(path: Path, data: bytes, mode: int) -> None:
    """Puts a file into the place of what is at a path, if anything. Until then nobody else can read it.

    mode: its permissions. Raises OSError; what is at the path is as it was then.
    """
    file, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        try:
            write_all(file, data)
            os.fsync(file)
        finally:
            os.close(file)
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


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

"""Reads files up to a size limit: regular files, devices and pipes, and small files that hold keys.

A cassette that is a regular file is read in blocks and has no limit, since awstape writes cassettes of any size. A
device or a pipe may be endless, and a file with a NUL is no cassette: these have the limit of foreign files.
"""

from __future__ import annotations

import codecs
import errno
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import BinaryIO

from awstape.core.text.hidden import Hidden
from awstape.errors import UserError

#: Size limit of a foreign file, of a device or a pipe, or of a file of certificates.
MAX_BYTES = 64 * 1024 * 1024
#: Size limit of a key, or of a single certificate.
MAX_SMALL_BYTES = 1024 * 1024
_BLOCK = 1024 * 1024


def read_text(path: Path) -> str:
    """Returns the UTF-8 text of a cassette, without parsing it; its line ends become `\\n`. Raises UserError."""
    return "".join(read_blocks(path))


def size_of(path: Path) -> int | None:
    """The number of bytes of a regular file, None if it is none or can't be asked for its size."""
    try:
        return path.stat().st_size if path.is_file() else None
    except (OSError, ValueError):
        return None


def read_blocks(path: Path) -> Iterator[str]:
    """As `read_text`, in blocks."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    size, held = 0, ""  # a carriage return at the end of a block
    with _read_errors(path), open_file_or_pipe(path, MAX_BYTES + 1) as file:
        has_limit = isinstance(file, BytesIO) or not stat.S_ISREG(os.fstat(file.fileno()).st_mode)
        while data := file.read(_BLOCK):
            pending, _ = decoder.getstate()
            try:
                text = held + decoder.decode(data)
            except UnicodeDecodeError as error:
                raise _not_utf8(path, size - len(pending) + error.start) from None
            size += len(data)
            has_limit = has_limit or b"\0" in data
            if has_limit and size > MAX_BYTES:
                raise _too_large(path, MAX_BYTES, "is it a cassette? a pipe has a limit, a file has none")
            held = "\r" if text.endswith("\r") else ""
            yield text.removesuffix("\r").replace("\r\n", "\n")
        yield held
        if pending := decoder.getstate()[0]:
            raise _not_utf8(path, size - len(pending))


class UnchangedFile:
    """A regular file that is read in parts, as long as nobody changes it. Raises OSError if it can't be opened."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with _open_nonblocking(path) as file:
            self._file = os.dup(file.fileno())
        self._state = self._read_state()
        self._reading = threading.Lock()

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            os.close(self._file)

    @property
    def size(self) -> int:
        """The number of bytes."""
        return self._state[0]

    def read(self, begin: int, end: int) -> bytes:
        """The bytes from `begin` to `end`. Raises UserError if the file was changed since it was opened."""
        data = self._read(begin, end - begin)
        if self._read_state() != self._state or len(data) < end - begin:
            raise UserError(f"{self._path}: changed while it is read", "start the command again")
        return data

    def _read(self, begin: int, count: int) -> bytes:
        if hasattr(os, "pread"):  # processes that were forked share the position in the file
            return os.pread(self._file, count, begin)
        with self._reading:
            os.lseek(self._file, begin, os.SEEK_SET)
            return os.read(self._file, count)

    def _read_state(self) -> tuple[int, int]:
        state = os.fstat(self._file)
        return state.st_size, state.st_mtime_ns


def read_bytes(path: Path, limit: int | None = None, tip: str = "split the cassette") -> bytes:
    """Returns the content of a file. Raises UserError.

    limit: the maximum size in bytes, by default `MAX_BYTES`. tip: what to do about a file that is larger.
    """
    limit = MAX_BYTES if limit is None else limit
    with _read_errors(path), open_file_or_pipe(path, limit) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise _too_large(path, limit, tip)
    return data


@contextmanager
def _read_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: the name holds a NUL
        reason = getattr(error, "strerror", None) or "its name holds a NUL character"
        raise UserError(f"{path}: can't be read: {reason}", "is it the right path?") from None


def _too_large(path: Path, limit: int, tip: str) -> UserError:
    return UserError(f"{path}: larger than {limit // 2**20} MiB", tip)


def _not_utf8(path: Path, at: int) -> UserError:
    return UserError(f"{path}: not UTF-8 at byte {at}", "is this file a cassette?")


def open_file_or_pipe(path: Path, limit: int) -> BinaryIO:
    """Opens a file for reading, or a pipe such as that of a shell's `<(…)`. Raises OSError.

    A pipe is read here and now, up to more than `limit` bytes. A pipe without a writer is refused, because a plain
    `open` would wait for a writer for ever.
    """
    file = _open_nonblocking(path)
    if not hasattr(os, "O_NONBLOCK"):
        return file
    try:
        is_pipe = stat.S_ISFIFO(os.fstat(file.fileno()).st_mode)
        # A raw read gives b"" where the pipe has no writer, and None where its writer has written nothing yet.
        if is_pipe and (first := file.raw.read(1)) == b"":
            raise OSError(errno.EPIPE, "the pipe has no writer")
        os.set_blocking(file.fileno(), True)
        if not is_pipe:
            return file
        with file:
            return BytesIO((first or b"") + file.read(limit))
    except BaseException:
        file.close()
        raise


def read_small_file(path: Path) -> tuple[os.stat_result, Hidden[bytes]]:
    """Returns the status and the content of a regular file of at most `MAX_SMALL_BYTES`; it may be a key.

    Raises OSError.
    """
    with _open_nonblocking(path) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        data = Hidden(file.read(MAX_SMALL_BYTES + 1))
    if len(data.reveal()) > MAX_SMALL_BYTES:
        raise OSError(errno.EFBIG, "the file is too large")
    return status, data


def _open_nonblocking(path: Path) -> BufferedReader:
    return open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0)))

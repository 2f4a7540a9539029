"""A simulated disk that fails, or loses power, at a chosen call. It replaces functions of the `os` module.

It models the state of a real disk after a power failure. A file keeps the content of its last sync and any part of what
was written later. A folder keeps the entries of its last sync and any of the later changes.
"""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

#: The calls that change the content of the disk, and fsync.
CALLS = ("open", "write", "fsync", "replace", "rename", "unlink", "mkdir", "rmdir", "chmod")


class PowerCutError(BaseException):
    """The power failed: no exception handler of awstape catches this, and nothing can be written any more."""


@dataclass
class _File:
    written: bytes = b""
    synced: bytes = b""


@dataclass
class Disk:
    """fails_at: the number of the call that fails, counted from 1. error: its errno, or None for a power failure.

    calls: the number of calls so far. lasting: whether all later calls fail, too.
    """

    folder: Path
    fails_at: int = 0
    error: int | None = None
    lasting: bool = False
    calls: int = 0
    _is_off: bool = False
    _files: dict[int, _File] = field(default_factory=dict)  # inode → its content
    _open: dict[int, Path] = field(default_factory=dict)  # descriptor → path
    _synced: dict[Path, int | None] = field(default_factory=dict)  # path → inode, None for a folder
    _changes: list[tuple[Path, Callable[[dict[Path, int | None]], object]]] = field(default_factory=list)

    @contextmanager
    def mounted(self) -> Iterator[Disk]:
        """Replaces the real disk by this one for all calls within its folder."""
        for path in [self.folder, *self.folder.rglob("*")]:
            self._synced[path] = None if path.is_dir() else path.stat().st_ino
            if path.is_file():
                data = path.read_bytes()
                self._files[path.stat().st_ino] = _File(data, data)
        with pytest.MonkeyPatch.context() as patch:
            for name in (*CALLS, "close"):
                patch.setattr(os, name, getattr(self, f"_{name}_")(getattr(os, name)))
            try:
                yield self
            finally:
                self._is_off = True
        for descriptor in self._open:  # as if the process had ended: this releases its locks
            with suppress(OSError):
                os.close(descriptor)

    def after_power_cut(self, folder: Path, rng: random.Random) -> None:
        """Fills a folder with a possible state of the disk after a power failure."""
        entries = dict(self._synced)
        share = rng.choice([0, 0.5, 1])
        for _, change in self._changes:
            if rng.random() < share:
                change(entries)
        for path, inode in sorted(entries.items()):
            target = folder / path.relative_to(self.folder)
            if inode is None:
                target.mkdir(exist_ok=True)
            elif target.parent.is_dir():
                target.write_bytes(_content_after_power_cut(self._files[inode], rng))

    def _count_call(self) -> None:
        """Counts a call. Raises OSError or PowerCutError if this call is to fail."""
        if self._is_off:
            raise PowerCutError
        self.calls += 1
        if self.calls == self.fails_at or (self.lasting and 0 < self.fails_at < self.calls):
            if self.error is None:
                self._is_off = True
                raise PowerCutError
            raise OSError(self.error, os.strerror(self.error))

    def _change(self, path: Path, change: Callable[[dict[Path, int | None]], object]) -> None:
        self._changes.append((path, change))

    def _is_here(self, path: Any) -> bool:
        return isinstance(path, str | os.PathLike) and self.folder in (Path(path), *Path(path).parents)

    # --- the calls ---

    def _open_(self, real: Callable[..., int]) -> Callable[..., int]:
        def call(path: Any, flags: int, *rest: Any, **options: Any) -> int:
            if not self._is_here(path):
                return real(path, flags, *rest, **options)
            self._count_call()
            place, was_there = Path(path), os.path.lexists(path)
            descriptor = real(path, flags, *rest, **options)
            # A file that is only read belongs to a Python object, which closes it without a call of os.close.
            if flags & (os.O_WRONLY | os.O_RDWR) or place.is_dir():
                self._open[descriptor] = place
            inode = os.fstat(descriptor).st_ino
            if not was_there:
                self._files[inode] = _File()
                self._change(place, lambda entries: entries.update({place: inode}))
            return descriptor

        return call

    def _close_(self, real: Callable[..., None]) -> Callable[..., None]:
        def call(descriptor: int) -> None:
            self._open.pop(descriptor, None)
            real(descriptor)

        return call

    def _write_(self, real: Callable[..., int]) -> Callable[..., int]:
        def call(descriptor: int, data: bytes) -> int:
            if descriptor not in self._open:
                return real(descriptor, data)
            file = self._files[os.fstat(descriptor).st_ino]
            try:
                self._count_call()
            except OSError as error:
                if error.errno == errno.ENOSPC:  # the disk writes as much as there is space for
                    file.written += data[: real(descriptor, data[: len(data) // 2])]
                raise
            except PowerCutError:
                file.written += data
                raise
            done = real(descriptor, data[: max(len(data) * 2 // 3, 1)])  # a partial write, which POSIX allows
            file.written += data[:done]
            return done

        return call

    def _fsync_(self, real: Callable[..., None]) -> Callable[..., None]:
        def call(descriptor: int) -> None:
            if descriptor not in self._open:
                return real(descriptor)
            self._count_call()
            path = self._open[descriptor]
            if path.is_dir():
                for place, change in self._changes:
                    if place.parent == path:
                        change(self._synced)
                self._changes = [(place, change) for place, change in self._changes if place.parent != path]
            else:
                file = self._files[os.fstat(descriptor).st_ino]
                file.synced = file.written
            return None

        return call

    def _replace_(self, real: Callable[..., None]) -> Callable[..., None]:
        def call(source: Any, target: Any) -> None:
            if not self._is_here(source):
                return real(source, target)
            self._count_call()
            old, new = Path(source), Path(target)
            real(source, target)
            self._change(new, lambda entries: entries.update({new: entries.pop(old)} if old in entries else {}))
            return None

        return call

    _rename_ = _replace_

    def _unlink_(self, real: Callable[..., None]) -> Callable[..., None]:
        def call(path: Any, **options: Any) -> None:
            if not self._is_here(path):
                return real(path, **options)
            self._count_call()
            real(path, **options)
            self._change(Path(path), lambda entries: entries.pop(Path(path), None))
            return None

        return call

    _rmdir_ = _unlink_

    def _mkdir_(self, real: Callable[..., None]) -> Callable[..., None]:
        def call(path: Any, *rest: Any, **options: Any) -> None:
            if not self._is_here(path):
                return real(path, *rest, **options)
            self._count_call()
            real(path, *rest, **options)
            self._change(Path(path), lambda entries: entries.update({Path(path): None}))
            return None

        return call

    def _chmod_(self, real: Callable[..., None]) -> Callable[..., None]:
        def call(path: Any, *rest: Any, **options: Any) -> None:
            if self._is_here(path):
                self._count_call()
            real(path, *rest, **options)

        return call


def _content_after_power_cut(file: _File, rng: random.Random) -> bytes:
    """Returns a possible content of a file after a power failure."""
    if not file.written.startswith(file.synced):
        return rng.choice([file.synced, file.written])
    tail = file.written[len(file.synced) :]
    kept = rng.randint(0, len(tail))
    # A file that was extended before its data were written contains zeros.
    return file.synced + (tail[:kept] if rng.random() < 0.7 else bytes(kept))

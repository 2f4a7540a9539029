"""A disk that fails, or loses its power, at a chosen call. It stands between awstape and the `os` module.

What a real disk keeps when the power goes is modelled: of a file, what it had when it was last synced and any part of
what was written after; of a folder, the entries that it had when it was last synced and any of the changes after.
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

#: The calls that change what is on the disk, and fsync.
CALLS = ("open", "write", "fsync", "replace", "rename", "unlink", "mkdir", "rmdir", "chmod")


class PowerCutError(BaseException):
    """The machine is gone: no handler runs, nothing is written any more."""


@dataclass
class _File:
    written: bytes = b""
    synced: bytes = b""


@dataclass
class Disk:
    """fails_at: the number of the call that goes wrong, counted from 1; error: how, None for a power cut.

    calls: how many there were. lasting: whether all calls after it go wrong, too.
    """

    folder: Path
    fails_at: int = 0
    error: int | None = None
    lasting: bool = False
    calls: int = 0
    _is_off: bool = False
    _files: dict[int, _File] = field(default_factory=dict)  # inode → what is in it
    _open: dict[int, Path] = field(default_factory=dict)  # descriptor → path
    _synced: dict[Path, int | None] = field(default_factory=dict)  # path → inode, None for a folder
    _changes: list[tuple[Path, Callable[[dict[Path, int | None]], object]]] = field(default_factory=list)

    @contextmanager
    def mounted(self) -> Iterator[Disk]:
        """Puts the disk in the place of the real one, for what happens in its folder."""
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
        for descriptor in self._open:  # the process is gone, and its locks with it
            with suppress(OSError):
                os.close(descriptor)

    def after_power_cut(self, folder: Path, chance: random.Random) -> None:
        """Makes a folder as the disk shows it when the power is back."""
        entries = dict(self._synced)
        share = chance.choice([0, 0.5, 1])
        for _, change in self._changes:
            if chance.random() < share:
                change(entries)
        for path, inode in sorted(entries.items()):
            target = folder / path.relative_to(self.folder)
            if inode is None:
                target.mkdir(exist_ok=True)
            elif target.parent.is_dir():
                target.write_bytes(_left_of(self._files[inode], chance))

    def _counted(self) -> None:
        """Counts a call. Raises what this disk has in store for it."""
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
            self._counted()
            place, was_there = Path(path), os.path.lexists(path)
            descriptor = real(path, flags, *rest, **options)
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
                self._counted()
            except OSError as error:
                if error.errno == errno.ENOSPC:  # the disk takes what it has room for
                    file.written += data[: real(descriptor, data[: len(data) // 2])]
                raise
            except PowerCutError:
                file.written += data
                raise
            done = real(descriptor, data[: max(len(data) * 2 // 3, 1)])  # short, as POSIX allows
            file.written += data[:done]
            return done

        return call

    def _fsync_(self, real: Callable[..., None]) -> Callable[..., None]:
        def call(descriptor: int) -> None:
            if descriptor not in self._open:
                return real(descriptor)
            self._counted()
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
            self._counted()
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
            self._counted()
            real(path, **options)
            self._change(Path(path), lambda entries: entries.pop(Path(path), None))
            return None

        return call

    _rmdir_ = _unlink_

    def _mkdir_(self, real: Callable[..., None]) -> Callable[..., None]:
        def call(path: Any, *rest: Any, **options: Any) -> None:
            if not self._is_here(path):
                return real(path, *rest, **options)
            self._counted()
            real(path, *rest, **options)
            self._change(Path(path), lambda entries: entries.update({Path(path): None}))
            return None

        return call

    def _chmod_(self, real: Callable[..., None]) -> Callable[..., None]:
        def call(path: Any, *rest: Any, **options: Any) -> None:
            if self._is_here(path):
                self._counted()
            real(path, *rest, **options)

        return call


def _left_of(file: _File, chance: random.Random) -> bytes:
    """What of a file is found when the power is back."""
    if not file.written.startswith(file.synced):
        return chance.choice([file.synced, file.written])
    tail = file.written[len(file.synced) :]
    kept = chance.randint(0, len(tail))
    # Where a file was made longer before its data came, there are zeros.
    return file.synced + (tail[:kept] if chance.random() < 0.7 else bytes(kept))

"""The journal of a recording: exchanges on the disk beside the cassette, until they are in the cassette.

1. `team.yaml.journal` exists and is locked while a process records into `team.yaml`. A second recording is refused,
   except for workers that share a cassette: they use `team.yaml.2.journal`, and so on.
2. An exchange is on the disk before the client gets the response. If it can't be written, the response is withheld.
3. The journal is removed once the cassette is on the disk. A journal that no process has locked was left by an
   interrupted recording: its exchanges are recovered before the next recording begins.
4. The journal of a test that failed is kept as `team.yaml.failed-1a2b3c4d.journal`: only `awstape recover` takes it
   into the cassette.
5. A line is an exchange as it was on the wire but without credentials (`core.recording.exchange`), encrypted
   (`files.encrypted_lines`). Nothing else has the exchanges: they are read back, one by one, when the recording ends,
   or by a process that follows it. The first line names the recorded services.
6. A last line that can't be decrypted was being written when the recording was interrupted: the client never got that
   response. Any other line that can't be decrypted is reported, and the journal is kept under another name.
"""

from __future__ import annotations

import errno
import glob
import json
import os
import re
import sys
import threading
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from awstape.errors import UserError
from awstape.files import atomic_writes
from awstape.files.encrypted_lines import LineCipher, decrypt_lines, read_head

if TYPE_CHECKING:  # all commands look for journals, and few read one
    from awstape.core.redaction.aliases import Key

if sys.platform != "win32":
    import fcntl

_SUFFIX = ".journal"
_FAILED = ".failed-"
_KIND, _VERSION = "journal", 4
#: The maximum number of recordings that share a cassette.
_MAX_JOURNALS = 99


class Journal:
    """A journal that is being written; it is locked until it is closed.

    written, size: the number of lines that were written, and of bytes in them. Lines are written by one thread at a
    time; others may `sync` meanwhile.
    """

    def __init__(self, path: Path, file: int, key: Key, services: Sequence[str], created: Sequence[Path]) -> None:
        self.path = path
        self._file = file
        self._key = key
        self._cipher = LineCipher.begin(key, _KIND, _VERSION, pid=os.getpid(), services=list(services))
        self._created = created
        self.written = self.size = self._synced = 0
        self._syncing = threading.Lock()

    @classmethod
    def create(cls, cassette: Path, key: Key, services: Sequence[str] = (), *, shared: bool = False) -> Journal:
        """Creates and locks a journal for a cassette.

        key: the redaction key. services: those that are recorded. shared: allow other recordings, too.

        Raises UserError if another recording is running, or if the journal can't be written.
        """
        paths = _journal_paths(cassette)
        first = next(paths)
        with _write_errors(first):
            created = atomic_writes.create_folder(first.parent)
            for path in chain([first], paths) if shared else [first]:
                if (file := _open_locked(path, os.O_CREAT)) is not None:
                    journal = cls(path, file, key, services, created)
                    journal._write_head()
                    return journal
        problem = f"{cassette}: another recording into it is running{_process_of(first)}"
        raise UserError(problem, "end that recording, or name another cassette")

    def _write_head(self) -> None:
        """Writes the first line. Raises OSError; then the file and its lock are gone."""
        try:
            atomic_writes.write_all(self._file, self._cipher.head + b"\n")
            os.fsync(self._file)
            atomic_writes.sync_folder(self.path.parent)
        except OSError:
            self.close(remove=True)
            raise

    def append(self, content: bytes) -> None:
        """Writes an exchange; it is on the disk after the next `sync`. Raises UserError if that fails."""
        with _write_errors(self.path):
            line = self._cipher.encrypt(content)
            atomic_writes.write_all(self._file, line)
            self.written += 1
            self.size += len(line)

    def sync(self) -> None:
        """Waits until all that was written before is on the disk. Raises UserError if that fails.

        Of several threads, one waits for the disk and the others for it.
        """
        begun = self.written
        with self._syncing, _write_errors(self.path):
            if self._synced < begun:
                written = self.written
                os.fsync(self._file)
                self._synced = written
            if not _is_at(self.path, self._file):
                raise UserError(f"{self.path}: was removed while recording", "record into a folder that stays")

    def contents(self) -> Iterator[bytes]:
        """Yields the exchanges that were written, read back from the disk. Raises UserError if that fails."""
        with os.fdopen(os.dup(self._file), "rb") as file:
            file.seek(0)
            following = FollowedJournal(self.path, file, self._key)
            for _ in range(self.written):  # behind them may be one of which only a part could be written
                if (content := following.read()) is None:
                    raise _changed(self.path)
                yield content

    def keep_as_failed(self) -> Path:
        """Closes the journal; its content stays until `awstape recover` takes it in. Returns its new path.

        Raises UserError; then the journal stays under its old name.
        """
        kept = _failed_name(self.path)
        try:
            with _os_errors(self.path, "renamed", "move it away: the next recording would take it into the cassette"):
                self.path.rename(kept)
                atomic_writes.sync_folder(kept.parent)
        finally:
            self.close(remove=False)
        return kept

    def close(self, *, remove: bool) -> None:
        """Releases the lock, so that others may record. remove: whether its content isn't needed any more."""
        with suppress(OSError):  # a journal that stays is recovered, into a cassette that holds the same already
            if remove and _is_at(self.path, self._file):
                self.path.unlink()
        os.close(self._file)
        for folder in self._created:
            with suppress(OSError):  # the folder isn't empty
                folder.rmdir()


class FollowedJournal:
    """A journal that is read while it is written. Raises UserError if it can't be read.

    file: the journal, opened for reading, at its beginning.
    """

    def __init__(self, path: Path, file: BinaryIO, key: Key) -> None:
        self._path = path
        self._file = file
        with self._errors():
            head = file.readline().removesuffix(b"\n")
            self.services = _services_of(read_head(path, head, key, _KIND, _VERSION))
        self._cipher = LineCipher(key, head)

    @classmethod
    def open(cls, path: Path, key: Key) -> FollowedJournal:
        """Opens a journal that another process writes."""
        with _read_errors(path):
            return cls(path, os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb"), key)

    def read(self) -> bytes | None:
        """The next exchange; None if it isn't written yet, or not to its end."""
        with self._errors():
            begin = self._file.tell()
            line = self._file.readline()
            if not line.endswith(b"\n"):
                self._file.seek(begin)
                return None
        if (content := self._cipher.decrypt(line[:-1])) is None:
            raise _changed(self._path)
        return content

    def close(self) -> None:
        self._file.close()

    def _errors(self) -> AbstractContextManager[None]:
        return _os_errors(self._path, "read", "see whether its disk is damaged")


class InterruptedRecording:
    """The journal that an interrupted recording left.

    exchanges: None for each that can't be decrypted. number: how many they are. services: those that were recorded.
    damaged: the number of exchanges that can't be decrypted, among those that were read so far.
    """

    def __init__(
        self, path: Path, exchanges: Iterable[bytes | None] = (), number: int = 0, services: tuple[str, ...] = ()
    ) -> None:
        self.path = path
        self.number = number
        self.services = services
        self._exchanges = exchanges
        self.damaged = 0

    def contents(self) -> Iterator[bytes]:
        """Yields the exchanges, once. Raises UserError if the file can't be read."""
        is_damaged = False
        with _read_errors(self.path):
            for content in self._exchanges:
                self.damaged += is_damaged  # the last line was being written; those before it were complete
                is_damaged = content is None
                if content is not None:
                    yield content

    def keep(self) -> Path:
        """Keeps the journal for a later `awstape recover`, since not all of it could be recorded. Returns its path.

        Raises UserError.
        """
        if _FAILED not in self.path.name:
            with _os_errors(self.path, "renamed", "move it away: the next recording would recover it again"):
                self.path = self.path.rename(_failed_name(self.path))
                atomic_writes.sync_folder(self.path.parent)
        return self.path

    def remove(self) -> Path | None:
        """Removes the journal, once its exchanges are in the cassette; renames it if it is damaged. Raises UserError.

        Returns the new path of a damaged journal, or None.
        """
        aside = None
        with _os_errors(self.path, "removed", "its exchanges are in the cassette: remove it yourself"):
            if self.damaged:
                names = (self.path.with_name(f"{self.path.name}.damaged{n}") for n in ("", *range(2, 1000)))
                aside = next(name for name in names if not name.exists())
                self.path.rename(aside)
            else:
                self.path.unlink()
            atomic_writes.sync_folder(self.path.parent)
        return aside


def interrupted_recordings(
    cassette: Path, key: Key, *, failed: bool = True
) -> Generator[InterruptedRecording, None, None]:
    """Yields the interrupted recordings of a cassette; each is locked until the next one is asked for.

    failed: whether those of tests that failed are among them. Raises UserError for a journal that this key doesn't
    decrypt.
    """
    for path in journals_of(cassette) if failed else _existing(_journal_paths(cassette)):
        with _read_errors(path):
            if (file := _open_locked(path)) is None:
                continue
            with os.fdopen(file, "rb") as lines:
                yield _decrypt(path, lines, key)


def journals_of(cassette: Path) -> list[Path]:
    """The existing journals of a cassette: of running and interrupted recordings, then of failed tests, by time."""
    target = atomic_writes.follow_links(cassette)
    failed = _existing(target.parent.glob(f"{glob.escape(target.name)}{_FAILED}*{_SUFFIX}"))
    return [*_existing(_journal_paths(cassette)), *sorted(failed, key=lambda path: path.stat().st_mtime_ns)]


def is_journal(path: Path) -> bool:
    """Whether a path is named as a journal."""
    return path.name.endswith(_SUFFIX)


def find_journals(path: Path) -> list[Path]:
    """Finds the journals of a cassette, or of all cassettes in a folder and below; leaves out what can't be read.

    A journal that is named is found itself.
    """
    if is_journal(path):
        return _existing([path])
    with suppress(OSError, ValueError, RuntimeError):
        return sorted(path.rglob(f"*.y*ml*{_SUFFIX}")) if path.is_dir() else journals_of(path)
    return []


def has_failed(journal: Path) -> bool:
    """Whether a journal is that of a test that failed, by its name."""
    return _FAILED in journal.name


def cassette_of(journal: Path) -> Path:
    """The path of the cassette that a journal belongs to."""
    return journal.with_name(re.sub(r"(\.\d+|\.failed-\w+)?\.journal$", "", journal.name))


def _failed_name(journal: Path) -> Path:
    """A name under which only `awstape recover` takes a journal into its cassette."""
    return journal.with_name(f"{cassette_of(journal).name}{_FAILED}{os.urandom(4).hex()}{_SUFFIX}")


def _existing(paths: Iterable[Path]) -> list[Path]:
    return [path for path in paths if path.is_file()]


def _journal_paths(cassette: Path) -> Iterator[Path]:
    cassette = atomic_writes.follow_links(cassette)
    for number in ("", *(f".{number}" for number in range(2, _MAX_JOURNALS + 1))):
        yield cassette.with_name(f"{cassette.name}{number}{_SUFFIX}")


def _decrypt(path: Path, lines: BinaryIO, key: Key) -> InterruptedRecording:
    """The recording in a journal. Raises UserError for a file that is none, or of another key."""
    head, first = lines.readline(), lines.readline()
    if not first:  # interrupted before the first exchange
        return InterruptedRecording(path)
    number = 1 + sum(1 for _ in lines)
    lines.seek(len(head) + len(first))
    exchanges = decrypt_lines(path, chain([head, first], lines), key, _KIND, _VERSION)
    services = _services_of(read_head(path, head.rstrip(), key, _KIND, _VERSION))
    return InterruptedRecording(path, exchanges, number, services)


def _services_of(head: Mapping[str, object]) -> tuple[str, ...]:
    """The recorded services that the first line of a journal names."""
    named = head.get("services")
    return tuple(map(str, named)) if isinstance(named, list) else ()


def _changed(path: Path) -> UserError:
    return UserError(f"{path}: was changed while recording", "record again")


def _open_locked(path: Path, flags: int = 0) -> int | None:
    """Opens and locks a file. Raises OSError.

    Returns None if the file is missing, if another process has it locked, or if it was to be created and isn't empty.
    """
    with suppress(FileNotFoundError):
        while True:
            file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | flags, 0o600)
            is_locked = _try_lock(file)
            if is_locked and _is_at(path, file) and not (flags and os.fstat(file).st_size):
                return file
            os.close(file)
            if not is_locked or path.exists():
                break  # otherwise the process that had locked it has just removed it: try again
    return None


def _try_lock(file: int) -> bool:
    """Locks a file until it is closed; returns False if another process has it locked."""
    if sys.platform != "win32":
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:  # or a file system without locks
            return error.errno not in (errno.EWOULDBLOCK, errno.EACCES)
    return True


def _is_at(path: Path, file: int) -> bool:
    """Whether an open file is still the file at a path."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except FileNotFoundError:
        return False


def _process_of(path: Path) -> str:
    """The process that writes a journal, as the end of a sentence; "" if the journal doesn't name it."""
    with suppress(OSError, ValueError, LookupError, TypeError), path.open("rb") as file:
        return f", in process {int(json.loads(file.readline(1000))['pid'])}"
    return ""


@contextmanager
def _os_errors(path: Path, action: str, tip: str) -> Iterator[None]:
    """Turns an OSError into a UserError. action: what was tried, such as "read"."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{path}: can't be {action}: {error.strerror}", tip) from None


_write_errors = partial(_os_errors, action="written", tip="make room, or name another cassette")
_read_errors = partial(_os_errors, action="read", tip="correct its permissions, or move it away")

"""The journal: what is being recorded, on the disk beside its cassette until it is in it.

1. `team.yaml.journal` is there while somebody records into `team.yaml`, who has it locked. A second recorder is told,
   but for workers that share a cassette: they take `team.yaml.2.journal`, and so on.
2. A capture is on the disk before the client gets its answer. If it can't be put there, the answer is not given.
3. The journal goes once the cassette is on the disk. One that is there and that nobody has locked was left by a
   recording that broke off: its captures are recovered before the next one begins.
4. A line is a capture, sealed under a key made of that of the aliases: in free text there may still be a name that only
   later traffic tells to be one. The seal binds it to its journal and to its place there.
5. A last line that can't be opened was being written when the end came: its exchange was never answered. If another
   one can't be opened, that is told, and the journal stays, under another name.
"""

from __future__ import annotations

import base64
import errno
import hmac
import json
import os
import re
import secrets
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from awstape.core.redaction.aliases import key_fingerprint
from awstape.errors import UserError
from awstape.files import atomic_writes, keys

if sys.platform != "win32":
    import fcntl

_SUFFIX = ".journal"
_VERSION = 1
_NONCE = 12  # bytes: RFC 8439
#: Recorders that share a cassette.
_MOST = 99


class Journal:
    """A journal that is written, locked until it is closed."""

    def __init__(self, path: Path, file: int, seal: _Seal, made: Sequence[Path]) -> None:
        self.path = path
        self._file = file
        self._seal = seal
        self._made = made

    @classmethod
    def claim(cls, cassette: Path, key: bytes, *, shared: bool = False) -> Journal:
        """A new one, for who records into a cassette. key: that of the aliases. shared: others may record, too.

        Raises UserError if another one records, or if nothing can be written there.
        """
        first, *others = _names(cassette)
        about = {
            "awstape journal": _VERSION,
            "key": key_fingerprint(key),
            "pid": os.getpid(),
            "id": secrets.token_hex(8),
        }
        seal = _Seal(key, json.dumps(about).encode())
        with _writing(first):
            made = atomic_writes.create_folder(first.parent)
            for path in [first, *others] if shared else [first]:
                if (file := _lock(path, os.O_CREAT)) is not None:
                    journal = cls(path, file, seal, made)
                    journal._begin()
                    return journal
        raise UserError(f"{cassette}: is being recorded into already{_by(first)}", "end that, or name another cassette")

    def _begin(self) -> None:
        """Raises OSError; then nothing is there and nobody has the lock."""
        try:
            atomic_writes.write_all(self._file, self._seal.head)
            os.fsync(self._file)
            atomic_writes.sync_folder(self.path.parent)
        except OSError:
            self.close(remove=True)
            raise

    def append(self, text: str) -> None:
        """Puts a capture on the disk. Raises UserError if that can't be done."""
        with _writing(self.path):
            atomic_writes.write_all(self._file, self._seal.sealed(text))
            os.fsync(self._file)
            if not _is_at(self.path, self._file):
                raise UserError(f"{self.path}: was removed while recording", "record into a folder that stays")

    def close(self, *, remove: bool) -> None:
        """Lets others record. remove: whether nothing in the journal is needed any more."""
        with suppress(OSError):  # one that stays is recovered into a cassette that says the same
            if remove and _is_at(self.path, self._file):
                self.path.unlink()
        os.close(self._file)
        for folder in self._made:
            with suppress(OSError):  # there is something in it
                folder.rmdir()


@dataclass(frozen=True)
class Abandoned:
    """What a recording left that broke off: the texts of its captures, and how many more can't be opened."""

    path: Path
    texts: tuple[str, ...]
    damaged: int

    def remove(self) -> Path | None:
        """To be called when its captures are in the cassette. Where it was put, if it is damaged. Raises UserError."""
        aside = None
        with _doing(self.path, "removed", "its captures are in the cassette: remove it yourself"):
            if self.damaged:
                names = (self.path.with_name(f"{self.path.name}.damaged{n}") for n in ("", *range(2, 1000)))
                aside = next(name for name in names if not name.exists())
                self.path.rename(aside)
            else:
                self.path.unlink()
            atomic_writes.sync_folder(self.path.parent)
        return aside


def abandoned(cassette: Path, key: bytes) -> Iterator[Abandoned]:
    """The journals that recordings left that broke off, each locked until the next one is asked for.

    Raises UserError for one that this key doesn't open.
    """
    for path in beside(cassette):
        with _doing(path, "read", "mend its permissions, or move it away"):
            if (file := _lock(path)) is None:
                continue
            try:
                yield _opened(path, _read(file), key)
            finally:
                os.close(file)


def beside(cassette: Path) -> list[Path]:
    """The journals of a cassette, in use or abandoned."""
    return [path for path in _names(cassette) if path.is_file()]


def another_version(path: Path) -> UserError:
    """What is told of a journal that says what this version doesn't know."""
    return UserError(f"{path}: the journal of another version of awstape", "recover it with that version")


def cassette_of(journal: Path) -> Path:
    """The cassette that a journal is for."""
    return journal.with_name(re.sub(r"(\.\d+)?\.journal$", "", journal.name))


def at(path: Path) -> list[Path]:
    """The journals of a cassette, or of those in a folder and below. Nothing of what can't be looked at."""
    with suppress(OSError, ValueError, RuntimeError):
        return sorted(path.rglob(f"*.y*ml*{_SUFFIX}")) if path.is_dir() else beside(path)
    return []


def _names(cassette: Path) -> list[Path]:
    cassette = cassette.resolve()
    return [cassette.with_name(f"{cassette.name}{n}{_SUFFIX}") for n in ("", *(f".{i}" for i in range(2, _MOST + 1)))]


def _opened(path: Path, data: bytes, key: bytes) -> Abandoned:
    head, _, rest = data.partition(b"\n")
    if not rest:  # the end came before there was anything
        return Abandoned(path, (), 0)
    try:
        about = json.loads(head)
        version, made_with = about["awstape journal"], str(about["key"])
    except (ValueError, LookupError, TypeError, RecursionError):
        raise UserError(f"{path}: is no journal of a recording", "move this file away") from None
    if version != _VERSION:
        raise another_version(path)
    if made_with != key_fingerprint(key):
        raise UserError(
            f"{path}: a recording that broke off, made with another key (fingerprint {made_with[:12]!r}) than the one "
            f"at hand ({key_fingerprint(key)})",
            f"set {keys.VARIABLE} to its key, or remove the file",
        )
    seal = _Seal(key, head)
    texts = [seal.opened(line) for line in rest.removesuffix(b"\n").split(b"\n")]
    if texts[-1] is None:  # what was being written; the lines before it were on the disk
        texts.pop()
    return Abandoned(path, tuple(text for text in texts if text is not None), texts.count(None))


class _Seal:
    """Seals the lines of one journal, or opens them, in their order."""

    def __init__(self, key: bytes, about: bytes) -> None:
        try:
            from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
        except ModuleNotFoundError:
            raise UserError(
                "a recording needs the package cryptography, which is not installed", "pip install 'awstape[record]'"
            ) from None
        self._cipher = ChaCha20Poly1305(hmac.digest(key, b"journal\0", "sha256"))
        self._about = about
        self._lines = 0
        self.head = about + b"\n"

    def sealed(self, text: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, text.encode(), self._next_place())) + b"\n"

    def opened(self, line: bytes) -> str | None:
        """None for a line that is not as it was sealed."""
        from cryptography.exceptions import InvalidTag

        place = self._next_place()
        with suppress(InvalidTag, ValueError):
            sealed = base64.b64decode(line, validate=True)
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], place).decode()
        return None

    def _next_place(self) -> bytes:
        self._lines += 1
        return b"%s\n%d" % (self._about, self._lines)


def _lock(path: Path, flags: int = 0) -> int | None:
    """The file, open and locked; None if it isn't there or another has it, or if it was to be made and says something.

    Raises OSError.
    """
    with suppress(FileNotFoundError):
        while True:
            file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC | flags, 0o600)
            is_free = _takes_lock(file)
            if is_free and _is_at(path, file) and not (flags and os.fstat(file).st_size):
                return file
            os.close(file)
            if not is_free or path.exists():
                break  # else who had it has just removed it
    return None


def _takes_lock(file: int) -> bool:
    """Locks a file until it is closed, unless another has it locked; whether it did."""
    if sys.platform != "win32":
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:  # or a file system without locks
            return error.errno not in (errno.EWOULDBLOCK, errno.EACCES)
    return True


def _is_at(path: Path, file: int) -> bool:
    """Whether an open file is still the one at a path."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except FileNotFoundError:
        return False


def _read(file: int) -> bytes:
    with open(os.dup(file), "rb") as reader:
        return reader.read()


def _by(path: Path) -> str:
    """Whose journal it is, as far as it says so."""
    with suppress(OSError, ValueError, LookupError, TypeError), path.open("rb") as file:
        return f", by process {int(json.loads(file.readline(1000))['pid'])}"
    return ""


@contextmanager
def _doing(path: Path, done: str, tip: str) -> Iterator[None]:
    """Raises UserError for what the operating system refuses. done: what is to be done with the journal."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{path}: can't be {done}: {error.strerror}", tip) from None


_writing = partial(_doing, done="written", tip="make room, or name another cassette")

"""The quarantine of a cassette: takes that were set aside, on the disk beside it until they can come back.

1. `team.yaml.quarantine` exists as long as takes of `team.yaml` are set aside. Only the current user can read it.
2. A line is a take with the real values in it, encrypted (`files.encrypted_lines`).
3. The file is replaced as a whole, and is on the disk before the cassette with the holes is.
4. A file that can't be read as a whole is never replaced: that would lose what is in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path

from awstape.core.redaction.aliases import Key
from awstape.errors import UserError
from awstape.files import atomic_writes
from awstape.files.encrypted_lines import LineCipher, decrypt_lines

_SUFFIX = ".quarantine"
_KIND, _VERSION = "quarantine", 1
_MODE = 0o600


def quarantine_of(cassette: Path) -> Path:
    """The path of the quarantine of a cassette. Raises UserError for a loop of symbolic links."""
    target = atomic_writes.follow_links(cassette)
    return target.with_name(target.name + _SUFFIX)


def is_quarantine(path: Path) -> bool:
    """Whether a path is named as a quarantine."""
    return path.name.endswith(_SUFFIX)


def cassette_of(path: Path) -> Path:
    """The cassette of a quarantine."""
    return path.with_name(path.name.removesuffix(_SUFFIX))


def find_quarantines(path: Path) -> list[Path]:
    """Finds the quarantine of a cassette, or those in a folder and below; one that is named is found itself."""
    if is_quarantine(path):
        return [path]
    with suppress(OSError, UserError):
        return sorted(path.rglob(f"*{_SUFFIX}")) if path.is_dir() else [*filter(Path.is_file, [quarantine_of(path)])]
    return []


def load(cassette: Path, key: Key) -> list[str]:
    """The texts in the quarantine of a cassette, none if there is no quarantine. Raises UserError."""
    path = quarantine_of(cassette)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UserError(
            f"{path}: can't be read: {error.strerror}", "correct its permissions, or move it away"
        ) from None
    texts = list(decrypt_lines(path, BytesIO(data), key, _KIND, _VERSION))
    damaged = texts.count(None)
    if damaged:
        problem = f"{path}: {damaged} of {len(texts)} takes that are set aside can't be decrypted"
        raise UserError(problem, "restore the file, or move it away and record these takes again")
    return [text.decode() for text in texts if text is not None]


def save(cassette: Path, key: Key, texts: Sequence[str]) -> None:
    """Replaces the quarantine of a cassette, or removes it if there are no texts. Raises UserError."""
    path = quarantine_of(cassette)
    cipher = LineCipher.begin(key, _KIND, _VERSION) if texts else None
    try:
        if cipher:
            atomic_writes.create_folder(path.parent)
            lines = [cipher.head + b"\n", *(cipher.encrypt(text.encode()) for text in texts)]
            atomic_writes.replace_file(path, b"".join(lines), _MODE)
        else:
            path.unlink(missing_ok=True)
        atomic_writes.sync_folder(path.parent)
    except OSError as error:
        raise UserError(f"{path}: can't be written: {error.strerror}", "make room, or name another cassette") from None

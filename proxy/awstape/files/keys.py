"""Finds or creates the redaction key: `AWSTAPE_KEY`, or a file in the user's config folder with permissions 0600.

The key never enters a cassette. Anyone who has the key can test guesses about the real value of an alias, and so can
anyone who guesses the key. A key that is not 64 hexadecimal digits may be a phrase: it is stretched with scrypt, which
makes guessing slow. A key is hidden from the moment it is read: as the text in the variable or the file, and as the
derived key.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from awstape.core.redaction.aliases import Key
from awstape.core.text.advice import shell_path
from awstape.core.text.hidden import Hidden
from awstape.core.text.lazy_pattern import lazy_pattern
from awstape.errors import UserError
from awstape.files import limited_reading, user_folders

VARIABLE = "AWSTAPE_KEY"
OLD_VARIABLE = "AWSTAPE_OLD_KEY"
_MIN_LENGTH = 16  # characters
_MIN_DIFFERENT = 6  # characters of a phrase; a phrase with fewer is soon guessed
_NEW_KEY = "make one: python3 -c 'import secrets; print(secrets.token_hex(32))'"
_RANDOM = lazy_pattern(r"[0-9a-fA-F]{64}")


def find_key(environ: Mapping[str, str]) -> Key | None:
    """Finds the current key, or returns None. Raises UserError for a key that can't be used."""
    if environ.get(VARIABLE):  # an empty variable counts as unset: CI systems pass a missing secret like that
        return _key_of_text(Hidden(environ[VARIABLE]), VARIABLE)
    try:
        path = key_file()
    except user_folders.NoHomeFolderError:  # nor a key
        return None
    try:
        state, data = limited_reading.read_small_file(path)
    except (FileNotFoundError, PermissionError):  # no key, or a folder of another user
        return None
    except OSError as error:
        raise _unreadable(path, error.strerror) from None
    if not data.reveal().isascii():
        raise _unreadable(path, "it is not ASCII")
    if os.name == "posix" and stat.S_IMODE(state.st_mode) & 0o077:
        raise UserError(f"{path}: other users can read the key", f"chmod 600 {shell_path(path)}")
    return _key_of_text(Hidden(data.reveal().decode("ascii")), str(path))


def key_exists(environ: Mapping[str, str]) -> bool:
    """Whether there is a key already; does not derive it, so it is fast for a phrase, too."""
    if environ.get(VARIABLE):
        return True
    try:
        return key_file().exists()
    except (PermissionError, user_folders.NoHomeFolderError):  # a folder of another user, or none
        return False


def find_old_key(environ: Mapping[str, str]) -> Key | None:
    """Returns the previous key, for `awstape rekey`, if `AWSTAPE_OLD_KEY` is set. Raises UserError."""
    return _key_of_text(Hidden(environ[OLD_VARIABLE]), OLD_VARIABLE) if environ.get(OLD_VARIABLE) else None


def find_or_create_key(environ: Mapping[str, str]) -> Key:
    """Returns the current key; creates a random one in the user's config folder if there is none. Raises UserError."""
    if (key := find_key(environ)) is not None:
        return key
    import tempfile

    path = key_file()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="ascii") as file:  # with permissions 0600
            file.write(os.urandom(32).hex() + "\n")
            file.flush()
            with suppress(FileExistsError):  # another process has just created a key: that one is used
                os.link(file.name, path)
    except OSError as error:
        raise UserError(f"{path}: a key can't be written there: {error.strerror}", f"set {VARIABLE}") from None
    if (key := find_key(environ)) is None:
        raise UserError(f"{path}: the key there can't be read", f"set {VARIABLE}")
    return key


def key_file() -> Path:
    """The file of the key; it may not exist. Raises UserError if there is no folder for it."""
    return user_folders.config_folder() / "key"


def _unreadable(path: Path, reason: str | None) -> UserError:
    return UserError(f"{path}: the key can't be read: {reason}", f"repair or move the file, or set {VARIABLE}")


def _key_of_text(text: Hidden[str], source: str) -> Key:
    """The key that is given as text. source: the variable or file that holds it. Raises UserError."""
    text = Hidden(text.reveal().strip())
    if len(text.reveal()) < _MIN_LENGTH:
        raise UserError(
            f"{source}: a key has at least {_MIN_LENGTH} characters",
            _NEW_KEY,
        )
    different = len(set(text.reveal()))
    is_random = _RANDOM.fullmatch(text.reveal())
    if different < (2 if is_random else _MIN_DIFFERENT):
        raise UserError(f"{source}: a key has at least {_MIN_DIFFERENT} different characters", _NEW_KEY)
    if is_random:
        return Key(bytes.fromhex(text.reveal()))
    return _key_of_phrase(text)


@cache  # the derivation takes a tenth of a second, by design
def _key_of_phrase(phrase: Hidden[str]) -> Key:
    encoded = Hidden(phrase.reveal().encode("utf-8", "surrogateescape"))
    return Key(hashlib.scrypt(encoded.reveal(), salt=b"awstape key 1", n=2**14, r=8, p=1, dklen=32))

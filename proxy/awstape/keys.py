"""The redaction key: `AWSTAPE_KEY`, or a file in the user's config folder that only the user can read.

The key never enters a cassette. Whoever has it can confirm a guess about what an alias stands for. So can who guesses
the key: one that is not 64 hexadecimal digits may be a phrase, and is stretched to make guessing slow.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

import click

from awstape import store
from awstape.errors import UserError

VARIABLE = "AWSTAPE_KEY"
OLD_VARIABLE = "AWSTAPE_OLD_KEY"
_SHORTEST = 16
_RANDOM = re.compile(r"[0-9a-fA-F]{64}")


def find_key(environ: Mapping[str, str]) -> bytes | None:
    """The key at hand, 32 bytes, or None. Raises UserError for one that can't be used."""
    if environ.get(VARIABLE):  # empty is unset: so do CI systems pass a secret that is not there
        return _from_text(environ[VARIABLE], VARIABLE)
    path = key_file()
    try:
        state, data = store.small(path)
        text = data.decode("ascii")
    except (FileNotFoundError, PermissionError):  # none, or somebody else's
        return None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not ASCII"
        raise UserError(
            f"{path}: the key can't be read: {reason}", f"mend or move the file, or set {VARIABLE}"
        ) from None
    if os.name == "posix" and stat.S_IMODE(state.st_mode) & 0o077:
        raise UserError(f"{path}: other users can read the key", f"chmod 600 {path}")
    return _from_text(text, str(path))


def is_there(environ: Mapping[str, str]) -> bool:
    """Whether there is a key already, without the work of making it from a phrase."""
    if environ.get(VARIABLE):
        return True
    try:
        return key_file().exists()
    except PermissionError:  # somebody else's
        return False


def old_key(environ: Mapping[str, str]) -> bytes | None:
    """The key that was in use before, if the environment tells it."""
    return _from_text(environ[OLD_VARIABLE], OLD_VARIABLE) if environ.get(OLD_VARIABLE) else None


def find_or_make_key(environ: Mapping[str, str]) -> bytes:
    """The key at hand; where there is none, a new one in the user's config folder."""
    if (key := find_key(environ)) is not None:
        return key
    path = key_file()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="ascii") as file:  # closed to others
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            with suppress(FileExistsError):  # made by another process since; its key is the one
                os.link(file.name, path)
    except OSError as error:
        raise UserError(f"{path}: no key can be kept there: {error.strerror}", f"set {VARIABLE}") from None
    if (key := find_key(environ)) is None:
        raise UserError(f"{path}: the key there can't be read", f"set {VARIABLE}")
    return key


def key_file() -> Path:
    return Path(click.get_app_dir("awstape")) / "key"


def _from_text(text: str, where: str) -> bytes:
    text = text.strip()
    if len(text) < _SHORTEST:
        raise UserError(
            f"{where}: a key has at least {_SHORTEST} characters",
            "make one: python3 -c 'import secrets; print(secrets.token_hex(32))'",
        )
    if _RANDOM.fullmatch(text):
        return bytes.fromhex(text)
    return _stretched(text)


@cache  # it takes a tenth of a second, on purpose
def _stretched(phrase: str) -> bytes:
    return hashlib.scrypt(phrase.encode("utf-8", "surrogateescape"), salt=b"awstape key 1", n=2**14, r=8, p=1, dklen=32)

"""Encrypted lines: the format of the files beside a cassette, the journal and the quarantine.

1. The first line is JSON: what the file is, its version, the fingerprint of the redaction key, and an id.
2. Each other line is bytes, encrypted (ChaCha20-Poly1305, RFC 8439) with a key derived from the redaction key. It may
   hold real values.
3. The encryption binds a line to its file and to its position there: a line that was changed, moved or cut short can't
   be decrypted.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from awstape.errors import UserError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    from awstape.core.redaction.aliases import Key

_NONCE_BYTES = 12  # RFC 8439


class LineCipher:
    """Encrypts or decrypts the lines of one file, in their order. head: the first line, without its end."""

    def __init__(self, key: Key, head: bytes) -> None:
        self._cipher = load_cipher()(key.digest("journal"))
        self._lines = 0
        self.head = head

    @classmethod
    def begin(cls, key: Key, kind: str, version: int, **facts: object) -> LineCipher:
        """A cipher for a new file. kind: what it is. facts: what its head says as well, in clear text."""
        from awstape.core.redaction.aliases import key_fingerprint

        about = {f"awstape {kind}": version, "key": key_fingerprint(key), **facts, "id": os.urandom(8).hex()}
        return cls(key, json.dumps(about).encode())

    def encrypt(self, content: bytes) -> bytes:
        """The next line."""
        nonce = os.urandom(_NONCE_BYTES)
        encrypted = self._cipher.encrypt(nonce, content, self._next_position())
        return binascii.b2a_base64(nonce + encrypted)

    def decrypt(self, line: bytes) -> bytes | None:
        """The content of the next line, None for one that was changed, moved or cut short."""
        from cryptography.exceptions import InvalidTag

        position = self._next_position()
        with suppress(InvalidTag, ValueError):
            encrypted = base64.b64decode(line, validate=True)
            return self._cipher.decrypt(encrypted[:_NONCE_BYTES], encrypted[_NONCE_BYTES:], position)
        return None

    def _next_position(self) -> bytes:
        """The associated data of the next line: the head of the file and the number of the line."""
        self._lines += 1
        return b"%s\n\n%d" % (self.head, self._lines)


def load_cipher() -> type[ChaCha20Poly1305]:
    """The cipher of these files. Raises UserError if the package with it is not installed."""
    try:
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
    except ModuleNotFoundError:
        raise UserError(
            "a recording needs the package cryptography, which is not installed", "pip install 'awstape[record]'"
        ) from None
    return ChaCha20Poly1305


def decrypt_lines(path: Path, lines: Iterator[bytes], key: Key, kind: str, version: int) -> Iterator[bytes | None]:
    """The contents of the lines of a file, except for its head; None for each that can't be decrypted.

    lines: the file, read line by line. Raises UserError, before the first line, for a file of another kind, version or
    key.
    """
    head = next(lines, b"").removesuffix(b"\n")
    read_head(path, head, key, kind, version)
    cipher = LineCipher(key, head)
    return (cipher.decrypt(line.removesuffix(b"\n")) for line in lines)


def read_head(path: Path, head: bytes, key: Key, kind: str, version: int) -> dict[str, object]:
    """What the first line of a file says. Raises UserError for a file of another kind, version or key."""
    try:
        about = json.loads(head)
        found, made_with = about[f"awstape {kind}"], str(about["key"])
    except (ValueError, LookupError, TypeError, RecursionError):
        raise UserError(f"{path}: not a {kind} of awstape", "move this file away") from None
    if found != version:
        raise other_version_error(path, kind)
    from awstape.core.redaction.aliases import key_fingerprint

    if made_with != key_fingerprint(key):
        problem = (
            f"{path}: a {kind} made with another key (fingerprint {made_with[:12]!r}) than the present one "
            f"({key_fingerprint(key)})"
        )
        from awstape.files import keys

        raise UserError(problem, f"set {keys.VARIABLE} to its key, or remove the file")
    assert isinstance(about, dict)
    return about


def other_version_error(path: Path, kind: str) -> UserError:
    """The error for a file whose content this version doesn't know."""
    return UserError(f"{path}: the {kind} of another version of awstape", "recover it with that version")

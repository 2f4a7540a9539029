"""Keyed aliases: the pseudonyms that stand for real values.

1. An alias is made from HMAC-SHA256 under the key: same value, same alias, in every cassette made with that key.
   Nothing is stored that could be computed from a real value without the key, so trying all 10^12 account ids
   against a cassette finds nothing.
2. An alias keeps the grammar of its kind: 12 digits, a name, a unique id's prefix and length, an address.
3. An alias is recognisable without the key: it ends in check characters over the part before them. A real value
   of the same look passes for an alias with a chance of 1 in 100,000 (account ids: three zeros and two check
   digits) or 1 in 32,768 among names that already end in ten base-32 characters with a digit. Aliases are never
   aliased again, so that redacting twice changes nothing.
4. Name aliases differ in their prefix only (`role-…`, `instance-profile-…`): the same name has the same ending in
   whatever role it appears.
5. No two values share an alias within one recording. An alias depends on nothing but key and value, so two that
   would share one are not told apart but reported: such a recording is refused (account ids: 1 in 200 for 300 of them).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections import defaultdict
from collections.abc import Callable, Iterable

_NAME = re.compile(r"(?:[a-z][a-z0-9]*-)+([a-z2-7]{10})")
_EMAIL = re.compile(r"user-([a-z2-7]{10})@example\.com")
_UNIQUE_ID = re.compile(r"[A-Z0-9]{0,4}TAPE([A-Z2-7]{4,})")
_ORGANIZATION_ID = re.compile(r"(?:o|ou|r|p)-([a-z2-7]{10})(?:-([a-z2-7]{10}))?")
_CANONICAL_ID = re.compile(r"0{8}([0-9a-f]{56})")
_NOT_IN_A_KIND = re.compile(r"[^a-z0-9]+")


#: Shorter names are words like any other.
SHORTEST_KNOWN_NAME = 3
#: Kinds that are words of a longer name, not names: they are not looked for elsewhere.
_PARTS = frozenset({"object", "part"})
_Spell = Callable[[bytes], str]


class Aliases:
    """Makes aliases under a key and remembers what they stand for, in memory only."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._made: dict[tuple[str, str], str] = {}
        self._taken: dict[str, str] = {}
        self._collided: list[str] = []
        self.real: defaultdict[str, set[str]] = defaultdict(set)
        """Kind → the real values that were aliased."""
        self.names: dict[str, str] = {}
        """Real entity name → its alias, of the names that are looked for in free text."""

    def account(self, value: str) -> str:
        def spell(digest: bytes) -> str:
            body = f"000{int.from_bytes(digest[:8]) % 10**7:07}"
            return body + _check_digits(body)

        return self._alias("account", value, spell)

    def name(self, kind: str, value: str) -> str:
        """The alias of a name of some kind (`role`, `path`, `bucket`): `role-5tqm2wzdk3`."""
        kind = _NOT_IN_A_KIND.sub("-", kind.lower()).strip("-") or "name"
        kind = kind if kind[0].isalpha() else f"x{kind}"
        if is_name_alias(value):
            return value
        alias = self._alias(kind, value, lambda digest: f"{kind}-{_ending(digest)}", group="name")
        if kind not in _PARTS and len(value) >= SHORTEST_KNOWN_NAME:
            # A name of several kinds has one alias in free text, whichever of them was seen first.
            self.names[value] = min(alias, self.names.get(value, alias))
        return alias

    def unique_id(self, value: str) -> str:
        """`AROAEXAMPLEID1234` → `AROATAPE…`: the four-letter prefix and the length stay."""
        prefix = value[:4] if re.fullmatch(r"A[A-Z0-9]{3}", value[:4]) else ""
        length = max(len(value) - len(prefix) - len("TAPE"), 8)

        def spell(digest: bytes) -> str:
            text = _base32(digest, length)[: length - 3]
            return f"{prefix}TAPE{_checked(text).upper()}"

        return self._alias("unique id", value, spell)

    def email(self, value: str) -> str:
        return self._alias("e-mail", value, lambda digest: f"user-{_ending(digest)}@example.com", group="name")

    def organization_id(self, value: str) -> str:
        """`o-…`, `r-…`, `p-…` and the two-part `ou-…-…`."""
        head, *parts = value.split("-")

        def spell(digest: bytes) -> str:
            text = _base32(digest)
            return "-".join([head, *(_checked(text[7 * i : 7 * i + 7]) for i in range(len(parts)))])

        return self._alias("organization id", value, spell)

    def canonical_id(self, value: str) -> str:
        """S3's canonical user id, 64 hexadecimal digits."""

        def spell(digest: bytes) -> str:
            body = "0" * 8 + digest.hex()[:48]
            return body + hashlib.sha256(body.encode()).hexdigest()[:8]

        return self._alias("canonical user id", value, spell)

    def secret(self, kind: str, value: str) -> str:
        """A stand-in for something that must not be known at all: `secret-…`."""
        return self._alias(kind, value, lambda digest: f"{kind}-{_ending(digest)}", group="secret")

    def counts(self) -> dict[str, int]:
        """How many different values were aliased, by kind."""
        return {kind: len(values) for kind, values in sorted(self.real.items())}

    def collisions(self) -> list[str]:
        """The kinds of values whose alias stands for another value, too."""
        return list(self._collided)

    def _alias(self, kind: str, value: str, spell: _Spell, group: str | None = None) -> str:
        if (kind, value) in self._made:
            return self._made[kind, value]
        if is_alias(value):
            return value
        message = f"{group or kind}\0{value}".encode("utf-8", "surrogatepass")
        alias = spell(hmac.digest(self._key, message, "sha256"))
        if self._taken.setdefault(alias, value) != value:
            self._collided.append(kind)
        self._made[kind, value] = alias
        self.real[kind].add(value)
        return alias


def is_alias(text: str) -> bool:
    """True for a text that is an alias, whoever made it; needs no key."""
    if re.fullmatch(r"000\d{9}", text, re.ASCII):
        return _check_digits(text[:-2]) == text[-2:]
    if is_name_alias(text):
        return True
    if match := _EMAIL.fullmatch(text):
        return _is_checked(match[1])
    if match := _UNIQUE_ID.fullmatch(text):
        return _is_checked(match[1].lower())
    if match := _ORGANIZATION_ID.fullmatch(text):
        return all(_is_checked(part) for part in match.groups() if part)
    if _CANONICAL_ID.fullmatch(text):
        return hashlib.sha256(text[:-8].encode()).hexdigest()[:8] == text[-8:]
    return False


def is_name_alias(text: str) -> bool:
    match = _NAME.fullmatch(text)
    return bool(match and _has_digit(match[1]) and _is_checked(match[1]))


def _ending(digest: bytes) -> str:
    """The ten characters at the end of a name's alias: with a digit among the first seven, which no word has."""
    text = _base32(digest)
    starts = (i for i in range(len(text) - 6) if _has_digit(text[i : i + 7]))
    start = next(starts, 0)
    return _checked(text[start : start + 7])


def _has_digit(text: str) -> bool:
    return any(c.isdigit() for c in text)


def _check_digits(body: str) -> str:
    return f"{int.from_bytes(hashlib.sha256(body.encode()).digest()[:8]) % 100:02}"


def _checked(text: str) -> str:
    return text + _check(text)


def _is_checked(text: str) -> bool:
    return len(text) > 3 and _check(text[:-3]) == text[-3:]


def _check(text: str) -> str:
    return _base32(hashlib.sha256(text.encode()).digest())[:3]


def _base32(digest: bytes, length: int = 0) -> str:
    """The digest in lower-case base 32, stretched to at least `length` characters."""
    blocks: Iterable[bytes] = (
        [digest, *(hashlib.sha256(digest + bytes([i])).digest() for i in range(min(length // 51, 255)))]
        if length
        else [digest]
    )
    return base64.b32encode(b"".join(blocks)).decode("ascii").rstrip("=").lower()

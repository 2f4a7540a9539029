"""Keyed aliases: the pseudonyms that stand for real values.

1. An alias is made from HMAC-SHA256 under the key: same value, same alias, in every cassette made with that key.
2. Nothing is stored that could be computed from a real value without the key: check characters are made from the rest
   of the alias, the key's fingerprint from the key alone. So trying all 10^12 account ids against a cassette tells
   nothing: without the key each of them is as likely as any other to have a given alias (HMAC is a pseudorandom
   function, RFC 2104), and there is no other thing in the cassette that depends on it.
3. An alias keeps the grammar of its kind: 12 digits, a name, a unique id's prefix and length, an address.
4. An alias is recognisable without the key: it ends in check characters over the part before them. A real value
   of the same look passes for an alias with a chance of 1 in 100,000 (account ids: three zeros and two check
   digits) or 1 in 32,768 among names that already end in twelve base-32 characters with a digit. Aliases are never
   aliased again, so that redacting twice changes nothing; what looked like one already is counted (`already`).
   The body of an access key id's alias is in lower case: no real one is, and scanners for credentials pass it by.
5. Name aliases differ in their prefix only (`role-…`, `instance-profile-…`): the same name has the same ending in
   whatever role it appears.
6. No two values share an alias within one recording. An alias depends on nothing but key and value, so two that
   would share one are not told apart but reported: such a recording is refused. Among a million names the chance is
   1 in 60; twelve digits leave room for ten million aliases, so that of 450 accounts two meet in 1 of 100 recordings.
7. Under another key, an alias is renewed from itself, in every kind alike: what agreed before agrees after.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import defaultdict
from collections.abc import Callable

from awstape.core.embedded import outside
from awstape.core.rules import NO_RULES, Rules

_KEYED, _CHECKED = 9, 3
_END = rf"[a-z2-7]{{{_KEYED + _CHECKED}}}"
_NAMED = rf"(?:[a-z][a-z0-9]*-)+{_END}"
_NAME = re.compile(rf"(?:[a-z][a-z0-9]*-)+({_END})")
_FRAMED = re.compile(
    rf"({_NAMED})@example\.com|https://({_NAMED})\.example/|<({_NAMED})>"
    rf'|<EntityDescriptor entityID="({_NAMED})"> *</EntityDescriptor>'
)
_ACCOUNT = re.compile(r"000\d{9}", re.ASCII)
_ACCESS_KEY = r"(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)"
_UNIQUE_IDS = rf"{_ACCESS_KEY}tape([a-z2-7]{{7,}})|(?:A[A-Z0-9]{{3}})?TAPE([A-Z2-7]{{7,}})"
_UNIQUE_ID = re.compile(_UNIQUE_IDS)
_UNIT = re.compile(rf"ou-({_END})-({_END})")
_CANONICAL_ID = re.compile(r"0{8}[0-9a-f]{56}")
_RESOURCE = r"[a-z]+(?:-[a-z]+)*-000[0-9a-f]{14}"
_RESOURCE_ID = re.compile(_RESOURCE)
_FINGERPRINT = re.compile(r"tape:([a-z2-7]{43})")
#: What an alias may look like: most texts are none, and one look tells.
_ANY_FORM = re.compile(
    "|".join(
        form.pattern
        for form in (_ACCOUNT, _NAME, _FRAMED, _UNIQUE_ID, _UNIT, _CANONICAL_ID, _RESOURCE_ID, _FINGERPRINT)
    ),
    re.ASCII,
)
_CODE = re.compile(r"0\d{5}", re.ASCII)
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
#: What ten bits are: several times as quick as `base64.b32encode`, which Python has in Python.
_TWO_OF_BASE32 = [one + other for one in _BASE32 for other in _BASE32]
#: An alias anywhere in a text; `is_alias` decides. Of most frames, the name in them is the alias.
_ANYWHERE = re.compile(
    rf"(?<![0-9a-z])(?<![a-z]-)(?:{_UNIT.pattern}|{_NAMED}(?:@example\.com)?|{_RESOURCE})(?![0-9a-z])"
    rf"|(?<![0-9A-Za-z])(?:{_UNIQUE_IDS}|0{{8}}[0-9a-f]{{56}})(?![0-9A-Za-z])"
    r"|(?<!\d)000\d{9}(?!\d)",
    re.ASCII,
)
_NOT_IN_A_KIND = re.compile(r"[^a-z0-9]+")
#: What stands behind the name in the alias of an e-mail address.
ADDRESS = "@example.com"
_SHORTEST_SAML_METADATA = 1000

#: Characters of a name's alias after its kind.
NAME_ENDING = 1 + _KEYED + _CHECKED
#: Shorter names are words like any other.
SHORTEST_KNOWN_NAME = 3
#: Names that are words of the protocol or of every text, too: they are not looked for elsewhere.
_COMMON_WORDS = frozenset(
    """
    account admin alias all aws bucket catalog default federated group iam key name none null policy primary role root
    service test text user value version
    """.split()
)
#: Kinds that are words of a longer name, not names: they are not looked for elsewhere.
_PARTS = frozenset({"object", "part"})
#: Kinds that are no names to who keeps names.
_NOT_KEPT = frozenset({"external-id", "client", "claim"})
_Spell = Callable[[bytes], str]


class CollisionError(Exception):
    """Two values have one alias under a key; nothing may be written."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"two values of the kind {kind} have the same alias under this key")


class Aliases:
    """Makes aliases under a key, but of what the project keeps, and remembers in memory what they stand for."""

    def __init__(self, key: bytes, rules: Rules = NO_RULES) -> None:
        self._key = key
        self.rules = rules
        self.made: dict[tuple[str, str], str] = {}
        """(kind, real value) → alias."""
        self._taken: dict[str, str] = {}
        self._collided: list[str] = []
        self.real: defaultdict[str, set[str]] = defaultdict(set)
        """Kind → the real values that were aliased."""
        self.names: dict[str, str] = {}
        """Real entity name → its alias, of the names that are looked for in free text."""
        self.kept: set[str] = set()
        """What the project's rules kept."""
        self.already: set[str] = set()
        """What was taken for an alias that somebody had put there."""

    def account(self, value: str) -> str:
        return self._alias("account", value, _spelled_account)

    def name(self, kind: str, value: str) -> str:
        """The alias of a name of some kind (`role`, `path`, `bucket`): `role-5tqm2wzdk3qa`."""
        kind = _NOT_IN_A_KIND.sub("-", kind.lower()).strip("-") or "name"
        kind = kind if kind[0].isalpha() else f"x{kind}"
        if self.rules.keep_names and kind not in _NOT_KEPT:
            self.kept.add(value)
            return value
        alias = self._alias(kind, value, lambda digest: f"{kind}-{_ending(digest)}", group="name")
        if alias != value and kind not in _PARTS and is_looked_for(value):
            # A name of several kinds has one alias in free text, whichever of them was seen first.
            self.names[value] = min(alias, self.names.get(value, alias))
        return alias

    def unique_id(self, value: str) -> str:
        """`AROAEXAMPLEID1234` → `AROATAPE…`: the four-letter prefix and the length stay."""
        prefix = value[:4] if re.fullmatch(r"A[A-Z0-9]{3}", value[:4]) else ""
        length = max(len(value) - len(prefix) - len("tape"), 8)
        return self._alias("unique id", value, lambda digest: _spelled_unique_id(digest, prefix, length))

    def email(self, value: str) -> str:
        return self._alias("e-mail", value, lambda digest: f"user-{_ending(digest)}@example.com", group="name")

    def organization_id(self, value: str) -> str:
        """`o-…`, `r-…`, `p-…` and the two-part `ou-…-…`."""
        head, *parts = value.split("-")
        alias = self._alias("organization id", value, lambda digest: "-".join([head, *_endings(digest, len(parts))]))
        if alias != value:  # `r-ab12` is too short to be known by its look everywhere
            self.names[value] = alias
        return alias

    def canonical_id(self, value: str) -> str:
        """S3's canonical user id, 64 hexadecimal digits."""
        return self._alias("canonical user id", value, _spelled_canonical_id)

    def resource_id(self, value: str) -> str:
        """The id that EC2 gives a resource, such as `vpc-0a1b2c3d4e5f67890`: its prefix stays."""
        prefix = value.rpartition("-")[0]
        return self._alias("resource id", value, lambda digest: _spelled_resource_id(digest, prefix))

    def secret(self, kind: str, value: str) -> str:
        """A stand-in for something that must not be known at all: `secret-…`."""
        return self._alias(kind, value, lambda digest: f"{kind}-{_ending(digest)}", group="secret")

    def password(self, value: str) -> str:
        """A stand-in for what the model marks as sensitive: in a form that no scanner takes for a real one."""
        return self._alias("password", value, lambda digest: f"<secret-{_ending(digest)}>", group="secret")

    def fingerprint(self, value: str) -> str:
        """A stand-in for a public key's fingerprint, which tells whose key it is."""
        return self._alias("fingerprint", value, lambda d: f"tape:{_checked(_base32(d)[:40])}", group="secret")

    def code(self, value: str) -> str:
        """A stand-in for the six digits of an authentication code. Too short to be known for an alias elsewhere."""
        if _CODE.fullmatch(value) and _check_digits(value[:-1], 1) == value[-1:]:
            return value
        return self._alias("code", value, _spelled_code, group="secret")

    def url(self, value: str) -> str:
        """A stand-in for a link."""
        return self._alias("url", value, lambda digest: f"https://url-{_ending(digest)}.example/", group="secret")

    def saml_metadata(self, value: str) -> str:
        """A stand-in for a SAML metadata document; IAM takes none that is shorter than a thousand characters."""
        head, tail = '<EntityDescriptor entityID="', "</EntityDescriptor>"

        def spell(digest: bytes) -> str:
            begin = f'{head}saml-metadata-{_ending(digest)}">'
            return begin.ljust(_SHORTEST_SAML_METADATA - len(tail)) + tail

        return self._alias("saml metadata", value, spell, group="secret")

    def renewed(self, alias: str) -> str:
        """The alias that takes the place of one that was made under another key: what is keyed in it changes."""
        if alias.endswith(ADDRESS):
            return self.renewed(alias.removesuffix(ADDRESS)) + ADDRESS
        if unit := _UNIT.fullmatch(alias):
            return "-".join(["ou", *_endings(self._digest("again", "-".join(unit.groups())), 2)])
        if named := _NAME.fullmatch(alias):
            return alias[: named.start(1)] + _ending(self._digest("again", named[1]))
        digest = self._digest("again", alias)
        if _ACCOUNT.fullmatch(alias):
            return _spelled_account(digest)
        if _CANONICAL_ID.fullmatch(alias):
            return _spelled_canonical_id(digest)
        if _RESOURCE_ID.fullmatch(alias):
            return _spelled_resource_id(digest, alias.rpartition("-")[0])
        prefix = "" if alias.startswith("TAPE") else alias[:4]
        return _spelled_unique_id(digest, prefix, len(alias) - len(prefix) - len("tape"))

    @property
    def has_seen(self) -> bool:
        return bool(self.made or self.kept or self.already)

    def unseen(self) -> Aliases:
        """The same aliases, by one that has seen nothing."""
        return Aliases(self._key, self.rules)

    def ending(self, name: str) -> str:
        """What all aliases of a name end in."""
        return _ending(self._digest("name", name))

    def digest(self, text: str) -> str:
        """What under the key stands for a text, and for no other: 32 hexadecimal digits."""
        return self._digest("digest", text).hex()[:32]

    def counts(self) -> dict[str, int]:
        """How many different values were aliased, by kind."""
        return {kind: len(values) for kind, values in sorted(self.real.items())}

    def collisions(self) -> list[str]:
        """The kinds of values whose alias stands for another value, too."""
        return list(self._collided)

    def _alias(self, kind: str, value: str, spell: _Spell, group: str | None = None) -> str:
        if (kind, value) in self.made:
            return self.made[kind, value]
        if is_alias(value):
            if value not in self._taken:
                self.already.add(value)
            return value
        if group != "secret" and self.rules.keeps(value):
            self.kept.add(value)
            return value
        alias = spell(self._digest(group or kind, value))
        if self._taken.setdefault(alias, value) != value:
            self._collided.append(kind)
        self.made[kind, value] = alias
        self.real[kind].add(value)
        return alias

    def _digest(self, purpose: str, value: str) -> bytes:
        return hmac.digest(self._key, f"{purpose}\0{value}".encode("utf-8", "surrogatepass"), "sha256")


def fingerprint(key: bytes) -> str:
    """What a cassette says of its key: enough to tell two keys apart, made from nothing but the key."""
    return _base32(hmac.digest(key, b"fingerprint\0", "sha256"))[:12]


# --- recognising ------------------------------------------------------------------------------------------------


def is_alias(text: str) -> bool:
    """True for a text that is an alias, whoever made it; needs no key."""
    if not _ANY_FORM.fullmatch(text):
        return False
    if _ACCOUNT.fullmatch(text):
        return _check_digits(text[:-2], 2) == text[-2:]
    if is_name_alias(text):
        return True
    if framed := _FRAMED.fullmatch(text):
        return any(is_name_alias(name) for name in framed.groups() if name)
    if match := _UNIQUE_ID.fullmatch(text):
        return _is_checked((match[1] or match[2]).lower())
    if match := _UNIT.fullmatch(text):
        return all(map(_is_checked, match.groups()))
    if _CANONICAL_ID.fullmatch(text):
        return _check_hex(text[:-8], 8) == text[-8:]
    if match := _FINGERPRINT.fullmatch(text):
        return _is_checked(match[1])
    return bool(_RESOURCE_ID.fullmatch(text)) and _check_hex(text[:-4], 4) == text[-4:]


def is_name_alias(text: str) -> bool:
    match = _NAME.fullmatch(text)
    return bool(match and _has_digit(match[1]) and _is_checked(match[1]))


def is_looked_for(name: str) -> bool:
    """Whether a name is looked for as a word of free text."""
    return len(name) >= SHORTEST_KNOWN_NAME and name.casefold() not in _COMMON_WORDS


def holds_alias(text: str) -> bool:
    return any(is_alias(match[0]) for match in _ANYWHERE.finditer(text))


def ending_of(alias: str) -> str:
    """What of a name's alias all aliases of the name share."""
    return alias[-_KEYED - _CHECKED :]


def name_aliases(text: str) -> dict[str, str]:
    """Ending → alias, of all names' aliases in a text that may be looked for as words."""
    found = (match[0].removesuffix(ADDRESS) for match in _ANYWHERE.finditer(text))
    named = (alias.rpartition("-") for alias in found if is_name_alias(alias))
    return {ending: f"{kind}-{ending}" for kind, _, ending in named if kind not in _PARTS}


def aliases_in(text: str) -> list[str]:
    """Every alias in a text, in its order, as often as it stands there."""
    return [match[0] for match in _ANYWHERE.finditer(text) if is_alias(match[0])]


def beside_aliases(text: str, edit: Callable[[str], str]) -> str:
    """The text with what is no alias in it edited, piece by piece."""
    return outside((match for match in _ANYWHERE.finditer(text) if is_alias(match[0])), text, edit)


def replace_aliases(text: str, replace: Callable[[str], str]) -> str:
    """The text with every alias in it replaced."""
    return _ANYWHERE.sub(lambda match: replace(match[0]) if is_alias(match[0]) else match[0], text)


# --- spelling ---------------------------------------------------------------------------------------------------


def _spelled_account(digest: bytes) -> str:
    body = f"000{int.from_bytes(digest[:8]) % 10**7:07}"
    return body + _check_digits(body, 2)


def _spelled_unique_id(digest: bytes, prefix: str, length: int) -> str:
    body = _checked(_base32(digest, length)[: length - _CHECKED])
    text = f"tape{body}"
    return prefix + (text if re.fullmatch(_ACCESS_KEY, prefix) else text.upper())


def _spelled_canonical_id(digest: bytes) -> str:
    body = "0" * 8 + digest.hex()[:48]
    return body + _check_hex(body, 8)


def _spelled_resource_id(digest: bytes, prefix: str) -> str:
    body = f"{prefix}-000{digest.hex()[:10]}"
    return body + _check_hex(body, 4)


def _spelled_code(digest: bytes) -> str:
    body = f"0{int.from_bytes(digest[:8]) % 10**4:04}"
    return body + _check_digits(body, 1)


def _ending(digest: bytes) -> str:
    """The characters at the end of a name's alias: with a digit among the keyed ones, which no word has."""
    text = _base32(digest[:10])
    text = text if _has_digit(text) else _base32(digest)  # one in thirty has none so early
    starts = (i for i in range(len(text) - _KEYED + 1) if _has_digit(text[i : i + _KEYED]))
    start = next(starts, 0)
    return _checked(text[start : start + _KEYED])


def _endings(digest: bytes, number: int) -> list[str]:
    return [_ending(hashlib.sha256(digest + bytes([i])).digest()) for i in range(number)]


def _has_digit(text: str) -> bool:
    return not text.isalpha()  # of base 32


def _check_digits(body: str, number: int) -> str:
    return f"{int.from_bytes(hashlib.sha256(body.encode()).digest()[:8]) % 10**number:0{number}}"


def _check_hex(body: str, number: int) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:number]


def _checked(text: str) -> str:
    return text + _check(text)


def _is_checked(text: str) -> bool:
    return _check(text[:-_CHECKED]) == text[-_CHECKED:]


def _check(text: str) -> str:
    bits = int.from_bytes(hashlib.sha256(text.encode()).digest()[:2]) >> 1
    return _BASE32[bits >> 10] + _TWO_OF_BASE32[bits & 0x3FF]


def _base32(digest: bytes, length: int = 0) -> str:
    """The digest in lower-case base 32, stretched to at least `length` characters."""
    for i in range(min(length // 51, 255)):
        digest += hashlib.sha256(digest[:32] + bytes([i])).digest()
    characters = -(-len(digest) * 8 // 5)
    last = (characters - 1) // 2 * 10
    number = int.from_bytes(digest) << (last + 10 - len(digest) * 8)
    return "".join([_TWO_OF_BASE32[number >> i & 0x3FF] for i in range(last, -10, -10)])[:characters]

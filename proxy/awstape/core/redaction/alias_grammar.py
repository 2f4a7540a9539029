"""The grammar of aliases: how each form is spelled from a digest, recognised without the key and found in a text.

1. An alias keeps the grammar of its kind: 12 digits, a name, a unique id's prefix and length, an address.
2. An alias ends in check characters, which are computed from the part before them; the alias of an IP address is in
   a range that nobody has. So it is recognised without the
   key. A real value of the same form passes for an alias with a probability of 1 in 100,000 (account ids: three zeros
   and two check digits) or 1 in 32,768 (names that already end in twelve base-32 characters with a digit).
3. The body of an access key id's alias is in lower case. No real access key id is, and credential scanners ignore it.
4. Aliases of one name differ in their prefix only (`role-…`, `instance-profile-…`); all have the same ending.
5. The keyed characters of a name's ending contain a digit, so that no English word is a name's alias.
6. Two spellings of one name, such as `BuildRole` and `buildrole`, have aliases that differ in the case of the ending's
   letters only. Check characters are computed from the ending in lower case. Names in lower or upper case have endings
   in lower or upper case; which letters are in upper case for any other spelling, is keyed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import lru_cache
from ipaddress import ip_interface, ip_network

from awstape.core.text.encoded_text import rewrite_between

_KEYED, _CHECKED = 9, 3
_END = rf"[A-Za-z2-7]{{{_KEYED + _CHECKED}}}"
_NAMED = rf"(?:[a-z][a-z0-9]*-)+{_END}"
_NAME = re.compile(rf"(?:[a-z][a-z0-9]*-)+({_END})")
_ENDING_AND_MORE = re.compile(rf"-({_END})(?=[\W_])")
_FRAMED = re.compile(
    rf"({_NAMED})@example\.com|https://({_NAMED})\.example/|<({_NAMED})>"
    rf'|<EntityDescriptor entityID="({_NAMED})"> *</EntityDescriptor>'
)
_ACCOUNT = re.compile(r"000\d{9}", re.ASCII)
_ACCESS_KEY = r"(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)"
_UNIQUE_IDS = rf"{_ACCESS_KEY}tape([a-z2-7]{{7,}})|(?:A[A-Z0-9]{{3}})?TAPE([A-Z2-7]{{7,}})"
_UNIQUE_ID = re.compile(_UNIQUE_IDS)
_UNIT_PART = _END.replace("A-Z", "")
_ORGANIZATIONAL_UNIT = re.compile(rf"ou-({_UNIT_PART})-({_UNIT_PART})")
_CANONICAL_ID = re.compile(r"0{8}[0-9a-f]{56}")
_RESOURCE = r"[a-z]+(?:-[a-z]+)*-000[0-9a-f]{14}"
_RESOURCE_ID = re.compile(_RESOURCE)
#: Reserved for benchmarks (RFC 2544) and for documentation (RFC 3849): nobody has such an address.
_ADDRESS = re.compile(r"(?:198\.1[89](?:\.\d{1,3}){2}|2001:db8:[0-9a-f:]+)(?:/\d{1,3})?")
#: The fewest bits that may distinguish the aliases of blocks: with fewer, two blocks would often share one.
_FEWEST_BLOCK_BITS = 16
_ADDRESS_RANGES = {4: ip_network("198.18.0.0/15"), 6: ip_network("2001:db8::/32")}
_FINGERPRINT = re.compile(r"tape:([a-z2-7]{43})")
#: The forms of all aliases. Most texts match none, and are rejected with this one match.
_ANY_FORM = re.compile(
    "|".join(
        form.pattern
        for form in (
            _ACCOUNT,
            _NAME,
            _FRAMED,
            _UNIQUE_ID,
            _ORGANIZATIONAL_UNIT,
            _CANONICAL_ID,
            _RESOURCE_ID,
            _FINGERPRINT,
            _ADDRESS,
        )
    ),
    re.ASCII,
)
_CODE = re.compile(r"0\d{5}", re.ASCII)
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
#: The two characters of each ten bits. A table is several times as fast as `base64.b32encode`, which is pure Python.
_BASE32_PAIRS = [one + other for one in _BASE32 for other in _BASE32]
#: Candidates for an alias anywhere in a text; `is_alias` decides. In most frames, the name inside is the alias.
_ANYWHERE = re.compile(
    rf"(?<![0-9a-z])(?<![a-z]-)(?:{_ORGANIZATIONAL_UNIT.pattern}|{_NAMED}(?:@example\.com)?|{_RESOURCE})(?![0-9a-z])"
    rf"|(?<![0-9A-Za-z])(?:{_UNIQUE_IDS}|0{{8}}[0-9a-f]{{56}})(?![0-9A-Za-z])"
    r"|(?<!\d)000\d{9}(?!\d)",
    re.ASCII,
)
#: The domain of every e-mail address's alias; the part before it is a name's alias.
EMAIL_DOMAIN = "@example.com"
_SHORTEST_SAML_METADATA = 1000

#: Characters of a name's alias after its kind.
NAME_ENDING_LENGTH = 1 + _KEYED + _CHECKED
#: Kinds that are words of a longer name, not names: free text is not searched for them.
NAME_PART_KINDS = frozenset({"object", "part"})
#: Kinds of names from which programs make other names and requests. None is a word and a dash before another one, so
#: that a name which a program made, such as `deny-role-…`, is taken for no alias of the role.
NAME_KINDS_IN_PROGRAMS = frozenset(
    "analyzer bucket group instance-profile mfa path policy role server-certificate session user".split()
)
_WORD = re.compile(r"[\w+=,.@-]*[\w+=@-]")
_ALIAS_IN_WORD = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(NAME_KINDS_IN_PROGRAMS)})-{_END}")


# --- recognising ------------------------------------------------------------------------------------------------


def is_alias(text: str) -> bool:
    """True for a text that is an alias, under any key. Needs no key."""
    if not _ANY_FORM.fullmatch(text):
        return False
    if _ACCOUNT.fullmatch(text):
        return _check_digits(text[:-2], 2) == text[-2:]
    if is_name_alias(text):
        return True
    if framed := _FRAMED.fullmatch(text):
        return any(is_name_alias(name) for name in framed.groups() if name)
    if match := _UNIQUE_ID.fullmatch(text):
        return _has_valid_check((match[1] or match[2]).lower())
    if match := _ORGANIZATIONAL_UNIT.fullmatch(text):
        return all(map(_has_valid_check, match.groups()))
    if _CANONICAL_ID.fullmatch(text):
        return _check_hex(text[:-8], 8) == text[-8:]
    if _ADDRESS.fullmatch(text):
        return True
    if match := _FINGERPRINT.fullmatch(text):
        return _has_valid_check(match[1])
    return bool(_RESOURCE_ID.fullmatch(text)) and _check_hex(text[:-4], 4) == text[-4:]


def is_name_alias(text: str) -> bool:
    match = _NAME.fullmatch(text)
    return bool(match and _has_digit(match[1]) and _has_valid_check(match[1].lower()))


def is_code_alias(text: str) -> bool:
    """True for the alias of an authentication code. `is_alias` excludes it: too many real codes look like one."""
    return bool(_CODE.fullmatch(text)) and _check_digits(text[:-1], 1) == text[-1:]


def name_alias_ending(alias: str) -> str:
    """The ending of a name's alias, which all aliases of that name share."""
    return alias[-_KEYED - _CHECKED :]


# --- finding and replacing in text ------------------------------------------------------------------------------


def contains_alias(text: str) -> bool:
    return any(is_alias(match[0]) for match in _ANYWHERE.finditer(text))


def find_aliases(text: str) -> list[str]:
    """Every alias in a text, in order, repetitions included."""
    return [match[0] for match in _ANYWHERE.finditer(text) if is_alias(match[0])]


def find_name_aliases(text: str) -> dict[str, str]:
    """Ending → alias, for all aliases in a text of names that are searched for as words of free text."""
    found: dict[str, str] = {}
    for match in _ANYWHERE.finditer(text):
        kind, _, ending = match[0].removesuffix(EMAIL_DOMAIN).rpartition("-")
        if kind not in NAME_PART_KINDS and is_name_alias(f"{kind}-{ending}"):
            found[ending] = match[0]
    return found


def without_name_kind(alias: str) -> str:
    """The alias of a name without its kind, if it is one of `NAME_KINDS_IN_PROGRAMS`; any other alias as it is."""
    kind, _, ending = alias.rpartition("-")
    return f"name-{ending}" if kind in NAME_KINDS_IN_PROGRAMS and is_name_alias(alias) else alias


def edit_outside_aliases(text: str, edit: Callable[[str], str]) -> str:
    """The text with `edit` applied to each piece between its aliases."""
    return rewrite_between((match for match in _ANYWHERE.finditer(text) if is_alias(match[0])), text, edit)


def replace_aliases(text: str, replace: Callable[[str], str]) -> str:
    """The text with `replace` applied to each of its aliases."""
    return _ANYWHERE.sub(lambda match: replace(match[0]) if is_alias(match[0]) else match[0], text)


# --- spelling ---------------------------------------------------------------------------------------------------


def spell_account(digest: bytes) -> str:
    body = f"000{int.from_bytes(digest[:8]) % 10**7:07}"
    return body + _check_digits(body, 2)


def spell_unique_id(digest: bytes, prefix: str, length: int) -> str:
    body = _append_check(base32(digest, length)[: length - _CHECKED])
    text = f"tape{body}"
    return prefix + (text if re.fullmatch(_ACCESS_KEY, prefix) else text.upper())


def spell_canonical_id(digest: bytes) -> str:
    body = "0" * 8 + digest.hex()[:48]
    return body + _check_hex(body, 8)


def spell_resource_id(digest: bytes, prefix: str) -> str:
    body = f"{prefix}-000{digest.hex()[:10]}"
    return body + _check_hex(body, 4)


def spell_fingerprint(digest: bytes) -> str:
    return f"tape:{_append_check(base32(digest)[:40])}"


def spell_address(digest: bytes, value: str) -> str:
    """An address of the same version and prefix length.

    As the value, it has no bits behind its prefix, if there is room for many such blocks.
    """
    real, public = ip_interface(value), _ADDRESS_RANGES[ip_interface(value).version]
    size = real.max_prefixlen - public.prefixlen
    number = int(public.network_address) + int.from_bytes(digest[:16]) % 2**size
    behind = real.max_prefixlen - real.network.prefixlen
    if real.ip == real.network.network_address and behind <= size - _FEWEST_BLOCK_BITS:
        number = number >> behind << behind
    address = type(real.ip)(number)
    return f"{address}/{real.network.prefixlen}" if "/" in value else str(address)


def spell_code(digest: bytes) -> str:
    body = f"0{int.from_bytes(digest[:8]) % 10**4:04}"
    return body + _check_digits(body, 1)


def spell_saml_metadata(digest: bytes) -> str:
    """A SAML metadata document of the shortest length that IAM accepts, a thousand characters."""
    begin, end = f'<EntityDescriptor entityID="saml-metadata-{spell_ending(digest)}">', "</EntityDescriptor>"
    return begin.ljust(_SHORTEST_SAML_METADATA - len(end)) + end


def spell_ending(digest: bytes) -> str:
    """The ending of a name's alias: keyed characters with a digit among them, then the check characters."""
    text = base32(digest[:10])
    if text.isalpha():  # the first sixteen characters have no digit: one digest in thirty
        text = base32(digest)
    while text.isalpha():  # nor has the rest of them: one digest in fifty thousand
        digest = hashlib.sha256(digest).digest()
        text = base32(digest)
    start = next(i for i in range(len(text) - _KEYED + 1) if _has_digit(text[i : i + _KEYED]))
    return _append_check(text[start : start + _KEYED])


def spell_marked_ending(meaning: str, spelled: str, digest: Callable[[str], bytes]) -> str:
    """The ending for one spelling of a text: that of its meaning, with letters in upper case for any other spelling.

    meaning: the text in its canonical spelling, such as a name in lower case. Two other spellings have the same ending
    with a probability of about 1 in 500.
    """
    ending = spell_ending(digest(meaning))
    if spelled == meaning:
        return ending
    if spelled == meaning.upper():
        return ending.upper()
    letters = [i for i, character in enumerate(ending) if character.isalpha()]
    # Neither all in lower case nor all in upper case.
    chosen = 1 + int.from_bytes(digest(spelled)[-8:]) % max(2 ** len(letters) - 2, 1)
    upper = {i for bit, i in enumerate(letters) if chosen >> bit & 1}
    return "".join(character.upper() if i in upper else character for i, character in enumerate(ending))


def split_name_alias(text: str) -> tuple[str, str]:
    """A text that begins with a name's alias, as a program makes names from names, split into its ending and the rest.

    The ending is empty for any other text. The kind is one of `NAME_KINDS_IN_PROGRAMS`.
    """
    for match in _ENDING_AND_MORE.finditer(text):
        alias = text[: match.end()]
        if alias.rpartition("-")[0] in NAME_KINDS_IN_PROGRAMS and is_name_alias(alias):
            return match[1], text[match.end() :]
    return "", text


def find_alias_in_longer_name(text: str) -> tuple[str, str] | None:
    """A name of a text that was made of an alias and more, and the alias in it: `x-role-…`; None if there is none."""
    for word in _WORD.finditer(text):
        for match in _ALIAS_IN_WORD.finditer(word[0]):
            if match[0] != word[0] and is_name_alias(match[0]):
                return word[0], match[0]
    return None


def spell_endings(digest: bytes, number: int) -> list[str]:
    """Several endings from one digest, for an alias of several parts."""
    return [spell_ending(hashlib.sha256(digest + bytes([i])).digest()) for i in range(number)]


def respell_alias(alias: str, digest: Callable[[str], bytes]) -> str:
    """An alias of the same form, spelled from `digest` of what is keyed in the given one."""
    if alias.endswith(EMAIL_DOMAIN):
        return respell_alias(alias.removesuffix(EMAIL_DOMAIN), digest) + EMAIL_DOMAIN
    if unit := _ORGANIZATIONAL_UNIT.fullmatch(alias):
        return "-".join(["ou", *spell_endings(digest("-".join(unit.groups())), 2)])
    if named := _NAME.fullmatch(alias):
        return alias[: named.start(1)] + spell_marked_ending(named[1].lower(), named[1], digest)
    if _ACCOUNT.fullmatch(alias):
        return spell_account(digest(alias))
    if _CANONICAL_ID.fullmatch(alias):
        return spell_canonical_id(digest(alias))
    if _RESOURCE_ID.fullmatch(alias):
        return spell_resource_id(digest(alias), alias.rpartition("-")[0])
    if _ADDRESS.fullmatch(alias):
        return spell_address(digest(alias), alias)
    prefix = "" if alias.startswith("TAPE") else alias[:4]
    return spell_unique_id(digest(alias), prefix, len(alias) - len(prefix) - len("tape"))


def base32(digest: bytes, length: int = 0) -> str:
    """The digest in lower-case base 32, extended to at least `length` characters."""
    blocks = [hashlib.sha256(digest + bytes([i])).digest() for i in range(min(length // 51, 255))]
    data = b"".join([digest, *blocks])
    characters = -(-len(data) * 8 // 5)
    pairs = -(-characters // 2)
    number = int.from_bytes(data) << (pairs * 10 - len(data) * 8)
    return "".join([_BASE32_PAIRS[number >> shift & 0x3FF] for shift in range(pairs * 10 - 10, -10, -10)])[:characters]


def _has_digit(text: str) -> bool:
    """True for a text of base 32 that contains a digit."""
    return not text.isalpha()


def _check_digits(body: str, number: int) -> str:
    return f"{int.from_bytes(hashlib.sha256(body.encode()).digest()[:8]) % 10**number:0{number}}"


def _check_hex(body: str, number: int) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:number]


def _check_characters(text: str) -> str:
    return base32(hashlib.sha256(text.encode()).digest()[:2])[:_CHECKED]


def _append_check(text: str) -> str:
    return text + _check_characters(text)


@lru_cache(2**16)  # the same aliases are found again and again
def _has_valid_check(text: str) -> bool:
    return _check_characters(text[:-_CHECKED]) == text[-_CHECKED:]

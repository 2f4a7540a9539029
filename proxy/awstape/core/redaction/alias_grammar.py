"""The grammar of aliases: how each form is spelled from a digest, recognised without the key and found in a text.

1. An alias keeps the grammar of its kind: 12 digits, a unique id's prefix and length, an address. The alias of a name
   is `alias-CODE`, whatever has the name (`core.redaction.name_codes`); a UUID's is a UUID, a block's is a block.
2. An alias ends in check characters, which are computed from the part before them; in a name each code does. The alias
   of an IP address is in a range that nobody has. So it is recognised without the key. A real value of the same form
   passes for an alias with a probability of 1 in 100,000 (account ids: three zeros and two check digits), 1 in 1,331
   (other ids) or 1 in 11 (names that begin with `alias-` and ten characters of the alphabet of codes).
3. The body of an access key id's alias is in lower case. No real access key id is, and credential scanners ignore it.
   The alias of a temporary access key id has its account's alias before the body, so that the caller stays the same.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_interface, ip_network

from awstape.core.aws.access_keys import account_of_access_key
from awstape.core.redaction.name_codes import (
    CODE,
    JOINT,
    MARKER,
    SYMBOLS,
    UUID_ALIAS,
    append_check,
    drop_markers,
    find_code_in_uuid,
    is_code,
    respell_codes,
    spell_code,
    spell_code_in_case,
    spell_symbols,
    split_name,
)
from awstape.core.text.lazy_pattern import lazy_pattern

_KEYED, _CHECKED = 9, 3
_NAMED = rf"{MARKER}-{JOINT}*{CODE}(?:{JOINT}+{CODE})*"
_NAME = lazy_pattern(rf"{_NAMED}{JOINT}*")
_ONE_CODE = rf"{MARKER}-({CODE})"
_WORD = lazy_pattern(r"[\w+=,.@-]+")
_FRAMED = lazy_pattern(
    rf"{_ONE_CODE}@example\.com|https://{_ONE_CODE}\.example/|<{_ONE_CODE}>"
    rf'|<EntityDescriptor entityID="{_ONE_CODE}"> *</EntityDescriptor>'
)
_ACCOUNT = lazy_pattern(r"000\d{9}", re.ASCII)
_ACCESS_KEY = r"(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)"
_OF_ACCESS_KEY = lazy_pattern(_ACCESS_KEY)
_TEMPORARY_KEY = lazy_pattern(rf"ASIA[Q-Z2-7][A-Z2-7]{{8}}tape[{SYMBOLS}]{{7,}}")
_UNIQUE_IDS = (
    rf"(?:ASIA[Q-Z2-7][A-Z2-7]{{8}}|{_ACCESS_KEY})tape([{SYMBOLS}]{{7,}})"
    rf"|(?:A[A-Z0-9]{{3}})?TAPE([{SYMBOLS.upper()}]{{7,}})"
)
_UNIQUE_ID = lazy_pattern(_UNIQUE_IDS)
_END = rf"[{SYMBOLS}]{{{_KEYED + _CHECKED}}}"
#: Of organizations, and of callers whose account is unknown.
_PREFIXED = lazy_pattern(rf"(?:caller|[opr])-({_END})|ou-({_END})-({_END})")
#: Of even digits only: an entropy above 3 bits per character would make scanners take it for a secret.
_CANONICAL = "0{8}[02468ace]{56}"
_CANONICAL_ID = lazy_pattern(_CANONICAL)
_RESOURCE = r"[a-z]+(?:-[a-z]+)*-000[0-9a-f]{14}"
_RESOURCE_ID = lazy_pattern(_RESOURCE)
_TWELVE_DIGITS = lazy_pattern(r"\d{12}", re.ASCII)
#: Reserved for benchmarks (RFC 2544), documentation (RFC 3849) and the future (RFC 1112, RFC 4291): nobody has such an
#: address. The last ones have room for blocks, so what is no block is no alias there.
_ADDRESS_RANGES = {
    4: (ip_network("198.18.0.0/15"), ip_network("240.0.0.0/4")),
    6: (ip_network("2001:db8::/32"), ip_network("4000::/3")),
}
_IPV4_BLOCK = r"(?:24\d|25[0-5])(?:\.\d{1,3}){3}/\d{1,2}"
_IPV6_BLOCK = r"[45][0-9a-f]{3}(?=:)(?::[0-9a-f]{1,4}){0,6}::/\d{1,3}"
_IPV4 = rf"(?:198\.1[89](?:\.\d{{1,3}}){{2}}(?:/\d{{1,2}})?|{_IPV4_BLOCK})"
_IPV6 = rf"(?:2001:db8(?=:)(?:::?[0-9a-f]{{1,4}}){{0,6}}(?:::)?(?:/\d{{1,3}})?|{_IPV6_BLOCK})"
_ADDRESS = lazy_pattern(rf"{_IPV4}|{_IPV6}")
_BLOCK = lazy_pattern(rf"{_IPV4_BLOCK}|{_IPV6_BLOCK}")
#: The fewest bits that may distinguish the aliases of blocks: with fewer, two blocks would often share one.
_FEWEST_BLOCK_BITS = 16
_FINGERPRINT = lazy_pattern(rf"tape:([{SYMBOLS}]{{43}})")
#: The forms of all aliases. Most texts match none, and are rejected with this one match.
_FORMS = (
    _ACCOUNT,
    _NAME,
    UUID_ALIAS,
    _FRAMED,
    _UNIQUE_ID,
    _PREFIXED,
    _CANONICAL_ID,
    _RESOURCE_ID,
    _FINGERPRINT,
    _ADDRESS,
)
_ANY_FORM = lazy_pattern("|".join(form.pattern for form in _FORMS), re.ASCII)
_IN_NUMBER = lazy_pattern(r"(?<!\d)(?:(?P<first>000\d{9})\d|\d(?P<last>000\d{9}))(?!\d)", re.ASCII)
_CODE_ALIAS = lazy_pattern(r"0\d{5}", re.ASCII)
_NUMBER_ALIAS = lazy_pattern(r"-?(9\d{6,})(?:\.0)?", re.ASCII)
_CHECKS_OF_NUMBER = 3
#: Candidates for an alias anywhere in a text; `_valid_beginning` decides. In most frames, the name inside is the alias.
_ANYWHERE = lazy_pattern(
    rf"(?<![0-9a-z])(?:{_ONE_CODE}@example\.com|{_NAMED}|(?<![a-z]-)(?:{_PREFIXED.pattern}|{_RESOURCE})(?![0-9a-z]))"
    rf"|(?<![0-9A-Za-z])(?:{_UNIQUE_IDS}|{_CANONICAL})(?![0-9A-Za-z])"
    rf"|(?<!\d)000\d{{9}}(?!\d)|(?<![0-9A-Za-z]){UUID_ALIAS.pattern}(?![0-9A-Za-z])"
    rf"|(?<![0-9A-Za-z.]){_IPV4}(?![0-9A-Za-z]|\.\d)|(?<![0-9A-Za-z:]){_IPV6}(?!:?[0-9A-Za-z])",
    re.ASCII,
)
#: The domain of every e-mail address's alias; the part before it is a name's alias.
EMAIL_DOMAIN = "@example.com"
_SHORTEST_SAML_METADATA = 1000
#: The year of the aliases of times.
YEAR_OF_TIMES = 2098


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
        return any(is_code(code) for code in framed.groups() if code)
    if match := _UNIQUE_ID.fullmatch(text):
        return _has_valid_check((match[1] or match[2]).lower())
    if match := _PREFIXED.fullmatch(text):
        return all(_has_valid_check(ending) for ending in match.groups() if ending)
    if _CANONICAL_ID.fullmatch(text):
        return _check_even(text[:-8]) == text[-8:]
    if _ADDRESS.fullmatch(text):
        return not _BLOCK.fullmatch(text) or _is_wide_block(text)
    if match := _FINGERPRINT.fullmatch(text):
        return _has_valid_check(match[1])
    return bool(_RESOURCE_ID.fullmatch(text)) and _check_hex(text[:-4], 4) == text[-4:]


def is_name_alias(text: str) -> bool:
    if _NAME.fullmatch(text):
        return all(map(is_code, split_name(text)[3::2]))
    return find_code_in_uuid(text) is not None


def is_code_alias(text: str) -> bool:
    """True for the alias of an authentication code. `is_alias` excludes it: too many real codes look like one."""
    return bool(_CODE_ALIAS.fullmatch(text)) and _check_digits(text[:-1], 1) == text[-1:]


def is_number_alias(text: str) -> bool:
    """True for the alias of a number. `is_alias` excludes it: one in 10,000 real numbers looks like one."""
    number = _NUMBER_ALIAS.fullmatch(text)
    return (
        number is not None
        and _check_digits(number[1][:-_CHECKS_OF_NUMBER], _CHECKS_OF_NUMBER) == number[1][-_CHECKS_OF_NUMBER:]
    )


# --- finding and replacing in text ------------------------------------------------------------------------------


def find_aliases(text: str) -> list[str]:
    """Every alias in a text, in order, repetitions included."""
    return [text[begin:end] for begin, end in _find_spans(text)]


def find_name_aliases(text: str) -> set[str]:
    return set(filter(is_name_alias, find_aliases(text)))


def edit_outside_aliases(text: str, edit: Callable[[str], str], is_known: Callable[[str], bool] = is_alias) -> str:
    """The text with `edit` applied to each piece between its aliases. is_known: whether one of them is an alias."""
    out, at = [], 0
    for begin, end in _find_spans(text):
        if is_known(text[begin:end]):
            out += [edit(text[at:begin]), text[begin:end]]
            at = end
    return "".join([*out, edit(text[at:])])


def replace_aliases(text: str, replace: Callable[[str], str]) -> str:
    """The text with `replace` applied to each of its aliases."""
    out, at = [], 0
    for begin, end in _find_spans(text):
        out += [text[at:begin], replace(text[begin:end])]
        at = end
    return "".join([*out, text[at:]])


def split_at_aliases(text: str) -> list[str]:
    """The text between its aliases and the aliases in turn.

    The angle brackets of a password's alias belong to it. An account's may be in a number that has one digit more.
    """
    pieces, at = [], 0
    in_numbers = (match.span(match.lastgroup or 0) for match in _IN_NUMBER.finditer(text))
    accounts = [span for span in in_numbers if is_alias(text[slice(*span)])]
    for begin, end in sorted([*_find_spans(text), *accounts]):
        if text[begin - 1 : begin] == "<" and text[end : end + 1] == ">":
            begin, end = begin - 1, end + 1
        pieces += [text[at:begin], text[begin:end]]
        at = end
    return [*pieces, text[at:]]


def _find_spans(text: str) -> Iterator[tuple[int, int]]:
    """The begin and the end of each alias in a text, in order."""
    for match in _ANYWHERE.finditer(text):
        if length := len(_valid_beginning(match[0])):
            yield match.start(), match.start() + length


def _valid_beginning(candidate: str) -> str:
    """The alias with which a match of `_ANYWHERE` begins: a word of ten letters may follow a code. Empty if none."""
    if not candidate.startswith(f"{MARKER}-") or is_alias(candidate):
        return candidate if is_alias(candidate) else ""
    pieces = split_name(candidate)
    end = 3  # of the codes that are valid
    while end < len(pieces) and is_code(pieces[end]):
        end += 2
    return "".join(pieces[: end - 1]) if end > 3 else ""


# --- names in text ----------------------------------------------------------------------------------------------


def find_alias_in_longer_name(text: str) -> str | None:
    """The first alias in a text that is a part of a longer name: `x-alias-CODE`; None if there is none."""
    for word in _WORD.findall(text):
        pieces, codes = drop_markers(split_name(word), is_code)
        if 0 < len(codes) < len(pieces) // 2:
            return find_aliases(word)[0]
    return None


# --- spelling ---------------------------------------------------------------------------------------------------


def spell_account(digest: bytes) -> str:
    body = f"000{int.from_bytes(digest[:8]) % 10**7:07}"
    return body + _check_digits(body, 2)


def spell_unique_id(digest: bytes, prefix: str, length: int) -> str:
    body = append_check(spell_symbols(digest, length - _CHECKED), _CHECKED)
    text = f"tape{body}"
    return prefix + (text if _OF_ACCESS_KEY.match(prefix) else text.upper())


def spell_canonical_id(digest: bytes) -> str:
    body = "0" * 8 + _spell_even(digest, 48)
    return body + _check_even(body)


def spell_resource_id(digest: bytes, prefix: str) -> str:
    keyed = digest.hex()[:10]
    alias = _with_check(f"{prefix}-000{keyed}")
    if not _TWELVE_DIGITS.search(alias):
        return alias
    # They look like an account, unless a letter is in the middle.
    return _with_check(f"{prefix}-000{keyed[:5]}{'abcdef'[int(keyed[5]) % 6]}{keyed[6:]}")


def _with_check(body: str) -> str:
    return body + _check_hex(body, 4)


def spell_fingerprint(digest: bytes) -> str:
    return f"tape:{append_check(spell_symbols(digest, 40), _CHECKED)}"


def spell_address(digest: bytes, value: str) -> str:
    """An address of the same version and prefix length. That of a block is a block: no bits are set behind its prefix.

    A block is in the wide range if too few blocks of its length are in the first one.
    """
    real = ip_interface(value)
    length, behind = real.network.prefixlen, real.max_prefixlen - real.network.prefixlen
    is_block = real.ip == real.network.network_address
    public = _find_range(real.network) if is_block else _ADDRESS_RANGES[real.version][0]
    number = int(public.network_address) + int.from_bytes(digest[:16]) % 2 ** (real.max_prefixlen - public.prefixlen)
    address = type(real.ip)(number >> behind << behind if is_block else number)
    return f"{address}/{length}" if "/" in value else str(address)


def _find_range(block: IPv4Network | IPv6Network) -> IPv4Network | IPv6Network:
    first, wide = _ADDRESS_RANGES[block.version]
    return first if block.prefixlen - first.prefixlen >= _FEWEST_BLOCK_BITS else wide


def _is_wide_block(text: str) -> bool:
    """Whether a text in a wide range is a block whose alias would be there."""
    try:
        block = ip_network(text)
    except ValueError:
        return False
    return str(block) == text and _find_range(block) is _ADDRESS_RANGES[block.version][1]


def spell_digits(digest: bytes) -> str:
    body = f"0{int.from_bytes(digest[:8]) % 10**4:04}"
    return body + _check_digits(body, 1)


def spell_number(digest: bytes, length: int) -> str:
    """A number of so many digits, seven at least."""
    keyed = max(length - 1 - _CHECKS_OF_NUMBER, 3)
    body = f"9{int.from_bytes(digest) % 10**keyed:0{keyed}}"
    return body + _check_digits(body, _CHECKS_OF_NUMBER)


def spell_time(digest: bytes) -> str:
    """A time of a year in which no other time is."""
    month, day, hour, minute, second = digest[:5]
    return f"{YEAR_OF_TIMES}-{month % 12 + 1:02}-{day % 28 + 1:02}T{hour % 24:02}:{minute % 60:02}:{second % 60:02}Z"


def spell_saml_metadata(digest: bytes) -> str:
    """A SAML metadata document of the shortest length that IAM accepts, a thousand characters."""
    begin, end = f'<EntityDescriptor entityID="{MARKER}-{spell_code(digest)}">', "</EntityDescriptor>"
    return begin.ljust(_SHORTEST_SAML_METADATA - len(end)) + end


def spell_framed(code: str, begin: str = "", end: str = "") -> str:
    """The alias of a value that is no name, of its one code."""
    return f"{begin}{MARKER}-{code}{end}"


def spell_ending(digest: bytes) -> str:
    """The ending of an alias that is no name's: keyed characters, then the check characters."""
    return append_check(spell_symbols(digest, _KEYED), _CHECKED)


def spell_endings(digest: bytes, number: int) -> list[str]:
    """Several endings from one digest, for an alias of several parts."""
    return [spell_ending(hashlib.sha256(digest + bytes([i])).digest()) for i in range(number)]


def respell_alias(alias: str, digest: Callable[[str], bytes]) -> str:
    """An alias or a code of the same form, spelled from `digest` of what is keyed in it; in a name, code by code."""
    if prefixed := _PREFIXED.fullmatch(alias):
        head, *endings = alias.split("-")
        return "-".join([head, *spell_endings(digest("-".join(filter(None, prefixed.groups()))), len(endings))])
    if f"{MARKER}-" in alias or is_code(alias) or UUID_ALIAS.fullmatch(alias):
        return respell_codes(
            alias, lambda code: spell_code_in_case(code.lower(), code, lambda text, spell: spell(digest(text)))
        )
    if _ACCOUNT.fullmatch(alias):
        return spell_account(digest(alias))
    if _CANONICAL_ID.fullmatch(alias):
        return spell_canonical_id(digest(alias))
    if _RESOURCE_ID.fullmatch(alias):
        return spell_resource_id(digest(alias), alias.rpartition("-")[0])
    if _ADDRESS.fullmatch(alias):
        return spell_address(digest(alias), alias)
    unique = _UNIQUE_ID.fullmatch(alias)
    if unique is None:
        return spell_fingerprint(digest(alias))
    body = unique[1] or unique[2]
    return spell_unique_id(digest(alias), alias[: -len(body) - len("tape")], len(body))


def account_in_alias(alias: str) -> str | None:
    """The alias of the account in that of a temporary access key id; None for any other alias."""
    return account_of_access_key(alias) if _TEMPORARY_KEY.fullmatch(alias) else None


def keyed_parts(alias: str) -> list[str]:
    """What of an alias depends on the key: the codes of a name, any other alias as a whole."""
    if (code := find_code_in_uuid(alias)) is not None:
        return [code]
    return [code for code in re.findall(CODE, alias) if is_code(code)] if f"{MARKER}-" in alias else [alias]


def _check_digits(body: str, number: int) -> str:
    return f"{int.from_bytes(hashlib.sha256(body.encode()).digest()[:8]) % 10**number:0{number}}"


def _spell_even(digest: bytes, length: int) -> str:
    """Hexadecimal digits without their last bit."""
    return bytes(byte & 0xEE for byte in digest).hex()[:length]


def _check_even(body: str) -> str:
    return _spell_even(hashlib.sha256(body.encode()).digest(), 8)


def _check_hex(body: str, number: int) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:number]


@lru_cache(2**16)  # the same aliases are found again and again
def _has_valid_check(text: str) -> bool:
    return append_check(text[:-_CHECKED], _CHECKED) == text

"""Codes: the alias of a name, made part by part.

1. A name has parts, and joints between them: blanks and any of `+,-./:=@_`. Each part becomes a code, joints stay:
   `prod-web_api` becomes `alias-CODE-CODE_CODE`. Names that share a part share its code.
2. A name's alias has at most five codes, so that it fits into a name of 64 characters. The fifth code of a longer name
   is the product of the codes of all parts and joints that are left.
3. A text of four words or more is no name: its alias is one code, the product of all. Codes of single words would show
   the order of the words, and the frequent ones. A text that is made of the alias of such a text has another alias.
4. The product is associative, like that of the maps x → ax + b modulo a prime. So the codes of what a program puts
   before and behind an alias have the same product as the codes of the real name; nobody needs the key for it.
5. A code has nine keyed characters and a check character, which is computed from the others in lower case. All are of
   an alphabet of eleven, so that a quoted alias of any length, in any case and with any joints has an entropy below 4.5
   bits per character: no scanner takes it for a secret. It has five letters or more, all of them consonants, and a
   digit (a product of codes: one letter or more). A real part of ten such characters passes for a code with a
   probability of 1 in 11; ten random characters do with one of 1 in a million.
6. Two spellings of one part, such as `BuildRole` and `buildrole`, have codes that differ in the case of letters only.
   Parts in lower or upper case have codes in lower or upper case; which letters of the code of any other spelling are
   in upper case, is keyed. In a product of codes that are not all in one case, the first letter is.
7. A UUID is one part. Alone, its alias is a UUID that has the code in it: `00000000-6b34-4326-8d72-743773336caa`, of
   version 4. So in longer names the code stands for both.
8. Two of 5,000 parts have the same code with a probability of 1 in 140, and are kept apart (`core.redaction.marks`).
   For two products it is 1 in 190.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache, partial

from awstape.core.text.lazy_pattern import lazy_pattern

_LETTERS, _DIGITS = "klmrst", "23467"
SYMBOLS = _LETTERS + _DIGITS
_KEYED, _FEWEST_LETTERS = 9, 5
CODE = rf"[{SYMBOLS}{_LETTERS.upper()}]{{{_KEYED + 1}}}(?![0-9A-Za-z])"
JOINT = r"[ +,\-./:=@_]"
#: What an alias with codes begins with, and a hyphen.
MARKER = "alias"
UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_UUID = lazy_pattern(UUID)
_PART = lazy_pattern(rf"({UUID}(?={JOINT}|\Z)|[^ +,\-./:=@_]+)")
#: The characters of a code in hexadecimal digits, within what all such UUIDs have in common.
_HEX = "[0-9a-fA-F]"
_UUID_BEGIN = "00000000-"
UUID_ALIAS = lazy_pattern(rf"{_UUID_BEGIN}{_HEX}{{4}}-4{_HEX}{{3}}-8{_HEX}{{3}}-{_HEX}{{10}}(?:aa|AA)")
_MOST_CODES = 5
#: Between the words of a text that is no name.
_FEWEST_BLANKS = 3
#: The number of codes, and the largest prime p of which p × (p - 1) is below it: a product is two numbers below p.
_CODES: int = len(SYMBOLS) ** _KEYED
_PRIME = 48_541
#: The three characters of a number. A table is faster than one division for each character.
_TRIPLES = [one + two + three for three in SYMBOLS for two in SYMBOLS for one in SYMBOLS]
_NO_DIGITS = str.maketrans("", "", _DIGITS)


# --- one code ---------------------------------------------------------------------------------------------------


@lru_cache(2**16)  # the same aliases are found again and again
def is_code(text: str) -> bool:
    """True for the code of a part of a name."""
    return bool(re.fullmatch(CODE, text)) and _append_code_check(text[:_KEYED].lower()) == text.lower()


def spell_code(digest: bytes) -> str:
    """The code of a part of a name: keyed characters, then the check character."""
    while True:
        code = _append_code_check(_spell_number(int.from_bytes(digest[:8]), _KEYED))
        if len(code.translate(_NO_DIGITS)) >= _FEWEST_LETTERS:
            return code
        digest = hashlib.sha256(digest).digest()


def spell_code_of_account(alias: str) -> str:
    """The code of a part of a name that is an account, by the account's alias: the program may build the name from it.

    So it is the same for the account and its alias, with the key and without.
    """
    return spell_code(hashlib.sha256(f"account {alias}".encode()).digest())


def spell_code_in_case(meaning: str, spelled: str, spell: Callable[[str, Callable[[bytes], str]], str]) -> str:
    """The code for one spelling of a text: that of its meaning, with letters in upper case for any other spelling.

    meaning: the text in its canonical spelling, such as a part of a name in lower case. spell: what a function makes of
    a digest of a text. With one digest each, two other spellings have the same code with a probability of 1 in 30 or
    less.
    """
    code = spell(meaning, spell_code)
    if spelled == meaning:
        return code
    if spelled == meaning.upper():
        return code.upper()
    return spell(spelled, partial(_mix_case, code))


def _mix_case(code: str, digest: bytes) -> str:
    # Neither all in lower case nor all in upper case.
    chosen = 1 + int.from_bytes(digest[-8:]) % max(2 ** len(code.translate(_NO_DIGITS)) - 2, 1)
    mixed = ""
    for i in range(0, len(code), 3):
        triple, letters = _raise_letters(code[i : i + 3], chosen & 7)
        mixed += triple
        chosen >>= letters
    return mixed


@cache
def _raise_letters(text: str, chosen: int) -> tuple[str, int]:
    """The text with those letters in upper case that the bits of a number choose, and the number of its letters."""
    letters = [i for i, character in enumerate(text) if character.isalpha()]
    raised = {i for bit, i in enumerate(letters) if chosen >> bit & 1}
    return "".join(c.upper() if i in raised else c for i, c in enumerate(text)), len(letters)


# --- UUIDs ------------------------------------------------------------------------------------------------------


def spell_uuid(code: str) -> str:
    """The alias of a UUID, of its code. The letters at its end show the case of the code."""
    is_upper = code == code.upper()
    digits = (code.lower() if is_upper else code).encode().hex()
    text = f"{_UUID_BEGIN}{digits[:4]}-4{digits[4:7]}-8{digits[7:10]}-{digits[10:]}aa"
    return text.upper() if is_upper else text


def find_code_in_uuid(text: str) -> str | None:
    """The code in the alias of a UUID; None for any other text."""
    if not UUID_ALIAS.fullmatch(text):
        return None
    digits = text[9:13] + text[15:18] + text[20:23] + text[24:34]
    code = bytes.fromhex(digits).decode("latin-1")
    code = code.upper() if text == text.upper() else code
    return code if is_code(code) and spell_uuid(code) == text else None


# --- names ------------------------------------------------------------------------------------------------------


def split_name(text: str) -> list[str]:
    """Joints and parts in turn, beginning and ending with a joint, which may be empty."""
    return _PART.split(text)


def drop_markers(pieces: Sequence[str], is_known: Callable[[str], bool]) -> tuple[list[str], set[int]]:
    """A name of `split_name` without the word `alias-` before codes, and the places of the codes: `x.alias-CODE_y`.

    In the place of the alias of a UUID is its code.
    is_known: whether a code is one, and not a part that looks like one.
    """
    name = "".join(pieces)
    if MARKER not in name and _UUID_BEGIN not in name:
        return [*pieces], set()
    kept, codes, in_alias = [pieces[0]], set[int](), False
    for i in range(1, len(pieces), 2):
        part, joint = pieces[i], pieces[i + 1]
        if (code := find_code_in_uuid(part)) is not None and is_known(code):
            codes.add(len(kept))
            kept += [code, joint]
            in_alias = False
            continue
        follows = pieces[i + 2] if i + 2 < len(pieces) else ""
        if part == MARKER and joint.startswith("-") and is_code(follows) and is_known(follows):
            kept[-1] += joint[1:]
            in_alias = True
            continue
        in_alias = in_alias and is_code(part) and is_known(part)
        if in_alias:
            codes.add(len(kept))
        kept += [part, joint]
    return kept, codes


def join_codes(name: str, pieces: Sequence[str]) -> str:
    """The alias of a name, of which each part was replaced by its code."""
    if len(pieces) == 3 and _UUID.fullmatch(name):
        return spell_uuid(pieces[1])
    last = 2 * _most_codes(pieces) - 1
    if len(pieces) > last + 2:
        pieces = [*pieces[:last], _multiply(pieces[last:-1]), pieces[-1]]
    return f"{MARKER}-{''.join(pieces)}"


def _most_codes(pieces: Sequence[str]) -> int:
    """The most codes of an alias: one for a text of several words, which frequent ones would betray."""
    return 1 if sum(" " in joint for joint in pieces[2:-1:2]) >= _FEWEST_BLANKS else _MOST_CODES


def join_aliases(text: str) -> str:
    """The alias of the name that a text was made of, if that has aliases and joints only; else the text as it is."""
    pieces, codes = drop_markers(split_name(text), is_code)
    return join_codes(text, pieces) if len(codes) == len(pieces) // 2 > 0 else text


def _multiply(pieces: Sequence[str]) -> str:
    """The product of codes and of the joints between them, as a code."""
    slope, offset = 1, 0
    for i, piece in enumerate(pieces):
        a, b = divmod(_number_of_joint(piece) if i % 2 else _number_of_code(piece), _PRIME)
        a = a % (_PRIME - 1) + 1
        slope, offset = slope * a % _PRIME, (slope * b + offset) % _PRIME
    code = _append_code_check(_spell_number((slope - 1) * _PRIME + offset, _KEYED))
    codes = "".join(pieces[::2])
    if codes in (codes.lower(), codes.upper()):
        return code if codes == codes.lower() else code.upper()
    first = next((i for i, character in enumerate(code) if character.isalpha()), 0)
    return code[:first] + code[first:].capitalize()


def respell_codes(alias: str, respell: Callable[[str], str]) -> str:
    """The alias with each of its codes respelled."""
    if (code := find_code_in_uuid(alias)) is not None:
        return spell_uuid(respell(code))
    return _PART.sub(lambda part: respell(part[0]) if is_code(part[0]) else part[0], alias)


def spell_symbols(digest: bytes, length: int) -> str:
    """Characters of the alphabet of codes, spelled from a digest; a longer text than the digest has room for, too."""
    if length >= 64:
        blocks = [hashlib.sha256(digest + bytes([i])).digest() for i in range(min(length // 64, 255))]
        digest = b"".join([digest, *blocks])
    return _spell_number(int.from_bytes(digest), length)


def append_check(text: str, length: int) -> str:
    """A text of the alphabet of codes and its check characters."""
    return text + spell_symbols(hashlib.sha256(text.encode()).digest(), length)


def _spell_number(number: int, length: int) -> str:
    number %= len(SYMBOLS) ** length  # the fewer digits, the faster the divisions
    spelled = ""
    for _ in range(0, length, 3):
        number, triple = divmod(number, len(_TRIPLES))
        spelled += _TRIPLES[triple]
    return spelled[:length]


def _number_of_code(code: str) -> int:
    number = 0
    for character in reversed(code[:_KEYED].lower()):
        number = number * len(SYMBOLS) + SYMBOLS.index(character)
    return number


def _number_of_joint(joint: str) -> int:
    return int.from_bytes(hashlib.sha256(joint.encode()).digest()) % _CODES


def _append_code_check(keyed: str) -> str:
    """The code with the given keyed characters. It has a letter and a digit."""
    alphabet = _DIGITS if keyed.isalpha() else _LETTERS if keyed.isdigit() else SYMBOLS
    return keyed + alphabet[hashlib.sha256(keyed.encode()).digest()[0] % len(alphabet)]

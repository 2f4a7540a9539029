"""Numbers of people, cards and bank accounts: their forms, and the checks that tell them from any other number.

1. The check digits of a number must fit, where its form has some. So one in ten numbers of 16 digits that begin like a
   card number is taken for one, and one in 97 texts of the form of an IBAN.
2. Four groups of four digits, and the groups of an IBAN, need no check: no other number is written so, and one with a
   wrong digit is a customer's as well. (Three groups of four are an account id of AWS.)
3. Where a form has no check digits (US social security numbers), its groups must be of the right lengths.
4. The whole number is replaced. Spelled in another way, it is another string, with another alias.
   Sources: SWIFT's IBAN registry, ISO 13616 and ISO 7064; ISO 7812; and each country's own rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

#: Between groups: a blank, also one that does not break a line, or a hyphen.
_GAP = "[ \u00a0\u202f-]"
_NO_GAPS = str.maketrans("", "", " \u00a0\u202f-./")
#: Characters of an IBAN → its countries.
_IBAN_LENGTHS = {
    15: "NO",
    16: "BE",
    18: "DK FI FO GL NL",
    19: "MK SI",
    20: "AT BA EE KZ LT LU XK",
    21: "CH CR HR LI LV",
    22: "BG BH DE GB GE IE ME RS",
    23: "AE GI IL IQ TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "FR GR IT MC SM",
    28: "AL AZ CY DO GT HU LB PL",
    29: "BR EG PS QA UA",
    30: "JO KW MU",
    31: "MT SC",
    32: "LC",
}


def _iban_pattern() -> str:
    forms = []
    for length, countries in _IBAN_LENGTHS.items():
        groups, rest = divmod(length - 4, 4)
        grouped = rf"(?:{_GAP}[A-Z0-9]{{4}}){{{groups}}}" + (rf"{_GAP}[A-Z0-9]{{{rest}}}" if rest else "")
        forms.append(rf"(?:{'|'.join(countries.split())})\d\d(?:[A-Z0-9]{{{length - 4}}}|{grouped})(?![A-Za-z0-9])")
    return rf"(?=[A-Z]{{2}}\d\d)(?:{'|'.join(forms)})"


def _fits_iban(text: str) -> bool:
    bare = text.translate(_NO_GAPS)
    if bare != text and sum(map(str.isdigit, bare)) >= _FEWEST_DIGITS_OF_IBAN:
        return True
    return _number_of(bare[4:] + bare[:4]) % 97 == 1


#: In one with groups; more of them are letters in texts by chance.
_FEWEST_DIGITS_OF_IBAN = 10


def _number_of(text: str) -> int:
    """The number of a text in which A is 10 and Z is 35."""
    return int("".join(str(int(character, 36)) for character in text))


def _fits_luhn(text: str) -> bool:
    digits = [int(digit) for digit in reversed(text.translate(_NO_GAPS))]
    return sum(digits[::2] + [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]) % 10 == 0


_FOUR_GROUPS = rf"(?:\d{{4}}{_GAP}){{3}}\d{{4}}(?:{_GAP}\d{{3}}(?![\w/]))?"
_CARD = (
    rf"(?:{_FOUR_GROUPS}|3[0-9]\d\d{_GAP}\d{{6}}{_GAP}\d{{4,5}}"
    r"|4\d{12}(?:\d{3}){0,2}|5\d{15}|2[2-7]\d{14}|3[47]\d{13}|3[0689]\d{12}|35\d{14}|6\d{15}(?:\d{3})?)"
)


def _fits_card(text: str) -> bool:
    return re.fullmatch(_FOUR_GROUPS, text) is not None or _fits_luhn(text)


def _fits_ean(text: str) -> bool:
    digits = [int(digit) for digit in reversed(text.translate(_NO_GAPS))]
    return (sum(digits[::2]) + 3 * sum(digits[1::2])) % 10 == 0


def _fits_nir(text: str) -> bool:
    """Whether the key of a French social security number fits; in Corsica departments have letters."""
    digits = text.translate(_NO_GAPS).replace("2A", "19").replace("2B", "18")
    return int(digits[:-2]) % 97 + int(digits[-2:]) == 97


#: What each character of an Italian tax code counts in an odd place; in an even one it counts its number.
_ODD = dict(zip("0123456789ABCDEFGHIJ", (1, 0, 5, 7, 9, 13, 15, 17, 19, 21) * 2, strict=True)) | dict(
    zip("KLMNOPQRSTUVWXYZ", (2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23), strict=True)
)


def _fits_codice_fiscale(text: str) -> bool:
    even = sum(int(character, 36) - (0 if character.isdigit() else 10) for character in text[1:15:2])
    return chr(ord("A") + (sum(_ODD[character] for character in text[:15:2]) + even) % 26) == text[15]


def _fits_dni(text: str) -> bool:
    bare = text.translate(_NO_GAPS)
    number = int(bare[:-1].translate(str.maketrans("XYZ", "012")))
    return "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23] == bare[-1]


def _fits_cpf(text: str) -> bool:
    digits = [int(digit) for digit in text.translate(_NO_GAPS)]
    if len(set(digits)) == 1:
        return False
    checks = (sum(d * w for d, w in zip(digits[:n], range(n + 1, 1, -1), strict=True)) * 10 % 11 % 10 for n in (9, 10))
    return list(checks) == digits[9:]


def _fits_rijksregister(text: str) -> bool:
    """Whether the check of a Belgian number fits. Since 2000 it is computed from a longer number."""
    digits = text.translate(_NO_GAPS)
    return any(97 - int(century + digits[:-2]) % 97 == int(digits[-2:]) for century in ("", "2"))


@dataclass(frozen=True)
class PersonalNumber:
    """A form of number.

    kind: what such a number is called, in counts and messages.
    pattern: of all candidates.
    is_valid: whether a candidate is one.
    """

    kind: str
    pattern: str
    is_valid: Callable[[str], bool] = lambda _: True


_PERSON = "personal number"
PERSONAL_NUMBERS: Mapping[str, PersonalNumber] = {
    "iban": PersonalNumber("IBAN", _iban_pattern(), _fits_iban),
    "ahv": PersonalNumber(_PERSON, r"756(?:\.\d{4}\.\d{4}\.| \d{4} \d{4} |-\d{4}-\d{4}-|\d{8})\d{2}", _fits_ean),
    "card": PersonalNumber("card number", _CARD, _fits_card),
    "ssn": PersonalNumber(_PERSON, r"(?!000|666)\d{3}-(?!00)\d\d-(?!0000)\d{4}"),
    "nir": PersonalNumber(
        _PERSON, r"[12] ?\d\d ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d", _fits_nir
    ),
    "codicefiscale": PersonalNumber(_PERSON, r"[A-Z]{6}\d\d[ABCDEHLMPRST]\d\d[A-Z]\d{3}[A-Z]", _fits_codice_fiscale),
    "dni": PersonalNumber(_PERSON, r"(?:[XYZ]-?\d{7}|\d{8})-?[A-HJ-NP-TV-Z]", _fits_dni),
    "cpf": PersonalNumber(_PERSON, r"\d{3}\.\d{3}\.\d{3}-\d\d", _fits_cpf),
    "rijksregister": PersonalNumber(_PERSON, r"\d\d\.[0-5]\d\.\d\d-\d{3}\.\d\d", _fits_rijksregister),
    "nino": PersonalNumber(_PERSON, r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] \d\d \d\d \d\d [A-D]"),
}

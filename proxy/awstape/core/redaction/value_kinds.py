"""The kinds of real values: what people call a value, and how the search before a write looks for it.

1. A kind is the type of a resource or the beginning of a member's name (`role`, `log-group`, `display`); its values are
   names. Only other kinds have a row.
2. The kind of an identifier stands in the row of its form (`core.redaction.text.identifiers`); all others are here.
"""

from __future__ import annotations

from string import ascii_letters, digits
from typing import NamedTuple

DIGITS, LETTERS_AND_DIGITS = frozenset(digits), frozenset(ascii_letters + digits)
#: Borders of a value that is found beside any character.
NO_BORDERS = frozenset[str]()


class ValueKind(NamedTuple):
    """A kind of real value.

    name: the kind in counts, in what programs read and in the store of takes that are set aside.
    noun: what messages call one value; the name, if it is empty.
    borders: the characters that may not be beside a value, which is searched for as a part of any string. None: it is
        searched for as a name, a word of free text.
    may_be_kept: whether a rule of the project lets such a value stay where it is a part of a string.
    is_searched: false for values that are replaced as a precaution, not because they identify a customer.
    """

    name: str
    noun: str = ""
    borders: frozenset[str] | None = LETTERS_AND_DIGITS
    may_be_kept: bool = True
    is_searched: bool = True


PAGE_TOKEN = "page token"
_NOUNS_OF_NAMES = {
    "any": "secret",
    "binary": "binary value",
    "certificate": "certificate",
    "claim": "claim of a token",
    "client": "client id",
    "external-id": "external id",
    "host": "host",
    "name": "other name",
    "path": "path",
    "public-key": "public key",
    "saml metadata": "SAML metadata document",
    "saml-part": "SAML name",
    "serial": "serial number",
    "url": "link",
}
_NOUNS_OF_UNSEARCHED = {
    "attribute": "attribute name",
    "code": "authentication code",
    "filter": "filter value",
    "masked": "masked text",
    "object": "object key",
    "part": "other name",
    "quantity": "number",
    "subject": "federated subject",
    "text": "unknown text",
    "time": "time",
    "value": "parameter value",
}
#: The kinds with a row whose values have no form of their own.
KINDS_WITHOUT_FORM = (
    ValueKind("fingerprint", borders=NO_BORDERS, may_be_kept=False),
    ValueKind("password", "secret", NO_BORDERS, may_be_kept=False),
    ValueKind(PAGE_TOKEN, may_be_kept=False),
    *(ValueKind(name, noun, borders=None) for name, noun in _NOUNS_OF_NAMES.items()),
    *(ValueKind(name, noun, borders=None, is_searched=False) for name, noun in _NOUNS_OF_UNSEARCHED.items()),
)

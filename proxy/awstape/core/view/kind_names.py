"""The kinds of real values, as people call them.

A kind is a type of a resource or the beginning of a member's name (`role`, `log-group`, `display`), and stands for a
name, or it is one of the table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from awstape.core.text.counting import count

_NAMES = {
    "IBAN": "IBAN",
    "account": "account id",
    "address": "IP address",
    "any": "secret",
    "binary": "binary value",
    "card number": "card number",
    "certificate": "certificate",
    "claim": "claim of a token",
    "client": "client id",
    "code": "authentication code",
    "e-mail": "e-mail address",
    "external-id": "external id",
    "filter": "filter value",
    "fingerprint": "fingerprint",
    "host": "host",
    "identity": "identity",
    "issuer": "issuer id",
    "jwt": "JSON web token",
    "masked": "masked text",
    "name": "other name",
    "object": "object key",
    "part": "other name",
    "password": "secret",
    "path": "path",
    "pem": "PEM block",
    "personal number": "personal number",
    "phone": "phone number",
    "public-key": "public key",
    "saml metadata": "SAML metadata document",
    "saml-part": "SAML name",
    "secret": "possible secret",
    "serial": "serial number",
    "subject": "federated subject",
    "text": "unknown text",
    "url": "link",
    "value": "parameter value",
}


def kind_name(kind: str) -> str:
    """What a kind of real value is called, as a noun in the singular."""
    words = kind.replace("-", " ")
    return _NAMES.get(kind) or (words if words.endswith((" id", " name", " token")) else f"{words} name")


def count_kinds(numbers: Mapping[str, int]) -> str:
    """`2 account ids, 1 role name`. numbers: kind → number of values; kinds of one name are counted together."""
    by_name = Counter[str]()
    for kind, number in numbers.items():
        by_name[kind_name(kind)] += number
    return ", ".join(count(number, name) for name, number in sorted(by_name.items(), key=_in_any_case))


def _in_any_case(item: tuple[str, int]) -> str:
    return item[0].lower()

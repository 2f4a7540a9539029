"""The forms in which a known secret may stand in other texts, and which secrets no other text is searched for.

1. A secret is searched for as it is, in upper and lower case, backwards, and in base64 and hexadecimal digits, once or
   twice encoded, wherever it begins in what is encoded. Longer runs that encode text are decoded as a whole
   (`core.text.encoded_text`); these forms find what is too short for that, and what is beside bytes of no text.
2. A secret of less than six characters is in other texts by chance: it stays there, and so do its forms. One of four
   or five is searched for as a word if it has letters of both cases and digits.
3. A word that everybody uses is no secret elsewhere: a service, a word of policies and ARNs, a type, a region, a word
   of one case with less than eight letters. To replace `lambda` in an ARN would reveal that a secret is `lambda`.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from typing import NamedTuple

from awstape.core.redaction.documentation_names import has_general_words_only
from awstape.core.redaction.services.public_words import is_public_word
from awstape.core.redaction.value_kinds import DIGITS, LETTERS_AND_DIGITS, NO_BORDERS
from awstape.core.text.lazy_pattern import lazy_pattern

_SHORTEST, _SHORTEST_MIXED = 6, 4
#: A date, in digits only.
_DATE = lazy_pattern(r"(?:19|20)\d{6}", re.ASCII)
#: A form of fewer characters is in other texts by chance.
_SHORTEST_FORM = 6
_LONGEST_PLAIN_WORD = 7
_LONGEST = 200
#: Words of policies, ARNs and CloudFormation, and services whose names are long.
_WORDS = frozenset(
    """
    accesspoint administratoraccess assumed-role autoscaling cloudformation cloudfront cloudtrail cloudwatch
    conditions condition delete-marker description document dynamodb elasticache elasticloadbalancing eventbridge
    execution federated-user function functions identifier instance-profile instance-profiles kinesisanalytics
    log-group lambda-function notaction notprincipal notresource opensearch organizations parameter parameters
    permission permissions policydocument postgresql poweruseraccess principal principals production properties
    readonlyaccess redshift repository resource resources resourcetag saml-provider secretsmanager securityaudit
    server-certificate servicecatalog statement statements stringequals stringlike development version administrator
    database username password username customer customers
    """.split()
)
_ACTION = lazy_pattern(r"[a-z][a-z0-9-]{1,40}:(?:\*|[A-Z][A-Za-z]{2,60}\*?)")
_OF_AWS = lazy_pattern(r"arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:aws:.*")


def is_searched_secret(text: str) -> bool:
    """Whether other texts are searched for a secret."""
    is_mixed = all(any(map(test, text)) for test in (str.isupper, str.islower, str.isdigit))
    if (
        len(text) < (_SHORTEST_MIXED if is_mixed else _SHORTEST)
        or _DATE.fullmatch(text)
        or text.lower() in _WORDS
        or _ACTION.fullmatch(text)
        or _OF_AWS.fullmatch(text)
    ):
        return False
    is_of_one_case = text.islower() or text.isupper() or text.istitle()
    if text.isalpha() and len(text) <= _LONGEST_PLAIN_WORD and is_of_one_case:
        return False
    return not (is_public_word(text) or has_general_words_only(text))


def borders_of_secret(text: str) -> frozenset[str]:
    """The characters that may not be beside a secret."""
    return DIGITS if text.isdigit() else LETTERS_AND_DIGITS if len(text) < _SHORTEST else NO_BORDERS


class SecretForm(NamedTuple):
    """A form of a secret in other texts. is_part: whether what it stands for is a part of what is encoded around it."""

    text: str
    is_part: bool = False


def secret_forms(secret: str) -> Iterator[SecretForm]:
    """The forms of a secret that other texts are searched for, itself first."""
    yield SecretForm(secret)
    if not _SHORTEST <= len(secret) <= _LONGEST:
        return
    data = secret.encode("utf-8", "surrogatepass")
    others = set(filter(is_searched_secret, (secret.upper(), secret.lower(), secret[::-1])))
    once = base64.b64encode(data)
    hexadecimal = data.hex()
    others |= {data.hex(" "), data.hex(":"), data.hex(" ").upper(), data.hex(":").upper()}
    yield from (SecretForm(text) for text in sorted(others - {secret}) if len(text) >= _SHORTEST_FORM)
    parts = {part for each in (data, once, hexadecimal.encode()) for part in _base64_parts(each)}
    parts |= {hexadecimal, hexadecimal.upper()}
    yield from (SecretForm(part, is_part=True) for part in sorted(parts) if len(part) >= _SHORTEST_FORM)


def _base64_parts(data: bytes) -> Iterator[str]:
    """The characters of base64 that depend on nothing but some bytes, for each position that these may have."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + data).decode()
        begin = -(-8 * before // 6)
        part = encoded[begin : 8 * (before + len(data)) // 6]
        yield part
        yield part.replace("+", "-").replace("/", "_")

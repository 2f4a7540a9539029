"""Secrets by their place: the values of keys, tags and pairs in text that say password, secret, token or credential.

1. `true`, `false`, short numbers, times, templates (`${SECRET}`) and words of AWS say nothing of a secret, and stay.
2. An identifier keeps its own alias. So does a path, an ARN or another text that is no single word.
3. In a sentence, a word of letters only is a secret if it ends its line and its key is a password.
"""

from __future__ import annotations

import re

from awstape.core.redaction.alias_grammar import is_alias
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.text.identifiers import redact_whole_identifier

_PASSWORD = r"passw(?:or)?d|passphrase|pwd"
_WORD = rf"{_PASSWORD}|secret|token|credentials?|api[_-]?key|private[_-]?key|secret[_-]?(?:access[_-]?)?key"
_KEY = re.compile(_WORD, re.IGNORECASE)
_PASSWORD_KEY = re.compile(rf"(?:{_PASSWORD}|secret)$", re.IGNORECASE)
_HARMLESS = re.compile(
    r"(?i:true|false|yes|no|on|off|none|null|enabled|disabled|required|optional|n/a)|-?\d{1,5}(?:\.\d{1,5})?"
    r"|\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-][\d:]+)?)?|(?:take-\d+\.)?page-\d+\.[a-z2-7]{4}|page-token"
    r"|[$<{*\[(%].*|(?:arn|s3|https?):.*|.{0,2}",
    re.DOTALL,
)
#: A key and its value: `db-password: hunter22`, `PGPASSWORD=x`, `--password x`.
SECRET_PAIR = rf"""(?<![\w.$:-])(?P<secret_key>(?:--[\w-]*?)?(?:[\w-]+[._-]|[A-Z]+|[A-Za-z]+(?=[A-Z]))?(?i:{_WORD}))
    (?P<secret_joint>["']?\s?=>?\s?["']?|["']?:[ ]?["']?|(?<=word)[ ](?<=--password[ ]))
    (?P<secret>[^\s"',;&<>(){{}}\[\]`]+)(?P<secret_end>(?=["'\s]*(?:[,;&)}}\]]|\Z|\n)))?"""


def is_secret_key(key: str) -> bool:
    """Whether the name of a tag, or of a member without a model, says that its value is a secret."""
    return ":" not in key and _KEY.search(key) is not None


def redact_secret(text: str, aliases: Aliases) -> str:
    """The value of a secret's key. A word of letters only is replaced, but not searched for everywhere."""
    if _HARMLESS.fullmatch(text) or is_alias(text):
        return text
    return redact_whole_identifier(text, aliases) or aliases.password(text, "value" if text.isalpha() else "password")


def redact_secret_pair(match: re.Match[str], aliases: Aliases) -> str | None:
    """A match of `SECRET_PAIR` with an alias for the value; None if it is none of a secret."""
    key, joint, text = match["secret_key"], match["secret_joint"], match["secret"]
    value = text.rstrip(".:!?")
    is_sentence = "=" not in joint and not key.startswith("--")
    if is_sentence and value.isalpha() and not (match["secret_end"] is not None and _PASSWORD_KEY.search(key)):
        return None
    redacted = redact_secret(value, aliases)
    return None if redacted == value else f"{key}{joint}{redacted}{text[len(value) :]}"

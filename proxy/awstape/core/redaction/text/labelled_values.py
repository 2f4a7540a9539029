"""Values that the words beside them identify: names in messages, secrets behind their keys.

1. `The role with name X cannot be found`, `Login Profile for User bob`: a name follows the word for its kind. After
   `with name`, `named` or `called` it is a name whatever follows; otherwise only before the words of an error (`cannot
   be found`, `is not authorized`), or in quotes. A word of the sentence is no name.
2. `db-password: hunter22`, `PGPASSWORD=x`, `--password x`: a key, a tag or the key of a pair that says password,
   secret, token or credential has a secret as its value.
3. `true`, `false`, short numbers, times, templates (`${SECRET}`) and page tokens of awstape say nothing of a secret,
   and stay. An ARN or a URL is redacted as such, an identifier keeps its own alias.
4. In a sentence, a word of letters only is a secret if it ends its line or clause and its key is a password.
"""

from __future__ import annotations

import re

from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.text.arn import redact_name
from awstape.core.redaction.text.identifiers import REPLAY_TOKEN, redact_whole_identifier

# --- names in messages ------------------------------------------------------------------------------------------

_KIND = r"""(?:[Uu]sers?|[Rr]oles?|[Gg]roups?|(?:[Mm]anaged\ )?[Pp]olicy|[Ii]nstance\ ?[Pp]rofile
    |[Ss]erver\ ?[Cc]ertificate|[Ss]igning\ [Cc]ertificate|[Aa]nalyzer|[Aa]rchive\ ?[Rr]ule|[Aa]ccount\ [Aa]lias
    |(?:SAML|Saml)\ ?[Pp]rovider|(?:OIDC\ )?[Pp]rovider|[Bb]ucket|[Ee]ntity|[Pp]rincipal|[Tt]emplate)"""
#: A dot or comma at the end belongs to the sentence.
_NAME = r"[\w+=@/][\w+=,.@/-]{0,199}(?<![.,])"
_NO_NAMES = "|".join(
    """
    a already an and any anonymous are arn by can cannot could document does doesn't for from has have id in is isn't
    may must name names no not of on or path policy session should that the this to type version was were which will
    with whose
    """.split()
)
_SENTENCE = rf"(?!(?:{_NO_NAMES})\b(?![\w+=@/-]))"
_VERB = r"""(?:(?:cannot|can't|can\ not|could\ not)\ be|(?:does|do)\ not\ exist|doesn't\ exist|(?:is|was)\ not
    |isn't|(?:is\ )?already\ (?:exists|attached|in|a\ member)|not\ (?:found|attached|authorized)
    |has\ (?:no|already|more)\ (?!an?\ )|is\ (?:managed|invalid|in\ use))\b"""
_NAMING = r"(?:(?:with|by)\ (?:(?:user|role|group|the)\ )?(?:name|id|alias)|named|called)(?::|\ is)?"
NAMED_ENTITY = rf"""\b(?P<named_kind>{_KIND})(?P<named_joint>
      (?:\ policy)?\ {_NAMING}\ ["'`]?{_SENTENCE}(?!arn:)
    | (?::\ ?|\ ){_SENTENCE}(?={_NAME}\ {_VERB})
    | (?::\ ?|\ )["'`](?={_NAME}["'`]))(?P<named>{_NAME})"""


def redact_named_entity(match: re.Match[str], aliases: Aliases) -> str:
    """A match of `NAMED_ENTITY`, with an alias for the name."""
    kind = match["named_kind"].lower().removesuffix("s").removeprefix("managed ").replace(" ", "-")
    return f"{match['named_kind']}{match['named_joint']}{redact_name(kind, match['named'], aliases)}"


# --- secrets ----------------------------------------------------------------------------------------------------

_PASSWORD = r"passw(?:or)?d|passphrase|pwd"
_WORD = rf"{_PASSWORD}|secret|token|credentials?|api[_-]?key|private[_-]?key|secret[_-]?(?:access[_-]?)?key"
_KEY = re.compile(_WORD, re.IGNORECASE)
_PASSWORD_KEY = re.compile(rf"(?:{_PASSWORD}|secret)$", re.IGNORECASE)
_HARMLESS = re.compile(
    r"(?i:true|false|yes|no|on|off|none|null|enabled|disabled|required|optional|n/a)|-?\d{1,5}(?:\.\d{1,5})?"
    r"|\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-][\d:]+)?)?"
    rf"|{REPLAY_TOKEN}"
    r"|[$<{*\[(%].*|(?:arn|https?):.*|s3://.*|.{0,2}",
    re.DOTALL,
)
#: A key and its value: `db-password: hunter22`, `PGPASSWORD=x`, `--password x`.
SECRET_PAIR = rf"""(?<![\w.$:-])(?P<secret_key>(?P<secret_option>--)?[\w.-]{{0,60}}?(?i:{_WORD}))
    (?P<secret_joint>["']?\s?=>?\s?["']?|["']?:[ ]?["']?|(?(secret_option)[ ]|(?!)))
    (?P<secret>[^\s"',;&<>(){{}}\[\]`]+)(?P<secret_end>(?=["'\s]*(?:[,;&)}}\]]|\Z|\n)))?"""


def is_secret_key(key: str) -> bool:
    """Whether the name of a tag, or of a member without a model, says that its value is a secret."""
    return ":" not in key and _KEY.search(key) is not None


def redact_secret(text: str, aliases: Aliases) -> str:
    """The value of a secret's key. A word of letters only is replaced, but not searched for everywhere."""
    if _HARMLESS.fullmatch(text) or aliases.is_alias(text):
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

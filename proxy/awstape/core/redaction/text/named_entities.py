"""Names in the messages of errors: `The role with name X cannot be found`, `Login Profile for User bob`.

1. A name follows the word for its kind. After `with name`, `named` or `called` it is a name whatever follows; otherwise
   only before the words of an error (`cannot be found`, `is not authorized`), or in quotes.
2. A word of the sentence is no name.
"""

from __future__ import annotations

import re

from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.text.arn import redact_name

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
_VERB = r"""(?:(?:cannot|can't|can\ not|could\ not)\ be|(?:does|do)\ not\ exist|doesn't\ exist|is\ not|isn't|was\ not
    |already|not\ (?:found|attached|authorized|exist)|has\ (?:no|already|more)|is\ (?:already|managed|invalid|in\ use)
    |must|exceeds|cannot|failed)\b"""
_NAMING = r"(?:(?:with|by)\ (?:(?:user|role|group|the)\ )?(?:name|id|alias)|named|called)(?::|\ is)?"
NAMED_ENTITY = rf"""\b(?P<named_kind>{_KIND})(?P<named_joint>
      (?:\ policy)?\ {_NAMING}\ ["'`]?{_SENTENCE}(?!arn:)
    | (?::\ ?|\ ){_SENTENCE}(?={_NAME}\ {_VERB})
    | (?::\ ?|\ )["'`](?={_NAME}["'`]))(?P<named>{_NAME})"""


def redact_named_entity(match: re.Match[str], aliases: Aliases) -> str:
    """A match of `NAMED_ENTITY`, with an alias for the name."""
    kind = match["named_kind"].lower().removesuffix("s").removeprefix("managed ").replace(" ", "-")
    return f"{match['named_kind']}{match['named_joint']}{redact_name(kind, match['named'], aliases)}"

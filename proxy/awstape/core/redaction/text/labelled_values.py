"""Names in messages, which the words beside them identify, and values that are harmless in every place.

1. `The role with name X cannot be found`, `Login Profile for User bob`: a name follows the word for its kind. After
   `with name`, `named` or `called` it is a name whatever follows; otherwise only before the words of an error (`cannot
   be found`, `is not authorized`), or in quotes. A word of the sentence is no name. There may be several: `Users a, b
   and c not found`, `roles could not be deleted: a, b`.
2. Harmless values stay in every place of a name or a secret (`core.redaction.private_values.secret_labels`): templates,
   words such as `true`, short numbers, times.
"""

from __future__ import annotations

import re

from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.text.arn import redact_name
from awstape.core.text.lazy_pattern import lazy_pattern

# --- harmless values --------------------------------------------------------------------------------------------

#: A place for a value: `${x}`, `$(x)`, `$X`, `{{ x }}`, `{x}`, `<some words>`, `[some words]`, `(some words)`, `%(x)s`,
#: `%s`, `%X%`, `***`.
TEMPLATE = (
    r"(?:\$\{[^{}\s]*\}|\$\([^()\s]*\)|\$[A-Z][A-Z0-9_]*(?![\w-])|\{\{[^{}]*\}\}|\{[A-Za-z_.]*\}"
    r"|<[A-Za-z_\ -]+>|\[[A-Za-z_\ -]+\]|\([A-Za-z_\ -]+\)|%\([a-z_]+\)s|%[sdr](?!\w)|%[A-Z_]+%|\*+(?![\w*]))"
)
_TEMPLATE = lazy_pattern(TEMPLATE)
_TRUTH = lazy_pattern(r"true|false|yes|no|on|off|none|null|enabled|disabled|required|optional|n/a", re.IGNORECASE)
#: The most digits of a number that is no account id.
MOST_DIGITS = 11
_NUMBER = lazy_pattern(rf"-?(?P<digits>\d{{1,{MOST_DIGITS}}})(?:\.\d{{1,9}})?", re.ASCII)
_TIME = lazy_pattern(r"\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-][\d:]+)?)?", re.ASCII)


def is_template(text: str) -> bool:
    """True for a place that another program fills."""
    return _TEMPLATE.fullmatch(text) is not None


def is_harmless(text: str, most_digits: int = 5) -> bool:
    """True for a value that is no name and no secret. most_digits: of a number; more digits may be a secret."""
    if number := _NUMBER.fullmatch(text):
        return len(number["digits"]) <= most_digits
    return any(form.fullmatch(text) for form in (_TRUTH, _TIME, _TEMPLATE))


# --- names in messages ------------------------------------------------------------------------------------------

_KIND = r"""(?:[Uu]ser|[Rr]ole|[Gg]roup|(?:[Mm]anaged\ )?[Pp]olic(?:y|ies)|[Ii]nstance\ ?[Pp]rofile
    |[Ss]erver\ ?[Cc]ertificate|[Ss]igning\ [Cc]ertificate|[Aa]nalyzer|[Aa]rchive\ ?[Rr]ule|[Aa]ccount\ [Aa]lias
    |(?:SAML|Saml)\ ?[Pp]rovider|(?:OIDC\ )?[Pp]rovider|[Bb]ucket|[Ee]ntit(?:y|ies)|[Pp]rincipal|[Tt]emplate
    |[Dd]evice|[Ll]ogin\ [Pp]rofile\ for)"""
#: A dot or comma at the end belongs to the sentence.
_NAME = r"[\w+=@/][\w+=,.@/-]{0,199}(?<![.,])"
_NO_NAMES = "|".join(
    """
    a all already an and any anonymous are arn both by can cannot could document does doesn't for from has have id in
    is isn't may must name names no none not of on or path policy session should that the these this those to type
    version was were which will with whose
    """.split()
)
_SENTENCE = rf"(?!(?:{_NO_NAMES})\b(?![\w+=@/-]))"
_ITEM = rf"""(?:{_SENTENCE}(?!arn:){_NAME}|["'`]{_NAME}["'`])"""
_QUOTED = rf"""["'`]{_NAME}["'`]"""
_AND = r"(?:,?\ (?:and|or)\ |[,;]\ )"
_LIST, _QUOTED_LIST = (rf"[\[({{]?{item}(?:{_AND}{item})*[\])}}]?" for item in (_ITEM, _QUOTED))
_VERB = r"""(?:(?:cannot|can't|can\ not|could\ not)\ be|(?:does|do)\ not\ exist|(?:doesn't|don't)\ exist
    |(?:is|are|was|were)\ not|isn't|aren't|(?:(?:is|are)\ )?already\ (?:exists?|attached|in|a\ member)
    |already\ ha(?:s|ve)\ (?:a\ )?password|not\ (?:found|attached|authorized|in\ group)
    |ha(?:s|ve)\ (?:no|already|more)\ (?!an?\ )|(?:is|are)\ (?:managed|invalid|in\ use))\b"""
_NAMING = r"(?:(?:with|by)\ (?:(?:user|role|group|the)\ )?(?:name|id|alias)s?|named|called)(?::|\ is|\ are)?"
_NOT = r"(?:not|no|invalid|unknown|missing|unable|cannot|couldn't|failed)"
_END = r"[.;]?\s*(?:\Z|\n|\()"
NAMED_ENTITY = rf"""(?:\b(?P<named_kind>{_KIND})(?:e?s)?(?:
      (?:\ policy)?\ {_NAMING}\ (?={_LIST}(?:\ {_VERB}|{_END}))
    | (?::\ ?|\ )(?={_LIST}\ {_VERB}|{_QUOTED_LIST})
    | (?:\ [a-z']+){{0,6}}?\ {_NOT}(?:\ [a-z]+){{0,4}}:\ (?={_LIST}{_END})
    | (?P<named_single>(?:\ policy)?\ {_NAMING}\ ["'`]?{_SENTENCE}(?!arn:)))
  | \b(?:[Nn]o\ such|[Uu]nknown|[Ii]nvalid|[Mm]issing)\ (?P<missing_kind>{_KIND})(?:e?s)?:\ (?={_LIST}{_END})
  | \b(?:not\ attached\ to|not\ in|already\ in|not\ found\ (?:in|for)|member\ of)\ (?:the\ )?
    (?P<other_kind>{_KIND})\ (?={_LIST}{_END}))
  (?P<named>(?(named_single){_NAME}|{_LIST}))"""
_IN_LIST = lazy_pattern(rf"""(?:{_AND})|["'`\[({{]|(?P<name>(?u:{_NAME}))""", re.VERBOSE)


def redact_named_entity(match: re.Match[str], aliases: Aliases) -> str:
    """A match of `NAMED_ENTITY`, with aliases for its names."""
    kind = (match["named_kind"] or match["missing_kind"] or match["other_kind"]).lower()
    kind = kind.removeprefix("managed ").replace("ies", "y").replace(" ", "-")

    def redact(part: re.Match[str]) -> str:
        return redact_name(kind, part["name"], aliases) if part["name"] else part[0]

    return match[0][: match.start("named") - match.start()] + _IN_LIST.sub(redact, match["named"])

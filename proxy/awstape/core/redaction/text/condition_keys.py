"""What condition keys tell of their values: external ids, session names, subjects and claims of federated identities.

A condition's value by itself is a word like any other; its key says whose it is. A federated provider's keys begin with
its host, which becomes the alias that the provider's ARN has.
"""

from __future__ import annotations

import re

from awstape.core.redaction.alias_grammar import is_alias
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.text.arn import is_principal, redact_name, redact_provider, redact_wild

#: Condition keys, in lower case, whose values are names of a kind.
VALUE_KINDS = {
    "sts:externalid": "external-id",
    "aws:username": "user",
    "sts:rolesessionname": "session",
    "aws:sourceidentity": "user",
    "sts:sourceidentity": "user",
}
#: `oidc.example.com/id/1:sub`
_PROVIDER_KEY = re.compile(r"(?P<provider>(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}(?:/[^\s:]*)?):(?P<claim>[A-Za-z]\w*)")
_AUDIENCE = re.compile(
    r"https://(?:[a-z0-9-]+\.)?signin\.(?:aws\.amazon\.com|amazonaws\.cn|amazonaws-us-gov\.com)/saml"
)
#: Claims whose values are words of the protocol.
_PUBLIC_CLAIMS = frozenset({"amr", "acr", "azp_type", "sub_type"})
#: Tags and keys that by their name hold a secret.
_OF_SECRETS = re.compile(r"(?:password|passwd|secret|secret_?(?:access_?)?key|api_?key)$")
_SUBJECT_PART = re.compile(r"([:/])")
#: Words of GitHub's, GitLab's, Terraform's and Kubernetes' subjects.
_SUBJECT_WORDS = frozenset(
    """
    branch environment heads organization project project_path pull_request ref ref_type refs repo run_phase
    serviceaccount system tag tags workspace
    """.split()
)
#: `"key": "value"` or `"key": ["value", …]` in a text that is no JSON, or is quoted.
_PAIR = re.compile(r'"(?P<key>[^"\\\s]{1,300})\\*"\s*:\s*(?P<values>\\*"[^"\\]*\\*"|\[[^\[\]{}]*\])')
_STRING = re.compile(r'(?<=")[^"\\,\[\]][^"\\]*(?=\\*")')


def redact_value(key: str, text: str, aliases: Aliases) -> str | None:
    """The value of a condition key or principal that says what it is, as an alias; None for any other."""
    if is_alias(text):
        return text
    key = key.lower()
    if kind := VALUE_KINDS.get(key):
        return redact_wild(text, lambda piece: redact_name(kind, piece, aliases))
    if key == "federated" and not text.startswith("arn:"):
        return redact_wild(text, lambda piece: redact_provider(piece, aliases))
    if key == "aws:userid" and ":" in text:
        who, _, session = text.partition(":")
        named = redact_wild(session, lambda piece: redact_name("session", piece, aliases))
        return f"{redact_wild(who, lambda piece: redact_name('user', piece, aliases))}:{named}"
    if _OF_SECRETS.search(key) and re.fullmatch(r"[^*?$]{4,}", text) and ":" not in text:
        return aliases.password(text)
    claim = key.rpartition(":")[2]
    if claim == "sub":
        return redact_wild(text, lambda piece: _redact_subject(piece, aliases))
    if claim == "aud":
        if _AUDIENCE.fullmatch(text):
            return text
        return redact_wild(text, lambda piece: redact_name("client", piece, aliases))
    if claim not in _PUBLIC_CLAIMS | {"aud"} and (_PROVIDER_KEY.fullmatch(key) or key.startswith("saml:")):
        return redact_wild(text, lambda piece: redact_name("claim", piece, aliases))
    return None


def redact_key(text: str, aliases: Aliases) -> str | None:
    """A federated provider's condition key with its host as an alias; None for any other text."""
    match = _PROVIDER_KEY.fullmatch(text)
    if match is None or text.startswith("arn:") or is_principal(match["provider"]):
        return None
    return f"{redact_provider(match['provider'], aliases)}:{match['claim']}"


def redact_pairs(text: str, aliases: Aliases) -> str:
    """A text that is no JSON but quotes some: what is said of keys and values counts there, too."""

    def pair(match: re.Match[str]) -> str:
        said, key = match[0], match["key"]
        values = said[match.start("values") - match.start() :]
        redacted = _STRING.sub(lambda value: redact_value(key, value[0], aliases) or value[0], values)
        return said[: -len(values)].replace(key, redact_key(key, aliases) or key) + redacted

    return _PAIR.sub(pair, text) if '":' in text.replace(" ", "").replace("\\", "") else text


def _redact_subject(subject: str, aliases: Aliases) -> str:
    """`repo:owner/name:ref:refs/heads/main`, as OIDC providers name who asks: all but their own words is somebody's."""
    parts = _SUBJECT_PART.split(subject)
    return "".join(
        part if i % 2 or not part or part in _SUBJECT_WORDS or is_alias(part) else aliases.secret("subject", part)
        for i, part in enumerate(parts)
    )

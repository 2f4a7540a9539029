"""Condition keys and their values: external ids, session names, subjects and claims of federated identities.

1. The value of a condition is a word like any other; its key determines which kind of name it is.
2. The keys of a federated provider begin with the provider's host, which gets the same alias as in the provider's ARN.
3. In text that is no JSON but quotes some, keys and values are redacted in the same way.
"""

from __future__ import annotations

import re

from awstape.core.redaction.alias_grammar import is_alias
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.text.arn import is_service_principal, redact_literal_parts, redact_name, redact_provider

#: Condition key, in lower case → kind of the names that are its values.
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
#: Claims with values that are words of the protocol.
_PUBLIC_CLAIMS = frozenset({"amr", "acr", "azp_type", "sub_type"})
#: Names of tags and keys that hold a secret.
_SECRET_KEY = re.compile(r"(?:password|passwd|secret|secret_?(?:access_?)?key|api_?key)$")
_SUBJECT_SEPARATOR = re.compile(r"([:/])")
#: Words in the subjects of GitHub, GitLab, Terraform and Kubernetes.
_SUBJECT_WORDS = frozenset(
    """
    branch environment heads organization project project_path pull_request ref ref_type refs repo run_phase
    serviceaccount system tag tags workspace
    """.split()
)
#: `"key": "value"` or `"key": ["value", …]` in a text that is no JSON, or is quoted.
_PAIR = re.compile(r'"(?P<key>[^"\\\s]{1,300})\\*"\s*:\s*(?P<values>\\*"[^"\\]*\\*"|\[[^\[\]{}]*\])')
_STRING = re.compile(r'(?<=")[^"\\,\[\]][^"\\]*(?=\\*")')


def redact_condition_value(key: str, text: str, aliases: Aliases) -> str | None:
    """The alias of a value if its condition key or principal type determines its kind, else None."""
    if is_alias(text):
        return text
    key = key.lower()
    if kind := VALUE_KINDS.get(key):
        return _redact_names(kind, text, aliases)
    if key == "federated" and not text.startswith("arn:"):
        return redact_literal_parts(text, lambda piece: redact_provider(piece, aliases))
    if key == "aws:userid" and ":" in text:
        caller, _, session = text.partition(":")
        redacted = _redact_names("session", session, aliases)
        return f"{_redact_names('user', caller, aliases)}:{redacted}"
    if _SECRET_KEY.search(key) and re.fullmatch(r"[^*?$]{4,}", text) and ":" not in text:
        # The tag `secret` may have the value `true`: a word is replaced here, but not searched for everywhere.
        return aliases.password(text, "value" if text.isalpha() else "password")
    claim = key.rpartition(":")[2]
    if claim == "sub":
        return redact_literal_parts(text, lambda piece: _redact_subject(piece, aliases))
    if claim == "aud":
        return text if _AUDIENCE.fullmatch(text) else _redact_names("client", text, aliases)
    if claim not in _PUBLIC_CLAIMS and (_PROVIDER_KEY.fullmatch(key) or key.startswith("saml:")):
        return _redact_names("claim", text, aliases)
    return None


def redact_condition_key(text: str, aliases: Aliases) -> str | None:
    """The condition key of a federated provider with an alias for its host; None for any other text."""
    match = _PROVIDER_KEY.fullmatch(text)
    if match is None or text.startswith("arn:") or is_service_principal(match["provider"]):
        return None
    return f"{redact_provider(match['provider'], aliases)}:{match['claim']}"


def redact_quoted_pairs(text: str, aliases: Aliases) -> str:
    """A text that is no JSON, with the keys and values of the JSON that it quotes redacted."""

    def redact(match: re.Match[str]) -> str:
        pair, key = match[0], match["key"]
        values = pair[match.start("values") - match.start() :]
        redacted = _STRING.sub(lambda value: redact_condition_value(key, value[0], aliases) or value[0], values)
        return pair[: -len(values)].replace(key, redact_condition_key(key, aliases) or key) + redacted

    return _PAIR.sub(redact, text) if '":' in text.replace(" ", "").replace("\\", "") else text


def _redact_names(kind: str, text: str, aliases: Aliases) -> str:
    return redact_literal_parts(text, lambda piece: redact_name(kind, piece, aliases))


def _redact_subject(subject: str, aliases: Aliases) -> str:
    """An OIDC subject, such as `repo:owner/name:ref:refs/heads/main`: all but the providers' own words is redacted."""
    parts = _SUBJECT_SEPARATOR.split(subject)
    return "".join(
        part if i % 2 or not part or part in _SUBJECT_WORDS or is_alias(part) else aliases.secret("subject", part)
        for i, part in enumerate(parts)
    )

"""Values of conditions: external ids, session names, subjects of federated identities, addresses, paths, tags.

1. The value of a condition is a word like any other; its key (`core.redaction.policies.condition_keys`) determines what
   becomes of it. The same holds for a member of JSON that has the name of a condition key, and for a principal's type.
2. Wildcards and policy variables stay, whatever the key. So do `true` and `false`. The value of a secret's key is a
   secret (`core.redaction.private_values.secret_labels`).
3. The subject of a federated identity (`repo:acme/shop:ref:refs/heads/main`) is split at `:`, `/` and braces. The words
   of the providers, and the branches `main`, `master` and `develop`, stay; each name between them has the alias that it
   has as a name.
4. A name with policy variables or wildcards is a template. The same words stay in it:
   `${aws:PrincipalAccount}:workspace/${aws:PrincipalTag/Id}`.
5. A path in S3 (`s3:prefix`) is redacted as in the ARN of an object. A metric namespace of AWS (`AWS/EC2`) stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial

from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.policies.condition_keys import (
    ADDRESS_KEYS,
    ARN_KEY,
    NAME_KEYS,
    ORGANIZATION_KEY,
    PATH_KEYS,
    TAG_KEY,
    find_provider,
    has_words,
    redact_word,
)
from awstape.core.redaction.private_values.secret_labels import is_secret_key, redact_secret
from awstape.core.redaction.text.addresses import redact_address
from awstape.core.redaction.text.arn import is_service_principal, redact_literal_parts, redact_name, redact_provider
from awstape.core.redaction.text.identifier_search import redact_whole_arn
from awstape.core.redaction.text.identifiers import redact_whole_identifier
from awstape.core.text.lazy_pattern import lazy_pattern

_AUDIENCE = lazy_pattern(
    r"https://(?:[a-z0-9-]+\.)?signin\.(?:aws\.amazon\.com|amazonaws\.cn|amazonaws-us-gov\.com)/saml"
    r"|sts\.amazonaws\.com(?:\.cn)?|api://AzureADTokenExchange|aws\.workload\.identity"
)
_SUBJECT_SEPARATOR = lazy_pattern(r"([:/{}])")
#: Words in the subjects of Bitbucket, Buildkite, CircleCI, GitHub, GitLab, Kubernetes, Terraform and Vercel.
_SUBJECT_WORDS = frozenset(
    """
    .github apply branch commit environment heads https job_workflow_ref kube-system organization org owner pipeline
    plan project project_path pull pull_request ref ref_type refs repo run_phase serviceaccount step system tag tags
    user workflows workspace
    """.split()
)
#: Names of branches that most repositories have.
_BRANCHES = frozenset({"develop", "main", "master"})
_BEFORE_BRANCHES = frozenset({"heads", "ref"})
#: Words in front of a name, in a value that is an ARN without its beginning: `*:role/Deployer`.
_ARN_WORDS = frozenset(
    "arn aws iam sts assumed-role federated-user group instance-profile policy role root user".split()
)
#: `ou-ab12-*` has only the first part of the id.
_ORGANIZATION_ID = lazy_pattern(r"(?:o|r|p)-\w+|ou-(?:\w+-\w+|(?P<part>\w+))")
_ARN_SEPARATOR = lazy_pattern(r"([:/])")
_AWS_NAMESPACE = lazy_pattern(r"AWS/[\w /.*-]*|/aws/[\w/.*-]*")
_PARTIAL_ADDRESS = lazy_pattern(r"[\d.]*\d[\d.]*\*|[0-9A-Fa-f:]*:[0-9A-Fa-f:]*\*")
_BOOLEANS = frozenset({"true", "false"})


def redact_condition_value(key: str, text: str, aliases: Aliases) -> str | None:
    """The redaction of a value whose condition key, or principal type, determines its kind; None for free text."""
    if aliases.is_alias(text):
        return text
    if not key:
        return None
    spelled, key = key, key.lower()
    if redact := _REDACTIONS.get(key):
        return redact(text, aliases)
    if tag := TAG_KEY.fullmatch(key):
        spelled = spelled.partition("/")[2]
    if is_secret_key(spelled):
        redacted = redact_literal_parts(text, lambda piece: redact_secret(piece, aliases, spelled))
        return None if redacted == text else redacted
    if tag:
        return None
    if has_words(key):
        return redact_word(text, aliases)
    if ORGANIZATION_KEY.fullmatch(key):
        return _redact_organization_path(text, aliases)
    if ARN_KEY.fullmatch(key):
        return _redact_arn(text, aliases)
    return _redact_claim(key, text, aliases)


def redact_address_value(text: str, aliases: Aliases) -> str | None:
    """The redaction of an address, or of the beginning of some with a wildcard; None for any other text."""
    if (address := redact_address(text, aliases)) is not None:
        return address
    if _PARTIAL_ADDRESS.fullmatch(text):
        return redact_literal_parts(text, lambda piece: aliases.name("part", piece))
    return None


def _redact_claim(key: str, text: str, aliases: Aliases) -> str | None:
    claim = key.rpartition(":")[2]
    if claim == "sub" and not key.startswith("saml:"):
        return _redact_subject(text, aliases)
    if claim == "aud":
        return text if _AUDIENCE.fullmatch(text) else _redact_name("client", text, aliases)
    if key.startswith("saml:"):
        return _redact_name("claim", text, aliases)
    if find_provider(key) or (key.startswith("cognito-identity.") and ":" in key):
        is_word = claim in ("amr", "acr") and text.isalpha()
        return text if is_word else _redact_subject(text, aliases)
    return None


def _redact_name(kind: str, text: str, aliases: Aliases) -> str:
    def redact(piece: str) -> str:
        return redact_name(kind, piece, aliases) if piece == text else _redact_part(kind, piece, aliases)

    return redact_literal_parts(text, redact)


def _redact_part(kind: str, piece: str, aliases: Aliases) -> str:
    """A part of a name between wildcards or variables."""
    words = _SUBJECT_SEPARATOR.split(piece)
    if all(word in _SUBJECT_WORDS for word in words[::2] if word):
        return piece
    return redact_name(kind, piece, aliases)


def _redact_subject(text: str, aliases: Aliases) -> str:
    """All but the providers' own words is redacted."""

    def redact(piece: str) -> str:
        parts = _SUBJECT_SEPARATOR.split(piece)
        return "".join(
            part if i % 2 or _is_branch(parts, i) else _redact_subject_part(part, aliases)
            for i, part in enumerate(parts)
        )

    return redact_literal_parts(text, redact)


def _is_branch(parts: list[str], i: int) -> bool:
    """Whether a part is the name of a branch that identifies nobody: `refs/heads/main`."""
    return i >= 2 and parts[i] in _BRANCHES and parts[i - 2] in _BEFORE_BRANCHES


def _redact_subject_part(part: str, aliases: Aliases) -> str:
    is_word = not part or part in _SUBJECT_WORDS or part.lower() in _BOOLEANS
    if is_word or aliases.is_alias(part) or is_service_principal(part):
        return part
    # Not `redact_name`: a name of AWS, such as `prod`, is a customer's here.
    return redact_whole_identifier(part, aliases) or aliases.name("part", part)


def _redact_in_arn(beginning: str, text: str, aliases: Aliases) -> str | None:
    """The redaction of a text that would be an ARN with `beginning` before it."""
    if text.lower() in _BOOLEANS:
        return text
    arn = redact_whole_arn(beginning + text, aliases)
    return arn and arn.removeprefix(beginning)


def _redact_organization_path(text: str, aliases: Aliases) -> str:
    def redact_id(match: re.Match[str]) -> str:
        return f"ou-{aliases.name('part', match['part'])}" if match["part"] else aliases.organization_id(match[0])

    def redact(piece: str) -> str:
        return aliases.edit_outside_aliases(piece, lambda rest: _ORGANIZATION_ID.sub(redact_id, rest))

    return redact_literal_parts(text, redact)


def _redact_arn(text: str, aliases: Aliases) -> str | None:
    """A value in the place of an ARN; None for a word without anything that an ARN has."""
    if (arn := redact_whole_arn(text, aliases)) is not None:
        return arn
    if not _ARN_SEPARATOR.search(text):
        return text if text.lower() in _BOOLEANS else _redact_name("part", text, aliases)

    def redact(piece: str) -> str:
        parts = _ARN_SEPARATOR.split(piece)
        return "".join(
            part if i % 2 or not part or part in _ARN_WORDS else redact_name("role", part, aliases)
            for i, part in enumerate(parts)
        )

    return redact_literal_parts(text, redact)


def _redact_user_id(text: str, aliases: Aliases) -> str | None:
    """`AROAEXAMPLEID1234:session`, a unique id, or an account id."""
    caller, colon, session = text.partition(":")
    if not colon or text.startswith("${"):
        return _redact_name("user", text, aliases)
    return f"{_redact_name('user', caller, aliases)}:{_redact_name('session', session, aliases)}"


def _redact_federated(text: str, aliases: Aliases) -> str:
    arn = redact_whole_arn(text, aliases)
    return arn or redact_literal_parts(text, lambda piece: redact_provider(piece, aliases))


def _keep_namespace(text: str, _: Aliases) -> str | None:
    return text if _AWS_NAMESPACE.fullmatch(text) else None


def _name_of(kind: str) -> Callable[[str, Aliases], str | None]:
    return lambda text, aliases: _redact_name(kind, text, aliases)


#: Condition key, or type of a principal, in lower case → redaction of its values.
_REDACTIONS: Mapping[str, Callable[[str, Aliases], str | None]] = {
    **{key: _name_of(kind) for key, kind in NAME_KEYS.items()},
    **dict.fromkeys(ADDRESS_KEYS, redact_address_value),
    **{key: partial(_redact_in_arn, beginning) for key, beginning in PATH_KEYS.items()},
    "federated": _redact_federated,
    "aws:federatedprovider": _redact_federated,
    "aws:userid": _redact_user_id,
    "cloudwatch:namespace": _keep_namespace,
}

"""Redaction of one string, chosen by its context: the rules in the order in which they apply.

1. Credentials in an answer are replaced, and never expire.
2. A service without rules of its own is redacted by default-deny (`core.redaction.services`) in place of 3 to 7.
3. A member that the service model doesn't know becomes one alias, except for numbers, booleans, times, aliases,
   regions, services and ARNs of what AWS owns.
4. Values of enums and certificate thumbprints stay.
5. Names of AWS-managed policies stay where an AWS-owned ARN is among their siblings; so do AWSServiceRoleFor… and
   service principals.
6. A path, id, provider or secret becomes the alias of its shape (`core.redaction.members`); a value that the model
   marks sensitive becomes a password's alias; a name becomes an alias.
7. Every other string is searched for identifiers (`core.redaction.text.free_text`): policy documents, messages,
   descriptions, tags and map keys included. In public vocabulary only identifiers are replaced, not names.
8. A member that the project masks (`core.redaction.project_rules`) becomes one alias, unless it has one already.
9. No twelve digits in a row stay that are no alias, whatever the string is.
10. A text with aliases that is longer or shorter than its member allows becomes one alias.
11. What a string becomes is remembered by its place, where it depends on nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from awstape.core.aws.model import Shape
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.members.filter_values import (
    find_compared_kind,
    find_criterion,
    is_compared,
    is_in_filter,
    redact_criterion,
)
from awstape.core.redaction.members.member_kinds import (
    PATH_SHAPES,
    SHAPE_REDACTIONS,
    depends_on_siblings,
    find_name_kind,
    is_denied,
    is_free_text,
    is_of_aws_policy,
    is_public,
    may_be_of_aws_policy,
)
from awstape.core.redaction.policies.condition_keys import redact_word
from awstape.core.redaction.policies.documents import SERVICE, redact_literal
from awstape.core.redaction.policies.grammar import ACTION
from awstape.core.redaction.services.default_deny import redact_denied
from awstape.core.redaction.string_walk import Place, StringContext, find_credential_part
from awstape.core.redaction.text.arn import is_service_principal, redact_name
from awstape.core.redaction.text.aws_names import REGION
from awstape.core.redaction.text.free_text import redact_member_value, redact_text
from awstape.core.redaction.text.identifier_search import redact_accounts, redact_whole_arn
from awstape.core.redaction.text.identifiers import OWN_PAGE_TOKEN
from awstape.core.redaction.text.labelled_values import MOST_DIGITS, is_harmless
from awstape.core.redaction.text.names_in_text import redact_masked
from awstape.core.text.encoded_text import decoded_variants, is_json
from awstape.core.text.lazy_pattern import lazy_pattern

#: When credentials expire, as text and in seconds since 1970.
_NEVER, _NEVER_IN_SECONDS, _DIGITS_OF_SECONDS = "2099-12-31T23:59:59Z", 4102444799, 10
#: A certificate's thumbprint: public, though it looks random.
_THUMBPRINT = lazy_pattern(r"[0-9A-Fa-f]{40}")
_ARN_SHAPE = lazy_pattern(r"[aA]rn|^ownerIdType$|^ResourceNameType$|^Resource$")
_BARE_NAME = lazy_pattern(r"[^\s*?:]*[A-Za-z][^\s*?:]*")
#: The names that a simulation gives to the policies in its request.
_INPUT_LIST = lazy_pattern(r"(?:Permissions\w{8})?PolicyInputList\.\d{1,4}|ResourcePolicy", re.ASCII)
_PUBLIC_KEY_POLICY = "default"
#: Policies that the model marks as sensitive: what identifies somebody in them is known by its place.
_POLICY_SHAPES = frozenset({"AccessCheckPolicyDocument"})
#: Members and criteria of filters that hold actions, which are redacted as in a policy.
_ACTION_MEMBERS = frozenset({"action", "actions", "ActionNames", "EvalActionName"})
#: Members of names that hold a service instead.
_SERVICE_MEMBERS = frozenset({"AWSServiceName"})


def redact_string(text: str, context: StringContext, aliases: Aliases) -> str:
    """The string, redacted as its context requires."""
    if not text or _depends_on_others(context.place):
        return _redact_string(text, context, aliases)
    at = (context.place, context.key) if context.key else context.place
    return aliases.remember_string(at, text, lambda: _redact_string(text, context, aliases))


@cache
def _depends_on_others(place: Place) -> bool:
    """Whether the redaction of a string depends on more than its place, the key of its map and its text."""
    shape = place.shape
    return is_in_filter(place.member_name) or (shape is not None and depends_on_siblings(shape))


def _redact_string(text: str, context: StringContext, aliases: Aliases) -> str:
    redacted = _find_redaction(context.place)(text, context, aliases)
    is_masked = aliases.rules.mask_members and text and _is_masked(context, aliases) and not is_public(text, context)
    # A name that was replaced has its own alias already, so that it isn't masked.
    if is_masked and (redacted == text or is_free_text(text, context)):
        return aliases.secret("masked", text)
    if aliases.rules.mask and is_denied(context.place) and not (context.shape and text in context.shape.enum):
        redacted = redact_masked(redacted, aliases)
    if not aliases.marks.has_given(redacted):
        redacted = redact_accounts(redacted, aliases)
    return fit_length(text, redacted, context, aliases)


def fit_length(text: str, redacted: str, context: StringContext, aliases: Aliases) -> str:
    """The redacted text, or one alias for the whole text if only the redacted one exceeds its member's limits."""
    shape = context.place.shape
    if shape is None or _fits_length(shape, redacted) or not _fits_length(shape, text):
        return redacted
    if shape.name in PATH_SHAPES:
        return f"/{aliases.secret('path', text)}/"
    alias = aliases.secret("text", text)
    return alias.replace("-", "-" * (1 + max((shape.min or 0) - len(alias), 0)))


def is_prose(text: str, context: StringContext) -> bool:
    """Whether a text is free text with words; a document and what a filter or a simulation compares with is not."""
    return is_free_text(text, context) and not is_compared(context.member) and not is_json(text)


def _fits_length(shape: Shape, text: str) -> bool:
    return (shape.min or 0) <= len(text) and (shape.max is None or len(text) <= shape.max)


def _is_masked(context: StringContext, aliases: Aliases) -> bool:
    return aliases.rules.masks(context.place.names) and (context.shape is None or context.shape.type == "string")


@cache
def _holds_arn(shape_name: str) -> bool:
    return _ARN_SHAPE.search(shape_name) is not None


_Redaction = Callable[[str, StringContext, Aliases], str]


@cache
def _find_redaction(place: Place) -> _Redaction:
    """What becomes of the strings in a place, as far as their place alone decides."""
    if part := find_credential_part(place):
        return lambda text, _, aliases: _redact_credential(part, text, aliases)
    if is_denied(place):
        return redact_denied
    shape = place.shape
    if shape is None:
        return _redact_unmodelled
    redact = _find_redaction_by_shape(shape)
    has_services = place.member_name in _SERVICE_MEMBERS
    has_thumbprints = shape.name == "thumbprintType"

    def redact_unless_public(text: str, context: StringContext, aliases: Aliases) -> str:
        if not text or text in shape.enum or (has_thumbprints and _THUMBPRINT.fullmatch(text)):
            return text
        if has_services and SERVICE.fullmatch(text):
            return redact_word(text, aliases)
        return redact(text, context, aliases)

    return redact_unless_public


def _find_redaction_by_shape(shape: Shape) -> _Redaction:
    if may_be_of_aws_policy(shape):
        redact = _find_redaction_of_customers(shape)
        return lambda text, context, aliases: (
            text if is_of_aws_policy(text, shape, context.siblings) else redact(text, context, aliases)
        )
    return _find_redaction_of_customers(shape)


def _find_redaction_of_customers(shape: Shape) -> _Redaction:
    """As `_find_redaction`, for what is not AWS's own."""
    if redaction := SHAPE_REDACTIONS.get(shape.name):
        return lambda text, _, aliases: redaction(aliases, text)
    if shape.sensitive and shape.type != "timestamp" and shape.name not in _POLICY_SHAPES:
        return lambda text, _, aliases: aliases.password(text)
    if shape.sensitive and shape.name in _POLICY_SHAPES:
        return _redact_sensitive_policy
    if depends_on_siblings(shape):
        return _redact_by_siblings
    if kind := find_name_kind(shape, {}):
        return lambda text, _, aliases: _redact_named(kind, text, aliases)
    return _redact_arn if _holds_arn(shape.name) else _redact_free_text


def _redact_unmodelled(text: str, _: StringContext, aliases: Aliases) -> str:
    if not text or is_harmless(text, MOST_DIGITS) or aliases.is_alias(text) or _is_vocabulary(text, aliases):
        return text
    return aliases.secret("text", text)


def _redact_sensitive_policy(text: str, context: StringContext, aliases: Aliases) -> str:
    return _redact_free_text(text, context, aliases) if is_json(text) else aliases.password(text)


def _redact_arn(text: str, context: StringContext, aliases: Aliases) -> str:
    """A member for an ARN. It is redacted as any other text, but most are ARNs and need no other search."""
    is_plain = not context.key and not aliases.rules.mask and not is_in_filter(context.member)
    arn = redact_whole_arn(text, aliases) if is_plain else None
    return _redact_free_text(text, context, aliases) if arn is None else arn


def _redact_by_siblings(text: str, context: StringContext, aliases: Aliases) -> str:
    kind = context.shape and find_name_kind(context.shape, context.siblings)
    return _redact_named(kind, text, aliases) if kind else _redact_free_text(text, context, aliases)


def _redact_credential(part: str, text: str, aliases: Aliases) -> str:
    """A part of credentials. They never expire; a replay gives them out at any time."""
    if part == "id":
        return aliases.unique_id(text)
    if part == "secret":
        return aliases.password(text)
    return _NEVER if not text.isdigit() else f"{_NEVER_IN_SECONDS}{'000' if len(text) > _DIGITS_OF_SECONDS else ''}"


def _is_vocabulary(text: str, aliases: Aliases) -> bool:
    """Whether a text is AWS's own wherever it stands: a region, a service, the ARN of something that AWS owns."""
    return (
        is_service_principal(text)
        or re.fullmatch(REGION, text) is not None
        or (text.startswith("arn:") and redact_whole_arn(text, aliases) == text)
    )


def _redact_named(kind: str, text: str, aliases: Aliases) -> str:
    """A member of a name's shape: a name, or an ARN that some operations accept in its place."""
    if kind == "policy" and _INPUT_LIST.fullmatch(text):
        return text
    if kind == "key-policy" and text == _PUBLIC_KEY_POLICY:
        return text
    return redact_text(text, aliases) if text.startswith("arn:") else redact_name(kind, text, aliases)


def _redact_free_text(text: str, context: StringContext, aliases: Aliases) -> str:
    """A text that is not one name or id as a whole."""
    if OWN_PAGE_TOKEN.fullmatch(text):
        return text
    if (key := redact_criterion(text, context, aliases)) is not None:
        return key
    shape = context.shape
    criterion = find_criterion(context)
    if context.member in _ACTION_MEMBERS or criterion in _ACTION_MEMBERS:
        return redact_literal(ACTION, text, aliases, lambda key, text: redact_member_value(key, text, aliases))
    is_arn = shape is not None and _holds_arn(shape.name)
    key = context.key or criterion
    redacted = redact_member_value(key, text, aliases) if key or is_arn else redact_text(text, aliases)
    if not is_public(text, context):
        redacted = redact_masked(redacted, aliases)
    if redacted != text or is_public(text, context):
        return redacted
    kind = _find_kind_of_whole(text, context, is_arn=is_arn)
    # The search for aliases, in any encoding, comes last: it takes as long as the redaction.
    if kind is None or any(map(aliases.contains_alias, decoded_variants(text))):
        return text
    return aliases.name(kind, text)


def _find_kind_of_whole(text: str, context: StringContext, *, is_arn: bool) -> str | None:
    """The kind of a text that is a customer's value as a whole; None for other texts."""
    if context.shape and context.shape.name == "serialNumberType" and not text.startswith("arn:"):
        return "serial"
    if is_arn and _BARE_NAME.fullmatch(text):  # a name in the place of an ARN
        return "resource"
    return find_compared_kind(text, context)

"""What a filter of findings and a simulation compare with: criteria, and the values that a client gives for them.

1. A value becomes an alias. Words of the service stay: findings have statuses, types and times.
2. A criterion is a word of the service, or the key of a condition, which is redacted as in a policy.
3. The values of a simulation's conditions become aliases, except for numbers, times and the like: no other traffic
   identifies them as names.
"""

from __future__ import annotations

from awstape.core.aws.member_paths import MapKey
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.policies.condition_keys import has_words, redact_condition_key
from awstape.core.redaction.policies.documents import SERVICE
from awstape.core.redaction.string_walk import StringContext
from awstape.core.redaction.text.identifiers import UUID
from awstape.core.redaction.text.labelled_values import MOST_DIGITS, is_harmless
from awstape.core.text.lazy_pattern import lazy_pattern

#: The member of a request for findings that maps criteria, and what begins those that are keys of conditions.
_FILTER, _OF_CONDITION = "filter", "condition."
#: Members of a criterion: whatever the client searches for.
_FILTER_MEMBERS = frozenset({"eq", "neq", "contains"})
#: Criteria that are compared with words of the service.
_PUBLIC_CRITERIA = frozenset({"action", "findingType", "id", "isPublic", "resourceType", "status"})
#: Words of the service that any criterion may be compared with.
_FILTER_WORD = lazy_pattern(rf"[A-Z][A-Z_]+|AWS::\w+::\w+|true|false|{UUID}")
#: The member of a simulation's input with the values of conditions.
_SIMULATED = "ContextKeyValues"


def is_in_filter(member: str) -> bool:
    """Whether a member holds what a filter compares with."""
    return member in _FILTER_MEMBERS


def is_compared(member: str) -> bool:
    """Whether a member holds what a filter or a simulation compares with."""
    return is_in_filter(member) or member == _SIMULATED


def find_criterion(context: StringContext) -> str:
    """What a filter compares: a member, the key of a condition or the type of a principal; empty outside filters."""
    if not is_in_filter(context.member):
        return ""
    criterion = next((step for step in reversed(context.path) if isinstance(step, MapKey)), "")
    return criterion.removeprefix(_OF_CONDITION).removeprefix("principal.")


def redact_criterion(text: str, context: StringContext, aliases: Aliases) -> str | None:
    """A criterion that is the key of a condition, redacted; None for any other text."""
    if context.member != _FILTER or not text.startswith(_OF_CONDITION):
        return None
    return _OF_CONDITION + redact_condition_key(text.removeprefix(_OF_CONDITION), aliases)


def find_compared_kind(text: str, context: StringContext) -> str | None:
    """The kind of a customer's value that a filter or a simulation compares with; None for any other text."""
    if is_in_filter(context.member):
        return None if _is_word(text, find_criterion(context)) else "filter"
    return "value" if context.member == _SIMULATED and text and not is_harmless(text, MOST_DIGITS) else None


def _is_word(text: str, criterion: str) -> bool:
    """Whether a text that a criterion is compared with is a word of the service."""
    if _FILTER_WORD.fullmatch(text) or criterion in _PUBLIC_CRITERIA or criterion.endswith("At"):
        return True
    return has_words(criterion.lower()) or (criterion == "Service" and SERVICE.fullmatch(text) is not None)

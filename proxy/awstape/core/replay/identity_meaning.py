"""The meaning of an identity: what a request asks for, however it is spelled.

1. A timestamp means an instant, a JSON document its content (`core.text.json_documents`).
2. IAM ignores the case of names of users, groups, roles, policies and instance profiles.
   Source: "IAM user, group, role, and policy names … are not distinguished by case" in IAM's API reference, CreateRole.
3. The order of a list means nothing, except in lists whose positions an answer refers to.
4. Aliases of one name mean the same, of whatever kind the name is: a role and its instance profile have one name.
5. Two identities differ in the members that `differing_members` names, and in no other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from awstape.core.aws.model import Operation, Shape, Value, child_shape
from awstape.core.aws.timestamps import canonical_timestamp
from awstape.core.redaction.alias_grammar import is_alias, replace_aliases, without_name_kind
from awstape.core.redaction.string_walk import StringContext, edit_member_strings
from awstape.core.text.encoded_text import rewrite_everywhere
from awstape.core.text.json_documents import canonical_document

_NAMES_WITHOUT_CASE = frozenset(
    """
    existingUserNameType groupNameType instanceProfileNameType policyNameType roleNameType userNameType
    """.split()
)
#: An answer counts the policies of a simulation; those of an organization go from its root to the account.
_ORDERED_LISTS = frozenset({"SimulationPolicyListType", "OrganizationPolicyListType", "replacementValueListType"})


def member_meanings(operation: Operation, identity: Mapping[str, Value]) -> dict[str, str]:
    """Member → a text that is the same for two values of the member exactly where they mean the same."""
    meant = edit_member_strings(identity, operation.input, string_meaning)
    return {name: _to_json(_canonical(value, child_shape(operation.input, name))) for name, value in meant.items()}


def meaning_key(meanings: Mapping[str, str]) -> str:
    """One text of an identity's `member_meanings`, which does not depend on the order of the members."""
    return json.dumps(meanings, sort_keys=True)


def differing_members(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """The members in which two identities differ, by their `member_meanings`: none if they mean the same."""
    return [name for name in dict.fromkeys([*one, *other]) if one.get(name) != other.get(name)]


def string_meaning(text: str, context: StringContext) -> str:
    """A text that is the same for two strings in the same context exactly where they mean the same."""
    shape = context.shape
    if shape is not None and shape.type == "timestamp":
        return canonical_timestamp(text) or text
    if shape is not None and shape.name in _NAMES_WITHOUT_CASE:
        return without_name_kind(text.lower())
    text = rewrite_everywhere(text, lambda plain: replace_aliases(plain, without_name_kind))
    if text.startswith("<") and is_alias(text):  # a secret: one document in several spellings
        return text.lower()
    document = canonical_document(text)
    return text if document is None else f"JSON {document}"


def readable_value(value: Value, shape: Shape | None) -> Value:
    """A value as a message shows it: documents as JSON, and lists without an order sorted."""
    if isinstance(value, str) and (document := canonical_document(value)) is not None:
        read: Value = json.loads(document)
        return read
    if isinstance(value, list):
        items: Iterable[Value] = (readable_value(item, child_shape(shape, 0)) for item in value)
        return sorted(items, key=_to_json) if _is_set(shape) else list(items)
    if isinstance(value, dict):
        return {name: readable_value(item, child_shape(shape, name)) for name, item in value.items()}
    return value


def _canonical(value: Value, shape: Shape | None) -> Value:
    """A value whose strings were replaced by their meaning, with numeric timestamps and sets in canonical form."""
    if isinstance(value, list):
        items = [_canonical(item, child_shape(shape, 0)) for item in value]
        return sorted(items, key=_to_json) if _is_set(shape) else items
    if isinstance(value, dict):
        return {name: _canonical(item, child_shape(shape, name)) for name, item in value.items()}
    if isinstance(value, int | float) and shape is not None and shape.type == "timestamp":
        return canonical_timestamp(value) or value
    return value


def _is_set(shape: Shape | None) -> bool:
    return shape is not None and shape.name not in _ORDERED_LISTS


def _to_json(value: object) -> str:
    return json.dumps(value, sort_keys=True, default=repr)

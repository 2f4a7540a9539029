"""The grammar of policy documents: gives each literal of a JSON text its place, and edits the literals in the text.

1. A document is parsed once. An object with a `Statement` is a policy; an object with an `Effect` and an action or a
   resource is a statement. Both count anywhere in a document, in lists and in members of other objects, for policies
   of every type: identity, trust, resource, session, service control, resource control, permissions boundary.
2. A literal's place is its element (`ACTION`, `RESOURCE` …) and what determines its meaning there: the principal's
   type, the condition key, the member's name. A single value and a list of values have the same place. Numbers are
   literals; `true`, `false` and `null` are not.
3. Names of elements count in any letters, as in IAM. They are no literals: they are never edited.
4. What is no element of a policy is a `MEMBER` with the name of its key, as everything in JSON that is no policy. An
   item of a list has the key of the list.
5. Values of the operators that compare booleans, numbers, dates and presence are `OPERAND`s, those of `IpAddress` are
   `ADDRESS`es, whatever their key. Operators and types of principals that IAM doesn't know are keys of members.
6. Only the literals that change are replaced. Formatting, order, repeated keys and escapes stay to the letter.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from awstape.core.text.encoded_text import replace_json_literals
from awstape.core.text.lazy_pattern import lazy_pattern


class LiteralPlace(NamedTuple):
    """The place of a literal. key: the principal's type in lower case, the condition key, or the member's name."""

    element: str
    key: str = ""


WORD = LiteralPlace("word")
"""Version, Effect, an operator, the type of a principal."""
LABEL = LiteralPlace("label")
"""Sid and Id."""
ACTION = LiteralPlace("action")
RESOURCE = LiteralPlace("resource")
CONDITION_KEY = LiteralPlace("condition key")
ADDRESS = LiteralPlace("address")
MEMBER_KEY = LiteralPlace("member key")
PRINCIPAL, CONDITION, OPERAND, MEMBER = "principal", "condition", "operand", "member"
"""Elements whose places have a key."""
#: Elements of public vocabulary, where no word is a customer's name.
_VOCABULARY = frozenset({WORD.element, ACTION.element, CONDITION_KEY.element, MEMBER_KEY.element, OPERAND})

Edits = dict[tuple[str, str], dict[str, str]]
"""LiteralPlace → text → the text that replaces it. Both have every key: what is missing is computed."""

#: Elements of a policy, and of a statement, in lower case → place of their values. Others have values with a structure.
_IN_POLICY: Mapping[str, LiteralPlace] = {"version": WORD, "id": LABEL}
_IN_STATEMENT: Mapping[str, LiteralPlace] = {
    "sid": LABEL,
    "effect": WORD,
    "action": ACTION,
    "notaction": ACTION,
    "resource": RESOURCE,
    "notresource": RESOURCE,
}
_PRINCIPALS = frozenset({"principal", "notprincipal"})
_STATEMENT, _CONDITION = "statement", "condition"
_NEEDED = frozenset({"action", "notaction", "resource", "notresource"})
_PRINCIPAL_TYPES = frozenset({"aws", "canonicaluser", "federated", "service"})
_OPERATOR = lazy_pattern(
    r"""(?:for(?:all|any)values:)?
    (?:(?P<operand>bool|null|numeric\w{4,17}|date\w{4,17})|(?P<address>(?:not)?ipaddress)|binaryequals
    |(?:arn|string)(?:not)?(?:equals(?:ignorecase)?|like))
    (?:ifexists)?""",
    re.IGNORECASE | re.VERBOSE,
)
_MOST_LEVELS = 64
_LONGEST_REMEMBERED = 200
#: Objects are tuples of (key, value), so that repeated keys are kept; numbers are texts.
_DECODER = json.JSONDecoder(object_pairs_hook=tuple, parse_int=str, parse_float=str, strict=False)
_Object = tuple[tuple[str, Any], ...]


def edit_document(text: str, edits: Edits) -> str | None:
    """The JSON text with its literals edited; None for a text that is no JSON object or array."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        document = _DECODER.decode(text)
        literals = _Literals(edits)
        literals.edit_value(LiteralPlace(MEMBER), document, _MOST_LEVELS)
    except (ValueError, RecursionError):
        return None
    return replace_json_literals(text, literals.edited) if literals.edited else text


def edit_user_texts(text: str, edit: Callable[[str], str]) -> str | None:
    """The JSON text with every literal edited that is no key and no vocabulary of the policy language.

    None for a text that is no JSON object or array.
    """
    return edit_document(text, _UserTexts(edit))


class _UserTexts(dict[tuple[str, str], dict[str, str]]):
    def __init__(self, edit: Callable[[str], str]) -> None:
        self._edit = edit

    def __missing__(self, place: tuple[str, str]) -> dict[str, str]:
        is_vocabulary = place[0] in _VOCABULARY or place == (PRINCIPAL, "service") or place[1].lower() == "aws:tagkeys"
        return Texts(str if is_vocabulary else self._edit)


class Texts(dict[str, str]):
    """Text → the text that replaces it, as far as there is room for them. edit: computes it."""

    def __init__(self, edit: Callable[[str], str], room: int = 0) -> None:
        self._edit, self._room = edit, room

    def __missing__(self, text: str) -> str:
        new = self._edit(text)
        if len(self) < self._room and len(text) <= _LONGEST_REMEMBERED:
            self[text] = new
        return new


def condition_place(operator: str, key: str) -> LiteralPlace:
    """The place of a condition's values."""
    match = _OPERATOR.fullmatch(operator)
    if match and match["address"]:
        return ADDRESS
    return LiteralPlace(OPERAND if match and match["operand"] else CONDITION, key)


class _Literals:
    """Visits the literals of a document in the order of the text. edited: position among them → its new text."""

    def __init__(self, edits: Edits) -> None:
        self._edits = edits
        self._position = 0
        self.edited: dict[int, str] = {}

    def edit_value(self, place: LiteralPlace, value: Any, levels: int) -> None:
        """Edits a literal, a list, or an object that is no element."""
        kind = type(value)
        if kind is str:
            self._edit_text(place, value)
        elif kind is list:
            if set(map(type, value)) == {str}:
                self._edit_texts(place, value)
            else:
                _check_levels(levels)
                for item in value:
                    self.edit_value(place, item, levels - 1)
        elif kind is tuple:
            self._edit_object(value, levels)

    def _edit_text(self, place: LiteralPlace, text: str) -> None:
        new = self._edits[place][text]
        if new != text:
            self.edited[self._position] = new
        self._position += 1

    def _edit_texts(self, place: LiteralPlace, texts: list[str]) -> None:
        edited = [*map(self._edits[place].__getitem__, texts)]
        if edited != texts:
            for i, (old, new) in enumerate(zip(texts, edited, strict=True), self._position):
                if new != old:
                    self.edited[i] = new
        self._position += len(texts)

    def _edit_object(self, pairs: _Object, levels: int) -> None:
        _check_levels(levels)
        names = {key.lower(): value for key, value in pairs}
        if _is_statement_list(names.get(_STATEMENT)):
            self._edit_policy(pairs, levels)
        elif "effect" in names and not names.keys().isdisjoint(_NEEDED):
            self._edit_statement(pairs, levels)
        else:
            for key, value in pairs:
                self._edit_member(key, value, levels)

    def _edit_policy(self, pairs: _Object, levels: int) -> None:
        for key, value in pairs:
            name = key.lower()
            if name == _STATEMENT:
                self._position += 1
                for item in value if isinstance(value, list) else [value]:
                    if isinstance(item, tuple):
                        self._edit_statement(item, levels - 1)
                    else:
                        self.edit_value(LiteralPlace(MEMBER, key), item, levels - 1)
            elif place := _IN_POLICY.get(name):
                self._position += 1
                self.edit_value(place, value, levels - 1)
            else:
                self._edit_member(key, value, levels)

    def _edit_statement(self, pairs: _Object, levels: int) -> None:
        for key, value in pairs:
            name = key.lower()
            if place := _IN_STATEMENT.get(name):
                self._position += 1
                self.edit_value(place, value, levels - 1)
            elif name in _PRINCIPALS:
                self._position += 1
                self._edit_principals(value, levels - 1)
            elif name == _CONDITION and isinstance(value, tuple):
                self._position += 1
                self._edit_conditions(value, levels - 1)
            else:
                self._edit_member(key, value, levels)

    def _edit_principals(self, value: Any, levels: int) -> None:
        if not isinstance(value, tuple):
            self.edit_value(LiteralPlace(PRINCIPAL), value, levels)
            return
        for kind, principals in value:
            self._edit_text(WORD if kind.lower() in _PRINCIPAL_TYPES else MEMBER_KEY, kind)
            self.edit_value(LiteralPlace(PRINCIPAL, kind.lower()), principals, levels - 1)

    def _edit_conditions(self, operators: _Object, levels: int) -> None:
        for operator, conditions in operators:
            if not isinstance(conditions, tuple):
                self._edit_member(operator, conditions, levels)
                continue
            self._edit_text(WORD if _OPERATOR.fullmatch(operator) else MEMBER_KEY, operator)
            for key, values in conditions:
                self._edit_text(CONDITION_KEY, key)
                self.edit_value(condition_place(operator, key), values, levels - 1)

    def _edit_member(self, key: str, value: Any, levels: int) -> None:
        self._edit_text(MEMBER_KEY, key)
        self.edit_value(LiteralPlace(MEMBER, key), value, levels - 1)


def _is_statement_list(value: Any) -> bool:
    """Whether the value of a `Statement` is one of a policy, not a text."""
    return isinstance(value, tuple) or (isinstance(value, list) and all(isinstance(item, tuple) for item in value))


def _check_levels(levels: int) -> None:
    if levels <= 0:
        raise RecursionError

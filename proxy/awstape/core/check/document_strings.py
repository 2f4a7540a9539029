"""Walks the strings of a document of a cassette's text, which need not be valid, each with its place."""

from __future__ import annotations

import re
from functools import cache

from awstape.core.aws.access_keys import PRINCIPAL
from awstape.core.aws.member_paths import path_pattern
from awstape.core.aws.model import Member, Operation, Shape, Value
from awstape.core.redaction.string_walk import (
    TEXT,
    StringContext,
    StringEdit,
    edit_member_strings,
    edit_principal,
    edit_value_strings,
    root_place,
)

_FORMAT_KEYS = frozenset({"version", "key", "service", "operation", "region", "identity", "pages"})
#: Keys whose values are in the service model, if the operation is.
_NAMES_OF_MODEL = frozenset({"service", "operation"})
#: The context of a text whose place is unknown.
ANYWHERE = StringContext(root_place(TEXT))
#: The shape of words that awstape itself writes: the project's rules don't apply to them.
_WORD = Shape(name="awstape", type="string")
_WORDS = Shape(name="awstape", type="list", member=Member("", _WORD))

_BEFORE_MEMBER = re.compile(r"^pages\[\]\.(?:output\.)?")


def place_of(context: StringContext) -> str:
    """The member of a string in a document, without the indices of lists and the keys of maps."""
    return _BEFORE_MEMBER.sub("", path_pattern(context.path))


def edit_document_strings(value: Value, operation: Operation | None, edit: StringEdit) -> None:
    """Calls `edit` for every string of a document, with its shape in the service model and in the format."""
    if not isinstance(value, dict):
        edit_value_strings(value, ANYWHERE, edit)
        return
    for name, part in value.items():
        if name == "identity" and isinstance(part, dict) and operation:
            edit_member_strings(part, operation.input, edit, (name,))
        elif name == "pages" and isinstance(part, list) and operation:
            for i, page in enumerate(part):
                edit_value_strings(page, StringContext(root_place(_page_shape(operation)), (name, i)), edit)
        elif name == "principal" and isinstance(part, str) and PRINCIPAL.fullmatch(part):
            edit_principal(part, edit)
        elif operation and name in _NAMES_OF_MODEL:
            continue
        elif name in _FORMAT_KEYS:
            edit_value_strings(part, StringContext(root_place(_WORD if isinstance(part, str) else TEXT), (name,)), edit)
        else:
            edit_value_strings({name: part}, ANYWHERE, edit)


@cache
def _page_shape(operation: Operation) -> Shape:
    """The shape of a page in the format."""
    output = operation.output or Shape(name="nothing", type="structure")
    error = Shape(name="error", type="structure", members=_members(status=_WORD, code=TEXT, message=TEXT, members=TEXT))
    return Shape(
        name="page",
        type="structure",
        members=_members(token=_WORD, limit=_WORD, hole=TEXT, unmodelled=_WORDS, output=output, error=error),
    )


def _members(**shapes: Shape) -> dict[str, Member]:
    return {name: Member(name, shape) for name, shape in shapes.items()}

"""Inputs as form parameters, such as `Tags.member.1.Key=a&Tags.member.1.Value=b`: the requests of the query protocol.

1. The parameters become a tree, nested by the dots in their names; the leaves are strings.
2. The tree becomes an input by its shape. Parameters that are not in the service model are kept as they are in the
   tree.
3. A list is numbered (`Tags.member.1`); `Tags=` alone is an empty one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from awstape.core.aws.model import Member, Shape, Value
from awstape.core.aws.protocols.encodings.scalars import parse_scalar
from awstape.core.aws.wire import MAX_DEPTH, WireError

FormTree = dict[str, Any]  # nested by the dots of `Tags.member.1.Key`; the leaves are strings

_NAME_PATH = re.compile(r"\w{1,64}(?:\.\w{1,64})*")


def build_form_tree(parameters: Iterable[tuple[str, str]]) -> FormTree:
    """The tree of a form's parameters. Raises WireError if they contradict each other or nest too deep."""
    tree: FormTree = {}
    for name, value in parameters:
        # Any other name stays whole: split, its parts would hide from redaction an identifier in it.
        _insert(tree, name.split(".") if _NAME_PATH.fullmatch(name) else [name], value)
    return tree


def _insert(tree: FormTree, path: list[str], value: str) -> None:
    if len(path) > MAX_DEPTH:
        raise WireError(f"the form nests deeper than {MAX_DEPTH} levels")
    for step in path[:-1]:
        branch = tree.setdefault(step, {})
        if branch == "":  # an empty list, then members of it
            branch = tree[step] = {}
        if not isinstance(branch, dict):
            raise WireError("a member of the form is both a value and a structure")
        tree = branch
    if isinstance(tree.get(path[-1]), dict):
        if value:
            raise WireError("a member of the form is both a value and a structure")
        return
    tree[path[-1]] = value


def read_form_structure(tree: FormTree, shape: Shape | None) -> dict[str, Value]:
    """The members of a structure, under their AWS names, from their tree. Raises WireError for unnumbered lists."""
    known = shape.by_wire_name if shape else {}
    return {
        known[wire_name][0] if wire_name in known else wire_name: (
            _read_member(node, known[wire_name][1]) if wire_name in known else node
        )
        for wire_name, node in tree.items()
    }


def _read_member(node: str | FormTree, member: Member) -> Value:
    shape = member.shape
    if shape.is_scalar:
        return parse_scalar(node, shape) if isinstance(node, str) else node
    if shape.type == "structure":
        return read_form_structure(node, shape) if isinstance(node, dict) else (node or {})
    if isinstance(node, str):
        empty: Value = [] if shape.type == "list" else {}
        return node or empty
    if shape.type == "list":
        assert shape.member
        element = shape.member
        items = node if member.flattened else node.get(element.wire_name)
        return [_read_member(item, element) for item in _numbered_items(items, member)]
    assert shape.key and shape.value
    key, value = shape.key.wire_name, shape.value
    entries = _numbered_items(node if member.flattened else node.get("entry"), member)
    return {
        str(entry.get(key, "")): _read_member(entry.get(value.wire_name, ""), value)
        for entry in entries
        if isinstance(entry, dict)
    }


def _numbered_items(items: object, member: Member) -> list[Any]:
    """`{"1": a, "2": b}` → `[a, b]`."""
    if not isinstance(items, dict) or not all(re.fullmatch(r"\d{1,9}", key, re.ASCII) for key in items):
        raise WireError(f"the members of {member.wire_name} in the form are not numbered")
    return [items[key] for key in sorted(items, key=int)]

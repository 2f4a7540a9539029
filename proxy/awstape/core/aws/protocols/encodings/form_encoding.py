"""Inputs as form parameters, such as `Tags.member.1.Key=a&Tags.member.1.Value=b`: requests of the protocols query, ec2.

1. The parameters become a tree, nested by the dots in their names; the leaves are strings.
2. The tree becomes an input by its shape. Parameters that are not in the service model are kept as they are in the
   tree. The protocols differ in the names of members only (`FormNames`).
3. A list is numbered (`Tags.member.1`); `Tags=` alone is an empty one. The numbers stand below the name of its items,
   below `member`, or, as those of flattened lists and in the protocol ec2, directly (`Tags.1`). Services accept each of
   these, and clients differ.
4. A map is a list of entries with key and value (`Attributes.entry.1.key`), flattened without `entry`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from awstape.core.aws.model import Member, Shape, Value
from awstape.core.aws.protocols.encodings.scalars import parse_scalar
from awstape.core.aws.wire import MAX_DEPTH, WireError
from awstape.core.text.lazy_pattern import lazy_pattern

FormTree = dict[str, Any]  # nested by the dots of `Tags.member.1.Key`; the leaves are strings
FormNames = Callable[[Shape], Mapping[str, tuple[str, Member]]]
"""The names that the members of a structure have in a form → AWS member name, member."""

_NAME_PATH = lazy_pattern(r"\w{1,64}(?:\.\w{1,64})*")


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


def read_form_structure(tree: FormTree, shape: Shape | None, names: FormNames) -> dict[str, Value]:
    """The members of a structure, under their AWS names, from their tree. Raises WireError for unnumbered lists."""
    known = names(shape) if shape else {}
    return {
        known[name][0] if name in known else name: _read_member(node, known[name][1], names) if name in known else node
        for name, node in tree.items()
    }


def _read_member(node: str | FormTree, member: Member, names: FormNames) -> Value:
    shape = member.shape
    if shape.is_scalar:
        return parse_scalar(node, shape) if isinstance(node, str) else node
    if shape.type == "structure":
        return read_form_structure(node, shape, names) if isinstance(node, dict) else (node or {})
    if isinstance(node, str):
        empty: Value = [] if shape.type == "list" else {}
        return node or empty
    if shape.type == "list":
        assert shape.member
        element = shape.member
        items = _numbered_items(node, member, (element.wire_name, "member"))
        return [_read_member(item, element, names) for item in items]
    assert shape.key and shape.value
    key, value = shape.key.wire_name, shape.value
    return {
        str(entry.get(key, "")): _read_member(entry.get(value.wire_name, ""), value, names)
        for entry in _numbered_items(node, member, ("entry",))
        if isinstance(entry, dict)
    }


def _numbered_items(node: FormTree, member: Member, steps: tuple[str, ...]) -> list[Any]:
    """`{"1": a, "2": b}` → `[a, b]`. steps: the names of which one may stand above the numbers."""
    items = next((node[step] for step in steps if step in node), node)
    if items == "":
        return []
    if not isinstance(items, dict) or not all(re.fullmatch(r"\d{1,9}", key, re.ASCII) for key in items):
        raise WireError(f"the members of {member.wire_name} in the form are not numbered")
    return [items[key] for key in sorted(items, key=int)]

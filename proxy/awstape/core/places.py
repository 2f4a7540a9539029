"""Places in a document that a JMESPath expression selects: to change what stands there, not to compute from it.

1. An expression selects a place if it only walks: members, indexes, slices, `[]`, `[*]`, `.*`, filters and pipes. It
   may filter by any other. One that computes (functions, literals, `||`, `{…}`) selects no place.
2. A member that a mapping does not have is a place, too, if it is the last step: something can be put there.
3. The language is JMESPath's own (jmespath.org/specification.html): the parser and the filters are those of the library
   that botocore brings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import jmespath
import jmespath.exceptions
import jmespath.visitor

from awstape.core.conform import Path
from awstape.core.model import Value

_Node = Any  # of jmespath's syntax tree


class PlaceError(ValueError):
    """An expression that can't be read, or selects no place."""


@dataclass(frozen=True)
class _Here:
    """A place and what stands there; `is_there` is false for a member that could be put there."""

    path: Path
    value: Value
    is_there: bool = True


_Found = _Here | list["_Found"] | None


#: Characters of an expression that an error quotes, so that its reason is read.
_SHOWN = 200


def places(expression: str, document: Value) -> list[Path]:
    """The places that an expression selects, in order. Raises PlaceError."""
    with _refusing(expression, "expression"):
        tree = jmespath.compile(expression).parsed
        return list(dict.fromkeys(here.path for here in _flat(_walk(tree, _Here((), document)))))


def holds(condition: str, value: Value) -> bool:
    """Whether a JMESPath condition is true of a value. Raises PlaceError."""
    with _refusing(condition, "condition"):
        jmespath.compile(condition)  # by itself, so that it can't end the brackets
        return bool(jmespath.search(f"[?{condition}]", [value]))


@contextmanager
def _refusing(text: str, what: str) -> Iterator[None]:
    """Says what of JMESPath's own errors can be told."""
    said = f"{text!r}" if len(text) <= _SHOWN else f"{text[:_SHOWN]!r}…"
    try:
        yield
    except jmespath.exceptions.JMESPathError as error:
        raise PlaceError(f"{said} is no JMESPath {what}: {_reason(error)}") from None
    except PlaceError:
        raise
    except RecursionError:
        raise PlaceError(f"{said} is no JMESPath {what}: it nests too deeply") from None
    except ValueError:  # of int()
        raise PlaceError(f"{said} is no JMESPath {what}: a number has too many digits") from None


def _reason(error: jmespath.exceptions.JMESPathError) -> str:
    """What is wrong, in our words: JMESPath's quote values, and are no documented part of it."""
    match error:
        case jmespath.exceptions.IncompleteExpressionError():
            return "it breaks off"
        case jmespath.exceptions.UnknownFunctionError():
            return "it calls a function that JMESPath doesn't have"
        case jmespath.exceptions.ArityError():
            return "a function gets too few or too many arguments"
        case jmespath.exceptions.JMESPathTypeError():
            return "a function gets a value of a type that it doesn't take"
        case jmespath.exceptions.LexerError() | jmespath.exceptions.ParseError():
            return f"unexpected at character {error.lex_position + 1}"
        case _:
            return "it can't be read"


def _walk(node: _Node, found: _Found) -> _Found:
    """Where a node of the syntax tree leads from what was found so far."""
    if node["type"] not in _STEPS:
        raise PlaceError(f"a {node['type'].replace('_', ' ')} selects no place: it computes something")
    return _STEPS[node["type"]](node, found)


def _one_by_one(node: _Node, found: _Found) -> _Found:
    for child in node["children"]:
        found = _walk(child, found)
    return found


def _index(node: _Node, found: _Found) -> _Found:
    items = _items(found) or []
    return items[node["value"]] if -len(items) <= node["value"] < len(items) else None


def _slice(node: _Node, found: _Found) -> _Found:
    items = _items(found)
    return items and items[slice(*node["children"])]


def _flatten(node: _Node, found: _Found) -> _Found:
    items = _items(_walk(node["children"][0], found))
    if items is None:
        return None
    inner = ([each] if (below := _items(each)) is None else below for each in items)
    return [item for below in inner for item in below]


def _project(node: _Node, found: _Found) -> _Found:
    source = _walk(node["children"][0], found)
    items = _values(source) if node["type"] == "value_projection" else _items(source)
    if items is None:
        return None
    if node["type"] == "filter_projection":
        items = [item for item in items if _is_true(node["children"][2], item)]
    return [there for item in items if (there := _walk(node["children"][1], item)) is not None]


def _member(node: _Node, found: _Found) -> _Found:
    name = node["value"]
    if not isinstance(found, _Here) or not isinstance(found.value, dict):
        return None
    return _Here((*found.path, name), found.value.get(name), name in found.value)


def _items(found: _Found) -> list[_Found] | None:
    """The items of a list, None of anything else."""
    if isinstance(found, list) or found is None:
        return found
    if isinstance(found.value, list):
        return [_Here((*found.path, i), item) for i, item in enumerate(found.value)]
    return None


def _values(found: _Found) -> list[_Found] | None:
    """The values of a mapping, None of anything else."""
    if isinstance(found, _Here) and isinstance(found.value, dict):
        return [_Here((*found.path, name), item) for name, item in found.value.items()]
    return None


def _is_true(condition: _Node, found: _Found) -> bool:
    interpreter = jmespath.visitor.TreeInterpreter()
    result = interpreter.visit(condition, _plain(found))
    return bool(result) or (result == 0 and not isinstance(result, bool))  # a number is true in JMESPath


def _plain(found: _Found) -> Value:
    return [_plain(each) for each in found] if isinstance(found, list) else found.value if found else None


def _flat(found: _Found) -> Iterator[_Here]:
    if isinstance(found, list):
        for each in found:
            yield from _flat(each)
    elif found is not None:
        yield found


#: What leads from place to place; every other node of JMESPath's syntax tree computes something.
_STEPS: Mapping[str, Callable[[_Node, _Found], _Found]] = {
    "current": lambda _, found: found,
    "identity": lambda _, found: found,
    "field": _member,
    "index": _index,
    "slice": _slice,
    "subexpression": _one_by_one,
    "index_expression": _one_by_one,
    "pipe": _one_by_one,
    "flatten": _flatten,
    "projection": _project,
    "value_projection": _project,
    "filter_projection": _project,
}

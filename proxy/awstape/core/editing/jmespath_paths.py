"""The paths in a document that a JMESPath expression selects: to change the values there, not to compute from them.

1. An expression selects paths if it only walks: members, indexes, slices, `[]`, `[*]`, `.*`, filters and pipes. A
   filter may use any expression. One that computes (functions, literals, `||`, `{…}`) selects no path.
2. A member that a mapping doesn't have is selected, too, if it is the last step: it can be added there.
3. The language is JMESPath (jmespath.org/specification.html): the parser and the filters are those of the library that
   botocore depends on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import jmespath
import jmespath.exceptions
import jmespath.visitor

from awstape.core.aws.member_paths import Path
from awstape.core.aws.model import Value

_Node = Any  # a node of jmespath's syntax tree


class ExpressionError(ValueError):
    """An expression or condition that can't be parsed, or an expression that selects no path."""


@dataclass(frozen=True)
class _Located:
    """A path and the value there, None for a member that could be added."""

    path: Path
    value: Value


_Found = _Located | list["_Found"] | None


#: The most characters of an expression that an error quotes.
_MOST_QUOTED = 200


def select_paths(expression: str, document: Value) -> list[Path]:
    """The paths that an expression selects, in order. Raises ExpressionError."""
    with _translate_errors(expression, "expression"):
        tree = jmespath.compile(expression).parsed
        return list(dict.fromkeys(located.path for located in _flatten_found(_walk(tree, _Located((), document)))))


def is_condition_true(condition: str, value: Value) -> bool:
    """Whether a JMESPath condition is true for a value. Raises ExpressionError."""
    with _translate_errors(condition, "condition"):
        jmespath.compile(condition)  # by itself, so that it can't close the brackets
        return bool(jmespath.search(f"[?{condition}]", [value]))


@contextmanager
def _translate_errors(text: str, what: str) -> Iterator[None]:
    """Turns errors of the JMESPath library into ExpressionError."""
    quoted = f"{text!r}" if len(text) <= _MOST_QUOTED else f"{text[:_MOST_QUOTED]!r}…"
    try:
        yield
    except jmespath.exceptions.JMESPathError as error:
        raise ExpressionError(f"{quoted} is not a JMESPath {what}: {_reason(error)}") from None
    except ExpressionError:
        raise
    except RecursionError:
        raise ExpressionError(f"{quoted} is not a JMESPath {what}: it nests too deeply") from None
    except ValueError:  # from int()
        raise ExpressionError(f"{quoted} is not a JMESPath {what}: a number has too many digits") from None


def _reason(error: jmespath.exceptions.JMESPathError) -> str:
    """The reason of a syntax error in our words. The library's quote values, and are not part of its interface."""
    match error:
        case jmespath.exceptions.IncompleteExpressionError():
            return "it is incomplete"
        case jmespath.exceptions.UnknownFunctionError():
            return "it calls an unknown function"
        case jmespath.exceptions.ArityError():
            return "a function has too few or too many arguments"
        case jmespath.exceptions.JMESPathTypeError():
            return "a function has an argument of a wrong type"
        case jmespath.exceptions.LexerError() | jmespath.exceptions.ParseError():
            return f"unexpected text at character {error.lex_position + 1}"
        case _:
            return "it cannot be parsed"


def _walk(node: _Node, found: _Found) -> _Found:
    """What a node of the syntax tree selects, starting from what was found so far."""
    if node["type"] not in _STEPS:
        raise ExpressionError(f"a {node['type'].replace('_', ' ')} selects no member: it computes a value")
    return _STEPS[node["type"]](node, found)


def _walk_children(node: _Node, found: _Found) -> _Found:
    for child in node["children"]:
        found = _walk(child, found)
    return found


def _select_index(node: _Node, found: _Found) -> _Found:
    items = _items(found) or []
    return items[node["value"]] if -len(items) <= node["value"] < len(items) else None


def _select_slice(node: _Node, found: _Found) -> _Found:
    items = _items(found)
    return items and items[slice(*node["children"])]


def _select_flattened(node: _Node, found: _Found) -> _Found:
    items = _items(_walk(node["children"][0], found))
    if items is None:
        return None
    inner = ([each] if (below := _items(each)) is None else below for each in items)
    return [item for below in inner for item in below]


def _select_projection(node: _Node, found: _Found) -> _Found:
    source = _walk(node["children"][0], found)
    items = _values(source) if node["type"] == "value_projection" else _items(source)
    if items is None:
        return None
    if node["type"] == "filter_projection":
        items = [item for item in items if _is_true(node["children"][2], item)]
    return [selected for item in items if (selected := _walk(node["children"][1], item)) is not None]


def _select_member(node: _Node, found: _Found) -> _Found:
    name = node["value"]
    if not isinstance(found, _Located) or not isinstance(found.value, dict):
        return None
    return _Located((*found.path, name), found.value.get(name))


def _items(found: _Found) -> list[_Found] | None:
    """The items of a list, None of anything else."""
    if isinstance(found, list) or found is None:
        return found
    if isinstance(found.value, list):
        return [_Located((*found.path, i), item) for i, item in enumerate(found.value)]
    return None


def _values(found: _Found) -> list[_Found] | None:
    """The values of a mapping, None of anything else."""
    if isinstance(found, _Located) and isinstance(found.value, dict):
        return [_Located((*found.path, name), item) for name, item in found.value.items()]
    return None


def _is_true(condition: _Node, found: _Found) -> bool:
    interpreter = jmespath.visitor.TreeInterpreter()
    result = interpreter.visit(condition, _plain_value(found))
    return bool(result) or (result == 0 and not isinstance(result, bool))  # a number is true in JMESPath


def _plain_value(found: _Found) -> Value:
    return [_plain_value(each) for each in found] if isinstance(found, list) else found.value if found else None


def _flatten_found(found: _Found) -> Iterator[_Located]:
    if isinstance(found, list):
        for each in found:
            yield from _flatten_found(each)
    elif found is not None:
        yield found


#: The nodes of JMESPath's syntax tree that walk; every other node computes a value.
_STEPS: Mapping[str, Callable[[_Node, _Found], _Found]] = {
    "current": lambda _, found: found,
    "identity": lambda _, found: found,
    "field": _select_member,
    "index": _select_index,
    "slice": _select_slice,
    "subexpression": _walk_children,
    "index_expression": _walk_children,
    "pipe": _walk_children,
    "flatten": _select_flattened,
    "projection": _select_projection,
    "value_projection": _select_projection,
    "filter_projection": _select_projection,
}

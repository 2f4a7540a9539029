"""Whether a value keeps the constraints of its shape: enum, length or size, pattern, required members, union.

`core.aws.conform` does not check these, because AWS widens them without notice. Synthetic values and edits keep them
all; `core.check.lint_values` warns of an identity that breaks one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from awstape.core.aws.conform import Misfit, did_you_mean
from awstape.core.aws.member_paths import MapKey, Path
from awstape.core.aws.model import Shape, Value

#: Classes of Java's regular expressions → Python's, which are as wide; they only occur within brackets.
_JAVA_CLASSES = {r"\p{L}": r"\w", r"\p{N}": r"\w", r"\p{Z}": r"\s"}


def constraint_misfits(value: Value, shape: Shape, path: Path = ()) -> Iterator[Misfit]:
    """Every place where a value, which is of the type of its shape, breaks a constraint.

    The problem is what is expected there; it does not quote the value.
    """
    if expected := expected_constraint(value, shape):
        yield Misfit(path, expected)
    match value:
        case list() if shape.member:
            for i, item in enumerate(value):
                yield from constraint_misfits(item, shape.member.shape, (*path, i))
        case dict() if shape.key and shape.value:
            for name, item in value.items():
                yield from constraint_misfits(name, shape.key.shape, (*path, MapKey(name)))
                yield from constraint_misfits(item, shape.value.shape, (*path, MapKey(name)))
        case dict():
            yield from (
                Misfit((*path, name), "a value; it is required") for name in shape.required if value.get(name) is None
            )
            for name, item in value.items():
                if item is not None and name in shape.members:
                    yield from constraint_misfits(item, shape.members[name].shape, (*path, name))


def expected_constraint(value: Value, shape: Shape) -> str:
    """The constraint that a value itself breaks, as what is expected; empty if it breaks none. Children are ignored."""
    match value:
        case str() if shape.type == "string":
            return _expected_text(value, shape)
        case list() if not _is_in_range(len(value), shape):
            return f"{_range(shape)} items"
        case dict() if shape.union and len(value) != 1:
            return f"exactly one of {', '.join(shape.members)}"
        case dict() if shape.key and not _is_in_range(len(value), shape):
            return f"{_range(shape)} entries"
        case int() if not isinstance(value, bool) and not _is_in_range(value, shape):
            return f"a number of {_range(shape)}"
    return ""


def keeps_constraints(text: str, shape: Shape) -> bool:
    """Whether a text keeps the constraints of its shape."""
    return not _expected_text(text, shape)


def _expected_text(text: str, shape: Shape) -> str:
    if shape.enum:
        return "" if text in shape.enum else f"one of {', '.join(shape.enum)}{did_you_mean(text, shape.enum)}"
    if not _is_in_range(len(text), shape):
        return f"text of {_range(shape)} characters"
    return f"text of the pattern {shape.pattern}" if shape.pattern and not _matches(shape.pattern, text) else ""


def _is_in_range(number: int, shape: Shape) -> bool:
    return (shape.min is None or shape.min <= number) and (shape.max is None or number <= shape.max)


def _range(shape: Shape) -> str:
    limits = [f"at least {shape.min}" if shape.min is not None else "", f"at most {shape.max}" if shape.max else ""]
    return " and ".join(filter(None, limits))


def _matches(pattern: str, text: str) -> bool:
    compiled = _compile(pattern)
    return compiled is None or compiled.fullmatch(text) is not None


@cache
def _compile(pattern: str) -> re.Pattern[str] | None:
    """The pattern for the whole of a text; None for one that only Java can read."""
    flags = re.UNICODE if r"\p" in pattern else re.ASCII
    for java, python in _JAVA_CLASSES.items():
        pattern = pattern.replace(java, python)
    try:
        return re.compile(pattern, flags)
    except re.error:
        return None

"""Whether a value keeps the limits of its shape: enum, length or size, pattern, required members, one of a union.

`core.aws.conform` lets these pass, for AWS widens them without notice. What is made up keeps them all, and what
somebody asks to be in it; `core.check.lint_values` warns of an identity that doesn't.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from awstape.core.aws.conform import MapKey, Misfit, Path, did_you_mean
from awstape.core.aws.model import Shape, Value

#: Classes of Java's regular expressions, as wide in Python's; they only stand within brackets.
_JAVA_CLASSES = {r"\p{L}": r"\w", r"\p{N}": r"\w", r"\p{Z}": r"\s"}


def excesses(value: Value, shape: Shape, path: Path = ()) -> Iterator[Misfit]:
    """Where a value, which is of the type of its shape, breaks the limits; what would not, without showing it."""
    if problem := excess(value, shape):
        yield Misfit(path, problem)
    match value:
        case list() if shape.member:
            for i, item in enumerate(value):
                yield from excesses(item, shape.member.shape, (*path, i))
        case dict() if shape.key and shape.value:
            for name, item in value.items():
                yield from excesses(name, shape.key.shape, (*path, MapKey(name)))
                yield from excesses(item, shape.value.shape, (*path, MapKey(name)))
        case dict():
            yield from (
                Misfit((*path, name), "a value; it is required") for name in shape.required if value.get(name) is None
            )
            for name, item in value.items():
                if item is not None and name in shape.members:
                    yield from excesses(item, shape.members[name].shape, (*path, name))


def excess(value: Value, shape: Shape) -> str:
    """What a value itself should be, if it isn't; of what is in it nothing is said."""
    match value:
        case str() if shape.type == "string":
            return _of_text(value, shape)
        case list() if not _is_between(len(value), shape):
            return f"{_between(shape)} items"
        case dict() if shape.union and len(value) != 1:
            return f"exactly one of {', '.join(shape.members)}"
        case dict() if shape.key and not _is_between(len(value), shape):
            return f"{_between(shape)} entries"
        case int() if not isinstance(value, bool) and not _is_between(value, shape):
            return f"a number of {_between(shape)}"
    return ""


def fits(text: str, shape: Shape) -> bool:
    """Whether a text keeps the limits of its shape."""
    return not _of_text(text, shape)


def _of_text(text: str, shape: Shape) -> str:
    if shape.enum:
        return "" if text in shape.enum else f"one of {', '.join(shape.enum)}{did_you_mean(text, shape.enum)}"
    if not _is_between(len(text), shape):
        return f"text of {_between(shape)} characters"
    return f"text of the pattern {shape.pattern}" if shape.pattern and not _matches(shape.pattern, text) else ""


def _is_between(number: int, shape: Shape) -> bool:
    return (shape.min is None or shape.min <= number) and (shape.max is None or number <= shape.max)


def _between(shape: Shape) -> str:
    limits = [f"at least {shape.min}" if shape.min is not None else "", f"at most {shape.max}" if shape.max else ""]
    return " and ".join(filter(None, limits))


def _matches(pattern: str, text: str) -> bool:
    compiled = _compiled(pattern)
    return compiled is None or compiled.fullmatch(text) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    """The pattern, which is about the whole of a text; None for one that only Java can read."""
    flags = re.UNICODE if r"\p" in pattern else re.ASCII
    for java, python in _JAVA_CLASSES.items():
        pattern = pattern.replace(java, python)
    try:
        return re.compile(pattern, flags)
    except re.error:
        return None

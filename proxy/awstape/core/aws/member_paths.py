"""Paths into decoded values.

1. A `Path` leads to any value: a step is a member name, a key of a map (`MapKey`) or an index of a list.
2. The path of a member of an output, as paginators give it, is a text: names of nested structures, joined by dots, such
   as `DistributionList.Items`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import reduce

from awstape.core.aws.model import Shape, Value, child_shape

Path = tuple[str | int, ...]


class MapKey(str):
    """A step of a path that is data, not a name of the service model."""

    __slots__ = ()


def format_path(path: Path) -> str:
    """`("Roles", 3, "Arn")` → `Roles[3].Arn`, for people."""
    return re.sub(r"\.\[", "[", ".".join(f"[{step}]" if isinstance(step, int) else step for step in path))


def format_path_without_data(path: Path) -> str:
    """As `format_path`, with `*` for the keys of maps."""
    return format_path(tuple("*" if isinstance(step, MapKey) else step for step in path))


def path_pattern(path: Path) -> str:
    """`("Roles", 3, "Extra")` → `Roles[].Extra`: the form of `Answer.unmodelled`, which holds no data."""
    steps = ("[]" if isinstance(step, int) else "*" if isinstance(step, MapKey) else step for step in path)
    return re.sub(r"\.\[", "[", ".".join(steps))


# --- members of an output -----------------------------------------------------------------------------------------


def value_at(output: Mapping[str, Value] | None, path: str) -> Value:
    """The member at a path; None if it is absent."""
    value: object = output
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value  # type: ignore[return-value]  # the members of a mapping of values are values


def has_value(output: Mapping[str, Value], path: str) -> bool:
    """Whether there is a member at a path."""
    parent, _, name = path.rpartition(".")
    inner = value_at(output, parent) if parent else output
    return isinstance(inner, Mapping) and name in inner


def put_value(output: Mapping[str, Value], path: str, value: Value) -> dict[str, Value]:
    """The output with the member at a path set; structures on the way to it are made where they are absent."""
    name, _, rest = path.partition(".")
    inner = output.get(name)
    return {**output, name: put_value(inner if isinstance(inner, dict) else {}, rest, value) if rest else value}


def without_value(output: Mapping[str, Value], path: str) -> dict[str, Value]:
    """The output without the member at a path."""
    name, _, rest = path.partition(".")
    inner = output.get(name)
    if rest and isinstance(inner, dict):
        return {**output, name: without_value(inner, rest)}
    return {key: value for key, value in output.items() if rest or key != name}


def without_values(output: Mapping[str, Value], paths: Iterable[str]) -> dict[str, Value]:
    """The output without the members at some paths."""
    return reduce(without_value, paths, dict(output))


def shape_at(shape: Shape | None, path: str) -> Shape | None:
    """The shape of the member at a path; None if it is unknown."""
    for name in path.split("."):
        shape = child_shape(shape, name)
    return shape

"""Paths into decoded values: a step is a member name, a key of a map (`MapKey`) or an index of a list."""

from __future__ import annotations

import re

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

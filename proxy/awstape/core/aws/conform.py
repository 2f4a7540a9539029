"""Whether a decoded value fits its shape: what `encode` can say and a cassette may hold.

Types are checked and member names; not enums, lengths and patterns, which AWS widens without notice. A null
stands for an absent member. A timestamp may be text or, in JSON, a number.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from awstape.core.aws.model import Operation, Shape, Type, Value, child_shape

Path = tuple[str | int, ...]


class MapKey(str):
    """A step of a path that is data, not a name of the model."""

    __slots__ = ()


_ACCEPTED: Mapping[Type, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "timestamp": (str, int, float),
    "blob": (str, bytes),
    "list": (list,),
    "structure": (dict,),
    "map": (dict,),
}


_NOTHING = Shape(name="An operation without output", type="structure")


@dataclass(frozen=True)
class Misfit:
    """Where a value does not fit, and how. `unknown` for a member that the model doesn't have."""

    path: Path
    problem: str
    unknown: bool = False


def misfits(value: Value, shape: Shape | None, path: Path = ()) -> Iterator[Misfit]:
    """Everything in `value` that does not fit `shape`; nothing where there is no shape."""
    if shape is None or value is None:
        return
    accepted = _ACCEPTED[shape.type]
    if not isinstance(value, accepted) or (isinstance(value, bool) and bool not in accepted):
        yield Misfit(path, f"expected {article(shape.type)}, got {describe(value)}")
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from misfits(item, child_shape(shape, i), (*path, i))
    elif isinstance(value, dict) and shape.type == "map":
        for key, item in value.items():
            yield from misfits(item, child_shape(shape, key), (*path, MapKey(key)))
    elif isinstance(value, dict):
        for name, item in value.items():
            if member := shape.members.get(name):
                yield from misfits(item, member.shape, (*path, name))
            else:
                hint = did_you_mean(name, shape.members)
                yield Misfit((*path, name), f"{shape.name} has no member {name}{hint}", unknown=True)


def output_misfits(operation: Operation, output: Value) -> Iterator[Misfit]:
    """As `misfits`, of an operation's output; where it has none, every member is unknown."""
    return misfits(output, operation.output or _NOTHING)


def unmodelled(operation: Operation, output: Value) -> tuple[str, ...]:
    """The outermost members of an output that the model doesn't know: what is below them is unknown with them."""
    return tuple(dict.fromkeys(pattern_of(m.path) for m in output_misfits(operation, output) if m.unknown))


def input_misfits(value: Value, shape: Shape | None) -> Iterator[Misfit]:
    """As `misfits`, without what an input keeps as the client spelled it: unknown members and odd numbers."""
    for misfit in misfits(value, shape):
        if not misfit.unknown and not isinstance(_at(value, misfit.path), str):
            yield misfit


def _at(value: Any, path: Path) -> Value:
    for step in path:
        value = value[step]
    found: Value = value
    return found


def did_you_mean(word: str, known: Collection[str]) -> str:
    """`; did you mean X?`, or nothing."""
    close = get_close_matches(word, known, n=1) or [k for k in known if k.lower() == word.lower()]
    return f"; did you mean {close[0]}?" if close else ""


def pattern_of(path: Path) -> str:
    """`("Roles", 3, "Extra")` → `Roles[].Extra`: the form of `Answer.unmodelled`; no data shows in it."""
    steps = ("[]" if isinstance(step, int) else "*" if isinstance(step, MapKey) else step for step in path)
    return re.sub(r"\.\[", "[", ".".join(steps))


def spelled(path: Path) -> str:
    """`("Roles", 3, "Arn")` → `Roles[3].Arn`, for people."""
    return re.sub(r"\.\[", "[", ".".join(f"[{step}]" if isinstance(step, int) else step for step in path))


def shown(path: Path) -> str:
    """As `spelled`, without the steps that are data."""
    return spelled(tuple("*" if isinstance(step, MapKey) else step for step in path))


def member_names(path: Path) -> tuple[str, ...]:
    """The steps of a path that are names of members."""
    return tuple(step for step in path if isinstance(step, str) and not isinstance(step, MapKey))


def describe(value: Value) -> str:
    """What a value is, without showing it."""
    match value:
        case None:
            return "nothing"
        case bool():
            return f"the boolean {str(value).lower()}"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case bytes():
            return "binary data"
        case list():
            return "a list"
        case _:
            return "a mapping"


def article(type_: Type) -> str:
    word = "text" if type_ in ("string", "timestamp") else "mapping" if type_ in ("structure", "map") else type_
    return word if word == "text" else f"{'an' if word[0] in 'aeiou' else 'a'} {word}"

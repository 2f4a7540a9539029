"""Whether a decoded value conforms to its shape: whether the protocol can write it and a cassette may hold it.

Types and member names are checked; enums, lengths and patterns are not (`core.aws.constraints` does), because AWS
widens them without notice. A null stands for an absent member. A timestamp may be text or a number. A number that JSON
does not have, such as NaN, is text, and so is a boolean that clients read in different ways, such as True. A document
may be any value.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from awstape.core.aws.member_paths import MapKey, Path, path_pattern
from awstape.core.aws.model import SPECIAL_BOOLEANS, SPECIAL_NUMBERS, Operation, Shape, Type, Value, child_shape
from awstape.core.text.lazy_pattern import lazy_pattern

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

#: The ending of a noun in the plural, within a name in camel case or with hyphens.
_PLURAL = lazy_pattern(r"(?:(?<=[a-z])ies|(?<=[a-rt-z])s)(?=[A-Z_-]|$)")
_EMPTY_OUTPUT = Shape(name="An operation without output", type="structure")


class Misfit(NamedTuple):
    """A place where a value does not conform, and how. `unknown` for a member that is not in the service model."""

    path: Path
    problem: str
    unknown: bool = False


def misfits(value: Value, shape: Shape | None, path: Path = ()) -> Iterator[Misfit]:
    """Every place in `value` that does not conform to `shape`; none if there is no shape."""
    if shape is None or conforms(value, shape):
        return
    if not _has_type(value, shape):
        yield Misfit(path, f"expected {describe_expected_type(shape.type)}, got {describe_type(value)}")
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


def conforms(value: Value, shape: Shape) -> bool:
    """Whether a value has no misfit. Most have none: this takes a fraction of the time."""
    if value is None or shape.document:
        return True
    if not _has_type(value, shape):
        return False
    if isinstance(value, list):
        item = child_shape(shape, 0)
        return item is None or all(conforms(each, item) for each in value)
    if isinstance(value, dict) and shape.type == "map":
        return shape.value is None or all(conforms(each, shape.value.shape) for each in value.values())
    if isinstance(value, dict) and value:
        members = shape.members
        return all(name in members and conforms(each, members[name].shape) for name, each in value.items())
    return True


def _has_type(value: Value, shape: Shape) -> bool:
    accepted = _ACCEPTED[shape.type]
    if isinstance(value, accepted):
        return bool in accepted or not isinstance(value, bool)
    special = SPECIAL_NUMBERS if float in accepted else SPECIAL_BOOLEANS if bool in accepted else ()
    return isinstance(value, str) and value in special


def output_misfits(operation: Operation, output: Value) -> Iterator[Misfit]:
    """As `misfits`, for an operation's output; if the operation has none, every member is unknown."""
    return misfits(output, operation.output or _EMPTY_OUTPUT)


def unmodelled_members(operation: Operation, output: Value) -> tuple[str, ...]:
    """The patterns of the outermost members of an output that are not in the service model."""
    return tuple(dict.fromkeys(path_pattern(m.path) for m in output_misfits(operation, output) if m.unknown))


def input_misfits(value: Value, shape: Shape | None) -> Iterator[Misfit]:
    """As `misfits`, without what an input keeps as the client wrote it: unknown members, scalars that stayed text."""
    for misfit in misfits(value, shape):
        if not misfit.unknown and not isinstance(_value_at(value, misfit.path), str):
            yield misfit


def _value_at(value: Any, path: Path) -> Value:
    for step in path:
        value = value[step]
    found: Value = value
    return found


def did_you_mean(word: str, known: Collection[str]) -> str:
    """`; did you mean X?`, or an empty text if no known word is similar.

    A word that differs only in case, or in singular and plural, is the most similar one: `ListPolicys`, `ListPolicies`.
    """
    from difflib import get_close_matches

    close = [each for each in known if _stem(each) == _stem(word)] or get_close_matches(word, known, n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _stem(word: str) -> str:
    """A word of the service model in lower case, with its nouns in the singular."""
    return _PLURAL.sub(lambda match: "y" if match[0] == "ies" else "", word).lower()


def describe_type(value: Value) -> str:
    """The type of a value, without its content."""
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


def describe_expected_type(type_: Type) -> str:
    """The type of a shape with its article, such as `an integer` or `text`."""
    word = "text" if type_ in ("string", "timestamp") else "mapping" if type_ in ("structure", "map") else type_
    return word if word == "text" else f"{'an' if word[0] in 'aeiou' else 'a'} {word}"

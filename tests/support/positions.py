"""The positions of text in the traffic of all operations, and values with a text planted at one of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

from awstape.core.aws.model import Member, Operation, Shape
from awstape.core.redaction.services.treatments import Treatment, find_treatment
from awstape.core.redaction.string_walk import TEXT, StringContext, edit_member_strings
from support import exchanges

ITEM, KEY, VALUE, _EXTRA = "[]", "{key}", "{value}", "(extra)"
#: Positions outside the operation's input and output.
AROUND = ("request header", "request extra", "request path", "answer envelope", "answer body")
#: The members that any error may have, modelled or not.
_ANY_ERROR = Shape("error", "structure", {name: Member(name, TEXT) for name in ("Code", "message", "__type")})
#: Values where a text is planted elsewhere and a value is needed.
FILLER = ("x", "x-1")
_TO_OWN_HOSTS = frozenset({"WriteGetObjectResponse"})
Path = tuple[str, ...]


@dataclass(frozen=True)
class Position:
    """A position of text: the side of an operation, the path of the member there, and the member's shape."""

    operation: Operation
    side: str
    path: Path = ()
    shape: Shape | None = None
    error: Shape | None = None  # the modelled error that contains the path

    def __str__(self) -> str:
        return " ".join([self.operation.name, self.error.name if self.error else self.side, ".".join(self.path)])

    @property
    def is_in_header(self) -> bool:
        shape = self.error or {"input": self.operation.input, "output": self.operation.output}.get(self.side)
        member = shape.members.get(self.path[0]) if shape and self.path else None
        return member is not None and member.location in ("header", "headers")

    @property
    def member(self) -> str:
        """The name of the member that the text is in, directly or through lists and maps."""
        return next((step for step in reversed(self.path) if step not in (ITEM, KEY, VALUE)), "")


@cache
def positions() -> tuple[Position, ...]:
    """Returns every position of every operation that can be recorded: one with a stream of events can't.

    Nor is it sent to a host that is named by a member of its input.
    """
    every = (op for service in exchanges.MODELS.recognised for op in service.operations.values())
    operations = (
        op for op in every if op.name not in _TO_OWN_HOSTS and not any(map(_has_stream, (op.input, op.output)))
    )
    return tuple(position for op in operations for position in positions_of(op))


def _has_stream(shape: Shape | None) -> bool:
    return shape is not None and any(member.shape.event_stream for member in shape.members.values())


def positions_of(op: Operation) -> Iterator[Position]:
    """Yields every position of an operation."""
    tokens = {(op.paging.token,), (op.paging.output_token,)} if op.paging else set()
    for path, shape in _paths(op.input) if op.input else ():
        # Text that botocore doesn't send as input has positions in `AROUND` instead.
        if path not in tokens and shape and shape.type != "timestamp":
            yield Position(op, "input", path, shape)
    for path, shape in _paths(op.output) if op.output else [((_EXTRA,), None)]:
        if path not in tokens:
            yield Position(op, "output", path, shape)
    for error in (*op.errors, _ANY_ERROR):
        yield from (Position(op, "error", path, shape, error) for path, shape in _paths(error))
    yield from (Position(op, side) for side in (*AROUND, *(["token"] if has_text_as_token(op) else [])))


def has_text_as_token(op: Operation) -> bool:
    """Whether an operation is paged, and its token is no map, as DynamoDB's are."""
    return op.paging is not None and op.input is not None and op.input.members[op.paging.token].shape.type == "string"


def _paths(shape: Shape, above: tuple[Shape, ...] = ()) -> Iterator[tuple[Path, Shape | None]]:
    """Yields (path, shape) of all texts in a shape, including unknown members and map keys. Recursion is cut."""
    if shape in above:
        return
    below = {name: member.shape for name, member in shape.members.items()}
    if shape.member:
        below[ITEM] = shape.member.shape
    if shape.key and shape.value:
        below[VALUE] = shape.value.shape
        yield (KEY,), shape.key.shape
    for step, inner in below.items():
        yield from (((step, *path), leaf) for path, leaf in _paths(inner, (*above, shape)))
    if shape.type == "structure":
        yield (_EXTRA,), None
    elif shape.type in ("string", "timestamp", "blob"):
        yield (), shape


def value_at(shape: Shape | None, path: Path, planted: Any, rng: Random) -> Any:
    """Returns a value of the shape with `planted` at the path, and otherwise only required members."""
    if not path:
        return planted
    step, *rest = path
    if shape is None or step == _EXTRA:
        return {"NewMember": rng.choice((planted, [planted, "x"], {"Deep": {"Deeper": planted}}))}
    if step == KEY and shape.value:
        below = shape.value.shape
        return {planted: "x" if below.is_scalar else [] if below.member else {}}
    inner = shape.member or shape.value or shape.members[step]
    value = value_at(inner.shape, tuple(rest), planted, rng)
    return [value] if step == ITEM else {"x": value} if step == VALUE else {**required_members(shape), step: value}


def required_members(shape: Shape | None) -> dict[str, Any]:
    """Returns the members of an input without which its request has no path."""
    return {name: "x-1" for name, m in (shape.members if shape else {}).items() if m.location == "uri"}


def is_denied_by_place(position: Position) -> bool:
    """Whether default-deny replaces any text at a position: none that programs look up, and none that stays readable.

    An error's words stay as well.
    """
    shape = {"input": position.operation.input, "output": position.operation.output}.get(position.side)
    found = find_treatments(shape, position.path) if shape else set()
    return bool(found) and {"key", "readable", "time"}.isdisjoint(found)


def find_treatments(shape: Shape, path: Path) -> set[Treatment]:
    """What default-deny does with the strings at a path of an input or an output."""
    found: set[Treatment] = set()

    def note(text: str, context: StringContext) -> str:
        if text == "zreal":
            found.add(find_treatment(context.place))
        return text

    edit_member_strings(value_at(shape, path, "zreal", Random(0)), shape, note)
    return found

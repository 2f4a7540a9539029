"""Values that fit a shape of any service model: each text and number is another one, so that a mix-up shows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from awstape.core.aws.model import Shape, Value

#: Below this depth, structures are empty, but for unions: one member of each must be there.
_DEPTH = 4


@dataclass
class ValueMaker:
    """Makes values. length: the number of items of lists."""

    length: int = 1

    def __post_init__(self) -> None:
        self._numbers = count(10)

    def make(self, shape: Shape, depth: int = 0) -> Value:
        """A value of a shape; lists and maps have items, structures all members that a message may have at once."""
        if shape.document:
            return {"text": self._text(shape), "number": next(self._numbers)}
        match shape.type:
            case "structure":
                return self.members(shape, depth) if depth < _DEPTH or shape.union else {}
            case "list" | "map":
                return self._collection(shape, depth)
            case "integer" | "long":
                return next(self._numbers)
            case "float" | "double":
                return next(self._numbers) + 0.5
            case "boolean":
                return True
            case "timestamp":
                return f"2026-01-02T03:{next(self._numbers) // 60 % 60:02}:{next(self._numbers) % 60:02}Z"
            case "blob":
                return f"blob {next(self._numbers)}"
        return self._text(shape)

    def _collection(self, shape: Shape, depth: int) -> Value:
        if shape.member:
            return [self.make(shape.member.shape, depth + 1) for _ in range(self.length)] if depth < _DEPTH else []
        assert shape.key and shape.value
        pair = str(self.make(shape.key.shape, depth + 1)), self.make(shape.value.shape, depth + 1)
        return dict([pair]) if depth < _DEPTH else {}

    def members(self, shape: Shape, depth: int = 0, only: frozenset[str] | None = None) -> dict[str, Value]:
        """A structure. only: its members; all by default. Of a union, one."""
        names = [name for name in shape.members if only is None or name in only]
        return {
            name: '{"a":1}' if shape.members[name].json_value else self.make(shape.members[name].shape, depth + 1)
            for name in (names[:1] if shape.union else names)
            if shape.members[name].location != "statusCode"
        }

    def _text(self, shape: Shape) -> str:
        if shape.enum:
            return shape.enum[0]
        text = f"zreal{next(self._numbers)}"
        return text.ljust(shape.min or 0, "x")[: shape.max or None]

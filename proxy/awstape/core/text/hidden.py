"""`Hidden`: a value that no log, test report or traceback shows."""

from __future__ import annotations

from typing import Generic, NoReturn, TypeVar

_Value = TypeVar("_Value")


class Hidden(Generic[_Value]):
    """A value whose repr, text and format are a placeholder, and which can't be pickled or copied.

    Reporters print the local variables of failed tests: a secret is hidden from the moment it is read, and revealed
    only as the argument of a call that can't fail.
    """

    __slots__ = ("_value",)

    def __init__(self, value: _Value) -> None:
        self._value = value

    def reveal(self) -> _Value:
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a hidden value is not written")

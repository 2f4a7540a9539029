"""Finds which of many values a text has as a part, in one pass over the text.

1. The characters at the end of the values are looked up at each position of the text; only where some values end in
   them are these compared, by their length. So the number of values hardly matters.
2. Matches may overlap; they come in the order of their ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

T = TypeVar("T")

#: A longer ending identifies few values, a shorter one suits shorter values.
_LONGEST_ENDING = 6


class Substrings(Generic[T]):
    """Values to search for, none of them empty, with what each of them means."""

    def __init__(self, values: Mapping[str, T]) -> None:
        self._ending = min(_LONGEST_ENDING, min(map(len, values), default=1))
        self._by_ending: dict[str, dict[int, dict[str, T]]] = {}
        for value, meaning in values.items():
            by_length = self._by_ending.setdefault(value[-self._ending :], {})
            by_length.setdefault(len(value), {})[value] = meaning

    def find(self, text: str) -> Iterator[tuple[int, int, T]]:
        """(begin, end, meaning) of each value in the text."""
        n, by_ending = self._ending, self._by_ending
        ends = [end for end in range(n, len(text) + 1) if text[end - n : end] in by_ending] if by_ending else ()
        for end in ends:
            for length, values in by_ending[text[end - n : end]].items():
                if length <= end and (value := text[end - length : end]) in values:
                    yield end - length, end, values[value]

    def find_apart(self, text: str) -> list[tuple[int, int, T]]:
        """The matches that do not overlap: the leftmost first, of several the longest."""
        apart: list[tuple[int, int, T]] = []
        for match in sorted(self.find(text), key=lambda match: (match[0], -match[1])):
            if not apart or match[0] >= apart[-1][1]:
                apart.append(match)
        return apart


def rewrite_spans(
    text: str,
    spans: Iterable[tuple[int, int, T]],
    inside: Callable[[str, T], str],
    between: Callable[[str], str] = str,
) -> str:
    """The text with `inside` applied to each span, given what it means, and `between` to the pieces around the spans.

    spans: as `Substrings.find_apart` returns them.
    """
    out, at = [], 0
    for begin, end, meaning in spans:
        out += [between(text[at:begin]), inside(text[begin:end], meaning)]
        at = end
    return "".join([*out, between(text[at:])])

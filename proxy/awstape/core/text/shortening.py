"""Shortening: fits texts and lists of sizes into a line."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

#: The characters shown before the place where two long texts differ.
_CONTEXT = 20


def shorten_middle(text: str, longest: int) -> str:
    """The text, or its beginning and its end with `…` between them: at most `longest` characters."""
    if len(text) <= longest:
        return text
    end = (longest - 1) // 2
    return f"{text[: longest - 1 - end]}…{text[len(text) - end :]}"


def shorten_end(text: str, longest: int, begin: int = 0) -> str:
    """`longest` characters of a text from a position on; `…` marks each side where text is left out."""
    end = begin + longest
    return f"{'…' if begin else ''}{text[begin:end]}{'…' if len(text) > end else ''}"


def shorten_to_difference(before: str, after: str, longest: int) -> tuple[str, str]:
    """Two texts; if one is longer than `longest`, both from shortly before the place where they begin to differ."""
    characters = enumerate(zip(before, after, strict=False))
    same = next((i for i, (one, other) in characters if one != other), min(len(before), len(after)))
    begin = max(0, same - _CONTEXT) if max(len(before), len(after)) > longest else 0
    return shorten_end(before, longest, begin), shorten_end(after, longest, begin)


def join_sizes(sizes: Iterable[int]) -> str:
    """The sizes of pages: `3+2`, and `4×100+7` for more than two equal sizes in a row."""
    runs = [(size, len(list(same))) for size, same in groupby(sizes)]
    return "+".join(f"{n}×{size}" if n > 2 else "+".join([str(size)] * n) for size, n in runs)

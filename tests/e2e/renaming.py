"""Checks that two values are the same data under a one-to-one renaming of redacted names.

1. Both have the same shape: types, lengths, members in the same order. Values that are not texts are equal.
2. Texts are cut into pieces, runs of characters that names may contain. The text between the pieces is equal.
3. A piece that differs was replaced by an alias. A piece that is equal was kept.
4. In the whole data, each piece has exactly one replacement, and each alias replaces exactly one piece: a role and an
   instance profile with the same name have the same alias.

The module shares no code with awstape: it defines the form of aliases independently.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_PIECE = re.compile(r"%[0-9A-F]{2}|[A-Za-z0-9_@.+=-]+")
_ALIAS = re.compile(
    r"""
    000\d{9}                                            # account id
    | [A-Z]{4}(?:TAPE[A-Z2-7]+|tape[a-z2-7]+)            # unique id
    | o-[a-z2-7]{12}                                    # organization id
    | 00000000-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{10}aa    # UUID
    | alias-[A-Za-z2-7]{10}@example\.com                # e-mail
    | alias-[_.@+=-]*[A-Za-z2-7]{10}(?:[_.@+=-]+[A-Za-z2-7]{10}){0,4}[_.@+=-]*    # name
    """,
    re.VERBOSE,
)


def renaming(real: Any, redacted: Any) -> dict[str, str]:
    """Returns renamed piece → its alias. Raises AssertionError if the data differs in any other way."""
    became: dict[str, str] = {}
    stands_for: dict[str, str] = {}
    for old, new in _pieces(real, redacted, "$"):
        assert became.setdefault(old, new) == new, f"{old} became {became[old]} and {new}"
        assert stands_for.setdefault(new, old) == old, f"{new} stands for {stands_for[new]} and {old}"
    return {old: new for old, new in became.items() if old != new}


def _pieces(real: Any, redacted: Any, where: str) -> Iterator[tuple[str, str]]:
    """Yields each piece of each text with its replacement: the same piece, or an alias."""
    assert type(real) is type(redacted), f"{where}: {real!r} became {redacted!r}"
    if isinstance(real, dict):
        yield from _pieces(list(real), list(redacted), f"{where} keys")
        for key, one, other in zip(real, real.values(), redacted.values(), strict=True):
            yield from _pieces(one, other, f"{where}.{key}")
    elif isinstance(real, list):
        assert len(real) == len(redacted), f"{where}: {len(real)} items became {len(redacted)}"
        for i, (one, other) in enumerate(zip(real, redacted, strict=True)):
            yield from _pieces(one, other, f"{where}[{i}]")
    elif isinstance(real, str):
        assert _PIECE.split(real) == _PIECE.split(redacted), f"{where}: {real!r} became {redacted!r}"
        for one, other in zip(_PIECE.findall(real), _PIECE.findall(redacted), strict=True):
            assert one == other or _ALIAS.fullmatch(other), f"{where}: {one} became {other}, which is not an alias"
            yield one, other
    else:
        assert real == redacted, f"{where}: {real!r} became {redacted!r}"


def text_pairs(real: Any, replayed: Any) -> Iterator[tuple[str, str]]:
    """The texts of two values that are equal but for them."""
    assert type(real) is type(replayed)
    if isinstance(real, dict):
        real, replayed = [*real, *real.values()], [*replayed, *replayed.values()]
    if isinstance(real, list):
        for one, other in zip(real, replayed, strict=True):
            yield from text_pairs(one, other)
    elif isinstance(real, str):
        yield real, replayed
    else:
        assert real == replayed

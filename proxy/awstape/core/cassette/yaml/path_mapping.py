"""Where the things in a take's document are after an edit.

1. A member is the same where it has the same name and is in the same.
2. Items of a list are the same where they are equal; what stands between equal ones is paired in order, if it is as
   much as before. Items of a listing are looked for on all of its pages.
3. Pages that are cut anew are others, but for the first.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from awstape.core.aws.model import Operation, Value
from awstape.core.aws.paths import Path


def map_paths(of: Operation, old: Value, new: Value) -> dict[Path, Path]:
    """Each place in a take's document → where in the new one the same is."""
    found: dict[Path, Path] = {}
    names = of.paging.items if of.paging else ()

    def pair(a: Value, b: Value, p: Path, q: Path) -> None:
        found[p] = q
        if isinstance(a, dict) and isinstance(b, dict):
            for name in a.keys() & b.keys():
                pair(a[name], b[name], (*p, name), (*q, name))
        elif isinstance(a, list) and isinstance(b, list) and not (len(p) == 4 and p[3] in names):
            # Pages that are cut anew are others, but for the first.
            both = zip(range(1), range(1), strict=True) if p == ("pages",) and len(a) != len(b) else _aligned(a, b)
            for i, j in both:
                pair(a[i], b[j], (*p, i), (*q, j))

    pair(old, new, (), ())
    for name in names:
        was, now = list(_items(old, name)), list(_items(new, name))
        for i, j in _aligned([value for _, value in was], [value for _, value in now]):
            pair(was[i][1], now[j][1], was[i][0], now[j][0])
    return found


def _items(document: Value, name: str) -> Iterator[tuple[Path, Value]]:
    """The items of a take's document that are in a list of that name, page by page."""
    assert isinstance(document, dict)
    pages = document["pages"]
    assert isinstance(pages, list)
    for i, page in enumerate(pages):
        output = page.get("output") if isinstance(page, dict) else None
        items = output.get(name) if isinstance(output, dict) else None
        yield from ((("pages", i, "output", name, j), item) for j, item in enumerate(items or ()))  # type: ignore[arg-type]


def _aligned(old: Sequence[Value], new: Sequence[Value]) -> Iterator[tuple[int, int]]:
    """Which of the old values are which of the new: equal ones, and what stands between them where it is as many."""
    a, b = _numbered(old), _numbered(new)
    at = {value: j for j, value in enumerate(b)}
    equal = {i: at[value] for i, value in enumerate(a) if value in at}
    yield from equal.items()
    taken = set(equal.values())
    for (i, j), (k, m) in pairwise([(-1, -1), *_rising(list(equal.items())), (len(a), len(b))]):
        others = [n for n in range(i + 1, k) if n not in equal], [n for n in range(j + 1, m) if n not in taken]
        if len(others[0]) == len(others[1]):
            yield from zip(*others, strict=True)


def _numbered(values: Sequence[Value]) -> list[tuple[str, int]]:
    """Values as texts, equal ones told apart by their number."""
    seen = Counter[str]()
    numbered = []
    for value in values:
        text = json.dumps(value, sort_keys=True, default=repr)
        numbered.append((text, seen[text]))
        seen[text] += 1
    return numbered


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The most of some pairs, sorted by the first of each, of which the second rises, too."""
    ends: list[int] = []  # of the best rows of each length, the lowest second…
    last: list[int] = []  # …and its number
    before: list[int | None] = []
    for n, (_, second) in enumerate(pairs):
        length = bisect_left(ends, second)
        ends[length : length + 1] = [second]
        last[length : length + 1] = [n]
        before.append(last[length - 1] if length else None)
    rising = []
    at = last[-1] if last else None
    while at is not None:
        rising.append(pairs[at])
        at = before[at]
    return rising[::-1]

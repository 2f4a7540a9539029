"""Maps the paths of a take's document to those of the document after an edit.

1. A member of a mapping maps to the member of the same name in the mapping that its own mapping maps to.
2. Items of a list map to equal items. The items between two equal ones are paired in order if their number is the same.
   The items of a paged list are searched on all pages.
3. If the number of pages changed, only the first page maps to a page.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from awstape.core.aws.member_paths import Path
from awstape.core.aws.model import Operation, Value
from awstape.core.aws.paging import items_of


def map_paths(operation: Operation, old: Value, new: Value) -> dict[Path, Path]:
    """Path in the old document of a take → path in the new one. Paths that are gone are left out."""
    found: dict[Path, Path] = {}
    names = operation.lists

    def pair(a: Value, b: Value, p: Path, q: Path) -> None:
        found[p] = q
        if isinstance(a, dict) and isinstance(b, dict):
            for name in a.keys() & b.keys():
                pair(a[name], b[name], (*p, name), (*q, name))
        elif isinstance(a, list) and isinstance(b, list) and not _is_paged_list(p, names):
            both = zip(range(1), range(1), strict=True) if p == ("pages",) and len(a) != len(b) else _align(a, b)
            for i, j in both:
                pair(a[i], b[j], (*p, i), (*q, j))

    pair(old, new, (), ())
    for name in names:
        was, now = list(_items(old, name)), list(_items(new, name))
        for i, j in _align([value for _, value in was], [value for _, value in now]):
            pair(was[i][1], now[j][1], was[i][0], now[j][0])
    return found


def _is_paged_list(path: Path, names: Sequence[str]) -> bool:
    """Whether a path in a take's document is that of a list that is paged: `pages.0.output.Users`."""
    return len(path) > 3 and path[2] == "output" and ".".join(map(str, path[3:])) in names


def _items(document: Value, name: str) -> Iterator[tuple[Path, Value]]:
    """The items of a paged list, over all pages of a take's document, with their paths."""
    assert isinstance(document, dict)
    pages = document["pages"]
    assert isinstance(pages, list)
    for i, page in enumerate(pages):
        output = page.get("output") if isinstance(page, dict) else None
        path: Path = ("pages", i, "output", *name.split("."))
        items = items_of(output, name) if isinstance(output, dict) else ()
        yield from (((*path, j), item) for j, item in enumerate(items))


def _align(old: Sequence[Value], new: Sequence[Value]) -> Iterator[tuple[int, int]]:
    """Index of an old value → index of its new value: equal values, and those between them if they are as many."""
    a, b = _number_duplicates(old), _number_duplicates(new)
    at = {value: j for j, value in enumerate(b)}
    equal = {i: at[value] for i, value in enumerate(a) if value in at}
    yield from equal.items()
    taken = set(equal.values())
    for (i, j), (k, m) in pairwise([(-1, -1), *_longest_increasing(list(equal.items())), (len(a), len(b))]):
        others = [n for n in range(i + 1, k) if n not in equal], [n for n in range(j + 1, m) if n not in taken]
        if len(others[0]) == len(others[1]):
            yield from zip(*others, strict=True)


def _number_duplicates(values: Sequence[Value]) -> list[tuple[str, int]]:
    """Values as texts, each with the number of equal values before it."""
    seen = Counter[str]()
    numbered = []
    for value in values:
        text = json.dumps(value, sort_keys=True, default=repr)
        numbered.append((text, seen[text]))
        seen[text] += 1
    return numbered


def _longest_increasing(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part of some pairs, sorted by their first element, in which the second element increases, too."""
    ends: list[int] = []  # for the best sequence of each length: the lowest second element…
    last: list[int] = []  # …and its index
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

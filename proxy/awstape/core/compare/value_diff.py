"""Comparing two values: the members in which they differ, down to the leaf."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from awstape.core.aws.conform import Path
from awstape.core.aws.model import Shape, Value, child_shape
from awstape.core.compare.changes import Change, Label
from awstape.core.compare.equality import document, is_ordered, meaning
from awstape.core.compare.item_pairing import label, pairs


def compare(before: Value, after: Value, shape: Shape | None, path: Path = ()) -> Iterator[Change]:
    """The changes that make one value of a shape of another. path: where it is; a document's path goes on into it."""
    if repr(before) == repr(after):  # most are; and 1 is not True
        return
    if isinstance(before, str) and isinstance(after, str):
        old, new = document(before), document(after)
        if old and new:
            yield from compare(old[0], new[0], old[1] if old[1] is new[1] else None, path)
        elif before != after:
            yield Change("member", path=path, before=before, after=after)
    elif isinstance(before, dict) and isinstance(after, dict):
        for name in [*before, *(name for name in after if name not in before)]:
            yield from compare(before.get(name), after.get(name), child_shape(shape, name), (*path, name))
    elif isinstance(before, list) and isinstance(after, list):
        yield from compare_lists(before, after, child_shape(shape, 0), path, ordered=is_ordered(shape))
    elif meaning(before, shape) != meaning(after, shape):
        yield Change("member", path=path, before=before, after=after)


def compare_lists(
    before: Sequence[Value], after: Sequence[Value], shape: Shape | None, path: Path, *, ordered: bool
) -> Iterator[Change]:
    """As `compare`, of two lists. shape: that of an item. ordered: whether the order of items counts."""
    found = pairs(before, after, shape)
    for i, j in found:
        old, new = None if i is None else before[i], None if j is None else after[j]
        yield from compare(old, new, shape, (*path, *_step(*((old, i) if j is None else (new, j)), shape)))
    kept = [j for i, j in found if i is not None and j is not None]
    if ordered and kept != sorted(kept):
        yield Change("order", path=path)


def _step(item: Value, position: int | None, shape: Shape | None) -> Path:
    """How a path goes on to an item of a list; a value that is no more than itself is told with its list."""
    if not isinstance(item, dict | list):
        return ()
    name = label(item, shape)
    return (Label(name) if name else position or 0,)

"""Value diff: the changes between two values, down to the members that differ.

1. Two values of the same meaning (`core.compare.equality`) have no changes.
2. Structures are compared member by member, lists item by item as `core.compare.item_pairing` pairs them.
3. Two JSON objects in strings, such as policy documents, are compared like other values; their path goes on into them.
4. A change names the smallest part that differs: a member, an item that only one side has, or the order of a list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from awstape.core.aws.member_paths import Path
from awstape.core.aws.model import Shape, Value, child_shape
from awstape.core.cassette.cassette import Track
from awstape.core.compare.equality import canonical_text, is_ordered, parse_document
from awstape.core.compare.item_pairing import item_label, pair_items

Kind = Literal["key", "apart", "account", "track", "take", "item", "member", "order", "end", "fault", "paging"]
"""What was added, removed or changed.

key: the fingerprint of the key that made the aliases. apart: the marks. track, take: a whole one. item: an item
of a listing. member: a member of an item or of the rest of the pages. order: the order of a list. end: how a listing
ends. fault: a fault of a take. paging: the sizes of the pages."""


class ItemLabel(str):
    """A step of a path into a list: the text that identifies the item."""

    __slots__ = ()


@dataclass(frozen=True)
class Change:
    """One difference; None stands for a side that lacks it.

    track: None for the key and the account. Its account is shown if it has one.
    take: counted from 1; None in a track with one take.
    item: the label of the item of a listing that the change is, or is in; its position, from 0, if it has no label.
    path: from the output on, or of an error from the page on; it goes on into policy documents.
    before, after: of a track or take, its numbers of takes, pages and items; of an end, `complete`, `unfinished` or the
    error; of paging, the number of items of each page.
    """

    kind: Kind
    track: Track | None = None
    take: int | None = None
    item: str | int | None = None
    path: Path = ()
    before: Value = None
    after: Value = None

    @property
    def mark(self) -> str:
        """`+` for what was added, `-` for what was removed, `~` for what changed."""
        if self.kind == "order" or (self.before is not None and self.after is not None):
            return "~"
        return "+" if self.before is None else "-"


def diff_values(before: Value, after: Value, shape: Shape | None, path: Path = ()) -> Iterator[Change]:
    """The changes from one value of a shape to another. path: where the value is."""
    if repr(before) == repr(after):  # the common case; repr distinguishes 1 from True
        return
    if isinstance(before, str) and isinstance(after, str):
        old, new = parse_document(before), parse_document(after)
        if old and new:
            yield from diff_values(old[0], new[0], old[1] if old[1] is new[1] else None, path)
        elif before != after:
            yield Change("member", path=path, before=before, after=after)
    elif isinstance(before, dict) and isinstance(after, dict):
        for name in [*before, *(name for name in after if name not in before)]:
            yield from diff_values(before.get(name), after.get(name), child_shape(shape, name), (*path, name))
    elif isinstance(before, list) and isinstance(after, list):
        yield from diff_lists(before, after, child_shape(shape, 0), path, ordered=is_ordered(shape))
    elif canonical_text(before, shape) != canonical_text(after, shape):
        yield Change("member", path=path, before=before, after=after)


def diff_lists(
    before: Sequence[Value], after: Sequence[Value], shape: Shape | None, path: Path, *, ordered: bool
) -> Iterator[Change]:
    """The changes from one list to another. shape: of an item. ordered: whether the order of the items counts."""
    pairs = pair_items(before, after, shape)
    for i, j in pairs:
        old, new = None if i is None else before[i], None if j is None else after[j]
        step = _path_step(*((old, i) if j is None else (new, j)), shape)
        yield from diff_values(old, new, shape, (*path, *step))
    kept = [j for i, j in pairs if i is not None and j is not None]
    if ordered and kept != sorted(kept):
        yield Change("order", path=path)


def _path_step(item: Value, position: int | None, shape: Shape | None) -> Path:
    """The step of a path to an item of a list; no step to a scalar, which is shown as a change of its list."""
    if not isinstance(item, dict | list):
        return ()
    name = item_label(item, shape)
    return (ItemLabel(name) if name else position or 0,)

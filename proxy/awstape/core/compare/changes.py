"""Changes: in what two values, or two cassettes, differ, and how that is said in lines of text.

A line begins with `+`, `-` or `~` behind its indentation: what came, what went, what is another now. What people must
be able to read is printable, and a long value is cut to where it differs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from awstape.core.aws.conform import Path
from awstape.core.aws.model import Value
from awstape.core.cassette.cassette import Track
from awstape.core.compare.equality import as_json
from awstape.core.text.printable import printable
from awstape.core.view.labels import cut

Kind = Literal["key", "track", "take", "item", "member", "order", "end", "fault", "paging"]
"""What came, went or is another: the fingerprint of the key, a track, a take, an item of a listing, a member of an item
or of what else the pages say, the order of a list, how a listing ended, a fault, how a listing is cut into pages."""


class Label(str):
    """A step of a path into a list: what identifies the item."""

    __slots__ = ()


@dataclass(frozen=True)
class Change:
    """One difference. A side that lacks it has None.

    track: None for the key. take: counted from 1; None in a track with one. item: what identifies the item of a listing
    that it is, or is in; its position, from 0, if nothing does. path: from the output or, of an error, the page on; it
    goes on into policy documents. before, after: of a track or take, how much is in it; of an end, `complete`,
    `unfinished` or the error; of paging, the number of items, page by page.
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
        if self.kind == "order" or (self.before is not None and self.after is not None):
            return "~"
        return "+" if self.before is None else "-"


def spelled(path: Path) -> str:
    """`("Roles", Label("DeployRole"), "Tags", 0)` → `Roles[DeployRole].Tags[0]`, for people."""
    steps = (f"[{step}]" if isinstance(step, int | Label) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".")


# --- lines ------------------------------------------------------------------------------------------------------

_LONGEST = 80
#: What is seen of a long value before the place where it differs.
_CONTEXT = 20
#: Of a listing with more sizes of pages nothing is told but how many pages there are.
_MOST_SIZES = 8


def lines(changes: Iterable[Change]) -> Iterator[str]:
    """The changes for people, track by track, take by take and item by item."""
    for (track, take), of_take in groupby(changes, key=lambda change: (change.track, change.take)):
        title = f"{track}{f', take {take}' if take else ''}"
        for is_whole, inside in groupby(of_take, key=lambda change: change.kind in ("key", "track", "take")):
            if is_whole:
                for change in inside:
                    yield f"{change.mark} {printable(title)}: {_extent(change)}" if track else f"~ {_keys(change)}"
            else:
                yield f"~ {printable(title)}"
                yield from (f"  {line}" for line in _in_take(inside))


def _in_take(changes: Iterable[Change]) -> Iterator[str]:
    for (item, name), of_item in groupby(changes, key=lambda change: (change.item, change.path[:1])):
        title = f"{spelled(name)}{f'[{item}]' if isinstance(item, int) else f' {item}'}"
        for is_whole, inside in groupby(of_item, key=lambda change: change.kind == "item"):
            if item is not None and not is_whole:
                yield f"~ {printable(title)}"
            for change in inside:
                if item is None:
                    yield _line(change, spelled(change.path))
                elif is_whole:
                    # What nothing identifies is shown by what it says.
                    yield _line(change, title) if isinstance(item, int) else f"{change.mark} {printable(title)}"
                else:
                    yield f"  {_line(change, spelled(change.path[2:]))}"


def _line(change: Change, what: str) -> str:
    match change.kind:
        case "order":
            return f"~ {printable(what)}: in another order"
        case "paging":
            return f"~ pages: {_sizes(change)}"
        case "end":
            return f"~ end: {' → '.join(_end(value) for value in (change.before, change.after))}"
        case "fault":
            what = "fault"
    if change.before is not None and change.after is not None:
        said = " → ".join(_windows(_said(change.before), _said(change.after)))
    else:
        said = _window(_said(change.after if change.before is None else change.before), 0)
    return f"{change.mark} {printable(what)}: {said}"


def summary(changes: Iterable[Change]) -> str:
    """How many tracks changed, in a line; empty if there are no changes."""
    of_track: dict[Track | None, set[str]] = {}
    for change in changes:
        of_track.setdefault(change.track, set()).add(change.mark if change.kind == "track" else change.kind)
    keys = ["the keys differ"] if of_track.pop(None, None) else []
    counts = Counter(
        _SUMMED.get(min(kinds), "changed") if len(kinds) == 1 else "changed" for kinds in of_track.values()
    )
    told = [(counts[word], word) for word in ("changed", *_SUMMED.values()) if counts[word]]
    nouns = ["track " if n == 1 else "tracks " for n, _ in told[:1]] + [""] * len(told)
    return ", ".join([*keys, *(f"{n} {noun}{word}" for (n, word), noun in zip(told, nouns, strict=False))])


#: What is said of a track with changes of one kind.
_SUMMED = {"+": "added", "-": "removed", "paging": "only cut into other pages"}


def _keys(change: Change) -> str:
    before, after = (_said(value) if value else "none told" for value in (change.before, change.after))
    return f"key: {before} → {after}; aliases made with different keys never agree"


def _extent(change: Change) -> str:
    extent = change.before if change.after is None else change.after
    assert isinstance(extent, dict)
    counts = [(n, noun) for noun, n in extent.items() if isinstance(n, int) and (noun, n) != ("takes", 1)]
    errors = extent.get("errors")
    told = [f"error {_plain(error)}" for error in (errors if isinstance(errors, list) else ())]
    return ", ".join([*(f"{n} {noun if n != 1 else noun[:-1]}" for n, noun in counts), *told])


def _end(value: Value) -> str:
    if not isinstance(value, dict):
        return _plain(value)
    said = [_plain(value[name]) for name in ("status", "code") if name in value]
    message = f": {_window(_plain(value['message']), 0)}" if "message" in value else ""
    return " ".join(["error", *said]) + message


def _sizes(change: Change) -> str:
    before, after = _cut(change.before), _cut(change.after)
    return f"{before} → {after}" if before != after else f"{before}, cut elsewhere"


def _cut(sizes: Value) -> str:
    assert isinstance(sizes, list)
    said = cut(size for size in sizes if isinstance(size, int))
    return said if said.count("+") < _MOST_SIZES else f"{len(sizes)} pages"


# --- values -----------------------------------------------------------------------------------------------------


def _said(value: Value) -> str:
    return printable(as_json(value, sort_keys=False))


def _plain(value: Value) -> str:
    return printable(value) if isinstance(value, str) else _said(value)


def _windows(before: str, after: str) -> tuple[str, str]:
    """Two texts, both cut to where they begin to differ if they are long."""
    both = enumerate(zip(before, after, strict=False))
    same = next((i for i, (one, other) in both if one != other), min(len(before), len(after)))
    begin = max(0, same - _CONTEXT) if max(len(before), len(after)) > _LONGEST else 0
    return _window(before, begin), _window(after, begin)


def _window(text: str, begin: int) -> str:
    end = begin + _LONGEST
    return f"{'…' if begin else ''}{text[begin:end]}{'…' if len(text) > end else ''}"

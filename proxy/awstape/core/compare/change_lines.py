"""Change lines: changes between two cassettes or values, as lines of text.

1. After its indentation a line begins with `+` (added), `-` (removed) or `~` (changed).
2. All lines are printable. A long value is shortened to the place where it differs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby

from awstape.core.aws.member_paths import Path
from awstape.core.aws.model import Value
from awstape.core.cassette.cassette import Track
from awstape.core.compare.equality import json_text
from awstape.core.compare.value_diff import Change, ItemLabel
from awstape.core.text.printable import printable
from awstape.core.text.shortening import join_sizes, shorten_end, shorten_to_difference

_LONGEST = 80
#: Kinds of changes of the header, of a track or of a take.
_WHOLE = frozenset({"key", "apart", "account", "track", "take"})
#: Of a listing with more different page sizes in a row, only the number of pages is shown.
_MOST_SIZES = 8


def path_text(path: Path) -> str:
    """`("Roles", ItemLabel("DeployRole"), "Tags", 0)` → `Roles[DeployRole].Tags[0]`."""
    steps = (f"[{step}]" if isinstance(step, int | ItemLabel) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".")


def change_lines(changes: Iterable[Change]) -> Iterator[str]:
    """The lines of changes, track by track, take by take and item by item."""
    for (track, take), of_take in groupby(changes, key=lambda change: (change.track, change.take)):
        name = track.describe(with_caller=track.caller is not None) if track else ""
        title = f"{name}{f', take {take}' if take else ''}"
        for is_whole, inside in groupby(of_take, key=lambda change: change.kind in _WHOLE):
            if is_whole:
                for change in inside:
                    if track:
                        yield f"{change.mark} {printable(title)}: {_counts_text(change)}"
                    else:
                        yield f"~ {_header_text(change)}"
            else:
                yield f"~ {printable(title)}"
                yield from (f"  {line}" for line in _lines_in_take(inside))


def _lines_in_take(changes: Iterable[Change]) -> Iterator[str]:
    for (item, name), of_item in groupby(changes, key=lambda change: (change.item, change.path[:1])):
        title = f"{path_text(name)}{f'[{item}]' if isinstance(item, int) else f' {item}'}"
        for is_whole, inside in groupby(of_item, key=lambda change: change.kind == "item"):
            if item is not None and not is_whole:
                yield f"~ {printable(title)}"
            for change in inside:
                if item is None:
                    yield _change_line(change, path_text(change.path))
                elif is_whole:
                    # An item that nothing identifies is shown by its value.
                    yield _change_line(change, title) if isinstance(item, int) else f"{change.mark} {printable(title)}"
                else:
                    yield f"  {_change_line(change, path_text(change.path[2:]))}"


def _change_line(change: Change, title: str) -> str:
    match change.kind:
        case "order":
            return f"~ {printable(title)}: in another order"
        case "paging":
            return f"~ pages: {_sizes_change(change)}"
        case "end":
            return f"~ end: {' → '.join(_end_text(value) for value in (change.before, change.after))}"
        case "fault":
            title = "fault"
    if change.before is not None and change.after is not None:
        values = " → ".join(shorten_to_difference(_json(change.before), _json(change.after), _LONGEST))
    else:
        values = shorten_end(_json(change.after if change.before is None else change.before), _LONGEST)
    return f"{change.mark} {printable(title)}: {values}"


def changes_summary(changes: Iterable[Change]) -> str:
    """How many tracks were changed, added and removed, in one line; empty if there are no changes."""
    of_track: dict[Track | None, set[str]] = {}
    for change in changes:
        of_track.setdefault(change.track, set()).add(change.mark if change.kind == "track" else change.kind)
    of_header = [f"the {kind}s differ" for kind in sorted(of_track.pop(None, set()), reverse=True)]
    counts = Counter(
        _SUMMARY_WORDS.get(min(kinds), "changed") if len(kinds) == 1 else "changed" for kinds in of_track.values()
    )
    shown = [(counts[word], word) for word in ("changed", *_SUMMARY_WORDS.values()) if counts[word]]
    nouns = ["track " if n == 1 else "tracks " for n, _ in shown[:1]] + [""] * len(shown)
    return ", ".join([*of_header, *(f"{n} {noun}{word}" for (n, word), noun in zip(shown, nouns, strict=False))])


#: Kind of all changes of a track, or mark of an added or removed track → the word in the summary.
_SUMMARY_WORDS = {"+": "added", "-": "removed", "paging": "only cut into other pages"}


def _header_text(change: Change) -> str:
    before, after = (_json(value) if value else "none" for value in (change.before, change.after))
    why = "; aliases made with different keys always differ" if change.kind == "key" else ""
    return f"{change.kind}: {before} → {after}{why}"


def _counts_text(change: Change) -> str:
    facts = change.before if change.after is None else change.after
    assert isinstance(facts, dict)
    counts = [(n, noun) for noun, n in facts.items() if isinstance(n, int) and (noun, n) != ("takes", 1)]
    errors = facts.get("errors")
    shown = [f"error {_text(error)}" for error in (errors if isinstance(errors, list) else ())]
    return ", ".join([*(f"{n} {noun if n != 1 else noun[:-1]}" for n, noun in counts), *shown])


def _end_text(value: Value) -> str:
    if not isinstance(value, dict):
        return _text(value)
    parts = [_text(value[name]) for name in ("status", "code") if name in value]
    message = f": {shorten_end(_text(value['message']), _LONGEST)}" if "message" in value else ""
    return " ".join(["error", *parts]) + message


def _sizes_change(change: Change) -> str:
    before, after = _sizes_text(change.before), _sizes_text(change.after)
    return f"{before} → {after}" if before != after else f"{before}, divided differently"


def _sizes_text(sizes: Value) -> str:
    assert isinstance(sizes, list)
    joined = join_sizes(size for size in sizes if isinstance(size, int))
    return joined if joined.count("+") < _MOST_SIZES else f"{len(sizes)} pages"


# --- values -----------------------------------------------------------------------------------------------------


def _json(value: Value) -> str:
    return printable(json_text(value, sort_keys=False))


def _text(value: Value) -> str:
    return printable(value) if isinstance(value, str) else _json(value)

"""What two cassettes say differently.

1. Tracks are the same by service, operation, region and identity. Takes of a track are the same by their number; where
   one side has more, those at its beginning and its end that say the same as the other's are found first.
2. A listing is the items of a take in the order of their pages, as in `paging_modes`. Its items are paired as in
   `item_pairing`; of a pair the members that differ are told, down to the leaf. The order of items counts only
   where the identity says how to sort them.
3. What pages say beside items is compared for the take as a whole: each different value once, on whichever page.
4. Tokens name positions, and limits are the client's: neither is a difference. How a listing is cut is one, told for
   itself: if there are as many items, how many each page has; if not, how many pages there are.
5. Aliases of different keys never agree, whatever they stand for: that the keys differ comes first.
6. `differences(models, a, b)` and `differences(models, b, a)` are the same with the sides changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace

from awstape.core.aws.call import Answer
from awstape.core.aws.model import Member, Models, Operation, Shape, Value, child_shape
from awstape.core.aws.paging import count_items, is_last_page, items_of
from awstape.core.cassette.cassette import Cassette, Take, Track
from awstape.core.compare.changes import Change
from awstape.core.compare.equality import meaning
from awstape.core.compare.item_pairing import Pair
from awstape.core.compare.value_diff import compare, compare_lists


def differences(models: Models, old: Cassette, new: Cassette) -> Iterator[Change]:
    """The changes that make the new cassette of the old one: first the key, then track by track in cassette order."""
    if old.keys and new.keys and old.keys != new.keys:
        yield Change("key", before=_keys(old), after=_keys(new))
    before, after = dict(old.tracks()), dict(new.tracks())
    for track in sorted(before.keys() | after.keys(), key=lambda track: track.key):
        operation = models.operation(track.service, track.operation)
        olds, news = before.get(track, ()), after.get(track, ())
        if olds and news:
            yield from _track(operation, track, olds, news)
        else:
            yield Change("track", track, before=_extent(operation, olds), after=_extent(operation, news))


def _keys(cassette: Cassette) -> Value:
    return ", ".join(sorted(cassette.keys)) or None


def _extent(operation: Operation, takes: Sequence[Take]) -> Value:
    """How much there is in some takes, None if there are none."""
    answers = [page.answer for take in takes for page in take.pages]
    errors = [answer.error for answer in answers if answer.error]
    extent: dict[str, Value] = {"takes": len(takes), "pages": len(answers)}
    if operation.paging:
        extent["items"] = sum(count_items(operation, answer.output) for answer in answers)
    if errors:
        extent["errors"] = [error.name for error in errors]
    return extent if takes else None


# --- takes ------------------------------------------------------------------------------------------------------


def _track(operation: Operation, track: Track, olds: Sequence[Take], news: Sequence[Take]) -> Iterator[Change]:
    is_single = len(olds) == len(news) == 1
    for i, j in _in_step(operation, olds, news):
        if i is None or j is None:
            before, after = (() if i is None else (olds[i],)), (() if j is None else (news[j],))
            changes = iter([Change("take", before=_extent(operation, before), after=_extent(operation, after))])
        else:
            changes = _take(operation, olds[i], news[j])
        number = (j if i is None else i) or 0
        yield from (replace(change, track=track, take=None if is_single else number + 1) for change in changes)


def _in_step(operation: Operation, olds: Sequence[Take], news: Sequence[Take]) -> Iterator[Pair]:
    """The positions of takes that are the same one, in their order."""

    def same(i: int, j: int) -> bool:
        return all(change.kind == "paging" for change in _take(operation, olds[i], news[j]))

    begin = end = 0
    if len(olds) != len(news):
        shorter = min(len(olds), len(news))
        while begin < shorter and same(begin, begin):
            begin += 1
        while end < shorter - begin and same(-1 - end, -1 - end):
            end += 1
    last_old, last_new = len(olds) - end, len(news) - end
    for i in range(max(last_old, last_new)):
        yield i if i < last_old else None, i if i < last_new else None
    yield from ((last_old + i, last_new + i) for i in range(end))


def _take(operation: Operation, old: Take, new: Take) -> Iterator[Change]:
    """The changes of a take, which don't say yet whose."""
    for change in compare_lists(_faults(old), _faults(new), None, ("faults",), ordered=True):
        yield change if change.kind == "order" else replace(change, kind="fault")
    for name in operation.lists:
        yield from _listing(operation, name, old, new)
    yield from _beside(operation, old, new)
    yield from _end(operation, old.pages[-1].answer, new.pages[-1].answer)
    yield from _cut(operation, old, new)


def _faults(take: Take) -> list[Value]:
    return [str(fault) for fault in take.faults]


# --- listings ---------------------------------------------------------------------------------------------------


def _listing(operation: Operation, name: str, old: Take, new: Take) -> Iterator[Change]:
    before, after = _items(old, name), _items(new, name)
    if not before and not after:  # an empty list is not the same as none
        yield from compare(before, after, None, (name,))
        return
    shape = child_shape(child_shape(operation.output, name), 0)
    ordered = any(member.lower().startswith("sort") and how for member, how in old.track.identity.items())
    for change in compare_lists(before or [], after or [], shape, (name,), ordered=ordered):
        if change.path == (name,) and change.kind == "order":
            yield change
            continue
        item = change.path[1] if len(change.path) > 1 else str(change.before or change.after)
        yield replace(change, kind="item" if len(change.path) <= 2 else change.kind, item=item)


def _items(take: Take, name: str) -> list[Value] | None:
    """The items of a take in a list of the output, None if no page has the list."""
    outputs = [page.answer.output or {} for page in take.pages]
    is_there = any(output.get(name) is not None for output in outputs)
    return [item for output in outputs for item in items_of(output, name)] if is_there else None


def _beside(operation: Operation, old: Take, new: Take) -> Iterator[Change]:
    """What pages say beside their items: mostly, all pages of a take say the same."""
    before, after = _said(operation, old), _said(operation, new)
    for name in [*before, *(name for name in after if name not in before)]:
        shape = child_shape(operation.output, name)
        olds, news = before.get(name, []), after.get(name, [])
        if len(olds) <= 1 and len(news) <= 1:
            yield from compare(next(iter(olds), None), next(iter(news), None), shape, (name,))
        else:
            yield from compare_lists(olds, news, shape, (name,), ordered=False)


def _said(operation: Operation, take: Take) -> dict[str, list[Value]]:
    """The members of a take's pages beside items and paging, each with its different values."""
    paging = operation.paging
    left_out = {*paging.items, paging.output_token, paging.more} if paging else set()
    found: dict[str, dict[str, Value]] = {}
    for page in take.pages:
        for name, value in (page.answer.output or {}).items():
            if name not in left_out and value is not None:
                found.setdefault(name, {}).setdefault(meaning(value, child_shape(operation.output, name)), value)
    return {name: list(values.values()) for name, values in found.items()}


# --- ends and pages ---------------------------------------------------------------------------------------------


def _end(operation: Operation, old: Answer, new: Answer) -> Iterator[Change]:
    """How the last page ends the listing."""
    before, after = _how(operation, old), _how(operation, new)
    if old.error and new.error:
        known = operation.service.errors.get(old.error.code or "") if old.error.code == new.error.code else None
        members = {"members": Member("members", known)} if known else {}
        yield from compare(before, after, Shape(name="error", type="structure", members=members), ("error",))
    elif before != after:
        yield Change("end", before=before, after=after)


def _how(operation: Operation, last: Answer) -> Value:
    if last.error:
        said: dict[str, Value] = {name: value for name, value in asdict(last.error).items() if value not in (None, {})}
        return said
    return "complete" if is_last_page(operation, last) else "unfinished"


def _cut(operation: Operation, old: Take, new: Take) -> Iterator[Change]:
    before, after = _sizes(operation, old), _sizes(operation, new)
    if not before or not after or operation.paging is None:
        return
    as_many = [sum(sizes) for sizes in zip(*before, strict=True)] == [sum(sizes) for sizes in zip(*after, strict=True)]
    if before != after if as_many else len(before) != len(after):
        yield Change("paging", before=[sum(sizes) for sizes in before], after=[sum(sizes) for sizes in after])


def _sizes(operation: Operation, take: Take) -> list[tuple[int, ...]]:
    """How many items each page holds, list by list."""
    outputs = (page.answer.output for page in take.pages)
    return [tuple(len(items_of(output, name)) for name in operation.lists) for output in outputs if output is not None]

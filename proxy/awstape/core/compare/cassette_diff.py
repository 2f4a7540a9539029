"""Cassette diff: the changes between two cassettes.

1. Tracks are the same by service, operation, region, identity, account and principal. Takes of a track are the same by
   their number; where one side has more takes, equal takes at the beginning and at the end are matched first.
2. A listing is the items of a take in the order of their pages, as in `core.replay.paging_modes`. Its items are paired
   by `core.compare.item_pairing`, and of a pair the members that differ are changes. The order of items counts only
   where the identity has a member that sorts them.
3. The members of pages beside their items are compared for the take as a whole: each different value counts once, on
   whichever page it is.
4. Page tokens and limits are no differences. Page sizes are a change of their own: if both listings have the same
   number of items, the sizes of the pages count; if not, only the number of pages.
5. Aliases made with different keys always differ, so a change of the key is the first change; under one key, that of
   the marks is. Then comes that of the caller's account. Between cassettes of one account each, tracks are the same
   whatever its account.
6. Pages whose texts are equal in two large cassettes, which are read in part, are not read.
7. `diff_cassettes(models, a, b)` and `diff_cassettes(models, b, a)` differ only in the sides of each change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace

from awstape.core.aws.member_paths import shape_at, value_at, without_values
from awstape.core.aws.model import Member, Models, Operation, Shape, Value, child_shape
from awstape.core.aws.paging import count_items, items_of
from awstape.core.cassette.cassette import Cassette, Take, Track
from awstape.core.cassette.takes import is_complete
from awstape.core.compare.equality import canonical_text
from awstape.core.compare.item_pairing import Pair
from awstape.core.compare.value_diff import Change, diff_lists, diff_values


def diff_cassettes(models: Models, old: Cassette, new: Cassette) -> Iterator[Change]:
    """The changes from the old cassette to the new one: first those of the header, then by track in cassette order."""
    if old.keys and new.keys and old.keys != new.keys:
        yield Change("key", before=_names(old.keys), after=_names(new.keys))
    elif old.apart != new.apart:
        yield Change("apart", before=_names(old.apart), after=_names(new.apart))
    if max(len(old.accounts), len(new.accounts)) <= 1:
        if old.account and new.account and old.account != new.account:
            yield Change("account", before=old.account, after=new.account)
        old, new = _without_accounts(old), _without_accounts(new)
    before, after = dict(old.tracks()), dict(new.tracks())
    for track in sorted(before.keys() | after.keys(), key=lambda track: track.key):
        operation = models.operation(track.service, track.operation)
        olds, news = before.get(track, ()), after.get(track, ())
        if olds and news:
            yield from _diff_tracks(operation, track, olds, news)
        else:
            yield Change("track", track, before=_counts(operation, olds), after=_counts(operation, news))


def _without_accounts(cassette: Cassette) -> Cassette:
    return Cassette.of(
        take.with_track(
            replace(take.track, account=None),
            take.after and replace(take.after, track=replace(take.after.track, account=None)),
        )
        for take in cassette.takes
    )


def _names(of_header: Iterable[str]) -> Value:
    return ", ".join(sorted(of_header)) or None


def _counts(operation: Operation, takes: Sequence[Take]) -> Value:
    """The numbers of takes, pages and items, and the errors, of some takes; None if there are no takes."""
    answers = [page.answer for take in takes for page in take.pages]
    errors = [answer.error for answer in answers if answer.error]
    counts: dict[str, Value] = {"takes": len(takes), "pages": len(answers)}
    if operation.paging:
        counts["items"] = sum(count_items(operation, answer.output) for answer in answers)
    if errors:
        counts["errors"] = [error.name for error in errors]
    return counts if takes else None


# --- takes ------------------------------------------------------------------------------------------------------


def _diff_tracks(operation: Operation, track: Track, olds: Sequence[Take], news: Sequence[Take]) -> Iterator[Change]:
    is_single = len(olds) == len(news) == 1
    for i, j in _pair_takes(operation, olds, news):
        if i is None or j is None:
            before, after = (() if i is None else (olds[i],)), (() if j is None else (news[j],))
            changes = iter([Change("take", before=_counts(operation, before), after=_counts(operation, after))])
        else:
            changes = _diff_takes(operation, olds[i], news[j])
        number = (j if i is None else i) or 0
        yield from (replace(change, track=track, take=None if is_single else number + 1) for change in changes)


def _pair_takes(operation: Operation, olds: Sequence[Take], news: Sequence[Take]) -> Iterator[Pair]:
    """The positions of takes that are the same take, in their order."""

    def same(i: int, j: int) -> bool:
        return all(change.kind == "paging" for change in _diff_takes(operation, olds[i], news[j]))

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


def _diff_takes(operation: Operation, old: Take, new: Take) -> Iterator[Change]:
    """The changes of a take; the caller adds track and take to them."""
    for change in diff_lists(_fault_texts(old), _fault_texts(new), None, ("faults",), ordered=True):
        yield change if change.kind == "order" else replace(change, kind="fault")
    yield from diff_values(_after_value(old), _after_value(new), None, ("after",))
    if old.has_equal_text(new):
        return
    for name in operation.lists:
        yield from _diff_items(operation, name, old, new)
    yield from _diff_other_members(operation, old, new)
    yield from _diff_ends(operation, old, new)
    yield from _diff_page_sizes(operation, old, new)


def _after_value(take: Take) -> Value:
    """The write that a take comes after, as text."""
    if take.after is None:
        return None
    write = take.after.track
    return f"{write.describe(with_caller=write.caller is not None)}, take {take.after.take}"


def _fault_texts(take: Take) -> list[Value]:
    return [str(fault) for fault in take.faults]


# --- listings ---------------------------------------------------------------------------------------------------


def _diff_items(operation: Operation, name: str, old: Take, new: Take) -> Iterator[Change]:
    before, after = _items(old, name), _items(new, name)
    if not before and not after:  # an empty list differs from an absent one
        yield from diff_values(before, after, None, (name,))
        return
    shape = child_shape(shape_at(operation.output, name), 0)
    ordered = any(member.lower().startswith("sort") and value for member, value in old.track.identity.items())
    for change in diff_lists(before or [], after or [], shape, (name,), ordered=ordered):
        if change.path == (name,) and change.kind == "order":
            yield change
            continue
        item = change.path[1] if len(change.path) > 1 else str(change.before or change.after)
        yield replace(change, kind="item" if len(change.path) <= 2 else change.kind, item=item)


def _items(take: Take, name: str) -> list[Value] | None:
    """The items of a take in a list of the output, None if no page has the list."""
    outputs = [page.answer.output or {} for page in take.pages]
    is_there = any(value_at(output, name) is not None for output in outputs)
    return [item for output in outputs for item in items_of(output, name)] if is_there else None


def _diff_other_members(operation: Operation, old: Take, new: Take) -> Iterator[Change]:
    """The changes in the members beside the items; mostly, all pages of a take have the same values."""
    before, after = _other_members(operation, old), _other_members(operation, new)
    for name in [*before, *(name for name in after if name not in before)]:
        shape = child_shape(operation.output, name)
        olds, news = before.get(name, []), after.get(name, [])
        if len(olds) <= 1 and len(news) <= 1:
            yield from diff_values(next(iter(olds), None), next(iter(news), None), shape, (name,))
        else:
            yield from diff_lists(olds, news, shape, (name,), ordered=False)


def _other_members(operation: Operation, take: Take) -> dict[str, list[Value]]:
    """The members of a take's pages beside items and paging → their different values."""
    paging = operation.paging
    found: dict[str, dict[str, Value]] = {}
    for page in take.pages:
        rest = without_values(page.answer.output or {}, paging.page_members if paging else ())
        for name, value in rest.items():
            if value is not None and value != {}:
                found.setdefault(name, {}).setdefault(canonical_text(value, child_shape(operation.output, name)), value)
    return {name: list(values.values()) for name, values in found.items()}


# --- ends and pages ---------------------------------------------------------------------------------------------


def _diff_ends(operation: Operation, old: Take, new: Take) -> Iterator[Change]:
    """The change of the end of a listing: complete, unfinished, an error or a hole."""
    before, after = _end(operation, old), _end(operation, new)
    failed, fails = old.pages[-1].answer.error, new.pages[-1].answer.error
    if failed and fails:
        known = operation.service.errors.get(failed.code or "") if failed.code == fails.code else None
        members = {"members": Member("members", known)} if known else {}
        yield from diff_values(before, after, Shape(name="error", type="structure", members=members), ("error",))
    elif before != after:
        yield Change("end", before=before, after=after)


def _end(operation: Operation, take: Take) -> Value:
    last = take.pages[-1].answer
    if last.error:
        error: dict[str, Value] = {name: value for name, value in asdict(last.error).items() if value not in (None, {})}
        return error
    if take.hole is not None:
        holes: list[Value] = [i for i, page in enumerate(take.pages, 1) if page.hole is not None]
        return {"holes": holes}
    return "complete" if is_complete(operation, take) else "unfinished"


def _diff_page_sizes(operation: Operation, old: Take, new: Take) -> Iterator[Change]:
    before, after = _page_sizes(operation, old), _page_sizes(operation, new)
    if not before or not after or operation.paging is None:
        return
    old_counts, new_counts = ([sum(sizes) for sizes in zip(*pages, strict=True)] for pages in (before, after))
    if before != after if old_counts == new_counts else len(before) != len(after):
        yield Change("paging", before=[sum(sizes) for sizes in before], after=[sum(sizes) for sizes in after])


def _page_sizes(operation: Operation, take: Take) -> list[tuple[int, ...]]:
    """The number of items of each page, list by list."""
    outputs = (page.answer.output for page in take.pages)
    return [tuple(len(items_of(output, name)) for name in operation.lists) for output in outputs if output is not None]

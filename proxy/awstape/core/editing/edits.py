"""Edits of a cassette: each takes a cassette and returns one that can be written, read and replayed.

1. An edit changes the chosen takes (`core.view.selectors`); all other takes stay as they are.
2. In a changed track, takes that repeat their neighbour are dropped and page tokens are named by position again. What
   names a write (`after`) follows the write, and goes with it: `count_freed_reads` counts takes that wait for no write
   then.
3. An edit refuses what would break the cassette, with a tip: two tracks that become one, a fault for a page that no
   longer exists, an item that is there already, a value that the service can't send.
4. Edits don't redact: the caller redacts what people write into a cassette.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Literal

from awstape.core.aws.conform import describe_expected_type, did_you_mean
from awstape.core.aws.member_paths import Path, format_path
from awstape.core.aws.model import Models, Operation, Shape, Value, child_shape
from awstape.core.aws.protocols.encodings.json_text import JsonError, parse_json, parse_value
from awstape.core.cassette.cassette import After, Cassette, Page, Take, Track
from awstape.core.cassette.faults import Fault
from awstape.core.cassette.takes import follow_takes, normalise_takes
from awstape.core.cassette.yaml.documents import DocumentError
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import SEPARATOR, dump_document, take_document, write_header
from awstape.core.compare.identity_meaning import WriteSpellings
from awstape.core.editing.jmespath_paths import ExpressionError, select_paths
from awstape.core.replay.paging_modes import Listing, PagingMode
from awstape.core.view.selectors import SelectedTrack

Preference = Literal["first", "last", "both"]


class EditError(ValueError):
    """An edit that can't be made. tip: what to do instead."""

    def __init__(self, problem: str, tip: str) -> None:
        super().__init__(problem)
        self.tip = tip


# --- takes --------------------------------------------------------------------------------------------------------


def remove_takes(models: Models, cassette: Cassette, chosen: Iterable[SelectedTrack]) -> Cassette:
    """The cassette without the chosen takes."""
    return edit_takes(models, cassette, chosen, lambda _, take: None)


def count_freed_reads(cassette: Cassette, removed: Iterable[SelectedTrack]) -> dict[str, Counter[str]]:
    """Operation of a removed write → operation of a read → how many takes that stay came after that write."""
    places = {After(each.track, number) for each in removed for number in each.numbers}
    freed = defaultdict[str, Counter[str]](Counter)
    for track, takes in cassette.tracks():
        for number, take in enumerate(takes, 1):
            if take.after in places and After(track, number) not in places:
                freed[take.after.track.operation][track.operation] += 1
    return freed


def repage_takes(models: Models, cassette: Cassette, chosen: Iterable[SelectedTrack], paging: PagingMode) -> Cassette:
    """The chosen takes with the same items in other pages, as replay would cut them. Calls without paging stay.

    Raises EditError for a listing with a hole.
    """

    def cut(operation: Operation, take: Take) -> Take:
        if operation.paging and take.hole is not None:
            raise EditError(f"{take.track} has a hole: {take.hole}", "record it anew, or remove it with awstape rm")
        # The old limits go: no service sends a page with more items than its limit.
        pages = tuple(Page(None, None, answer) for answer in Listing(operation, take, 1, paging).answers())
        return take if operation.paging is None else replace(take, pages=pages)

    return edit_takes(models, cassette, chosen, cut)


def set_faults(
    models: Models,
    cassette: Cassette,
    chosen: Iterable[SelectedTrack],
    faults: Sequence[Fault],
    *,
    instead: bool = False,
) -> Cassette:
    """The chosen takes with these faults added, or with these `instead` of their own. Raises EditError."""
    for fault in faults:
        if fault.operation is not None:
            raise EditError(f"the fault {str(fault)!r} names an operation", "a fault in a cassette belongs to its take")

    def put(_: Operation, take: Take) -> Take:
        return replace(take, faults=(() if instead else take.faults) + tuple(faults))

    return edit_takes(models, cassette, chosen, put)


def merge_cassettes(models: Models, cassettes: Sequence[Cassette], prefer: Preference | None) -> Cassette:
    """All tracks of several cassettes; a write in several spellings is one track, under the first of them.

    prefer: the cassette that provides the takes of a track that differs; `both` keeps all takes, one after the other.
    Raises EditError if a track differs and `prefer` is None, or if the cassettes have different keys.
    """
    keys = {key for cassette in cassettes for key in cassette.keys}
    if len(keys) > 1:
        raise EditError(
            f"the cassettes have different keys ({', '.join(sorted(keys))})", "awstape rekey gives them one key"
        )
    cassettes = [*map(WriteSpellings(models).respell, cassettes)]
    owners = defaultdict[Track, list[list[Take]]](list)
    for cassette in _with_writes_numbered(models, cassettes) if prefer == "both" else cassettes:
        for track, takes in cassette.tracks():
            owners[track].append(normalise_takes(models.operation(track.service, track.operation), track, takes))
    merged: list[Take] = []
    for track, versions in owners.items():
        operation = models.operation(track.service, track.operation)
        if all(version == versions[0] for version in versions):
            merged += versions[0]
            continue
        if prefer is None:
            name = track.describe(with_caller=len({each.caller for each in owners}) > 1)
            raise EditError(f"{name} differs between the cassettes", "choose with --prefer first, last or both")
        every = [take for version in versions for take in version]
        chosen = {"first": versions[0], "last": versions[-1], "both": every}[prefer]
        merged += normalise_takes(operation, track, chosen)
    account = next(filter(None, (cassette.account for cassette in cassettes)), None)
    return Cassette.of(merged, keys, account, frozenset().union(*(cassette.apart for cassette in cassettes)))


def _with_writes_numbered(models: Models, cassettes: Sequence[Cassette]) -> Iterator[Cassette]:
    """The cassettes, with each `after` naming its take by the number that it has once all takes are joined."""
    counts = Counter[Track]()
    versions = defaultdict[Track, list[tuple[Take, ...]]](list)
    for cassette in cassettes:
        moved: dict[tuple[Track, int], After | None] = {}
        for track, takes in cassette.tracks():
            if not models.operation(track.service, track.operation).is_read and takes not in versions[track][:1]:
                moved |= {(track, n): After(track, counts[track] + n) for n in range(1, len(takes) + 1)}
                versions[track].append(takes)
                counts[track] += len(takes)
        yield cassette.with_takes(follow_takes(cassette.takes, moved))


def split_cassette(cassette: Cassette, chosen: Iterable[SelectedTrack]) -> tuple[Cassette, Cassette]:
    """A cassette of the chosen tracks and one of all others. Takes of a track stay together."""
    tracks = {each.track for each in chosen}
    out = [take for take in cassette.takes if take.track in tracks]
    left = [take for take in cassette.takes if take.track not in tracks]
    return cassette.with_takes(out), cassette.with_takes(left)


# --- values -------------------------------------------------------------------------------------------------------


def set_value(
    models: Models, cassette: Cassette, chosen: Iterable[SelectedTrack], expression: str, text: str | None
) -> Cassette:
    """The chosen takes with a value set at the paths that a JMESPath expression selects in each take's document.

    text: taken as it is for a string, parsed as JSON for another type; None removes the member. Raises EditError.
    """
    found = 0

    def put(operation: Operation, take: Take) -> Take:
        nonlocal found
        document = deepcopy(take_document(take))
        try:
            paths = [path for path in select_paths(expression, document) if path]
        except ExpressionError as error:
            raise EditError(str(error), "for example pages[].output.Roles[].MaxSessionDuration") from None
        found += len(paths)
        if unknown := next((path for path in paths if text is not None and _is_unknown(operation, path)), None):
            members = _identity_members(operation)
            tip = f"members: {', '.join(members)}" if members else "its identity has no members"
            hint = did_you_mean(str(unknown[1]), members)
            raise EditError(f"{operation.name} takes no {unknown[1]}{hint}", tip)
        for path in sorted(paths, key=_sort_key, reverse=True):  # the last item first: its removal moves no other
            value = None if text is None else _parse_value(text, find_shape(operation, path), path)
            _set_at(document, path, value, text is None)
        return _reread(models, document, take) if paths else take

    result = edit_takes(models, cassette, chosen, put)
    if not found:
        raise EditError(
            f"nothing is selected by {expression!r}", "awstape show --json shows the members, with aliases for names"
        )
    return result


def find_shape(operation: Operation, path: Path) -> Shape | None:
    """The shape at a path in a take's document, or None if the model has none for it."""
    match path:
        case ("identity", *rest):
            shape = operation.input
        case ("pages", int(), "output", *rest):
            shape = operation.output
        case _:
            return None
    for step in rest:
        shape = child_shape(shape, step)
    return shape


def _is_unknown(operation: Operation, path: Path) -> bool:
    """Whether a path is a member that is no part of an identity: the loader accepts it, but it may not be set."""
    return len(path) > 1 and path[0] == "identity" and path[1] not in _identity_members(operation)


def _identity_members(operation: Operation) -> list[str]:
    """The members of an identity: those of the input without page token, limit and what SDKs set by themselves."""
    members = operation.input.members if operation.input else {}
    pages = operation.paging.request_members if operation.paging else frozenset()
    return [name for name, member in members.items() if name not in pages and not member.is_incidental]


def _parse_value(text: str, shape: Shape | None, path: Path) -> Value:
    try:
        return parse_value(text, shape) if shape else parse_json(text)
    except JsonError:
        if shape is None:
            return text
        problem = f"{format_path(path)}: expected JSON: {describe_expected_type(shape.type)}"
        raise EditError(problem, "such as 3600, true or '[…]'") from None


def _sort_key(path: Path) -> list[tuple[int, str]]:
    return [(step, "") if isinstance(step, int) else (-1, step) for step in path]


def _set_at(document: Value, path: Path, value: Value, is_removal: bool) -> None:
    for step in path[:-1]:
        document = document[step]  # type: ignore[index]
    assert isinstance(document, dict | list)
    if is_removal:
        document.pop(path[-1], None) if isinstance(document, dict) else document.pop(path[-1])  # type: ignore[arg-type]
    else:
        document[path[-1]] = value  # type: ignore[index]


# --- what every edit does -----------------------------------------------------------------------------------------


def edit_takes(
    models: Models, cassette: Cassette, chosen: Iterable[SelectedTrack], edit: Callable[[Operation, Take], Take | None]
) -> Cassette:
    """The cassette with `edit` applied to the chosen takes. An edit that returns None removes the take."""
    numbers = {each.track: frozenset(each.numbers) for each in chosen}
    moved: dict[tuple[Track, int], After | None] = {}
    result: list[Take] = []
    origin: dict[Track, Track] = {}
    for track, takes in cassette.tracks():
        operation = models.operation(track.service, track.operation)
        results = [edit(operation, take) if n in numbers.get(track, ()) else take for n, take in enumerate(takes, 1)]
        kept = [take for take in results if take is not None]
        for take in kept:
            if origin.setdefault(take.track, track) != track:
                raise EditError(f"{take.track} exists already", "remove one of the two with awstape rm")
        if kept == list(takes):
            result += takes
            continue
        if not operation.is_read:
            moved |= _moved_writes(track, results)
        for new_track in dict.fromkeys(take.track for take in kept):
            result += normalise_takes(operation, new_track, [take for take in kept if take.track == new_track])
    for take in result:
        _check_faults(take)
    return cassette.with_takes(follow_takes(result, moved))


def _moved_writes(track: Track, results: Iterable[Take | None]) -> Iterator[tuple[tuple[Track, int], After | None]]:
    """Where each take of a write is after an edit, None for one that was removed."""
    counts = Counter[Track]()
    for number, take in enumerate(results, 1):
        counts.update([take.track] if take else [])
        yield (track, number), After(take.track, counts[take.track]) if take else None


def _check_faults(take: Take) -> None:
    for fault in take.faults:
        if fault.page is not None and fault.page > len(take.pages):
            last = len(take.pages)
            raise EditError(
                f"{take.track}: the fault {str(fault)!r} is for a page that doesn't exist: the last is page {last}",
                "set other faults with awstape fault, or none with --clear",
            )


def require_readable(models: Models, cassette: Cassette) -> Cassette:
    """The cassette, if it can be written and read. Raises EditError."""
    for take in cassette.takes:
        _reread(models, take_document(take), take)
    return cassette


def _reread(models: Models, document: Mapping[str, Value], take: Take) -> Take:
    """The take of a changed document, written and read again. Raises EditError if the loader refuses it."""
    try:
        (read_back,) = read_cassette(write_header(Cassette()) + SEPARATOR + dump_document(document), models).takes
    except UnicodeEncodeError:
        raise EditError(f"{take.track}: half a surrogate pair", "the service can't send it") from None
    except DocumentError as error:
        where = f"{error.path}: " if error.path else ""
        raise EditError(f"{take.track}: {where}{error.problem}", error.tip or "the service can't send it") from None
    return read_back

"""Takes that are set aside: redaction left a real value in them, so they must not be in the cassette.

0. What the search finds is replaced first (`core.redaction.leak_search`): only what then still stands is set aside.
1. Only the take with the value is set aside; everything else of the recording is kept.
2. A hole stands in the place of each page that has a value, or of all pages if the value is in the identity. An
   identity with a value is masked. A take with a value that no mask hides leaves no hole.
3. What is set aside keeps the values that were found, so that a later search can tell whether a rule settles it. It is
   kept encrypted, in a file beside the cassette.
4. A take that comes back fills its hole. Its other pages stay where they were changed since, by an edit or by a rule
   that a later recording applied. If its track is in the cassette and has no such hole, the track was recorded anew,
   or the hole was edited, and the take is obsolete.
5. As text, a take that is set aside is a YAML stream: the track of its hole, the leaks, and the take.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from awstape.core.aws.model import Models, Operation
from awstape.core.cassette.cassette import SET_ASIDE, After, Cassette, Page, Take, Track
from awstape.core.cassette.page_tokens import mask_tokens
from awstape.core.cassette.takes import change_writes, follow_takes, normalise_takes
from awstape.core.cassette.yaml.parser import parse_documents
from awstape.core.cassette.yaml.validation import build_take, take_problems
from awstape.core.cassette.yaml.writer import SEPARATOR, dump_document, write_take
from awstape.core.redaction.leak_search import (
    Leak,
    RealValueSearch,
    find_leaks,
    mask_identity,
    replace_real_values,
    search_seen_values,
)
from awstape.core.redaction.redactor import Redactor

_LEAK_FIELDS = ("take", "page", "member", "kind", "value", "rule")


@dataclass(frozen=True)
class SetAside:
    """A take that is set aside; it holds real values. hole: the take that stands in its place, None if nothing does."""

    take: Take = field(repr=False)
    leaks: tuple[Leak, ...]
    hole: Take | None = field(repr=False)

    @property
    def track(self) -> Track:
        """The track under which it is found in the cassette."""
        return self.hole.track if self.hole else self.take.track


# --- out of a cassette ----------------------------------------------------------------------------------------------


def set_aside_leaks(
    models: Models, cassette: Cassette, redactor: Redactor, waiting: Iterable[SetAside] = ()
) -> tuple[Cassette, tuple[SetAside, ...]]:
    """The cassette with holes in the place of real values, and the takes that have them.

    waiting: takes of an earlier recording that are set aside: what was a real value then is one now.
    """
    known = ((leak.kind, leak.value) for aside in waiting for leak in aside.leaks)
    search = search_seen_values(redactor, known)
    cassette = _with_masked_writes(models, cassette, redactor, search)
    found: defaultdict[tuple[Track, int], list[Leak]] = defaultdict(list)
    standing = list(find_leaks(models, cassette, search))
    if standing:
        cassette = cassette.with_takes(replace_real_values(models, cassette.takes, redactor, search))
        standing = list(find_leaks(models, cassette, search))
    for leak in standing:
        found[leak.track, leak.take].append(leak)
    if not found:
        return cassette, ()
    kept: list[Take] = []
    aside: list[SetAside] = []
    for track, takes in cassette.tracks():
        for number, take in enumerate(takes, 1):
            if leaks := found.get((track, number)):
                hole = _make_hole(models, take, leaks, redactor, search)
                aside.append(SetAside(take, tuple(leaks), hole))
                kept += [hole] if hole else []
            else:
                kept.append(take)
    return cassette.with_takes(kept), tuple(aside)


def _with_masked_writes(models: Models, cassette: Cassette, redactor: Redactor, search: RealValueSearch) -> Cassette:
    """The cassette with a masked identity for each write that takes come after, as it will be in the write's hole."""
    takes = change_writes(cassette.takes, lambda write: _mask_track(models, write, redactor, search))
    return replace(cassette, takes=tuple(takes))


def _mask_track(models: Models, track: Track, redactor: Redactor, search: RealValueSearch) -> Track:
    operation = models.operation(track.service, track.operation)
    return replace(track, identity=mask_identity(operation, track.identity, redactor, search))


def _make_hole(
    models: Models, take: Take, leaks: Sequence[Leak], redactor: Redactor, search: RealValueSearch
) -> Take | None:
    """The take with holes, and with its identity masked if a value is in it; None if a real value is left even so."""
    places = dict.fromkeys(f"{leak.kind} in {leak.member or 'some member'}" for leak in leaks)
    reason = SET_ASIDE + ", ".join(places)
    is_masked = any(leak.page == 0 for leak in leaks)
    track = _mask_track(models, take.track, redactor, search) if is_masked else take.track
    holed = {leak.page for leak in leaks}
    pages = tuple(
        Page.make_hole(reason, page.token, page.limit) if 0 in holed or number in holed else page
        for number, page in enumerate(take.pages, 1)
    )
    hole = replace(take, track=track, pages=pages)
    return None if any(find_leaks(models, Cassette((hole,)), search)) else hole


# --- back into a cassette -------------------------------------------------------------------------------------------


def redact_again(models: Models, aside: SetAside, redactor: Redactor) -> tuple[Take, tuple[Leak, ...]]:
    """The take, redacted with the present rules, and what is still left in it."""
    (take,) = redactor.redact_cassette(models, Cassette((aside.take,))).takes
    search = RealValueSearch.of_values(((leak.kind, leak.value) for leak in aside.leaks), redactor.aliases.rules)
    return take, tuple(find_leaks(models, Cassette((take,)), search))


def fill_holes(
    models: Models, cassette: Cassette, settled: Sequence[tuple[SetAside, Take]]
) -> tuple[Cassette, list[bool]]:
    """The cassette with takes in the places of their holes.

    settled: what was set aside, each with the take to put in. Returns as well for each whether it was put in: it is
    obsolete if its track is there and has no such hole.
    """
    tracks = {track: list(takes) for track, takes in cassette.tracks()}
    moved: dict[tuple[Track, int], After | None] = {}
    changed: dict[Track, Operation] = {}
    is_filled = []
    for aside, take in settled:
        operation = models.operation(take.track.service, take.track.operation)
        takes = tracks.get(aside.track, [])
        at = _find_hole(operation, takes, aside.hole) if aside.hole else None
        is_filled.append(not takes or not aside.hole or at is not None)
        if not is_filled[-1]:
            continue
        changed[take.track] = operation
        if at is None:
            tracks.setdefault(take.track, []).append(take)
        elif take.track == aside.track:
            takes[at] = _fill_hole(operation, takes[at], aside.hole, take) if aside.hole else take
        else:
            there = tracks.setdefault(take.track, [])
            there.append(replace(take, faults=takes.pop(at).faults))
            moved[aside.track, at + 1] = After(take.track, len(there))
    for track, operation in changed.items():
        tracks[track] = normalise_takes(operation, track, tracks[track])
    every = (take for takes in tracks.values() for take in takes)
    return cassette.with_takes(follow_takes(every, moved)), is_filled


def _find_hole(operation: Operation, takes: Sequence[Take], hole: Take) -> int | None:
    """The index of the take that is the hole: an equal one, else one with the same pages left out, else any hole.

    The reason of a hole and the pages beside it may have been edited. None if the track has no hole.
    """
    masked = mask_tokens(operation, hole).pages
    left_out = [page.hole for page in hole.pages]
    holes = [i for i, there in enumerate(takes) if there.hole is not None and len(there.pages) == len(hole.pages)]
    alike = [i for i in holes if [page.hole for page in takes[i].pages] == left_out]
    equal = (i for i in alike if all(map(_have_equal_answers, mask_tokens(operation, takes[i]).pages, masked)))
    return next(equal, next(iter(alike + holes), None))


def _fill_hole(operation: Operation, there: Take, hole: Take, take: Take) -> Take:
    """The take in the place of its hole; pages that were changed there since stay. The names of tokens may change."""
    pairs = [mask_tokens(operation, each).pages for each in (there, hole, take)]
    pages = (
        page if now.hole is not None or _have_equal_answers(now, before) else now
        for now, before, page in zip(*pairs, strict=True)
    )
    return replace(take, pages=tuple(pages), faults=there.faults)


def _have_equal_answers(one: Page, other: Page) -> bool:
    return (one.answer, one.hole) == (other.answer, other.hole)


# --- as text --------------------------------------------------------------------------------------------------------


def write_set_aside(aside: SetAside) -> str:
    """What is set aside as text; it holds real values."""
    leaks = json.dumps([[getattr(leak, name) for name in _LEAK_FIELDS] for leak in aside.leaks])
    documents = [
        dump_document({"leaks": leaks}),
        write_take(aside.take),
        *([write_take(aside.hole)] if aside.hole else []),
    ]
    return SEPARATOR.join(documents)


def read_set_aside(text: str, models: Models) -> SetAside:
    """What a text holds. Raises ValueError for a text that this version did not write."""
    try:
        about, *documents = (document.value for document in parse_documents(text))
        takes = [build_take(value, models) for value in documents if not any(take_problems(value, models))]
        if not isinstance(about, dict) or len(takes) != len(documents):
            raise ValueError
        take, hole = takes[0], takes[1] if len(takes) > 1 else None
        leaks = (Leak(take.track, *fields) for fields in json.loads(str(about["leaks"])))
        return SetAside(take, tuple(leaks), hole)
    except (ValueError, LookupError, TypeError):
        raise ValueError("not a take of this version") from None

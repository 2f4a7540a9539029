"""Edits: a cassette in, a cassette out, with all that holds of one.

1. An edit concerns the takes that were chosen (`core.view.selectors`); everything else stays as it is.
2. Where a take changed, its track is told anew: takes that say nothing new go, tokens are named by position.
3. What an edit would break it refuses, and says what to do: two tracks that became one, a fault that could strike no
   page any more, an item that is there already, a value that the service could not send.
4. Edits know nothing of real values: what people write into a cassette is redacted by who calls them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Literal

from awstape.core.aws.conform import Path, article, did_you_mean, spelled
from awstape.core.aws.model import Models, Operation, Shape, Value, child_shape
from awstape.core.aws.protocols.json_text import JsonError, parse_json
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.core.cassette.faults import Fault
from awstape.core.cassette.takes import normalise_takes
from awstape.core.cassette.yaml.document import SEPARATOR, DocumentError, dump, header_text, read, take_value
from awstape.core.editing.jmespath_paths import PlaceError, places
from awstape.core.replay.paging_modes import Listing, Paging
from awstape.core.view.selectors import Chosen

Preference = Literal["first", "last", "both"]


class EditError(ValueError):
    """An edit that can't be made; `tip` says what to do."""

    def __init__(self, problem: str, tip: str) -> None:
        super().__init__(problem)
        self.tip = tip


# --- takes --------------------------------------------------------------------------------------------------------


def remove(models: Models, cassette: Cassette, chosen: Iterable[Chosen]) -> Cassette:
    """The cassette without the chosen takes."""
    return edited(models, cassette, chosen, lambda _, take: None)


def repage(models: Models, cassette: Cassette, chosen: Iterable[Chosen], paging: Paging) -> Cassette:
    """The chosen takes in other pages: the same items, as replay would cut them. Calls without paging stay."""

    def cut(operation: Operation, take: Take) -> Take:
        # A page longer than the limit that it was asked for with would be none that a service sends.
        pages = tuple(Page(None, None, answer) for answer in Listing(operation, take, 1, paging).answers())
        return take if operation.paging is None else replace(take, pages=pages)

    return edited(models, cassette, chosen, cut)


def put_faults(
    models: Models, cassette: Cassette, chosen: Iterable[Chosen], faults: Sequence[Fault], *, instead: bool = False
) -> Cassette:
    """The chosen takes with more faults, or with these `instead` of those that they had. Raises EditError."""
    for fault in faults:
        if fault.operation is not None:
            raise EditError(f"the fault {str(fault)!r} names an operation", "a fault in a cassette belongs to its take")

    def put(_: Operation, take: Take) -> Take:
        return replace(take, faults=(() if instead else take.faults) + tuple(faults))

    return edited(models, cassette, chosen, put)


def merge(models: Models, cassettes: Sequence[Cassette], prefer: Preference | None) -> Cassette:
    """All tracks of several cassettes.

    prefer: whose takes stay where a track stands in several and differs; `both` keeps them as takes, one after the
    other. Raises EditError if somebody has to decide that, or where aliases of two keys would come together.
    """
    keys = {key for cassette in cassettes for key in cassette.keys}
    if len(keys) > 1:
        raise EditError(
            f"they are made with different keys ({', '.join(sorted(keys))})", "awstape rekey gives them one"
        )
    owners = defaultdict[Track, list[list[Take]]](list)
    for cassette in cassettes:
        for track, takes in cassette.tracks():
            owners[track].append(normalise_takes(models.operation(track.service, track.operation), track, takes))
    merged: list[Take] = []
    for track, versions in owners.items():
        operation = models.operation(track.service, track.operation)
        if any(version != versions[0] for version in versions) and prefer is None:
            raise EditError(f"{track} differs between them", "--prefer first, last or both decides")
        every = [take for version in versions for take in version]
        merged += normalise_takes(
            operation, track, {"first": versions[0], "last": versions[-1]}.get(prefer or "", every)
        )
    return Cassette.of(merged, keys)


def split(cassette: Cassette, chosen: Iterable[Chosen]) -> tuple[Cassette, Cassette]:
    """The chosen tracks, and the rest. Takes of a track stay together."""
    tracks = {each.track for each in chosen}
    out = [take for take in cassette.takes if take.track in tracks]
    left = [take for take in cassette.takes if take.track not in tracks]
    return Cassette.of(out, cassette.keys), Cassette.of(left, cassette.keys)


# --- values -------------------------------------------------------------------------------------------------------


def set_value(
    models: Models, cassette: Cassette, chosen: Iterable[Chosen], expression: str, text: str | None
) -> Cassette:
    """The chosen takes with a value put where a JMESPath expression leads, in each take's document.

    text: itself where the model has a string, else JSON; None takes the member away. Raises EditError.
    """
    found = 0

    def put(operation: Operation, take: Take) -> Take:
        nonlocal found
        document = deepcopy(take_value(take))
        try:
            paths = [path for path in places(expression, document) if path]
        except PlaceError as error:
            raise EditError(str(error), "for example pages[].output.Roles[].MaxSessionDuration") from None
        found += len(paths)
        if unknown := next((path for path in paths if text is not None and _is_unknown(operation, path)), None):
            hint = did_you_mean(str(unknown[1]), _asked(operation))
            raise EditError(f"{operation.name} takes no {unknown[1]}{hint}", "awstape set --help")
        for path in sorted(paths, key=_in_order, reverse=True):  # of items that go, the last one first
            _put(document, path, None if text is None else _value(text, shape_at(operation, path), path), text is None)
        return _read(models, document, take) if paths else take

    result = edited(models, cassette, chosen, put)
    if not found:
        raise EditError(
            f"nothing is selected by {expression!r}", "awstape show --json shows the members, with aliases for names"
        )
    return result


def shape_at(operation: Operation, path: Path) -> Shape | None:
    """What the model says of a place in a take's document, None if it says nothing."""
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
    """Whether a place is a member of the identity that no track is found by: read, but not to be put there."""
    return len(path) > 1 and path[0] == "identity" and path[1] not in _asked(operation)


def _asked(operation: Operation) -> list[str]:
    """What an identity is made of: the members of the input but for token and limit (`core.aws.paging`)."""
    members = operation.input.members if operation.input else {}
    pages = (operation.paging.token, operation.paging.limit) if operation.paging else ()
    return [name for name, member in members.items() if name not in pages and not member.idempotency_token]


def _value(text: str, shape: Shape | None, path: Path) -> Value:
    if shape is not None and shape.type in ("string", "timestamp", "blob"):
        return text
    try:
        return parse_json(text)
    except JsonError:
        if shape is None:
            return text
        problem = f"{spelled(path)}: expected JSON: {article(shape.type)}"
        raise EditError(problem, "such as 3600, true or '[…]'") from None


def _in_order(path: Path) -> list[tuple[int, str]]:
    return [(step, "") if isinstance(step, int) else (-1, step) for step in path]


def _put(document: Value, path: Path, value: Value, takes_away: bool) -> None:
    for step in path[:-1]:
        document = document[step]  # type: ignore[index]
    assert isinstance(document, dict | list)
    if takes_away:
        document.pop(path[-1], None) if isinstance(document, dict) else document.pop(path[-1])  # type: ignore[arg-type]
    else:
        document[path[-1]] = value  # type: ignore[index]


# --- what holds of all of them ------------------------------------------------------------------------------------


def edited(
    models: Models, cassette: Cassette, chosen: Iterable[Chosen], edit: Callable[[Operation, Take], Take | None]
) -> Cassette:
    """The cassette with the chosen takes edited; an edit that returns None takes the take away."""
    numbers = {each.track: each.numbers for each in chosen}
    result: list[Take] = []
    origin: dict[Track, Track] = {}
    for track, takes in cassette.tracks():
        operation = models.operation(track.service, track.operation)
        edited = [edit(operation, take) if n in numbers.get(track, ()) else take for n, take in enumerate(takes, 1)]
        kept = [take for take in edited if take is not None]
        for take in kept:
            if origin.setdefault(take.track, track) != track:
                raise EditError(f"{take.track} is there already", "awstape rm takes one of the two away")
        if kept == list(takes):
            result += takes
            continue
        for is_track in dict.fromkeys(take.track for take in kept):
            result += normalise_takes(operation, is_track, [take for take in kept if take.track == is_track])
    for take in result:
        _check_faults(take)
    return Cassette.of(result, cassette.keys)


def _check_faults(take: Take) -> None:
    for fault in take.faults:
        if fault.page is not None and fault.page > len(take.pages):
            pages = len(take.pages)
            raise EditError(
                f"{take.track}: the fault {str(fault)!r} is for a page that is not there: there are {pages}",
                "awstape fault gives the take others, or none with --clear",
            )


def checked(models: Models, cassette: Cassette) -> Cassette:
    """The cassette, if it can be written and read. Raises EditError."""
    for take in cassette.takes:
        _read(models, take_value(take), take)
    return cassette


def _read(models: Models, document: Mapping[str, Value], take: Take) -> Take:
    """The take of a document that was changed. Raises EditError for one that the loader refuses."""
    try:
        (read_back,) = read(header_text(Cassette()) + SEPARATOR + dump(document), models).takes
    except UnicodeEncodeError:
        raise EditError(f"{take.track}: half a character", "the service could not say it") from None
    except DocumentError as error:
        where = f"{error.path}: " if error.path else ""
        raise EditError(f"{take.track}: {where}{error.problem}", error.tip or "the service could not say it") from None
    return read_back

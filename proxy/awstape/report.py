"""What is said at the end: summaries as lines for people and as values for scripts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from awstape.core.cassette.cassette import Track
from awstape.core.compare.changes import Change, spelled
from awstape.core.compare.equality import as_json
from awstape.core.recording.recorder import Recording
from awstape.core.replay.misses import Miss
from awstape.core.replay.player import Player, Session
from awstape.core.text.printable import printable
from awstape.core.view.track_statistics import Overview

_UNPLAYED_SHOWN = 5
_NO_CALL = "  no call to record was seen; a program with an endpoint URL of its own goes past the proxy"
_NO_EXCHANGE = "  no exchange is in these files"
#: Kinds of real values that are no names.
_KINDS = {
    "account": "account id",
    "e-mail": "e-mail address",
    "filter": "what a filter looks for",
    "jwt": "JSON web token",
    "masked": "what the project masks",
    "pem": "PEM block",
    "secret": "what looks like a secret",
    "subject": "subject of a federated identity",
    "text": "text of a member that the service model doesn't know",
    "url": "link",
    "value": "value of a condition or parameter",
    **{kind: kind for kind in ("canonical user id", "code", "organization id", "resource id", "unique id")},
    **{kind: kind for kind in ("certificate", "external-id", "object", "part", "path", "public-key", "saml metadata")},
}


def recording_facts(path: str, recording: Recording) -> dict[str, object]:
    takes = recording.cassette.takes
    return {
        "cassette": path,
        "tracks": len({take.track for take in takes}),
        "pages": sum(len(take.pages) for take in takes),
        "items": recording.items,
        "redacted": recording.redacted,
        "skipped": recording.skipped,
        **({"first": recording.first} if recording.first else {}),
        "notes": list(recording.notes),
    }


def recording_lines(path: str, recording: Recording, answered: int = 0, *, imported: bool = False) -> Iterator[str]:
    """For people. answered: how many pages the cassette answered itself. imported: from recordings of other tools."""
    done = "imported into" if imported else "recorded"
    facts = recording_facts(path, recording)
    if not recording.cassette.takes and answered:
        yield f"{printable(path)} stays as it is: {count(answered, 'page')} of it answered what was asked"
        return
    if not recording.cassette.takes:
        yield f"nothing was {done.split()[0]}, {printable(path)} was not written"
        if not recording.skipped:
            yield _NO_EXCHANGE if imported else _NO_CALL
    else:
        counts = ", ".join(count(facts[name], name[:-1]) for name in ("tracks", "pages", "items"))
        yield f"{done} {printable(path)}: {counts}"
    if recording.redacted:
        yield redacted_line(recording.redacted)
    for reason, number in recording.skipped.items():
        yield f"  skipped: {number} × {printable(reason)}{_first_place(recording.first.get(reason), number)}"
    for note in recording.notes:
        yield f"  note: {printable(note)}"


def recovery_line(path: Path, captures: int, damaged: int, aside: Path | None) -> str:
    """What became of a recording that broke off. aside: where its journal is, if that was damaged."""
    done = f"recovered {printable(str(path))}: {count(captures, 'page')} of a recording that broke off"
    lost = f"; {count(damaged, 'page')} can't be read, in {printable(str(aside))}"
    return done + (lost if aside else "")


def redacted_line(redacted: Mapping[str, int]) -> str:
    """What was replaced. redacted: kind → number of different values."""
    return "  redacted: " + ", ".join(count(n, _noun(kind)) for kind, n in redacted.items())


def _first_place(place: str | None, number: int) -> str:
    """Where the first of a number of exchanges was, in one line whatever stands in a file's name."""
    if place is None:
        return ""
    shown = printable(place)
    return f" (first: {shown})" if number > 1 else f" ({shown})"


def replay_facts(player: Player, session: Session | None = None) -> dict[str, object]:
    """What was missed and what was never asked for, in a session or, with None, by anybody."""
    account = session or player.total
    return {
        "misses": [_miss_facts(miss) for miss in account.misses],
        **({"more_misses": account.more_misses} if account.more_misses else {}),
        "unstruck": [str(fault) for fault in player.unstruck(session)],
        "unplayed": [
            {**track_facts(track), "take": take, "pages": pages} for track, take, pages in player.unplayed(session)
        ],
    }


def _miss_facts(miss: Miss) -> dict[str, object]:
    return {
        "kind": miss.kind,
        "operation": miss.operation,
        "text": miss.text,
        "nearest": track_facts(miss.nearest) if miss.nearest else None,
        "differences": [asdict(difference) for difference in miss.differences],
    }


def track_facts(track: Track) -> dict[str, object]:
    """What a track is, for scripts."""
    return {
        "service": track.service,
        "operation": track.operation,
        "region": track.region,
        "identity": json.loads(as_json(track.identity, sort_keys=False)),
    }


def overview_facts(overview: Overview) -> dict[str, object]:
    """A track in numbers, for scripts."""
    return {
        "number": overview.number,
        **track_facts(overview.track),
        "takes": len(overview.takes),
        "pages": overview.pages,
        "items": overview.items,
        "errors": overview.errors,
        "complete": overview.complete,
        "faults": overview.faults,
    }


def change_facts(change: Change) -> dict[str, object]:
    """What differs between two cassettes, or what an edit changes."""
    return {
        "kind": change.kind,
        "track": track_facts(change.track) if change.track else None,
        "take": change.take,
        "item": change.item,
        "path": spelled(change.path),
        "before": change.before,
        "after": change.after,
    }


def replay_lines(player: Player) -> Iterator[str]:
    """The same for people."""
    yield from miss_lines(player)
    yield from unstruck_lines(player)
    yield from unplayed_lines(player, _UNPLAYED_SHOWN)


def miss_lines(player: Player) -> Iterator[str]:
    """The misses in full; one that came several times is told once."""
    for text, times in Counter(miss.text for miss in player.misses).items():
        first, *rest = text.splitlines()
        yield f"miss: {first}" + (f" ({times} times)" if times > 1 else "")
        yield from rest
    if more := player.total.more_misses:
        yield f"miss: {more} more, which were not kept"


def unstruck_lines(player: Player) -> Iterator[str]:
    """The faults that no request was for."""
    for fault in player.unstruck():
        yield f"unstruck: {fault}: no request was for it"


def unplayed_lines(player: Player, shown: int | None = None) -> Iterator[str]:
    """What was never asked for; shown: how many takes, None for all."""
    unplayed = player.unplayed()
    for track, take, pages in unplayed[:shown]:
        yield f"unplayed: {printable(str(track))}: {count(pages, 'page')}" + (f" of take {take}" if take > 1 else "")
    if shown is not None and len(unplayed) > shown:
        yield f"unplayed: {len(unplayed) - shown} takes more (--json names all)"


def _noun(kind: str) -> str:
    return {"account": "account id", "masked": "masked text", "text": "unknown text"}.get(kind, kind)


def kind_name(kind: str) -> str:
    """What a kind of real value is called in a sentence."""
    return _KINDS.get(kind, f"{kind} name")


def count(number: object, noun: str) -> str:
    if number == 1:
        return f"1 {noun}"
    plural = noun[:-1] + "ies" if noun.endswith("y") and noun[-2] not in "aeiou" else noun + "s"
    return f"{number} {plural}"

"""What is said at the end: summaries as lines for people and as values for scripts."""

from __future__ import annotations

from collections.abc import Iterator

from awstape.core.player import Player
from awstape.core.recorder import Recording

_UNPLAYED_SHOWN = 5


def recording_facts(path: str, recording: Recording) -> dict[str, object]:
    takes = recording.cassette.takes
    return {
        "cassette": path,
        "tracks": len({take.track for take in takes}),
        "pages": sum(len(take.pages) for take in takes),
        "items": recording.items,
        "redacted": recording.redacted,
        "skipped": recording.skipped,
        "notes": list(recording.notes),
    }


def recording_lines(path: str, recording: Recording) -> Iterator[str]:
    facts = recording_facts(path, recording)
    if not recording.cassette.takes:
        yield f"nothing was recorded, {path} was not written"
        if not recording.skipped:
            yield "  no call to record came through the proxy; a program with an endpoint URL of its own goes past it"
    else:
        counts = ", ".join(_count(facts[name], name[:-1]) for name in ("tracks", "pages", "items"))
        yield f"recorded {path}: {counts}"
    if recording.redacted:
        yield "  redacted: " + ", ".join(_count(n, _kind(kind)) for kind, n in recording.redacted.items())
    for reason, number in recording.skipped.items():
        yield f"  skipped: {number} × {reason}"
    for note in recording.notes:
        yield f"  note: {note}"


def replay_facts(player: Player) -> dict[str, object]:
    return {
        "misses": [miss.text for miss in player.misses],
        "unplayed": [{"track": str(track), "take": take, "pages": pages} for track, take, pages in player.unplayed()],
    }


def replay_lines(player: Player) -> Iterator[str]:
    for miss in player.misses:
        first, *rest = miss.text.splitlines()
        yield f"miss: {first}"
        yield from rest
    unplayed = player.unplayed()
    for track, take, pages in unplayed[:_UNPLAYED_SHOWN]:
        yield f"unplayed: {track}: {_count(pages, 'page')}" + (f" of take {take}" if take > 1 else "")
    if len(unplayed) > _UNPLAYED_SHOWN:
        yield f"unplayed: {len(unplayed) - _UNPLAYED_SHOWN} takes more (--json names all)"


def _kind(kind: str) -> str:
    return {"account": "account id"}.get(kind, kind)


def _count(number: object, noun: str) -> str:
    if number == 1:
        return f"1 {noun}"
    plural = noun[:-1] + "ies" if noun.endswith("y") and noun[-2] not in "aeiou" else noun + "s"
    return f"{number} {plural}"

"""Summaries of recordings, replays, tracks and changes: as lines for people, as JSON values (`*_facts`) for scripts.

May import: core.cassette, core.compare, core.recording, core.redaction, core.replay, core.text, core.view.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from awstape.core.compare.equality import json_text
from awstape.core.text.advice import ON_COMMAND_LINE, Advice, shell_path
from awstape.core.text.counting import count
from awstape.core.text.printable import printable
from awstape.core.view.kind_names import count_kinds, kind_name

if TYPE_CHECKING:  # commands that list or replay do without most of them
    from awstape.core.cassette.cassette import Track
    from awstape.core.compare.value_diff import Change
    from awstape.core.recording.set_aside import SetAside
    from awstape.core.recording.summary import RecordingSummary
    from awstape.core.redaction.leak_search import Leak
    from awstape.core.replay.misses import Miss
    from awstape.core.replay.player import Player
    from awstape.core.replay.sessions import Session
    from awstape.core.view.track_statistics import TrackStatistics

_NO_CALL = "  no call to record was seen"
_NO_REQUEST = "no request arrived: the program asked nothing of the cassette"
_IGNORED_ENDPOINT = (
    "  SDKs that ignore AWS_ENDPOINT_URL talk to AWS instead (JavaScript v2, Go v1, Ruby v1, boto3 before 1.28, "
    "AWS CLI before 2.13): awstape replay --proxy"
)
_IGNORED_AFTER_ALL = "  or its SDK ignores AWS_ENDPOINT_URL: awstape replay --proxy"
_NO_EXCHANGE = "  these files hold no exchanges"


def recording_facts(path: str, recording: RecordingSummary) -> dict[str, object]:
    """A recording or import, for scripts."""
    return {
        "cassette": path,
        "tracks": recording.tracks,
        "pages": recording.pages,
        "items": recording.items,
        "redacted": recording.redacted,
        "failed": recording.failed,
        "skipped": recording.skipped,
        "set_aside": waiting_facts(recording.set_aside),
        **({"bugs": recording.bugs, "kept_in": recording.kept_in} if recording.bugs else {}),
        **({"first": recording.first_places} if recording.first_places else {}),
        "notes": list(recording.notes),
    }


_NONE: Mapping[str, int] = {}


def recording_lines(
    path: str,
    recording: RecordingSummary,
    answered: int = 0,
    *,
    passed: Mapping[str, int] = _NONE,
    services: Sequence[str] = (),
    imported: bool = False,
    advice: Advice = ON_COMMAND_LINE,
) -> Iterator[str]:
    """A recording, for people.

    answered: the number of pages that the cassette answered. passed: service → the number of requests and connections
    to it that passed the proxy, "" for other hosts. services: those that were to be recorded. imported: from other
    tools. advice: how the user records.
    """
    verb = "imported into" if imported else "recorded"
    facts = recording_facts(path, recording)
    for reason, number in recording.failed.items():
        what = f"{count(number, 'request')} not {verb.split()[0]}"
        yield f"{printable(reason)}; {what}{_location(recording.first_places.get(reason), number)}"
    if not recording.pages and not recording.set_aside and answered and not recording.failed:
        yield f"{printable(path)} is unchanged: {count(answered, 'page')} of it answered all requests"
        return
    if not recording.pages and not recording.set_aside:
        yield f"nothing was {verb.split()[0]}, {printable(path)} was not written"
        if not recording.skipped and not recording.failed:
            yield from [_NO_EXCHANGE] if imported else _no_call_lines(sum(passed.values()))
    else:
        counts = ", ".join(count(facts[name], name[:-1]) for name in ("tracks", "pages", "items"))
        yield f"{verb} {printable(path)}: {counts}"
    yield from lacking_lines(path, recording)
    if recording.redacted:
        yield redacted_line(recording.redacted)
    for reason, number in recording.skipped.items():
        yield f"  skipped: {number} × {printable(reason)}{_location(recording.first_places.get(reason), number)}"
    for note in recording.notes:
        yield f"  note: {printable(note)}"
    if others := sorted(filter(None, passed)):
        needed = (*services, *others)
        yield f"  not recorded: {', '.join(others)}; to record these as well: {advice.services(needed)}"
        yield f"  or, for all recordings, in [tool.awstape] of pyproject.toml: services = {json.dumps(needed)}"


def own_names_line(number: int, alias: str, again: str) -> str:
    """What to do about names that come from the program itself.

    alias: the function that gives aliases of names. again: what records anew, once names are kept.
    """
    verb, them = ("comes", "it") if number == 1 else ("come", "them")
    return (
        f"{count(number, 'name')} {verb} from your code, and a replay gives aliases in place of names: keep {them} "
        f"(keep = […] in [tool.awstape] of pyproject.toml, then {again}), or compare with {alias}(…)"
    )


def _no_call_lines(passed: int) -> Iterator[str]:
    """Why no call was seen. passed: the number of requests and connections that passed the proxy."""
    if passed:
        yield f"{_NO_CALL}; what passed the proxy, {count(passed, 'request')}, was for other services and hosts"
        return
    yield f"{_NO_CALL}, nothing passed the proxy; a program with an endpoint URL of its own bypasses it"


def lacking_lines(path: str, recording: RecordingSummary) -> Iterator[str]:
    """What a recording could not put into the cassette."""
    yield from bug_lines(path, recording.bugs, recording.kept_in)
    yield from set_aside_lines(path, recording.set_aside)


def bug_lines(path: str, bugs: Mapping[str, int], kept_in: str) -> Iterator[str]:
    """What errors of our own kept from a cassette. bugs: place in the code → number of exchanges.

    kept_in: the journal in which they stay, empty for none.
    """
    for place, number in bugs.items():
        later = f"; kept in {printable(kept_in)}; once it is mended: awstape recover {shell_path(path)}"
        kept = later if kept_in else ""
        yield f"{count(number, 'exchange')} not recorded: a bug in awstape, {place}: please report it{kept}"


def recovery_line(path: Path, pages: int, damaged: int, aside: Path | None) -> str:
    """The result of recovering an interrupted recording. aside: the path of its journal, if that was damaged."""
    line = f"recovered {printable(str(path))}: {count(pages, 'page')} of an interrupted recording"
    return line + (f"; {count(damaged, 'page')} can't be read, in {printable(str(aside))}" if aside else "")


def kept_journal_line(path: str, journal: Path, why: str = "its test failed") -> str:
    """A recording that is kept as a journal. path: the cassette. why: what kept it from the cassette."""
    kept = f"{printable(path)} is unchanged: {why}; the recording is kept in {printable(journal.name)}"
    return f"{kept}; to take it in: awstape recover {shell_path(path)}"


def set_aside_lines(path: str, asides: Sequence[SetAside]) -> Iterator[str]:
    """The takes of a recording that are not in the cassette, with what settles each real value that is left in them."""
    for line in _leak_lines(asides):
        yield f"  set aside: {line}"
    if asides:
        yield f"  {count(len(asides), 'take')} set aside, encrypted, in {printable(path)}.quarantine"
        yield f"  once a rule settles it: awstape recover {shell_path(path)}"


def _leak_lines(asides: Sequence[SetAside]) -> Iterator[str]:
    """The places of the real values that are left; equal ones of a take once."""
    for aside in asides:
        yield from dict.fromkeys(_leak_line(aside, leak) for leak in aside.leaks)


def _leak_line(aside: SetAside, leak: Leak) -> str:
    # Without a hole, the identity may hold the value.
    track = str(aside.track) if aside.hole else f"{leak.track.service} {leak.track.operation}"
    where = f"page {leak.page}, take {leak.take}" if leak.page else f"take {leak.take}"
    rule = f"; `{leak.rule}` in [tool.awstape] of pyproject.toml settles it" if leak.rule else ""
    return f"{printable(track)}, {where}: {_leak_place(leak)}{rule}"


def _leak_place(leak: Leak) -> str:
    length = count(len(leak.value), "character")
    return f"{kind_name(leak.kind)} of {length} in {printable(leak.member) or 'some member'}"


def _leak_facts(aside: SetAside, leak: Leak) -> dict[str, object]:
    place: dict[str, object] = {"take": leak.take, "page": leak.page, "member": leak.member, "kind": leak.kind}
    place |= {"length": len(leak.value), "rule": leak.rule}
    return {**track_facts(aside.track), **place} if aside.hole else {"operation": leak.track.operation, **place}


def waiting_facts(asides: Sequence[SetAside]) -> list[dict[str, object]]:
    """Takes that are set aside, for scripts: one entry for each real value in them."""
    return [_leak_facts(aside, leak) for aside in asides for leak in aside.leaks]


def settled_line(path: Path, aside: SetAside, leaks: Sequence[Leak], *, is_obsolete: bool) -> str:
    """A take that is no longer set aside. leaks: the real values that stand in the cassette now."""
    name = f"{printable(str(path))}: {aside.take.track.service} {aside.take.track.operation}"
    if is_obsolete:
        return f"{name}: removed from the quarantine: the track was recorded anew or edited since, and has no such hole"
    if not leaks:
        return f"{name}: taken in"
    return f"{name}: taken in as it is, with {', '.join(dict.fromkeys(map(_leak_place, leaks)))}"


def waiting_lines(path: Path, waiting: Sequence[SetAside]) -> Iterator[str]:
    """The takes that are still set aside, and how to take them in."""
    for line in _leak_lines(waiting):
        yield f"{printable(str(path))}: still set aside: {line}"
    if waiting:
        yield f"awstape recover {shell_path(path)} --as-is TRACK takes a track in with these values in it"


def redacted_line(redacted: Mapping[str, int]) -> str:
    """The replaced values. redacted: kind → number of different values."""
    return f"  redacted: {count_kinds(redacted)}"


def _location(place: str | None, number: int) -> str:
    """The place of the first of several exchanges, in parentheses; empty for none."""
    if place is None:
        return ""
    shown = printable(place)
    return f" (first: {shown})" if number > 1 else f" ({shown})"


def replay_facts(player: Player, session: Session | None = None) -> dict[str, object]:
    """Misses, unused faults, takes that were not replayed and repeated writes, of a session or of all (None)."""
    totals = session or player.sessions.total
    return {
        "misses": [_miss_facts(miss) for miss in totals.misses],
        **({"more_misses": totals.misses_not_kept} if totals.misses_not_kept else {}),
        "unstruck": [str(fault) for fault in player.unused_faults(session)],
        "unplayed": [
            {**track_facts(track), "take": take, "pages": pages}
            for track, take, pages in player.takes_not_replayed(session)
        ],
        "repeated": [
            {**track_facts(track), "sent": sent, "recorded": recorded}
            for track, sent, recorded in player.repeated_writes(session)
        ],
        "requests": totals.requests,
    }


def _miss_facts(miss: Miss) -> dict[str, object]:
    return {
        "kind": miss.kind,
        "operation": miss.operation,
        **({"session": miss.session} if miss.session else {}),
        "text": miss.text,
        "nearest": track_facts(miss.nearest) if miss.nearest else None,
        "differences": [
            {name: text for name, text in difference._asdict().items() if text} for difference in miss.differences
        ],
    }


def track_facts(track: Track) -> dict[str, object]:
    """A track, for scripts."""
    return {
        "service": track.service,
        "operation": track.operation,
        "region": track.region,
        "account": track.account,
        **({"principal": track.principal} if track.principal else {}),
        "identity": json.loads(json_text(track.identity, sort_keys=False)),
    }


def overview_facts(overview: TrackStatistics) -> dict[str, object]:
    """The statistics of a track, for scripts."""
    return {
        "number": overview.number,
        **track_facts(overview.track),
        "takes": len(overview.takes),
        "pages": overview.pages,
        "items": overview.items,
        "errors": overview.errors,
        "holes": overview.holes,
        "complete": overview.complete,
        "faults": overview.faults,
    }


def change_facts(change: Change) -> dict[str, object]:
    """A difference between two cassettes, or a change by an edit, for scripts."""
    from awstape.core.compare.change_lines import path_text

    return {
        "kind": change.kind,
        "track": track_facts(change.track) if change.track else None,
        "take": change.take,
        "item": change.item,
        "path": path_text(change.path),
        "before": change.before,
        "after": change.after,
    }


def callers_line(callers: Sequence[str]) -> str:
    """What to know before a cassette of several callers is replayed; empty for one. callers: the first gets used."""
    if len(callers) < 2:
        return ""
    first, *others = callers
    return f"credentials are those of {first}; those of {', '.join(others)}: {ON_COMMAND_LINE.caller('ALIAS')}"


def replay_lines(
    player: Player,
    way: Literal["endpoint", "proxy"] = "endpoint",
    *,
    with_not_replayed: bool = False,
    failure: Sequence[str] = (),
) -> Iterator[str]:
    """The report of a replay, for people.

    way: how programs were to reach it. with_not_replayed: lists these takes. failure: what to know of a program that
    failed, if it asked nothing.
    """
    if not player.sessions.total.requests:
        yield _NO_REQUEST
        yield from (f"  {line}" for line in failure)
        if way == "endpoint":
            yield _IGNORED_AFTER_ALL if failure else _IGNORED_ENDPOINT
    yield from miss_lines(player)
    yield from unused_fault_lines(player)
    if with_not_replayed:
        yield from repeated_write_lines(player)
        yield from not_replayed_lines(player)


def miss_lines(player: Player) -> Iterator[str]:
    """The misses in full; equal misses are listed once, with their number."""
    sessions = defaultdict[str, list[str]](list)
    for miss in player.misses:
        sessions[miss.text].append(miss.session)
    for text, of_sessions in sessions.items():
        first, *rest = text.splitlines()
        times = [f"{len(of_sessions)} times"] if len(of_sessions) > 1 else []
        names = sorted(filter(None, set(of_sessions)))
        named = [f"session {printable(names[0])}" if len(names) == 1 else count(len(names), "session")] if names else []
        yield f"miss: {first}" + (f" ({', '.join(times + named)})" if times or named else "")
        yield from rest
    if more := player.sessions.total.misses_not_kept:
        yield f"miss: and {more} more, without details"


def unused_fault_lines(player: Player) -> Iterator[str]:
    """The faults that no request matched."""
    for fault in player.unused_faults():
        yield f"unused fault: {fault}: no request matched it"


def repeated_write_lines(player: Player) -> Iterator[str]:
    """The writes that were sent more often than they were recorded."""
    for track, sent, recorded in player.repeated_writes():
        what = printable(player.describe(track))
        yield f"repeated write: {what}: sent {count(sent, 'time')}, recorded {count(recorded, 'time')}"


def not_replayed_lines(player: Player) -> Iterator[str]:
    """The takes that no request asked for."""
    for track, take, pages in player.takes_not_replayed():
        yield f"not replayed: {printable(player.describe(track))}: {count(pages, 'page')}" + (
            f" of take {take}" if take > 1 else ""
        )

"""Reports on a program that was recorded or replayed, at its end."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from awstape.core.text.counting import count
from awstape.core.view.kind_names import kind_name
from awstape.program import child_process
from awstape.program.languages import failure_hint, proxy_hints
from awstape.report import recording_facts, replay_facts, replay_lines

if TYPE_CHECKING:
    from awstape.core.recording.summary import RecordingSummary
    from awstape.tape import Tape

_ALIASES = (
    "  names are aliases in a replay: compare with those of awstape alias NAME, or "
    'keep = ["NAME"] in [tool.awstape] of pyproject.toml'
)


@dataclass
class ProgramEnd:
    """The end of a recorded program. status: its exit status. recording: None if a cassette was replayed."""

    command: Sequence[str]
    status: int = 0
    recording: RecordingSummary | None = None

    @property
    def is_incomplete(self) -> bool:
        """Whether takes were set aside or lacking, or requests failed and nothing else was recorded."""
        made = self.recording
        return made is not None and bool(made.set_aside or made.bugs or (made.failed and not made.pages))


@contextmanager
def write_at_end(tape: Tape, cassette: Path, command: Sequence[str], *, as_json: bool) -> Iterator[ProgramEnd]:
    """Writes the recording at the end and reports it, even if the program or the server fails.

    Yields the end of the program, which gets its status from the caller, and the recording.
    """
    has_succeeded, is_new = False, not cassette.exists()
    end = ProgramEnd(command)
    try:
        yield end
        has_succeeded = True
    finally:
        with child_process.signals_blocked():
            end.recording = tape.close()
            if (made := end.recording) and (has_succeeded or made.pages or made.set_aside):
                recorded = tape.describe(made, str(cassette), _answered(tape))
                lines = [*recorded, *_hints(tape, end, made, is_new=is_new)]
                _print_report(lines, recording_facts(str(cassette), made), as_json)


def _answered(tape: Tape) -> int:
    return len(tape.player.sessions.total.played) if tape.player else 0


def _hints(tape: Tape, end: ProgramEnd, made: RecordingSummary, *, is_new: bool) -> Iterator[str]:
    """What to do about a recording, or to know of it. is_new: whether it is the first one of its cassette."""
    if not (made.tells_something or _answered(tape)):
        for hint in (*failure_hint(end.status), *proxy_hints(end.command, Path(), os.environ)):
            yield f"  {hint}"
    if is_new and made.pages and any(kind_name(kind).endswith(" name") for kind in made.redacted):
        yield _ALIASES
    if made.pages and made.old_tracks and tape.player is None:
        old = count(made.old_tracks, "old track")
        verb, them = ("was", "it") if made.old_tracks == 1 else ("were", "them")
        stays = f"{old} {verb} not asked for and stay{'s' if made.old_tracks == 1 else ''}"
        yield f"  {stays}; to drop {them}: {tape.advice.record('rewrite')}"


def report_replay(
    tape: Tape,
    status: int,
    command: Sequence[str],
    *,
    way: Literal["endpoint", "proxy"],
    as_json: bool,
    strict: bool = False,
    with_not_replayed: bool = False,
) -> int:
    """Reports a replay. Returns the exit status: 1 instead of 0 for misses, and for a program that asked nothing.

    strict: also if anything was not used.
    """
    player = tape.player
    assert player
    # Which takes were not replayed only a look into all of them shows, also those of a large file that were not read.
    facts = replay_facts(player) if as_json else {}
    lines = [*replay_lines(player, way, with_not_replayed=with_not_replayed, failure=failure_hint(status))]
    was_asked = player.sessions.total.requests > 0
    if way == "proxy" and not was_asked and not status:
        lines[1:1] = [f"  {hint}" for hint in proxy_hints(command, Path(), os.environ)]
    _print_report(lines, facts, as_json)
    if tape.error:
        raise tape.error
    if player.misses or (not was_asked and (command or strict)) or (strict and player.unused_faults()):
        return status or 1
    return status or int(strict and (bool(player.takes_not_replayed()) or any(player.repeated_writes())))


def _print_report(lines: Iterable[str], facts: dict[str, object], as_json: bool) -> None:
    """Prints a report on the error stream, since the standard output belongs to the program."""
    for line in [json.dumps(facts)] if as_json else lines:
        click.echo(line, err=True)

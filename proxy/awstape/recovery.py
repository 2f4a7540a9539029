"""Recovers interrupted recordings from their journals, and takes that were set aside.

1. A recording that was interrupted is read from its journal, and merged as at its end (`merging`).
2. A take that was set aside is redacted again: without a real value in it, it fills its hole in the cassette. Takes
   with real values wait, unless the user takes them in as they are.

May import: catalog, core.cassette, core.recording, core.redaction, core.view, errors, files, merging, progress, report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from awstape import progress
from awstape.catalog.service_models import load_models
from awstape.core.cassette.cassette import Cassette, Take, Track
from awstape.core.recording.set_aside import SetAside, fill_holes, redact_again
from awstape.core.redaction.aliases import Key, key_fingerprint
from awstape.core.redaction.leak_search import Leak
from awstape.core.redaction.project_rules import Rules
from awstape.core.redaction.redactor import Redactor
from awstape.core.view.selectors import SelectorError, select
from awstape.errors import UserError
from awstape.files import atomic_writes, cassette_files, keys, project_settings, quarantine
from awstape.files.journal import InterruptedRecording, interrupted_recordings, journals_of
from awstape.merging import (
    load_set_aside,
    make_journal_recorder,
    merge_under_lock,
    rare_garbage_collection,
    record_journal,
    save_set_aside,
)
from awstape.report import bug_lines, recovery_line, set_aside_lines, settled_line


@dataclass(frozen=True)
class Recovery:
    """The result of a recovery. lines: what happened, for the user. waiting: takes that are still set aside."""

    lines: tuple[str, ...] = ()
    waiting: tuple[SetAside, ...] = ()


def recover(path: Path, environ: Mapping[str, str], as_is: Sequence[str] = ()) -> Recovery:
    """Recovers interrupted recordings into their cassette, and takes that were set aside. Raises UserError.

    as_is: selectors of tracks whose takes are taken in with the real values in them.
    """
    if not journals_of(path) and not quarantine.quarantine_of(path).exists():
        return Recovery()
    if (key := keys.find_key(environ)) is None:
        raise UserError(f"{path}: recovery needs the key of the recording", f"set {keys.VARIABLE} to it")
    rules = project_settings.load_rules(path)
    lines = recover_journals(path, key, rules)
    with atomic_writes.lock_folders_of(path):
        settled = _recover_set_aside(path, key, rules, as_is)
    return Recovery(lines + settled.lines, settled.waiting)


def recover_journals(path: Path, key: Key, rules: Rules, *, failed: bool = True) -> tuple[str, ...]:
    """Recovers interrupted recordings into their cassette. Returns lines for the user. Raises UserError.

    failed: whether those of tests that failed are recovered as well.
    """
    found_here = interrupted_recordings(path, key, failed=failed)
    with closing(found_here) as recordings:  # an error must not leave a journal locked
        return tuple(line for found in recordings for line in _recover_journal(path, found, key, rules))


def _recover_journal(path: Path, found: InterruptedRecording, key: Key, rules: Rules) -> list[str]:
    try:
        with atomic_writes.lock_folders_of(path), rare_garbage_collection():
            _remove_temporary_files(path)
            recorder = make_journal_recorder(path, found.services, key, rules)
            with progress.begin(f"recovering {path.name}", found.number, "exchanges") as work:
                record_journal(recorder, work.over(found.contents()), found.path)
            aside = merge_under_lock(path, recorder, key).set_aside
    except UserError as error:
        raise UserError(error.problem, f"{error.tip}; to record without it, remove {found.path}") from None
    kept = found.keep() if recorder.bugs else found.remove()
    line = recovery_line(path, recorder.captured, found.damaged, kept if found.damaged else None)
    return [line, *bug_lines(str(path), recorder.bugs, str(kept or "")), *set_aside_lines(str(path), aside)]


def _recover_set_aside(path: Path, key: Key, rules: Rules, as_is: Sequence[str]) -> Recovery:
    _remove_temporary_files(path)
    models = load_models()
    cassette = cassette_files.load(path, models) if path.exists() else Cassette(keys=frozenset({key_fingerprint(key)}))
    redactor = Redactor(key, rules, cassette.apart)
    lines: list[str] = []
    waiting: list[SetAside] = []
    asides = load_set_aside(path, key)
    chosen = _select_tracks(cassette, asides, as_is, redactor)
    settled: list[tuple[SetAside, Take]] = []
    left: list[tuple[Leak, ...]] = []
    for aside in asides:
        take, leaks = redact_again(models, aside, redactor)
        if leaks and aside.track not in chosen:
            waiting.append(aside)
        else:
            settled.append((aside, take))
            left.append(leaks)
    cassette, is_filled = fill_holes(models, cassette, settled)
    for (aside, _), leaks, is_in in zip(settled, left, is_filled, strict=True):
        lines.append(settled_line(path, aside, leaks, is_obsolete=not is_in))
    if len(waiting) < len(asides):
        cassette_files.save(path, replace(cassette, apart=redactor.apart))
        save_set_aside(path, key, waiting)
    return Recovery(tuple(lines), tuple(waiting))


def _select_tracks(
    cassette: Cassette, asides: Sequence[SetAside], selectors: Sequence[str], redactor: Redactor
) -> set[Track]:
    """The selected tracks of a cassette and of what is set aside. Raises UserError."""
    if not selectors:
        return set()
    tracks = {take.track for take in cassette.takes}
    missing = (aside.hole or aside.take for aside in asides if aside.track not in tracks)
    there = cassette.with_takes([*cassette.takes, *missing])
    try:
        return {each.track for each in select(load_models(), there, selectors, redactor)}
    except SelectorError as error:
        raise UserError(str(error), error.tip) from None


def _remove_temporary_files(path: Path) -> None:
    for each in (path, quarantine.quarantine_of(path)):
        atomic_writes.remove_temporary_files(each)

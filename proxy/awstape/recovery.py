"""Merges recordings into cassette files: at their end, interrupted ones from their journals, takes that were set aside.

1. A recording is written in this order: first the quarantine, with the takes that the recording sets aside besides all
   that are in it; then the cassette; then the quarantine without takes that the recording replaces. Whatever
   interrupts that, each take is in one of the two files, or still in the journal.
2. Nothing is removed from a quarantine before the cassette that has it is on the disk.

May import: catalog, core.cassette, core.recording, core.redaction, core.text, core.view, errors, files,
progress, report.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from awstape import progress
from awstape.catalog.botocore_data import DEFAULT_SERVICES
from awstape.catalog.response_parser import parse_response
from awstape.catalog.service_models import load_models
from awstape.core.cassette.cassette import Cassette, Take, Track
from awstape.core.recording.exchange import read_exchange
from awstape.core.recording.folding import Recording, SkippedExchanges
from awstape.core.recording.recorder import Recorder
from awstape.core.recording.set_aside import SetAside, fill_holes, read_set_aside, redact_again, write_set_aside
from awstape.core.redaction.aliases import Key, key_fingerprint
from awstape.core.redaction.leak_search import Leak
from awstape.core.redaction.project_rules import Rules
from awstape.core.redaction.redactor import Redactor
from awstape.core.text.counting import count
from awstape.core.view.selectors import SelectorError, select
from awstape.errors import UserError, bug_location
from awstape.files import atomic_writes, cassette_files, keys, project_settings, quarantine
from awstape.files.encrypted_lines import other_version_error
from awstape.files.journal import InterruptedRecording, interrupted_recordings, journals_of
from awstape.report import bug_lines, recovery_line, set_aside_lines, settled_line


def merge_recording(
    path: Path, recorder: Recorder, key: Key, skipped: SkippedExchanges, *, keep_old_tracks: bool = True
) -> Recording:
    """Writes a recording, unless it is empty, into a cassette, and what it sets aside into its quarantine.

    skipped: exchanges that were not given to the recorder. Raises UserError; the cassette is unchanged then.
    """
    # An empty recording writes nothing, so it makes no folder.
    with nullcontext() if recorder.is_empty else atomic_writes.lock_folders_of(path):
        return _merge(path, recorder, key, skipped, keep_old_tracks=keep_old_tracks)


def _merge(
    path: Path,
    recorder: Recorder,
    key: Key,
    skipped: SkippedExchanges | None = None,
    *,
    keep_old_tracks: bool = True,
) -> Recording:
    # Read the file again: another recording may have ended in the meantime.
    old = cassette_files.load(path, load_models()) if keep_old_tracks and path.exists() else Cassette()
    waiting = load_set_aside(path, key)
    try:
        with progress.begin(f"finishing {count(recorder.captured, 'exchange')}"):
            recording = recorder.finish(old, waiting, skipped)
    except UserError:
        raise
    except Exception as error:
        raise UserError(f"{path}: not written: {bug_location(error)}", "please report this") from None
    if recording.cassette.takes or recording.set_aside:
        if len(recording.merged.keys) > 1:
            raise UserError(f"{path}: not written: it was made again with another key in the meantime", "record again")
        _save_set_aside(path, key, [*waiting, *recording.set_aside])
        with progress.begin(f"writing {path.name}"):
            cassette_files.save(path, recording.merged)
        still_waiting = [aside for aside in waiting if aside.track not in recording.made]
        if len(still_waiting) < len(waiting):
            _save_set_aside(path, key, [*still_waiting, *recording.set_aside])
    return recording


@contextmanager
def rare_garbage_collection() -> Iterator[None]:
    """Lets the garbage collector run less often: takes live to the end, and it would traverse all of them each time."""
    before = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


# --- recovery -------------------------------------------------------------------------------------------------------


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
            recorder = make_recorder(path, found.services, key, rules)
            with progress.begin(f"recovering {path.name}", found.number, "exchanges") as work:
                record_contents(recorder, work.over(found.contents()), found.path)
            aside = _merge(path, recorder, key).set_aside
    except UserError as error:
        raise UserError(error.problem, f"{error.tip}; to record without it, remove {found.path}") from None
    kept = found.keep() if recorder.bugs else found.remove()
    line = recovery_line(path, recorder.captured, found.damaged, kept if found.damaged else None)
    return [line, *bug_lines(recorder.bugs, str(kept or "")), *set_aside_lines(str(path), aside)]


def make_recorder(path: Path, services: Sequence[str], key: Key, rules: Rules, *, keep_old: bool = True) -> Recorder:
    """A recorder for the exchanges of a journal, which were selected before. Raises UserError.

    services: those that the journal names. keep_old: whether the old tracks stay, so that their aliases count.
    """
    known = tuple(name for name in services if name in load_models().services) or DEFAULT_SERVICES
    old = cassette_files.load(path, load_models()) if keep_old and path.exists() else Cassette()
    return Recorder(load_models(known), Redactor(key, rules), parse_response, old=old)


def record_contents(recorder: Recorder, contents: Iterable[bytes], journal: Path) -> None:
    """Records the exchanges of a journal. Raises UserError for one of another version.

    An exchange at which our code fails is counted: it must not keep the others from the cassette.
    """
    for content in contents:
        try:
            exchange = read_exchange(content)
        except ValueError:
            raise other_version_error(journal, "journal") from None
        try:
            recorder.record(exchange)
        except Exception as error:
            recorder.bugs[bug_location(error)] += 1


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
        _save_set_aside(path, key, waiting)
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


# --- the quarantine -------------------------------------------------------------------------------------------------


def load_set_aside(path: Path, key: Key) -> list[SetAside]:
    """The takes of a cassette that are set aside. Raises UserError."""
    try:
        return [read_set_aside(text, load_models()) for text in quarantine.load(path, key)]
    except ValueError:
        raise other_version_error(quarantine.quarantine_of(path), "quarantine") from None


def _save_set_aside(path: Path, key: Key, asides: Sequence[SetAside]) -> None:
    if asides or quarantine.quarantine_of(path).exists():
        quarantine.save(path, key, [write_set_aside(aside) for aside in asides])


def _remove_temporary_files(path: Path) -> None:
    for each in (path, quarantine.quarantine_of(path)):
        atomic_writes.remove_temporary_files(each)

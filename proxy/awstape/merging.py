"""Merges recordings into cassette files: the end of each recording, also of one that is recovered from its journal.

1. A recording is written in this order: first the quarantine, with the takes that the recording sets aside besides all
   that are in it; then the cassette; then the quarantine without takes that the recording replaces. Whatever
   interrupts that, each take is in one of the two files, or still in the journal.
2. Nothing is removed from a quarantine before the cassette that has it is on the disk.

May import: catalog, core.cassette, core.recording, core.redaction, core.text, errors, files, progress.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from awstape import progress
from awstape.catalog.botocore_data import DEFAULT_SERVICES
from awstape.catalog.response_parser import parse_response
from awstape.catalog.service_models import load_models
from awstape.core.cassette.cassette import Cassette
from awstape.core.recording.exchange import read_exchange
from awstape.core.recording.recorder import Recorder
from awstape.core.recording.set_aside import SetAside, read_set_aside, write_set_aside
from awstape.core.recording.summary import Recording, SkippedExchanges
from awstape.core.redaction.aliases import Key
from awstape.core.redaction.project_rules import Rules
from awstape.core.redaction.redactor import Redactor
from awstape.core.text.counting import count
from awstape.errors import UserError, bug_location
from awstape.files import atomic_writes, cassette_files, quarantine
from awstape.files.encrypted_lines import other_version_error


def make_journal_recorder(
    path: Path, services: Sequence[str], key: Key, rules: Rules, *, keep_old: bool = True
) -> Recorder:
    """Makes a recorder for the exchanges of a journal, which were selected before. Raises UserError.

    services: those that the journal names. keep_old: whether the old tracks stay, so that their aliases count.
    """
    known = tuple(name for name in services if name in load_models().services) or DEFAULT_SERVICES
    old = cassette_files.load(path, load_models()) if keep_old and path.exists() else Cassette()
    return Recorder(load_models(known), Redactor(key, rules), parse_response, old=old)


def record_journal(recorder: Recorder, contents: Iterable[bytes], journal: Path) -> None:
    """Records the exchanges of a journal. Raises UserError for one of another version.

    An exchange at which our code fails is counted: it must not keep the others from the cassette.
    """
    for content in contents:
        try:
            exchange = read_exchange(content)
        except ValueError:
            raise other_version_error(journal, "journal") from None
        try:
            recorder.feed_selected(exchange)
        except Exception as error:
            recorder.bugs[bug_location(error)] += 1


def merge_recording(
    path: Path, recorder: Recorder, key: Key, skipped: SkippedExchanges | None = None, *, keep_old: bool = True
) -> Recording:
    """Writes a recording, unless it is empty, into a cassette, and what it sets aside into its quarantine.

    skipped: exchanges that were not given to the recorder. keep_old: whether the old tracks stay. Raises UserError; the
    cassette is unchanged then.
    """
    # An empty recording writes nothing, so it makes no folder.
    with nullcontext() if recorder.is_empty else atomic_writes.lock_folders_of(path):
        return merge_under_lock(path, recorder, key, skipped, keep_old=keep_old)


def merge_under_lock(
    path: Path,
    recorder: Recorder,
    key: Key,
    skipped: SkippedExchanges | None = None,
    *,
    keep_old: bool = True,
) -> Recording:
    """As `merge_recording`, while the folders of the cassette are locked."""
    # Read the file again: another recording may have ended in the meantime.
    old = cassette_files.load(path, load_models()) if keep_old and path.exists() else Cassette()
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
        save_set_aside(path, key, [*waiting, *recording.set_aside])
        with progress.begin(f"writing {path.name}"):
            cassette_files.save(path, recording.merged)
        still_waiting = [aside for aside in waiting if aside.track not in recording.made]
        if len(still_waiting) < len(waiting):
            save_set_aside(path, key, [*still_waiting, *recording.set_aside])
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


def load_set_aside(path: Path, key: Key) -> list[SetAside]:
    """The takes of a cassette that are set aside. Raises UserError."""
    try:
        return [read_set_aside(text, load_models()) for text in quarantine.load(path, key)]
    except ValueError:
        raise other_version_error(quarantine.quarantine_of(path), "quarantine") from None


def save_set_aside(path: Path, key: Key, asides: Sequence[SetAside]) -> None:
    """Writes the takes that are set aside into the quarantine of a cassette. Raises UserError."""
    if asides or quarantine.quarantine_of(path).exists():
        quarantine.save(path, key, [write_set_aside(aside) for aside in asides])

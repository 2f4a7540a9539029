"""Merges recordings into cassette files: at their end, and interrupted ones from their journals.

May import: catalog, core.cassette, core.recording, core.redaction, errors, files, report.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from awstape.catalog.response_parser import parse_response
from awstape.catalog.service_models import load_models
from awstape.core.cassette.cassette import Cassette
from awstape.core.recording.capture import read as read_capture
from awstape.core.recording.recorder import LeakError, Recorder, Recording
from awstape.core.redaction.aliases import CollisionError, Key
from awstape.core.redaction.project_rules import Rules
from awstape.core.redaction.redactor import Redactor
from awstape.errors import UserError, bug_location
from awstape.files import atomic_writes, cassette_files, keys, project_settings
from awstape.files.journal import InterruptedRecording, interrupted_recordings, journals_of, other_version_error
from awstape.report import recovery_line

OTHER_KEY_TIP = "record with another AWSTAPE_KEY"


class RefusedError(UserError):
    """A recording that must not be written: it holds a real value, or two real values with one alias."""


def merge_recording(path: Path, recorder: Recorder, *, keep_old_tracks: bool = True) -> Recording:
    """Writes a recording, unless it is empty, into a cassette.

    Raises UserError, and RefusedError for a recording that must not be written; the cassette is unchanged then.
    """
    # Read the file again: another recording may have ended in the meantime.
    old = cassette_files.load(path, load_models()) if keep_old_tracks and path.exists() else Cassette()
    try:
        recording = recorder.finish(old)
    except LeakError as error:
        rule = next((leak.rule for leak in error.leaks if leak.rule), "")
        tip = f"put `{rule}` under [tool.awstape] of pyproject.toml, and " if rule else ""
        raise RefusedError(f"{path}: not written: {error}", f"{tip}report this: redaction has a gap") from None
    except CollisionError as error:
        raise RefusedError(f"{path}: not written: {error}", OTHER_KEY_TIP) from None
    except Exception as error:
        raise UserError(f"{path}: not written: {bug_location(error)}", "please report this") from None
    if recording.cassette.takes:
        if len(recording.merged.keys) > 1:
            raise UserError(f"{path}: not written: it was made again with another key in the meantime", "record again")
        cassette_files.save(path, recording.merged)
    return recording


def recover(path: Path, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Recovers interrupted recordings into their cassette. Returns lines for the user. Raises UserError."""
    if not journals_of(path):
        return ()
    if (key := keys.find_key(environ)) is None:
        raise UserError(f"{path}: recovery needs the key of the recording", f"set {keys.VARIABLE} to it")
    return recover_journals(path, key, project_settings.load_rules())


def recover_journals(path: Path, key: Key, rules: Rules) -> tuple[str, ...]:
    """As `recover`, with a given key and project rules."""
    with closing(interrupted_recordings(path, key)) as recordings:  # an error must not leave a journal locked
        return tuple(_recover_journal(path, found, key, rules) for found in recordings)


def _recover_journal(path: Path, found: InterruptedRecording, key: Key, rules: Rules) -> str:
    recorder = Recorder(load_models(), Redactor(key, rules), parse_response)
    try:
        for text in found.texts:
            recorder.restore(read_capture(text, load_models()))
    except ValueError:
        raise other_version_error(found.path) from None
    try:
        if not recorder.is_empty:
            with atomic_writes.lock_folders_of(path):
                atomic_writes.remove_temporary_files(path)
                merge_recording(path, recorder)
    except UserError as error:
        raise UserError(error.problem, f"{error.tip}; to record without it, remove {found.path}") from None
    return recovery_line(path, len(found.texts), found.damaged, found.remove())

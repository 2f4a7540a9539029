"""Merging of recordings into cassette files: at their end, or from the journals of interrupted recordings.

May import: x.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from awstape.catalog import catalog
from awstape.core.cassette.cassette import Cassette
from awstape.core.recording.capture import read as read_capture
from awstape.core.recording.recorder import LeakError, Recorder, Recording
from awstape.core.redaction.aliases import CollisionError
from awstape.core.redaction.project_rules import Rules
from awstape.core.redaction.redactor import Redactor
from awstape.errors import UserError, place_of
from awstape.files import cassette_files, keys, project_settings
from awstape.files.journal import Abandoned, abandoned, another_version, beside
from awstape.report import recovery_line

OTHER_KEY_TIP = "record it under another AWSTAPE_KEY"


class RefusedError(UserError):
    """A recording that may never be written: it says too much, or something else than was recorded."""


def merge_recording(path: Path, recorder: Recorder, *, keep_old_tracks: bool = True) -> Recording:
    """Writes what was recorded, if it was anything, into a cassette. Raises UserError; that is as it was then."""
    # Read again, for another recording may have ended meanwhile.
    old = cassette_files.load(path, catalog.models()) if keep_old_tracks and path.exists() else Cassette()
    try:
        recording = recorder.finish(old)
    except LeakError as error:
        rule = next((leak.rule for leak in error.leaks if leak.rule), "")
        tip = f"put `{rule}` under [tool.awstape] of pyproject.toml, and " if rule else ""
        raise RefusedError(f"{path}: not written: {error}", f"{tip}report this: redaction has a gap") from None
    except CollisionError as error:
        raise RefusedError(f"{path}: not written: {error}", OTHER_KEY_TIP) from None
    except Exception as error:
        raise UserError(f"{path}: not written: {place_of(error)}", "please report this") from None
    if recording.cassette.takes:
        if len(recording.merged.keys) > 1:
            raise UserError(f"{path}: not written: it was made anew with another key meanwhile", "record again")
        cassette_files.save(path, recording.merged)
    return recording


def recover(path: Path, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Puts what recordings left that broke off into their cassette; what is to be told of it. Raises UserError."""
    if not beside(path):
        return ()
    if (key := keys.find_key(environ)) is None:
        raise UserError(f"{path}: recovering needs the key of the recording", f"set {keys.VARIABLE} to it")
    return recover_journals(path, key, project_settings.rules())


def recover_journals(path: Path, key: bytes, rules: Rules) -> tuple[str, ...]:
    return tuple(_recover_journal(path, found, key, rules) for found in abandoned(path, key))


def _recover_journal(path: Path, found: Abandoned, key: bytes, rules: Rules) -> str:
    recorder = Recorder(catalog.models(), Redactor(key, rules), catalog.parse)
    try:
        for text in found.texts:
            recorder.restore(read_capture(text, catalog.models()))
    except ValueError:
        raise another_version(found.path) from None
    try:
        if not recorder.is_empty:
            with cassette_files.exclusively(path):
                cassette_files.remove_unfinished(path)
                merge_recording(path, recorder)
    except UserError as error:
        raise UserError(error.problem, f"{error.tip}; to go on without what broke off, remove {found.path}") from None
    return recovery_line(path, len(found.texts), found.damaged, found.remove())

"""The follower: a process that decodes, redacts and folds a recording while it runs, and writes the cassette.

1. The journal is the queue: the follower reads what is written there, in its own time and with low priority. The
   recording waits for it only at its end, and then its priority is the usual one.
2. Its input is a line with the files and the key, which is in no argument and no environment variable; at the end, what
   it needs besides the journal. If its input ends before, the recording has ended without the follower: it ends, too.
3. Its output is a line with a dot for each exchange that it reads after the end of the recording, then, when the
   cassette is written, a summary.
4. It may vanish at any time: the recording then reads the journal itself. Whatever the follower had written by then is
   what the recording will write.

May import: catalog, core.recording, core.redaction, core.text, files, merging, progress.
"""

from __future__ import annotations

import base64
import io
import json
import os
import select
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import IO, Any

from awstape import progress
from awstape.catalog.service_models import load_models
from awstape.core.recording.set_aside import read_set_aside, write_set_aside
from awstape.core.recording.summary import RecordingSummary, SkippedExchanges
from awstape.core.redaction.aliases import Key
from awstape.core.text.counting import count
from awstape.files import project_settings
from awstape.files.journal import FollowedJournal
from awstape.merging import make_journal_recorder, merge_recording, rare_garbage_collection, record_journal

_NICENESS = 10
_IDLE = 0.1  # seconds between two looks at the journal
_DOT, _END = b".", b"\n"


class Follower:
    """The process that follows a journal, seen from the recording."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        assert process.stdin and process.stdout
        self._input: IO[bytes] = process.stdin
        self._output: IO[bytes] = process.stdout

    @classmethod
    def start(cls, cassette: Path, journal: Path, key: Key, *, keep_old: bool) -> Follower | None:
        """Starts a follower; None if that is not possible here."""
        if sys.platform == "win32" or not sys.executable or getattr(sys, "frozen", False):
            return None
        about = {
            "cassette": str(cassette.absolute()),
            "journal": str(journal.absolute()),
            "key": key.reveal().hex(),
            "keep_old": keep_old,
        }
        with suppress(OSError):
            process = subprocess.Popen(
                # -P: no module of the working folder is imported.
                [sys.executable, "-P", "-m", "awstape.follower"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,  # Ctrl-C is for the recording
            )
            follower = cls(process)
            try:
                follower._input.write(json.dumps(about).encode() + _END)
                follower._input.flush()
            except OSError:
                follower.stop()
                raise
            return follower
        return None

    def finish(self, written: int, waiting: Iterable[bytes], skipped: SkippedExchanges) -> RecordingSummary | None:
        """Lets the follower write the cassette; None if it can't, or has vanished.

        written: the number of exchanges in the journal. waiting: those that are not in it. skipped: all others.
        """
        about = {
            "written": written,
            "waiting": [base64.b64encode(content).decode() for content in waiting],
            "skipped": [dict(skipped.numbers), skipped.first_places],
        }
        with suppress(OSError, ValueError, LookupError, TypeError):
            self._input.write(json.dumps(about).encode())
            self._input.close()
            left = int(self._output.readline())
            with progress.begin("reading the recording", left, "exchanges") as work:
                for _ in work.over(self._dots()):
                    pass
            with progress.begin(f"finishing {count(written, 'exchange')}"):
                return _read_summary(self._output.read())
        return None

    def _dots(self) -> Iterator[bytes]:
        while (dot := self._output.read(1)) == _DOT:
            yield dot

    def stop(self) -> None:
        """Ends the follower, whatever it is doing."""
        self._process.kill()
        with suppress(OSError):  # what was written to it may not have arrived
            self._input.close()
        self._output.close()
        self._process.wait()


def _environment() -> dict[str, str]:
    """The environment without keys and credentials. AWS_DATA_PATH tells where further service models are."""
    return {name: value for name, value in os.environ.items() if name == "AWS_DATA_PATH" or not name.startswith("AWS")}


def _write_summary(summary: RecordingSummary) -> bytes:
    facts = {each.name: getattr(summary, each.name) for each in fields(RecordingSummary)}
    return json.dumps(facts | {"set_aside": [write_set_aside(aside) for aside in summary.set_aside]}).encode()


def _read_summary(data: bytes) -> RecordingSummary:
    """The summary of a follower. Raises ValueError, LookupError or TypeError for another output."""
    facts: dict[str, Any] = json.loads(data)
    asides = tuple(read_set_aside(text, load_models()) for text in facts.pop("set_aside"))
    lists = {name: tuple(facts[name]) for name in ("notes", "own_names")}
    return RecordingSummary(**facts | lists, set_aside=asides)


# --- the process --------------------------------------------------------------------------------------------------


def main() -> None:
    """Follows a recording. Any error ends it: the recording then meets the same one, and reports it."""
    commands = io.FileIO(0)  # unbuffered, so that `select` tells whether something is there
    about = json.loads(commands.readline())
    path, journal, keep_old = Path(about["cassette"]), Path(about["journal"]), bool(about["keep_old"])
    key = Key(bytes.fromhex(about["key"]))
    following = FollowedJournal.open(journal, key)
    recorder = make_journal_recorder(
        path, following.services, key, project_settings.load_rules(path), keep_old=keep_old
    )

    def follow() -> int:
        """Records what is in the journal until the recording ends; returns the number of exchanges."""
        read, wait = 0, 0.0
        while not select.select([commands], [], [], wait)[0]:
            content = following.read()
            wait = _IDLE if content is None else 0
            if content is not None:
                record_journal(recorder, [content], journal)
                read += 1
        return read

    # The priority is that of a thread. The recording waits for what comes after it.
    with ThreadPoolExecutor(1, initializer=partial(os.nice, _NICENESS)) as in_background:
        read = in_background.submit(follow).result()
    if not (ending := commands.read()):
        return
    end = json.loads(ending)
    output = sys.stdout.buffer
    output.write(b"%d\n" % (end["written"] - read))
    for _ in range(read, end["written"]):
        if (content := following.read()) is None:
            raise EOFError("the journal is shorter than the recording")
        record_journal(recorder, [content], journal)
        output.write(_DOT)
        output.flush()
    output.write(_END)
    output.flush()
    record_journal(recorder, map(base64.b64decode, end["waiting"]), journal)
    numbers, places = end["skipped"]
    skipped = SkippedExchanges(Counter(numbers), places)
    recording = merge_recording(path, recorder, key, skipped, keep_old=keep_old)
    output.write(_write_summary(recording.summary))
    output.flush()


if __name__ == "__main__":
    with rare_garbage_collection():
        main()

"""`LiveRecorder`: records the traffic of a tape, first into a journal, in the end into the cassette.

1. While the traffic lasts, an exchange is recognised, selected and written into the journal, and nothing else: decoding
   and redaction take ten times as long, and follow the answer.
2. At the end, a recorder (`core.recording.recorder`) reads the journal and folds it into the cassette. For a long
   recording, another process does this meanwhile (`follower`). If there is no such process, or it has vanished, this
   process does it.
3. Requests that are not recorded are in the journal for the real values in them. Nothing needs these values before an
   exchange is recorded. Until then such requests wait, so that a run that records nothing writes nothing.
4. Where a cassette answers requests (`new_episodes`), it is stale once a write was sent upstream, whoever sent the
   write and whatever came of it.

May import: core.aws, core.recording, core.redaction, errors, files, follower, merging, progress.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from awstape import progress
from awstape.core.aws.error_codes import NO_RESPONSE
from awstape.core.aws.model import Models, Operation
from awstape.core.aws.routing import recognise_call
from awstape.core.aws.wire import Request, Response, WireError
from awstape.core.recording.exchange import Exchange, drop_credentials, write_exchange
from awstape.core.recording.recorder import Recorder
from awstape.core.recording.recording_filter import RecordingFilter
from awstape.core.recording.summary import RecordingSummary
from awstape.core.redaction.aliases import Key
from awstape.errors import UserError
from awstape.files.journal import Journal
from awstape.merging import merge_recording, rare_garbage_collection, record_journal

if TYPE_CHECKING:
    from awstape.follower import Follower

#: Bytes in the journal from which on a process follows it. Reading fewer takes less time than starting the process.
_FOLLOWED_FROM = 1_000_000
#: Bytes of requests that may wait for an exchange that is recorded.
_MOST_WAITING = 4_000_000


def _without_answer(request: Request) -> Exchange:
    """A request that is not recorded, for the values in it. The same one sent again is the same."""
    headers = tuple(header for header in request.headers if header[0].lower() != "amz-sdk-invocation-id")
    return Exchange(replace(request, headers=headers), is_recorded=False)


class LiveRecorder:
    """Records the exchanges of a tape: write them, then close.

    make_recorder: makes the recorder that reads the journal at the end.
    create_journal: creates the journal, at the first exchange.
    keep_old: whether old tracks stay.
    is_followed: whether another process may read the journal while it grows.
    """

    def __init__(
        self,
        path: Path,
        key: Key,
        recording_filter: RecordingFilter,
        make_recorder: Callable[[], Recorder],
        create_journal: Callable[[], Journal],
        *,
        keep_old: bool = True,
        is_followed: bool = False,
    ) -> None:
        self._path = path
        self._key = key
        self._filter = recording_filter
        self._make_recorder = make_recorder
        self._create_journal: Callable[[], Journal] | None = create_journal  # None once the recording has ended
        self._keep_old = keep_old
        self._is_followed = is_followed
        self._follower: Follower | None = None
        self._waiting: dict[bytes, None] = {}
        self._first_write_sent: Request | None = None
        self.journal: Journal | None = None
        self.recorded_so_far = 0
        """The number of exchanges that were recorded so far."""

    @property
    def models(self) -> Models:
        """The models, with the recorded services as those that are recognised."""
        return self._filter.models

    def open_journal(self) -> None:
        """Creates the journal now. Raises UserError."""
        assert self._create_journal
        self.journal = self._create_journal()

    # --- while the traffic lasts --------------------------------------------------------------------------------------

    def write(
        self,
        request: Request,
        response: Response | None,
        recorded_before: int | None = None,
        no_response: str = NO_RESPONSE,
    ) -> None:
        """Writes an exchange into the journal, unless the filter drops it. Raises UserError if that fails.

        recorded_before: `recorded_so_far` when the request was sent; None if nothing was recorded since.
        """
        if filtered := self._filter.apply(request, response, no_response):
            meanwhile = 0 if recorded_before is None else self.recorded_so_far - recorded_before
            is_later = self.is_cassette_stale and request is not self._first_write_sent
            exchange = Exchange(request, response, no_response, meanwhile, is_later)
            self._write(exchange if filtered.is_recorded else _without_answer(request), filtered.call.operation)

    def sync(self) -> None:
        """Waits until what was written is on the disk, in any thread. Raises UserError if that fails."""
        if journal := self.journal:
            journal.sync()

    def note_answered(self, request: Request) -> None:
        """Notes a request that the cassette answers, for the real values in it."""
        with suppress(WireError):
            if call := recognise_call(self.models, request):
                self._write(_without_answer(request), call.operation)

    def note_sent(self, request: Request) -> None:
        """Notes a request that is sent upstream, since the cassette does not answer it (rule 4).

        A request that can't be read counts as a write: what it does is unknown.
        """
        try:
            call = recognise_call(self.models, request)
            is_write = call is not None and not call.operation.is_read
        except WireError:
            is_write = True
        if is_write and self._first_write_sent is None:
            self._first_write_sent = request

    @property
    def is_cassette_stale(self) -> bool:
        """Whether the cassette that answers requests no longer does, as a write was sent upstream."""
        return self._first_write_sent is not None

    def skip(self, reason: str) -> None:
        """Counts a request that is not recorded."""
        self._filter.skipped.add(reason)

    def _write(self, exchange: Exchange, operation: Operation) -> None:
        """Writes an exchange without credentials; one that is not recorded may wait (rule 3). Raises UserError."""
        if self._create_journal:
            content = write_exchange(replace(exchange, request=drop_credentials(exchange.request, operation)))
            self._waiting[content] = None
            if exchange.is_recorded or sum(map(len, self._waiting)) > _MOST_WAITING:
                self._write_waiting(self._create_journal)
        self.recorded_so_far += exchange.is_recorded

    def _write_waiting(self, create_journal: Callable[[], Journal]) -> None:
        self.journal = self.journal or create_journal()
        for content in self._waiting:
            self.journal.append(content)
        self._waiting.clear()
        if self._is_followed and self.journal.size > _FOLLOWED_FROM:
            from awstape.follower import Follower

            self._is_followed = False
            self._follower = Follower.start(self._path, self.journal.path, self._key, keep_old=self._keep_old)

    # --- at the end ---------------------------------------------------------------------------------------------------

    def close(self) -> RecordingSummary:
        """Writes the recording into the cassette. Raises UserError; what is in a journal stays there then."""
        is_journal_needed = True
        try:
            summary = self._finish()
            if summary.bugs and self.journal:
                journal, self.journal = self.journal, None
                summary = replace(summary, kept_in=str(journal.keep_as_failed()))
            is_journal_needed = False
        except UserError as error:
            if self.journal:
                raise UserError(error.problem, f"{error.tip}; the recording is kept in {self.journal.path}") from None
            raise
        finally:
            self._end(is_journal_needed=is_journal_needed)
        return summary

    def keep_journal(self) -> Path | None:
        """Ends the recording without a change to the cassette: it stays as a journal, for `awstape recover`.

        Returns the path of the journal, None if nothing was recorded. Raises UserError.
        """
        journal = self.journal
        if journal is None or not self._has_page(journal):
            self._end(is_journal_needed=False)
            return None
        self.journal = None
        self._end()
        return journal.keep_as_failed()

    def _finish(self) -> RecordingSummary:
        skipped = self._filter.skipped
        if self._follower and self.journal:
            summary = self._follower.finish(self.journal.written, self._waiting, skipped)
            if summary is not None:
                return summary
            self._follower.stop()
        recorder = self._make_recorder()
        with rare_garbage_collection():
            if self.journal:
                with progress.begin("reading the recording", self.journal.written, "exchanges") as work:
                    contents = work.over(self.journal.contents())
                    record_journal(recorder, chain(contents, self._waiting), self.journal.path)
            return merge_recording(self._path, recorder, self._key, skipped, keep_old=self._keep_old)

    def _has_page(self, journal: Journal) -> bool:
        """Whether an exchange of a journal would be recorded, as far as it can be read."""
        recorder = self._make_recorder()
        with suppress(UserError):
            for content in journal.contents():
                record_journal(recorder, [content], journal.path)
                if not recorder.is_empty:
                    return True
            return False
        return True

    def _end(self, *, is_journal_needed: bool = True) -> None:
        if self._follower:
            self._follower.stop()
        if self.journal:
            self.journal.close(remove=not is_journal_needed)
        self.journal = self._create_journal = self._follower = None

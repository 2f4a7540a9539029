"""`Tape`: a cassette in use. It answers or records each request, by mode; all servers and hooks talk to it.

- `all`: all requests go upstream and are recorded; tracks of the old cassette that this run didn't see stay.
- `new_episodes`: tracks that were recorded to their end are answered from the cassette; all other requests go upstream
  and are recorded. Once a write went upstream, so do all requests of all clients of the tape, but for the next pages of
  listings that the cassette began; what is recorded then follows what the cassette has.
- `once`: as `replay` if the cassette exists, else all requests are recorded.
- `rewrite`: as `all`, but the old tracks are dropped.
- `replay`: all requests are answered from the cassette; others are misses, and nothing goes upstream.

What is recorded is in a journal before the program gets its response, and in the cassette at the end (`live_recorder`).

A tape belongs to the process that opened it. A forked process would count on its own and write into the same journal,
so it is refused, and the first process learns of it.

May import: catalog, core.aws, core.cassette, core.recording, core.replay, core.text, errors,
live_recorder, report.
"""

from __future__ import annotations

import mmap
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from awstape.catalog.hosts import main_region, partition_of
from awstape.catalog.service_models import load_models
from awstape.core.aws.error_codes import NO_RESPONSE
from awstape.core.aws.model import Models
from awstape.core.aws.wire import Reply, Request, Response
from awstape.core.cassette.cassette import Cassette
from awstape.core.replay.player import Player
from awstape.core.text.advice import ON_COMMAND_LINE, Advice
from awstape.errors import UserError, as_user_error

if TYPE_CHECKING:  # a replay, which each test may open, does without them
    from awstape.core.recording.summary import RecordingSummary
    from awstape.core.replay.misses import Miss
    from awstape.live_recorder import LiveRecorder

#: Problem and tip of a request in a forked process.
_FORKED = (
    "a process that was forked while the cassette was in use sent a request: it would neither count nor be recorded",
    "use threads; or start a program, with the environment that awstape gives it",
)


@dataclass
class Tape:
    """A cassette in use, by several threads. `live_recorder` and `player` are set as the mode needs them.

    path: the file that is recorded into, None in a replay. cassette: as it was when the tape was opened.
    recovered: lines on recovered recordings, for the user.
    """

    path: Path | None
    cassette: Cassette = field(repr=False)
    live_recorder: LiveRecorder | None
    player: Player | None
    recovered: tuple[str, ...] = ()
    passed: Counter[str] = field(default_factory=Counter)
    """Service → the number of requests and connections to it that this tape let pass unrecorded; "" for other hosts."""
    failure: UserError | None = None
    """The error that stopped the recording. All later requests are refused, so no traffic goes unrecorded."""
    caller: str | None = None
    """The known caller whose access key id is in the environment, as after `awstape env --caller`; as in `callers`."""
    advice: Advice = ON_COMMAND_LINE
    """How the user records."""
    was_asked: bool = False
    """Whether a request reached this tape; those that it lets pass count in `passed`."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _process: int = field(default_factory=os.getpid, repr=False)
    _forks: mmap.mmap = field(default_factory=partial(mmap.mmap, -1, 1), repr=False)
    """Memory that forked processes share: 1 once one of them was refused."""

    @property
    def replays_only(self) -> bool:
        """Whether no request is sent upstream, so that nothing is recorded."""
        return self.live_recorder is None

    @property
    def models(self) -> Models:
        """The models, with the recorded or replayed services as those that are recognised."""
        owner = self.live_recorder or self.player
        return owner.models if owner else load_models()

    @property
    def error(self) -> UserError | None:
        """Why not all requests so far were answered or recorded; None if all were."""
        return self.failure or (UserError(*_FORKED) if self._forks[0] else None)

    @property
    def callers(self) -> list[str]:
        """The cassette's known callers, accounts and principals, first the one whose dummy credentials programs get."""
        known = [caller for caller in self.cassette.callers if caller]
        return sorted(known, key=lambda caller: caller != self.caller)

    @property
    def knows_roles(self) -> bool:
        """Whether the cassette has several callers, and some are known by the role that a program assumes."""
        is_recorded = any(take.track.operation == "AssumeRole" for take in self.cassette.takes)
        return is_recorded and len(self.callers) > 1

    def choose_region(self, present: str | None) -> str | None:
        """The region for programs: that of all tracks if it is one, else the present one; None if any will do.

        A region in none of the partitions of the tracks is replaced by one that is.
        """
        found = {take.track.region for take in self.cassette.takes}
        partitions = {partition_of(region) for region in found}
        regions = {main_region(partition_of(r)) if r.endswith("-global") else r for r in found if r}
        if len(regions) == 1:
            return next(iter(regions))
        if not found or partition_of(present) in partitions:
            return present
        return main_region("aws" if "aws" in partitions else min(partitions))

    def answer(self, request: Request, session: str = "") -> Reply | None:
        """The recorded response, a fault or a miss; None for a request that must go upstream.

        Raises UserError once the recording has stopped, and in a forked process.
        """
        self._refuse_fork()
        self.was_asked = True
        with self._lock, self._stop_on_failure():
            if self.live_recorder is None:
                assert self.player
                reply = self.player.answer(request, session)  # may find an error in a file that is read lazily
                if not reply.serve_again:
                    return reply
                return replace(reply, serve_again=self._serve_again(reply.serve_again))
            if self.player is None:
                return None
            if self.player.has_answer(request, is_stale=self.live_recorder.is_cassette_stale):
                self.live_recorder.note_answered(request)
                return replace(self.player.answer(request), serve_again=None)
            self.live_recorder.note_sent(request)
            return None

    def has_same_answer(self, request: Request) -> bool:
        """Whether a page answers a request to a tape that only replays, always the same one in all sessions.

        Raises UserError as `answer` does.
        """
        with self._lock, self._stop_on_failure():
            assert self.player
            return self.player.has_same_answer(request)

    def fork(self) -> Tape:
        """A tape with the same player for this process, which was forked on purpose; only one that replays has it."""
        assert self.player and self.replays_only
        return Tape(self.path, self.cassette, None, self.player, caller=self.caller)

    def _serve_again(self, count: Callable[[], bool]) -> Callable[[], bool]:
        lock, process = self._lock, self._process

        def serve_again() -> bool:
            if self.failure or os.getpid() != process:
                return False  # so that `answer` raises
            with lock:
                return count()

        return serve_again

    def refuse_host(self, host: str) -> Miss:
        """Counts a connection to a host that is not replayed. host: its name, or the part of it that may be shown."""
        assert self.player
        with self._lock:
            return self.player.refuse_host(host)

    def reset(self, session: str | None = None) -> None:
        """Restarts takes and faults, of a session or of all sessions."""
        with self._lock:
            if self.player:
                self.player.reset(session)

    @property
    def recorded_so_far(self) -> int:
        """The number of exchanges that were recorded so far, to be noted when a request is sent upstream."""
        with self._lock:
            return self.live_recorder.recorded_so_far if self.live_recorder else 0

    def record(
        self,
        request: Request,
        response: Response | None,
        recorded_before: int | None = None,
        no_response: str = NO_RESPONSE,
    ) -> None:
        """Records an exchange with the upstream; it is on the disk after the next `sync`. Raises UserError.

        recorded_before: `recorded_so_far` when the request was sent; None if nothing was recorded since. no_response:
        why there is no response.
        """
        self._refuse_fork()
        with self._lock, self._stop_on_failure():
            if self.live_recorder:
                self.live_recorder.write(request, response, recorded_before, no_response)
                if self.player and response:
                    self.player.learn(request, response)

    def sync(self) -> None:
        """Waits until what was recorded is on the disk; other threads go on. Raises UserError if that fails."""
        with self._stop_on_failure():
            if self.live_recorder:
                self.live_recorder.sync()

    def _refuse_fork(self) -> None:
        """Raises UserError in a forked process. It asks for no lock: a thread may have held it during the fork."""
        if self._is_forked():
            self._forks[0] = 1
            raise UserError(*_FORKED)

    def _is_forked(self) -> bool:
        return os.getpid() != self._process

    @contextmanager
    def _stop_on_failure(self) -> Iterator[None]:
        """Stops the recording for good at the first failure, and raises it from then on."""
        if self.failure:
            raise self.failure
        try:
            yield
        except Exception as error:
            self.failure = as_user_error(error)
        if self.failure:
            raise self.failure

    def close(self) -> RecordingSummary | None:
        """Writes the recording into the cassette; None in replay, or in a forked process. Raises UserError."""
        if self.live_recorder is None or self._is_forked():
            return None
        return self.live_recorder.close()

    def describe(self, recording: RecordingSummary, path: str, answered: int = 0) -> Iterator[str]:
        """A recording of this tape, for people: the lines of `report.recording_lines`."""
        from awstape.report import recording_lines  # not at the top: a replay describes no recording

        services = self.models.names
        return recording_lines(path, recording, answered, passed=self.passed, services=services, advice=self.advice)

    def keep_journal(self) -> Path | None:
        """Ends the recording without a change to the cassette: it stays as a journal, for `awstape recover`.

        Returns the path of the journal, None if nothing was recorded. Raises UserError.
        """
        if self.live_recorder is None or self._is_forked():
            return None
        return self.live_recorder.keep_journal()

"""`InProcess` and `replay`: a tape for this process's boto3, botocore and aiobotocore clients, without a socket.

1. While a tape is in use, it answers all clients of the process, whenever they were created, and before another tool
   that answers them, such as moto (`inprocess.botocore_handlers`). If several tapes are in use, the last one answers.
2. A tape that only replays sends nothing: requests to other AWS services are refused, unless another handler, such as
   moto's, answers them. Requests need no credentials; code that looks for some finds dummy credentials in the
   environment.
3. When the last tape is closed, environment, handlers and boto3's default session are as they were before.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from awstape.core.recording.summary import RecordingSummary
from awstape.core.replay.misses import Miss
from awstape.core.text.advice import Advice, in_python
from awstape.errors import MissError, UserError, call_without_traceback
from awstape.inprocess import botocore_handlers
from awstape.opening import (
    RECORD_MODES,
    RecordMode,
    RecordOptions,
    choose_services,
    open_for_recording,
    open_for_replay,
)
from awstape.program.environment import EnvironmentChanges, check_endpoint_urls, current, dummy_environment
from awstape.proxying.upstream import Upstream, endpoint_variable, parse_upstream
from awstape.report import (
    kept_journal_line,
    miss_lines,
    not_replayed_lines,
    own_names_line,
    repeated_write_lines,
    unused_fault_lines,
)
from awstape.tape import Tape

_log = logging.getLogger(__name__)
#: The former values of the environment variables that were changed, or None for those that weren't set.
_former_environment = EnvironmentChanges()


class InProcess:
    """A tape for the clients of this process, in use from `__enter__` to `__exit__`.

    strict: whether recorded data that was not replayed, and a fault that was not used, are errors at the end, as misses
    are. upstream: where to record from instead of AWS. cassettes: the replayed files.
    """

    def __init__(
        self, tape: Tape, *, strict: bool = False, upstream: Upstream | None = None, cassettes: Sequence[Path] = ()
    ) -> None:
        self.tape = tape
        self._cassettes = cassettes
        self._strict = strict
        self.upstream: Upstream = upstream or {}
        self._compared: set[str] = set()
        """While recording, the aliases of the names that were compared with `alias`."""
        self._was_used = self._is_in_use = False

    def __enter__(self) -> Self:
        self.use()
        return self

    def use(self) -> None:
        """Begins to answer clients; `close` ends it. Raises RuntimeError if it was used before.

        Raises UserError before it records from an endpoint in the configuration that is not an upstream.
        """
        if self._was_used:
            raise RuntimeError("this tape was used before: its takes are played; make another one")
        if not self.replays_only:
            try:
                names = self.tape.models.names
                call_without_traceback(check_endpoint_urls, current(), names, self.upstream, has_options=False)
            except UserError:
                self.tape.keep_journal()
                raise
        changes = EnvironmentChanges(
            {endpoint_variable(service): url.geturl() for service, url in self.upstream.items()}
        )
        if self.upstream:
            changes |= {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false"}
        if self.replays_only or self.upstream:
            changes |= dummy_environment(current(), self.tape)
        former = _change_environment(changes)
        _former_environment.update({name: former[name] for name in former.keys() - _former_environment.keys()})
        self._was_used = self._is_in_use = True
        botocore_handlers.begin(self.tape, self.upstream)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None and not self.tape.error:
            self._report(self.close())
        elif journal := self.keep_journal():
            _log.warning(kept_journal_line(str(self.tape.path), journal, "its block ended with an error"))
        if kind is None and self.tape.error:
            raise self.tape.error
        if kind is None and (problem := self.problem(not_replayed=self._strict, unused_faults=self._strict)):
            raise MissError(problem)

    def close(self) -> RecordingSummary | None:
        """Ends the use of the tape; writes what was recorded. Raises UserError."""
        return call_without_traceback(self.tape.close) if self._end() else None

    def keep_journal(self) -> Path | None:
        """Ends the use of the tape without a change to the cassette, as `Tape.keep_journal`. Raises UserError."""
        return call_without_traceback(self.tape.keep_journal) if self._end() else None

    def _report(self, recording: RecordingSummary | None) -> None:
        """Logs the summary of a recording; as a warning if something was left out, or names are the program's own."""
        if recording is None or not (recording.tells_something or self.tape.passed):
            return
        lines = [*self.tape.describe(recording, str(self.tape.path))]
        if own_names := self.own_names(recording):
            lines.append(f"  {own_names_line(len(own_names), 'tape.alias', self.tape.advice.record('rewrite'))}")
        is_amiss = own_names or self.tape.passed or recording.lacks_something
        _log.log(logging.WARNING if is_amiss else logging.INFO, "%s", "\n".join(lines))

    def _end(self) -> bool:
        """Ends the use of the tape; returns whether it was in use."""
        was_in_use, self._is_in_use = self._is_in_use, False
        if was_in_use and botocore_handlers.end(self.tape):
            _change_environment(_former_environment)
            _former_environment.clear()
        return was_in_use

    def attach(self, *targets: Any) -> None:
        """Answers sessions, clients and resources that were created before, as long as a tape is in use.

        Raises TypeError for anything else.
        """
        for target in targets:
            botocore_handlers.attach(target)

    @property
    def replays_only(self) -> bool:
        return self.tape.replays_only

    def alias(self, value: str, kind: str | None = None) -> str:
        """What a client gets in the place of a real name: its alias in a replay, while recording the name itself.

        kind: as in `awstape alias --kind`. Raises UserError without the cassette's key.
        """
        found = alias(value, kind, self._cassettes)
        if self.replays_only:
            return found
        self._compared.add(found)
        return value

    def own_names(self, recording: RecordingSummary) -> set[str]:
        """The aliases of names in a recording that come from the program itself, but for those given to `alias`."""
        return {name for name in recording.own_names if not any(name in each for each in self._compared)}

    @property
    def misses(self) -> list[Miss]:
        """The requests so far that had no recorded response."""
        return self.tape.player.misses if self.tape.player else []

    def reset(self) -> None:
        """Restarts takes and faults; misses stay."""
        self.tape.reset()

    def problem(self, *, not_replayed: bool, unused_faults: bool) -> str:
        """The misses in full and, if asked for, how a replay differs otherwise; "" if it does not.

        not_replayed: what was not replayed, and writes that were sent more often than they were recorded.
        """
        player = self.tape.player
        if player is None or not self.replays_only:
            return ""
        lines = [*miss_lines(player), *(unused_fault_lines(player) if unused_faults else ())]
        if not_replayed:
            lines += [*repeated_write_lines(player), *not_replayed_lines(player)]
        return "\n".join(lines)


def replay(
    cassette: str | os.PathLike[str],
    *more: str | os.PathLike[str],
    paging: str | int = "recorded",
    faults: str | Sequence[str] = (),
    strict: bool = False,
) -> InProcess:
    """Replays cassettes, files or folders, to the boto3, botocore and aiobotocore clients of this process.

        with awstape.replay("roles.yaml", paging="torture"):
            boto3.client("iam").get_paginator("list_roles")...

    paging: `recorded`, `client`, a number of items, `torture` or `torture:SEED`. faults: such as
    `throttle ListRoles page=2`. strict: what was not replayed is an error at the end of the block, as misses are.
    Raises UserError for a cassette or setting that can't be used; at the end of the block MissError.
    """
    fault_texts = [faults] if isinstance(faults, str) else faults
    paths = [Path(path) for path in (cassette, *more)]
    tape = call_without_traceback(open_for_replay, paths, current(), str(paging), fault_texts, _advice_for(paths[0]))
    return InProcess(tape, strict=strict, cassettes=paths)


def alias(value: str, kind: str | None = None, cassettes: Sequence[Path] = ()) -> str:
    """The alias of a real value under the key at hand, to compare with what a replay gives.

    kind: as in `awstape alias --kind`; without one, a value that is nothing else is the name of a resource. cassettes:
    whose rules count. Raises UserError without the key.
    """
    from awstape.workbench.rekey_files import aliases_of

    try:
        ((_, found),) = call_without_traceback(aliases_of, [value], kind, cassettes, current())
    except UserError as error:
        if kind is not None or not error.problem.startswith(f"{value!r}: can't tell"):
            raise
        ((_, found),) = call_without_traceback(aliases_of, [value], "role", cassettes, current())
    return found


def record(
    cassette: str | os.PathLike[str],
    *,
    mode: RecordMode = "once",
    upstream: str | Sequence[str] = (),
    include_writes: bool = False,
    operations: str | Sequence[str] = (),
    services: str | Sequence[str] = (),
) -> InProcess:
    """Records what the boto3, botocore and aiobotocore clients of this process ask of AWS.

        with awstape.record("roles.yaml", mode="all"):
            boto3.client("iam").get_paginator("list_roles")...

    mode: `once`, which replays a cassette that exists, `new_episodes`, `all` or `rewrite`. upstream: where to record
    from instead of AWS, `URL` or `SERVICE=URL`; by default that of AWSTAPE_UPSTREAM. operations, services: globs.
    An exception in the block leaves the cassette as it was; the recording stays as a journal, for `awstape recover`.
    Raises UserError for a cassette or setting that can't be used, and at the end of the block if it can't be written.
    """
    path, advice = Path(cassette), _advice_for(Path(cassette))
    if mode not in RECORD_MODES:
        raise UserError(f"no such mode: {mode!r}", f"one of {', '.join(RECORD_MODES)}")
    chosen = call_without_traceback(choose_services, _as_list(services), path)
    given = _as_list(upstream) or os.environ.get("AWSTAPE_UPSTREAM", "").split()
    tape = call_without_traceback(
        open_for_recording,
        path,
        mode,
        current(),
        RecordOptions(_as_list(operations), chosen, include_writes, is_shared=True),
        advice,
    )
    return InProcess(tape, upstream=parse_upstream(given, chosen, advice))


def _as_list(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def _advice_for(path: Path) -> Advice:
    """How a program records into a cassette."""

    def list_services(services: Sequence[str]) -> str:
        return f"services={[*services]!r}"

    def call(_: str, mode: str, *, writes: bool, services: Sequence[str]) -> str:
        options = [*(["include_writes=True"] if writes else []), *([list_services(services)] if services else [])]
        shown = path.name if path.is_absolute() else str(path)  # the folders above may be named after their owner
        return f"awstape.record({', '.join([repr(shown), f'mode={mode!r}', *options])})"

    return in_python(call, writes="include_writes=True", services=list_services)


def _change_environment(changes: EnvironmentChanges) -> EnvironmentChanges:
    """Sets and removes variables: all of them, or none if one can't be set. Returns the changes that undo it."""
    before = EnvironmentChanges({name: os.environ.get(name) for name in changes})
    try:
        _set_variables(changes)
    except BaseException:
        _set_variables(before)
        raise
    return before


def _set_variables(changes: EnvironmentChanges) -> None:
    for name in changes:  # a local variable with the value would be shown in a report
        os.environ.pop(name, None)
    os.environ.update({name: value for name, value in changes.items() if value is not None})

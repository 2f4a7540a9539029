"""The tape of a test: opened before it, closed after it, and the failure if the two do not fit.

1. `--awstape` selects the mode: `none` only replays; `once`, `new_episodes` and `all` record as `awstape record` does.
   If `CI` is set, nothing is recorded.
2. boto3, botocore and aiobotocore clients that the test creates are answered from the cassette, and programs that it
   starts with the environment `awstape.environ`.
3. At teardown, misses are errors, with their full text, and so are unused faults. Takes that were not replayed are
   errors if the cassette belongs to the test alone, or with `strict=True`. For a failed test, only misses are reported.
4. A test that fails while it records changes no cassette: its recording stays as a journal, for `awstape recover`.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from awstape.catalog.service_models import load_models
from awstape.core.replay.misses import Miss
from awstape.core.text.printable import printable
from awstape.errors import UserError, call_without_traceback
from awstape.files import keys
from awstape.inprocess.botocore_hook import InProcess
from awstape.opening import RECORD_MODES, choose_services, open_for_recording, open_for_replay, parse_replay_options
from awstape.program.environment import current
from awstape.proxying.upstream import parse_upstream
from awstape.pytest_plugin.markers import Settings
from awstape.pytest_plugin.run_summary import OUTCOME, SUMMARY, relative, selected_mode
from awstape.report import kept_journal_line, recording_lines, set_aside_lines


class Awstape:
    """The value of the fixture `awstape`: the test's cassette. path: its file, the first of several."""

    def __init__(self, hook: InProcess, path: Path, stack: ExitStack) -> None:
        self.path = path
        self._hook = hook
        self._stack = stack
        self._server: tuple[str, dict[str, str]] | None = None

    def attach(self, *targets: Any) -> None:
        """Answers boto3 or botocore clients, sessions or resources that were created before the test."""
        self._hook.attach(*targets)

    @property
    def environ(self) -> dict[str, str]:
        """The environment for programs that the test starts, in any language: they are answered from the cassette."""
        return self._serve()[1] | {}  # a copy

    @property
    def url(self) -> str:
        """The URL for such programs: that of the endpoint or, while recording, of the proxy."""
        return self._serve()[0]

    @property
    def misses(self) -> list[Miss]:
        """The requests that had no recorded response. A test that expects misses removes them from this list."""
        return self._hook.misses

    def reset(self) -> None:
        """Restarts takes and faults."""
        self._hook.reset()

    def _serve(self) -> tuple[str, dict[str, str]]:
        if self._server is None:
            from awstape.program import environment, servers

            tape = self._hook.tape
            if self._hook.replays_only:
                server = servers.serve_endpoint(tape, 0)
            else:  # mitmproxy uses deprecated functions; pytest removes the filter after the test
                warnings.filterwarnings("ignore", category=DeprecationWarning)
                server = servers.serve_proxy(tape, self._hook.upstream, 0)
            with user_errors_as_failures():
                url, changes = self._stack.enter_context(servers.run_in_background(server))
            self._server = url, environment.apply(environment.current(), changes)
        return self._server


def open_tape(item: pytest.Item, settings: Settings) -> InProcess:
    """Opens the cassettes of a test for replay or recording. Raises UserError."""
    from awstape.inprocess.botocore_hook import InProcess

    mode, path = selected_mode(item.config), settings.paths[0]
    paging = settings.paging or item.config.getoption("--awstape-paging") or "recorded"
    missing = [each for each in settings.paths if not each.exists()]
    if mode == "none" or (mode == "once" and not missing):
        if missing and not settings.is_own:
            raise UserError(_missing(item, missing[0]), f"record it: pytest --awstape=once '{item.nodeid}'")
        # If the test's own cassette is missing, it counts as empty: a test without requests needs none.
        paths = [] if missing else settings.paths
        return InProcess(call_without_traceback(open_for_replay, paths, current(), paging, settings.faults))
    if len(settings.paths) > 1:
        raise UserError("a test with several cassettes can't be recorded", "record them one by one, or name one")
    services = call_without_traceback(choose_services, (), path)
    parse_replay_options(
        load_models(services), paging, settings.faults
    )  # they are for replay: a mistake shows before AWS is asked
    has_key = keys.key_exists(current())
    (record_mode,) = (known for known in RECORD_MODES if known == mode)
    upstream = parse_upstream(os.environ.get("AWSTAPE_UPSTREAM", "").split(), services)
    # The workers of pytest-xdist may share a cassette.
    tape = call_without_traceback(open_for_recording, path, record_mode, current(), journal="shared")
    made_key = () if has_key else (f"made a key for your aliases: {keys.key_file()}",)
    item.config.stash[SUMMARY].recorded += (*made_key, *tape.recovered)
    return InProcess(tape, upstream=upstream)


def _missing(item: pytest.Item, path: Path) -> str:
    return f"{relative(path, item.config)}: there is no such cassette"


def close_tape(item: pytest.Item, settings: Settings, hook: InProcess) -> None:
    """Closes the cassette; fails the test if the cassette doesn't match it, or couldn't be written."""

    where = ", ".join(relative(path, item.config) for path in settings.paths)
    outcome, recorded = item.stash[OUTCOME], item.config.stash[SUMMARY].recorded
    recording = journal = None
    with user_errors_as_failures():
        if outcome in ("", "failed") or hook.tape.error:  # "": Ctrl-C, or a fixture that failed
            journal = hook.keep_journal()
        else:
            recording = hook.close()
    if journal:
        recorded.append(kept_journal_line(where, journal))
    if recording and (recording.pages or recording.set_aside):
        recorded += recording_lines(where, recording)
    if recording and recording.set_aside:
        pytest.fail("\n".join(set_aside_lines(where, recording.set_aside)), pytrace=False)
    with user_errors_as_failures():
        if error := hook.tape.error:
            raise error
    passed = outcome == "passed"
    if problem := hook.problem(not_replayed=settings.strict and passed, unused_faults=passed):
        headline = (
            f"{where} does not match the test" if settings.paths[0].exists() else _missing(item, settings.paths[0])
        )
        recording_helps = any(miss.kind in ("operation", "identity", "region", "caller") for miss in hook.misses)
        advice = f"\nto record it here: pytest --awstape=new_episodes '{item.nodeid}'" if recording_helps else ""
        pytest.fail(f"{headline}\n{problem}{advice}", pytrace=False)


@contextmanager
def user_errors_as_failures() -> Iterator[None]:
    """Turns a UserError into a failure of the test, without a traceback."""

    try:
        yield
    except UserError as error:
        message = "\n".join(map(printable, filter(None, (error.problem, error.tip))))
        raise pytest.fail.Exception(message, pytrace=False) from None

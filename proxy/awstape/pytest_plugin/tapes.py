"""The tape of a test, or of the tests that share one: opened before, closed after, and the failure if the two differ.

1. The mode is one of `--awstape`: `none` only replays, the others record as `awstape record` does. `rewrite` drops the
   old tracks when a cassette is first recorded in a run; later tests add to it.
2. Clients of boto3, botocore and aiobotocore are answered from the cassette, and programs that the test starts with the
   environment `awstape.environ`. Of several cassettes, the first is recorded into; the others answer what they hold.
3. At teardown, misses are errors, with their full text, and so are unused faults. Takes that were not replayed are
   errors if the cassette belongs to the test alone, or with `strict=True`. For a failed test, only misses are reported,
   and of these only what its own failure does not show.
4. A miss belongs to the test in which it happens, whoever shares the tape.
5. Names in a recording that come from the test's own code are counted: it may compare them, and fail in replay.
6. A test that fails while it records changes no cassette: its recording stays as a journal, for `awstape recover`.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Set
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path

import pytest

from awstape.catalog.service_models import load_models
from awstape.core.cassette.cassette import Track
from awstape.core.redaction.aliases import key_fingerprint
from awstape.core.text.counting import count
from awstape.core.text.printable import printable
from awstape.errors import UserError, call_without_traceback
from awstape.files import cassette_files, keys
from awstape.inprocess.botocore_hook import InProcess
from awstape.opening import (
    RECORD_MODES,
    RecordOptions,
    choose_services,
    open_for_recording,
    open_for_replay,
    parse_replay_options,
)
from awstape.program.environment import current
from awstape.proxying.upstream import parse_upstream
from awstape.pytest_plugin.advice import advice_for, rewrite_line
from awstape.pytest_plugin.fixture import AwstapeFixture
from awstape.pytest_plugin.markers import TapeSettings
from awstape.pytest_plugin.run_summary import KEPT, NEEDS_ENVIRON, OUTCOME, SHOWN, SUMMARY, relative, runs_in_part
from awstape.report import kept_journal_line, lacking_lines

_ALIASES = """A replay gives aliases in the place of real names. So a filter on real names finds nothing.
To compare with a real name: awstape.alias("NAME"), of the fixture `awstape`; it is the name itself while recording.
To keep names as they are: keep = ["NAME"] in [tool.awstape] of pyproject.toml, and record again:
pytest --awstape=rewrite"""

#: How the error of botocore begins for an endpoint that it can't connect to.
_UNREACHED = "Could not connect to the endpoint URL"


class OpenTape:
    """A tape in use, with its settings. where: the cassettes, for messages; recorded: the one that is recorded."""

    def __init__(self, settings: TapeSettings) -> None:
        self.settings = settings
        self._config = settings.node.config
        self.where = ", ".join(relative(path, self._config) for path in settings.paths)
        self.recorded = relative(settings.paths[0], self._config)
        is_rewritten = settings.is_shared and settings.mode == "rewrite"
        self._tracks_before = _tracks_in(settings.paths[0]) if is_rewritten else set()
        self.hook = _open(settings)

    def close(self) -> None:
        """Closes the cassette; fails the test if the cassette doesn't match it, or couldn't be written."""
        node, summary = self.settings.node, self._config.stash[SUMMARY]
        outcome = node.stash.get(OUTCOME, "")
        recording = journal = None
        if outcome in ("", "failed") or self.hook.tape.error:  # "": Ctrl-C, or a fixture that failed
            journal = self.hook.keep_journal()
        else:
            recording = self.hook.close()
            if self.settings.mode == "rewrite":
                summary.rewritten.add(self.settings.paths[0])
        self._drop_kept_journal()
        if journal:
            line = kept_journal_line(self.recorded, journal)
            summary.recorded.append(line)
            node.stash[KEPT] = journal, line
        if recording and (recording.tells_something or self.hook.tape.passed):
            summary.recorded += self.hook.tape.describe(recording, self.recorded)
            summary.own_names |= self.hook.own_names(recording)
        if recording and outcome == "passed":
            summary.recorded += self._leftover_lines()
        if not self.hook.replays_only and not self._was_asked and outcome == "passed":
            summary.silent.append(node.nodeid)
        if recording and (lost := [*lacking_lines(self.recorded, recording)]):
            pytest.fail("\n".join(lost), pytrace=False)
        if error := self.hook.tape.error:
            raise error
        passed = outcome == "passed"
        asks_all = not runs_in_part(node)
        self._fail_if(node, not_replayed=self.settings.strict and passed and asks_all, unused_faults=passed)

    def _drop_kept_journal(self) -> None:
        """Removes what this test left when it failed before, in this run: it has run again."""
        if kept := self.settings.node.stash.get(KEPT, None):
            journal, line = kept
            journal.unlink(missing_ok=True)
            recorded = self._config.stash[SUMMARY].recorded
            recorded[:] = [each for each in recorded if each != line]
            del self.settings.node.stash[KEPT]

    def _leftover_lines(self) -> Iterator[str]:
        """What a recording removed for tests that did not run, or left over, so that the next replay fails for it."""
        again = self.hook.tape.advice.record("rewrite")
        if removed := self._tracks_before and self._tracks_before - _tracks_in(self.settings.paths[0]):
            operations = ", ".join(sorted({f"{track.service} {track.operation}" for track in removed}))
            yield f"  removed: {count(len(removed), 'track')} that nothing asked for ({operations})"
            yield f"  if other tests need them, run all that share the cassette: {again}"
        if not (self.settings.strict and self.settings.mode == "new_episodes" and (player := self.hook.tape.player)):
            return
        old = {take.track for take in self.hook.tape.cassette.takes}
        if left := [each for each in player.takes_not_replayed() if each[0] in old]:
            were = "was" if len(left) == 1 else "were"
            what = f"{count(len(left), 'take')} of the cassette {were} not asked for"
            yield f"  {what}, and the next replay fails for it; to drop what is not needed: {again}"

    def fail_for_misses(self, item: pytest.Item) -> None:
        """Fails one of the tests that share the tape for its misses."""
        self._fail_if(item, not_replayed=False, unused_faults=False)

    def explain(self, report: pytest.TestReport, item: pytest.Item) -> None:
        """Puts the miss that a failure shows at the beginning of its line in the short summary."""
        messages: list[str] = item.stash.get(SHOWN, [])
        miss = next((miss for miss in self.hook.misses if miss.text in "\n".join(messages)), None)
        if miss and (crash := getattr(report.longrepr, "reprcrash", None)):
            crash.message = f"miss: {miss.text.splitlines()[0]}\n{crash.message}"
        self._explain_aliases(report, messages)
        if not self.hook.replays_only and any(_UNREACHED in message for message in messages):
            report.sections.append(("nothing was recorded", self._source))
        if not self._was_asked and (self.hook.tape.cassette.takes or not self.hook.replays_only):
            report.sections.append(
                ("the cassette was not used", f"No request of this test reached awstape.\n{NEEDS_ENVIRON}")
            )
        self.note_what_is_missing()

    @property
    def _was_asked(self) -> bool:
        return self.hook.tape.was_asked or bool(self.hook.tape.passed)

    def _explain_aliases(self, report: pytest.TestReport, messages: list[str]) -> None:
        """Explains aliases in a failure that is no miss, once in a run: a failure need not show them."""
        summary = self._config.stash[SUMMARY]
        is_about_misses = any(miss.text in message for miss in self.hook.misses for message in messages)
        has_aliases = self.hook.replays_only and self.hook.tape.cassette.keys and self._was_asked
        if has_aliases and not is_about_misses and not summary.has_explained_aliases:
            summary.has_explained_aliases = True
            report.sections.append(("names in this cassette are aliases", _ALIASES))

    @property
    def _source(self) -> str:
        """Where a recording gets its answers from, for a test that could not reach it."""
        if not self.hook.upstream:
            return "This test records from AWS, which can't be reached. To record from a stand-in: AWSTAPE_UPSTREAM=URL"
        urls = ", ".join(sorted({url.geturl() for url in self.hook.upstream.values()}))
        return f"This test records from {urls} (AWSTAPE_UPSTREAM), which can't be reached: start it, and run again."

    def note_what_is_missing(self) -> None:
        """Notes for the end of the run that a test failed whose cassette, or the cassette's key, is not at hand."""
        summary, named = self._config.stash[SUMMARY], self.hook.tape.cassette.keys
        if self.hook.replays_only and self.hook.misses and not self.settings.paths[0].exists():
            summary.lacking.add(self.where)
        if named and not _has_key(named):
            summary.keyless.add(self.where)

    def _fail_if(self, node: pytest.Item | pytest.Collector, *, not_replayed: bool, unused_faults: bool) -> None:
        messages: list[str] = node.stash.get(SHOWN, [])
        shown = "\n".join(messages)
        self.hook.misses[:] = [miss for miss in self.hook.misses if miss.text not in shown]
        problem = self.hook.problem(not_replayed=not_replayed, unused_faults=unused_faults)
        self.hook.misses.clear()
        if not problem:
            return
        self.note_what_is_missing()
        missing = [path for path in self.settings.paths if not path.exists()]
        place = f"{relative(missing[0], self._config)}: there is no such cassette" if missing else f"in {self.where}"
        mend = f"{rewrite_line(self.settings)}\n" if "not replayed: " in problem else ""
        pytest.fail(f"{problem}\n{mend}{place}", pytrace=False)


def _tracks_in(path: Path) -> set[Track]:
    """The tracks of a cassette; none if it is missing or can't be read."""
    with suppress(UserError):
        return {take.track for take in cassette_files.load(path, load_models()).takes} if path.exists() else set()
    return set()


def _has_key(fingerprints: Set[str]) -> bool:
    """Whether the key at hand is one of a cassette's."""
    with suppress(UserError):
        return (key := keys.find_key(current())) is not None and key_fingerprint(key) in fingerprints
    return False


def _open(settings: TapeSettings) -> InProcess:
    """Opens the cassettes for replay or recording. Raises UserError."""
    node, mode, path = settings.node, settings.mode, settings.paths[0]
    missing = [each for each in settings.paths if not each.exists()]
    advice = advice_for(settings)
    if mode == "none" or (mode == "once" and not missing):
        if missing and not settings.is_own:
            problem = f"{relative(missing[0], node.config)}: there is no such cassette"
            raise UserError(problem, f"record it: {advice.record('once')}")
        # If the test's own cassette is missing, it counts as empty: a test without requests needs none.
        paths = [] if missing else settings.paths
        replayed = call_without_traceback(open_for_replay, paths, current(), settings.paging, settings.faults, advice)
        return InProcess(replayed, cassettes=paths)
    if missing and missing != [path]:
        problem = f"{relative(missing[-1], node.config)}: there is no such cassette"
        raise UserError(problem, f"a test records into the first of its cassettes, {path.name}: record this one before")
    services = call_without_traceback(choose_services, node.config.getoption("--awstape-service"), path)
    parse_replay_options(
        load_models(services), settings.paging, settings.faults
    )  # they are for replay: a mistake shows before AWS is asked
    if mode == "rewrite":
        may_be_shared = settings.is_shared or not settings.is_own
        if path in node.config.stash[SUMMARY].rewritten and may_be_shared:
            mode = "all"
        elif hasattr(node.config, "workerinput") and may_be_shared:
            problem = f"{relative(path, node.config)}: tests share this cassette, and workers would rewrite it at once"
            raise UserError(problem, "rewrite it without workers: pytest --awstape=rewrite -n 0")
    has_key = keys.key_exists(current())
    (record_mode,) = (known for known in RECORD_MODES if known == mode)
    upstream = parse_upstream(os.environ.get("AWSTAPE_UPSTREAM", "").split(), services, advice)
    tape = call_without_traceback(
        open_for_recording,
        path,
        record_mode,
        current(),
        RecordOptions(
            services=services,
            include_writes=settings.include_writes,
            beside=settings.paths[1:],
            literals=find_literals(node.path),
            is_shared=True,  # the workers of pytest-xdist may share a cassette
        ),
        advice,
    )
    made_key = () if has_key else (f"made a key for your aliases: {keys.key_file()}",)
    node.config.stash[SUMMARY].recorded += (*made_key, *tape.recovered)
    return InProcess(tape, upstream=upstream)


@cache
def find_literals(path: Path) -> frozenset[str]:
    """The strings in the code of a module, and the parts of ARNs and paths; none if the file holds no Python."""
    try:
        nodes = ast.walk(ast.parse(path.read_bytes()))
    except (OSError, SyntaxError, ValueError, RecursionError):
        return frozenset()
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return frozenset(texts.union(*(re.split("[:/]", text) for text in texts)))


@contextmanager
def open_tape(settings: TapeSettings) -> Iterator[OpenTape]:
    """Opens a tape and puts it in use; at the end closes it, which may fail the test."""
    with user_errors_as_failures():
        tape = OpenTape(settings)
    with user_errors_as_failures(), ExitStack() as stack:
        stack.callback(tape.close)
        tape.hook.use()
        yield tape


@contextmanager
def fixture_of(tape: OpenTape) -> Iterator[AwstapeFixture]:
    """The value of the fixture for a test; what it serves to programs ends with it."""
    with ExitStack() as stack:
        yield AwstapeFixture(tape.hook, tape.settings.paths[0], stack)


@contextmanager
def user_errors_as_failures() -> Iterator[None]:
    """Turns a UserError into a failure of the test, without a traceback."""
    try:
        yield
    except UserError as error:
        message = "\n".join(map(printable, filter(None, (error.problem, error.tip))))
        raise pytest.fail.Exception(message, pytrace=False) from None

"""The pytest plugin: replays or records a cassette for a test, with the marker or the fixture `awstape`.

1. A test uses the cassette `cassettes/MODULE/TEST.yaml` beside its module, or `cassettes/NAME.yaml` there for the names
   in its marker. The file of a parametrized test has the position of its parameters in its name, not their values,
   which may be real names.
2. `--awstape` selects the mode: `none` only replays; `once`, `new_episodes` and `all` record as `awstape record` does.
   If `CI` is set, nothing is recorded.
3. boto3, botocore and aiobotocore clients that the test creates are answered from the cassette, and programs that it
   starts with the environment `awstape.environ`.
4. At teardown, misses are errors, with their full text, and so are unused faults. Takes that were not replayed are
   errors if the cassette belongs to the test alone, or with `strict=True`. For a failed test, only misses are reported.
5. A test that fails while it records changes no cassette: its recording stays as a journal, for `awstape recover`.
6. pytest imports this module in every run of every user, so its imports are delayed until a test needs them.

May import: catalog, core.replay, core.text, errors, files, inprocess, opening, program, proxying, report.
"""

from __future__ import annotations

import hashlib
import os
import re
import warnings
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from awstape.errors import UserError, call_without_traceback

if TYPE_CHECKING:
    from awstape.core.replay.misses import Miss
    from awstape.inprocess.botocore_hook import InProcess

_MODES = ("none", "once", "new_episodes", "all")
_FOLDER = "cassettes"
_LONGEST_NAME = 150  # characters of a test's name in that of a file
_MARKER_OPTIONS = ("paging", "faults", "strict")


# --- options and markers ----------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("awstape", "AWS cassettes")
    group.addoption(
        "--awstape",
        choices=_MODES,
        default="none",
        help="Record cassettes (default: none, only replay; always none in CI).",
    )
    group.addoption(
        "--awstape-paging",
        metavar="MODE",
        help="How to cut pages, unless the marker sets it: recorded, client, N, torture, torture:SEED.",
    )
    group.addoption(
        "--awstape-orphans",
        action="store_true",
        help="Fail if cassettes beside the collected tests are used by no test.",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "awstape(*names, paging=None, faults=(), strict=None): replay AWS from a cassette, "
        "cassettes/NAME.yaml beside the module or one of the test's own.",
    )
    config.stash[_SUMMARY] = _RunSummary()


def _mode(config: pytest.Config) -> str:
    is_ci = os.environ.get("CI", "").lower() not in ("", "0", "false", "no")
    return "none" if is_ci else str(config.getoption("--awstape"))


@dataclass(frozen=True)
class _Settings:
    """The settings of a test: its cassettes and how to replay them. is_own: the cassette belongs to the test alone."""

    paths: tuple[Path, ...]
    is_own: bool
    paging: str | None
    faults: tuple[str, ...]
    strict: bool


def _uses_awstape(item: pytest.Item) -> bool:
    return item.get_closest_marker("awstape") is not None or "awstape" in getattr(item, "fixturenames", ())


def _settings_of(item: pytest.Item) -> _Settings:
    """Reads the settings of a test from its marker. Raises UserError for a marker that can't be used."""
    marker = item.get_closest_marker("awstape")
    names: tuple[Any, ...] = marker.args if marker else ()
    options: dict[str, Any] = dict(marker.kwargs) if marker else {}
    paging, faults, strict = (options.pop(name, None) for name in _MARKER_OPTIONS)
    faults = (faults,) if isinstance(faults, str) else faults or ()
    for problem in (
        options and f"it has no {', '.join(options)}; it has {', '.join(_MARKER_OPTIONS)}",
        not all(isinstance(name, str) for name in names) and "its names are strings, such as awstape('roles')",
        not isinstance(paging, str | int | None) and "paging is a string or a number, such as paging='torture'",
        not (isinstance(faults, list | tuple) and all(isinstance(fault, str) for fault in faults))
        and "faults are strings, such as faults=['throttle ListRoles page=2']",
        not isinstance(strict, bool | None) and "strict is True or False",
    ):
        if problem:
            raise UserError(f"the marker awstape can't be used: {problem}")
    folder = item.path.parent / _FOLDER
    own = folder / item.path.stem / f"{_file_name(item)}.yaml"
    return _Settings(
        tuple(Path(os.path.normpath(folder / _with_suffix(name))) for name in names) or (own,),
        not names,
        None if paging is None else str(paging),
        tuple(faults),
        not names if strict is None else strict,
    )


def _with_suffix(name: str) -> str:
    return name if name.endswith((".yaml", ".yml")) else f"{name}.yaml"


def _file_name(item: pytest.Item) -> str:
    """The test's name within its module as a file name, in portable characters; no two tests have the same.

    Raises UserError for a test whose parameters have no position.
    """
    within, bracket, _ = item.nodeid.partition("::")[2].partition("[")
    name = re.sub(r"[^\w.-]+", "-", within.replace("::", "."))
    if len(name) > _LONGEST_NAME:
        name = f"{name[:_LONGEST_NAME]}-{hashlib.sha256(within.encode()).hexdigest()[:6]}"
    if not bracket:
        return name
    if (position := item.stash.get(_POSITION, None)) is None:
        raise UserError("the test has parameters that pytest didn't make", "name its cassette: awstape('NAME')")
    return f"{name}-{position}"


@pytest.hookimpl(hookwrapper=True)
def pytest_pycollect_makeitem() -> Generator[None, Any, None]:
    """Counts the tests that a parametrized function makes, before pytest selects some of them."""
    made = (yield).get_result()
    if isinstance(made, list):
        for position, item in enumerate(made, 1):
            if isinstance(item, pytest.Item):
                item.stash[_POSITION] = position


# --- the fixture ------------------------------------------------------------------------------------------------


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
            with _user_errors_as_failures():
                url, changes = self._stack.enter_context(servers.run_in_background(server))
            self._server = url, environment.apply(environment.current(), changes)
        return self._server


@pytest.fixture
def awstape(request: pytest.FixtureRequest) -> Iterator[Awstape]:
    """Replays or records the test's cassette while the test runs."""
    item: pytest.Item = request.node
    item.stash[_OUTCOME] = ""  # plugins may run a test again
    with _user_errors_as_failures():
        settings = _settings_of(item)
        hook = _open(item, settings)
    with _user_errors_as_failures(), ExitStack() as stack:
        stack.callback(_close, item, settings, hook)
        hook.use()
        yield Awstape(hook, settings.paths[0], stack)


@pytest.fixture(autouse=True)
def _awstape_marked(request: pytest.FixtureRequest) -> None:
    """Applies the marker before the test's own fixtures create clients."""
    if request.node.get_closest_marker("awstape") is not None:
        request.getfixturevalue("awstape")


def _open(item: pytest.Item, settings: _Settings) -> InProcess:
    """Opens the cassettes of a test for replay or recording. Raises UserError."""
    from awstape.catalog.service_models import load_models
    from awstape.files import keys
    from awstape.inprocess.botocore_hook import InProcess
    from awstape.opening import RECORD_MODES, choose_services, open_for_recording, open_for_replay, parse_replay_options
    from awstape.program.environment import current
    from awstape.proxying.upstream import parse_upstream

    mode, path = _mode(item.config), settings.paths[0]
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
    item.config.stash[_SUMMARY].recorded += (*made_key, *tape.recovered)
    return InProcess(tape, upstream=upstream)


def _missing(item: pytest.Item, path: Path) -> str:
    return f"{_relative(path, item.config)}: there is no such cassette"


def _close(item: pytest.Item, settings: _Settings, hook: InProcess) -> None:
    """Closes the cassette; fails the test if the cassette doesn't match it, or couldn't be written."""
    from awstape.report import kept_journal_line, recording_lines, set_aside_lines

    where = ", ".join(_relative(path, item.config) for path in settings.paths)
    outcome, recorded = item.stash[_OUTCOME], item.config.stash[_SUMMARY].recorded
    recording = journal = None
    with _user_errors_as_failures():
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
    with _user_errors_as_failures():
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
def _user_errors_as_failures() -> Iterator[None]:
    """Turns a UserError into a failure of the test, without a traceback."""
    from awstape.core.text.printable import printable

    try:
        yield
    except UserError as error:
        message = "\n".join(map(printable, filter(None, (error.problem, error.tip))))
        raise pytest.fail.Exception(message, pytrace=False) from None


def _relative(path: Path | str, config: pytest.Config) -> str:
    return os.path.relpath(path, config.invocation_params.dir)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    outcome = yield
    report = outcome.get_result()
    is_end = report.when == "call" or (report.when == "setup" and not report.passed)
    if is_end and item.stash.get(_OUTCOME, "") != "failed":  # that of a subtest counts, too
        item.stash[_OUTCOME] = report.outcome


# --- the whole run ----------------------------------------------------------------------------------------------


@dataclass
class _RunSummary:
    """What is reported at the end of a run; with several workers, the sum of theirs.

    used: the cassettes that tests use. folders: those that may hold cassettes. recorded: lines about recordings.
    """

    used: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    recorded: list[str] = field(default_factory=list)

    def add(self, other: dict[str, list[str]]) -> None:
        self.used.update(other["used"])
        self.folders.update(other["folders"])
        self.recorded += other["recorded"]

    def orphans(self) -> list[str]:
        """The cassettes beside the tests that no test uses; leaves out those of other tools."""
        found = (path for folder in self.folders for path in Path(folder).rglob("*.y*ml"))
        return sorted(str(path) for path in found if str(path) not in self.used and _is_cassette(path))


def _is_cassette(path: Path) -> bool:
    """Whether a file is a cassette of awstape: other tools keep theirs in such folders, too."""
    with path.open("rb") as file:
        lines = (line for line in file if line.strip() and not line.startswith(b"#"))
        return next(lines, b"").startswith(b"version: ")


_SUMMARY = pytest.StashKey[_RunSummary]()
_OUTCOME = pytest.StashKey[str]()  # of a test: passed, failed or skipped; empty until it is known
_POSITION = pytest.StashKey[int]()  # of a test among those that its parametrized function makes, from 1


def pytest_itemcollected(item: pytest.Item) -> None:
    if item.config.getoption("--awstape-orphans"):
        summary = item.config.stash[_SUMMARY]
        summary.folders.add(str(item.path.parent / _FOLDER))
        if _uses_awstape(item):
            with suppress(UserError):  # reported when the test runs
                summary.used.update(map(str, _settings_of(item).paths))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Adds the summary of a worker of pytest-xdist that has ended."""
    if (summary := getattr(node, "workeroutput", {}).get("awstape")) is not None:
        node.config.stash[_SUMMARY].add(summary)


def pytest_sessionfinish(session: pytest.Session) -> None:
    summary = session.config.stash[_SUMMARY]
    output: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["awstape"] = {name: list(getattr(summary, name)) for name in ("used", "folders", "recorded")}
    elif session.config.getoption("--awstape-orphans") and summary.orphans() and not session.exitstatus:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    summary = config.stash[_SUMMARY]
    orphans = summary.orphans() if config.getoption("--awstape-orphans") else []
    if summary.recorded or orphans:
        terminalreporter.section("awstape")
        for line in summary.recorded:
            terminalreporter.write_line(line)
        for path in orphans:
            terminalreporter.write_line(f"used by no test: {_relative(path, config)}", red=True)
    if _mode(config) != config.getoption("--awstape"):
        terminalreporter.write_line("awstape: nothing is recorded, because CI is set")

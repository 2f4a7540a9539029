"""The pytest plugin: a cassette for a test.

1. A test with the marker or the fixture `awstape` gets a cassette: `cassettes/MODULE/TEST.yaml` beside its module, or
   with names in the marker `cassettes/NAME.yaml` there.
2. `--awstape` says what happens: `none` only replays; `once`, `new_episodes` and `all` record as `awstape record` does.
   Where `CI` is set, nothing is recorded.
3. boto3, botocore and aiobotocore clients that the test makes ask the cassette. Programs that it starts do so with the
   environment `awstape.environ`.
4. At teardown a miss is an error, with its full text; so is a fault that never struck; and what was never asked for,
   in a cassette of the test's own or where the marker says `strict=True`. Of a test that failed, only misses are told.
5. pytest imports this in every run of every user, so what it needs is imported when a test first does.
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

from awstape.errors import UserError

if TYPE_CHECKING:
    from awstape.core.replay.misses import Miss
    from awstape.inprocess.botocore_hook import InProcess

_MODES = ("none", "once", "new_episodes", "all")
_FOLDER = "cassettes"
_SETTINGS = ("paging", "faults", "strict")


# --- options and markers ----------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("awstape", "AWS cassettes")
    group.addoption(
        "--awstape", choices=_MODES, default="none", help="Record cassettes (default: none, only replay; so in CI)."
    )
    group.addoption(
        "--awstape-paging",
        metavar="MODE",
        help="How pages are cut where the marker doesn't say it: recorded, client, N, torture, torture:SEED.",
    )
    group.addoption(
        "--awstape-orphans", action="store_true", help="Fail if cassettes beside the collected tests are used by none."
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "awstape(*names, paging=None, faults=(), strict=None): replay AWS IAM and Access Analyzer from a cassette, "
        "cassettes/NAME.yaml beside the module or one of the test's own.",
    )
    config.stash[_ACCOUNT] = _Account()


def _mode(config: pytest.Config) -> str:
    is_ci = os.environ.get("CI", "").lower() not in ("", "0", "false", "no")
    return "none" if is_ci else str(config.getoption("--awstape"))


@dataclass(frozen=True)
class _Wish:
    """What a test wants: its cassettes and how they are to be played."""

    paths: tuple[Path, ...]
    is_own: bool
    paging: str | None
    faults: tuple[str, ...]
    strict: bool


def _wants(item: pytest.Item) -> bool:
    return item.get_closest_marker("awstape") is not None or "awstape" in getattr(item, "fixturenames", ())


def _wish(item: pytest.Item) -> _Wish:
    """What a test wants of us. Raises UserError for a marker that can't be."""
    marker = item.get_closest_marker("awstape")
    names: tuple[Any, ...] = marker.args if marker else ()
    settings: dict[str, Any] = dict(marker.kwargs) if marker else {}
    paging, faults, strict = (settings.pop(name, None) for name in _SETTINGS)
    faults = (faults,) if isinstance(faults, str) else faults or ()
    for problem in (
        settings and f"it knows no {', '.join(settings)}; it has {', '.join(_SETTINGS)}",
        not all(isinstance(name, str) for name in names) and "its names are texts, such as awstape('roles')",
        not isinstance(paging, str | int | None) and "paging is a text or a number, such as paging='torture'",
        not (isinstance(faults, list | tuple) and all(isinstance(fault, str) for fault in faults))
        and "faults are texts, such as faults=['throttle ListRoles page=2']",
        not isinstance(strict, bool | None) and "strict is True or False",
    ):
        if problem:
            raise UserError(f"the marker awstape can't be used: {problem}")
    folder = item.path.parent / _FOLDER
    own = folder / item.path.stem / f"{_file_name(item)}.yaml"
    return _Wish(
        tuple(Path(os.path.normpath(folder / _with_suffix(name))) for name in names) or (own,),
        not names,
        None if paging is None else str(paging),
        tuple(faults),
        not names if strict is None else strict,
    )


def _with_suffix(name: str) -> str:
    return name if name.endswith((".yaml", ".yml")) else f"{name}.yaml"


def _file_name(item: pytest.Item) -> str:
    """The test's name within its module, in characters that every file system takes; no two tests share one."""
    within = item.nodeid.partition("::")[2]
    test, bracket, parameters = within.partition("[")
    name = test.replace("::", ".") + bracket + parameters
    plain = re.sub(r"[^\w.\[\]-]+", "-", name)[:150]
    # Some file systems don't tell letters' case; and a parameter may look like what another one becomes.
    is_same = plain == name and parameters == parameters.lower()
    return plain if is_same else f"{plain}-{hashlib.sha256(within.encode()).hexdigest()[:6]}"


# --- the fixture ------------------------------------------------------------------------------------------------


class Awstape:
    """A test's cassette, as its fixture `awstape` has it.

    path: the cassette's file, the first of several.
    """

    def __init__(self, hook: InProcess, path: Path, stack: ExitStack) -> None:
        self.path = path
        self._hook = hook
        self._stack = stack
        self._served: tuple[str, dict[str, str]] | None = None

    def attach(self, *targets: Any) -> None:
        """Lets boto3 or botocore clients, sessions or resources that were made before the test ask the cassette."""
        self._hook.attach(*targets)

    @property
    def environ(self) -> dict[str, str]:
        """The environment for programs that the test starts: they ask the cassette, too, in whatever language."""
        return dict(self._serve()[1])

    @property
    def url(self) -> str:
        """Where they find it: the endpoint's address, or while recording the proxy's."""
        return self._serve()[0]

    @property
    def misses(self) -> list[Miss]:
        """What was asked for and is not in the cassette. Who expects misses takes them out."""
        return self._hook.misses

    def reset(self) -> None:
        """Lets takes and faults begin anew."""
        self._hook.reset()

    def _serve(self) -> tuple[str, dict[str, str]]:
        if self._served is None:
            from awstape.program import environment, servers

            tape = self._hook.tape
            if self._hook.replays_only:
                server = servers.serve_endpoint(tape, 0)
            else:  # mitmproxy uses what others deprecate; pytest takes the filter back after the test
                warnings.filterwarnings("ignore", category=DeprecationWarning)
                server = servers.serve_proxy(tape, self._hook.upstream, 0)
            with _failing():
                url, changes = self._stack.enter_context(servers.run_in_background(server))
            self._served = url, environment.apply(os.environ, changes)
        return self._served


@pytest.fixture
def awstape(request: pytest.FixtureRequest) -> Iterator[Awstape]:
    """The test's cassette, in use while the test runs."""
    item: pytest.Item = request.node
    item.stash[_DID_NOT_PASS] = False  # it may be run again
    with _failing():
        wish = _wish(item)
        hook = _open(item, wish)
    with ExitStack() as stack:
        stack.callback(_end, item, wish, hook)
        hook.use()
        yield Awstape(hook, wish.paths[0], stack)


@pytest.fixture(autouse=True)
def _awstape_marked(request: pytest.FixtureRequest) -> None:
    """Puts the marker into effect, before the test's own fixtures make clients."""
    if request.node.get_closest_marker("awstape") is not None:
        request.getfixturevalue("awstape")


def _open(item: pytest.Item, wish: _Wish) -> InProcess:
    """Raises UserError."""
    from awstape.files import keys
    from awstape.inprocess.botocore_hook import InProcess
    from awstape.proxying.upstream import parse_upstream
    from awstape.tape import RECORD_MODES, open_for_recording, open_for_replay

    mode, path = _mode(item.config), wish.paths[0]
    missing = [each for each in wish.paths if not each.exists()]
    if mode == "none" or (mode == "once" and not missing):
        if missing and not wish.is_own:
            raise UserError(_not_there(item, missing[0]), f"record it: pytest --awstape=once '{item.nodeid}'")
        # A test's own that is not there is empty: a test that asks for nothing needs none.
        paging = wish.paging or item.config.getoption("--awstape-paging") or "recorded"
        return InProcess(open_for_replay([] if missing else wish.paths, os.environ, paging, wish.faults))
    if len(wish.paths) > 1:
        raise UserError("a test with several cassettes can't be recorded", "record them one by one, or name one")
    if not keys.key_exists(os.environ):
        item.config.stash[_ACCOUNT].recorded.append(f"made a key for your aliases: {keys.key_file()}")
    (record_mode,) = (known for known in RECORD_MODES if known == mode)
    upstream = parse_upstream(os.environ.get("AWSTAPE_UPSTREAM", "").split())
    tape = open_for_recording(path, record_mode, os.environ, journal="shared")  # of the workers of pytest-xdist
    item.config.stash[_ACCOUNT].recorded += tape.recovered
    return InProcess(tape, upstream=upstream)


def _not_there(item: pytest.Item, path: Path) -> str:
    return f"{_shown(path, item.config)}: there is no such cassette"


def _end(item: pytest.Item, wish: _Wish, hook: InProcess) -> None:
    """Tells what was recorded, and raises what went wrong with the cassette."""
    from awstape.report import recording_lines

    where = ", ".join(_shown(path, item.config) for path in wish.paths)
    with _failing():
        recording = hook.close()
    if recording and recording.cassette.takes:
        item.config.stash[_ACCOUNT].recorded += recording_lines(where, recording)
    with _failing():
        if hook.tape.failure:
            raise hook.tape.failure
    passed = not item.stash[_DID_NOT_PASS]
    if problem := hook.problem(unplayed=wish.strict and passed, unstruck=passed):
        told = f"{where} does not fit the test" if wish.paths[0].exists() else _not_there(item, wish.paths[0])
        can_help = any(miss.kind in ("operation", "identity", "region") for miss in hook.misses)
        again = f"\nto record it here: pytest --awstape=new_episodes '{item.nodeid}'" if can_help else ""
        pytest.fail(f"{told}\n{problem}{again}", pytrace=False)


@contextmanager
def _failing() -> Iterator[None]:
    """Lets the test fail with what a user can do something about."""
    from awstape.core.text.printable import printable

    try:
        yield
    except UserError as error:
        told = "\n".join(map(printable, filter(None, (error.problem, error.tip))))
        raise pytest.fail.Exception(told, pytrace=False) from None


def _shown(path: Path | str, config: pytest.Config) -> str:
    return os.path.relpath(path, config.invocation_params.dir)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    outcome = yield
    report = outcome.get_result()
    if report.when != "teardown" and not report.passed:
        item.stash[_DID_NOT_PASS] = True


# --- the whole run ----------------------------------------------------------------------------------------------


@dataclass
class _Account:
    """What is told at the end of a run; of a run with several workers, the sum of theirs."""

    used: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    recorded: list[str] = field(default_factory=list)

    def add(self, other: dict[str, list[str]]) -> None:
        self.used.update(other["used"])
        self.folders.update(other["folders"])
        self.recorded += other["recorded"]

    def orphans(self) -> list[str]:
        """The cassettes beside the tests that none of them uses; other tools keep theirs in such folders, too."""
        found = (path for folder in self.folders for path in Path(folder).rglob("*.y*ml"))
        return sorted(str(path) for path in found if str(path) not in self.used and _is_ours(path))


def _is_ours(path: Path) -> bool:
    with path.open("rb") as file:
        said = (line for line in file if line.strip() and not line.startswith(b"#"))
        return next(said, b"").startswith(b"version: ")


_ACCOUNT = pytest.StashKey[_Account]()
_DID_NOT_PASS = pytest.StashKey[bool]()


def pytest_itemcollected(item: pytest.Item) -> None:
    if item.config.getoption("--awstape-orphans"):
        account = item.config.stash[_ACCOUNT]
        account.folders.add(str(item.path.parent / _FOLDER))
        if _wants(item):
            with suppress(UserError):  # the test fails with it when it is run
                account.used.update(map(str, _wish(item).paths))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker of pytest-xdist has ended."""
    if (told := getattr(node, "workeroutput", {}).get("awstape")) is not None:
        node.config.stash[_ACCOUNT].add(told)


def pytest_sessionfinish(session: pytest.Session) -> None:
    account = session.config.stash[_ACCOUNT]
    output: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["awstape"] = {name: list(getattr(account, name)) for name in ("used", "folders", "recorded")}
    elif session.config.getoption("--awstape-orphans") and account.orphans() and not session.exitstatus:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    account = config.stash[_ACCOUNT]
    orphans = account.orphans() if config.getoption("--awstape-orphans") else []
    if account.recorded or orphans:
        terminalreporter.section("awstape")
        for line in account.recorded:
            terminalreporter.write_line(line)
        for path in orphans:
            terminalreporter.write_line(f"used by no test: {_shown(path, config)}", red=True)
    if _mode(config) != config.getoption("--awstape"):
        terminalreporter.write_line("awstape: nothing is recorded, as CI is set")

"""The pytest plugin: replays or records a cassette for a test, with the marker or the fixture `awstape`.

pytest imports this module in every run of every user: all else is imported when a test uses it.
Read first: tapes, markers.
May import: catalog, core.replay, core.text, errors, files, inprocess, opening, program, proxying, report.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import pytest

from awstape.errors import UserError
from awstape.pytest_plugin.run_summary import (
    FOLDER,
    MODES,
    OUTCOME,
    POSITION,
    SUMMARY,
    RunSummary,
    relative,
    selected_mode,
    uses_awstape,
)

if TYPE_CHECKING:
    from awstape.pytest_plugin.tapes import Awstape


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("awstape", "AWS cassettes")
    group.addoption(
        "--awstape",
        choices=MODES,
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
    config.stash[SUMMARY] = RunSummary()


# --- a test -----------------------------------------------------------------------------------------------------


@pytest.hookimpl(hookwrapper=True)
def pytest_pycollect_makeitem() -> Generator[None, Any, None]:
    """Counts the tests that a parametrized function makes, before pytest selects some of them."""
    made = (yield).get_result()
    if isinstance(made, list):
        for position, item in enumerate(made, 1):
            if isinstance(item, pytest.Item):
                item.stash[POSITION] = position


@pytest.fixture
def awstape(request: pytest.FixtureRequest) -> Iterator[Awstape]:
    """Replays or records the test's cassette while the test runs."""
    from awstape.pytest_plugin.markers import read_settings
    from awstape.pytest_plugin.tapes import Awstape, close_tape, open_tape, user_errors_as_failures

    item: pytest.Item = request.node
    item.stash[OUTCOME] = ""  # plugins may run a test again
    with user_errors_as_failures():
        settings = read_settings(item)
        hook = open_tape(item, settings)
    with user_errors_as_failures(), ExitStack() as stack:
        stack.callback(close_tape, item, settings, hook)
        hook.use()
        yield Awstape(hook, settings.paths[0], stack)


@pytest.fixture(autouse=True)
def _awstape_marked(request: pytest.FixtureRequest) -> None:
    """Applies the marker before the test's own fixtures create clients."""
    if request.node.get_closest_marker("awstape") is not None:
        request.getfixturevalue("awstape")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, None]:
    outcome = yield
    report = outcome.get_result()
    is_end = report.when == "call" or (report.when == "setup" and not report.passed)
    if is_end and item.stash.get(OUTCOME, "") != "failed":  # that of a subtest counts, too
        item.stash[OUTCOME] = report.outcome


# --- the whole run ----------------------------------------------------------------------------------------------


def pytest_itemcollected(item: pytest.Item) -> None:
    if item.config.getoption("--awstape-orphans"):
        from awstape.pytest_plugin.markers import read_settings

        summary = item.config.stash[SUMMARY]
        summary.folders.add(str(item.path.parent / FOLDER))
        if uses_awstape(item):
            with suppress(UserError):  # reported when the test runs
                summary.used.update(map(str, read_settings(item).paths))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Adds the summary of a worker of pytest-xdist that has ended."""
    if (summary := getattr(node, "workeroutput", {}).get("awstape")) is not None:
        node.config.stash[SUMMARY].add(summary)


def pytest_sessionfinish(session: pytest.Session) -> None:
    summary = session.config.stash[SUMMARY]
    output: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["awstape"] = {name: list(getattr(summary, name)) for name in ("used", "folders", "recorded")}
    elif session.config.getoption("--awstape-orphans") and summary.orphans() and not session.exitstatus:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    summary = config.stash[SUMMARY]
    orphans = summary.orphans() if config.getoption("--awstape-orphans") else []
    if summary.recorded or orphans:
        terminalreporter.section("awstape")
        for line in summary.recorded:
            terminalreporter.write_line(line)
        for path in orphans:
            terminalreporter.write_line(f"used by no test: {relative(path, config)}", red=True)
    if selected_mode(config) != config.getoption("--awstape"):
        terminalreporter.write_line("awstape: nothing is recorded, because CI is set")

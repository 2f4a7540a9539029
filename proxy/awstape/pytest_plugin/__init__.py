"""The pytest plugin: replays or records a cassette for a test, with the marker or the fixture `awstape`.

pytest imports this module in every run of every user: all else is imported when a test uses it.
Read first: tapes, markers.
May import: catalog, core.cassette, core.redaction, core.replay, core.text, errors, files, inprocess, opening, program,
proxying, report.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from awstape.errors import UserError
from awstape.pytest_plugin.run_summary import (
    GUARD,
    NEEDS_ENVIRON,
    OUTCOME,
    POSITION,
    SHOWN,
    SUMMARY,
    RunSummary,
    guards,
    note_deselected,
    note_outcome,
    relative,
    uses_awstape,
)

if TYPE_CHECKING:
    from awstape.pytest_plugin.fixture import AwstapeFixture
    from awstape.pytest_plugin.tapes import OpenTape

TAPE: pytest.StashKey[OpenTape] = pytest.StashKey()
"""Of a test, or of a module or class whose tests share one: the tape in use."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the options of the command line."""
    group = parser.getgroup("awstape", "AWS cassettes")
    group.addoption(
        "--awstape",
        choices=("none", "once", "new_episodes", "all", "rewrite"),
        help="Record cassettes (default: none, only replay; always none in CI).",
    )
    group.addoption(
        "--awstape-paging",
        metavar="MODE",
        help="How to cut pages: recorded, client, N, torture, torture:SEED.",
    )
    group.addoption(
        "--awstape-service",
        action="append",
        default=[],
        metavar="GLOB",
        help="Record these services, `all` for every one; repeatable.",
    )
    group.addoption(
        "--awstape-include-writes",
        action="store_true",
        help="Record operations that change something, too.",
    )
    group.addoption(
        "--awstape-guard",
        action="store_true",
        help="Fail tests without a cassette that would connect to AWS.",
    )
    group.addoption(
        "--awstape-orphans",
        action="store_true",
        help="Fail if cassettes beside the collected tests are used by no test.",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers",
        "awstape(*names, paging=None, faults=(), strict=None, include_writes=None, scope='function', mode=None, "
        "folder=None): replay AWS from a cassette, cassettes/NAME.yaml beside the module or one of the test's own.",
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


@pytest.fixture(scope="session")
def awstape_config() -> dict[str, object]:
    """Options of tests with cassettes, for all tests that see it: to be overridden in a module or conftest.py."""
    return {}


@pytest.fixture
def awstape(request: pytest.FixtureRequest, awstape_config: object) -> Iterator[AwstapeFixture]:
    """Replays or records the test's cassette while the test runs."""
    from awstape.pytest_plugin.markers import find_tape_node, read_settings
    from awstape.pytest_plugin.tapes import fixture_of, open_tape, user_errors_as_failures

    item: pytest.Item = request.node
    item.stash[OUTCOME], item.stash[SHOWN] = "", []  # plugins may run a test again
    with user_errors_as_failures():
        node = find_tape_node(item)
        settings = read_settings(item, awstape_config) if node is item else None
    if settings is None:
        tape = item.stash[TAPE] = node.stash[TAPE]
        with fixture_of(tape) as value:
            yield value
        tape.fail_for_misses(item)
    else:
        with open_tape(settings) as tape, fixture_of(tape) as value:
            item.stash[TAPE] = tape
            yield value


@pytest.fixture(autouse=True)
def _awstape_marked(request: pytest.FixtureRequest) -> None:
    """Applies the marker before the test's own fixtures create clients."""
    if request.node.get_closest_marker("awstape") is not None:
        request.getfixturevalue("awstape")


@pytest.fixture(autouse=True, scope="module")
def _awstape_module(request: pytest.FixtureRequest) -> Iterator[None]:
    """Opens the tape that the tests of a module share, before their fixtures."""
    yield from _share_tape(request)


@pytest.fixture(autouse=True, scope="class")
def _awstape_class(request: pytest.FixtureRequest) -> Iterator[None]:
    """Opens the tape that the tests of a class share, before their fixtures."""
    yield from _share_tape(request)


def _share_tape(request: pytest.FixtureRequest) -> Iterator[None]:
    node = request.node
    if not any(marker.name == "awstape" and "scope" in marker.kwargs for marker in node.own_markers):
        yield
        return
    from awstape.pytest_plugin.markers import read_settings, shares_tape
    from awstape.pytest_plugin.tapes import open_tape, user_errors_as_failures

    if not shares_tape(node):
        yield
        return
    with user_errors_as_failures():
        settings = read_settings(node, request.getfixturevalue("awstape_config"))
    with open_tape(settings) as tape:
        node.stash[TAPE] = tape
        yield


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, None]:
    """Refuses connections to AWS that no tape records or answers, from a test and its fixtures."""
    if not guards(item):
        yield
        return
    from awstape.pytest_plugin.guard import guarding

    with guarding(item):
        yield


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    outcome = yield
    report = outcome.get_result()
    if uses_awstape(item) and (report.when == "call" or (report.when == "setup" and not report.passed)):
        note_outcome(item, report.outcome, call.excinfo.value if call.excinfo else None)
        if report.failed and TAPE in item.stash:
            item.stash[TAPE].explain(report, item)
    if GUARD in item.stash:
        from awstape.pytest_plugin.guard import fail_guarded

        fail_guarded(item, report)


# --- the whole run ----------------------------------------------------------------------------------------------


def pytest_itemcollected(item: pytest.Item) -> None:
    if item.config.getoption("--awstape-orphans"):
        from awstape.pytest_plugin.markers import find_configured, find_tape_node, read_settings

        summary = item.config.stash[SUMMARY]
        with suppress(UserError):  # reported when the test runs
            settings = read_settings(find_tape_node(item), find_configured(item))
            summary.folders.add(str(settings.folder))
            if uses_awstape(item):
                summary.used.update(map(str, settings.paths))


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    note_deselected(items)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Adds the summary of a worker of pytest-xdist that has ended."""
    if (summary := getattr(node, "workeroutput", {}).get("awstape")) is not None:
        node.config.stash[SUMMARY].add(summary)


def pytest_sessionfinish(session: pytest.Session) -> None:
    summary = session.config.stash[SUMMARY]
    output: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["awstape"] = summary.facts()
    elif session.config.getoption("--awstape-orphans") and summary.orphans() and not session.exitstatus:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Reports what was recorded and what was not, and what to do about names and keys."""
    summary = config.stash[SUMMARY]
    orphans = summary.orphans() if config.getoption("--awstape-orphans") else []
    if summary.recorded or orphans:
        terminalreporter.section("awstape")
        for line in summary.recorded:
            terminalreporter.write_line(line)
        if summary.own_names:
            from awstape.report import own_names_line

            terminalreporter.write_line(
                own_names_line(len(summary.own_names), "awstape.alias", "pytest --awstape=rewrite")
            )
        for path in orphans:
            terminalreporter.write_line(f"used by no test: {relative(path, config)}", red=True)
    if summary.silent:
        more = f" and {len(summary.silent) - 1} more" if len(summary.silent) > 1 else ""
        terminalreporter.write_line(
            f"awstape: nothing to record, since no request reached awstape: {summary.silent[0]}{more}. {NEEDS_ENVIRON}"
        )
    if summary.lacking:
        from awstape.core.text.counting import count

        verb = "does" if len(summary.lacking) == 1 else "do"
        missing = f"{count(len(summary.lacking), 'cassette')} that {verb} not exist"
        terminalreporter.write_line(f"awstape: failed tests need {missing}: pytest --awstape=once")
    if summary.keyless:
        terminalreporter.write_line(
            f"awstape: tests with {len(summary.keyless)} of the cassettes failed without their key. Real names match "
            "only with it: set AWSTAPE_KEY to the team's key, or keep names (keep = […] in [tool.awstape]) and record "
            "again: pytest --awstape=rewrite"
        )
    if config.getoption("--awstape") not in (None, "none"):
        from awstape.files.ci import is_ci

        if is_ci(os.environ.get("CI")):
            terminalreporter.write_line(
                "awstape: nothing is recorded, because CI is set; if this is no CI: CI=false pytest …"
            )

"""Fixtures of all tests, and the options of the fast loop (`make test-fast`)."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import suppress

import pytest

from e2e import warm
from support.paths import TESTS
from support.standin import StandIn

# Tests run alike in a CI, with a profile of AWS and in a narrow terminal. A test of such a variable sets it.
for _name in list(os.environ):
    if _name in ("CI", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "PYTEST_ADDOPTS") or (
        _name.startswith(("AWS_", "AWSTAPE_")) and not _name.endswith("BUNDLE") and not _name.startswith("AWSTAPE_TEST")
    ):
        del os.environ[_name]

#: How many examples of each property are tried: `--hypothesis-profile NAME`. See `support.strategies.few` as well.
with suppress(ModuleNotFoundError):  # the environment of `make aio` has no Hypothesis
    from hypothesis import settings

    settings.register_profile("usual", deadline=None)
    settings.load_profile("usual")
    settings.register_profile("fast", max_examples=10, deadline=None)
    settings.register_profile("thorough", deadline=None)


def pytest_configure(config: pytest.Config) -> None:
    if sys.platform == "linux" and not hasattr(config, "workerinput"):  # a worker uses what its parent started
        warm.start()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--sample", type=int, metavar="N", help="run at most N cases of each parametrized test of the core"
    )
    parser.addoption(
        "--replay",
        choices=["usual", "anew", "lazily"],
        default="usual",
        help="replays in this process answer no request from memory (anew), or read the pages of every cassette when "
        "they are requested (lazily)",
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Puts long tests first, and with `--sample N` keeps N evenly spread cases of each test of the core.

    They are the same in every run.
    """
    # One that started last would run alone while the other workers are done.
    items.sort(key=lambda item: item.path.parent not in (TESTS, TESTS / "e2e", TESTS / "pytest_plugin"))
    if not (most := config.getoption("--sample")):
        return
    cases: dict[str, list[pytest.Item]] = {}
    for item in items:
        name = item.nodeid.partition("[")[0] if TESTS / "core" in item.path.parents else item.nodeid
        cases.setdefault(name, []).append(item)
    kept = {
        found[number * len(found) // most] if len(found) > most else item
        for found in cases.values()
        for number, item in enumerate(found[:most])
    }
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = [item for item in items if item in kept]


@pytest.fixture
def values_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real values that the search finds before a write are not replaced: their takes are set aside."""
    name = "awstape.core.recording.set_aside.replace_real_values"
    monkeypatch.setattr(name, lambda models, takes, redactor, search: takes)


# Imported modules and collected tests live until the end. Garbage collection would traverse them again and again, which
# takes a tenth of the time of a run.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def config_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keeps the tests out of the user's config folder, with a key in its place: the first use of none creates one."""
    folder = tmp_path_factory.mktemp("config")
    key = folder / "awstape" / "key"
    key.parent.mkdir()
    key.touch(mode=0o600)
    key.write_text("0123456789abcdef" * 4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(folder))
        yield


@pytest.fixture(scope="session", autouse=True)
def replay_setting(pytestconfig: pytest.Config) -> Iterator[None]:
    """Switches off what makes replay fast and must not be noticed otherwise (`--replay`, `make test-replay`)."""
    with pytest.MonkeyPatch.context() as patch:
        match pytestconfig.getoption("--replay"):
            case "anew":
                patch.setattr("awstape.core.replay.known_replies.KnownReplies.serve_again", lambda self, key: None)
            case "lazily":
                patch.setattr("awstape.files.cassette_files.LAZY_FROM", 1)
        yield


@pytest.fixture
def aws() -> Iterator[StandIn]:
    """A stand-in for AWS that runs during the test."""
    with StandIn() as running:
        yield running

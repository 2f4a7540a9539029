"""Fixtures of the end-to-end tests: a machine per test, one CA per session, and one recording of everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e.harness import Machine, Run, fake_key
from support.standin import StandIn


@pytest.fixture(scope="session")
def data_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of awstape's CA, shared by all tests since creating a CA takes longer than using it."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def machine(tmp_path: Path, data_home: Path, request: pytest.FixtureRequest) -> Machine:
    return Machine(tmp_path / "home", data_home, fake_key(request.node.name))


@pytest.fixture
def cassette(tmp_path: Path) -> Path:
    """The path of a cassette that does not exist yet."""
    return tmp_path / "tape.yaml"


@dataclass(frozen=True)
class Recorded:
    """A recording of `list_everything.py` against a stand-in that is stopped now."""

    cassette: Path
    key: str
    run: Run
    calls: Counter[str]

    @property
    def seen(self) -> Any:
        """The responses that the program got."""
        return self.run.json


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory, data_home: Path) -> Recorded:
    folder, key = tmp_path_factory.mktemp("recorded"), fake_key("the recording")
    machine = Machine(folder / "home", data_home, key)
    with StandIn() as aws:
        run = machine.record(folder / "tape.yaml", aws.url).ok()
    return Recorded(folder / "tape.yaml", key, run, aws.calls)


@pytest.fixture
def owner(recorded: Recorded, make_machine: Callable[[str | None], Machine]) -> Machine:
    """A machine with the key of the recording."""
    return make_machine(recorded.key)


@pytest.fixture
def stranger(make_machine: Callable[[str | None], Machine]) -> Machine:
    """A machine without any key."""
    return make_machine(None)


@pytest.fixture
def make_machine(tmp_path_factory: pytest.TempPathFactory, data_home: Path) -> Callable[[str | None], Machine]:
    return lambda key: Machine(tmp_path_factory.mktemp("machine") / "home", data_home, key)

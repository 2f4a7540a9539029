"""The project of a user: its environment, cassettes and a stand-in for AWS. See `support.pytest_runs`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml  # before pytester's runs, which forget what they imported: its C part can't be imported twice

from examples import DERIVED_KEY, ROOT
from support.standin import StandIn

assert yaml.__with_libyaml__


@pytest.fixture(autouse=True)
def clean(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets the environment of a user's machine, with a key; `tests/conftest.py` removes what is the machine's own."""
    monkeypatch.setenv("AWSTAPE_KEY", DERIVED_KEY)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "")
    pytester.makeini(
        "[pytest]\naddopts = --strict-markers -p no:cacheprovider -p no:hypothesispytest\nfilterwarnings = error\n"
    )


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """A stand-in for AWS, set as the endpoint in the environment of clients."""
    with StandIn() as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
        monkeypatch.setenv("AWSTAPE_UPSTREAM", running.url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLEEXAMPLE00")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a fake secret")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield running


@pytest.fixture
def cassettes(pytester: pytest.Pytester) -> Path:
    """The cassettes folder of the test module, with some of the shipped cassettes."""
    folder = pytester.path / "cassettes"
    folder.mkdir()
    for name in ("roles", "policy-versions", "policy-generations"):
        shutil.copy(ROOT / "cassettes" / f"{name}.yaml", folder)
    return folder

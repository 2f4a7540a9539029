"""An export equals the output of the real AWS CLI, command by command."""

from __future__ import annotations

import json
import shlex
from functools import cache
from pathlib import Path

import awscli
import pytest
from awscli.clidriver import create_clidriver

import awstape
from awstape.files import cassette_files
from support import asking
from support.asking import SHIPPED, exported
from support.exchanges import MODELS


@pytest.fixture(autouse=True)
def as_version_2(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Makes the AWS CLI 1 write times as version 2 does."""
    config = tmp_path / "config"
    config.write_text("[default]\ncli_timestamp_format = iso8601\nregion = eu-west-1\noutput = json\n")
    monkeypatch.setenv("AWS_DATA_PATH", str(Path(awscli.__file__).parent / "data"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "FAKE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "fake")


@pytest.mark.parametrize("name", [*SHIPPED, "wire-cases.yaml"])
def test_it_is_what_the_aws_cli_prints(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = asking.of(name, tmp_path)
    cassette = cassette_files.load(path, MODELS)
    printed = json.loads(exported(cassette, "awscli").text)
    with awstape.replay(path, strict=False):
        of_region = cache(lambda _: create_clidriver())  # a driver keeps the region of its last command
        for command, document in printed.items():
            assert of_region(command.partition("--region")[2]).main(shlex.split(command)[1:]) == 0, command
            assert json.loads(capfd.readouterr().out) == document, command

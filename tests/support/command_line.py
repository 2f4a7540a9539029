"""Runs commands of `awstape` in this process, and the keys that they are given."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from awstape.cli.main import cli
from awstape.core.redaction.aliases import Key
from awstape.files.keys import find_key

PHRASE, OTHER_PHRASE = "a key for tests, not a secret", "another key for tests, not a secret"


def key_of(phrase: str) -> Key:
    key = find_key({"AWSTAPE_KEY": phrase})
    assert key
    return key


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, list(map(str, arguments)), standalone_mode=False)


def okay(*arguments: str | Path) -> str:
    """Returns what a command prints, which ends with status 0."""
    result = run(*arguments)
    assert not result.exception, result.exception
    assert not result.return_value, result.output
    return result.output

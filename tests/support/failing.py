"""Runs a command that fails: it prints one ERROR line and one TIP line to stderr, and nothing to stdout."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from awstape.cli.main import main


def failure(capfd: pytest.CaptureFixture[str], *arguments: str | Path, status: int = 2) -> tuple[str, str]:
    """Runs a command, asserts its exit status; returns the texts of its ERROR and TIP lines."""
    assert main([str(argument) for argument in arguments]) == status
    output, errors = capfd.readouterr()
    assert output == ""
    match = re.fullmatch(r"ERROR (?P<problem>.+)\nTIP (?P<tip>.+)\n", errors)
    assert match, errors
    return match["problem"], match["tip"]

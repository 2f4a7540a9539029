"""Runs of pytest in processes of their own, in the folder of a `pytester`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from e2e import warm

#: The names of all roles of an account, as an expression.
LIST_ROLES = "[r for p in boto3.client('iam').get_paginator('list_roles').paginate() for r in p['Roles']]"


def run(pytester: pytest.Pytester, module: str, *arguments: str, name: str = "test_module") -> pytest.RunResult:
    pytester.makepyfile(**{name: f"import boto3, botocore, os, pytest, subprocess, sys\n{module}"})
    return run_again(pytester, *arguments)


def run_again(pytester: pytest.Pytester, *arguments: str, folder: Path | None = None) -> pytest.RunResult:
    """Runs the tests in the folder of a pytester. folder: the current folder, if another one."""
    command = [sys.executable, "-m", "pytest", f"--basetemp={pytester.path / 'of the run'}", *arguments]
    done = warm.run(command, cwd=folder or pytester.path, env=os.environ)
    return pytest.RunResult(done.returncode, done.stdout.splitlines(), done.stderr.splitlines(), 0)


@contextmanager
def without_key(pytester: pytest.Pytester) -> Iterator[pytest.MonkeyPatch]:
    """The environment of a colleague who has no key."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWSTAPE_KEY")
        patch.setenv("XDG_CONFIG_HOME", str(pytester.path / "config"))
        yield patch


def text_of(result: pytest.RunResult) -> str:
    return "\n".join(result.outlines)

"""The hook for pre-commit: its definition, and its command with the files that pre-commit passes."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
import yaml

from awstape.cli.main import cli
from examples import ROOT, environment

(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
COMMAND, *ARGUMENTS = shlex.split(HOOK["entry"])
CLEAN = ROOT / "cassettes" / "empty-pages.yaml"


def run(*files: Path) -> subprocess.CompletedProcess[str]:
    """Runs the hook as pre-commit does: the entry, its arguments, and files."""
    command = [Path(sys.executable).with_name(COMMAND), *ARGUMENTS, *HOOK.get("args", []), *files]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60)


def test_the_hook_is_well_formed() -> None:
    assert {"id", "name", "entry", "language"} <= HOOK.keys()
    assert HOOK.keys() <= {"id", "name", "description", "entry", "language", "types", "files", "args"}
    assert re.fullmatch("[a-z-]+", HOOK["id"])
    assert HOOK["language"] == "python"
    assert HOOK["types"] == ["yaml"]


def test_its_entry_is_a_command_of_the_package() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    assert COMMAND in scripts
    assert ARGUMENTS[0] in cli.list_commands(click.Context(cli))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("cassettes/a.yaml", True),
        ("tests/cassettes/deep/a.yml", True),
        ("tests/cassettes.yaml", False),
        ("my-cassettes/a.yaml", False),
        ("README.md", False),
    ],
)
def test_it_matches_files_in_folders_named_cassettes(path: str, expected: bool) -> None:
    assert bool(re.search(HOOK["files"], path)) is expected


def test_it_passes_clean_cassettes_and_refuses_others(tmp_path: Path) -> None:
    bad = tmp_path / "a bad one.yaml"
    bad.write_text(CLEAN.read_text("utf-8").replace("000611752023", "314159265358", 1))
    passed = run(CLEAN, CLEAN.with_name("roles.yaml"))
    assert (passed.returncode, passed.stderr) == (0, "")
    refused = run(CLEAN, bad)
    assert (refused.returncode, refused.stderr) == (1, "")
    assert refused.stdout.startswith(f"{bad}:")
    assert "314159265358" not in refused.stdout

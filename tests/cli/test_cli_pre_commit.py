"""The hook for pre-commit: its definition, and its command with the files that pre-commit passes."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import click
import pytest
import yaml

from awstape.cli.main import cli
from e2e import warm
from examples import ROOT, environment

(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
COMMAND, *ARGUMENTS = shlex.split(HOOK["entry"])
CLEAN = ROOT / "cassettes" / "empty-pages.yaml"


def run(*files: Path) -> subprocess.CompletedProcess[str]:
    """Runs the hook as pre-commit does: the entry, its arguments, and files."""
    command = [warm.folder() / COMMAND, *ARGUMENTS, *HOOK.get("args", []), *files]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60)


def test_the_hook_is_well_formed() -> None:
    assert {"id", "name", "entry", "language"} <= HOOK.keys()
    assert HOOK.keys() <= {"id", "name", "description", "entry", "language", "types", "files", "args"}
    assert re.fullmatch("[a-z-]+", HOOK["id"])
    assert HOOK["language"] == "python"
    assert "types" not in HOOK, "journals are no YAML"


def test_its_entry_is_a_command_of_the_package() -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]
    assert COMMAND in scripts
    assert ARGUMENTS[0] in cli.list_commands(click.Context(cli))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("cassettes/a.yaml", True),
        ("tests/cassettes/deep/a.yml", True),
        ("cassettes/a.yaml.journal", True),
        ("cassettes/a.yaml.123.journal", True),
        ("cassettes/a.yaml.quarantine", True),
        ("cassettes/awstape.schema.json", False),
        ("tests/cassettes.yaml", False),
        ("my-cassettes/a.yaml", False),
        ("README.md", False),
    ],
)
def test_it_matches_files_in_folders_named_cassettes(path: str, expected: bool) -> None:
    assert bool(re.search(HOOK["files"], path)) is expected


def test_it_looks_into_files_of_other_tools(tmp_path: Path) -> None:
    vcr = tmp_path / "vcr.yaml"
    vcr.write_text("version: 1\ninteractions: [{request: {headers: {Authorization: [Bearer abcDEF123456789xyz]}}}]\n")
    refused = run(CLEAN, vcr)
    assert (refused.returncode, refused.stderr) == (1, "")
    where = "interactions[0].request.headers.Authorization[0]"
    assert refused.stdout.startswith(f"{vcr}:2: {where}: possible secret\n1 finding in 1 of 2 files")
    vcr.write_text("version: 1\ninteractions: []\n")
    passed = run(CLEAN, vcr)
    assert (passed.returncode, passed.stderr) == (0, f"note: skipped, no cassettes of awstape: {vcr}\n")


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
@pytest.mark.parametrize("name", ["a.yaml.journal", "a.yaml.7.journal", "a.yaml.quarantine"])
def test_it_refuses_encrypted_recordings_that_git_tracks(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"sealed")
    (tmp_path / "a.yaml").write_bytes(CLEAN.read_bytes())
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    assert [run(path).returncode for path in (tmp_path, tmp_path / name)] == [0, 0], "ignored or not yet added"
    subprocess.run(["git", "-C", tmp_path, "add", "-f", name], check=True)
    for path in (tmp_path, tmp_path / name, tmp_path / "a.yaml"):
        refused = run(path)
        assert (path, refused.returncode) == (path, 1)
        assert refused.stdout.startswith(f"{tmp_path / name}:1: it holds real values, encrypted, and git tracks it")


def test_it_passes_clean_cassettes_and_refuses_others(tmp_path: Path) -> None:
    bad = tmp_path / "a bad one.yaml"
    bad.write_text(CLEAN.read_text("utf-8").replace("000611752023", "314159265358", 1))
    passed = run(CLEAN, CLEAN.with_name("roles.yaml"))
    assert (passed.returncode, passed.stderr) == (0, "")
    refused = run(CLEAN, bad)
    assert (refused.returncode, refused.stderr) == (1, "")
    assert refused.stdout.startswith(f"{bad}:")
    assert "314159265358" not in refused.stdout

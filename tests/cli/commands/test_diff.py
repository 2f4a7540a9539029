"""`awstape diff`: output, exit statuses, and use by git."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from shutil import copytree, which

import pytest
from click.testing import CliRunner, Result

from awstape.cli.main import cli
from support.failing import failure
from support.paths import ROOT

CASSETTES = ROOT / "cassettes"
ROLES = CASSETTES / "roles.yaml"
SAID = """\
~ iam ListRoles {}
  ~ Roles alias-rl732m2klm-tm3rls33kr
    ~ MaxSessionDuration: 7200 → 3600
1 track changed
"""


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    path = tmp_path / "changed.yaml"
    path.write_text(ROLES.read_text().replace("Duration: 7200", "Duration: 3600"))
    return path


def diff(*arguments: str | Path, color: bool = False) -> Result:
    return CliRunner().invoke(cli, ["diff", *map(str, arguments)], standalone_mode=False, color=color)


def test_differences_are_printed_and_set_the_exit_status(changed: Path) -> None:
    result = diff(ROLES, changed)
    assert (result.output, result.return_value) == (SAID, 1)


LIST_ROLES = {"service": "iam", "operation": "ListRoles", "region": None, "identity": {}}


@pytest.mark.parametrize(("option", "expected"), [((), ""), (("--json",), "[]\n")])
def test_without_differences_nothing_is_printed(option: tuple[str, ...], expected: str) -> None:
    result = diff(ROLES, ROLES, *option)
    assert (result.output, result.return_value) == (expected, 0)


def test_for_scripts(changed: Path) -> None:
    result = diff(ROLES, changed, "--json")
    assert result.return_value == 1
    assert json.loads(result.output) == [
        {
            "kind": "member",
            "track": {**LIST_ROLES, "account": None},
            "take": None,
            "item": "alias-rl732m2klm-tm3rls33kr",
            "path": "Roles[alias-rl732m2klm-tm3rls33kr].MaxSessionDuration",
            "before": 7200,
            "after": 3600,
        }
    ]


def test_colours_are_for_terminals(changed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b[33m~ iam ListRoles {}\x1b[0m" in diff(ROLES, changed, color=True).output
    monkeypatch.setenv("NO_COLOR", "1")
    assert diff(ROLES, changed, color=True).output == SAID


@pytest.mark.parametrize("nothing", ["/dev/null", "empty.yaml"])
def test_an_empty_file_is_an_empty_cassette(nothing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty.yaml").write_text("")
    assert diff(nothing, ROLES).output.splitlines() == [
        '+ iam GetRole {"RoleName": "alias-S4t6r3rrlT"}: 1 page, error NoSuchEntity',
        '+ iam ListAttachedRolePolicies {"RoleName": "alias-Tsr76sms7l"}: 2 pages, 3 items',
        "+ iam ListRoles {}: 2 pages, 5 items",
        "3 tracks added",
    ]
    assert diff(ROLES, nothing).output.endswith("\n3 tracks removed\n")


def test_folders_are_compared_file_by_file(tmp_path: Path) -> None:
    other = tmp_path / "other"
    copytree(CASSETTES, other)
    (other / "roles.yaml").write_text(ROLES.read_text().replace("Duration: 7200", "Duration: 3600"))
    (other / "team").mkdir()
    (other / "empty-pages.yaml").rename(other / "team" / "moved.yaml")
    result = diff(CASSETTES, other)
    assert result.output.splitlines() == [
        "empty-pages.yaml:",
        "- iam ListGroups {}: 4 pages, 6 items",
        "- iam ListUsers {}: 1 page, 0 items",
        "2 tracks removed",
        "roles.yaml:",
        *SAID.splitlines(),
        "team/moved.yaml:",
        "+ iam ListGroups {}: 4 pages, 6 items",
        "+ iam ListUsers {}: 1 page, 0 items",
        "2 tracks added",
        "3 of 6 cassettes differ",
    ]
    assert result.return_value == 1
    assert {change["cassette"] for change in json.loads(diff(CASSETTES, other, "--json").output)} == {
        "empty-pages.yaml",
        "roles.yaml",
        "team/moved.yaml",
    }
    assert diff(CASSETTES, CASSETTES).return_value == 0


def test_a_folder_and_a_file_are_compared_as_a_whole(tmp_path: Path) -> None:
    header, *takes = ROLES.read_text().split("---\n")
    for i, take in enumerate(takes):
        (tmp_path / f"{i}.yaml").write_text(f"{header}---\n{take}")
    assert diff(ROLES, tmp_path).return_value == 0
    (tmp_path / "0.yaml").unlink()
    assert diff(tmp_path, ROLES).output.endswith("1 track added\n")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["roles.yaml"], "expected two cassettes or folders, OLD and NEW"),
        (["roles.yaml", "roles.yaml", "roles.yaml"], "expected two cassettes or folders, OLD and NEW"),
        (["roles.yaml", "missing.yaml"], "missing.yaml: can't be read: No such file or directory"),
        (["roles.yaml", "broken.yaml"], "broken.yaml:1: a cassette begins with a document `version: 1`"),
        (["nothing", "nothing"], "nothing, nothing: no cassettes in these folders"),
        (["nothing", "roles.yaml"], "nothing: no cassettes in this folder"),
    ],
)
def test_what_can_not_be_compared_is_an_error(
    arguments: list[str],
    problem: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GIT_DIFF_PATH_COUNTER", raising=False)
    Path("roles.yaml").write_text(ROLES.read_text())
    Path("broken.yaml").write_text("a: b\n")
    Path("nothing").mkdir()
    assert failure(capfd, "diff", *arguments)[0] == problem


# --- git --------------------------------------------------------------------------------------------------------------

GIT = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "GIT_PAGER": "cat"}


def git(folder: Path, *arguments: str) -> str:
    names = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.com"]
    done = subprocess.run(["git", *names, *arguments], cwd=folder, env=GIT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(which("git") is None, reason="git is not installed")
def test_git_shows_what_changed(tmp_path: Path) -> None:
    awstape = f"'{sys.executable}' -m awstape diff"
    git(tmp_path, "init", "--quiet")
    (tmp_path / ".gitattributes").write_text("*.yaml diff=awstape\n")
    (tmp_path / "roles.yaml").write_text(ROLES.read_text())
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "roles")
    (tmp_path / "roles.yaml").write_text(ROLES.read_text().replace("Duration: 7200", "Duration: 3600"))
    assert git(tmp_path, "difftool", "--no-prompt", "--extcmd", awstape) == SAID
    git(tmp_path, "config", "diff.awstape.command", awstape)
    assert git(tmp_path, "diff") == f"roles.yaml:\n{SAID}"


def for_git(path: str, old: str | Path, new: str | Path, *more: str) -> tuple[str, int]:
    result = diff(path, old, "1" * 40, "100644", new, "0" * 40, "100644", *more)
    return result.output, result.return_value


def test_for_git_every_comparison_succeeds(changed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("<<<<<<< HEAD\n")
    assert for_git("a.yaml", ROLES, changed) == (f"a.yaml:\n{SAID}", 0)
    assert for_git("a.yaml", "/dev/null", ROLES)[0].endswith("\n3 tracks added\n")
    assert for_git("a.yaml", ROLES, ROLES, "b.yaml", "rename from a.yaml") == ("a.yaml → b.yaml: no differences\n", 0)
    said, status = for_git("a.yaml", ROLES, broken)
    assert (status, said.startswith("a.yaml: can't be compared (")) == (0, True)
    monkeypatch.setenv("GIT_DIFF_PATH_COUNTER", "1")
    result = diff("a.yaml")
    assert (result.output, result.return_value) == ("* Unmerged path a.yaml\n", 0)

"""`awstape init`: what it prints and writes as commands and settings, run as it stands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from awstape.files.project_settings import load_rules, load_services
from e2e import warm
from e2e.harness import Machine, calls
from examples import environment
from support.standin import StandIn
from support.tips import Tip, output_of, run_line

Capture = pytest.CaptureFixture[str]
HOOK = Tip(
    """
  - repo: local
    hooks:
      - id: awstape-check
        name: awstape check
        entry: awstape check --skip-others
        language: system
        files: (^|/){}/.*\\.(ya?ml|journal|quarantine)$
"""
)
OTHER_LANGUAGE = Tip(
    """it is for pytest, and this project is not in Python; instead:
awstape record {}/first.yaml -- {}
awstape replay {}/ -- {}
more: awstape guide languages"""
)
SETTINGS = Tip(
    """
[tool.awstape]
# services = ["iam", "sts", "s3"]    # what is recorded, by the names of boto3
# keep = ["demo-*"]                  # names and ids that are public and stay, as globs
"""
)
TEST = Tip(
    """import boto3
import pytest


# Its cassette was generated: awstape new iam list-roles. With AWS credentials, record your own:
# pytest --awstape=all {}
@pytest.mark.awstape
def test_every_role_has_a_name():
    paginator = boto3.client("iam").get_paginator("list_roles")
    roles = [role for page in paginator.paginate() for role in page["Roles"]]
    assert roles
    assert all(role["RoleName"] for role in roles)
"""
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in a repository, whose path has to be quoted in a command."""
    folder = tmp_path / "my project"
    (folder / "tests").mkdir(parents=True)
    monkeypatch.chdir(folder)
    assert run_line("git init -q .") == 0
    return folder


def run(folder: Path, command: str, **variables: str) -> str:
    """What a command prints that succeeds, with awstape and pytest in PATH."""
    environ = environment(PATH=os.pathsep.join([str(warm.folder()), os.environ["PATH"]]), **variables)
    done = subprocess.run(["sh", "-c", command], cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_a_project_in_python(folder: Path, capfd: Capture, aws: StandIn) -> None:
    text = output_of(capfd, f"init {shlex.quote(str(folder))}", 0)
    assert "1 passed" in run(folder, Tip("try it: pytest -q {}").take(text))
    again = TEST.take((folder / "tests" / "test_awstape.py").read_text(), "# (pytest .*)")
    stand_in = {"AWSTAPE_UPSTREAM": aws.url, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    assert "1 passed" in run(folder, again, AWS_DEFAULT_REGION="us-east-1", **stand_in)
    assert aws.calls
    tape = "tests/cassettes/test_awstape/test_every_role_has_a_name.yaml"
    assert run_line("git add .") == 0
    assert run_line(Tip("then: git config diff.awstape.command 'awstape diff'").take(text)) == 0
    (folder / tape).write_text("version: 1\n")
    assert "1 track removed" in run(folder, "git diff"), "by the line in .gitattributes"


def test_its_settings_can_be_switched_on(folder: Path, capfd: Capture) -> None:
    assert output_of(capfd, "init", 0)
    settings = folder / "pyproject.toml"
    lines = SETTINGS.printed(settings.read_text())
    settings.write_text(re.sub("^# ", "", lines, flags=re.MULTILINE))
    assert load_services(folder) == ("iam", "sts", "s3")
    assert load_rules(folder).keep == ("demo-*",)


def test_its_hook_in_a_file_with_others(folder: Path, capfd: Capture) -> None:
    """`pre-commit install` is not run: the package is not here. `test_first_files.py` runs what the hook starts."""
    config = folder / ".pre-commit-config.yaml"
    config.write_text("repos:\n  - repo: meta\n    hooks:\n      - id: identity\n")
    text = output_of(capfd, "init", 0)
    assert Tip("add below `repos:`{}").printed(text)
    indented = "\n".join(
        line[8:] for line in text.partition("add below `repos:`")[2].splitlines() if line[:8].isspace()
    )
    config.write_text(config.read_text() + indented + "\n")
    assert HOOK.printed(config.read_text())
    _, hook = yaml.safe_load(config.read_text())["repos"]
    assert hook["hooks"][0]["entry"] == "awstape check --skip-others"
    assert f"kept    {config.name}" in output_of(capfd, "init", 0)
    config.unlink()
    assert Tip("then: pre-commit install").printed(output_of(capfd, "init", 0))


def test_a_project_in_another_language(tmp_path: Path, aws: StandIn) -> None:
    """A program of Python is what `npm test` starts."""
    machine = Machine(tmp_path / "home", tmp_path / "data", "a fake key for a project")
    (machine.home / "package.json").write_text("{}")
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(f"#!/bin/sh\nexec {shlex.join(calls('print(len(iam.list_users()))'))}\n")
    npm.chmod(0o755)
    machine.environ["PATH"] = os.pathsep.join([str(npm.parent), machine.environ["PATH"]])
    text = OTHER_LANGUAGE.printed(machine.awstape("init").ok().out)
    record, replay, guide = re.findall("awstape .*", text)
    machine.run("sh", "-c", record, AWSTAPE_UPSTREAM=aws.url).ok()
    aws.calls.clear()
    machine.run("sh", "-c", f"{replay} && {guide}").ok()
    assert not aws.calls

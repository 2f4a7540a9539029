"""`awstape init`: what it writes, and that it changes nothing that is there."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from awstape.cli.main import main
from awstape.files.project_settings import load_services
from awstape.project.first_files import write_first_files
from e2e import warm
from examples import environment

FILES = [".gitattributes", ".gitignore", ".pre-commit-config.yaml", "pyproject.toml"]


def content_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_second_run_changes_nothing(tmp_path: Path) -> None:
    made = [*write_first_files(tmp_path, {})]
    assert {step.done for step in made} == {"made"}
    before = content_of(tmp_path)
    assert before.keys() == {str(step.path.relative_to(tmp_path)) for step in made}
    assert {step.done for step in write_first_files(tmp_path, {})} == {"kept"}
    assert content_of(tmp_path) == before


def test_what_is_there_stays(tmp_path: Path) -> None:
    for name in FILES:
        (tmp_path / name).write_text("# mine, without an end of line")
    (tmp_path / "tests").mkdir()
    done = {step.path.name: step.done for step in write_first_files(tmp_path, {})}
    assert {name: done[name] for name in FILES} == dict.fromkeys(FILES, "changed") | {".pre-commit-config.yaml": "left"}
    assert all((tmp_path / name).read_text().startswith("# mine, without an end of line") for name in FILES)
    assert (tmp_path / "tests" / "test_awstape.py").exists()
    assert {step.done for step in write_first_files(tmp_path, {})} == {"kept", "left"}


def test_settings_that_are_there_are_kept(tmp_path: Path) -> None:
    settings = tmp_path / "pyproject.toml"
    settings.write_text('[tool.awstape]\nservices = ["s3"]\n')
    list(write_first_files(tmp_path, {}))
    assert load_services(tmp_path) == ("s3",)
    assert settings.read_text() == '[tool.awstape]\nservices = ["s3"]\n'


def test_settings_that_are_no_toml_are_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool")
    assert main(["init", str(tmp_path)]) == 2
    assert "pyproject.toml: not TOML" in capfd.readouterr().err


def test_the_hook_selects_cassettes(tmp_path: Path) -> None:
    list(write_first_files(tmp_path, {}))
    (repository,) = yaml.safe_load((tmp_path / ".pre-commit-config.yaml").read_text())["repos"]
    (hook,) = repository["hooks"]
    assert re.search(hook["files"], "tests/cassettes/roles.yaml")
    command = f"PATH={warm.folder()}{os.pathsep}$PATH {hook['entry']} cassettes/test_awstape/*.yaml"
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done


def test_the_first_test_passes(tmp_path: Path) -> None:
    list(write_first_files(tmp_path, {}))
    command = [warm.python(), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


@pytest.mark.parametrize(("file", "command"), [("package.json", "npm test"), ("go.mod", "go test ./...")])
def test_a_project_without_python_gets_no_test_of_pytest(file: str, command: str, tmp_path: Path) -> None:
    (tmp_path / file).write_text("{}")
    for _ in range(2):  # the settings that it writes make no Python of it
        *_, step = write_first_files(tmp_path, {})
        assert (step.done, step.path.name) == ("left", "test_awstape.py")
        assert f"awstape replay cassettes/ -- {command}" in step.text
    assert not [*tmp_path.rglob("*.py")]


@pytest.mark.parametrize("file", ["setup.py", "tests/test_x.py", "requirements.txt"])
def test_a_project_in_several_languages_gets_the_test(file: str, tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("{}")
    (tmp_path / "tests").mkdir()
    (tmp_path / file).write_text("")
    *_, step = write_first_files(tmp_path, {})
    assert (step.done, step.path) == ("made", tmp_path / "tests" / "test_awstape.py")


def test_what_git_ignores(tmp_path: Path) -> None:
    list(write_first_files(tmp_path, {}))
    names = ["roles.yaml", "roles.yaml.journal", "roles.yaml.2.journal", "roles.yaml.failed-0a.journal"]
    names.append("roles.yaml.quarantine")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    done = subprocess.run(["git", "check-ignore", *names], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.split() == names[1:]


def test_the_folder_of_the_settings_is_used_everywhere(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.awstape.pytest]\nfolder = "tapes"\n')
    steps = [*write_first_files(tmp_path, os.environ)]
    assert not any("cassettes" in str(step.path) for step in steps)
    assert (tmp_path / "tapes/test_awstape/test_every_role_has_a_name.yaml").exists()
    (pattern,) = re.findall("files: (.*)", (tmp_path / ".pre-commit-config.yaml").read_text())
    assert re.search(pattern, "tapes/a.yaml") and not re.search(pattern, "cassettes/a.yaml")
    assert (tmp_path / ".gitattributes").read_text() == "**/tapes/**/*.yaml diff=awstape\n"

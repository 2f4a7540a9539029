"""Every command that takes folders skips the YAML files of other tools there, with a note."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from awstape.cli.main import main
from examples import FOLDER, ROOT

COMMANDS = {
    "ls": ["ls", "FOLDER"],
    "check": ["check", "FOLDER"],
    "redact": ["redact", "FOLDER"],
    "rekey": ["rekey", "FOLDER"],
    "merge": ["merge", "FOLDER", "-o", "merged.yaml"],
    "export": ["export", "FOLDER", "--to", "awscli"],
    "replay": ["replay", "FOLDER", "--", "true"],
    "diff": ["diff", "FOLDER", "FOLDER"],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a cassette of awstape and one of another tool, in the current folder."""
    monkeypatch.setenv("AWSTAPE_KEY", "a key for tests, not a secret")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cassettes").mkdir()
    shutil.copy(FOLDER / "empty-pages.yaml", tmp_path / "cassettes")
    (tmp_path / "cassettes" / "other.yaml").write_text("interactions: []\nversion: 1\n")
    return Path("cassettes")


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_it_is_skipped_with_a_note(arguments: list[str], folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A replay of a program that asks nothing ends with 1."""
    before = (folder / "other.yaml").read_bytes()
    assert main([str(folder) if word == "FOLDER" else word for word in arguments]) == int("true" in arguments)
    assert "note: skipped, no cassettes of awstape: cassettes/other.yaml\n" in capfd.readouterr().err
    assert (folder / "other.yaml").read_bytes() == before


def test_a_folder_without_a_cassette_is_refused(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "empty-pages.yaml").unlink()
    assert main(["check", str(folder)]) == 2
    assert "ERROR cassettes: no cassettes in this folder\n" in capfd.readouterr().err


def test_a_long_list_is_shortened(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for i in range(9):
        (folder / f"workflow-{i}.yml").write_text(yaml.safe_dump({"on": "push", "jobs": {}}))
    assert main(["ls", str(folder)]) == 0
    (note,) = capfd.readouterr().err.splitlines()
    assert note.endswith("awstape: cassettes/other.yaml, cassettes/workflow-0.yml, cassettes/workflow-1.yml and 7 more")


def test_real_values_in_files_of_other_tools_are_found(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shutil.copy(ROOT / "tests" / "recordings" / "cassetter.yaml", folder / "other.yaml")
    assert main(["check", str(folder)]) == 1
    output, errors = capfd.readouterr()
    assert errors == ""
    found = re.findall(r"^cassettes/other\.yaml:\d+: interactions\[\d+\]\.\S+: .*", output, re.MULTILINE)
    assert found
    assert "awstape redact" not in output, "it does not redact files of other tools"


def test_a_named_file_is_checked_unless_others_are_skipped(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    files = [str(folder / "other.yaml"), str(folder / "empty-pages.yaml")]
    assert main(["check", *files]) == 1
    capfd.readouterr()
    assert main(["check", "--skip-others", *files]) == 0
    output, errors = capfd.readouterr()
    assert output.startswith("1 cassette: nothing found")
    assert errors == "note: skipped, no cassettes of awstape: cassettes/other.yaml\n"
    assert main(["check", "--skip-others", files[0]]) == 0

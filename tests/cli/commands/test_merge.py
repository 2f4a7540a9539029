"""A conflict of git in a cassette: the commands in the error join both sides, in a real repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from awstape.catalog.service_models import load_models
from awstape.cli.main import main
from awstape.files import cassette_files
from support.paths import CASSETTES
from support.tips import Tip


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository in which two branches made the same cassette, and were merged."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "my tapes"
    folder.mkdir()
    tape = folder / "tape.yaml"
    git("init", "-q", "-b", "main")
    git("commit", "-q", "--allow-empty", "-m", "begin")
    git("checkout", "-q", "-b", "theirs")
    shutil.copy(CASSETTES / "policy-versions.yaml", tape)
    git("add", ".")
    git("commit", "-q", "-m", "theirs")
    git("checkout", "-q", "main")
    folder.mkdir(exist_ok=True)
    shutil.copy(CASSETTES / "roles.yaml", tape)
    git("add", ".")
    git("commit", "-q", "-m", "ours")
    assert git("merge", "theirs").returncode == 1
    return folder


def git(*arguments: str) -> subprocess.CompletedProcess[str]:
    identity = ("-c", "user.name=Example", "-c", "user.email=example@example.com")
    return subprocess.run(["git", *identity, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("folder", [".", "my tapes"], ids=["above", "beside"])
def test_the_commands_join_both_sides(
    folder: str, repository: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(repository.parent / folder)
    path = Path("tape.yaml") if folder != "." else Path("my tapes/tape.yaml")
    assert main(["check", str(path)]) == 1
    tip = Tip("take one of both sides; to join them: awstape ls shows the commands")
    listing = tip.take(capfd.readouterr().out, "awstape ls")
    assert main([*listing.split()[1:], str(path)]) == 2
    command = Tip(
        "{} show :2:{} > ours.yaml; {} show :3:{} > theirs.yaml; "
        "awstape merge ours.yaml theirs.yaml --prefer last -o joined.yaml && mv joined.yaml {}"
    ).take(capfd.readouterr().err, "git .*")
    environ = os.environ | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    done = subprocess.run(["sh", "-c", command], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    models = load_models()
    sides = [cassette_files.load(CASSETTES / f"{name}.yaml", models) for name in ("roles", "policy-versions")]
    joined = cassette_files.load(path, models)
    assert {take.track for take in joined.takes} == {take.track for side in sides for take in side.takes}

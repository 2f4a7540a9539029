"""The contents of the wheel and the sdist; replay, CLI and import in an environment without mitmproxy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import urllib.request
import zipfile
from pathlib import Path

import pytest

from awstape.core.cassette.yaml.validation import SCHEMA_FILE
from examples import NAMES, ROOT, environment

UV = Path(sys.prefix) / "bin" / "uv"
LOCK = ROOT / ".lock"
#: Installs dependencies at the locked versions, so that a new release of one can't change the result of a test.
INSTALL = (UV, "pip", "install", "--constraints", LOCK / "dev.txt")
PACKAGE = ROOT / "proxy" / "awstape"


def run(*command: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONPATH")}
    done: subprocess.CompletedProcess[str] = subprocess.run(  # type: ignore[call-overload]
        list(map(str, command)), **{"capture_output": True, "text": True, "timeout": 300, "env": environ, **options}
    )
    return done


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel built from it."""
    folder = tmp_path_factory.mktemp("dist")
    done = run(UV, "build", "--quiet", "--build-constraints", LOCK / "build.txt", "--out-dir", folder, ROOT)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def base(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment that contains only awstape and its dependencies."""
    folder = tmp_path_factory.mktemp("base")
    run(UV, "venv", "--quiet", "--python", sys.executable, folder)
    done = run(*INSTALL, "--quiet", "--python", folder / "bin" / "python", "--find-links", built, "awstape")
    assert done.returncode == 0, done.stderr
    return folder / "bin"


def test_the_wheel_holds_the_package_and_the_examples(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = {name for name in wheel.namelist() if ".dist-info/" not in name}
        metadata = next(name for name in wheel.namelist() if name.endswith("METADATA"))
        requires = [line for line in wheel.read(metadata).decode().splitlines() if line.startswith("Requires-Dist")]
    modules = {f"awstape/{path.relative_to(PACKAGE)}" for path in PACKAGE.rglob("*.py")}
    parts = {f"awstape/workbench/page/{path.name}" for path in (PACKAGE / "workbench" / "page").iterdir()}
    assert len(parts) == 8
    examples = {f"awstape/_cassettes/{name}" for name in (*(f"{name}.yaml" for name in NAMES), SCHEMA_FILE)}
    data = {"awstape/py.typed", "awstape/catalog/service_index.json"}
    data |= {f"awstape/guide/{path.name}" for path in (PACKAGE / "guide").glob("*.md")}
    assert names == modules | parts | data | examples
    assert {line.partition(" ")[2].partition(">")[0] for line in requires if "extra ==" not in line} == {
        "botocore",
        "click",
        "httptools",
        "pyyaml",
        "rich",
    }


def test_the_sdist_can_be_built_from(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "proxy/awstape/cli/main.py", "cassettes/roles.yaml"} <= names


def test_the_base_install_reports_that_mitmproxy_is_missing(base: Path, tmp_path: Path) -> None:
    assert run(base / "python", "-c", "import mitmproxy").returncode == 1
    assert run(base / "python", "-W", "error", "-c", "import awstape").returncode == 0
    done = run(base / "awstape", "record", tmp_path / "x.yaml", "--", "true")
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "ERROR awstape record needs mitmproxy, which is not installed",
        "TIP pip install 'awstape[record]'",
    ]


def test_the_base_install_replays(base: Path) -> None:
    program = (
        "import os, urllib.request as r;"
        "url = os.environ['AWS_ENDPOINT_URL'] + '/?Action=ListUsers&Version=2010-05-08';"
        "print(r.urlopen(url).read().decode())"
    )
    cassette = ROOT / "cassettes" / "empty-pages.yaml"
    done = run(base / "awstape", "replay", cassette, "--", base / "python", "-c", program, env=environment())
    assert done.returncode == 0, done.stderr
    assert "<Users/>" in done.stdout


def test_the_base_install_serves_until_interrupted(base: Path) -> None:
    command = [str(base / "awstape"), "replay", str(ROOT / "cassettes"), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stderr
        address = json.loads(process.stdout.readline())["address"]
        url = f"{address}/?Action=ListUsers&Version=2010-05-08"
        assert b"<Users/>" in urllib.request.urlopen(url, timeout=10).read()
        process.terminate()
        assert process.wait(timeout=10) == 0
        assert json.loads(process.stderr.read())["misses"] == []


def test_the_record_extra_can_be_installed(built: Path, base: Path) -> None:
    done = run(*INSTALL, "--dry-run", "--python", base / "python", "--find-links", built, "awstape[record]")
    assert done.returncode == 0, done.stderr
    assert "mitmproxy" in done.stderr

"""The files that `awstape init` writes into a project: settings, hooks, the schema, and a first test that passes.

A file that has what it would get is left alone, and so is a test or cassette that exists. Text is only added at the end
of a file: nothing in it is changed.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from awstape.catalog.botocore_data import data_version
from awstape.catalog.service_models import load_models
from awstape.core.cassette.yaml.json_schema import cassette_schema, dump_schema
from awstape.core.cassette.yaml.validation import SCHEMA_FILE
from awstape.core.text.advice import shell_path
from awstape.errors import UserError
from awstape.files import atomic_writes, cassette_files
from awstape.files.project_settings import load_pytest_options
from awstape.workbench import synthetic_tracks

_SETTINGS = """
[tool.awstape]
# services = ["iam", "sts", "s3"]    # what is recorded, by the names of boto3
# keep = ["demo-*"]                  # names and ids that are public and stay, as globs
"""
_ATTRIBUTES = "**/{cassettes}/**/*.yaml diff=awstape\n"
_IGNORED = "*.yaml.journal\n*.yaml.*.journal\n*.yaml.quarantine\n"
_HOOK = """
  - repo: local
    hooks:
      - id: awstape-check
        name: awstape check
        entry: awstape check --skip-others
        language: system
        files: (^|/){cassettes}/.*\\.(ya?ml|journal|quarantine)$
"""
_TEST = """import boto3
import pytest


# Its cassette was generated: awstape new iam list-roles. With AWS credentials, record your own:
# pytest --awstape=all {file}
@pytest.mark.awstape
def test_every_role_has_a_name():
    paginator = boto3.client("iam").get_paginator("list_roles")
    roles = [role for page in paginator.paginate() for role in page["Roles"]]
    assert roles
    assert all(role["RoleName"] for role in roles)
"""


#: File of a project → the command of its tests.
_LANGUAGES = {
    "package.json": "npm test",
    "go.mod": "go test ./...",
    "Cargo.toml": "cargo test",
    "pom.xml": "mvn test",
    "build.gradle": "gradle test",
    "build.gradle.kts": "gradle test",
    "Gemfile": "bundle exec rake test",
    "composer.json": "composer test",
}
#: Files of a project in Python.
_PYTHON = ("setup.py", "setup.cfg", "requirements.txt", "Pipfile", "poetry.lock", "uv.lock", "tox.ini", "pytest.ini")
_OTHER_LANGUAGE = """it is for pytest, and this project is not in Python; instead:
awstape record {cassettes}/first.yaml -- {command}
awstape replay {cassettes}/ -- {command}
more: awstape guide languages"""


@dataclass(frozen=True)
class Step:
    """What was done about a file. text: more about it."""

    done: Literal["made", "changed", "kept", "left"]
    path: Path
    text: str = ""


def write_first_files(folder: Path, environ: Mapping[str, str]) -> Iterator[Step]:
    """Writes the files of a project, and yields what was done about each. Raises UserError."""
    tests = folder / "tests" if (folder / "tests").is_dir() else folder
    yield _add(folder / "pyproject.toml", _SETTINGS, is_there=_has_settings)
    cassettes = tests / str(load_pytest_options(folder).get("folder", "cassettes"))
    attributes = _ATTRIBUTES.format(cassettes=cassettes.name)
    yield _add(folder / ".gitattributes", attributes, text="then: git config diff.awstape.command 'awstape diff'")
    yield _add(folder / ".gitignore", _IGNORED)
    yield _write_hook(folder / ".pre-commit-config.yaml", _HOOK.format(cassettes=re.escape(cassettes.name)))
    schema = dump_schema(cassette_schema(load_models(), data_version()))
    yield _write(cassettes / SCHEMA_FILE, schema)
    if command := _find_other_language(folder):
        yield Step(
            "left",
            tests / "test_awstape.py",
            _OTHER_LANGUAGE.format(command=command, cassettes=os.path.relpath(cassettes, folder)),
        )
    else:
        yield from _write_test(folder, tests / "test_awstape.py", cassettes, environ)


def _find_other_language(folder: Path) -> str | None:
    """The command of the tests of a project that has nothing of Python; None for other projects."""
    command = next((command for name, command in _LANGUAGES.items() if (folder / name).exists()), None)
    if command is None or any((folder / name).exists() for name in _PYTHON):
        return None
    if any(next(place.glob("*.py"), None) for place in (folder, folder / "src", folder / "tests")):
        return None
    return None if _has_other_settings(folder / "pyproject.toml") else command


def _has_other_settings(path: Path) -> bool:
    """Whether a pyproject.toml has more than the settings of awstape, which are there in every language."""
    if not path.exists():
        return False
    settings = tomllib.loads(path.read_text("utf-8"))
    return bool(settings.keys() - {"tool"} or settings.get("tool", {}).keys() - {"awstape"})


def _has_settings(path: Path) -> bool:
    """Whether a pyproject.toml has a table of awstape. Raises UserError if it is not TOML."""
    try:
        return "awstape" in tomllib.loads(path.read_text("utf-8")).get("tool", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise UserError(f"{path}: not TOML", "correct the file") from None


def _add(path: Path, added: str, text: str = "", *, is_there: Callable[[Path], bool] | None = None) -> Step:
    """Adds text to the end of a file. is_there: whether the file has it already; by default it has the first line."""
    if not path.exists():
        return _write(path, added.lstrip("\n"), text)
    old = path.read_text("utf-8")
    has_it = is_there(path) if is_there else added.splitlines()[0] in old.splitlines()
    if has_it:
        return Step("kept", path)
    gap = "" if old.endswith("\n") or not old else "\n"
    atomic_writes.write_file(path, f"{old}{gap}{added}".encode())
    return Step("changed", path, text)


def _write(path: Path, content: str, text: str = "") -> Step:
    if path.exists():
        return Step("kept", path)
    atomic_writes.write_file(path, content.encode())
    return Step("made", path, text)


def _write_hook(path: Path, hook: str) -> Step:
    if not path.exists():
        return _write(path, f"repos:{hook}", "then: pre-commit install")
    if "awstape-check" in path.read_text("utf-8"):
        return Step("kept", path)
    return Step("left", path, f"add below `repos:`{hook.rstrip()}")


def _write_test(folder: Path, path: Path, cassettes: Path, environ: Mapping[str, str]) -> Iterator[Step]:
    if path.exists():
        yield Step("kept", path)
        return
    cassette = cassettes / path.stem / "test_every_role_has_a_name.yaml"
    if not cassette.exists():
        operation = synthetic_tracks.find_operation("iam", "list-roles")
        made = synthetic_tracks.make_cassette(operation, (), environ, items=5, page_size=2, output=cassette)
        cassette_files.save(cassette, made)
        yield Step("made", cassette)
    content = _TEST.format(file=path.relative_to(folder).as_posix())
    yield _write(path, content, f"try it: pytest -q {shell_path(path)}")

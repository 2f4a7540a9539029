"""The lock files contain the requirements in pyproject.toml; `make lock` reports their changes."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import lock

OLD = """\
# Packages for development.
mitmproxy==11.0.2 ; python_full_version < '3.12' \\
    --hash=sha256:00
mitmproxy==12.3.0 ; python_full_version >= '3.12' \\
    --hash=sha256:01
pyyaml==6.0.3 \\
    --hash=sha256:02 \\
    --hash=sha256:03
"""

each_lock = pytest.mark.parametrize("name", lock.LOCKS)


def requirements(name: str) -> Iterator[Requirement]:
    """Yields the requirements that a lock must contain: those of the package, and of an extra and its extras."""
    if tools := lock.tools(name):
        yield from map(Requirement, tools)
        return
    project = lock.project()["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"][name]]
    for requirement in map(Requirement, lines):
        if requirement.name == "awstape":
            for extra in requirement.extras:
                yield from map(Requirement, project["optional-dependencies"][extra])
        else:
            yield requirement


def test_all_versions_that_markers_choose_among_are_read() -> None:
    assert lock.versions(OLD) == {"mitmproxy": ["11.0.2", "12.3.0"], "pyyaml": ["6.0.3"]}


def test_a_change_is_reported_in_one_line_with_its_locks() -> None:
    new = OLD.replace("6.0.3", "6.0.4")
    assert list(lock.changes({"dev": OLD, "aio": OLD}, {"dev": new, "aio": new})) == ["pyyaml 6.0.3 → 6.0.4 (dev, aio)"]


def test_added_and_removed_packages_are_reported() -> None:
    new = OLD.replace("pyyaml==6.0.3", "wrapt==2.0").replace("12.3.0", "12.3.1")
    assert list(lock.changes({"dev": OLD}, {"dev": new})) == [
        "mitmproxy 11.0.2, 12.3.0 → 11.0.2, 12.3.1 (dev)",
        "pyyaml 6.0.3 → none (dev)",
        "wrapt none → 2.0 (dev)",
    ]
    assert list(lock.changes({}, {"dev": OLD}))[-1] == "pyyaml none → 6.0.3 (dev)"


def test_a_change_of_hashes_alone_is_reported() -> None:
    new = OLD.replace(":03", ":04")
    assert list(lock.changes({"dev": OLD}, {"dev": new})) == [
        "dev: the same versions, with other hashes, markers or comments"
    ]


def test_nothing_is_reported_for_equal_locks() -> None:
    assert list(lock.changes({"dev": OLD}, {"dev": OLD})) == []


@each_lock
def test_a_lock_contains_packages_with_hashes_and_no_address(name: str) -> None:
    text = lock.path_of(name).read_text("utf-8")
    hashes = r"( \\\n    --hash=sha256:[0-9a-f]{64})+\n"
    assert re.fullmatch(rf"(# .*\n)+([a-z0-9][a-z0-9-]*==[\w.+]+( ; [^\\\n]+)?{hashes})+", text)
    assert "make lock" in text.partition("==")[0]
    assert not re.search(r"://|--index|--find-links|file:|/(root|home|tmp|opt|Users)/", text)


@each_lock
def test_a_lock_contains_each_requirement_within_its_range(name: str) -> None:
    """A requirement that changes in pyproject.toml needs `make lock`."""
    held = lock.versions(lock.path_of(name).read_text("utf-8"))
    for requirement in requirements(name):
        versions = held[canonicalize_name(requirement.name)]
        assert all(requirement.specifier.contains(version) for version in versions), requirement


def test_each_lock_is_a_file_and_each_file_a_lock() -> None:
    assert {path.stem for path in lock.FOLDER.iterdir()} == set(lock.LOCKS)


def test_every_environment_of_the_makefile_comes_from_its_lock() -> None:
    """All packages are installed with hashes, except awstape itself."""
    environments = ["venv/.ready", *(f"venv-{name}/.ready" for name in ("aio", "fuzz", "audit"))]
    command = ["make", "--dry-run", "--always-make", "VENV=venv", *environments]
    recipes = subprocess.run(command, cwd=lock.ROOT, capture_output=True, text=True, check=True, timeout=30).stdout
    installs = [line for line in re.split(r"\n|&&", recipes) if "pip install" in line]
    locked = [line for line in installs if "--require-hashes" in line]
    assert [line.rpartition("/")[2].strip() for line in locked] == [
        "uv.txt",
        "dev.txt",
        "aio.txt",
        "fuzz.txt",
        "audit.txt",
    ]
    for line in installs:
        assert line in locked or line.endswith("--no-deps --editable ."), line

"""Renews the lock files in `.lock/` and prints what changed: `make lock`.

1. Each environment that the Makefile creates has its own lock, since their extras exclude each other: `dev.txt`,
   `aio.txt`, `peers.txt`, `fuzz.txt`, `audit.txt`. Two more locks are used first: pip installs uv from `uv.txt`; uv
   builds awstape, and packages that have no wheel, with the tools in `build.txt`.
2. A lock contains every package with its hashes, for Python 3.11 to 3.14 and every platform. If those need different
   versions, the lock contains each version with a marker.
3. A lock contains no package index and no path, so it works with the index that pip and uv are configured for.
4. The requirements that users install stay version ranges, in pyproject.toml.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".lock"
PROJECT = ROOT / "pyproject.toml"
#: Lock → its purpose. All but the first two contain awstape's dependencies and its extra of that name.
LOCKS = {
    "uv": "installing packages",
    "build": "building awstape, and packages that have no wheel",
    "dev": "development and tests",
    "aio": "the tests of aiobotocore and cassetter",
    "peers": "the benchmark's peers",
    "fuzz": "fuzzing",
    "audit": "the search for known vulnerabilities",
}
#: Packages that builds need besides pyproject's build requirements. hatchling needs editables for an editable build.
BUILD = ("editables", "setuptools")
OLDEST_PYTHON = "3.11"
_HEAD = """\
# Packages for {purpose}. Versions and hashes for Python 3.11 to 3.14.
# Made by `make lock` (tests/lock.py) from pyproject.toml; don't edit.
"""
_PINNED = re.compile(r"^([a-z0-9][a-z0-9-]*)==([^ ]+)", re.MULTILINE)


def path_of(lock: str) -> Path:
    return FOLDER / f"{lock}.txt"


def project() -> dict[str, Any]:
    """Reads pyproject.toml."""
    return tomllib.loads(PROJECT.read_text("utf-8"))


def tools(lock: str) -> list[str]:
    """Returns the requirements of a lock that is not for an extra of awstape; empty for the locks of extras."""
    return {"uv": ["uv"], "build": [*project()["build-system"]["requires"], *BUILD]}.get(lock, [])


def versions(text: str) -> dict[str, list[str]]:
    """Returns package → versions of a lock's text. A package has several versions if markers choose among them."""
    found = defaultdict(list)
    for name, version in _PINNED.findall(text):
        found[name].append(version)
    return dict(found)


def changes(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    """Compares locks, given as name → text; yields a line for each package whose versions changed."""
    locks_of = defaultdict(list)
    rest = []
    for lock, text in new.items():
        before, after = versions(old.get(lock, "")), versions(text)
        changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        for name in changed:
            was, now = (", ".join(found.get(name, ["none"])) for found in (before, after))
            locks_of[name, was, now].append(lock)
        if not changed and old.get(lock) != text:
            rest.append(f"{lock}: the same versions, with other hashes, markers or comments")
    for (name, was, now), locks in sorted(locks_of.items()):
        yield f"{name} {was} → {now} ({', '.join(locks)})"
    yield from rest


def resolve(lock: str) -> str:
    """Returns the text of a lock with the newest versions. Queries the package index."""
    uv = Path(sys.prefix) / "bin" / "uv"
    options = ["--universal", "--generate-hashes", "--python-version", OLDEST_PYTHON, "--no-header", "--no-annotate"]
    wanted = ["-"] if tools(lock) else ["--extra", lock, str(PROJECT)]
    done = subprocess.run(
        [uv, "pip", "compile", "--quiet", *options, *wanted],
        input="\n".join(tools(lock)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return _HEAD.format(purpose=LOCKS[lock]) + done.stdout


def main() -> None:
    """Renews all locks, or none if one of them can't be resolved."""
    old = {lock: path_of(lock).read_text("utf-8") for lock in LOCKS if path_of(lock).exists()}
    new = {lock: resolve(lock) for lock in LOCKS}
    for lock, text in new.items():
        if text != old.get(lock):  # make would create the environment anew for a newer file
            path_of(lock).write_text(text, "utf-8")
    print("\n".join(changes(old, new)) or "nothing changed")


if __name__ == "__main__":
    main()

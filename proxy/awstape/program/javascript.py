"""Programs of Node.js: recognised, and what they need for a recording.

Node.js ignores HTTPS_PROXY. A program is recorded if it preloads global-agent, or gives its clients an agent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from awstape.errors import UserError
from awstape.files import limited_reading

GLOBAL_AGENT = "global-agent"
#: Programs that run Node.js.
_PROGRAMS = frozenset(
    "ava jest mocha next node nodejs npm npx pnpm pnpx serverless sls ts-node tsx vitest yarn yarnpkg".split()
)
_SUFFIXES = frozenset({".cjs", ".js", ".mjs", ".mts", ".ts"})
_AGENTS = (GLOBAL_AGENT, "https-proxy-agent", "proxy-agent")
_MAX_BYTES = 1_000_000
NODE_TIP = (
    f"Node.js ignores HTTPS_PROXY: npm i -D {GLOBAL_AGENT}, and run with GLOBAL_AGENT_ENVIRONMENT_VARIABLE_NAMESPACE= "
    f'NODE_OPTIONS="--import $PWD/node_modules/{GLOBAL_AGENT}/bootstrap.js" (awstape guide languages)'
)


@dataclass(frozen=True)
class Package:
    """What a package.json depends on, in development or not."""

    dependencies: frozenset[str]

    @property
    def has_sdk_v3(self) -> bool:
        """Whether it uses version 3 of the AWS SDK."""
        return any(name.startswith(("@aws-sdk/", "@smithy/")) for name in self.dependencies)

    @property
    def has_sdk_v2(self) -> bool:
        """Whether it uses version 2 of the AWS SDK."""
        return "aws-sdk" in self.dependencies

    @property
    def agent(self) -> str:
        """The package with which it can use a proxy; empty for none."""
        return next((name for name in _AGENTS if name in self.dependencies), "")


def load_package(folder: Path) -> Package | None:
    """Loads the package.json of a folder; None if it has none. Raises UserError if that can't be read."""
    path = folder / "package.json"
    if not path.is_file():
        return None
    try:
        found = json.loads(limited_reading.read_bytes(path, _MAX_BYTES, "awstape reads no larger one"))
    except ValueError:
        raise UserError(f"{path}: not JSON", "correct the file") from None
    tables = [found.get(name) for name in ("dependencies", "devDependencies")] if isinstance(found, dict) else []
    return Package(frozenset(name for table in tables if isinstance(table, dict) for name in table))


def may_run_node(command: Sequence[str], folder: Path) -> bool:
    """Whether a command runs Node.js: by a word of it, or since it is none of Python's and a package.json is there."""
    words = [Path(word) for argument in command for word in argument.split()]
    if any(word.name.removesuffix(".cmd") in _PROGRAMS or word.suffix in _SUFFIXES for word in words):
        return True
    is_python = bool(words) and words[0].name.startswith(("python", "pytest", "aws"))
    return not is_python and (folder / "package.json").is_file()


def no_call_hints(command: Sequence[str], status: int, folder: Path, environ: Mapping[str, str]) -> list[str]:
    """What to do where a program was to be recorded and no call of it was seen.

    status: its exit status, negative if a signal ended it. folder: where it ran.
    """
    how = f"exit status {status}" if status >= 0 else f"signal {-status}"
    hints = [f"the program ended with {how}, perhaps before it called AWS: see its own messages"] if status else []
    if may_run_node(command, folder) and GLOBAL_AGENT not in environ.get("NODE_OPTIONS", ""):
        hints.append(NODE_TIP)
    return hints

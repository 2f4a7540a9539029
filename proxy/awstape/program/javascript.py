"""Programs of Node.js: what they need for a recording.

Node.js ignores HTTPS_PROXY. A program is recorded if it preloads global-agent, or gives its clients an agent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from awstape.errors import UserError
from awstape.files import limited_reading

GLOBAL_AGENT = "global-agent"
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

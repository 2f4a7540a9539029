"""The language of a program, told from its command, and why awstape may have seen no request of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from awstape.program.javascript import GLOBAL_AGENT, NODE_TIP

Language = Literal["Node.js", "Python", "Ruby", "other", ""]


class _Words(NamedTuple):
    """The names of programs, and the endings of files, that are of a language."""

    programs: frozenset[str]
    suffixes: frozenset[str]


_WORDS: Mapping[Language, _Words] = {
    "Node.js": _Words(
        frozenset(
            "ava jest mocha next node nodejs npm npx pnpm pnpx serverless sls ts-node tsx vitest yarn yarnpkg".split()
        ),
        frozenset({".cjs", ".js", ".mjs", ".mts", ".ts"}),
    ),
    "Ruby": _Words(frozenset("bundle bundler rails rake rspec ruby".split()), frozenset({".rb"})),
    "Python": _Words(frozenset("aws pytest python python3 tox uv".split()), frozenset({".py"})),
    "other": _Words(
        frozenset("cargo dotnet go gradle gradlew java mvn mvnw perl php sbt terraform tofu".split()),
        frozenset({".jar", ".php", ".pl"}),
    ),
}
RUBY_TIP = (
    "Ruby takes the proxy from http_proxy, also for HTTPS: run it with http_proxy=$HTTPS_PROXY, "
    "as awstape guide languages shows"
)
_UNKNOWN_TIP = "an SDK that does not honour HTTPS_PROXY bypasses it, too: see awstape guide languages"


def find_language(command: Sequence[str], folder: Path) -> Language:
    """The language of a program by the words of its command, or by a package.json beside it; empty if nothing tells."""
    words = [Path(word) for argument in command for word in argument.split()]
    for language, known in _WORDS.items():
        if any(word.name.removesuffix(".cmd") in known.programs or word.suffix in known.suffixes for word in words):
            return language
    if words and words[0].name.startswith(("python", "pytest")):
        return "Python"
    return "Node.js" if (folder / "package.json").is_file() else ""


def failure_hint(status: int) -> list[str]:
    """What to know of a program that called nothing and failed. status: negative if a signal ended it."""
    how = f"exit status {status}" if status >= 0 else f"signal {-status}"
    return [f"the program ended with {how}, perhaps before it called AWS: see its own messages"] if status else []


def proxy_hints(command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> list[str]:
    """What a program needs for the proxy to see its calls. folder: where it ran."""
    match find_language(command, folder):
        case "Node.js":
            return [] if GLOBAL_AGENT in environ.get("NODE_OPTIONS", "") else [NODE_TIP]
        case "Ruby":
            return [RUBY_TIP]
        case "Python":
            return []
    return [_UNKNOWN_TIP]

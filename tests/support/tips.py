"""Tips: what the product prints for a user to do. A test names the tip that it runs as the source spells it.

`Tip("to record it: awstape record {} -- PROGRAM")` is found in an output, with anything in the place of `{}`, and the
test runs what is printed there. `test_architecture.py` compares the tips in the source with those that tests name.
"""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from awstape.cli.main import COMMANDS, main

#: A command of a shell, up to the next sentence.
COMMAND = r"\b(?:awstape|pytest|pip|npm|git|chmod|unset|export|pre-commit) .*"
_COMMANDS = "|".join(COMMANDS)
#: What makes a string of the source a tip: a command, an option, a variable, a setting, a path or code to copy, …
_TO_COPY = re.compile(
    "|".join(
        (
            rf"\bawstape ({_COMMANDS})\b|\bpytest -|\bpip \w|\bnpm (i|test)\b|\bpre-commit \w",
            r"\bgit (config|diff|show)|\b(chmod|export|unset) [\w{]|(?<![\w-])--[a-z]",
            r"\b(AWS|AWSTAPE|HTTPS|XDG)_[A-Z_]{3,}\b|\bset (EDITOR|TMPDIR)\b",
            r"\[tool\.|(?<![\w-])[a-z-]+ = (\[|true|false|\{)|@pytest\.|\bawstape\.\w+\(|# awstape:|/~/",
            r"\bsuch as \S|(^|[;,(] | {2}|\n)[Tt]o [a-z][^:;]*: |\*\.\w+ into",
        )
    )
)
#: … or the name of such a text, which is filled in.
_FILLED_IN = re.compile(r"advice\.|VARIABLE|_TIP\b|command_path")


class Tip(str):
    """A tip as the source spells it, with `{}` for each value that is filled in."""

    __slots__ = ()

    def printed(self, text: str) -> str:
        """The tip as it stands in a text; it may be there several times, always the same."""
        words = (re.escape(word).replace(r"\{\}", ".*?") for word in self.split())
        pattern = r"\s+".join(words)
        found = set(re.findall(re.sub(r"\.\*\?$", ".*", pattern), text))
        assert found, f"{self!r} is not in:\n{text}"
        assert len(found) == 1, found
        return found.pop()

    def take(self, text: str, pattern: str = COMMAND) -> str:
        """What a pattern finds in the tip: by default its command. A group in the pattern is what is taken of it."""
        found = re.search(pattern, self.printed(text))
        assert found, f"{pattern} is not in {self.printed(text)!r}"
        return found[found.re.groups]


def run_line(line: str) -> int:
    """Runs a command as it is printed: awstape in this process, any other in a shell. Returns its exit status."""
    program, *arguments = shlex.split(line)
    return main(arguments) if program == "awstape" else subprocess.run(["sh", "-c", line], check=False).returncode


def output_of(capfd: pytest.CaptureFixture[str], line: str, status: int = 2) -> str:
    """What a command of awstape prints that ends with a status. line: without `awstape`."""
    capfd.readouterr()
    assert main(shlex.split(line)) == status
    return "\n".join(capfd.readouterr())


def edit(path: Path, old: str, new: str) -> None:
    """Edits a file as a user does."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def tips_in_source(path: Path) -> Iterator[str]:
    """The strings of a module in which there is something to copy, but those of docstrings and of `--help`."""
    tree = ast.parse(path.read_text("utf-8"))
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):  # a parent comes before its children
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(node.value)
        elif isinstance(node, ast.keyword) and node.arg == "help":
            skipped.update(ast.walk(node))
        elif isinstance(node, ast.JoinedStr):
            skipped.update(each for value in node.values for each in ast.walk(value))
        if node in skipped or not isinstance(node, ast.Constant | ast.JoinedStr):
            continue
        text = _text_of(node)
        about = re.match(r"--[a-z-]+( \{\})?: ", text)  # the option in which the error is
        if " " in text and (_TO_COPY.search(text, about.end() if about else 0) or _is_filled_in(node)):
            yield re.sub(r"\{\w+\}", "{}", text)


def _is_filled_in(node: ast.Constant | ast.JoinedStr) -> bool:
    parts = node.values if isinstance(node, ast.JoinedStr) else ()
    return any(_FILLED_IN.search(ast.unparse(part)) for part in parts if isinstance(part, ast.FormattedValue))


def _text_of(node: ast.Constant | ast.JoinedStr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)


def tips_in_tests(path: Path) -> Iterator[str]:
    """The tips that a module of tests names."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == Tip.__name__:
            (text,) = node.args
            assert isinstance(text, ast.Constant), f"{path}:{node.lineno}: a tip is one string"
            yield str(text.value)

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

#: The exit status of a replay, in which nothing else is wrong, of a program that asks nothing, such as `true`.
ASKED_NOTHING = 1
#: A command of a shell, up to the end of its line.
COMMAND = r"\b(?:awstape|pytest|pip|npm|git|chmod|unset|export|pre-commit) .*"
_COMMANDS = "|".join(COMMANDS)
#: What makes a string of the source a tip: a command, an option, a variable, a setting, a path or code to copy, …
_TO_COPY = re.compile(
    "|".join(
        (
            rf"\bawstape ({_COMMANDS})\b|\bpytest [-…]|\bpip \w|\bnpm (i|test)\b|\bpre-commit \w|-- PROGRAM",
            r"\bpython3 -|\bgit (config|diff|show)|\brm -|\b(chmod|export|unset) [\w{]|(?<![\w-])--[a-z]",
            r"\b(and|or|set|with) (AWS|AWSTAPE|XDG)_[A-Z_]{3,}|\b[A-Z_]{4,}=\S|\bset (\{|EDITOR|HTTPS_PROXY|TMPDIR)",
            r"\[tool\.|(?<![\w-])[a-z-]{3,} = (\[|true|false|\{)|@pytest\.|\bawstape\.\w+\(|=awstape\.|# awstape:",
            r"/~/|\bsuch as \S|(^|[;,(] | {2}|\n)([Tt]o|if) [a-z][^:;]*: |\*\.\w+ into|\brecords it\b",
        )
    )
)
#: … or a command that an `Advice` fills in.
_FILLED_IN = re.compile(r"\{[^{}]*\badvice\.(caller|command|record|services|trust|writes)\b")


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


def strings_in_source(path: Path) -> Iterator[tuple[str, str]]:
    """(text, its code) of the strings of a module, but those of docstrings and of `--help`."""
    skipped: set[ast.AST] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):  # a parent comes before its children
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(node.value)
        elif isinstance(node, ast.keyword) and node.arg == "help":
            skipped.update(ast.walk(node))
        elif isinstance(node, ast.JoinedStr):
            skipped.update(each for value in node.values for each in ast.walk(value))
        if node not in skipped and (text := _text_of(node)):
            yield text, ast.unparse(node)


def _text_of(node: ast.AST) -> str:
    """The text of a string, with `{}` for what is filled in; empty for another node."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return re.sub(r"\{\w+\}", "{}", str(node.value)) if is_text else ""  # type: ignore[attr-defined]


def is_tip(text: str, code: str) -> bool:
    """Whether a string of the source is a tip, by what there is to copy in it."""
    about = re.match(r"--[a-z-]+( \{\})?: ", text)  # the option in which an error is
    # A longer text is a list of words.
    is_sentence = " " in text.strip() and len(text) < 2000 and re.search("[a-z]", text) is not None
    return is_sentence and bool(_TO_COPY.search(text, about.end() if about else 0) or _FILLED_IN.search(code))


def tips_in_tests(path: Path) -> Iterator[str]:
    """The tips that a module of tests names."""
    text = path.read_text("utf-8")
    for node in ast.walk(ast.parse(text)) if f"{Tip.__name__}(" in text else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == Tip.__name__:
            (text,) = node.args
            assert isinstance(text, ast.Constant), f"{path}:{node.lineno}: a tip is one string"
            yield str(text.value)

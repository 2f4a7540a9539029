"""Every command and option of awstape that a message or the guide names is there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import awstape
from awstape.cli.main import cli
from awstape.pytest_plugin import pytest_addoption

PACKAGE = Path(awstape.__file__).parent
#: `awstape COMMAND`, and what follows it up to the next sentence or command.
COMMAND = re.compile(r"\bawstape ([a-z][a-z-]+)\b((?: (?![-;:,(]{1}\s)[^;:,()`\n]+)?)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
#: What follows the name of the program in a sentence.
WORDS = set(
    "are can cassette does from gives is keeps knows refuses relays "
    "runs signer stopped writes reads waits prints made with signals used serves".split()
)
COMMANDS = {name: cli.get_command(click.Context(cli), name) for name in cli.list_commands(click.Context(cli))}


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """The strings of a module that are no docstrings, with `…` for what is computed."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    skipped = {node.value for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            skipped.update(node.values)
            parts = (each.value if isinstance(each, ast.Constant) else "…" for each in node.values)
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in skipped:
            yield node.lineno, node.value


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_commands_and_options_in_messages_exist(path: Path) -> None:
    for line, text in texts(path):
        for name, rest in COMMAND.findall(text):
            if name in WORDS:
                continue
            command = COMMANDS.get(name)
            assert command, f"line {line}: awstape {name}"
            below = command.commands.values() if isinstance(command, click.Group) else ()
            known = {option for each in (command, *below) for parameter in each.params for option in parameter.opts}
            own = re.split(r" -- ?", rest)[0]  # what is not the program's
            assert set(OPTION.findall(own)) <= known | {"--help"}, f"line {line}: {text}"


def test_options_of_pytest_in_messages_exist() -> None:
    parser = pytest.Parser(_ispytest=True)
    pytest_addoption(parser)
    known = {option for group in parser._groups for each in group.options for option in each.names()}
    for path in sorted(PACKAGE.rglob("*.py")):
        for line, text in texts(path):
            for option in re.findall(r"--awstape(?:-[a-z]+)*", text):
                assert option in known, f"{path.name}, line {line}: {option}"

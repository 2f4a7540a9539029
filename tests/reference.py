"""The table of commands in the README, generated from the commands: `make reference` writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from awstape.cli.main import cli
from examples import ROOT

README = ROOT / "README.md"
_TABLE = re.compile(r"(?<=<!-- made by `make reference` -->\n).*?(?=<!-- end -->)", re.DOTALL)


def table() -> str:
    """A row for each command: its call, its purpose, its options."""
    return "\n".join(["| command | does | options |", "| --- | --- | --- |", *_lines()]) + "\n"


def _lines() -> Iterator[str]:
    context = click.Context(cli, info_name="awstape")
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command
        arguments = [
            param.make_metavar(click.Context(command)) for param in command.params if isinstance(param, click.Argument)
        ]
        options = [
            max(param.opts, key=len) for param in command.params if isinstance(param, click.Option) and not param.hidden
        ]
        does = command.get_short_help_str(200).rstrip(".")
        said = ", ".join(f"`{option}`" for option in sorted(options))
        called = " ".join([name, *arguments]).replace("|", "\\|")
        yield f"| `{called}` | {does} | {said} |"


def in_readme() -> str | None:
    """The table in the README, None if it has none."""
    match = _TABLE.search(README.read_text("utf-8"))
    return match[0] if match else None


if __name__ == "__main__":
    README.write_text(_TABLE.sub(lambda _: table(), README.read_text("utf-8")), "utf-8")

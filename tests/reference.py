"""Generates the guide's table of commands from the command line's definition: `make reference` writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from awstape.cli.main import cli
from support.paths import GUIDE

PAGE = GUIDE / "commands.md"
_TABLE = re.compile(r"(?<=<!-- made by `make reference` -->\n).*?(?=<!-- end -->)", re.DOTALL)


def table() -> str:
    """Returns the table, with a row for each command: its call, its purpose, its options."""
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
        purpose = command.get_short_help_str(200).rstrip(".")
        option_names = ", ".join(f"`{option}`" for option in sorted(options))
        call = " ".join([name, *arguments]).replace("|", "\\|")
        yield f"| `{call}` | {purpose} | {option_names} |"


def in_guide() -> str | None:
    """Returns the table in the guide, or None if the guide has none."""
    match = _TABLE.search(PAGE.read_text("utf-8"))
    return match[0] if match else None


if __name__ == "__main__":
    PAGE.write_text(_TABLE.sub(lambda _: table(), PAGE.read_text("utf-8")), "utf-8")

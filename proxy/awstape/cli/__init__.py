"""The command line. It turns words into calls and errors into text; the work is done elsewhere."""

from __future__ import annotations

import click

from awstape import __version__
from awstape.cli.aliases import alias, rekey
from awstape.cli.checking import check
from awstape.cli.schema import schema
from awstape.cli.traffic import addon, record, replay
from awstape.errors import UserError


@click.group(no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="awstape")
def cli() -> None:
    """Record paginated AWS IAM and Access Analyzer traffic; replay it offline, page by page."""


for command in (record, replay, check, alias, rekey, schema, addon):
    cli.add_command(command)


def main(args: list[str] | None = None) -> int:
    """Runs the command line; returns the exit status."""
    try:
        return cli.main(args, prog_name="awstape", standalone_mode=False) or 0
    except UserError as error:
        _fail(error.problem, error.tip)
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "awstape"
        _fail(error.format_message(), f"{where} --help")
    except click.ClickException as error:
        _fail(error.format_message(), "")
    except click.Abort:
        return 130
    return 2


def _fail(problem: str, tip: str) -> None:
    """One line each, whatever stands in a file's name."""
    for word, text in (("ERROR", problem), ("TIP", tip)):
        if text:
            click.echo(f"{word} {' '.join(text.splitlines())}", err=True)

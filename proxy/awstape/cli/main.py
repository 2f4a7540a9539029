"""The command line: parses arguments, runs a command, prints errors as `ERROR` and `TIP` lines."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib import import_module

import click

from awstape import __version__
from awstape.cli.terminal.output import print_error
from awstape.cli.terminal.progress import shown_on_terminal
from awstape.errors import UserError, bug_location

#: The commands as the help lists them: each a function in `cli.commands`, in a module of its name.
SECTIONS = {
    "Begin": ("init", "doctor", "guide"),
    "Record and replay": ("record", "recover", "replay", "env", "addon"),
    "Inspect": ("ls", "show", "diff", "check"),
    "Edit": ("edit", "set", "add-item", "drop-item", "rename", "rm", "fault", "repage", "merge", "split"),
    "Generate, import, export": ("new", "import", "export"),
    "Aliases": ("alias", "redact", "rekey"),
    "The proxy's CA": ("ca",),
    "Shell and editor": ("completion", "schema"),
}
COMMANDS = tuple(name for names in SECTIONS.values() for name in names)
#: The commands whose names are words of Python: `_` is added to their modules and functions.
_PYTHON_WORDS = {"import", "set"}

#: The exit status that shells report for an end by SIGPIPE.
_PIPE_CLOSED = 141


def _load(name: str) -> click.Command:
    name = name.replace("-", "_") + "_" * (name in _PYTHON_WORDS)
    command = getattr(import_module(f"awstape.cli.commands.{name}"), name)
    assert isinstance(command, click.Command)
    return command


class _Commands(click.Group):
    """Lists its commands in sections. A command is imported when it runs or is described."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            with shown_on_terminal():
                return super().invoke(ctx)
        except BrokenPipeError:  # click would turn it into status 1, which means findings
            return _reader_gone()

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        # For a misspelled name all are imported, since click suggests those that it has.
        for name in {cmd_name}.intersection(COMMANDS) or COMMANDS:
            self.add_command(_load(name))
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, COMMANDS))
        limit = formatter.width - width - 6
        for section, names in SECTIONS.items():
            commands = [_load(name) for name in names]
            with formatter.section(section):
                formatter.write_dl([((c.name or "").ljust(width), c.get_short_help_str(limit)) for c in commands])


@click.group(cls=_Commands, no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="awstape")
def cli() -> None:
    """Record paginated AWS traffic, of IAM first of all; replay it offline, page by page."""


def main(args: list[str] | None = None) -> int:
    """Runs the command line and returns the exit status. Never shows a traceback, which could quote a file."""
    _open_streams()
    with suppress(OSError, ValueError):  # the error stream is gone as well
        try:
            status = _run(args)
            sys.stdout.flush()
            return status
        except BrokenPipeError:
            return _reader_gone()
        except OSError as error:
            _drop_output()
            where = error.filename or "the output can't be written"
            print_error(f"{where}: {error.strerror or type(error).__name__}", "")
        except Exception as error:
            print_error(f"a bug in awstape: {bug_location(error)}", "please report this")
    return 2


def _run(args: list[str] | None) -> int:
    args = (sys.argv[1:] if args is None else args) or ["--help"]
    try:
        return cli.main(args, prog_name="awstape", standalone_mode=False) or 0
    except UserError as error:
        print_error(error.problem, error.tip)
        return error.status
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "awstape"
        print_error(error.format_message(), f"{where} --help")
    except click.ClickException as error:
        print_error(error.format_message(), "")
    except click.Abort:
        return 130
    return 2


def _reader_gone() -> int:
    """The exit status after the reader of the output has gone."""
    _drop_output()
    return _PIPE_CLOSED


def _drop_output() -> None:
    """Redirects the output to the null device: at exit, Python would write the rest, fail again and print an error."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _open_streams() -> None:
    """Opens the null device for closed standard streams: the next opened file would get their descriptor."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = open(os.devnull, mode, encoding="utf-8")  # noqa: SIM115, it stays open
            os.set_inheritable(stream.fileno(), True)  # for child processes
            setattr(sys, name, stream)

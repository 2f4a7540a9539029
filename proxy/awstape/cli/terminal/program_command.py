"""A command that runs a program, or serves until Ctrl-C: its arguments, its server, and what it prints at the start."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from awstape.cli.terminal import parameters
from awstape.cli.terminal.output import warn
from awstape.errors import UserError

if TYPE_CHECKING:
    from awstape.program.environment import EnvironmentChanges
    from awstape.program.servers import OnListening, RunningServer

#: The key in `ctx.meta` of the program after `--`, a tuple of words; absent without one.
_PROGRAM = "awstape.command"
host = click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Listen on this address.")
allow_remote = click.option("--allow-remote", is_flag=True, help="Allow a --host that other machines can reach.")
port = click.option("--port", type=click.IntRange(0, 65535), default=0, help="Listen on this port; 0 is any free port.")


def _begins_program(word: str, args: Sequence[str]) -> bool:
    """Whether a word that is no path is the name of a program: it stands behind a cassette, and is not named as one."""
    before = args[: args.index(word)]
    return not word.endswith((".yaml", ".yml")) and any(Path(each).exists() for each in before)


class ProgramCommand(click.Command):
    """A command whose arguments after `--` are a program to run, kept in `ctx.meta`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            at = args.index("--")
            ctx.meta[_PROGRAM] = tuple(args[at + 1 :])
            args = args[:at]
            if not ctx.meta[_PROGRAM] and not ctx.resilient_parsing:
                raise click.UsageError("no program after --", ctx)
        try:
            return super().parse_args(ctx, list(args))
        except click.UsageError as error:
            if _PROGRAM in ctx.meta or len(args) < 2 or type(error) is not click.UsageError:
                raise
            raise self._misplaced(ctx, error.format_message()) from None
        except parameters.NoSuchPathError as error:
            if _PROGRAM in ctx.meta or not _begins_program(error.path, args):
                raise
            raise self._misplaced(ctx, error.problem) from None

    def _misplaced(self, ctx: click.Context, problem: str) -> UserError:
        return UserError(problem, f"{ctx.command_path} CASSETTE -- PROGRAM: put -- before it")

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[-- COMMAND...]"]


def program_of(ctx: click.Context) -> tuple[str, ...]:
    """The words of the program after `--`; empty without one."""
    words: tuple[str, ...] = ctx.meta.get(_PROGRAM, ())
    return words


def announcer(activity: str, as_json: bool, callers: Sequence[str] = ()) -> OnListening:
    """Returns a function that prints the server's address and the variables to set, for people or for scripts.

    callers: as in `Tape`; the variables are for the first one.
    """

    def announce(url: str, changes: EnvironmentChanges) -> None:
        from awstape.program.environment import export_lines

        if as_json:
            click.echo(json.dumps({"address": url, "environment": changes, "callers": list(callers)}))
            return
        warn(f"{activity} at {url}; Ctrl-C ends it")
        click.echo("\n".join(export_lines(changes)))

    return announce


def run_with(
    ctx: click.Context,
    server: AbstractAsyncContextManager[RunningServer],
    announce: OnListening,
    *,
    is_endpoint: bool = False,
) -> int:
    """Runs COMMAND with the server until it ends, or the server alone until Ctrl-C. Returns the exit status."""
    import asyncio

    from awstape import clock
    from awstape.program import servers

    command = program_of(ctx) or None
    # mitmproxy's sockets and the ends of programs are tried with the loops of asyncio only.
    make_loop = clock.fast_event_loop if is_endpoint and not command else clock.EventLoop
    with asyncio.Runner(loop_factory=make_loop) as runner:
        return runner.run(servers.run_with_server(server, command, announce, warn))

"""`record`, `recover`, `replay` and `addon`: the commands that record a program and replay to it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from awstape.cli.terminal import parameters
from awstape.cli.terminal.output import print_json, warn
from awstape.core.text.printable import printable
from awstape.errors import UserError

if TYPE_CHECKING:
    from awstape.opening import RecordMode
    from awstape.program.environment import EnvironmentChanges
    from awstape.program.servers import OnListening, RunningServer
    from awstape.serving.access_control import PassThrough

_MODES = ("all", "new_episodes", "once", "rewrite")
_COMMAND = "awstape.command"


class ProgramCommand(click.Command):
    """A command whose arguments after `--` are a program to run, kept in `ctx.meta`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" in args:
            at = args.index("--")
            ctx.meta[_COMMAND] = tuple(args[at + 1 :])
            args = args[:at]
            if not ctx.meta[_COMMAND] and not ctx.resilient_parsing:
                raise click.UsageError("no program after --", ctx)
        try:
            return super().parse_args(ctx, list(args))
        except click.UsageError as error:
            param = error.param if isinstance(error, click.BadParameter) else None
            is_misplaced_word = type(error) is click.UsageError or (param is not None and param.name == "cassettes")
            if _COMMAND in ctx.meta or len(args) < 2 or not is_misplaced_word:
                raise
            raise UserError(
                error.format_message(), f"{ctx.command_path} CASSETTE -- PROGRAM: put -- before it"
            ) from None

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        return [*super().collect_usage_pieces(ctx), "[-- COMMAND...]"]


_host = click.option(
    "--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Listen on this address."
)
_allow_remote = click.option("--allow-remote", is_flag=True, help="Allow a --host that other machines can reach.")
_port = click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Listen on this port; 0 is any free port."
)


@click.command(cls=ProgramCommand)
@click.argument("cassette", type=parameters.NewCassettePath(path_type=Path))
@click.option(
    "--mode", type=click.Choice(_MODES), default="all", show_default=True, help="What to do with an existing cassette."
)
@click.option(
    "--upstream",
    multiple=True,
    envvar="AWSTAPE_UPSTREAM",
    show_envvar=True,
    metavar="[SERVICE=]URL",
    help="Record a stand-in such as LocalStack or moto instead of AWS, for all recorded services or for one.",
)
@click.option(
    "--upstream-ca",
    "upstream_cas",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Trust the CAs in FILE as well, for connections to AWS or the stand-in; repeatable.",
)
@parameters.services(
    "Record these services and no others, `all` for every one; repeatable. By default iam, accessanalyzer, sts and "
    "those that CASSETTE holds."
)
@click.option("--operation", multiple=True, metavar="GLOB", help="Record only operations that match; repeatable.")
@click.option("--include-writes", is_flag=True, help="Record write operations as well.")
@click.option("--pass-through", is_flag=True, help="Pass all connections through, even without COMMAND.")
@_host
@_allow_remote
@_port
@parameters.as_json
@click.pass_context
def record(
    ctx: click.Context,
    cassette: Path,
    mode: RecordMode,
    upstream: tuple[str, ...],
    upstream_cas: tuple[Path, ...],
    services: tuple[str, ...],
    operation: tuple[str, ...],
    include_writes: bool,
    pass_through: bool,
    host: str,
    allow_remote: bool,
    port: int,
    as_json: bool,
) -> int:
    """Record the requests of COMMAND to AWS.

    COMMAND runs with HTTPS_PROXY and CA variables set; other TLS traffic passes through unread. Without COMMAND
    the proxy runs until Ctrl-C and connects to AWS only. Account ids, names and other identifiers are replaced before
    anything is written.

    \b
    all           (default) record everything; tracks not seen in this run stay
    new_episodes  answer tracks that were recorded to their end, record the rest
    once          replay the cassette if it exists, else record
    rewrite       drop the old tracks

    \b
    awstape record policies.yaml -- aws iam list-policies --scope Local
    awstape record team.yaml --mode new_episodes -- pytest
    """
    from awstape.cli.terminal import program_reports
    from awstape.core.text.advice import on_command_line
    from awstape.files import keys
    from awstape.opening import choose_services, open_for_recording
    from awstape.program import child_process, environment, servers
    from awstape.proxying.requirement import require_mitmproxy
    from awstape.proxying.upstream import parse_upstream
    from awstape.serving.access_control import is_loopback, record_exposure_warning

    require_mitmproxy("awstape record")
    command = ctx.meta.get(_COMMAND, ())
    chosen = choose_services(services, cassette)
    redirected = parse_upstream(upstream, chosen)
    environment.check_endpoint_urls(os.environ, chosen, redirected)
    listen = servers.resolve_listen_options(host, allow_remote=allow_remote)
    passing: PassThrough = "all" if pass_through else "local" if command else "none"
    is_first = not keys.key_exists(os.environ)
    tape = open_for_recording(
        cassette,
        mode,
        os.environ,
        operation,
        include_writes,
        services=chosen,
        is_followed=True,
        advice=on_command_line(command),
    )
    if is_first and keys.key_exists(os.environ):
        click.echo(f"made a key for your aliases: {keys.key_file()}", err=True)
    for line in tape.recovered:
        warn(line)
    announce = _announcer(f"recording into {cassette}", as_json)
    if not is_loopback(listen.address):
        warn(record_exposure_warning(listen.address, passing))
    with child_process.signals_blocked() if command else nullcontext():
        with program_reports.write_at_end(tape, cassette, command, as_json=as_json) as end:
            server = servers.serve_proxy(tape, redirected, port, listen, passing, upstream_cas=upstream_cas, warn=warn)
            end.status = _run_with(ctx, server, announce)
        status = end.status or int(end.is_incomplete)
        if tape.recorder is None:
            status = program_reports.report_replay(tape, status, command, way="proxy", as_json=as_json)
    return child_process.exit_like(status)


@click.command()
@click.argument("cassettes", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--as-is",
    multiple=True,
    metavar="TRACK",
    help="Take in what is set aside of TRACK, with its real values; repeatable.",
)
@parameters.as_json
def recover(cassettes: tuple[Path, ...], as_is: tuple[str, ...], as_json: bool) -> int:
    """Recover what a recording left beside its cassette.

    A killed recording leaves a journal, CASSETTE.journal. The next recording into the cassette recovers it; this
    command recovers it without a new recording. CASSETTE.quarantine holds takes that were set aside, because redaction
    left a real value in them. This command takes them in once a rule in [tool.awstape] of pyproject.toml keeps or masks
    the value. Both files need the key of the recording. The exit status is 1 if takes are still set aside.

    \b
    awstape recover team.yaml
    awstape recover team.yaml --as-is 'ListRoles'
    """
    from awstape.recovery import recover
    from awstape.report import waiting_facts, waiting_lines

    results = {path: recover(path, os.environ, as_is) for path in cassettes}
    if as_json:
        print_json(
            {
                str(path): {"lines": result.lines, "set_aside": waiting_facts(result.waiting)}
                for path, result in results.items()
            }
        )
    for path, result in results.items() if not as_json else ():
        lines = [*result.lines, *waiting_lines(path, result.waiting)]
        click.echo("\n".join(lines) or f"nothing to recover for {printable(str(path))}")
    return int(any(result.waiting for result in results.values()))


@click.command(cls=ProgramCommand)
@parameters.cassettes
@click.option(
    "--paging",
    default="recorded",
    show_default=True,
    metavar="MODE",
    help="Page sizes: recorded, client (its limit), N items each, torture[:SEED].",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="FAULT",
    help="Make requests fail, such as 'throttle ListRoles page=2 times=1'.",
)
@click.option("--strict", is_flag=True, help="Fail if a track was not replayed, a fault not used or nothing requested.")
@click.option("-v", "--verbose", is_flag=True, help="List the tracks that were not replayed, too; --strict does.")
@click.option("--proxy", is_flag=True, help="Intercept HTTPS instead of serving a plain endpoint.")
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="Answer in N processes; a session stays with one of them. Not with --proxy.",
)
@_host
@_allow_remote
@_port
@parameters.as_json
@click.pass_context
def replay(
    ctx: click.Context,
    cassettes: tuple[Path, ...],
    paging: str,
    faults: tuple[str, ...],
    strict: bool,
    verbose: bool,
    proxy: bool,
    workers: int,
    host: str,
    allow_remote: bool,
    port: int,
    as_json: bool,
) -> int:
    """Serve CASSETTES, files or folders, offline.

    COMMAND runs with AWS_ENDPOINT_URL set (with --proxy: HTTPS_PROXY and CA variables) and dummy
    credentials. Nothing is ever forwarded. The exit status is that of COMMAND, or 1 if a request had no recorded
    answer.

    \b
    FAULT is KIND [OPERATION] [page=N] [times=N|always], or slow … [seconds=S]; KIND is one of
    throttle, internal, unavailable, denied, expired, drop, slow

    \b
    awstape replay policies.yaml -- python list_policies.py
    awstape replay policies.yaml --paging torture --strict -- pytest
    awstape replay policies.yaml --fault 'throttle ListPolicies page=2' -- ./audit
    awstape replay cassettes/ --proxy -- aws iam list-policies --scope Local
    """
    if proxy:
        if workers > 1:
            raise UserError("--workers serves a plain endpoint only, not --proxy", "leave out one of the two")
        from awstape.proxying.requirement import require_mitmproxy

        require_mitmproxy("awstape replay --proxy")
    from awstape.cli.terminal import program_reports
    from awstape.core.text.advice import on_command_line
    from awstape.opening import open_for_replay
    from awstape.program import child_process, servers
    from awstape.report import callers_line
    from awstape.serving.access_control import is_loopback, replay_exposure_warning

    listen = servers.resolve_listen_options(host, allow_remote=allow_remote)
    command = ctx.meta.get(_COMMAND, ())
    tape = open_for_replay(cassettes, os.environ, paging, faults, on_command_line(command))
    if (callers := callers_line(tape.callers)) and not as_json:
        warn(callers)
    announce = _announcer("replaying " + " ".join(map(str, cassettes)), as_json, tape.callers)
    if not is_loopback(listen.address):
        warn(replay_exposure_warning(listen.address))
    with child_process.signals_blocked() if command else nullcontext():
        way: Literal["endpoint", "proxy"] = "proxy" if proxy else "endpoint"
        with servers.workers_for(tape, workers, listen, warn) as forked:
            server = (
                servers.serve_proxy(tape, {}, port, listen, warn=warn)
                if proxy
                else servers.serve_endpoint(tape, port, listen, forked)
            )
            status = _run_with(ctx, server, announce, is_endpoint=not proxy)
        status = program_reports.report_replay(
            tape, status, command, way=way, as_json=as_json, strict=strict, with_not_replayed=verbose or strict
        )
    return child_process.exit_like(status)


@click.command()
def addon() -> int:
    """Print the path of the mitmproxy addon.

    \b
    mitmdump -s "$(awstape addon)" --set awstape_cassette=team.yaml
    """
    from awstape.proxying.requirement import require_mitmproxy

    require_mitmproxy("awstape addon")
    click.echo(Path(__file__).parents[2] / "addon.py")
    return 0


def _announcer(activity: str, as_json: bool, callers: Sequence[str] = ()) -> OnListening:
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


def _run_with(
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

    command = ctx.meta.get(_COMMAND)
    # mitmproxy's sockets and the ends of programs are tried with the loops of asyncio only.
    make_loop = clock.fast_event_loop if is_endpoint and not command else clock.EventLoop
    with asyncio.Runner(loop_factory=make_loop) as runner:
        return runner.run(servers.run_with_server(server, command, announce, warn))

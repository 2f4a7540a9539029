"""`record`: records the requests of a program."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from awstape.cli.terminal import parameters, program_command
from awstape.cli.terminal.output import warn

if TYPE_CHECKING:
    from awstape.opening import RecordMode
    from awstape.serving.access_control import PassThrough

_MODES = ("all", "new_episodes", "once", "rewrite")


@click.command(cls=program_command.ProgramCommand)
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
@program_command.host
@program_command.allow_remote
@program_command.port
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
    from awstape.opening import RecordOptions, choose_services, open_for_recording
    from awstape.program import child_process, environment, servers
    from awstape.proxying.requirement import require_mitmproxy
    from awstape.proxying.upstream import parse_upstream
    from awstape.serving.access_control import is_loopback, record_exposure_warning

    require_mitmproxy("awstape record")
    command = program_command.program_of(ctx)
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
        RecordOptions(operation, chosen, include_writes, is_followed=True),
        on_command_line(command, writes=include_writes, services=services, others=_options_of(ctx)),
    )
    if is_first and keys.key_exists(os.environ):
        click.echo(f"made a key for your aliases: {keys.key_file()}", err=True)
    for line in tape.recovered:
        warn(line)
    announce = program_command.announcer(f"recording into {cassette}", as_json)
    if not is_loopback(listen.address):
        warn(record_exposure_warning(listen.address, passing))
    with child_process.signals_blocked() if command else nullcontext():
        with program_reports.write_at_end(tape, cassette, command, as_json=as_json) as end:
            server = servers.serve_proxy(tape, redirected, port, listen, passing, upstream_cas=upstream_cas, warn=warn)
            end.status = program_command.run_with(ctx, server, announce)
        status = end.status or int(end.is_incomplete)
        if tape.replays_only:
            status = program_reports.report_replay(tape, status, command, way="proxy", as_json=as_json)
    return child_process.exit_like(status)


def _options_of(ctx: click.Context) -> list[str]:
    """The options at hand that say what is recorded from where, for the next command; none with a password."""
    options = []
    for name, option in (("upstream", "--upstream"), ("upstream_cas", "--upstream-ca"), ("operation", "--operation")):
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            options += [word for value in ctx.params[name] if "@" not in str(value) for word in (option, str(value))]
    return options

"""`replay`: serves cassettes to a program, or until Ctrl-C."""

from __future__ import annotations

import os
from contextlib import nullcontext
from pathlib import Path
from typing import Literal

import click

from awstape.cli.terminal import parameters, program_command
from awstape.cli.terminal.output import warn
from awstape.errors import UserError


@click.command(cls=program_command.ProgramCommand)
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
@program_command.host
@program_command.allow_remote
@program_command.port
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
    answer, or none arrived.

    \b
    FAULT is KIND [OPERATION] [page=N] [times=N|times=always], or slow … [seconds=S]; KIND is one of
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
    command = program_command.program_of(ctx)
    tape = open_for_replay(cassettes, os.environ, paging, faults, on_command_line(command))
    if (callers := callers_line(tape.callers)) and not as_json:
        warn(callers)
    announce = program_command.announcer("replaying " + " ".join(map(str, cassettes)), as_json, tape.callers)
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
            status = program_command.run_with(ctx, server, announce, is_endpoint=not proxy)
        status = program_reports.report_replay(
            tape, status, command, way=way, as_json=as_json, strict=strict, with_not_replayed=verbose or strict
        )
    return child_process.exit_like(status)

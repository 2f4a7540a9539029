"""Runs a `Tape` behind the proxy or the endpoint, for a program or until Ctrl-C."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from awstape import catalog, session
from awstape.core.wire import Request, Response
from awstape.endpoint import serving
from awstape.errors import UserError
from awstape.session import Environment
from awstape.tape import Tape

HOST = "127.0.0.1"

Announce = Callable[[str, Environment], None]
"""(address, variables to set) → None: what to say when there is no program to run."""

Upstream = Mapping[str, SplitResult]
"""Service name → where its requests go instead of to AWS."""


def parse_upstream(specs: Sequence[str]) -> Upstream:
    """`SERVICE=URL` strings, taken apart. Raises UserError."""
    upstream = {}
    for spec in specs:
        service, _, url = spec.partition("=")
        try:
            parts = urlsplit(url)
            valid = service in catalog.SERVICES and parts.scheme in ("http", "https") and parts.hostname
            _ = parts.port  # raises for a port that is none
        except ValueError:
            valid = None
        if not valid:
            services = " or ".join(catalog.SERVICES)
            raise UserError(
                f"the upstream {spec!r} is not SERVICE=URL with {services}", "for example iam=http://127.0.0.1:5000"
            )
        upstream[service] = parts
    return upstream


async def intercept(
    tape: Tape, upstream: Upstream, port: int, command: Sequence[str] | None, announce: Announce
) -> int:
    """Behind an intercepting proxy; the exit status of the program, or 0."""
    from awstape.addon import Interceptor
    from awstape.interception import ca_certificate, intercepting

    ca_folder = session.data_folder(os.environ)
    certificates = session.trusted_certificates(os.environ)
    interceptor = Interceptor(tape, upstream)
    with tempfile.TemporaryDirectory(prefix="awstape-") as folder:
        trusted, bundle = Path(folder, "trusted.pem"), Path(folder, "with-awstape.pem")
        trusted.write_text(certificates, encoding="utf-8")
        async with intercepting(interceptor, HOST, port, ca_folder, trusted) as address:
            ours = ca_certificate(ca_folder).read_text(encoding="ascii")
            bundle.write_text(f"{certificates}\n{ours}", encoding="utf-8")
            url = "http://{}:{}".format(*address)
            changes = session.through_proxy(os.environ, url, bundle)
            if upstream or tape.recorder is None:
                changes |= session.without_account(os.environ, _region(tape))
            status = await _run(command, changes, url, announce)
    if interceptor.failure:
        raise UserError(f"awstape stopped: {interceptor.failure}", "please report this; no traffic is in the message")
    return status


async def answer(tape: Tape, port: int, command: Sequence[str] | None, announce: Announce) -> int:
    """Behind a plain endpoint, which only replays; the exit status of the program, or 0."""
    player = tape.player
    assert player is not None

    def respond(request: Request) -> Response:
        return player.answer(request).response

    async with serving(respond, HOST, port) as address:
        url = "http://{}:{}".format(*address)
        changes = session.to_endpoint(os.environ, url) | session.without_account(os.environ, _region(tape))
        return await _run(command, changes, url, announce)


async def _run(command: Sequence[str] | None, changes: Environment, url: str, announce: Announce) -> int:
    if command:
        return await session.run(command, session.applied(os.environ, changes))
    announce(url, changes)
    await session.until_interrupted()
    return 0


def _region(tape: Tape) -> str | None:
    """The region of the cassette's tracks, if they agree on one."""
    regions = {take.track.region for take in tape.old.takes} - {None}
    return next(iter(regions)) if len(regions) == 1 else None

"""The endpoint's own paths, for tests in any language. They begin with `~`, as no path of a service does.

1. `/~NAME/…` selects a session: the rest of the path is handled in it. A program uses a session through its endpoint
   URL, `AWS_ENDPOINT_URL_IAM=http://127.0.0.1:PORT/~NAME`. A session begins with its first request and ends with its
   reset.
2. `GET /~/health` returns the status and what is served. `GET /~/misses` returns the misses and the takes that were not
   played, `POST /~/reset` restarts takes and faults: of all sessions, or as `/~NAME/~/…` of one.
3. A reset removes nothing from the report at the end.
4. A client with a wrong path, such as one to a session without a name, gets a miss in the service's own format.
5. A request that a page of another site made a browser send (`serving.access_control`) is refused with status 421.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import NamedTuple

from awstape import __version__
from awstape.core.aws.routing import signed_service_name
from awstape.core.aws.wire import Reply, Request, Response
from awstape.core.replay.sessions import Session
from awstape.core.text.lazy_pattern import lazy_pattern
from awstape.report import replay_facts
from awstape.serving.access_control import AccessPolicy
from awstape.tape import Tape

_SESSION = lazy_pattern(r"/(?:~|%7[Ee])([^/]{1,200})(?=/|$)")
_CONTROL = lazy_pattern(r"/~/(health|misses|reset)/?")


def answer(tape: Tape, policy: AccessPolicy, request: Request) -> Reply:
    """Answers a request to the endpoint of a tape that only replays."""
    if refusal := refuse(policy, request):
        return refusal
    target = find_target(request)
    if target.is_control:
        return control(tape, target)
    reply = tape.answer(target.request, target.session)
    assert reply
    return reply


def refuse(policy: AccessPolicy, request: Request) -> Reply | None:
    """The refusal of a request by rule 5, None if it is accepted."""
    if reason := policy.request_refusal(request):
        return Reply(Response(421, (("Content-Type", "text/plain"),), f"{reason}\n".encode()))
    return None


class Target(NamedTuple):
    """The session that a request selects, and the request without it. is_control: whether it is for awstape itself."""

    session: str
    request: Request
    is_control: bool

    @property
    def is_reset(self) -> bool:
        match = _CONTROL.fullmatch(self.request.path)
        return self.is_control and self.request.method == "POST" and match is not None and match[1] == "reset"


def find_target(request: Request) -> Target:
    """Finds what a request is for, by its path."""
    name = prefix = ""
    if match := _SESSION.match(request.path):
        name, prefix = match[1], match[0]
        request = replace(request, path=request.path[match.end() :] or "/")
    if address := request.header("host"):
        request = replace(request, origin=f"http://{address}{prefix}")
    # A signed request was meant for AWS: its endpoint URL has `/~` without the name of a session.
    is_unknown = request.path.startswith("/~/") and not signed_service_name(request)
    return Target(name, request, is_unknown or _CONTROL.fullmatch(request.path) is not None)


def control(tape: Tape, target: Target) -> Reply:
    """Answers a request for awstape itself."""
    player = tape.player
    assert player and tape.replays_only
    name, request = target.session, target.request
    match = _CONTROL.fullmatch(request.path)
    if not match:
        return _respond(404, {"error": "the paths of awstape are /~/health, /~/misses, /~/reset and /~NAME/…"})
    methods = ("POST",) if match[1] == "reset" else ("GET", "HEAD")
    if request.method not in methods:
        return _respond(405, {"error": f"use {methods[0]} for {match[0]}"}, ("Allow", ", ".join(methods)))
    if match[1] == "health":
        return _respond(200, {"status": "ok", "version": __version__, **player.facts()})
    if match[1] == "reset":
        tape.reset(name or None)
        return _respond(200, {"reset": name or "all sessions"})
    return _respond(
        200, replay_facts(player, player.sessions.by_name.get(name, Session()) if name else player.sessions.since_reset)
    )


def _respond(status: int, facts: object, *headers: tuple[str, str]) -> Reply:
    body = json.dumps(facts).encode() + b"\n"
    return Reply(Response(status, (("Content-Type", "application/json"), *headers), body))

"""The endpoint's own paths, for tests in any language. They begin with `~`, as no path of a service does.

1. `/~NAME/…` is a session: the rest of the path is asked in it. A program is put into one by its endpoint URL,
   `AWS_ENDPOINT_URL=http://127.0.0.1:PORT/~NAME`. A session begins with its first request and ends with its reset.
2. `GET /~/health` says that the endpoint is there and what it serves. `GET /~/misses` says what was missed and what was
   never asked for, `POST /~/reset` lets takes and faults begin anew: of everybody, or as `/~NAME/~/…` of a session.
3. What a reset forgets stays in the report at the end.
4. A client that is led elsewhere, such as to a session without a name, gets a miss in the service's own format.
5. What a page of another site makes a browser ask (`serving.access_control`) is asked of nobody: it gets a 421.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace

from awstape import __version__
from awstape.core.aws.routing import signed_service_name
from awstape.core.aws.wire import Reply, Request, Response
from awstape.core.replay.sessions import Session
from awstape.report import replay_facts
from awstape.serving.access_control import Guard
from awstape.tape import Tape

_SESSION = re.compile(r"/(?:~|%7[Ee])([^/]{1,200})(?=/|$)")
_CONTROL = re.compile(r"/~/(health|misses|reset)/?")


def answer(tape: Tape, guard: Guard, request: Request) -> Reply:
    """The answer to a request that came to the endpoint of a tape that only replays."""
    player = tape.player
    assert player and not tape.recorder
    if reason := guard.stranger(request):
        return Reply(Response(421, (("Content-Type", "text/plain"),), f"{reason}\n".encode()))
    name = ""
    if match := _SESSION.match(request.path):
        name = match[1]
        request = replace(request, path=request.path[match.end() :] or "/")
    match = _CONTROL.fullmatch(request.path)
    # What is signed was meant for AWS, and led to a path of ours by a session whose name is missing.
    if not match and (signed_service_name(request) or not request.path.startswith("/~/")):
        reply = tape.answer(request, name)
        assert reply
        return reply
    if not match:
        return _say(404, {"error": "the paths of awstape are /~/health, /~/misses, /~/reset and /~NAME/…"})
    methods = ("POST",) if match[1] == "reset" else ("GET", "HEAD")
    if request.method not in methods:
        return _say(405, {"error": f"{match[0]} is asked with {methods[0]}"}, ("Allow", ", ".join(methods)))
    if match[1] == "health":
        return _say(200, {"status": "ok", "version": __version__, **player.facts()})
    if match[1] == "reset":
        tape.reset(name or None)
        return _say(200, {"reset": name or "all sessions"})
    return _say(
        200, replay_facts(player, player.sessions.by_name.get(name, Session()) if name else player.sessions.since_reset)
    )


def _say(status: int, facts: object, *headers: tuple[str, str]) -> Reply:
    body = json.dumps(facts).encode() + b"\n"
    return Reply(Response(status, (("Content-Type", "application/json"), *headers), body))

"""`InProcess`: a tape between this process's boto3, botocore and aiobotocore clients and AWS, without a socket.

1. botocore asks its `before-send` handlers before it opens a connection. What a tape answers goes through botocore's
   own parser and retries, as if it had come over the wire. What is recorded is seen again at `response-received`.
2. While a tape is in use, every session that is made anew asks it, and boto3's default session; a session or client
   that was there before if it is attached. One that is not is met where botocore hands a request to its HTTP session:
   so it asks the tape, too, but signs before, and needs credentials to. Of several tapes the last one is asked.
3. A tape that only replays lets nothing out: other AWS services are refused, unless something else, such as moto,
   answers for them. Requests need no credentials; what looks for some finds ones that are nobody's in the environment.
4. When the last tape is closed, everything is as it was: environment, handlers, boto3's default session.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack, suppress
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import botocore
import botocore.exceptions
import botocore.handlers
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.hooks import BaseEventHooks

from awstape.catalog import catalog
from awstape.core.aws.routing import try_find_service
from awstape.core.aws.wire import Reply, Request
from awstape.core.recording.recorder import Recording
from awstape.core.replay.misses import HEADER, Miss
from awstape.errors import MissError
from awstape.inprocess.botocore_wire import (
    AsyncResponse,
    body_of,
    call_context,
    given_later,
    given_now,
    is_async,
    lazy_response,
    request_of,
    response_of,
)
from awstape.program import environment
from awstape.proxying.upstream import Upstream
from awstape.report import miss_lines, not_replayed_lines, unused_fault_lines
from awstape.tape import Tape, open_for_replay

_in_use: list[InProcess] = []
_attached: list[Any] = []  # emitters of what was attached
_before: dict[str, str | None] = {}  # the environment, as far as it was changed
_asked: ContextVar[Request | None] = ContextVar("awstape_asked", default=None)


class InProcess:
    """A tape for the clients of this process, in use from `__enter__` to `__exit__`.

    strict: whether what was recorded and never asked for is an error at the end, as misses are. upstream: where to
    record from instead of from AWS.
    """

    def __init__(self, tape: Tape, *, strict: bool = False, upstream: Upstream | None = None) -> None:
        self.tape = tape
        self._strict = strict
        self.upstream: Upstream = upstream or {}
        self._was_used = False

    def __enter__(self) -> Self:
        self.use()
        return self

    def use(self) -> None:
        """Takes the tape into use; `close` ends it. Raises RuntimeError if it was used before."""
        if self._was_used:
            raise RuntimeError("this tape was used before: its takes are played; make another one")
        self._was_used = True
        changes: environment.EnvironmentChanges = {
            f"AWS_ENDPOINT_URL_{s.upper()}": url.geturl() for s, url in self.upstream.items()
        }
        if self.replays_only or self.upstream:
            changes |= environment.dummy_credentials(os.environ, self.tape.region)
        for name in changes:
            _before.setdefault(name, os.environ.get(name))
        _set_environ(changes)
        default = getattr(sys.modules.get("boto3"), "DEFAULT_SESSION", None)
        if not _in_use:
            _set_up(default)
        _in_use.append(self)
        if default is not None:
            self.attach(default)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
        if kind is None and (problem := self.problem(unplayed=self._strict, unstruck=self._strict)):
            raise MissError(problem)

    def close(self) -> Recording | None:
        """Ends the use of the tape; what was recorded is written. Raises UserError."""
        if self not in _in_use:
            return None
        _in_use.remove(self)
        if not _in_use:
            _undo.close()
        return self.tape.close()

    def attach(self, *targets: Any) -> None:
        """Lets sessions, clients and resources that were made before ask, too, as long as a tape is in use.

        Raises TypeError for anything else.
        """
        for target in targets:
            events = _events(target)
            _unregister(events)  # they may be registered already, as by a session that was made meanwhile
            for name, handler, *order in _HANDLERS:
                (events.register_last if order else events.register)(name, handler)
            _attached.append(events)

    @property
    def replays_only(self) -> bool:
        return self.tape.recorder is None

    @property
    def misses(self) -> list[Miss]:
        """What was asked for and not recorded, so far."""
        return self.tape.player.misses if self.tape.player else []

    def reset(self) -> None:
        """Lets takes and faults begin anew; misses stay."""
        self.tape.reset()

    def problem(self, *, unplayed: bool, unstruck: bool) -> str:
        """The misses in full, and if asked for what was not played and which faults never struck; "" if all is well."""
        player = self.tape.player
        if player is None or not self.replays_only:
            return ""
        lines = [*miss_lines(player), *(unused_fault_lines(player) if unstruck else ())]
        return "\n".join([*lines, *(not_replayed_lines(player) if unplayed else ())])


_undo = ExitStack()


def _set_up(default: Any) -> None:
    """Lets new sessions ask, and what passes by them; `_undo` undoes it. default: boto3's default session, so far."""
    botocore.handlers.BUILTIN_HANDLERS.extend(_HANDLERS)
    _undo.callback(_tear_down, default)
    for module, name, patched in _TRANSPORTS:
        if module in sys.modules:
            transport = getattr(sys.modules[module], name)
            _undo.callback(setattr, transport, "send", transport.send)
            transport.send = patched(transport.send)


def _tear_down(default: Any) -> None:
    for handler in _HANDLERS:
        botocore.handlers.BUILTIN_HANDLERS.remove(handler)
    while _attached:
        _unregister(_attached.pop())
    _set_environ(_before)
    _before.clear()
    if default is None and (boto3 := sys.modules.get("boto3")):
        boto3.DEFAULT_SESSION = None  # type: ignore[attr-defined]  # one made meanwhile keeps nobody's credentials


def replay(
    cassette: str | os.PathLike[str],
    *more: str | os.PathLike[str],
    paging: str | int = "recorded",
    faults: str | Sequence[str] = (),
    strict: bool = False,
) -> InProcess:
    """Replays cassettes, files or folders, to the boto3, botocore and aiobotocore clients of this process.

        with awstape.replay("roles.yaml", paging="torture"):
            boto3.client("iam").get_paginator("list_roles")...

    paging: `recorded`, `client`, a number of items, `torture` or `torture:SEED`. faults: such as
    `throttle ListRoles page=2`. strict: what is never asked for is an error at the end of the block, as misses are.
    Raises UserError for a cassette or setting that can't be used; at the end of the block MissError.
    """
    failing = [faults] if isinstance(faults, str) else faults
    paths = [Path(path) for path in (cassette, *more)]
    return InProcess(open_for_replay(paths, os.environ, str(paging), failing), strict=strict)


# --- handlers ---------------------------------------------------------------------------------------------------


def _request_created(request: Any, **_: Any) -> None:
    """What is sent has no context before botocore 1.36; what it is made of has."""
    call_context.set(request.context)


def _before_send(request: AWSPreparedRequest, event_name: str, **_: Any) -> object:
    """The answer instead of the wire's: for an asynchronous client a coroutine that has it."""
    if not _in_use:
        return None
    tape = _in_use[-1].tape
    asked = request_of(request, event_name.split(".")[1])
    reply = tape.answer(asked)
    _asked.set(asked if reply is None else None)
    if reply is None:
        return None
    # All handlers are called, also when one has an answer: let nobody else, such as moto, take the request for theirs.
    url, request.url = request.url, _NOWHERE
    return given_later(url, reply) if is_async() else given_now(url, reply)


def _response_received(response_dict: dict[str, Any] | None, **_: Any) -> None:
    if (asked := _asked.get()) is None or not _in_use:
        return
    _asked.set(None)
    response = None
    if response_dict is not None:
        response = response_of(response_dict["status_code"], response_dict["headers"], response_dict["body"])
    _in_use[-1].tape.feed(asked, response)


def _choose_signer(**_: Any) -> object:
    """No signature where nothing is sent, so that none needs credentials."""
    return botocore.UNSIGNED if _in_use and _in_use[-1].replays_only else None


def _refuse_others(request: AWSPreparedRequest, **_: Any) -> object:
    """A refusal of what is for another AWS service. It counts if it is read: that is, if nobody else has an answer."""
    if not _in_use or not _in_use[-1].replays_only or not _is_for_aws(request):
        return None
    tape, asked = _in_use[-1].tape, request_of(request, None)
    if try_find_service(catalog.models(), asked):
        return None
    kind = AsyncResponse if is_async() else AWSResponse
    headers = (HEADER, ("x-amzn-errortype", "CassetteMiss"))
    return lazy_response(kind, request.url, 400, headers, lambda: body_of(tape.answer(asked)))


def _passed_by(request: AWSPreparedRequest) -> tuple[Tape, Request, Reply | None] | None:
    """A request of a client that no handler of ours has seen: tape, request, answer. None if it is for no tape."""
    if not _in_use or _asked.get() is not None:
        return None
    tape, asked = _in_use[-1].tape, request_of(request, None)
    if not try_find_service(catalog.models(), asked) and (tape.recorder or not _is_for_aws(request)):
        return None
    return tape, asked, tape.answer(asked)


def _is_for_aws(request: AWSPreparedRequest) -> bool:
    host = urlsplit(request.url).hostname or ""
    return any(host.endswith(f".{suffix}") for suffix in catalog.host_suffixes())


def _patched(send: Callable[..., AWSResponse]) -> Callable[..., AWSResponse]:
    def asking(http: object, request: AWSPreparedRequest) -> AWSResponse:
        if (found := _passed_by(request)) is None:
            return send(http, request)
        tape, asked, reply = found
        if reply is None:
            response = send(http, request)
            tape.feed(asked, response_of(response.status_code, response.headers, response.content))
            return response
        return given_now(request.url, reply)

    return asking


def _patched_async(send: Callable[..., Coroutine[None, None, Any]]) -> Callable[..., Coroutine[None, None, Any]]:
    async def asking(http: object, request: AWSPreparedRequest) -> Any:
        if (found := _passed_by(request)) is None:
            return await send(http, request)
        tape, asked, reply = found
        if reply is None:
            response = await send(http, request)
            tape.feed(asked, response_of(response.status_code, response.headers, await response.content))
            return response
        return await given_later(request.url, reply)

    return asking


#: Where botocore and aiobotocore hand requests to the network.
_TRANSPORTS: tuple[tuple[str, str, Callable[..., Any]], ...] = (
    ("botocore.httpsession", "URLLib3Session", _patched),
    ("aiobotocore.httpsession", "AIOHTTPSession", _patched_async),
)
_NOWHERE = "https://awstape.invalid/"
_HANDLERS: list[tuple[Any, ...]] = [
    ("request-created", _request_created),
    *((f"before-send.{service}", _before_send) for service in catalog.SERVICES),
    *((f"response-received.{service}", _response_received) for service in catalog.SERVICES),
    *((f"choose-signer.{service}", _choose_signer) for service in catalog.SERVICES),
    ("before-send", _refuse_others, botocore.handlers.REGISTER_LAST),
]


def _events(target: Any) -> Any:
    """The event emitter of a session, client or resource. Raises TypeError."""
    events = None
    if not isinstance(target, type):
        with suppress(AttributeError):
            if hasattr(target, "get_component"):  # a session of botocore
                events = target.get_component("event_emitter")
            elif hasattr(target, "events"):  # of boto3
                events = target.events
            else:  # a client, or a resource, which has one
                events = getattr(target.meta, "client", target).meta.events
    if not isinstance(events, BaseEventHooks):
        kind = f"the class {target.__name__}" if isinstance(target, type) else type(target).__name__
        raise TypeError(f"{kind} is no session, client or resource of boto3 or botocore")
    return events


def _unregister(events: Any) -> None:
    for name, handler, *_ in _HANDLERS:
        events.unregister(name, handler)


def _set_environ(changes: environment.EnvironmentChanges) -> None:
    for name, value in changes.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value

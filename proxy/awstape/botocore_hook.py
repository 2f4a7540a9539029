"""`InProcess`: a tape between this process's boto3, botocore and aiobotocore clients and AWS, without a socket.

1. botocore asks its `before-send` handlers before it opens a connection. What a tape answers goes through botocore's
   own parser and retries, as if it had come over the wire. What is recorded is seen again at `response-received`.
2. While a tape is in use, every session that is made anew asks it, and boto3's default session. A session or client
   that was there before is attached by hand. Of several tapes the one that was taken into use last is asked.
3. A tape that only replays lets nothing out: other AWS services are refused, unless something else, such as moto,
   answers for them. Requests need no credentials; what looks for some finds ones that are nobody's in the environment.
"""

from __future__ import annotations

import asyncio
import math
import os
import re
import sys
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import botocore
import botocore.exceptions
import botocore.handlers
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.hooks import BaseEventHooks

from awstape import catalog, session
from awstape.core.misses import HEADER, Miss
from awstape.core.recorder import Recording
from awstape.core.wire import Headers, Reply, Request, Response
from awstape.errors import MissError
from awstape.report import miss_lines, unplayed_lines, unstruck_lines
from awstape.tape import Tape, open_for_replay

_in_use: list[InProcess] = []
_attached: list[Any] = []  # emitters of what was attached
_asked: ContextVar[Request | None] = ContextVar("awstape_asked", default=None)
_context: ContextVar[dict[str, Any] | None] = ContextVar("awstape_context", default=None)  # of the call under way


class InProcess:
    """A tape for the clients of this process, in use from `__enter__` to `__exit__`.

    strict: whether what was recorded and never asked for is an error at the end, as misses are.
    """

    def __init__(self, tape: Tape, *, strict: bool = False) -> None:
        self.tape = tape
        self._strict = strict
        self._environ: dict[str, str | None] = {}
        self._had_default = True

    def __enter__(self) -> Self:
        self.use()
        return self

    def use(self) -> None:
        """Takes the tape into use; `close` ends it. Raises RuntimeError if it is in use already."""
        if self in _in_use:
            raise RuntimeError("this tape is in use already")
        if self.replays_only:
            changes = session.without_account(os.environ, self.tape.region)
            self._environ = {name: os.environ.get(name) for name in changes}
            _set_environ(changes)
        if not _in_use:
            botocore.handlers.BUILTIN_HANDLERS.extend(_HANDLERS)
        _in_use.append(self)
        default = getattr(sys.modules.get("boto3"), "DEFAULT_SESSION", None)
        self._had_default = default is not None
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
            for handler in _HANDLERS:
                botocore.handlers.BUILTIN_HANDLERS.remove(handler)
            while _attached:
                _unregister(_attached.pop())
        _set_environ(self._environ)
        if self.replays_only and not self._had_default and (boto3 := sys.modules.get("boto3")):
            boto3.DEFAULT_SESSION = None  # type: ignore[attr-defined]  # one made meanwhile keeps nobody's credentials
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
        lines = [*miss_lines(player), *(unstruck_lines(player) if unstruck else ())]
        return "\n".join([*lines, *(unplayed_lines(player) if unplayed else ())])


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
    _context.set(request.context)


def _before_send(request: AWSPreparedRequest, event_name: str, **_: Any) -> object:
    """The answer instead of the wire's: for an asynchronous client a coroutine that has it."""
    if not _in_use:
        return None
    tape = _in_use[-1].tape
    asked = _request(request, event_name.split(".")[1])
    reply = tape.answer(asked)
    _asked.set(asked if reply is None else None)
    if reply is None:
        return None
    # All handlers are called, also when one has an answer: let nobody else, such as moto, take the request for theirs.
    url, request.url = request.url, _NOWHERE
    if _is_async():
        return _later(url, reply)
    time.sleep(min(reply.delay, _patience()))
    return _given(url, reply, AWSResponse)


def _response_received(response_dict: dict[str, Any] | None, **_: Any) -> None:
    if (asked := _asked.get()) is None or not _in_use:
        return
    _asked.set(None)
    response = None
    if response_dict is not None:
        headers = tuple((name, str(value)) for name, value in response_dict["headers"].items())
        response = Response(response_dict["status_code"], headers, response_dict["body"])
    _in_use[-1].tape.feed(asked, response)


def _choose_signer(**_: Any) -> object:
    """No signature where nothing is sent, so that none needs credentials."""
    return botocore.UNSIGNED if _in_use and _in_use[-1].replays_only else None


def _refuse_others(request: AWSPreparedRequest, **_: Any) -> object:
    """A refusal of what is for another AWS service. It counts if it is read: that is, if nobody else has an answer."""
    host = urlsplit(request.url).hostname or ""
    is_aws = any(host.endswith(f".{suffix}") for suffix in catalog.host_suffixes())
    if not _in_use or not _in_use[-1].replays_only or not is_aws or catalog.service_of_host(host):
        return None
    tape = _in_use[-1].tape
    kind = _AsyncResponse if _is_async() else AWSResponse
    as_json = "json" in _text(request.headers.get("content-type") or "")
    headers = (HEADER, ("x-amzn-errortype", "CassetteMiss")) if as_json else (HEADER,)
    return _response(kind, request.url, 400, headers, lambda: _body_of(tape.refuse(host, as_json=as_json)))


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


# --- requests and responses -------------------------------------------------------------------------------------


def _request(request: AWSPreparedRequest, service: str) -> Request:
    url = urlsplit(request.url)
    host = url.hostname or ""
    if catalog.service_of_host(host) is None:  # an endpoint of the client's own; what it is for, the event says
        context = _context.get() or {}
        region = context.get("signing", {}).get("region") or getattr(context.get("client_config"), "region_name", None)
        host = catalog.host_of(service, region or "us-east-1")
        url = url._replace(path=re.sub(r"^/~[^/]+", "", url.path))  # a session of an endpoint
    headers = tuple((name, _text(value)) for name, value in request.headers.items())
    body: Any = request.body or b""
    return Request(
        request.method,
        host,
        url.path or "/",
        url.query,
        headers,
        body.encode() if isinstance(body, str) else bytes(body),
    )


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _response(
    kind: type[AWSResponse], url: str, status: int, headers: Headers, make: Callable[[], bytes]
) -> AWSResponse:
    mapping: Any = dict(headers)  # AWSResponse takes any
    return kind(url, status, mapping, _Body(headers, make))


def _given(url: str, reply: Reply, kind: type[AWSResponse]) -> AWSResponse:
    response = reply.response
    if reply.delay > _patience():
        raise botocore.exceptions.ReadTimeoutError(endpoint_url=url)
    if response is None:
        raise botocore.exceptions.ConnectionClosedError(endpoint_url=url)
    return _response(kind, url, response.status, response.headers, lambda: response.body)


async def _later(url: str, reply: Reply) -> AWSResponse:
    await asyncio.sleep(min(reply.delay, _patience()))
    return _given(url, reply, _AsyncResponse)


def _is_async() -> bool:
    """Whether the client is one of aiobotocore, which awaits what its handlers give."""
    return type(_config()).__module__.startswith("aiobotocore.")


def _patience() -> float:
    """How many seconds the client waits for an answer."""
    return getattr(_config(), "read_timeout", None) or math.inf


def _config() -> Any:
    """The configuration of the client whose call is under way."""
    return (_context.get() or {}).get("client_config")


class _Body:
    """A body as botocore reads one; it is made when it is read."""

    def __init__(self, headers: Headers, make: Callable[[], bytes]) -> None:
        self.raw_headers = [(name.encode(), value.encode()) for name, value in headers]  # aiobotocore 2 takes these
        self._make = cache(make)  # aiobotocore reads twice

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self._make()


class _AsyncResponse(AWSResponse):
    """A response as aiobotocore reads one."""

    @property
    def content(self) -> Coroutine[None, None, bytes]:  # type: ignore[override]
        async def read() -> bytes:
            return b"".join(self.raw.stream())

        return read()


def _body_of(reply: Reply) -> bytes:
    return reply.response.body if reply.response else b""


def _set_environ(changes: session.Environment) -> None:
    for name, value in changes.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value

"""botocore's event handlers, through which clients of this process reach the tapes in use.

1. botocore calls its `before-send` handlers before it opens a connection. A tape's response goes through botocore's own
   parser and retries, like one from the network. A response that is recorded arrives at `response-received`.
2. The handlers are registered with every session that is created while a tape is in use, with boto3's default session,
   with what is attached, and with every other client at its first request. So they come before the handlers that a
   client has from before, such as moto's.
3. A request loses its signature once it is answered, so that no report of a failed test shows credentials. Errors of a
   tape are raised without the frames inside.
4. If several tapes are in use, the last one answers. After the last one, all of this is undone.
5. A recording from a stand-in sends nothing to AWS. A client from before the recording has an endpoint of AWS: its
   requests are led to the stand-in, and get dummy credentials if it has none. Requests to services that are not
   recorded are refused.
6. A call that was answered before is answered at `before-call`, without a request (`inprocess.known_calls`).
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from contextvars import ContextVar
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from weakref import WeakSet

import botocore
import botocore.handlers
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.credentials import Credentials
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
)
from botocore.hooks import BaseEventHooks

from awstape.catalog.hosts import is_aws_host
from awstape.core.aws.error_codes import NO_CONNECTION, NO_RESPONSE
from awstape.core.aws.routing import try_find_service
from awstape.core.aws.wire import Reply, Request
from awstape.core.replay.misses import HEADER
from awstape.core.text.hidden import Hidden
from awstape.errors import UserError, call_without_traceback
from awstape.inprocess import sent_requests
from awstape.inprocess.botocore_wire import (
    CALLER,
    AsyncResponse,
    body_of,
    call_context,
    copy_response_body,
    deliver,
    deliver_async,
    is_async,
    lazy_response,
    request_of,
    response_of,
)
from awstape.inprocess.known_calls import ClientCall, KnownCalls, ParsedAnswer
from awstape.inprocess.shared_session_parts import share_session_parts
from awstape.proxying.upstream import ALL, Upstream, find_upstream
from awstape.tape import Tape

_tapes: list[Tape] = []  # in use; the last one answers
_upstreams: list[Upstream] = []  # of each of them
_attached: WeakSet[Any] = WeakSet()  # event emitters that have the handlers
_attaching = threading.Lock()
_undo = ExitStack()
_known = KnownCalls()  # of the last tape
_CALL = "awstape_call"  # in the context of a call under way, if it may become known
#: The request of the call under way that was sent to AWS, until its response is recorded: botocore's, converted, and
#: the number of exchanges that were recorded before it was sent.
_sent: ContextVar[tuple[AWSPreparedRequest, Request, int] | None] = ContextVar("awstape_sent", default=None)


def begin(tape: Tape, upstream: Upstream) -> None:
    """Begins to answer clients from a tape. upstream: what it records instead of AWS."""
    default_session = getattr(sys.modules.get("boto3"), "DEFAULT_SESSION", None)
    if not _tapes:
        _install(default_session)
    _known.forget()
    _tapes.append(tape)
    _upstreams.append(upstream)
    if default_session is not None:
        attach(default_session)


def end(tape: Tape) -> bool:
    """Ends the use of a tape; returns whether it was the last one, so that everything was undone."""
    for place in [place for place, other in enumerate(_tapes) if other is tape]:
        del _tapes[place], _upstreams[place]
    _known.forget()
    if not _tapes:
        _undo.close()
    return not _tapes


def is_in_use() -> bool:
    """Whether a tape answers clients."""
    return bool(_tapes)


def attach(target: Any) -> None:
    """Registers the handlers with a session, client or resource until the last tape ends. Raises TypeError."""
    _register(_event_emitter(target))
    session = getattr(target, "_session", target)  # a session of boto3 has one of botocore
    if hasattr(session, "_credentials"):  # they may be dummies from now on
        _undo.callback(setattr, session, "_credentials", session._credentials)


def _install(default_session: Any) -> None:
    """Registers the handlers with new sessions, and with clients at their first request. default_session: or None."""
    botocore.handlers.BUILTIN_HANDLERS.extend(_HANDLERS)
    _undo.callback(_uninstall, default_session)
    share_session_parts(_undo)
    sent_requests.observe(_OBSERVER)
    _undo.callback(sent_requests.ignore, _OBSERVER)


def _attach_endpoint(endpoint: Any) -> None:
    if _tapes and endpoint._event_emitter not in _attached:
        _register(endpoint._event_emitter)


def _note_passing(service: str, operation: str, url: str) -> None:
    """Counts a request that is sent while a tape records other services: a replay will not have it.

    Raises UserError for one to AWS while the tape records from a stand-in.
    """
    if _tapes and not _tapes[-1].replays_only and service not in _tapes[-1].models.names:
        if ALL in _upstreams[-1] and is_aws_host(urlsplit(url).hostname or ""):
            problem = f"{service} {operation} would go to AWS, but {_upstreams[-1][ALL].geturl()} is recorded instead"
            tip = f"to record it there as well: {_tapes[-1].advice.services((*_tapes[-1].models.names, service))}"
            raise UserError(problem, tip) from None
        _tapes[-1].passed[service] += 1


_OBSERVER = sent_requests.Observer(_attach_endpoint, _note_passing)


def _uninstall(default_session: Any) -> None:
    for handler in _HANDLERS:
        botocore.handlers.BUILTIN_HANDLERS.remove(handler)
    while _attached:
        _unregister(_attached.pop())
    if boto3 := sys.modules.get("boto3"):
        boto3.DEFAULT_SESSION = default_session  # type: ignore[attr-defined]  # one created meanwhile has dummy credentials


def _register(events: Any) -> None:
    with _attaching:
        if events not in _attached:
            _unregister(events)  # those of a new session are registered already, but not to be unregistered
            register = {_FIRST: events.register_first, _LAST: events.register_last}
            for name, handler, *order in _HANDLERS:
                add = register[order[0]] if order else events.register
                add(name, handler)
            _attached.add(events)


def _unregister(events: Any) -> None:
    for name, handler, *_ in _HANDLERS:
        with suppress(AttributeError):  # botocore raises it if only events below this one have handlers
            events.unregister(name, handler)


def _event_emitter(target: Any) -> Any:
    """The event emitter of a session, client or resource. Raises TypeError."""
    events = None
    if not isinstance(target, type):
        with suppress(AttributeError):
            if hasattr(target, "get_component"):  # a session of botocore
                events = target.get_component("event_emitter")
            elif hasattr(target, "events"):  # a session of boto3
                events = target.events
            else:  # a client, or a resource, which has one
                events = getattr(target.meta, "client", target).meta.events
    if not isinstance(events, BaseEventHooks):
        kind = f"the class {target.__name__}" if isinstance(target, type) else type(target).__name__
        raise TypeError(f"{kind} is no session, client or resource of boto3 or botocore")
    return events


# --- handlers ---------------------------------------------------------------------------------------------------


def _before_call(
    params: Mapping[str, Any], request_signer: Any, context: dict[str, Any], event_name: str, **_: Any
) -> ParsedAnswer | None:
    """Answers a known call; otherwise remembers the call, to get to know it."""
    if _service_of(event_name) is None or not _tapes[-1].replays_only or is_async(context):
        return None
    event = event_name.partition(".")[2]
    call = _known.begin(request_signer, event, params, context, _identifying(request_signer))
    if call is None:
        return None
    context[_CALL] = call
    return call_without_traceback(call.serve_again)


def _after_call(http_response: Any, parsed: dict[str, Any], context: dict[str, Any], model: Any, **_: Any) -> None:
    """Gets to know a call that was answered."""
    if call := context.pop(_CALL, None):
        call.end(http_response, parsed, context=dict(context), model=model)


def _request_created(request: Any, **_: Any) -> None:
    """Remembers the context of a call: before botocore 1.36, the prepared request has none."""
    call_context.set(request.context)


def _before_send(request: AWSPreparedRequest, event_name: str, **_: Any) -> object:
    """Returns the tape's response, or None to send the request; for an asynchronous client, a coroutine with it."""
    if (service := _service_of(event_name)) is None:
        return None
    tape = _tapes[-1]
    converted = request_of(request, service)
    _sent.set(None)
    reply = _ask(tape, request, converted)
    _sent.set((request, converted, tape.recorded_so_far) if reply is None else None)
    if reply is None:
        _lead_to_upstream(request, service)
        return None
    if call := _call_under_way():
        call.replies.append(reply)
    # botocore calls all handlers, even if one has answered: prevent that another, such as moto's, takes this request.
    url, request.url = request.url, _NOWHERE
    return deliver_async(url, reply) if is_async() else deliver(url, reply)


def _response_received(
    response_dict: dict[str, Any] | None,
    parsed_response: dict[str, Any] | None = None,
    exception: Exception | None = None,
    **_: Any,
) -> None:
    """Records the response of a request that was sent to AWS. If that fails, the client does not get it."""
    if call := _call_under_way():
        call.note_values(parsed_response)
    if (sent := _sent.get()) is None:
        return
    _sent.set(None)
    request, converted, recorded_before = sent
    _remove_credentials(request)
    if not _tapes:
        return
    response = None
    no_response = NO_CONNECTION if isinstance(exception, _NOT_SENT) else NO_RESPONSE
    if response_dict is not None:
        body = copy_response_body(response_dict["body"], parsed_response or {})
        response = response_of(response_dict["status_code"], response_dict["headers"], body)
    try:
        call_without_traceback(_tapes[-1].record, converted, response, recorded_before, no_response)
        call_without_traceback(_tapes[-1].sync)
    except BaseException:
        for withheld in filter(None, (response_dict, parsed_response)):
            withheld.clear()
        raise


def _lead_to_upstream(request: AWSPreparedRequest, service: str) -> None:
    """Changes the URL of a request to AWS whose service is recorded from a stand-in."""
    url = urlsplit(request.url)
    if (upstream := find_upstream(_upstreams[-1], service)) and is_aws_host(url.hostname or ""):
        request.headers["Host"] = url.netloc  # which may hold the name of a bucket
        path = upstream.path.rstrip("/") + url.path
        request.url = urlunsplit((upstream.scheme, upstream.netloc, path, url.query, ""))


def _choose_signer(event_name: str, **_: Any) -> object:
    """Switches signing off where nothing is sent, so that no credentials are needed."""
    return botocore.UNSIGNED if _service_of(event_name) and _tapes[-1].replays_only else None


def _before_sign(request: Any, request_signer: Any, event_name: str, **_: Any) -> None:
    """Remembers the access key id of a client that would sign: the tape tells callers apart by it.

    The credentials are not refreshed: nothing is sent with them. Only a role of a profile is assumed, if the tape knows
    its caller by it.
    """
    service = _service_of(event_name)
    if service and find_upstream(_upstreams[-1], service) and getattr(request_signer, "_credentials", True) is None:
        request_signer._credentials = _DUMMY_CREDENTIALS
        _undo.callback(setattr, request_signer, "_credentials", None)
    if service and _waits_for_role(request_signer) and _tapes[-1].knows_roles:
        with suppress(BotoCoreError, ClientError):  # a miss counts, and the request is one of an unknown caller
            request_signer._credentials.get_frozen_credentials()
        call_context.set(request.context)  # as before the call of STS
    if service and request_signer.signature_version is not botocore.UNSIGNED:
        request.context[CALLER] = _access_key_id(getattr(request_signer, "_credentials", None))


def _waits_for_role(request_signer: Any) -> bool:
    """Whether the credentials are those of a role that is still to be assumed, as a profile with `role_arn` says."""
    credentials = getattr(request_signer, "_credentials", None)
    return (
        getattr(credentials, "method", "") == "assume-role" and _access_key_id(credentials) is None and not is_async()
    )


def _call_under_way() -> ClientCall | None:
    return (call_context.get() or {}).get(_CALL)


def _identifying(request_signer: Any) -> Hidden[object]:
    """What tells the caller of a client: the access key id and the session token, as they are."""
    known = Hidden(getattr(getattr(request_signer, "_credentials", None), "__dict__", {}))
    return Hidden(tuple(known.reveal().get(name) for name in ("_access_key", "access_key", "_token", "token")))


def _access_key_id(credentials: Any) -> Hidden[str] | None:
    """The access key id of botocore's credentials as they are, None if there is none."""
    for name in ("_access_key", "access_key"):  # the former if they can be refreshed
        if isinstance(getattr(credentials, "__dict__", {}).get(name), str):
            return Hidden(credentials.__dict__[name])
    return None


def _refuse_others(request: AWSPreparedRequest, **_: Any) -> object:
    """Refuses a request to another AWS service. The miss counts only if the body is read: if no handler answered."""
    if not _tapes or not _tapes[-1].replays_only or not _is_for_aws(request):
        return None
    tape, converted = _tapes[-1], request_of(request, None)
    if try_find_service(tape.models, converted):
        return None
    kind = AsyncResponse if is_async() else AWSResponse
    headers = (HEADER, ("x-amzn-errortype", "CassetteMiss"))
    return lazy_response(kind, request.url, 400, headers, lambda: body_of(_ask(tape, request, converted)))


def _service_of(event_name: str) -> str | None:
    """The service of a client whose event this is, if the tape in use records or replays it.

    Events name a service by its id: `before-send.cost-explorer.GetCostAndUsage`.
    """
    if not _tapes:
        return None
    return _tapes[-1].models.names_by_id.get(event_name.split(".")[1].replace("-", "_"))


def _ask(tape: Tape, request: AWSPreparedRequest, converted: Request) -> Reply | None:
    is_sent = False
    try:
        reply = call_without_traceback(tape.answer, converted)
        is_sent = reply is None
        return reply
    finally:
        if not is_sent:
            _remove_credentials(request)


def _remove_credentials(request: AWSPreparedRequest) -> None:
    for header in ("Authorization", "X-Amz-Security-Token"):
        if header in request.headers:
            del request.headers[header]


def _is_for_aws(request: AWSPreparedRequest) -> bool:
    return is_aws_host(urlsplit(request.url).hostname or "")


#: For a stand-in, which verifies no signature.
_DUMMY_CREDENTIALS = Credentials("AWSTAPE", "AWSTAPE")
_NOWHERE = "https://awstape.invalid/"
#: What botocore raises if it opened no connection.
_NOT_SENT = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError)
_FIRST, _LAST = botocore.handlers.REGISTER_FIRST, botocore.handlers.REGISTER_LAST
_HANDLERS: list[tuple[Any, ...]] = [
    ("before-call", _before_call, _LAST),  # once all other handlers have changed the request
    ("after-call", _after_call),
    ("request-created", _request_created),
    ("before-send", _before_send, _FIRST),  # moto answers, too
    ("response-received", _response_received),
    ("choose-signer", _choose_signer, _FIRST),  # botocore answers, too
    ("before-sign", _before_sign),
    ("before-send", _refuse_others, _LAST),
]

"""Calls of botocore's clients that were answered before: an equal one gets the values that were parsed then.

1. The answer depends on the request before it is signed, on the region and the credentials that would sign it, and on
   the client: its configuration and its handlers. So each client has its own known calls.
2. A call becomes known if one attempt answered it, with a reply that may be served again, and if its values are plain
   data. So a call with a fault, a retry or a stream is always answered over the wire format.
3. A client has no known calls if a known call would skip handlers of the program or of other tools: those for events
   between `before-call` and `after-call`.
4. A client gets a copy of the values, so it may change them. The values are as the parser made them: the handlers for
   `after-call` run for each call.
5. In IAM, these handlers decode policy documents, which takes longer than everything else. So the documents are kept
   without their percent-encoding, if all handlers are botocore's and give the same result. That is tried once.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import dropwhile
from threading import Lock
from typing import Any
from urllib.parse import unquote
from weakref import WeakSet

from awstape.core.aws.wire import Reply
from awstape.core.replay.known_replies import KnownReplies
from awstape.core.text.hidden import Hidden

#: Bytes of the responses that are kept of one client, and what one takes beside its body.
MAX_KEPT = 4 * 1024 * 1024
_OVERHEAD = 1000
_KNOWN = "_awstape_known"  # the attribute of a client's signer
#: The events that a known call skips, and whose handlers need not see them: those of botocore itself without its
#: monitoring, and moto's, which answers no request that a tape answers.
_SKIPPED = ("request-created", "choose-signer", "before-sign", "before-send", "before-parse", "response-received",
            "needs-retry", "before-retry")  # fmt: skip
_UNSEEN = ("botocore.", "awstape.", "moto.")
_SEEN = ("botocore.monitoring",)
_PLAIN = frozenset({str, int, float, bool, bytes, datetime, Decimal, type(None)})

ParsedAnswer = tuple[Any, dict[str, Any]]
"""botocore's response, and the values parsed from it."""


class _Client:
    """The known calls of a client. registered: changes with the client's handlers; may_skip holds for it, by event."""

    def __init__(self) -> None:
        self.replies = KnownReplies[ParsedAnswer](MAX_KEPT)
        self.adding = Lock()  # a client may be used by several threads
        self.registered: object = None
        self.may_skip: dict[str, bool] = {}


@dataclass
class ClientCall:
    """A call under way. replies: those of its attempts. values: those parsed from the last one, None if not plain."""

    signer: Any
    client: _Client
    event: str
    key: Hidden[object]
    replies: list[Reply] = field(default_factory=list)
    values: dict[str, Any] | None = None

    def serve_again(self) -> ParsedAnswer | None:
        """The answer to a known call, which counts as served; None if the call must be answered anew."""
        answer = self.client.replies.serve_again(self.key)
        return (answer[0], copy_values(answer[1])) if answer else None

    def note_values(self, parsed: Mapping[str, Any] | None) -> None:
        """Notes the values of an attempt, if the call may become known."""
        may_be_known = parsed is not None and len(self.replies) == 1 and self.replies[0].serve_again
        self.values = copy_values(parsed) if may_be_known and _is_plain(parsed) else None

    def end(self, response: Any, parsed: dict[str, Any], **more: Any) -> None:
        """Makes the call known, if it may be answered again. The arguments are those of the event `after-call`."""
        if self.values is None or len(self.replies) != 1:
            return
        reply = self.replies[0]
        if reply.response and reply.serve_again:
            self.values["ResponseMetadata"]["RetryAttempts"] = 0
            decoded = _decode_documents(self.values, parsed)
            if decoded != self.values and self._are_handled_alike(decoded, response, parsed, **more):
                self.values = decoded
            size = len(reply.response.body) + _OVERHEAD
            with self.client.adding:
                self.client.replies.add(self.key, (response, self.values), size, reply.serve_again)

    def _are_handled_alike(self, values: dict[str, Any], response: Any, parsed: dict[str, Any], **more: Any) -> bool:
        """Whether the handlers for `after-call` turn some values into the same as the parsed ones."""
        events, name = _events_of(self.signer), f"after-call.{self.event}"
        handlers = [each for each in events._handlers.prefix_search(name) if not _is_ours(each)]
        if not all(map(_is_unseen, handlers)):
            return False
        handled = copy_values(values)
        with suppress(Exception):
            for handler in handlers:
                handler(http_response=response, parsed=handled, event_name=name, **more)
            return bool(handled == parsed)
        return False


class KnownCalls:
    """The calls that are known of all clients, by the signers of their requests."""

    def __init__(self) -> None:
        self._signers: WeakSet[Any] = WeakSet()

    def forget(self) -> None:
        """Forgets all calls."""
        for signer in list(self._signers):
            signer.__dict__.pop(_KNOWN, None)
        self._signers.clear()

    def begin(
        self, signer: Any, event: str, request: Mapping[str, Any], context: Mapping[str, Any], credentials: object
    ) -> ClientCall | None:
        """A call with the request as botocore serialized it; None if it can't become known.

        event: `iam.ListRoles`. credentials: what identifies them, hidden. Nothing is shown of what the key holds: a
        report of a failed test would print it.
        """
        client: _Client | None = signer.__dict__.get(_KNOWN)
        if client is None:
            # The known calls refer to the client; as its attribute they end with it.
            client = signer.__dict__[_KNOWN] = _Client()
            self._signers.add(signer)
        if not _may_skip_handlers(client, signer, event):
            return None
        region = context.get("signing", {}).get("region")
        headers = tuple(request["headers"].items())
        body = _freeze(request["body"])
        if body is None:
            return None
        return ClientCall(
            signer,
            client,
            event,
            Hidden((event, request["method"], request["url"], body, headers, region, credentials)),
        )


def _events_of(signer: Any) -> Any:
    """The event emitter of a client, inside the one that translates the names of events."""
    events = getattr(signer, "_event_emitter", None)
    return getattr(events, "_emitter", events)


def _may_skip_handlers(client: _Client, signer: Any, event: str) -> bool:
    """Whether a client has no handlers that a known call would skip."""
    events = _events_of(signer)
    registered = getattr(events, "_lookup_cache", None)
    if registered is None or not hasattr(events, "_handlers"):  # another version of botocore
        return False
    if client.registered is not registered:
        client.registered, client.may_skip = registered, {}
    if event not in client.may_skip:
        skipped = [each for name in _SKIPPED for each in events._handlers.prefix_search(f"{name}.{event}")]
        skipped += dropwhile(lambda each: not _is_ours(each), events._handlers.prefix_search(f"before-call.{event}"))
        client.may_skip[event] = all(map(_is_unseen, skipped))
    return client.may_skip[event]


def copy_values(value: Any) -> Any:
    """A copy of plain values, whose texts, numbers and times can't be changed."""
    if type(value) is dict:
        return {name: copy_values(item) for name, item in value.items()}
    if type(value) is list:
        return [copy_values(item) for item in value]
    return value


def _decode_documents(value: Any, handled: Any) -> Any:
    """The value without the percent-encoding of the texts that are none in `handled`."""
    if type(value) is dict and type(handled) is dict and value.keys() == handled.keys():
        return {name: _decode_documents(item, handled[name]) for name, item in value.items()}
    if type(value) is list and type(handled) is list and len(value) == len(handled):
        return [_decode_documents(*items) for items in zip(value, handled, strict=True)]
    return unquote(value) if isinstance(value, str) and not isinstance(handled, str) else value


def _is_plain(value: object) -> bool:
    if type(value) is dict:
        return all(map(_is_plain, value.values()))
    return all(map(_is_plain, value)) if type(value) is list else type(value) in _PLAIN


def _freeze(body: object) -> object:
    """A body as a value that can be compared, None for a stream. A form is a mapping until the request is sent."""
    if isinstance(body, dict) and all(type(item) in _PLAIN for item in body.values()):
        return tuple(body.items())
    return bytes(body) if isinstance(body, bytearray) else body if isinstance(body, str | bytes) else None


def _is_unseen(handler: object) -> bool:
    module = getattr(handler, "__module__", None) or ""
    return module.startswith(_UNSEEN) and not module.startswith(_SEEN)


def _is_ours(handler: object) -> bool:
    return (getattr(handler, "__module__", None) or "").startswith("awstape.")

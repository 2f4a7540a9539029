"""Exchanges: one request with its response, as the wire had them, and as bytes for the journal.

1. The credentials of a client have no place to go. Of the headers of a request only those are kept that the service
   model or the recognition of calls reads. Of a signature the credential stays, without which nothing tells the caller
   and the region: the access key id and the scope. The signature itself, session tokens and what else proves who the
   caller is are dropped, from headers, query strings and forms.
2. All else is as it was, since decoding and redaction follow later: names, documents, passwords, and the keys that AWS
   makes for somebody. The search for leaks needs these values. So the bytes must be encrypted.
3. Of a request that is not recorded only the request is kept: the values in it are real values, too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote_plus

from awstape.core.aws.content_encoding import decode_message
from awstape.core.aws.error_codes import NO_RESPONSE
from awstape.core.aws.model import Operation
from awstape.core.aws.routing import find_credential
from awstape.core.aws.wire import Headers, Request, Response
from awstape.core.text.hidden import Hidden

#: The headers, besides members of the input, that tell what a request means.
_READ_HEADERS = frozenset(
    {
        "amz-sdk-invocation-id",
        "content-encoding",
        "content-type",
        "smithy-protocol",
        "x-amz-content-sha256",
        "x-amz-target",
    }
)
#: Parameters that prove who the caller is: of signature versions 4 and 2.
_PROOFS = frozenset({"X-Amz-Signature", "X-Amz-Security-Token", "Signature", "SecurityToken"})


#: In the place of a number of exchanges that came before or after a request was sent: nothing tells it.
UNKNOWN_ORDER = -1


@dataclass(frozen=True)
class Exchange:
    """A request and its response, or `no_response`: why there is none.

    recorded_meanwhile: how many exchanges were recorded after the request was sent, before this one; `UNKNOWN_ORDER` if
        nothing tells.
    is_later: whether the cassette that answers requests was stale when the request was sent.
    is_recorded: False for a request whose values count alone.
    """

    request: Request
    response: Response | None = None
    no_response: str = NO_RESPONSE
    recorded_meanwhile: int = 0
    is_later: bool = False
    is_recorded: bool = True


def drop_credentials(request: Request, operation: Operation) -> Request:
    """A request to an operation, without the credentials of its client (rule 1)."""
    members = operation.input.members.values() if operation.input else ()
    names = {member.wire_name.lower() for member in members if member.location == "header"}
    prefixes = tuple(member.wire_name.lower() for member in members if member.location == "headers")
    read = names | _READ_HEADERS

    def is_read(name: str) -> bool:
        return name in read or (bool(prefixes) and name.startswith(prefixes))

    headers = [(name, value) for name, value in request.headers if is_read(name.lower())]
    if credential := find_credential(request):
        headers.append(("authorization", f"Credential={credential}"))
    incidental = {member.wire_name for member in members if member.is_incidental}
    proofs = _PROOFS - {member.wire_name for member in members} | incidental
    asked = replace(request, headers=tuple(headers), query=_drop_parameters(request.query, proofs))
    if not asked.is_form:
        return asked
    asked = decode_message(asked)
    return replace(asked, body=_drop_parameters(asked.body.decode("latin-1"), proofs).encode("latin-1"))


def _drop_parameters(form: str, names: frozenset[str]) -> str:
    """A form or query string without the parameters of these names; the others stay to the letter."""
    return "&".join(part for part in form.split("&") if unquote_plus(part.partition("=")[0]) not in names)


def write_exchange(exchange: Exchange) -> bytes:
    """An exchange as bytes, which hold real values: a line of JSON, and the two bodies."""
    request, response = exchange.request, exchange.response
    caller = request.caller.reveal() if request.caller else None
    head = (
        (request.method, request.host, request.path, request.query, request.headers, caller, len(request.body)),
        (response.status, response.headers, response.unread) if response else exchange.no_response,
        exchange.recorded_meanwhile,
        exchange.is_later,
        exchange.is_recorded,
    )
    return json.dumps(head).encode() + b"\n" + request.body + (response.body if response else b"")


def read_exchange(data: bytes) -> Exchange:
    """The exchange that bytes hold. Raises ValueError for bytes that this version did not write."""
    line, _, bodies = data.partition(b"\n")
    try:
        asked, received, meanwhile, is_later, is_recorded = json.loads(line)
        method, host, path, query, headers, caller, length = asked
        texts = all(isinstance(text, str) for text in (method, host, path, query, caller or ""))
        flags = isinstance(is_later, bool) and isinstance(is_recorded, bool)
        if not texts or not flags or type(meanwhile) is not int or type(length) is not int or length < 0:
            raise ValueError
        hidden = None if caller is None else Hidden(caller)
        request = Request(method, host, path, query, _read_headers(headers), bodies[:length], hidden)
        if isinstance(received, str):
            return Exchange(request, None, received, meanwhile, is_later, is_recorded)
        status, headers, unread = received
        if type(status) is not int or not isinstance(unread, str):
            raise ValueError
        response = Response(status, _read_headers(headers), bodies[length:], unread)
        return Exchange(request, response, NO_RESPONSE, meanwhile, is_later, is_recorded)
    except (ValueError, TypeError, RecursionError):
        raise ValueError("not an exchange of this version") from None


def _read_headers(headers: Any) -> Headers:
    if not all(isinstance(text, str) for header in headers for text in header):
        raise ValueError
    return tuple((name, value) for name, value in headers)

"""Errors of the protocols json and smithy-rpc-v2-cbor, whose bodies have the same members.

1. The code is the name in `__type`, without the namespace before it and the address after it, which clients ignore. So
   it has one form in cassettes, whatever the protocol. Without `__type` it is the name in the header
   `x-amzn-errortype` or in `code`, if that is an error of the service model.
2. A service that had the protocol query before names the code of then, too: in the header `x-amzn-query-error`, as
   `Code;Sender`. Then that is the code, and there is a member `Type`, as in the protocol query; `__type` is a member
   where the service model does not tell it. Source: smithy.io, "AWS JSON 1.0 protocol", "Query-compatible errors".
3. The message is the member `message` or `Message`, as the model of the error spells it. A body that spells it in the
   other way keeps it as a member, unless the model has none: then both spellings mean the message. So it
   is in rest-json.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from awstape.core.aws.call import Failure, error_name
from awstape.core.aws.model import Service, Shape, Value
from awstape.core.aws.protocols.http_bindings import checked_header_value
from awstape.core.aws.wire import Headers, Response

ReadStructure = Callable[[Mapping[str, Value], Shape | None], dict[str, Value]]
WriteStructure = Callable[[Mapping[str, Value], Shape | None], dict[str, object]]

_QUERY_ERROR = "x-amzn-query-error"


def read_failure(service: Service, response: Response, body: Mapping[str, Value], read: ReadStructure) -> Failure:
    """The failure that an error response holds. body: its body, parsed. read: reads a structure of the body."""
    key, name = _find_name(service, response, body)
    if name is None:
        return make_failure(response.status, None, read(body, None), None)
    shape = service.find_error(name)
    members = read({other: value for other, value in body.items() if other != key}, shape)
    code, _, fault = (response.header(_QUERY_ERROR) or "").partition(";")
    if not (service.is_query_compatible and code and fault) or ";" in fault:
        return make_failure(response.status, name, members, shape)
    members = {"Type": fault, **members}
    if _type_of(service, code) != name:
        members = {"__type": name, **members}
    return make_failure(response.status, code, members, shape)


def _find_name(service: Service, response: Response, body: Mapping[str, Value]) -> tuple[str, str | None]:
    """The name of the error, None if there is none, and the member of the body that holds it."""
    if isinstance(type_ := body.get("__type"), str):
        return "__type", error_name(type_)
    for key, text in (("", response.header("x-amzn-errortype")), ("code", body.get("code"))):
        if isinstance(text, str) and service.find_error(error_name(text)):
            return key, error_name(text)
    return "", None


def make_failure(status: int, code: str | None, members: dict[str, Value], shape: Shape | None) -> Failure:
    """The failure with these members, one of which may be its message."""
    for name in message_names(shape):
        message = members.get(name)
        if isinstance(message, str):
            del members[name]
            return Failure(status, code, message, members)
    return Failure(status, code, None, members)


def message_names(shape: Shape | None) -> tuple[str, ...]:
    """The names that the message may have on the wire, first the one that is written."""
    names = ("message", "Message")
    return tuple(name for name in names if shape and name in shape.members) or names


def _type_of(service: Service, code: str) -> str:
    """What `__type` is for a code of the protocol query, as far as the service model tells."""
    shape = service.find_error(code)
    return shape.name if shape else code


def write_failure_members(
    service: Service, failure: Failure, write: WriteStructure
) -> tuple[Headers, dict[str, object]]:
    """The headers and the body for a failure, apart from those of its protocol. write: writes a structure of the body.

    Raises WireError for a code that a header cannot hold.
    """
    headers: Headers = ()
    type_, members = failure.code, dict(failure.members)
    if service.is_query_compatible and failure.code is not None and isinstance(fault := members.get("Type"), str):
        headers = ((_QUERY_ERROR, checked_header_value("code", f"{failure.code};{fault}")),)
        named = members.pop("__type", None)
        type_ = named if isinstance(named, str) else _type_of(service, failure.code)
        del members["Type"]
    shape = service.find_error(type_)
    body: dict[str, object] = {} if type_ is None else {"__type": type_}
    if failure.message is not None:
        body[message_names(shape)[0]] = failure.message
    return headers, {**body, **write(members, shape)}

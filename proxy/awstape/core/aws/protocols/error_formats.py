"""Writes an error in the format that the client of a request reads, also for services that are not recorded.

1. The format comes from the request, because no model of its service is at hand: from the headers that a protocol
   sends, from the form, from the service in the signature, and only then from the host name.
2. A request that shows no protocol gets the format of its service if that is recorded, else JSON, which most services
   speak, or XML if neither a signature nor a host name shows a service.
3. The code of every error is in the header `x-amzn-errortype` as well. Clients of JSON protocols read it there even if
   the body is in another format.

To add a format: write a function and add a row to the table at the bottom.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from awstape.core.aws.call import Failure
from awstape.core.aws.model import Protocol, Service
from awstape.core.aws.protocols import ec2, query, rest_xml
from awstape.core.aws.protocols.dispatch import find_protocol, write_failure
from awstape.core.aws.protocols.encodings.cbor_items import dump_cbor
from awstape.core.aws.protocols.encodings.json_text import dump_json
from awstape.core.aws.wire import Headers, Request, Response

ErrorFormat = Literal["query", "ec2", "s3", "json", "cbor"]

#: The formats of a protocol. Errors of S3 differ from those of the other services of its protocol.
_FORMATS: Mapping[Protocol, tuple[ErrorFormat, ...]] = {
    "query": ("query",),
    "ec2": ("ec2",),
    "json": ("json",),
    "rest-json": ("json",),
    "rest-xml": ("s3", "query"),
    "smithy-rpc-v2-cbor": ("cbor",),
}

#: Services that answer in XML, as signatures and host names spell them, by the format of their errors. The others of
#: the protocol query are recognised by their requests.
_XML_SERVICES: Mapping[str, ErrorFormat] = {
    "ec2": "ec2",
    **dict.fromkeys(("s3", "s3-outposts", "s3-object-lambda", "s3express"), "s3"),
    **dict.fromkeys(("route53", "cloudfront", "s3-control"), "query"),
}


def write_error(
    request: Request, service: Service | None, signed_for: str | None, failure: Failure, request_id: str
) -> Response:
    """The error response to a request.

    service: the recorded service that the request is for, if any. signed_for: the service in the signature. failure:
    with status, code and message.
    """
    format_ = error_format(request, service, signed_for)
    protocol = find_protocol(service.protocols, request) if service else None
    if service and protocol and format_ in _FORMATS[protocol]:
        members = {"Type": "Sender", **failure.members} if format_ == "query" else failure.members
        own = Failure(failure.status, failure.code, failure.message, dict(members))
        return write_failure(service, own, request_id, protocol)
    headers, body = _WRITERS[format_](failure.code or "", failure.message or "", request_id)
    common = (("x-amzn-RequestId", request_id), ("x-amzn-errortype", failure.code or ""))
    return Response(failure.status, (*headers, *common), body)


def error_format(request: Request, service: Service | None, signed_for: str | None) -> ErrorFormat:
    """The format in which the client of a request reads errors; service, signed_for: as in `write_error`."""
    content_type = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if request.header("smithy-protocol") == "rpc-v2-cbor" or content_type == "application/cbor":
        return "cbor"
    if request.header("x-amz-target") or content_type.startswith("application/x-amz-json"):
        return "json"
    names = [signed_for] if signed_for else [service.signing_name] if service else request.host.lower().split(".")
    found = next((_XML_SERVICES[name] for name in names if name in _XML_SERVICES), None)
    if query.has_action(request):
        return found or "query"
    if found or (request.header("authorization") or "").startswith("AWS "):  # the signature of version 2 that S3 has
        return found or "s3"
    if service and service.protocol == "rest-xml":
        return "s3" if service.signing_name == "s3" else "query"
    if service:
        return "query" if service.protocol == "query" and query.accepts(request) else "json"
    return "json" if signed_for or content_type == "application/json" or _is_name(request.host) else "query"


def _is_name(host: str) -> bool:
    """Whether a host is a name that a client of AWS would be configured with, not an address or this machine."""
    return "." in host and not re.fullmatch(r"[\d.]+|.*:.*", host)


def _write_query(code: str, message: str, request_id: str) -> tuple[Headers, bytes]:
    return _xml(query.write_error(None, Failure(0, code, message, {"Type": "Sender"}), request_id))


def _write_ec2(code: str, message: str, request_id: str) -> tuple[Headers, bytes]:
    return _xml(ec2.write_error(None, Failure(0, code, message), request_id))


def _write_json(code: str, message: str, request_id: str) -> tuple[Headers, bytes]:
    """With the code as `__type` for the protocols JSON 1.0 and 1.1; rest-json reads the header."""
    return (("Content-Type", "application/json"),), dump_json({"message": message, "__type": code})


def _write_cbor(code: str, message: str, request_id: str) -> tuple[Headers, bytes]:
    headers = (("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor"))
    return headers, dump_cbor({"__type": code, "message": message})


def _xml(lines: Iterator[str]) -> tuple[Headers, bytes]:
    return (("Content-Type", "text/xml"),), "\n".join([*lines, ""]).encode()


_WRITERS: Mapping[ErrorFormat, Callable[[str, str, str], tuple[Headers, bytes]]] = {
    "query": _write_query,
    "ec2": _write_ec2,
    "s3": rest_xml.write_s3_error,
    "json": _write_json,
    "cbor": _write_cbor,
}

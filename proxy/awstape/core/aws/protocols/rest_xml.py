"""The rest-xml protocol of S3, S3 Control, Route 53 and CloudFront: as rest-json, with bodies in XML.

1. The root of a body is any element. It is written as AWS names it: as the payload or, without one, as the output's
   shape. Those of S3 have names that botocore's models don't know; some SDKs look at them.
2. GetBucketLocation answers with a root that is the text of its member.
3. An error is an `Error`, in S3 as the root, else within an `ErrorResponse`. Without a body it is only a status, as in
   the response to HEAD. S3 sends errors with the status 200, too, if it began to answer early; clients treat them as
   500.
4. The region of a bucket is in a header of S3's errors: clients follow it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree as ET

from awstape.core.aws.call import Answer, Failure
from awstape.core.aws.conform import unmodelled_members
from awstape.core.aws.model import Operation, Service, Shape, Value
from awstape.core.aws.protocols import http_bindings
from awstape.core.aws.protocols.customisations.s3_keys import decode_keys, encode_keys
from awstape.core.aws.protocols.encodings.xml_text import (
    element_name,
    parse_xml,
    read_xml_structure,
    structure_attributes,
    write_leaf,
    write_parent,
    write_xml_structure,
)
from awstape.core.aws.protocols.http_bindings import (
    add_headers,
    body_members,
    find_payload,
    is_raw,
    make_response,
    read_bound_members,
    read_header_members,
    read_raw_payload,
    write_header_members,
    write_raw_payload,
)
from awstape.core.aws.wire import FIRST_ERROR_STATUS, Headers, Request, Response, WireError

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_BUCKET_REGION = "x-amz-bucket-region"
#: Elements of an error beside its members.
_ENVELOPE = frozenset({"RequestId", "HostId"})

#: The names of roots in Amazon S3's API Reference, where they are not those of the shapes.
_ROOTS = {
    "CompleteMultipartUpload": "CompleteMultipartUploadResult",
    "CreateMultipartUpload": "InitiateMultipartUploadResult",
    "CreateSession": "CreateSessionResult",
    "DeleteObjects": "DeleteResult",
    "GetBucketAccelerateConfiguration": "AccelerateConfiguration",
    "GetBucketAcl": "AccessControlPolicy",
    "GetBucketCors": "CORSConfiguration",
    "GetBucketLifecycle": "LifecycleConfiguration",
    "GetBucketLifecycleConfiguration": "LifecycleConfiguration",
    "GetBucketLocation": "LocationConstraint",
    "GetBucketLogging": "BucketLoggingStatus",
    "GetBucketRequestPayment": "RequestPaymentConfiguration",
    "GetBucketTagging": "Tagging",
    "GetBucketVersioning": "VersioningConfiguration",
    "GetBucketWebsite": "WebsiteConfiguration",
    "GetObjectAcl": "AccessControlPolicy",
    "GetObjectAttributes": "GetObjectAttributesResponse",
    "GetObjectTagging": "Tagging",
    "ListBuckets": "ListAllMyBucketsResult",
    "ListDirectoryBuckets": "ListAllMyDirectoryBucketsResult",
    "ListMultipartUploads": "ListMultipartUploadsResult",
    "ListObjects": "ListBucketResult",
    "ListObjectsV2": "ListBucketResult",
    "ListObjectVersions": "ListVersionsResult",
    "ListParts": "ListPartsResult",
}


accepts = http_bindings.accepts
find_operation = http_bindings.find_operation


def read_request(service: Service, request: Request) -> tuple[Operation, dict[str, Value]]:
    """The operation that a method, path and query string call, and its input."""
    operation, input_ = read_bound_members(service, request)
    payload = find_payload(operation, operation.input)
    if request.body and (payload or operation.input):
        input_.update(_read_body(operation, request.body, operation.input))
    return operation, input_


def read_response(operation: Operation, response: Response) -> Answer:
    """The answer that a response holds: the members of its body, then those in headers."""
    if response.status >= FIRST_ERROR_STATUS:
        return Answer(error=_read_failure(operation.service, response))
    payload = find_payload(operation, operation.output)
    output: dict[str, Value] = {}
    if payload and is_raw(payload[1]):
        output = {} if operation.method == "HEAD" else _read_body(operation, response.body, operation.output)
    elif response.body.strip():
        root = parse_xml(response.body.strip())
        if element_name(root) == "Error":
            return Answer(error=_read_error(operation.service, 500, root, response))
        output = decode_keys(operation, _read_root(operation, root, operation.output))
    output.update(read_header_members(response, operation.output))
    return Answer(output=output, unmodelled=unmodelled_members(operation, output))


def _read_body(operation: Operation, body: bytes, shape: Shape | None) -> dict[str, Value]:
    """The members in the body of an input or output."""
    payload = find_payload(operation, shape)
    if payload and is_raw(payload[1]):
        return {payload[0]: read_raw_payload(operation, body, payload[1])}
    return _read_root(operation, parse_xml(body.strip()), shape)


def _read_root(operation: Operation, root: ET.Element, shape: Shape | None) -> dict[str, Value]:
    if payload := find_payload(operation, shape):
        return {payload[0]: read_xml_structure(root, payload[1].shape)}
    if shape is operation.output and _has_text_as_root(operation):
        return {"LocationConstraint": root.text} if root.text else {}
    return read_xml_structure(root, shape)


def _has_text_as_root(operation: Operation) -> bool:
    return operation.name == "GetBucketLocation" and operation.service.name == "s3"


def _read_failure(service: Service, response: Response) -> Failure:
    if not response.body.strip() or response.is_gateway_error:
        return Failure(response.status, members=_read_bucket_region(response))
    root = parse_xml(response.body.strip())
    error = next((child for child in root.iter() if element_name(child) == "Error"), None)
    if error is None:
        raise WireError(f"the response with status {response.status} has no Error element")
    return _read_error(service, response.status, error, response)


def _read_error(service: Service, status: int, error: ET.Element, response: Response) -> Failure:
    code = next((child.text or "" for child in error if element_name(child) == "Code"), None)
    shape = service.errors.get(code or "")
    members = {name: value for name, value in read_xml_structure(error, shape).items() if name not in _ENVELOPE}
    members.pop("Code", None)
    message = members.pop("Message", None)
    members |= read_header_members(response, shape) | _read_bucket_region(response)
    return Failure(status, code, message if isinstance(message, str) else None, members)


def _read_bucket_region(response: Response) -> dict[str, Value]:
    region = response.header(_BUCKET_REGION)
    return {} if region is None else {_BUCKET_REGION: region}


# --- writing ------------------------------------------------------------------------------------------------------


def write_output(operation: Operation, output: Mapping[str, Value], request_id: str) -> Response:
    """The response that holds an output."""
    payload = find_payload(operation, operation.output)
    body = _write_body(operation, output)
    has_xml = bool(body) and not (payload and is_raw(payload[1]))
    return make_response(operation, output, _headers(operation.service, request_id, has_xml=has_xml), body)


def _write_body(operation: Operation, output: Mapping[str, Value]) -> bytes:
    shape, namespace = operation.output, _namespace(operation.service)
    if payload := find_payload(operation, shape):
        name, member = payload
        value = output.get(name)
        if is_raw(member):
            return write_raw_payload(value)
        if not isinstance(value, dict):
            return b""
        root = member.wire_name if member.is_renamed else member.shape.name
        return _structure(root, value, member.shape, namespace)
    members = encode_keys(operation, body_members(output, shape))
    if shape is None or (not members and all(each.location != "body" for each in shape.members.values())):
        return b""
    root = _ROOTS.get(operation.name, shape.name) if operation.service.name == "s3" else shape.name
    if _has_text_as_root(operation):
        text = members.get("LocationConstraint")
        return _document(iter([write_leaf(root, str(text or ""), 0, attributes=namespace)]))
    return _structure(root, members, shape, namespace)


def _structure(root: str, value: Mapping[str, Value], shape: Shape, namespace: str) -> bytes:
    """A document whose root is a structure. namespace: its attribute."""
    attributes = namespace + structure_attributes(value, shape)
    return _document(write_parent(root, 0, write_xml_structure(value, shape, 1), attributes))


def _namespace(service: Service) -> str:
    """The attribute of a root that gives the namespace of a service."""
    elements = (operation.input_element for operation in service.operations.values())
    uri = next((element[1] for element in elements if element), "")
    return f' xmlns="{uri}"' if uri else ""


def write_failure(service: Service, failure: Failure, request_id: str) -> Response:
    """The error response; without a body if the failure is only a status."""
    members = dict(failure.members)
    region = members.pop(_BUCKET_REGION, None)
    shape = service.errors.get(failure.code or "")
    headers = write_header_members(members, shape)
    if isinstance(region, str):
        headers += ((_BUCKET_REGION, region),)
    if failure.code is None and failure.message is None and not members:
        return Response(failure.status, add_headers(_headers(service, request_id, has_xml=False), headers))
    first = {"Type": members.pop("Type", None), "Code": failure.code, "Message": failure.message}
    known: dict[str, Value] = {name: value for name, value in first.items() if value is not None}
    lines = [*write_xml_structure(known, None, 1), *write_xml_structure(body_members(members, shape), shape, 1)]
    body = (
        _s3_error(lines, request_id) if service.name == "s3" else _wrapped_error(lines, _namespace(service), request_id)
    )
    return Response(failure.status, add_headers(_headers(service, request_id, has_xml=True), headers), body)


def _s3_error(lines: list[str], request_id: str) -> bytes:
    envelope = [write_leaf("RequestId", request_id, 1), write_leaf("HostId", _host_id(request_id), 1)]
    return _document(write_parent("Error", 0, [*lines, *envelope]))


def _wrapped_error(lines: list[str], namespace: str, request_id: str) -> bytes:
    error = write_parent("Error", 0, lines)
    return _document(write_parent("ErrorResponse", 0, [*error, write_leaf("RequestId", request_id, 0)], namespace))


def write_s3_error(code: str, message: str, request_id: str) -> tuple[Headers, bytes]:
    """Headers and body of an error of S3, whose model need not be at hand."""
    lines = [write_leaf("Code", code, 1), write_leaf("Message", message, 1)]
    return _s3_headers(request_id), _s3_error(lines, request_id)


def _document(lines: Iterator[str]) -> bytes:
    return "\n".join([_DECLARATION, *lines, ""]).encode()


def _headers(service: Service, request_id: str, *, has_xml: bool) -> Headers:
    if service.signing_name == "s3":
        return _s3_headers(request_id) if has_xml else _s3_headers(request_id)[1:]
    return ((("Content-Type", "text/xml"),) if has_xml else ()) + (("x-amzn-RequestId", request_id),)


def _s3_headers(request_id: str) -> Headers:
    ids = (("x-amz-request-id", request_id), ("x-amz-id-2", _host_id(request_id)))
    return (("Content-Type", "application/xml"), *ids)


def _host_id(request_id: str) -> str:
    """S3's second id of a request, derived from the first."""
    return base64.b64encode(request_id.encode()).decode("ascii")

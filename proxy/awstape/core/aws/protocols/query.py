"""The query protocol of IAM, STS and others: a form with an `Action` in the request, XML in the response.

1. A request is a GET or POST to `/`, in SQS also to the URL of a queue, which is a member; query string and form are
   read as one list of parameters. Those of a signature, of version 2 or 4, are ignored, and so are those that every
   request of the operation has in its URL.
2. A response is `<ActionResponse>` with an `<ActionResult>` and `<ResponseMetadata>`; an error is `<ErrorResponse>`
   with an `<Error>`. The bytes written are those of IAM. A response without a result, or without a body, is an empty
   output.
3. The members of an error beside code and message stand in the `<Error>`; they are read by the shape of the error.
4. Of a service that speaks JSON or CBOR as well, an error may be recorded in that protocol: then the code is written
   that the model gives for this one, and there is no `__type`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from awstape.core.aws.call import Answer, Failure
from awstape.core.aws.conform import did_you_mean, unmodelled_members
from awstape.core.aws.model import Operation, Service, Value
from awstape.core.aws.protocols.encodings.form_encoding import FormNames, FormTree, build_form_tree, read_form_structure
from awstape.core.aws.protocols.encodings.xml_text import (
    element_name,
    parse_xml,
    read_xml_structure,
    write_leaf,
    write_parent,
    write_xml_structure,
)
from awstape.core.aws.wire import (
    FIRST_ERROR_STATUS,
    Headers,
    Request,
    Response,
    WireError,
    is_signature_parameter,
    parse_form,
    read_parameters,
)

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET


def has_action(request: Request) -> bool:
    """Whether a request is a form or has an `Action` in its URL: it is of this protocol, or of ec2."""
    try:
        return request.is_form or any(name == "Action" for name, _ in parse_form(request.query))
    except WireError:
        return False


def accepts(request: Request) -> bool:
    """Whether a request may be of this protocol: not if it has the path or body of another one."""
    content_type = (request.header("content-type") or "").lower()
    return has_action(request) or (request.path in ("", "/") and not re.search("json|cbor", content_type))


#: Elements beside the result.
_ENVELOPE = frozenset({"ResponseMetadata", "RequestId"})


def find_operation(service: Service, request: Request) -> Operation:
    """The operation that a form calls. Raises WireError if it calls none of the service."""
    return _read_form(service, request)[0]


def read_request(service: Service, request: Request) -> tuple[Operation, dict[str, Value]]:
    """The operation that a form calls, and its input."""
    return read_input(service, request, lambda shape: shape.by_element_name)


def read_input(service: Service, request: Request, names: FormNames) -> tuple[Operation, dict[str, Value]]:
    """The operation that a form calls, and its input. names: of the members in the form."""
    operation, tree = _read_form(service, request)
    known = names(operation.input) if operation.input else {}
    ignored = dict(parse_form(operation.uri.partition("?")[2]))
    members = {
        name: node
        for name, node in tree.items()
        if name in known or not (is_signature_parameter(name) or ignored.get(name) == node)
    }
    return operation, read_form_structure(members, operation.input, names)


def _read_form(service: Service, request: Request) -> tuple[Operation, FormTree]:
    """The operation that a form calls, and the tree of its other parameters."""
    if request.method not in ("GET", "POST"):
        raise WireError(f"{service.name} accepts GET and POST only")
    parameters = read_parameters(request)
    tree = build_form_tree(parameters)
    action = tree.pop("Action", None)
    tree.pop("Version", None)
    operation = service.operations.get(action) if isinstance(action, str) else None
    if operation is None:
        if not isinstance(action, str) or not action:
            raise WireError("the form names no Action")
        hint = did_you_mean(action, service.operations) or "; a newer botocore may know it"
        raise WireError(f"{service.name} has no such operation{hint}")
    if request.path not in ("", "/"):
        if not operation.input or "QueueUrl" not in operation.input.members:
            problem = "accepts requests at the path / only; the prefix of a replay session is /~NAME"
            raise WireError(f"{service.name} {problem}")
        tree.setdefault("QueueUrl", f"https://{request.host}{request.path}")
    return operation, tree


def read_response(operation: Operation, response: Response) -> Answer:
    """The answer that an XML response holds."""
    if response.status >= FIRST_ERROR_STATUS:
        return Answer(error=read_failure(operation.service, response))
    output = _read_result(operation, parse_xml(response.body)) if response.body.strip() else {}
    return Answer(output=output, unmodelled=unmodelled_members(operation, output))


def _read_result(operation: Operation, root: ET.Element) -> dict[str, Value]:
    if operation.output is not None and operation.result_wrapper is None:
        output = read_xml_structure(root, operation.output)
        return {name: value for name, value in output.items() if name not in _ENVELOPE}
    wrapper = _result_element(operation)
    result = next((child for child in root if element_name(child) == wrapper), None)
    if result is not None:
        return read_xml_structure(result, operation.output)
    if operation.output is not None and any(element_name(child) not in _ENVELOPE for child in root):
        raise WireError(f"the response to {operation.name} has no {wrapper}")
    return {}


def read_failure(service: Service, response: Response) -> Failure:
    """The failure that an error response holds. Raises WireError if it has no `Error` element."""
    if response.is_gateway_error:
        return Failure(response.status)
    error = next((child for child in parse_xml(response.body).iter() if element_name(child) == "Error"), None)
    if error is None:
        raise WireError(f"the response with status {response.status} has no Error element")
    named = next((child.text for child in error if element_name(child) == "Code"), None)
    members = read_xml_structure(error, service.find_error(named))
    code, message = members.pop("Code", None), members.pop("Message", None)
    return Failure(
        response.status,
        code if isinstance(code, str) else None,
        message if isinstance(message, str) else None,
        members,
    )


def write_output(operation: Operation, output: Mapping[str, Value], request_id: str) -> Response:
    """The response that holds an output."""
    lines: list[str] = []
    if operation.output is not None and operation.result_wrapper is None:
        lines += write_xml_structure(output, operation.output, 1)
    elif operation.output is not None or output:
        lines += write_parent(_result_element(operation), 1, write_xml_structure(output, operation.output, 2))
    lines += write_parent("ResponseMetadata", 1, [write_leaf("RequestId", request_id, 2)])
    root = write_parent(f"{operation.name}Response", 0, lines, namespace_attribute(operation.service))
    return _response(200, root, request_id)


def write_failure(service: Service, failure: Failure, request_id: str) -> Response:
    """The error response; without a body if the failure is only a status."""
    if failure.is_only_a_status:
        return Response(failure.status, _headers(request_id))
    return _response(failure.status, write_error(service, failure, request_id), request_id)


def write_error(service: Service | None, failure: Failure, request_id: str) -> Iterator[str]:
    """The lines of an error response. service: None if no model of it is at hand."""
    error = write_error_element(service, failure, 1)
    attributes = namespace_attribute(service) if service else ""
    return write_parent("ErrorResponse", 0, [*error, write_leaf("RequestId", request_id, 1)], attributes)


def write_error_element(service: Service | None, failure: Failure, depth: int) -> Iterator[str]:
    """The `Error` element of a failure."""
    code, members = failure.code, dict(failure.members)
    if service and service.is_query_compatible and code:
        code = service.named_errors[code][0] if code in service.named_errors else code
        members.pop("__type", None)
    ordered = {"Type": members.pop("Type", None), "Code": code, "Message": failure.message, **members}
    shape = service.find_error(code) if service else None
    return write_parent("Error", depth, write_xml_structure(ordered, shape, depth + 1))


def namespace_attribute(service: Service) -> str:
    """The attribute in the start tag of a response's root."""
    return f' xmlns="{service.xml_namespace}"'


def _result_element(operation: Operation) -> str:
    return operation.result_wrapper or f"{operation.name}Result"


def _response(status: int, lines: Iterator[str], request_id: str) -> Response:
    return Response(status, _headers(request_id), "\n".join([*lines, ""]).encode())


def _headers(request_id: str) -> Headers:
    return (("x-amzn-RequestId", request_id), ("Content-Type", "text/xml"))

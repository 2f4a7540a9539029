"""The query protocol of IAM: a form with an `Action` in the request, XML in the response.

1. A request is a GET or POST to `/`; query string and form are read as one list of parameters. Those of a signature,
   of version 2 or 4, are ignored.
2. A response is `<ActionResponse>` with an `<ActionResult>` and `<ResponseMetadata>`; an error is `<ErrorResponse>`
   with an `<Error>`. The bytes written are those of AWS. A response without a result is an empty output.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree as ET

from awstape.core.aws.call import Answer, Failure
from awstape.core.aws.conform import did_you_mean, unmodelled_members
from awstape.core.aws.model import Operation, Service, Value
from awstape.core.aws.protocols.encodings.form_encoding import FormTree, build_form_tree, read_form_structure
from awstape.core.aws.protocols.encodings.xml_text import (
    element_name,
    parse_xml,
    read_unmodelled,
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
    operation, tree = _read_form(service, request)
    known = operation.input.by_wire_name if operation.input else {}
    members = {name: node for name, node in tree.items() if name in known or not is_signature_parameter(name)}
    return operation, read_form_structure(members, operation.input)


def _read_form(service: Service, request: Request) -> tuple[Operation, FormTree]:
    """The operation that a form calls, and the tree of its other parameters."""
    if request.method not in ("GET", "POST"):
        raise WireError(f"{service.name} accepts GET and POST only")
    if request.path not in ("", "/"):
        raise WireError(f"{service.name} accepts requests at the path / only; the prefix of a replay session is /~NAME")
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
    return operation, tree


def read_response(operation: Operation, response: Response) -> Answer:
    """The answer that an XML response holds."""
    if response.status >= FIRST_ERROR_STATUS:
        if response.is_gateway_error:
            return Answer(error=Failure(response.status))
        return Answer(error=_read_failure(response.status, parse_xml(response.body)))
    root = parse_xml(response.body)
    wrapper = _result_element(operation)
    result = next((child for child in root if element_name(child) == wrapper), None)
    output: dict[str, Value] = {}
    if result is not None:
        output = read_xml_structure(result, operation.output)
    elif operation.output is not None and any(element_name(child) not in _ENVELOPE for child in root):
        raise WireError(f"the response to {operation.name} has no {wrapper}")
    return Answer(output=output, unmodelled=unmodelled_members(operation, output))


def _read_failure(status: int, root: ET.Element) -> Failure:
    error = next((child for child in root.iter() if element_name(child) == "Error"), None)
    if error is None:
        raise WireError(f"the response with status {status} has no Error element")
    members = {element_name(child): read_unmodelled(child) for child in error}
    code, message = members.pop("Code", None), members.pop("Message", None)
    return Failure(
        status,
        code if isinstance(code, str) else None,
        message if isinstance(message, str) else None,
        members,
    )


def write_output(operation: Operation, output: Mapping[str, Value], request_id: str) -> Response:
    """The response that holds an output."""
    lines = [f'<{operation.name}Response xmlns="{operation.service.xml_namespace}">']
    if operation.output is not None or output:
        lines += write_parent(_result_element(operation), 1, write_xml_structure(output, operation.output, 2))
    lines += write_parent("ResponseMetadata", 1, [write_leaf("RequestId", request_id, 2)])
    lines.append(f"</{operation.name}Response>\n")
    return Response(200, _headers(request_id), "\n".join(lines).encode())


def write_failure(service: Service, failure: Failure, request_id: str) -> Response:
    """The error response; without a body if the failure is only a status."""
    if failure.code is None and failure.message is None and not failure.members:
        return Response(failure.status, _headers(request_id))
    members = dict(failure.members)
    ordered = {"Type": members.pop("Type", None), "Code": failure.code, "Message": failure.message, **members}
    lines = [f'<ErrorResponse xmlns="{service.xml_namespace}">']
    lines += write_parent("Error", 1, write_xml_structure({k: v for k, v in ordered.items() if v is not None}, None, 2))
    lines += [write_leaf("RequestId", request_id, 1), "</ErrorResponse>\n"]
    return Response(failure.status, _headers(request_id), "\n".join(lines).encode())


def _result_element(operation: Operation) -> str:
    return operation.result_wrapper or f"{operation.name}Result"


def _headers(request_id: str) -> Headers:
    return (("x-amzn-RequestId", request_id), ("Content-Type", "text/xml"))

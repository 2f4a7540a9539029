"""Response → `Answer`, by the service model. The mirror of `core.aws.encode`.

1. Member order is the wire's. Timestamps keep their exact text. Blobs that are UTF-8 text become that text.
2. Elements or keys that the model doesn't know are kept and named in `Answer.unmodelled`: an element with only
   text is a string, one with children a mapping, siblings of one name a list.
3. IAM's policy documents are percent-encoded on the wire and plain here.
4. Everything else of the envelope (request ids, metadata, namespaces, other headers) is dropped.
5. An XML document type is refused: no AWS answer has one, and entities are an attack. So is what is larger than any
   page, before it is parsed, and a status that a cassette can't say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import unquote
from xml.etree import ElementTree as ET

from awstape.core.aws.answer import Answer, Failure
from awstape.core.aws.conform import unmodelled
from awstape.core.aws.model import Operation, Protocol, Service, Shape, Value
from awstape.core.aws.operation import from_json, load_json, scalar
from awstape.core.aws.wire import MAX_BODY, Response, WireError, excess

#: botocore/parsers.py (`ResponseParser.parse`): from here on a response is an error.
FIRST_ERROR_STATUS = 301
LAST_STATUS = 599
#: Of an error that is no JSON, which some proxy made.
_LONGEST_MESSAGE = 64 * 1024


def decode(operation: Operation, response: Response) -> Answer:
    """What a response says. Raises WireError for a body that is not of the service's protocol."""
    if not 200 <= response.status <= LAST_STATUS:
        raise WireError("the status is none of an answer")
    if len(response.body) > MAX_BODY:
        raise WireError(f"the body is larger than {MAX_BODY // 2**20} MiB")
    return _READERS[operation.service.protocol](operation, response)


def _is_generic_error(response: Response) -> bool:
    """An error that a load balancer or proxy made, not the service: empty or HTML."""
    body = response.body.strip()
    return response.status >= 500 and (not body or body[:6].lower() == b"<html>")


# --- query ------------------------------------------------------------------------------------------------------


def _read_query(operation: Operation, response: Response) -> Answer:
    if response.status >= FIRST_ERROR_STATUS:
        if _is_generic_error(response):
            return Answer(error=Failure(response.status))
        return Answer(error=_query_error(response.status, _xml(response.body)))
    root = _xml(response.body)
    wrapper = operation.result_wrapper or f"{operation.name}Result"
    result = next((child for child in root if _name(child) == wrapper), None)
    output: dict[str, Value] = {}
    if result is not None:
        output = _structure(result, operation.output)
    elif operation.output is not None:
        raise WireError(f"the answer to {operation.name} has no {wrapper}")
    return Answer(output=output, unmodelled=unmodelled(operation, output))


def _query_error(status: int, root: ET.Element) -> Failure:
    error = next((child for child in root.iter() if _name(child) == "Error"), None)
    if error is None:
        raise WireError(f"the answer with status {status} holds no Error element")
    members = {_name(child): _generic(child) for child in error}
    code, message = members.pop("Code", None), members.pop("Message", None)
    return Failure(
        status,
        code if isinstance(code, str) else None,
        message if isinstance(message, str) else None,
        members,
    )


class _NoDoctype(ET.TreeBuilder):
    def doctype(self, name: str, pubid: str, system: str) -> None:
        raise WireError("the XML body has a document type")


def _xml(body: bytes) -> ET.Element:
    try:
        root: ET.Element = ET.fromstring(body, parser=ET.XMLParser(target=_NoDoctype()))
    except (ET.ParseError, LookupError, ValueError) as error:
        if isinstance(error, WireError):
            raise
        raise WireError("the body is not XML") from None
    if problem := excess(root, iter):
        raise WireError(f"the body {problem}")
    return root


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _structure(element: ET.Element, shape: Shape | None) -> dict[str, Value]:
    known = shape.by_wire_name if shape else {}
    output: dict[str, Value] = {}
    strangers: dict[str, list[Value]] = {}
    for child in element:
        name, member = known.get(_name(child), (_name(child), None))
        if member is None:
            strangers.setdefault(name, []).append(_generic(child))
            output[name] = _one_or_many(strangers[name])
        elif member.flattened:
            items = output.setdefault(name, [])
            assert isinstance(items, list) and member.shape.member
            items.append(_value(child, member.shape.member.shape))
        else:
            output[name] = _value(child, member.shape)
    return output


def _value(element: ET.Element, shape: Shape) -> Value:
    if shape.type == "structure":
        return _structure(element, shape)
    if shape.type == "list":
        assert shape.member
        return [_value(child, shape.member.shape) for child in element]
    if shape.type == "map":
        return _map(element, shape)
    if len(element):
        return _generic(element)
    text = element.text or ""
    return unquote(text) if shape.percent_encoded else scalar(text, shape)


def _map(element: ET.Element, shape: Shape) -> dict[str, Value]:
    assert shape.key and shape.value
    output: dict[str, Value] = {}
    for entry in element:
        sides = {_name(child): child for child in entry}
        key, value = sides.get(shape.key.wire_name), sides.get(shape.value.wire_name)
        if key is None or value is None:
            raise WireError(
                f"an entry of the map {shape.name} has no {shape.key.wire_name} and {shape.value.wire_name}"
            )
        output[key.text or ""] = _value(value, shape.value.shape)
    return output


def _generic(element: ET.Element) -> Value:
    """An element that no shape describes."""
    if not len(element):
        return element.text or ""
    children: dict[str, list[Value]] = {}
    for child in element:
        children.setdefault(_name(child), []).append(_generic(child))
    return {name: _one_or_many(values) for name, values in children.items()}


def _one_or_many(values: list[Value]) -> Value:
    return values[0] if len(values) == 1 else values


# --- rest-json --------------------------------------------------------------------------------------------------


def _read_rest_json(operation: Operation, response: Response) -> Answer:
    if response.status >= FIRST_ERROR_STATUS:
        return Answer(error=_rest_json_error(operation.service, response))
    body = load_json(response.body) if response.body.strip() else {}
    if not isinstance(body, dict):
        raise WireError("the JSON body is not an object")
    output = from_json(body, operation.output)
    assert isinstance(output, dict)
    output.update(_headers(operation.output, response))
    return Answer(output=output, unmodelled=unmodelled(operation, output))


def _rest_json_error(service: Service, response: Response) -> Failure:
    code = response.header("x-amzn-errortype")
    try:
        body = load_json(response.body) if response.body.strip() else {}
    except WireError:
        if _is_generic_error(response):
            return Failure(response.status, code)
        if len(response.body) > _LONGEST_MESSAGE:
            raise
        body = {"message": response.body.decode("utf-8", errors="replace")}
    if not isinstance(body, dict):
        raise WireError("the JSON body of an error is not an object")
    named = code or body.get("__type") or body.get("code")
    shape = service.errors.get(error_name(named)) if isinstance(named, str) else None
    read = from_json(body, shape)
    assert isinstance(read, dict)
    members = {**read, **_headers(shape, response)}
    message = members.get("message")
    if isinstance(message, str):
        del members["message"]
        return Failure(response.status, code, message, members)
    return Failure(response.status, code, None, members)


def error_name(code: str) -> str:
    """`prefix#Name:http://internal/…` → `Name`, as every SDK reads an error type."""
    return code.partition(":")[0].rpartition("#")[2]


def _headers(shape: Shape | None, response: Response) -> dict[str, Value]:
    return {
        name: scalar(text, member.shape)
        for name, member in (shape.members if shape else {}).items()
        if member.location == "header" and (text := response.header(member.wire_name)) is not None
    }


_READERS: Mapping[Protocol, Callable[[Operation, Response], Answer]] = {
    "query": _read_query,
    "rest-json": _read_rest_json,
}

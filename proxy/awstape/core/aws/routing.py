"""Request → `Call`: which service, which operation, which region, with what input.

1. The service comes from the host name; with a custom endpoint (localhost, a stand-in) from the SigV4 credential
   scope; for unsigned requests from the form's `Version`.
2. How the operation and its input are read depends on the protocol: the table is at the bottom.
3. An input keeps what the model doesn't know: unknown members stay as the strings, mappings and lists they were.
4. A number or boolean that is not in canonical spelling (`007`, `True`) stays the text that it was.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from awstape.core.aws.conform import did_you_mean
from awstape.core.aws.model import Member, Models, Operation, Protocol, Service, Shape, Value
from awstape.core.aws.wire import (
    MAX_ASKED,
    MAX_DEPTH,
    MAX_VALUES,
    Request,
    WireError,
    excess,
    parse_form,
    text_of,
    unquote_label,
)

_REGION = re.compile(r"[a-z]{2,4}(?:-[a-z]+){1,3}(?:-\d{1,2})?", re.ASCII)
_SCOPE = re.compile(r"[^/]*/\d{8}/(?:(?P<region>[^/]+)/)?(?P<service>[^/]+)/aws4_request")


@dataclass(frozen=True)
class Call:
    """An operation, called. `region` is None for a global service."""

    operation: Operation
    region: str | None
    input: dict[str, Value]


def recognise(models: Models, request: Request) -> Call | None:
    """The call that a request makes, None if it is for none of the services in `models`.

    Raises WireError where it calls no operation of the model or can't be read.
    """
    found = service_of(models, request)
    if found is None:
        return None
    service, region = found
    operation, input_ = _READERS[service.protocol](service, request)
    if service.regional and region is not None and not _REGION.fullmatch(region):
        raise WireError("the region is none of AWS's")
    return Call(operation, region if service.regional else None, input_)


def service_of(models: Models, request: Request) -> tuple[Service, str | None] | None:
    """The service that a request is for, and the region. Raises WireError where its form can't be read."""
    if found := models.of_host(request.host):
        return found
    if scope := _credential_scope(request):
        service = models.by_signing_name(scope["service"])
        return (service, scope["region"]) if service else None
    version = dict(_form(request)).get("Version")
    service = models.by_api_version(version) if version else None
    return (service, None) if service else None


def known_service(models: Models, request: Request) -> Service | None:
    """The service that a request is for, None too where that can't be read."""
    try:
        found = service_of(models, request)
    except WireError:
        return None
    return found[0] if found else None


def signed_for(request: Request) -> str | None:
    """The service that a request is signed for, of whatever name; None too where that can't be read."""
    try:
        scope = _credential_scope(request)
    except WireError:
        return None
    return scope["service"] if scope and re.fullmatch(r"[a-z0-9-]{1,40}", scope["service"]) else None


#: Services that answer in XML to requests without a form.
_REST_XML = frozenset({"s3", "s3-outposts", "route53", "cloudfront"})


def speaks_json(request: Request, service: str | None) -> bool:
    """Whether a request of any service, named as in its signature, wants to be answered in JSON."""
    return not request.is_form and service is not None and service not in _REST_XML


def _credential_scope(request: Request) -> Mapping[str, str] | None:
    authorization = request.header("authorization") or ""
    credential = re.search(r"Credential=([^,\s]+)", authorization)
    text = credential[1] if credential else dict(parse_form(request.query)).get("X-Amz-Credential", "")
    match = _SCOPE.fullmatch(text)
    return match.groupdict() if match else None


def _form(request: Request) -> list[tuple[str, str]]:
    return parse_form(request.query) + (parse_form(text_of(request.body)) if request.is_form else [])


# --- query ------------------------------------------------------------------------------------------------------

_FORM_NAME = re.compile(r"\w{1,64}(?:\.\w{1,64})*")
_Tree = dict[str, Any]  # nested by the dots of `Tags.member.1.Key`; the leaves are strings


def _read_query(service: Service, request: Request) -> tuple[Operation, dict[str, Value]]:
    if request.method not in ("GET", "POST"):
        raise WireError(f"{service.name} answers GET and POST only")
    if request.path not in ("", "/"):
        raise WireError(f"{service.name} is asked at the path / only; before it a session of a replay is /~NAME")
    tree: _Tree = {}
    for name, value in _form(request):
        if not name.startswith("X-Amz-"):  # the signature of a presigned URL
            # What is no path of names is one name: taken apart, its parts would hide what it says.
            _plant(tree, name.split(".") if _FORM_NAME.fullmatch(name) else [name], value)
    action = tree.pop("Action", None)
    tree.pop("Version", None)
    operation = service.operations.get(action) if isinstance(action, str) else None
    if operation is None:
        if not isinstance(action, str) or not action:
            raise WireError("the form names no Action")
        hint = did_you_mean(action, service.operations) or "; a newer botocore may know it"
        raise WireError(f"{service.name} has no such operation{hint}")
    return operation, _structure(tree, operation.input)


def _plant(tree: _Tree, path: list[str], value: str) -> None:
    if len(path) > MAX_DEPTH:
        raise WireError(f"the form nests deeper than {MAX_DEPTH} levels")
    for step in path[:-1]:
        branch = tree.setdefault(step, {})
        if branch == "":  # an empty list, then members of it
            branch = tree[step] = {}
        if not isinstance(branch, dict):
            raise WireError("a member of the form is both a value and a structure")
        tree = branch
    if isinstance(tree.get(path[-1]), dict):
        if value:
            raise WireError("a member of the form is both a value and a structure")
        return
    tree[path[-1]] = value


def _structure(tree: _Tree, shape: Shape | None) -> dict[str, Value]:
    known = shape.by_wire_name if shape else {}
    return {
        known[wire_name][0] if wire_name in known else wire_name: (
            _branch(node, known[wire_name][1]) if wire_name in known else node
        )
        for wire_name, node in tree.items()
    }


def _branch(node: str | _Tree, member: Member) -> Value:
    shape = member.shape
    if shape.is_scalar:
        return scalar(node, shape) if isinstance(node, str) else node
    if shape.type == "structure":
        return _structure(node, shape) if isinstance(node, dict) else (node or {})
    if isinstance(node, str):
        empty: Value = [] if shape.type == "list" else {}
        return node or empty
    if shape.type == "list":
        assert shape.member
        element = shape.member
        items = node if member.flattened else node.get(element.wire_name)
        return [_branch(item, element) for item in _numbered(items, member)]
    assert shape.key and shape.value
    key, value = shape.key.wire_name, shape.value
    entries = _numbered(node if member.flattened else node.get("entry"), member)
    return {
        str(entry.get(key, "")): _branch(entry.get(value.wire_name, ""), value)
        for entry in entries
        if isinstance(entry, dict)
    }


def _numbered(items: object, member: Member) -> list[Any]:
    if not isinstance(items, dict) or not all(re.fullmatch(r"\d{1,9}", key, re.ASCII) for key in items):
        raise WireError(f"the members of {member.wire_name} in the form are not numbered")
    return [items[key] for key in sorted(items, key=int)]


# --- rest-json --------------------------------------------------------------------------------------------------


def _read_rest_json(service: Service, request: Request) -> tuple[Operation, dict[str, Value]]:
    operation, labels = _route(service, request)
    shape = operation.input
    input_: dict[str, Value] = {}
    query: dict[str, list[str]] = {}
    for name, value in parse_form(request.query):
        if not name.startswith("X-Amz-"):
            query.setdefault(name, []).append(value)
    for name, member in (shape.members if shape else {}).items():
        if member.location == "uri":
            input_[name] = scalar(unquote_label(labels[member.wire_name]), member.shape)
        elif member.location == "querystring" and member.wire_name in query:
            input_[name] = _query_value(query.pop(member.wire_name), member.shape)
        elif member.location == "header" and (text := request.header(member.wire_name)) is not None:
            input_[name] = scalar(text, member.shape)
    for name, values in query.items():  # unknown to the model
        input_[name] = values[0] if len(values) == 1 else list(values)
    if request.body.strip():
        body = load_json(request.body, MAX_ASKED)
        if not isinstance(body, dict):
            raise WireError("the JSON body is not an object")
        read = from_json(body, shape)
        assert isinstance(read, dict)
        input_.update(read)
    return operation, input_


def _route(service: Service, request: Request) -> tuple[Operation, dict[str, str]]:
    """The operation at a method and path, and the path's labels, still percent-encoded."""
    for method, route, operation in service.routes:
        if method == request.method and (match := route.fullmatch(request.path)):
            return operation, match.groupdict()
    known = request.method in {method for method, _, _ in service.routes}  # any other may be anything
    raise WireError(
        f"{service.name} has no operation at {request.method if known else 'this method'} with such a path; "
        "a newer botocore may know it; "
        "before it a session of a replay is /~NAME"
    )


def _query_value(values: list[str], shape: Shape) -> Value:
    if shape.member:
        return [scalar(value, shape.member.shape) for value in values]
    return scalar(values[-1], shape)


# --- shared by requests and responses ---------------------------------------------------------------------------


def scalar(text: str, shape: Shape) -> Value:
    """The value of a scalar's text; text that is not the canonical spelling of its type stays as it is."""
    if shape.type in ("integer", "long"):
        return int(text) if re.fullmatch(r"0|-?[1-9]\d{0,18}", text, re.ASCII) else text
    if shape.type == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if shape.type == "blob":
        return unblob(text)
    return text


def unblob(text: str) -> str | bytes:
    """Base64 → text where it is text, else bytes. Raises WireError if it is not base64."""
    try:
        raw = base64.b64decode(text)
    except (binascii.Error, ValueError):
        raise WireError("a blob is not base64") from None
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw


def load_json(body: bytes, most: int = MAX_VALUES) -> Value:
    """The value of a JSON body, of at most so many. Raises WireError for what is not strict JSON in UTF-8."""
    try:
        return json_of(text_of(body), most)
    except JsonError as error:
        raise WireError(f"the body {error}") from None


class JsonError(ValueError):
    """A text that is no strict JSON. The error says what it does, such as `is not JSON`; it never quotes the text."""


def json_of(text: str, most: int = MAX_VALUES) -> Value:
    """The value of a JSON text, from the wire or from a user. Raises JsonError for what is not strict or too much."""

    def refuse(constant: str) -> NoReturn:
        raise JsonError(f"holds {constant}, which is not JSON")

    try:
        value: Value = json.loads(text, parse_constant=refuse)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
        problem = excess(value, _items, most)
    except JsonError:
        raise
    except UnicodeEncodeError:
        raise JsonError("holds half a surrogate pair") from None
    except (ValueError, RecursionError):  # no JSON, or a number that Python can't say
        raise JsonError("is not JSON") from None
    if problem:
        raise JsonError(problem)
    return value


def _items(value: Value) -> Iterable[Value]:
    match value:
        case dict():
            return value.values()
        case list():
            return value
    return ()


def from_json(value: Value, shape: Shape | None) -> Value:
    """JSON as the model sees it: AWS member names, blobs decoded. What the model doesn't know stays as it is."""
    match value:
        case dict() if shape and shape.type == "structure":
            known = ((shape.by_wire_name.get(wire_name, (wire_name, None)), item) for wire_name, item in value.items())
            return {name: from_json(item, member.shape if member else None) for (name, member), item in known}
        case list() if shape and shape.member:
            below = shape.member.shape
            return [from_json(item, below) for item in value]
        case dict() if shape and shape.value:
            below = shape.value.shape
            return {key: from_json(item, below) for key, item in value.items()}
        case str() if shape and shape.type == "blob":
            return unblob(value)
    return value


_READERS: Mapping[Protocol, Callable[[Service, Request], tuple[Operation, dict[str, Value]]]] = {
    "query": _read_query,
    "rest-json": _read_rest_json,
}

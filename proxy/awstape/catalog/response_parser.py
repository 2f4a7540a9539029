"""botocore's own response parser: what a client sees of a response. Recordings and tests are verified against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import botocore.awsrequest
import botocore.model
import botocore.parsers

from awstape.catalog.botocore_data import load_paginators, load_service_model
from awstape.core.aws.model import Operation, Protocol, Shape, child_shape
from awstape.core.aws.protocols.customisations.s3_keys import decode_keys
from awstape.core.aws.wire import FIRST_ERROR_STATUS, Response


@dataclass
class _Stream:
    """A body that a client gets as a stream. botocore's parser passes on what is no bytes."""

    body: bytes


@cache
def _service_model(name: str) -> botocore.model.ServiceModel:
    return botocore.model.ServiceModel(load_service_model(name), name)


@cache
def _parser(protocol: Protocol) -> botocore.parsers.ResponseParser:
    return botocore.parsers.create_parser(protocol)


def operation_model(operation: Operation) -> botocore.model.OperationModel:
    """The model of an operation for botocore's own serializer and parser."""
    return _service_model(operation.service.name).operation_model(operation.name)


def paginator_config(operation: Operation) -> Mapping[str, Any] | None:
    """The configuration of botocore's paginator for an operation; None if it has none."""
    found: Mapping[str, Any] | None = load_paginators(operation.service.name).get(operation.name)
    return found


def parse_response(operation: Operation, response: Response, protocol: Protocol | None = None) -> dict[str, Any]:
    """A response as botocore parses it: the output of a success, `Error` and its members of a failure.

    protocol: the one that the client speaks, None for that of botocore.

    Policy documents and S3's keys are percent-decoded, and S3's GetBucketLocation is read, as botocore's client does
    after parsing.
    `ResponseMetadata` is left out.
    Raises botocore.parsers.ResponseParserError for a body that is not of the protocol.
    """
    model, parser = _service_model(operation.service.name), _parser(protocol or operation.service.protocol)
    headers = botocore.awsrequest.HeadersDict(response.headers)
    wire = {"status_code": response.status, "headers": headers, "body": response.body}
    if operation.output and operation.output.payload and response.status < FIRST_ERROR_STATUS:
        payload = operation.output.members[operation.output.payload].shape
        wire["body"] = _Stream(response.body) if payload.type == "blob" else response.body
    shape: Any = model.operation_model(operation.name).output_shape
    parsed: dict[str, Any] = parser.parse(wire, shape)
    parsed = {name: value.body if isinstance(value, _Stream) else value for name, value in parsed.items()}
    parsed.pop("ResponseMetadata", None)
    if operation.name == "GetBucketLocation" and response.status < FIRST_ERROR_STATUS:
        from botocore.handlers import parse_get_bucket_location  # slow to import

        parse_get_bucket_location(parsed, SimpleNamespace(raw=response, content=response.body))
    if response.status < FIRST_ERROR_STATUS:
        decoded: dict[str, Any] = edit_policy_documents(parsed, operation.output, unquote)
        return decode_keys(operation, decoded)
    code = parsed.get("Error", {}).get("Code", "")
    if error := model.shape_for_error_code(code):
        parsed.update(parser.parse(wire, error))
    return parsed


def edit_policy_documents(value: Any, shape: Shape | None, edit: Callable[[str], Any]) -> Any:
    """A parsed value with each policy document that IAM percent-encodes edited."""
    if shape is None:
        return value
    if isinstance(value, dict):
        return {name: edit_policy_documents(item, child_shape(shape, name), edit) for name, item in value.items()}
    if isinstance(value, list):
        return [edit_policy_documents(item, child_shape(shape, i), edit) for i, item in enumerate(value)]
    return edit(value) if shape.percent_encoded and isinstance(value, str) else value

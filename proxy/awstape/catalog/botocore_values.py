"""Converts values between botocore's types and those of the core, and builds requests with botocore's serializer.

botocore's timestamps are datetimes, its blobs are bytes, and the policy documents that IAM percent-encodes are objects.
"""

from __future__ import annotations

import json
import math
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import botocore.awsrequest
import botocore.serialize

from awstape.catalog.hosts import host_of
from awstape.catalog.response_parser import operation_model
from awstape.core.aws.model import SPECIAL_BOOLEANS, SPECIAL_NUMBERS, Operation, Protocol, Shape, Value, child_shape
from awstape.core.aws.timestamps import format_timestamp
from awstape.core.aws.wire import Request

DEFAULT_REGION = "us-east-1"


def build_request(
    operation: Operation,
    input_: Mapping[str, Value],
    region: str | None = None,
    protocol: Protocol | None = None,
) -> Request:
    """The unsigned request that botocore sends for a call.

    region: None for a global service. protocol: the one that the client speaks, None for that of botocore.
    """
    service = operation.service
    endpoint = f"https://{host_of(service.name, region or DEFAULT_REGION)}"
    serializer = botocore.serialize.create_serializer(protocol or service.protocol, include_validation=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # botocore's own deprecations
        parts = serializer.serialize_to_request(to_botocore(dict(input_), operation.input), operation_model(operation))
        botocore.awsrequest.prepare_request_dict(parts, endpoint_url=endpoint)
        prepared = botocore.awsrequest.create_request_object(parts).prepare()
    url = urlsplit(prepared.url)
    headers = tuple((name, v.decode() if isinstance(v, bytes) else v) for name, v in prepared.headers.items())
    body = prepared.body or b""
    raw = body.encode() if isinstance(body, str) else bytes(body)
    return Request(prepared.method, url.hostname or "", url.path, url.query, headers, raw)


def to_botocore(value: Any, shape: Shape | None, *, is_output: bool = False) -> Any:
    """A value of the core in botocore's types, as in inputs or, if `is_output`, as in outputs."""
    if shape is None or value is None or shape.document:
        return value
    if shape.type == "timestamp":
        text = format_timestamp(value, "iso8601")
        return datetime.fromisoformat(text).astimezone(UTC) if isinstance(text, str) else text
    if shape.type in ("float", "double"):
        return SPECIAL_NUMBERS.get(value, value)
    if shape.type == "boolean":
        return SPECIAL_BOOLEANS.get(value, value)
    if shape.type == "blob":
        return value.encode() if isinstance(value, str) else value
    if shape.percent_encoded and is_output and isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    if isinstance(value, list):
        return [to_botocore(item, child_shape(shape, i), is_output=is_output) for i, item in enumerate(value)]
    if isinstance(value, dict):
        return {
            name: json.loads(item)
            if (member := shape.members.get(name)) and member.json_value
            else to_botocore(item, child_shape(shape, name), is_output=is_output)
            for name, item in value.items()
        }
    return value


def from_botocore(value: Any, shape: Shape | None) -> Value:
    """A value in botocore's types as a value of the core; null members are left out.

    Raises TypeError for a type that no response of botocore holds.
    """
    match value:
        case datetime():
            at = value if value.tzinfo else value.replace(tzinfo=UTC)
            spec = "milliseconds" if at.microsecond else "seconds"
            return at.astimezone(UTC).isoformat(timespec=spec).replace("+00:00", "Z")
        case dict() if shape and shape.type == "string":  # a policy document
            return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        case bytes():
            try:
                return value.decode("utf-8")
            except UnicodeDecodeError:
                return value
        case {"SDK_UNKNOWN_MEMBER": {"name": str(tag)}} if shape and shape.union:  # botocore keeps only the name
            return {tag: {}}
        case dict():
            return {
                name: from_botocore(item, child_shape(shape, name)) for name, item in value.items() if item is not None
            }
        case list() | tuple():
            return [from_botocore(item, child_shape(shape, i)) for i, item in enumerate(value)]
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        case None | bool() | int() | float() | str():
            return value
    raise TypeError(f"a {type(value).__name__} is nothing that a service answers")

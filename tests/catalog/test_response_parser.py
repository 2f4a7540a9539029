"""Responses as `parse_response` reads them, compared with the result of a boto3 client."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import botocore.awsrequest
import botocore.exceptions
import pytest

from awstape.catalog.response_parser import parse_response
from awstape.catalog.service_models import load_models
from awstape.core.aws.routing import recognise_call
from awstape.core.aws.wire import Request, Response
from support import wire_cases
from support.boto3_clients import client
from support.wire_cases import WireCase

MODELS = load_models()


def what_boto3_returns(case: WireCase) -> Any:
    """The result of a client call whose response is the literal text of the case."""

    def answer(request: object, **_: object) -> botocore.awsrequest.AWSResponse:
        raw: Any = type("Raw", (), {"stream": lambda *_: iter([case.response_body])})()
        headers: Any = botocore.awsrequest.HeadersDict(case.response_headers)
        return botocore.awsrequest.AWSResponse(case.url, case.status, headers, raw)

    aws = client(case.service, case.region or "us-east-1")
    aws.meta.events.register("before-send", answer)
    try:
        method = botocore.xform_name(case.operation)
        found = getattr(aws, method)(**case.input)
    except botocore.exceptions.ClientError as error:
        found = error.response
    finally:
        aws.meta.events.unregister("before-send", answer)
    return {name: value for name, value in found.items() if name != "ResponseMetadata"}


@pytest.mark.parametrize("case", wire_cases.load(), ids=lambda case: case.name)
def test_a_parsed_response_is_what_a_client_returns(case: WireCase) -> None:
    url = urlsplit(case.url)
    request = Request(case.method, url.hostname or "", url.path, url.query, case.request_headers, case.request_body)
    call = recognise_call(MODELS, request)
    assert call
    parsed = parse_response(call.operation, Response(case.status, case.response_headers, case.response_body))
    assert as_documents(parsed) == as_documents(what_boto3_returns(case))


def as_documents(value: Any) -> Any:
    """The value with policy documents read as JSON, as the client does after parsing."""
    if isinstance(value, dict):
        return {name: as_documents(item) for name, item in value.items()}
    if isinstance(value, list):
        return [as_documents(item) for item in value]
    return json.loads(value) if isinstance(value, str) and value.startswith("{") else value

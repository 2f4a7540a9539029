"""Reads responses for botocore's Stubber, kept as JSON.

The file is a list of objects with the parameters of Stubber's methods, and `service`:

    [{"service": "iam", "method": "get_role", "expected_params": {"RoleName": "…"}, "service_response": {…}},
     {"service": "iam", "method": "get_role", "service_error_code": "NoSuchEntity", "http_status_code": 404}]

https://botocore.amazonaws.com/v1/documentation/api/latest/reference/stubber.html
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from awstape.catalog.botocore_values import from_botocore
from awstape.catalog.service_models import load_models
from awstape.core.aws.call import Answer
from awstape.core.aws.model import Operation, plain_name
from awstape.core.aws.paging import next_token
from awstape.core.aws.wire import Request, Response, WireError
from awstape.formats.imports.boto3_values import answer_from_error, answer_from_output, encode_exchange, find_service
from awstape.formats.imports.entries import Entry, ImportOptions, read_items

TITLE = "answers for botocore's Stubber"


def recognises(content: Any) -> bool:
    """Whether a parsed file holds responses for Stubber."""
    return isinstance(content, list) and any(isinstance(item, dict) and "method" in item for item in content)


def read(path: Path, content: Any, options: ImportOptions) -> Iterator[Entry]:
    """Yields the exchanges of a file. Without `expected_params`, a page's token is the one in the response before."""
    tokens: dict[str, str | None] = {}

    def exchange(item: Any) -> tuple[Request, Response | None]:
        operation = _operation(item)
        answer = _answer(operation, item)
        before = tokens.get(operation.name)
        tokens[operation.name] = next_token(operation, answer.output or {})
        members = from_botocore(item.get("expected_params"), operation.input)
        if not isinstance(members, dict | None):
            raise WireError(f"{operation.name}: expected_params is not a mapping")
        return encode_exchange(operation, members, answer, before, options)

    yield from read_items(path, content, exchange)


def _operation(item: Any) -> Operation:
    """The operation of a client's method: GetRole for `get_role`. Raises WireError for an unknown one."""
    services = [find_service(item["service"])] if "service" in item else load_models().recognised
    for service in services:
        if operation := service.by_plain_name.get(plain_name(item["method"])):
            return operation
    raise WireError("no recorded service has such a method")


def _answer(operation: Operation, item: Any) -> Answer:
    if "service_response" in item:
        return answer_from_output(operation, item["service_response"])
    members = {**(item.get("service_error_meta") or {}), **(item.get("modeled_fields") or {})}
    code, message = item.get("service_error_code", ""), item.get("service_message", "")  # the defaults of Stubber
    return answer_from_error(item.get("http_status_code", 400), code, message or None, members)

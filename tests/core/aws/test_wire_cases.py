"""Every literal wire case, read and written again; botocore's parser verifies that a client sees the same."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest

from awstape.catalog.response_parser import parse_response
from awstape.catalog.service_models import load_models
from awstape.core.aws.call import Answer, Call
from awstape.core.aws.conform import misfits
from awstape.core.aws.protocols.dispatch import read_response, write_response
from awstape.core.aws.routing import recognise_call
from awstape.core.aws.wire import Request, Response
from support import wire_cases
from support.wire_cases import WireCase

MODELS = load_models()
CASES = wire_cases.load()


def request_of(case: WireCase) -> Request:
    url = urlsplit(case.url)
    return Request(case.method, url.hostname or "", url.path, url.query, case.request_headers, case.request_body)


def response_of(case: WireCase) -> Response:
    return Response(case.status, case.response_headers, case.response_body)


def call_of(case: WireCase) -> Call:
    call = recognise_call(MODELS, request_of(case))
    assert call is not None
    return call


def answer_of(case: WireCase) -> Answer:
    return read_response(call_of(case).operation, response_of(case))


each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@each_case
def test_the_request_is_recognised(case: WireCase) -> None:
    call = call_of(case)
    assert (call.operation.service.name, call.operation.name) == (case.service, case.operation)
    assert call.region == case.region
    assert call.input == case.input


@each_case
def test_a_client_reads_the_encoded_answer_as_the_original(case: WireCase) -> None:
    operation = call_of(case).operation
    encoded = write_response(operation, answer_of(case), "request-id")
    assert encoded.status == case.status
    assert parse_response(operation, encoded) == parse_response(operation, response_of(case))


@each_case
def test_encoding_and_decoding_again_changes_nothing(case: WireCase) -> None:
    operation = call_of(case).operation
    answer = answer_of(case)
    again = read_response(operation, write_response(operation, answer, "request-id"))
    assert again == answer
    assert _in_order(again.output) == _in_order(answer.output)


@pytest.mark.parametrize("case", [c for c in CASES if c.service == "iam" and c.canonical], ids=lambda case: case.name)
def test_iam_bytes_are_aws_bytes(case: WireCase) -> None:
    request_id = re.search(rb"<RequestId>(.*?)</RequestId>", case.response_body)
    encoded = write_response(call_of(case).operation, answer_of(case), request_id[1].decode() if request_id else "")
    assert encoded.body.decode() == case.response_body.decode()


@each_case
def test_the_answer_conforms_to_the_model_except_for_unmodelled_members(case: WireCase) -> None:
    answer = answer_of(case)
    unknown = list(misfits(answer.output, call_of(case).operation.output))
    assert all(misfit.unknown for misfit in unknown)
    assert bool(answer.unmodelled) == bool(unknown)


def _in_order(value: object) -> object:
    """Mappings as lists of pairs, which compare by order."""
    if isinstance(value, dict):
        return [(key, _in_order(item)) for key, item in value.items()]
    return [_in_order(item) for item in value] if isinstance(value, list) else value


def test_there_are_enough_cases_of_each_kind() -> None:
    for service in ("iam", "accessanalyzer"):
        mine = [case for case in CASES if case.service == service]
        assert len(mine) >= 30
        assert sum(case.status >= 300 for case in mine) >= 5

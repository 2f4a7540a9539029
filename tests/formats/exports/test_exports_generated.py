"""Operations with generated inputs and outputs, in every format."""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any

import boto3
import botocore.stub
import pytest
import vcr.serialize
from hypothesis import given
from mitmproxy.io.har import request_to_flow
from vcr.serializers import yamlserializer

from awstape.catalog.botocore_values import to_botocore
from awstape.core.aws.call import Answer, derive_request_id
from awstape.core.aws.model import Operation, Value
from awstape.core.aws.paging import split_input
from awstape.core.aws.protocols.dispatch import write_response
from awstape.core.aws.routing import recognise_call
from awstape.core.aws.wire import Response
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.formats.exports import stubber
from support import strategies
from support.asking import ONCE, exported, headers_from_har
from support.exchanges import MODELS, REGION, request
from support.in_process import FAKE_KEYS

#: Of each kind of value one or two; `AWSTAPE_EXAMPLES=5` takes all operations that read.
NAMES = """
    GetAccessPreview GetAccountAuthorizationDetails GetAccountSummary GetCredentialReport GetFindingV2
    GetGeneratedPolicy GetRole GetServiceLastAccessedDetails ListEntitiesForPolicy SimulateCustomPolicy ValidatePolicy
""".split()
READS = [op for service in MODELS.recognised for op in service.operations.values() if op.is_read]
CHOSEN = [op for op in READS if op.name in NAMES] if strategies.EXAMPLES == 1 else READS
each_read = pytest.mark.parametrize("op", CHOSEN, ids=lambda op: op.name)


@pytest.fixture(scope="module")
def clients() -> dict[str, Any]:
    session = boto3.Session(**FAKE_KEYS, region_name=REGION)
    return {name: session.client(name, config=ONCE) for name in MODELS.names}


@each_read
def test_every_format_holds_what_was_recorded(
    op: Operation, clients: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for checking in (stubber, botocore.stub):  # generated outputs lack members that the model requires
        monkeypatch.setattr(checking, "validate_parameters", lambda *_: None)

    @strategies.few(4)
    @given(strategies.inputs(op), strategies.outputs(op))
    def check(input_: dict[str, Value], output: dict[str, Value]) -> None:
        call = recognise_call(MODELS, request(op.name, input_))
        assert call
        track = Track(op.service.name, op.name, call.region, split_input(call).identity)
        cassette = Cassette((Take(track, (Page(None, None, Answer(output)),)),))
        response = write_response(op, Answer(output), derive_request_id(*track.request_key, "1", "1"))
        assert in_vcr(exported(cassette, "vcr").text) == response.body
        assert in_har(exported(cassette, "har").text) == response
        seen = to_botocore(output, op.output, is_output=True)
        assert stubbed(op, exported(cassette, "stubber").text, clients[op.service.name], track) == seen
        if output and not op.paging:
            assert json.loads(exported(cassette, "awscli").text) == json.loads(json.dumps(seen, default=scalar))

    check()


def in_vcr(text: str) -> bytes:
    _, (response,) = vcr.serialize.deserialize(text, yamlserializer)
    body = response["body"]["string"]
    assert isinstance(body, bytes)
    return body


def in_har(text: str) -> Response:
    (entry,) = json.loads(text)["log"]["entries"]
    response = request_to_flow(entry).response
    assert response
    return Response(response.status_code, headers_from_har(response), response.content or b"")


def stubbed(op: Operation, text: str, client: Any, track: Track) -> dict[str, Any]:
    module: dict[str, Any] = {}
    exec(compile(text, "stubs.py", "exec"), module)
    with module[f"stub_{op.service.name}"](client):
        method = getattr(client, botocore.xform_name(op.name))
        answer: dict[str, Any] = method(**to_botocore(track.identity, op.input))
    return answer


def scalar(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else base64.b64encode(value).decode()

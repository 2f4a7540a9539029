"""Odd responses in JSON and CBOR: a client sees the same in replay."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.catalog.response_parser import parse_response
from awstape.catalog.service_models import load_models
from awstape.core.aws.model import Operation, Protocol, Value
from awstape.core.aws.protocols.dispatch import read_response, write_response
from awstape.core.aws.protocols.encodings.cbor_items import EpochSeconds, dump_cbor, write_cbor_structure
from awstape.core.aws.protocols.encodings.json_text import write_json_structure
from awstape.core.aws.wire import Response, WireError
from support import strategies
from support.odd_members import odd_members

MODELS = load_models()
OPERATIONS: dict[Protocol, list[Operation]] = {
    protocol: [op for name in names for op in MODELS.services[name].operations.values()]
    for protocol, names in {
        "json": ("dynamodb", "ecs", "codepipeline", "sqs", "stepfunctions"),
        "smithy-rpc-v2-cbor": ("cloudwatch", "codebuild", "codepipeline", "servicecatalog"),
    }.items()
}


def make_body(operation: Operation, output: dict[str, Value], protocol: Protocol, chance: Random) -> bytes:
    if protocol == "json":
        return json.dumps(odd_members(write_json_structure(output, operation.output), chance)).encode()
    members = odd_members(write_cbor_structure(output, operation.output), chance)
    return dump_indefinite(members) if chance.randrange(2) else dump_cbor(members)


def dump_indefinite(value: Any) -> bytes:
    """Returns CBOR in which arrays, maps and strings have no length at their beginning."""
    match value:
        case dict():
            return b"\xbf" + b"".join(dump_indefinite(part) for item in value.items() for part in item) + b"\xff"
        case list():
            return b"\x9f" + b"".join(map(dump_indefinite, value)) + b"\xff"
        case str() | bytes() if len(value) > 1:
            parts = dump_cbor(value[:1]) + dump_cbor(value[1:])
            return (b"\x7f" if isinstance(value, str) else b"\x5f") + parts + b"\xff"
        case EpochSeconds():
            return b"\xc1" + dump_cbor(value.seconds)
    return dump_cbor(value)


@pytest.mark.parametrize("protocol", OPERATIONS)
@strategies.few(300)
@given(data=st.data(), seed=st.integers(0, 10**6))
def test_a_client_sees_the_same_in_replay(protocol: Protocol, data: st.DataObject, seed: int) -> None:
    operation = data.draw(st.sampled_from(OPERATIONS[protocol]))
    body = make_body(operation, data.draw(strategies.outputs(operation)), protocol, Random(seed))
    response = Response(200, (("smithy-protocol", "rpc-v2-cbor"),), body)
    try:
        expected = parse_response(operation, response, protocol)
    except Exception:
        return
    read = read_response(operation, response, protocol)
    replayed = write_response(operation, read, "request-id", protocol)
    assert repr(parse_response(operation, replayed, protocol)) == repr(expected)
    assert read_response(operation, replayed, protocol) == read


@pytest.mark.parametrize("protocol", OPERATIONS)
@strategies.few(300)
@given(data=st.data(), seed=st.integers(0, 10**6))
def test_a_mangled_body_is_read_so_that_it_can_be_written_or_refused(
    protocol: Protocol, data: st.DataObject, seed: int
) -> None:
    operation, chance = data.draw(st.sampled_from(OPERATIONS[protocol])), Random(seed)
    body = make_body(operation, data.draw(strategies.outputs(operation)), protocol, chance)
    at = chance.randrange(len(body) + 1)
    mangled = body[:at] + chance.randbytes(chance.randrange(3)) + body[at + chance.randrange(3) :]
    for status in (200, 400, 503):
        try:
            read = read_response(operation, Response(status, (), mangled), protocol)
        except WireError:
            continue
        written = write_response(operation, read, "request-id", protocol)
        assert repr(read_response(operation, written, protocol)) == repr(read)

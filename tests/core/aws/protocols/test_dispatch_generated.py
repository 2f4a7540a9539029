"""Generated inputs and outputs of operations of all services, in each protocol and from one protocol to another."""

from __future__ import annotations

import math
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.catalog.botocore_values import build_request, to_botocore
from awstape.catalog.response_parser import parse_response
from awstape.catalog.service_models import load_models
from awstape.core.aws.call import Answer
from awstape.core.aws.conform import output_misfits
from awstape.core.aws.model import Operation, Protocol
from awstape.core.aws.protocols.dispatch import read_response, write_response
from awstape.core.aws.routing import recognise_call
from support import strategies

PROTOCOLS: tuple[Protocol, ...] = ("json", "smithy-rpc-v2-cbor")
REGION = "eu-west-1"

each_protocol = pytest.mark.parametrize("protocol", PROTOCOLS)


def services(*protocols: Protocol) -> list[str]:
    """Returns the names of the services that have these protocols."""
    return [name for name, entry in load_models().entries.items() if set(protocols) <= set(entry.protocols)]


def operations(*protocols: Protocol) -> st.SearchStrategy[Operation]:
    """Returns a strategy of operations of the services with these protocols, each service as often as another."""
    names = services(*protocols)

    def choose(random: Random) -> Operation:
        while True:
            chosen = list(load_models().services[random.choice(names)].operations.values())
            operation = random.choice(chosen)
            members = [m for shape in (operation.input, operation.output) if shape for m in shape.members.values()]
            if not any(member.shape.event_stream for member in members):
                return operation

    return strategies.made(choose)


def as_text(value: Any) -> Any:
    """A value with numbers that JSON does not have as their texts: botocore's JSON parser leaves them so."""
    match value:
        case dict():
            return {name: as_text(item) for name, item in value.items()}
        case list():
            return [as_text(item) for item in value]
        case float() if not math.isfinite(value):
            return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    return value


def test_there_are_services_of_each_protocol() -> None:
    for protocol in PROTOCOLS:
        assert len(services(protocol)) >= 40
    assert len(services(*PROTOCOLS)) >= 40


@each_protocol
@strategies.few(300)
@given(data=st.data())
def test_a_client_reads_an_output_and_it_is_read_again(protocol: Protocol, data: st.DataObject) -> None:
    operation = data.draw(operations(protocol))
    output = data.draw(strategies.outputs(operation))
    assert not list(output_misfits(operation, output))
    response = write_response(operation, Answer(output), "request-id", protocol)
    expected = as_text(to_botocore(output, operation.output))
    assert as_text(parse_response(operation, response, protocol)) == expected
    assert read_response(operation, response, protocol) == Answer(output)


@each_protocol
@strategies.few(300)
@given(data=st.data())
def test_a_request_of_a_client_is_recognised(protocol: Protocol, data: st.DataObject) -> None:
    operation = data.draw(operations(protocol))
    input_ = data.draw(strategies.inputs(operation))
    models = load_models((operation.service.name,))
    call = recognise_call(models, build_request(operation, input_, REGION, protocol))
    assert call
    assert (call.operation, call.protocol) == (operation, protocol)
    assert to_botocore(call.input, operation.input) == to_botocore(input_, operation.input)


@pytest.mark.parametrize(("recorded", "served"), [PROTOCOLS, PROTOCOLS[::-1]])
@strategies.few(200)
@given(data=st.data())
def test_a_response_of_one_protocol_is_served_in_another(
    recorded: Protocol, served: Protocol, data: st.DataObject
) -> None:
    operation = data.draw(operations(recorded, served))
    output = data.draw(strategies.outputs(operation))
    answer = read_response(operation, write_response(operation, Answer(output), "", recorded), recorded)
    response = write_response(operation, answer, "", served)
    expected = as_text(to_botocore(output, operation.output))
    assert as_text(parse_response(operation, response, served)) == expected

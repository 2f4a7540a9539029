"""Generated inputs and outputs of operations of all services, in each protocol and from one protocol to another."""

from __future__ import annotations

import math
import re
from functools import partial
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
from awstape.core.aws.model import Operation, Protocol, Shape, Value, child_shape
from awstape.core.aws.protocols.dispatch import read_response, write_response
from awstape.core.aws.routing import recognise_call
from awstape.core.aws.wire import Response
from support import strategies

#: With the number of services that have at least to be there.
PROTOCOLS: dict[Protocol, int] = {"json": 40, "smithy-rpc-v2-cbor": 40, "query": 17, "ec2": 1}
OTHERS: tuple[tuple[Protocol, Protocol], ...] = (
    ("json", "smithy-rpc-v2-cbor"),
    ("smithy-rpc-v2-cbor", "json"),
    ("json", "query"),
    ("query", "smithy-rpc-v2-cbor"),
)
REGION = "eu-west-1"

each_protocol = pytest.mark.parametrize("protocol", PROTOCOLS)


def services(*protocols: Protocol) -> list[str]:
    """Returns the names of the services that have these protocols, in botocore, too: not SQS for query."""
    known = {name: set(entry.protocols) for name, entry in load_models().entries.items()}
    known["sqs"] -= {"query"}
    return [name for name, spoken in known.items() if set(protocols) <= spoken]


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


def as_said(output: Any, shape: Shape | None, protocol: Protocol) -> Any:
    """An output as a response can say it: XML has no empty flattened list or map."""
    if shape is None or protocol not in ("query", "ec2"):
        return output
    if isinstance(output, list):
        return [as_said(item, child_shape(shape, 0), protocol) for item in output]
    if isinstance(output, dict):
        return {
            name: as_said(item, child_shape(shape, name), protocol)
            for name, item in output.items()
            if item or not (name in shape.members and shape.members[name].flattened)
        }
    return output


def as_sent(input_: dict[str, Value], shape: Shape | None, protocol: Protocol) -> Any:
    """An input as a request can say it: forms have no empty structures and maps, those of EC2 no empty lists."""
    if protocol not in ("query", "ec2"):
        return input_
    sent = _in_form(input_, shape, has_empty_lists=protocol == "query")
    return {} if sent is None else sent


def _in_form(value: Any, shape: Shape | None, *, has_empty_lists: bool) -> Any:
    """A value without what a form cannot say; None if nothing is left of it."""
    if isinstance(value, list):
        items = [_in_form(item, child_shape(shape, 0), has_empty_lists=has_empty_lists) for item in value]
        items = [item for item in items if item is not None]
        return items if items or (not value and has_empty_lists) else None
    if isinstance(value, dict) and shape:
        said = {
            name: _in_form(v, child_shape(shape, name), has_empty_lists=has_empty_lists) for name, v in value.items()
        }
        if shape.value:  # an entry has its key
            return {name: ([] if item is None else item) for name, item in said.items()} or None
        return {name: item for name, item in said.items() if item is not None} or None
    return value


def test_there_are_services_of_each_protocol() -> None:
    assert [p for p, least in PROTOCOLS.items() if len(services(p)) < least] == []
    assert len(services("json", "smithy-rpc-v2-cbor")) >= 40
    assert services("json", "smithy-rpc-v2-cbor", "query") == ["cloudwatch"]


@each_protocol
@strategies.few(300)
@given(data=st.data())
def test_a_client_reads_an_output_and_it_is_read_again(protocol: Protocol, data: st.DataObject) -> None:
    operation = data.draw(operations(protocol))
    output = data.draw(strategies.outputs(operation))
    assert not list(output_misfits(operation, output))
    response = write_response(operation, Answer(output), "request-id", protocol)
    said = as_said(output, operation.output, protocol)
    assert as_text(parse_response(operation, response, protocol)) == as_text(to_botocore(said, operation.output))
    assert read_response(operation, response, protocol) == Answer(said)


def odd_xml(body: bytes, random: Random) -> bytes:
    """XML with elements without a model, and without indent."""
    text = body.decode()
    spots = [match.end() for match in re.finditer(r"Result>\n|<(?:member|item)>\n(?= +<[^/])|</requestId>\n", text)]
    for at in sorted(random.sample(spots, min(3, len(spots))), reverse=True):
        new = random.choice(["<zNew/>", "<zNew>x</zNew>", "<zNew><a>1</a></zNew>", "<zNew/><zNew>2</zNew>", "<!-- -->"])
        text = text[:at] + new + text[at:]
    return re.sub(r">\s*\n\s*<", "><", text).encode()


@pytest.mark.parametrize("protocol", ["query", "ec2"])
@strategies.few(300)
@given(data=st.data())
def test_a_client_reads_odd_xml_as_it_is_written_again(protocol: Protocol, data: st.DataObject) -> None:
    operation = data.draw(operations(protocol))
    plain = write_response(operation, Answer(data.draw(strategies.outputs(operation))), "request-id", protocol)
    odd = Response(200, (), data.draw(strategies.made(partial(odd_xml, plain.body))))
    answer = read_response(operation, odd, protocol)
    again = write_response(operation, answer, "request-id", protocol)
    assert parse_response(operation, again, protocol) == parse_response(operation, odd, protocol)
    assert read_response(operation, again, protocol) == answer


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
    said = as_sent(input_, operation.input, protocol)
    assert to_botocore(call.input, operation.input) == to_botocore(said, operation.input)


@pytest.mark.parametrize(("recorded", "served"), OTHERS)
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

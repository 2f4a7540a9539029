"""A cassette that was recorded in one protocol of a service serves the clients of the others."""

from __future__ import annotations

from typing import Any

import pytest

from awstape.catalog.botocore_values import build_request
from awstape.catalog.response_parser import parse_response
from awstape.catalog.service_models import load_models
from awstape.core.aws.call import Answer, Failure
from awstape.core.aws.model import Protocol, Value
from awstape.core.aws.protocols.dispatch import write_response
from awstape.core.aws.wire import Response
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.recording.recorder import Recorder
from awstape.core.redaction.redactor import Redactor
from awstape.core.replay.player import Player
from support.exchanges import KEY, REGION

MODELS = load_models(("cloudwatch",))
STATISTICS = MODELS.operation("cloudwatch", "GetMetricStatistics")
ALARMS = MODELS.operation("cloudwatch", "DescribeAlarms")
PROTOCOLS: tuple[Protocol, ...] = ("smithy-rpc-v2-cbor", "json")

INPUT: dict[str, Value] = {
    "Namespace": "AWS/EC2",
    "MetricName": "CPUUtilization",
    "StartTime": "2026-01-01T00:00:00Z",
    "EndTime": "2026-01-01T00:00:00.250Z",
    "Period": 60,
    "Statistics": ["Average"],
}
OUTPUT: dict[str, Value] = {
    "Label": "CPUUtilization",
    "Datapoints": [
        {"Timestamp": "2026-01-01T00:00:00Z", "Average": 0.1, "Sum": "NaN", "Unit": "Percent"},
        {"Timestamp": "2026-01-01T00:00:30.500Z", "Average": 12.5, "ExtendedStatistics": {"p99": 1e-7}},
    ],
}
FAILURE = Failure(400, "InvalidNextToken", "no", {"Type": "Sender"})


def record(protocol: Protocol) -> str:
    """Returns the text of a cassette that a client of a protocol recorded."""
    recorder = Recorder(MODELS, Redactor(KEY), parse_response)
    for operation, input_, answer in (
        (STATISTICS, INPUT, Answer(OUTPUT)),
        (ALARMS, {"MaxRecords": 1}, Answer(error=FAILURE)),
    ):
        asked = build_request(operation, input_, REGION, protocol)
        recorder.feed(asked, write_response(operation, answer, "id", protocol))
    recording = recorder.finish()
    assert not recording.skipped
    assert not [note for note in recording.notes if "parse" in note]
    return write_cassette(recording.cassette)


def play(text: str, operation: Any, input_: dict[str, Value], protocol: Protocol) -> Response:
    player = Player(MODELS, read_cassette(text, MODELS), Redactor(KEY), has_key=True)
    reply = player.answer(build_request(operation, input_, REGION, protocol))
    assert reply.response
    return reply.response


def test_all_protocols_make_the_same_cassette() -> None:
    assert record("json") == record("smithy-rpc-v2-cbor")
    assert "2026-01-01T00:00:30.500Z" in record("json")


@pytest.mark.parametrize("recorded", PROTOCOLS)
@pytest.mark.parametrize("played", PROTOCOLS)
def test_a_client_sees_the_same_in_each_protocol(recorded: Protocol, played: Protocol) -> None:
    text = record(recorded)
    response = play(text, STATISTICS, INPUT, played)
    expected = write_response(STATISTICS, Answer(OUTPUT), "id", played)
    assert repr(parse_response(STATISTICS, response, played)["Datapoints"]) == repr(
        parse_response(STATISTICS, expected, played)["Datapoints"]
    )
    failed = parse_response(ALARMS, play(text, ALARMS, {}, played), played)["Error"]
    assert (failed["Code"], failed["Type"]) == ("InvalidNextToken", "Sender")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_miss_is_an_error_of_the_protocol(protocol: Protocol) -> None:
    response = play(record("json"), STATISTICS, {**INPUT, "Period": 300}, protocol)
    assert response.header("content-type") == (
        "application/cbor" if "cbor" in protocol else "application/x-amz-json-1.0"
    )
    assert parse_response(STATISTICS, response, protocol)["Error"]["Code"] == "CassetteMiss"

"""Captures: an interrupted recording is restored from them, and they hold no more than the recording."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.catalog.response_parser import parse_response
from awstape.core.aws.call import Answer
from awstape.core.aws.model import Operation, Value
from awstape.core.cassette.cassette import Page, Track
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.recording import capture
from awstape.core.recording.capture import Capture
from awstape.core.redaction.redactor import Redactor
from canaries import canaries, found
from support import strategies
from support.exchanges import KEY, MODELS, Exchange, KeepingRecorder, fail, listing, record, recorder, request, respond

OPERATIONS = [op for service in MODELS.recognised for op in service.operations.values()]


def captures(*exchanges: Exchange) -> list[str]:
    """The captures of exchanges, as text."""
    feeding = recorder(include_writes=True)
    fed = (feeding.feed(asked, response) for asked, response in exchanges)
    return [capture.write(each) for each in fed if each]


def redacted_part(text: str) -> str:
    """A capture without the real values for the leak search: what could come into a cassette."""
    *_, about, take = json.loads(text)
    return json.dumps([{name: value for name, value in about.items() if name != "seen"}, take])


def restored(texts: list[str]) -> KeepingRecorder:
    """A recorder restored from captures, without traffic."""
    result = KeepingRecorder(MODELS, Redactor(KEY), parse_response)
    for text in texts:
        result.restore(capture.read(text, MODELS))
    return result


def text_of(recorder: KeepingRecorder) -> str:
    return write_cassette(recorder.finish().merged)


@strategies.few(60)
@given(st.data())
def test_captures_restore_the_same_recording(data: st.DataObject) -> None:
    exchanges: list[Exchange] = []
    for op in data.draw(st.lists(st.sampled_from(OPERATIONS), min_size=1, max_size=3)):
        outputs = data.draw(st.lists(strategies.outputs(op), min_size=1, max_size=3 if op.paging else 1))
        input_ = data.draw(strategies.inputs(op))
        exchanges += _traversal(op, input_, outputs)
    data.draw(st.randoms()).shuffle(exchanges)
    texts = captures(*exchanges)
    assert text_of(restored(texts)) == write_cassette(record(*exchanges, include_writes=True).merged)
    assert [capture.write(capture.read(text, MODELS)) for text in texts] == texts
    assert not [text for text in texts if strategies.identifiers_in(redacted_part(text))]


def _traversal(op: Operation, input_: dict[str, Value], outputs: list[dict[str, Value]]) -> list[Exchange]:
    if op.paging:
        return listing(op.name, input_, outputs, token=f"token-of-{op.name}-")
    return [(request(op.name, input_), respond(op.name, outputs[0]))]


def test_a_retry_replaces_the_error() -> None:
    throttled = fail("ListGroups", 400, "Throttling", "Rate exceeded")
    asked = [request("ListGroups", invocation=name) for name in ("one", "two")]
    answered = respond("ListGroups", {"Groups": []})
    pairs = [(asked[0], throttled), (asked[1], throttled), (asked[1], answered), (asked[0], answered)]
    assert text_of(restored(captures(*pairs))) == write_cassette(record(*pairs).merged)
    assert "Throttling" not in text_of(restored(captures(*pairs)))


def test_the_order_of_pages_is_known_without_their_tokens() -> None:
    pages: list[dict[str, Value]] = [{"Groups": [_group(f"g{i}")]} for i in range(5)]
    pairs = listing("ListGroups", {}, pages, token="AAAAsecretsecretsecretAAAA")
    texts = captures(*pairs)
    assert "secret" not in "".join(map(redacted_part, texts))
    first, *others = texts
    random.Random(1).shuffle(others)
    assert text_of(restored(texts)) == write_cassette(record(*pairs).merged)
    broken_off = restored([first, *others]).finish()
    assert sum(broken_off.skipped.values()) + sum(len(take.pages) for take in broken_off.cassette.takes) == 5


def test_a_name_found_later_is_replaced_in_earlier_captures() -> None:
    policy: dict[str, Value] = {"PolicyName": "one", "Description": "for the team of zDeployTeam"}
    pairs = [
        (
            request("GetPolicy", {"PolicyArn": "arn:aws:iam::111122223333:policy/one"}),
            respond("GetPolicy", {"Policy": policy}),
        ),
        (request("ListGroups"), respond("ListGroups", {"Groups": [_group("zDeployTeam")]})),
    ]
    texts = captures(*pairs)
    assert "zDeployTeam" in texts[0], "that is why the journal is sealed"
    assert "zDeployTeam" not in text_of(restored(texts))
    assert text_of(restored(texts)) == write_cassette(record(*pairs).merged)


def test_no_canary_is_in_captures() -> None:
    for canary in canaries(150, 7):
        texts = captures(*canary.exchanges)
        assert not found([text_of(restored(texts))], canary.parts), canary.position
        if canary.kind != "known name":
            assert not found(list(map(redacted_part, texts)), canary.parts), canary.position


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '[{}, {"version": 1}]',
        '[{}, {"service": "iam", "operation": "ListUsers", "identity": {}, "pages": []}]',
        '[{"owner": "x"}, {"service": "iam", "operation": "ListUsers", "identity": {}, "pages": [{"output": {}}]}]',
        '[{}, {"service": "iam", "operation": "ListUsers", "identity": {}, "pages": [{"output": {}}]}, 1, 2]',
        "\0",
    ],
)
def test_other_texts_are_no_captures(text: str) -> None:
    with pytest.raises(ValueError, match="not a capture"):
        capture.read(text, MODELS)


def test_a_capture_is_a_small_text() -> None:
    (text,) = captures((request("ListGroups", invocation="x"), respond("ListGroups", {"Groups": []})))
    read = capture.read(text, MODELS)
    assert isinstance(read, Capture)
    take = {"service": "iam", "operation": "ListGroups", "identity": {}, "pages": [{"output": {"Groups": []}}]}
    assert json.loads(text) == [{"invocation": read.invocation}, take]


def test_binary_is_restored_whatever_names_the_capture_has() -> None:
    output: dict[str, Value] = {"binary": {"binary+": [b"\xff\x00", "AAA="]}, "x": b"y", "empty": None}
    page = Page(None, None, Answer(output, unmodelled=tuple(output)))
    track = Track("accessanalyzer", "ListAnalyzers", "eu-west-1", {})
    read = capture.read(capture.write(Capture(track, page)), MODELS)
    assert read.page.answer.output == page.answer.output


def _group(name: str) -> dict[str, Value]:
    return {"GroupName": name, "Arn": f"arn:aws:iam::111122223333:group/{name}"}

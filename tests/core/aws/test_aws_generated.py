"""Every operation of the models, with generated inputs and outputs: wire, recording, cassette, replay."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.catalog.botocore_values import to_botocore
from awstape.catalog.response_parser import parse_response
from awstape.core.aws.call import Answer
from awstape.core.aws.member_paths import format_path_without_data
from awstape.core.aws.model import Operation, Shape, Value
from awstape.core.aws.paging import canonicalise, split_input
from awstape.core.aws.protocols.dispatch import read_response, write_response
from awstape.core.aws.routing import recognise_call
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.core.cassette.page_tokens import name_tokens
from awstape.core.cassette.yaml.reader import read_cassette, read_entries
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.check.lint_takes import SAME_ITEM, lint_takes
from awstape.core.check.lint_values import MISSING, RANGE
from awstape.core.redaction.redactor import Redactor
from support import strategies
from support.exchanges import (
    KEY,
    MODELS,
    OTHER_KEY,
    REGION,
    Exchange,
    listing,
    player,
    recorder,
    request,
    respond,
    traverse,
)

OPERATIONS = [op for service in MODELS.recognised for op in service.operations.values()]
PAGINATED = [op for op in OPERATIONS if op.paging]
_NOTHING = object()

each_operation = pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.name)


def test_every_operation_is_there() -> None:
    assert len(PAGINATED) >= 51
    assert len(OPERATIONS) >= 180 + 39


# --- the wire ---------------------------------------------------------------------------------------------------


@each_operation
@strategies.few(5)
@given(data=st.data())
def test_botocore_and_read_response_read_what_write_response_writes(op: Operation, data: st.DataObject) -> None:
    output = data.draw(strategies.outputs(op))
    response = write_response(op, Answer(output), "request-id")
    assert parse_response(op, response) == to_botocore(output, op.output)
    again = read_response(op, response)
    assert again == Answer(output)
    assert _in_order(again.output) == _in_order(output)


@each_operation
@strategies.few(5)
@given(data=st.data())
def test_a_request_of_botocore_is_recognised(op: Operation, data: st.DataObject) -> None:
    input_ = data.draw(strategies.inputs(op))
    call = recognise_call(MODELS, request(op.name, input_))
    assert call is not None
    assert call.operation is op
    assert call.region == (REGION if op.service.regional else None)
    said = _expected_input(input_, op.input, is_form=op.service.protocol == "query")
    assert call.input == ({} if said is _NOTHING else said)


def _expected_input(value: Any, shape: Shape | None, *, is_form: bool) -> Any:
    """A value as it is in a request: with microseconds; forms have no empty structures, queries no empty lists."""
    if shape is None:
        return value
    if shape.type == "timestamp" and "." in value:
        return value.replace("Z", "000Z") if int(value[-4:-1]) else f"{value[:-5]}Z"
    if shape.member:
        items = [_expected_input(item, shape.member.shape, is_form=is_form) for item in value]
        items = [item for item in items if item is not _NOTHING]
        return _NOTHING if value and not items else items
    if shape.value:
        said = {key: _expected_input(item, shape.value.shape, is_form=is_form) for key, item in value.items()}
        entries = {key: {} if item is _NOTHING else item for key, item in said.items()}
        return _NOTHING if is_form and not entries else entries
    if shape.type == "structure":
        members = {
            name: _expected_input(item, shape.members[name].shape, is_form=is_form) for name, item in value.items()
        }
        for name, item in list(members.items()):
            if item is _NOTHING or (item == [] and shape.members[name].location == "querystring"):
                del members[name]
        return _NOTHING if is_form and not members else members
    return value


# --- recording and replay ---------------------------------------------------------------------------------------


#: When the credentials that STS gives out expire in a recording.
EXPIRY = "2099-12-31T23:59:59Z"


@st.composite
def traversals(draw: st.DrawFn, op: Operation) -> tuple[dict[str, Value], list[dict[str, Value]]]:
    """An input, and the outputs of its pages without their tokens."""
    pages = draw(st.lists(strategies.outputs(op), min_size=1, max_size=4 if op.paging else 1))
    return draw(strategies.inputs(op)), pages


@each_operation
@strategies.few(3)
@given(data=st.data(), tokens=st.lists(strategies.tokens, min_size=8, max_size=8, unique=True))
def test_a_replay_serves_the_redacted_recording(op: Operation, data: st.DataObject, tokens: list[str]) -> None:
    input_, outputs = data.draw(traversals(op))
    _assert_a_replay_serves(op, input_, outputs, tokens, data)


# Not a part of the test above: Hypothesis would parse its source again for each operation.
def _assert_a_replay_serves(
    op: Operation,
    input_: dict[str, Value],
    outputs: list[dict[str, Value]],
    tokens: list[str],
    data: st.DataObject,
) -> None:
    beside: list[Exchange] = listing(
        "ListGroups" if op.name != "ListGroups" else "ListUsers",
        {"PathPrefix": "/zreal/"},
        [{"Groups" if op.name != "ListGroups" else "Users": []}, {}],
    )
    recording = recorder(*_exchanges(op, input_, outputs, tokens[:4]), *beside, include_writes=True).finish()
    assert not recording.skipped
    assert not [note for note in recording.notes if "differently" in note]

    # The text says everything, and nothing that is somebody's.
    text = write_cassette(recording.cassette)
    assert strategies.identifiers_in(text) == []
    assert not [token for token in tokens if token in text]
    cassette = read_cassette(text, MODELS)
    assert cassette == recording.cassette
    assert write_cassette(cassette) == text

    # Nothing in it is suspicious but what was in the exchange, and that only because no service looked at it.
    told = _warnings(text)
    assert {kind for kind, _ in told} <= {MISSING, RANGE, SAME_ITEM}
    assert not told or told <= _warnings(_unredacted(op, _exchanges(op, input_, outputs, tokens[:4])))

    # Each example tries one of two recordings that change nothing.
    track = next(take for take in cassette.takes if take.track.operation == op.name)
    if data.draw(st.booleans()):  # other tokens, and another order of the traffic
        interleaved = _interleaved(beside, _exchanges(op, input_, outputs, tokens[4:]), data)
        assert write_cassette(recorder(*interleaved, include_writes=True).finish().cassette) == text
    else:  # the cassette is public already, under any key
        aliased = [page.answer.output or {} for page in track.pages]
        again = recorder(*_exchanges(op, track.track.identity, aliased, tokens[:4]), key=OTHER_KEY, include_writes=True)
        assert again.finish().cassette.takes == tuple(
            take for take in cassette.takes if take.track.operation == op.name
        )

    # Real identity with the key, alias without: the same bytes, page by page.
    by_real = list(traverse(player(cassette), op.name, input_))
    by_alias = list(traverse(player(cassette, key=None), op.name, track.track.identity))
    assert [served.response for served in by_real] == [served.response for served in by_alias]
    assert [served.page for served in by_real] == list(range(1, len(outputs) + 1))
    for output, expected, served in zip(outputs, _redacted(op, input_, outputs), by_real, strict=True):
        replayed = read_response(op, served.response).output or {}
        assert _in_order(_bare(op, replayed)) == _in_order(_bare(op, expected))
        assert parse_response(op, served.response) == to_botocore(replayed, op.output)
        _assert_same_skeleton(output, _bare(op, replayed), op.output)


def _exchanges(
    op: Operation, input_: dict[str, Value], outputs: list[dict[str, Value]], tokens: list[str]
) -> list[Exchange]:
    if not op.paging:
        return [(request(op.name, input_), respond(op.name, outputs[0]))]
    exchanges = []
    for i, output in enumerate(outputs):
        bare = _bare(op, output)
        asked: dict[str, Value] = {**input_, **({op.paging.token: tokens[i - 1]} if i else {})}
        goes_on = i + 1 < len(outputs)
        more: dict[str, Value] = {op.paging.more: goes_on} if op.paging.more else {}
        token: dict[str, Value] = {op.paging.output_token: tokens[i]} if goes_on else {}
        exchanges.append((request(op.name, asked), respond(op.name, {**more, **bare, **token})))
    return exchanges


def _warnings(text: str) -> set[tuple[str, str]]:
    """Kind and member of each warning of `awstape check`."""
    return {
        (problem.kind, format_path_without_data(problem.path))
        for _, problem in lint_takes(read_entries(text, MODELS), MODELS)
    }


def _unredacted(op: Operation, exchanges: list[Exchange]) -> str:
    """A traversal as an unredacted cassette."""
    call = recognise_call(MODELS, exchanges[0][0])
    assert call
    track = Track(op.service.name, op.name, call.region, split_input(call).identity)
    pages = [Page(None, None, read_response(op, response)) for _, response in exchanges]
    return write_cassette(Cassette((Take(track, name_tokens(op, track, 1, pages)),)))


def _interleaved(one: list[Exchange], other: list[Exchange], data: st.DataObject) -> list[Exchange]:
    left, right, merged = list(one), list(other), []
    while left or right:
        from_left = bool(left) and (not right or data.draw(st.booleans()))
        merged.append((left if from_left else right).pop(0))
    return merged


def _redacted(op: Operation, input_: dict[str, Value], outputs: list[dict[str, Value]]) -> list[dict[str, Value]]:
    """The outputs as redacted by a redactor that saw all of them."""
    redactor = Redactor(KEY)
    identity = canonicalise(
        _as_dict(_expected_input(input_, op.input, is_form=op.service.protocol == "query")), op.input
    )
    track = Track(op.service.name, op.name, None, redactor.redact_identity(op, _as_dict(identity)))
    pages = [Page(None, None, redactor.redact_answer(op, Answer(output))) for output in outputs]
    (take,) = redactor.replace_known_names(MODELS, Cassette((Take(track, tuple(pages)),))).takes
    return [page.answer.output or {} for page in take.pages]


def _bare(op: Operation, output: dict[str, Value]) -> dict[str, Value]:
    """The output without its paging members."""
    paging = {op.paging.output_token, op.paging.more} if op.paging else set()
    return {name: value for name, value in output.items() if name not in paging}


def _assert_same_skeleton(real: Value, alias: Value, shape: Shape | None) -> None:
    """Redaction changes texts and expiries only; public vocabulary, and the position and number of values, stay."""
    assert type(real) is type(alias)
    if isinstance(real, dict) and isinstance(alias, dict):
        assert len(real) == len(alias)
        if shape and shape.type == "structure":
            assert list(real) == list(alias)
        for (name, one), other in zip(real.items(), alias.values(), strict=True):
            below = shape.value.shape if shape and shape.value else shape.members[name].shape if shape else None
            _assert_same_skeleton(one, other, below)
    elif isinstance(real, list) and isinstance(alias, list):
        assert len(real) == len(alias)
        for one, other in zip(real, alias, strict=True):
            _assert_same_skeleton(one, other, shape.member.shape if shape and shape.member else None)
    elif not isinstance(real, str | bytes) or (shape and (shape.enum or shape.type == "timestamp")):
        assert alias in (real, EXPIRY)
    else:
        assert bool(real) == bool(alias)


def _as_dict(value: Any) -> dict[str, Value]:
    return value if isinstance(value, dict) else {}


def _in_order(value: object) -> object:
    """Mappings as lists of pairs, to compare their order, too."""
    if isinstance(value, dict):
        return [(key, _in_order(item)) for key, item in value.items()]
    return [_in_order(item) for item in value] if isinstance(value, list) else value

"""The cost of each path grows as the work: twice as many roles cause twice as many calls, not four times as many."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from awstape.catalog.response_parser import parse_response
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.recording.capture import read as read_capture
from awstape.core.recording.capture import write as write_capture
from awstape.core.recording.recorder import Recorder
from awstape.core.redaction.redactor import Redactor
from support.exchanges import KEY, MODELS, fail, player, recorder, request, traverse
from support.growth import Shape, count_calls, exchanges, recorded

SIZE = 16
#: Calls by which the cost of one more role may differ: caches fill, trees and tables grow in steps.
TOLERANCE = 10
Work = Callable[[], object]


def _record(shape: Shape, size: int) -> Work:
    traffic = exchanges(shape, size)
    return lambda: recorder(*traffic)


def _record_failures(shape: Shape, size: int) -> Work:
    asked = [
        (request("GetRole", {"RoleName": "R"}, invocation=f"id-{n}"), fail("GetRole", 503, "x")) for n in range(size)
    ]
    return lambda: recorder(*asked)


def _finish(shape: Shape, size: int) -> Work:
    recording, old = recorder(*exchanges(shape, size)), recorded(shape, size)
    return lambda: recording.finish(old)


def _recover(shape: Shape, size: int) -> Work:
    recording = Recorder(MODELS, Redactor(KEY), parse_response)
    captures = [write_capture(capture) for each in exchanges(shape, size) if (capture := recording.feed(*each))]

    def restore() -> None:
        restored = Recorder(MODELS, Redactor(KEY), parse_response)
        for capture in captures:
            restored.restore(read_capture(capture, MODELS))
        restored.finish()

    return restore


def _read(shape: Shape, size: int) -> Work:
    text = write_cassette(recorded(shape, size))
    return lambda: read_cassette(text, MODELS)


def _replay(paging: str) -> Callable[[Shape, int], Work]:
    def prepare(shape: Shape, size: int) -> Work:
        cassette = recorded(shape, size)

        def replay() -> None:
            playing = player(cassette, paging=paging)
            for track, takes in cassette.tracks():
                for _ in takes:
                    assert list(traverse(playing, track.operation, track.identity))
            assert not playing.takes_not_replayed()

        return replay

    return prepare


PATHS: dict[str, Callable[[Shape, int], Work]] = {
    "record": _record,
    "record failures": _record_failures,
    "finish": _finish,
    "recover": _recover,
    "read": _read,
    "replay": _replay("recorded"),
    "replay in other pages": _replay("2"),
}


@pytest.mark.parametrize("shape", ["listing", "tracks", "takes"])
@pytest.mark.parametrize("path", PATHS)
def test_the_cost_of_one_more_role_is_the_same_in_a_larger_recording(path: str, shape: Shape) -> None:
    PATHS[path](shape, 4)()  # fills caches that do not depend on the size
    small, medium, large = (count_calls(PATHS[path](shape, size)) for size in (SIZE, 2 * SIZE, 4 * SIZE))
    cost_in_small, cost_in_large = (medium - small) / SIZE, (large - medium) / (2 * SIZE)
    assert cost_in_large <= cost_in_small + TOLERANCE, f"{cost_in_small} calls, then {cost_in_large}"

"""What a recording keeps in memory: of equal answers one; and what it is folded to."""

from __future__ import annotations

import gc
from collections import Counter

import pytest

from awstape.catalog.response_parser import parse_response
from awstape.core.aws.call import Answer
from awstape.core.cassette.cassette import Page, Take, Track
from awstape.core.recording.capture import Capture
from awstape.core.recording.recorder import Recorder
from awstape.core.redaction.redactor import Redactor
from support.exchanges import KEY, MODELS, Exchange, fail, journalled, listing, record, request, respond, restored

KEPT = (Answer, Capture, Page, Take, Track)


def make_recorder(*, include_writes: bool = True) -> Recorder:
    return Recorder(MODELS, Redactor(KEY), parse_response, include_writes=include_writes)


def count_kept() -> Counter[type]:
    """How many objects of a recording are in memory."""
    gc.collect()
    return Counter(type(each) for each in gc.get_objects() if type(each) in KEPT)


def get_role(name: str) -> Exchange:
    return request("GetRole", {"RoleName": name}), respond("GetRole", {"Role": {"RoleName": name}})


def create_role(name: str) -> Exchange:
    input_ = {"RoleName": name, "AssumeRolePolicyDocument": "{}"}
    return request("CreateRole", input_), respond("CreateRole", {"Role": {"RoleName": name}})


def roles(name: str) -> list[Exchange]:
    pages = [{"Roles": [{"RoleName": f"{name}-{number}"}]} for number in range(2)]
    return listing("ListRoles", {"PathPrefix": f"/{name}/"}, pages, token=name)


def unreadable(name: str) -> Exchange:
    asked, answer = get_role(name)
    return asked, type(answer)(200, answer.headers, b"<cut")


TRAFFIC = {
    "reads": lambda name: [get_role(name)],
    "writes": lambda name: [create_role(name)],
    "listings": roles,
    "holes": lambda name: [unreadable(name)],
    "retries": lambda name: [(get_role(name)[0], fail("GetRole", 503, "Slow")), get_role(name)],
    "writes of unknown outcome": lambda name: [(create_role(name)[0], fail("CreateRole", 503, "Slow"))],
}


@pytest.mark.parametrize("traffic", TRAFFIC.values(), ids=TRAFFIC)
def test_a_recorder_keeps_one_of_equal_answers(traffic: object) -> None:
    assert callable(traffic)
    recorder = make_recorder()
    gc.freeze()  # or each count would traverse the objects of all tests before

    def feed(times: int) -> int:
        for _ in range(times):
            for exchange in traffic("zreal"):
                recorder.feed(*exchange)
        return count_kept()[Answer]

    assert feed(5) == feed(45)
    assert recorder.recorded_so_far >= 50


@pytest.mark.parametrize("traffic", TRAFFIC.values(), ids=TRAFFIC)
def test_a_journal_is_folded_to_the_same(traffic: object) -> None:
    assert callable(traffic)
    exchanges = [exchange for number in (1, 2, 1) for exchange in traffic(f"zreal{number}")]
    own, again = record(*exchanges, include_writes=True), restored(journalled(*exchanges, include_writes=True)).finish()
    assert own.merged == again.merged
    assert own.failed == again.failed


def test_finishing_again_counts_nothing_twice() -> None:
    recorder = make_recorder()
    for exchange in (unreadable("zreal"), get_role("zother")):
        recorder.feed(*exchange)
    assert recorder.finish().skipped == recorder.finish().skipped
    assert sum(recorder.finish().skipped.values()) == 1


def test_a_write_that_failed_is_settled_by_the_same_in_another_spelling() -> None:
    compact, indented = '{"Version":"2012-10-17"}', '{ "Version": "2012-10-17" }'
    asked, again = (
        request("CreateRole", {"RoleName": "zreal", "AssumeRolePolicyDocument": document})
        for document in (compact, indented)
    )
    throttled = asked, fail("CreateRole", 400, "Throttling", "Rate exceeded")
    answered = again, respond("CreateRole", {"Role": {"RoleName": "zreal"}})
    assert record(throttled, include_writes=True).failed
    assert record(throttled, answered, include_writes=True).failed == {}
    assert sum(record(answered, throttled, include_writes=True).failed.values()) == 1, "it was not answered"


def test_a_cassette_without_traffic_stays() -> None:
    old = record(get_role("zreal")).merged
    assert make_recorder().finish(old).merged == old
    assert make_recorder().finish().merged.takes == ()

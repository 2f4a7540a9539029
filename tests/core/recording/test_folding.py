"""What a recording keeps in memory: no capture while it runs, and of equal answers one when it is folded."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Iterable

import pytest

from awstape.catalog.response_parser import parse_response
from awstape.core.aws.call import Answer
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.core.recording import capture
from awstape.core.recording.capture import Capture
from awstape.core.recording.recorder import Recorder
from awstape.core.redaction.redactor import Redactor
from support.exchanges import KEY, MODELS, Exchange, fail, listing, record, request, respond

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
def test_a_recorder_keeps_no_capture(traffic: object) -> None:
    assert callable(traffic)
    recorder = make_recorder()

    def feed(numbers: Iterable[int]) -> Counter[type]:
        for number in numbers:
            for exchange in traffic(f"zreal{number}"):
                recorder.feed(*exchange)
        recorder.settle()
        return count_kept()

    assert feed(range(5)) == feed(range(5, 50))
    assert recorder.answered >= 50


@pytest.mark.parametrize("traffic", TRAFFIC.values(), ids=TRAFFIC)
def test_captures_of_another_recorder_are_folded_to_the_same(traffic: object) -> None:
    assert callable(traffic)
    first = make_recorder()
    exchanges = [exchange for number in (1, 2, 1) for exchange in traffic(f"zreal{number}")]
    fed = [each for exchange in exchanges if (each := first.feed(*exchange))]
    texts = [capture.write(each) for each in fed]
    again = make_recorder().finish(capture.read(text, MODELS) for text in texts)
    own = first.finish(capture.read(text, MODELS, is_own=True) for text in texts)
    assert own.merged == again.merged == first.finish(fed).merged
    assert own.failed == again.failed


def test_of_many_polls_one_answer_is_kept() -> None:
    recorder = make_recorder()
    texts = [capture.write(each) for _ in range(50) if (each := recorder.feed(*get_role("zreal")))]
    before = count_kept()
    most = 0

    def read_back() -> Iterable[Capture]:
        nonlocal most
        for number, text in enumerate(texts):
            if number == len(texts) - 1:
                most = count_kept()[Answer] - before[Answer]
            yield capture.read(text, MODELS)

    made = recorder.finish(read_back())
    assert len(texts) == 50
    assert most <= 3, "the one that is kept, and the last ones read"
    assert len(made.merged.takes) == 1


def test_finishing_again_counts_nothing_twice() -> None:
    recorder = make_recorder()
    captures = [each for exchange in (unreadable("zreal"), get_role("zother")) if (each := recorder.feed(*exchange))]
    assert recorder.finish(captures).skipped == recorder.finish(captures).skipped
    assert sum(recorder.finish(captures).skipped.values()) == 1


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
    assert make_recorder().finish((), old).merged == old
    assert make_recorder().finish((), Cassette()).merged.takes == ()

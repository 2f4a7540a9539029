"""Which write a take comes after. A case is a line of text: requests as they are sent and answered."""

from __future__ import annotations

import pytest

from awstape.core.recording.exchange import UNKNOWN_ORDER
from awstape.core.recording.traversals.chaining import Span
from awstape.core.recording.traversals.take_order import WriteOrder


def order(events: str) -> str:
    """The takes of a track in order, each behind the writes that it comes after.

    events: a capital letter is sent and later, again, answered: `W`, `X` and so on are writes; a read is sent as `A`
    and answered as `A=1`, with its answer. A small letter with an answer, `a=1`, is sent and answered at once.
    """
    sent: dict[str, int] = {}
    writes: dict[str, Span] = {}
    reads: dict[str, tuple[Span, str]] = {}
    answered = 0
    for event in events.split():
        name, _, seen = event.partition("=")
        if name.islower():
            sent[name] = answered
        elif name not in sent:
            sent[name] = answered
            continue
        span = Span(sent[name], answered)
        answered += 1
        if seen:
            reads[name] = (span, seen)
        else:
            writes[name] = span
    names = sorted(writes, key=lambda name: (writes[name].sent, writes[name].answered))
    answers = [seen for _, seen in reads.values()]
    placed = WriteOrder([writes[name] for name in names]).order_takes(
        [span for span, _ in reads.values()], lambda one, other: answers[one] == answers[other]
    )
    told, before = "", 0
    for index, write in placed:
        told += "".join(names[before:write]) + answers[index]
        before = write
    return told


@pytest.mark.parametrize(
    ("events", "told"),
    [
        pytest.param("a=1 w b=2 x c=3", "1w2x3", id="one after the other"),
        pytest.param("a=1 W b=1 c=2 W d=2", "11W22", id="a write shows while it is in flight"),
        pytest.param("a=1 W b=1 W c=1", "11W1", id="it shows nothing"),
        pytest.param("a=1 B W B=2 W c=2", "1W22", id="a read sent before the write"),
        pytest.param("a=1 W B W B=1 c=2", "11W2", id="a read answered after it"),
        pytest.param("a=1 W b=2 c=1 W d=2", "1W212", id="an answer that changes twice"),
        pytest.param("W a=1 b=2 W", "1W2", id="the first take comes as early as it can"),
        pytest.param("A W b=2 W A=1 c=2", "2W12", id="a first take requested at the same time as another"),
        pytest.param("a=1 B w c=2 x d=3 B=2", "1w22x3", id="it stands beside the take with its answer"),
        pytest.param("a=1 B w c=2 x d=3 B=3", "1w2x33", id="also in the end"),
        pytest.param("a=1 B w c=2 x d=3 B=1", "11w2x3", id="or in the beginning"),
        pytest.param("a=1 W b=1 X X c=2 W d=3", "11WX23", id="two writes, and the short one shows first"),
        pytest.param("a=1 W b=2 x c=3 W d=3", "1W2x33", id="two writes, and the long one shows first"),
        pytest.param("a=1 W b=1 X c=2 W d=3 X e=3", "11WX233", id="writes count in the order in which they were sent"),
    ],
)
def test_a_take_comes_after_the_last_write_that_it_may_show_unless_its_answer_is_an_earlier_one(
    events: str, told: str
) -> None:
    assert order(events) == told


def test_a_read_of_which_nothing_tells_when_it_was_sent_comes_after_no_write() -> None:
    writes = WriteOrder([Span(0, 0), Span(UNKNOWN_ORDER, 1)])
    reads = [Span(UNKNOWN_ORDER, 2), Span(UNKNOWN_ORDER, 3), Span(4, 4)]
    assert list(writes.order_takes(reads, lambda *_: False)) == [(0, 0), (1, 0), (2, 2)]

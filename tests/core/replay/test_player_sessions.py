"""Sessions: tests that run at the same time do not affect each other, in whatever order their requests come."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.aws.model import Value
from awstape.core.cassette.cassette import Cassette
from awstape.core.replay.misses import Miss
from awstape.core.replay.player import Player
from awstape.core.replay.replies import ServedPage
from awstape.core.replay.sessions import Sessions
from awstape.report import replay_facts
from support import strategies
from support.exchanges import player, request
from support.paging import Got, codes, follow, names, recording, users

TRACKS = 8
TRAVERSALS = 32
MODES = ("recorded", "client", "2", "torture")


def take(playing: Player, session: str = "", call: str | None = None, attempt: int | None = None) -> int:
    """The take that a first-page request gets."""
    served = playing.answer(request("ListUsers", invocation=call, attempt=attempt), session)
    assert isinstance(served, ServedPage)
    return served.take


def of_takes(count: int) -> Cassette:
    return recording("ListUsers", {}, *(users(n) for n in range(1, count + 1)))


def inside(number: int) -> dict[str, Value]:
    return {"PathPrefix": f"/{number}/"}


def tracks(takes: int) -> Cassette:
    """Tracks of 3, 4, 5, … users; each take has one user more than the one before."""
    return Cassette.of(
        take
        for n in range(TRACKS)
        for take in recording("ListUsers", inside(n), *(users(n, 0, 3 + more) for more in range(takes))).takes
    )


def interleaved(traversals: list[Iterator[Got]], order: Random) -> list[list[Got]]:
    """The pages of each traversal; the traversals advance by one page at a time, in random order."""
    pages: list[list[Got]] = [[] for _ in traversals]
    going = list(range(len(traversals)))
    while going:
        one = order.choice(going)
        if page := next(traversals[one], None):
            pages[one].append(page)
        else:
            going.remove(one)
    return pages


# --- what a session has of its own ------------------------------------------------------------------------------


def test_each_session_advances_through_the_takes() -> None:
    playing = player(of_takes(3))
    assert [take(playing, session) for session in ("one", "two", "one", "", "two", "one", "one")] == [
        1,
        1,
        2,
        1,
        2,
        3,
        3,
    ]


def test_a_session_has_its_own_misses() -> None:
    playing = player(of_takes(1))
    for session, name in (("one", "ListGroups"), ("two", "ListRoles"), ("one", "ListPolicies"), ("", "ListGroups")):
        assert isinstance(playing.answer(request(name), session), Miss)
    host = playing.refuse_host("example.com")
    assert [miss.operation for miss in playing.sessions.by_name["one"].misses] == ["iam ListGroups", "iam ListPolicies"]
    assert [miss.operation for miss in playing.sessions.by_name["two"].misses] == ["iam ListRoles"]
    assert [miss.operation for miss in playing.sessions.by_name[""].misses] == ["iam ListGroups", ""]
    assert len(playing.misses) == 5
    assert playing.misses[-1] is host, "a connection belongs to no session"


def test_a_session_has_its_own_played_pages() -> None:
    playing = player(of_takes(2))
    take(playing, "one")
    take(playing, "one")
    take(playing, "two")
    assert playing.takes_not_replayed() == playing.takes_not_replayed(playing.sessions.by_name["one"]) == []
    assert [number for _, number, _ in playing.takes_not_replayed(playing.sessions.by_name["two"])] == [2]
    assert replay_facts(playing, playing.sessions.by_name["two"])["unplayed"] != []


def test_a_reset_of_a_session_leaves_the_others() -> None:
    playing = player(of_takes(3), faults=["denied ListRoles"])
    for session in ("one", "two"):
        assert [take(playing, session), take(playing, session)] == [1, 2]
        assert isinstance(playing.answer(request("ListGroups"), session), Miss)
    playing.reset("one")
    playing.reset("nobody")
    assert "one" not in playing.sessions.by_name
    assert len(playing.sessions.by_name["two"].misses) == 1
    assert [take(playing, "one"), take(playing, "two")] == [1, 3]
    assert playing.sessions.by_name["one"].misses == []


def test_a_reset_leaves_the_total() -> None:
    playing = player(of_takes(2), faults=["throttle"])
    for session in ("", "one"):
        assert codes(playing, None, None, None, session=session) == ["Throttling", "-", "-"]
        playing.answer(request("ListGroups"), session)
    before = replay_facts(playing)
    playing.reset()
    assert playing.sessions.by_name == {}
    assert replay_facts(playing) == before
    assert len(playing.misses) == 2
    assert playing.takes_not_replayed() == []
    for session in ("", "one"):
        assert codes(playing, None, None, None, session=session) == ["Throttling", "-", "-"]


# --- retries ----------------------------------------------------------------------------------------------------


@strategies.few(100)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 3)), max_size=16), st.sampled_from(["", "one"]))
def test_all_attempts_of_a_call_get_the_same_take(tries: list[tuple[str, int]], session: str) -> None:
    playing = player(of_takes(3))
    got: dict[str, int] = {}
    for call, attempt in tries:
        number = take(playing, session, call, attempt)
        assert number == got.setdefault(call, min(len(got) + 1, 3))


def test_a_call_of_another_session_is_another_call() -> None:
    playing = player(of_takes(2))
    assert [take(playing, session, "call") for session in ("one", "one", "two")] == [1, 1, 1]
    take(playing, "one", "other")
    assert [take(playing, session, "call", 2) for session in ("one", "two")] == [1, 1]


def test_invocation_ids_are_separate_for_each_track() -> None:
    """Some clients number their calls, starting again with each connection."""
    both = Cassette.of([*of_takes(2).takes, *recording("ListUsers", inside(1), users(1), users(2)).takes])
    playing = player(both)
    take(playing, call="1")
    assert take(playing, call="2") == 2
    elsewhere = playing.answer(request("ListUsers", inside(1), invocation="2"))
    assert isinstance(elsewhere, ServedPage)
    assert elsewhere.take == 1


# --- many at once -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("sessions", [1, TRAVERSALS])
def test_traversals_that_interleave_see_their_pages(mode: str, sessions: int) -> None:
    alone = [list(follow(player(tracks(1), paging=mode), "ListUsers", inside(n))) for n in range(TRACKS)]

    @strategies.few(4)
    @given(st.integers())
    def check(seed: int) -> None:
        playing = player(tracks(1), paging=mode)
        traversals = [
            follow(playing, "ListUsers", inside(n % TRACKS), session=str(n % sessions)) for n in range(TRAVERSALS)
        ]
        for n, pages in enumerate(interleaved(traversals, Random(seed))):
            assert [page.response for page in pages] == [page.response for page in alone[n % TRACKS]]
        assert (playing.misses, playing.takes_not_replayed()) == ([], [])
        assert len(playing.sessions.by_name) == sessions

    check()


@pytest.mark.parametrize("mode", MODES)
def test_traversals_that_interleave_see_one_take_each(mode: str) -> None:
    @strategies.few(4)
    @given(st.integers())
    def check(seed: int) -> None:
        playing = player(tracks(2), paging=mode)
        traversals = [follow(playing, "ListUsers", inside(n % TRACKS)) for n in range(TRAVERSALS)]
        seen: dict[int, list[int]] = {}
        for n, pages in enumerate(interleaved(traversals, Random(seed))):
            track = n % TRACKS
            (number,) = {page.served.take for page in pages}
            seen.setdefault(track, []).append(number)
            count = track + 3 + number - 1
            assert " ".join(filter(None, map(names, pages))) == " ".join(f"u{i}" for i in range(count))
        assert [sorted(numbers) for numbers in seen.values()] == [[1, 2, 2, 2]] * TRACKS

    check()


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["", "one", "two"]), st.booleans()), max_size=30))
def test_the_counts_of_several_players_add_up_to_those_of_one(events: list[tuple[int, str, bool]]) -> None:
    """Each event is a request of a session at one of the players; the takes that sessions are at are left out."""
    cassette = of_takes(1)
    alone, several = player(cassette), [player(cassette) for _ in range(3)]
    for number, session, is_miss in events:
        for playing in (alone, several[number]):
            playing.answer(request("ListGroups" if is_miss else "ListUsers"), session)
    for session in ("", "one", "two"):
        summed = Sessions.sum(playing.sessions.counts(session) for playing in several)
        own = alone.sessions.by_name.get(session)
        pairs = [(summed.since_reset, alone.sessions.since_reset), (summed.total, alone.sessions.total)]
        assert (session in summed.by_name) == (own is not None)
        for sum_, one in [*pairs, *([(summed.by_name[session], own)] if own else [])]:
            assert (sum_.requests, sum_.played, len(sum_.misses)) == (one.requests, one.played, len(one.misses))
            assert replay_facts(alone, sum_)["unplayed"] == replay_facts(alone, one)["unplayed"]

"""Holes: replay misses in the place of a page that could not be kept, and goes on behind it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from awstape.core.cassette.cassette import Cassette, Page
from awstape.core.cassette.takes import are_settled, drop_redundant_takes, merge_recorded
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.replay.misses import Miss
from awstape.core.replay.replies import ServedPage
from support.exchanges import MODELS, operation, player, request
from support.paging import MODES, follow, names, recording, users

LIST = "ListUsers"


def with_hole(cassette: Cassette, page: int, take: int = 1) -> Cassette:
    """The cassette with a hole in the place of a page, both counted from 1."""
    takes = list(cassette.takes)
    pages = list(takes[take - 1].pages)
    old = pages[page - 1]
    pages[page - 1] = Page.make_hole("set aside: a secret", old.token, old.limit)
    takes[take - 1] = replace(takes[take - 1], pages=tuple(pages))
    return Cassette.of(takes, cassette.keys)


def read_back(cassette: Cassette) -> Cassette:
    text = write_cassette(cassette)
    read = read_cassette(text, MODELS)
    assert read == cassette
    assert write_cassette(read) == text
    return read


def test_a_hole_is_a_page_of_the_format() -> None:
    cassette = read_back(with_hole(recording(LIST, {}, users(1, 1, 1)), 2))
    (take,) = cassette.takes
    assert [page.hole for page in take.pages] == [None, "set aside: a secret", None]
    assert take.hole == "set aside: a secret"
    token = take.pages[1].token
    assert f"- token: {token}\n  hole: 'set aside: a secret'\n- token: " in write_cassette(cassette)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("page", [2, 3])
def test_a_listing_is_served_up_to_its_hole(mode: str, page: int) -> None:
    whole = recording(LIST, {}, users(2, 2, 2))
    playing = player(read_back(with_hole(whole, page)), key=None, paging=mode)
    served = list(follow(playing, LIST, {}))
    everything = " ".join(map(names, follow(player(whole, key=None), LIST, {}))).split()
    assert " ".join(map(names, served)).split() == everything[: 2 * (page - 1)]
    (miss,) = playing.misses
    assert (miss.kind, miss.text.splitlines()[0]) == ("hole", f"iam ListUsers: page {page} is a hole in the cassette")
    assert "  why: set aside: a secret" in miss.text.splitlines()


@pytest.mark.parametrize("mode", MODES)
def test_a_hole_in_the_first_page_misses_in_every_mode(mode: str) -> None:
    playing = player(with_hole(recording(LIST, {}, users(2, 2)), 1), key=None, paging=mode)
    reply = playing.answer(request(LIST))
    assert isinstance(reply, Miss)
    assert reply.kind == "hole"
    assert reply.response
    assert (reply.response.status, reply.response.header("x-awstape-miss")) == (400, "true")


def test_a_page_behind_a_hole_is_still_served() -> None:
    playing = player(with_hole(recording(LIST, {}, users(1, 1, 1)), 2), key=None)
    (take,) = with_hole(recording(LIST, {}, users(1, 1, 1)), 2).takes
    assert isinstance(playing.answer(request(LIST, {"Marker": take.pages[2].token})), ServedPage)


def test_a_hole_counts_as_served() -> None:
    """The take after a hole is the answer to the request after it: what was set aside happened."""
    cassette = with_hole(recording(LIST, {}, users(1), users(2), users(3)), 1, take=2)
    playing = player(cassette, key=None)
    replies = [playing.answer(request(LIST)) for _ in range(4)]
    assert [reply.take if isinstance(reply, ServedPage) else "miss" for reply in replies] == [1, "miss", 3, 3]


def test_a_hole_is_not_reported_as_not_replayed() -> None:
    playing = player(with_hole(recording(LIST, {}, users(1, 1, 1)), 3), key=None)
    assert len(list(follow(playing, LIST, {}))) == 2
    assert playing.takes_not_replayed() == []


def test_a_track_with_a_hole_is_recorded_again() -> None:
    """`new_episodes` records what is not complete, and a recording with a hole doesn't replace a complete one."""
    whole = recording(LIST, {}, users(1, 1))
    holed = with_hole(whole, 2)
    assert not are_settled(operation(LIST), holed.takes)
    assert not player(holed, key=None).has_answer(request(LIST))
    assert merge_recorded(MODELS, whole, holed) == whole
    assert merge_recorded(MODELS, holed, whole) == whole


def test_two_holes_are_two_takes() -> None:
    """What stood in their places is unknown, so neither repeats the other."""
    cassette = recording(LIST, {}, users(1), users(2))
    holed = with_hole(with_hole(cassette, 1, take=1), 1, take=2)
    assert len(drop_redundant_takes(holed.takes)) == 2

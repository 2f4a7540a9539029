"""Page tokens in all paging modes: which page they lead to, and which are refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

import pytest

from awstape.catalog.response_parser import parse_response
from awstape.core.aws.model import Value
from awstape.core.aws.wire import Reply
from awstape.core.cassette.cassette import Cassette
from awstape.core.replay.misses import Miss
from awstape.core.replay.player import Player
from awstape.core.replay.replies import ServedPage
from support.exchanges import operation, player, request
from support.misses import recording_ended
from support.paging import CUT, MODES, follow, items, marker, names, recording, traversal, users

each_mode = pytest.mark.parametrize("mode", MODES)


def ask_for(playing: Player, token: str) -> Reply:
    return playing.answer(request("ListUsers", {"Marker": token}))


@each_mode
def test_the_recorded_tokens_are_valid_in_every_mode(mode: str) -> None:
    cassette = recording("ListUsers", {}, users(3, 0, 2), (users(1, 1), "error"))
    playing = player(cassette, paging=mode)
    for take in cassette.takes:
        for i, page in enumerate(take.pages[1:], 1):
            rest = traversal(playing, token=page.token)
            behind = items("ListUsers", (p.answer.output or {} for p in take.pages[i:]))["Users"]
            assert [user["UserName"] for p in rest for user in p.parsed.get("Users", ())] == [
                user["UserName"] for user in behind
            ]
            assert {p.served.take for p in rest} == {cassette.takes.index(take) + 1}
    assert playing.misses == []


@pytest.mark.parametrize("mode", CUT)
def test_a_token_is_valid_repeatedly_and_with_any_limit(mode: str) -> None:
    playing = player(recording("ListUsers", {}, users(7)), paging=mode)
    token = marker(playing, 1)
    whole = " ".join(filter(None, map(names, traversal(playing, token=token))))
    for limits in ((1, 2), (3,), (1000,), (1, 1, 1, 1)):
        assert " ".join(filter(None, map(names, traversal(playing, *limits, token=token)))) == whole


def test_a_token_of_another_listing_or_kind_of_mode_is_refused() -> None:
    """`client` and `N` have the same tokens: which page and item, whatever the limit."""
    inside: dict[str, Value] = {"PathPrefix": "/x/"}
    both = Cassette.of(take for input_ in ({}, inside) for take in recording("ListUsers", input_, users(3, 3)).takes)
    recorded, client, number, torture = (
        marker(player(both, paging=mode), 2) for mode in ("recorded", "client", "1", "torture")
    )
    good = {"recorded": {recorded}, "client": {recorded, client, number}, "torture": {recorded, torture}}
    for mode, accepted in good.items():
        playing = player(both, paging=mode)
        for token in {recorded, client, number, torture}:
            assert isinstance(ask_for(playing, token), ServedPage) == (token in accepted)
        other = next(follow(playing, "ListUsers", inside, [2])).parsed["Marker"]
        assert isinstance(miss := ask_for(playing, other), Miss)
        assert miss.kind == "token"
        assert 'the token belongs to iam ListUsers {"PathPrefix": "/x/"}' in miss.text


@pytest.mark.parametrize("mode", CUT)
@pytest.mark.parametrize(
    "change",
    [
        lambda token: token.replace("page-2", "page-1"),
        lambda token: token.replace("page-2", "page-0"),
        lambda token: token.replace("page-2", "page-02"),
        lambda token: token.replace("page-2", "page-٢"),
        lambda token: token.replace("item-2", "item-0"),
        lambda token: token.replace("item-2", "item-9"),
        lambda token: "take-1." + token,
        lambda token: "take-2." + token,
        lambda token: token + "x",
        lambda token: token + "\n",
        lambda token: " " + token,
        lambda token: token.upper(),
    ],
)
def test_a_changed_token_is_refused(mode: str, change: Callable[[str], str]) -> None:
    playing = player(recording("ListUsers", {}, users(7)), paging=mode)
    token = re.sub("item-[1-9]", "item-2", marker(playing, 1))
    assert isinstance(ask_for(playing, token), ServedPage)
    miss = ask_for(playing, change(token))
    assert isinstance(miss, Miss)
    assert miss.kind == "token"


def test_a_token_leads_to_a_page_of_its_take() -> None:
    cassette = recording("ListUsers", {}, users(2), users(3))
    for mode in ("1", "torture"):
        playing = player(cassette, paging=mode)
        one, two = marker(playing), marker(playing)
        assert two == f"take-2.{one}" or mode == "torture"
        assert traversal(playing, token=one)[0].served.take == 1
        assert traversal(playing, token=two)[0].served.take == 2


@pytest.mark.parametrize("mode", CUT)
def test_the_end_of_a_recording_is_a_miss_in_every_mode(mode: str) -> None:
    playing = player(recording("ListUsers", {}, (users(2, 1), "unfinished")), paging=mode)
    traversal(playing)
    (miss,) = playing.misses
    assert (miss.kind, miss.text.splitlines()[0]) == ("end", recording_ended("iam ListUsers", 2))


def test_a_token_without_percent_encoding_is_explained() -> None:
    """In torture mode tokens hold characters that must be percent-encoded."""
    playing = player(recording("ListUsers", {}, users(1, 1, 1)), paging="torture")
    first = playing.answer(request("ListUsers")).response
    assert first
    token = parse_response(operation("ListUsers"), first)["Marker"]
    form = b"Action=ListUsers&Version=2010-05-08&Marker="
    plain = request("ListUsers")
    cut = playing.answer(replace(plain, body=form + token.encode()))
    assert isinstance(cut, Miss)
    assert "the page token seems to be cut at an '&': percent-encode it in the request" in cut.text
    assert token.startswith("page-2.item-")
    assert not isinstance(playing.answer(replace(plain, body=form + quote(token, safe="").encode())), Miss)
    blank = playing.answer(replace(plain, body=form + quote(token, safe="+").encode()))
    assert isinstance(blank, Miss)
    assert "cassette and paging mode; percent-encode it in the request" in blank.text

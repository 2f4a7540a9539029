"""A player without sockets: paging modes, misses, cassettes of many tracks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from urllib.parse import quote
from xml.sax.saxutils import unescape

from awstape.core.aws.protocols.dispatch import write_response
from awstape.core.aws.wire import Response
from awstape.core.redaction.aliases import Key
from awstape.core.redaction.redactor import Redactor
from awstape.core.replay.paging_modes import PagingMode
from awstape.core.replay.player import Player
from bench.frame import Row, Setting, row
from bench.traffic import LIST_ROLES, MODELS, cassette, request


@contextmanager
def rows(setting: Setting) -> Iterator[Iterator[Row]]:
    yield _rows(setting)


def _rows(setting: Setting) -> Iterator[Row]:
    roles = setting.size(1000)
    listing = cassette(1, roles)
    answer = listing.takes[0].pages[0].answer
    for mode in ("client", "10", "torture"):
        player = Player(MODELS, listing, Redactor(Key(b"key")), has_key=True, paging=PagingMode.parse(mode))
        name = f"{roles} roles in {drain(player)} pages ({mode})"
        yield row(name, partial(drain, player), lambda: write_response(LIST_ROLES, answer, "id"),
                  "encoding them in one page")  # fmt: skip
    count, tracks = setting.size(100, quick=20), setting.size(5000)
    few, many = _player(10), _player(tracks)
    hit, miss = partial(_ask, many, "p", count), partial(_ask, many, "none", count)
    yield row(f"answer a page among {tracks} tracks", hit, partial(_ask, few, "p", count), "the same among 10",
              count=count)  # fmt: skip
    yield row(f"answer a miss among {tracks} tracks", miss, hit, "a page from the same cassette", count=count)


def _player(tracks: int) -> Player:
    player = Player(MODELS, cassette(tracks, 1), Redactor(Key(b"key")), has_key=True)
    player.answer(request("/none/"))  # the index is made at the first miss
    return player


def _ask(player: Player, prefix: str, count: int) -> None:
    for number in range(count):
        player.answer(request(f"/{prefix}{number % 10}/"))


def drain(player: Player) -> int:
    """Traverses the listing; returns the number of its pages."""
    return sum(1 for _ in traverse(player))


def traverse(player: Player) -> Iterator[Response]:
    """Yields the pages of the listing, requested from the player directly, without a client."""
    token = ""
    while True:
        response = player.answer(request("/p0/", token)).response
        assert response
        yield response
        found = re.search(rb"<Marker>(.*)</Marker>", response.body)
        if not found:
            return
        token = f"&Marker={quote(unescape(found[1].decode()))}"

"""What a test with a cassette costs besides its calls: opening and closing a tape, with a client for two calls."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import boto3

from awstape.files.keys import VARIABLE
from bench.frame import Contender, Goal, Row, Setting
from bench.references import clients
from bench.references.in_process import Tools, missing_peer

TRACKS, ROLES = 2, 5
GOALS = {"vcrpy": Goal(1.0)}


@contextmanager
def rows(setting: Setting) -> Iterator[Iterator[Row]]:
    yield _rows(setting)


def _rows(setting: Setting) -> Iterator[Row]:
    times = setting.size(10, quick=3)
    tools = Tools(setting.folder, TRACKS, ROLES, TRACKS, setting.peers)

    def test(open_: Callable[[], AbstractContextManager[Any]]) -> Callable[..., None]:
        def run(*_: object) -> None:
            for _ in range(times):
                with open_() as client:
                    clients.call(client, TRACKS, TRACKS)

        return run

    def contender(name: str, tool: Callable[[], AbstractContextManager[Any]], missing: str = "") -> Contender:
        return Contender(name, test(tool), GOALS.get(name), times, within=_no_default_session, missing=missing)

    def references() -> list[Contender]:
        return [
            contender("vcrpy", tools.vcrpy),
            contender("cassetter", tools.cassetter, missing_peer("cassetter", setting.peers)),
            contender("moto", tools.moto),
        ]

    phrase = Contender("awstape", test(tools.awstape), None, times, within=_phrase)
    yield Row("open, client, two calls, close", contender("awstape", tools.awstape), references())
    yield Row("the same with a phrase as key", phrase, references())
    tools.new_client = lambda *url: boto3.client("iam", endpoint_url=next(iter(url), None), **clients.CREDENTIALS)
    yield Row("the same with boto3's default session", contender("awstape", tools.awstape), references())


@contextmanager
def _no_default_session() -> Iterator[None]:
    """As at the beginning of a run of tests."""
    boto3.DEFAULT_SESSION = None
    yield


@contextmanager
def _phrase() -> Iterator[None]:
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = "a phrase for benchmarks"
    yield
    del os.environ[VARIABLE]
    if before:
        os.environ[VARIABLE] = before

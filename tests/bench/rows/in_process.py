"""Calls that a tape answers in this process, beside other tools that do so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from bench.frame import Contender, Goal, Row, Setting
from bench.references import clients
from bench.references.in_process import Tools, missing_peer

TRACKS, ROLES = 10, 5


@contextmanager
def rows(setting: Setting) -> Iterator[Iterator[Row]]:
    yield _rows(setting)


def _rows(setting: Setting) -> Iterator[Row]:
    calls = setting.size(200, quick=20)
    tools = Tools(setting.folder, TRACKS, ROLES, calls, setting.peers)

    def call(
        name: str, tool: Callable[[], AbstractContextManager[Any]], goal: Goal | None = None, missing: str = ""
    ) -> Contender:
        return Contender(name, lambda client: clients.call(client, calls), goal, calls, within=tool, missing=missing)

    yield Row(
        "boto3 call in this process",
        call("awstape", tools.awstape),
        (
            call("botocore's Stubber", tools.stubber, Goal(2.0)),
            call("a before-send hook", tools.before_send_hook),
            call("vcrpy", tools.vcrpy, Goal(1 / 25)),
            call("cassetter", tools.cassetter, missing=missing_peer("cassetter", setting.peers)),
            call("placebo", tools.placebo),
            call("moto", tools.moto),
        ),
    )

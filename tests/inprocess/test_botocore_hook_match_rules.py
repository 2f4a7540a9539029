"""Rules of matching for clients of this process: the project's rules apply to what boto3 and botocore send."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

import awstape
from awstape.errors import UserError
from support import in_process
from support.in_process import ENVIRON, FAKE_KEYS

quick = in_process.quick

CASSETTE = """version: 1
---
service: ce
operation: GetCostAndUsage
region: us-east-1
identity:
  TimePeriod: {Start: '2026-11-01', End: '2026-11-08'}
  Granularity: DAILY
  Metrics: [BlendedCost]
pages:
- output:
    ResultsByTime: []
---
service: cloudtrail
operation: LookupEvents
region: us-east-1
identity:
  StartTime: '2026-11-01T00:00:00Z'
  EndTime: '2026-11-08T00:00:00Z'
pages:
- output:
    Events: [{EventName: first}]
    NextToken: page-2
- token: page-2
  output:
    Events: [{EventName: second}]
---
service: logs
operation: FilterLogEvents
region: us-east-1
identity: {logGroupName: alias-srrm4262kR, startTime: 1793491200000}
pages:
- output:
    events: []
"""
RULES = """[tool.awstape.match]
"cloudtrail LookupEvents StartTime" = "relative"
"cloudtrail LookupEvents EndTime" = "relative"
"ce Get* TimePeriod.Start" = "relative"
"ce Get* TimePeriod.End" = "relative"
"logs FilterLogEvents startTime" = {within = "1h"}
"""
NOW = datetime(2027, 1, 15, 9, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the cassette, in which the machine's settings don't count."""
    in_process.isolate(monkeypatch, tmp_path)
    monkeypatch.setenv("AWSTAPE_KEY", ENVIRON["AWSTAPE_KEY"])
    (tmp_path / "x.yaml").write_text(CASSETTE)
    return tmp_path


def client(service: str) -> Any:
    return boto3.Session().client(service, region_name="us-east-1", **FAKE_KEYS)


def look_up(days: int) -> list[str]:
    pages = client("cloudtrail").get_paginator("lookup_events").paginate(StartTime=NOW - timedelta(days), EndTime=NOW)
    return [event["EventName"] for page in pages for event in page["Events"]]


def get_costs(days: int) -> Any:
    period = {"Start": f"{NOW - timedelta(days):%Y-%m-%d}", "End": f"{NOW:%Y-%m-%d}"}
    asked = {"TimePeriod": period, "Granularity": "DAILY", "Metrics": ["BlendedCost"]}
    return client("ce").get_cost_and_usage(**asked)["ResultsByTime"]


def filter_events(minutes: int) -> Any:
    start = 1793491200000 + minutes * 60_000
    return client("logs").filter_log_events(logGroupName="alias-srrm4262kR", startTime=start)["events"]


@pytest.mark.parametrize(
    ("ask", "matching", "answer", "other"),
    [(look_up, 7, ["first", "second"], 8), (get_costs, 7, [], 8), (filter_events, -60, [], -61)],
)
def test_clients_are_answered_by_the_rules(
    ask: Callable[[int], Any], matching: int, answer: object, other: int, folder: Path
) -> None:
    assert "times differ" in missed(folder, ask, matching)
    (folder / "pyproject.toml").write_text(RULES)
    with awstape.replay(folder / "x.yaml", strict=False):
        assert ask(matching) == answer
    assert "times differ" not in missed(folder, ask, other)


def missed(folder: Path, ask: Callable[[int], Any], argument: int) -> str:
    """Returns the text of the miss that a client gets."""
    with awstape.replay(folder / "x.yaml", strict=False) as tape:
        with pytest.raises(ClientError, match="CassetteMiss"):
            ask(argument)
        (miss,) = tape.misses
        tape.misses.clear()
    return miss.text


def test_a_wrong_rule_is_an_error_with_its_line(folder: Path) -> None:
    (folder / "pyproject.toml").write_text(f'{RULES}"ce GetCosts TimePeriod.Start" = "relative"\n')
    with pytest.raises(UserError, match=r"pyproject.toml:7: match: no operation of ce matches GetCosts"):
        awstape.replay(folder / "x.yaml").__enter__()

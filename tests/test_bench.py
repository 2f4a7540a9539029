"""The benchmark's own logic: rounds, ratios, goals, its report. No test looks at a time."""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bench import published, table
from bench.__main__ import GROUPS, run
from bench.frame import Amount, Comparison, Contender, Figure, Goal, Result, Row, Setting, measure, row


@pytest.fixture(autouse=True, scope="module")
def _quick_collections() -> None:
    """Or each round, which begins with a garbage collection, would traverse the objects of all tests before."""
    gc.freeze()


class Clock:
    """A clock that advances by what each run takes."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def take(self, *seconds: float) -> Iterator[None]:
        for each in seconds:
            self.now += each
            yield


def test_contenders_alternate_and_the_first_round_does_not_count() -> None:
    ran, clock = [], Clock()

    def takes(name: str, *seconds: float) -> Contender:
        times = clock.take(*seconds)

        def run() -> None:
            ran.append(name)
            next(times)

        return Contender(name, run, count=2)

    result = measure(Row("it", takes("work", 9, 2, 4), [takes("a", 9, 1, 1), takes("b", 9, 4, 2)]), 2, 0.0, clock)
    assert ran == ["work", "a", "b"] * 3
    against_a, against_b = result.comparisons
    assert (against_a.work, against_a.reference) == (1.5, 0.5)  # seconds for one of two operations
    assert (against_a.ratio, against_a.lowest, against_a.highest) == (3, 2, 4)
    assert (against_b.ratio, against_b.rounds) == (1.25, 2)


def test_rounds_go_on_while_there_is_time() -> None:
    clock = Clock()
    times = clock.take(*[1.0] * 99)
    result = measure(row("it", lambda: next(times), lambda: next(times), "that"), 2, 12.0, clock)
    assert len(result.work) == 6  # 12 seconds are over in the seventh round, of which one did not count


def test_a_contender_is_prepared_outside_the_timing() -> None:
    clock, left = Clock(), []

    @contextmanager
    def within() -> Iterator[str]:
        clock.now += 100
        yield "a client"
        left.append(clock.now)

    def run(given: str) -> None:
        assert given == "a client"
        clock.now += 1

    work = Contender("work", run, within=within)
    result = measure(Row("it", work, [Contender("that", lambda: next(clock.take(1)))]), 1, 0.0, clock)
    assert [figure.value for figure in result.work] == [1]
    assert len(left) == 2


def test_an_amount_is_taken_as_it_is() -> None:
    result = measure(row("it", lambda: Amount(6), lambda: Amount(3), "that", Goal(1, more=3), unit="B"), 1, 0.0)
    (found,) = result.comparisons
    assert (found.work, found.reference, found.ratio, found.cpu_ratio, found.is_met) == (6, 3, 2, None, True)


@pytest.mark.parametrize(
    ("goal", "met"),
    [(Goal(2.0), True), (Goal(1.9), False), (Goal(1, more=0.5), False), (Goal(1, more=1), True), (None, None)],
)
def test_whether_a_goal_is_met(goal: Goal | None, met: bool | None) -> None:
    assert Comparison.of([Figure(2.0)], [Figure(1.0)], Contender("that", goal=goal)).is_met is met


def test_a_missing_peer_costs_its_comparison_only() -> None:
    def fail() -> None:
        raise AssertionError("it must not run")

    missing = Contender("a peer", fail, missing="not measured: no module")
    result = measure(Row("it", Contender("awstape"), [missing, Contender("that")]), 1, 0.0)
    assert [found.name for found in result.comparisons] == ["that"]
    assert "a peer" in "\n".join(table.lines(result))


def test_the_table_and_the_report(tmp_path: Path) -> None:
    @contextmanager
    def group(setting: Setting) -> Iterator[Iterator[Row]]:
        assert setting.is_quick
        yield iter([row("it", lambda: Amount(2e6), lambda: Amount(1e6), "that", Goal(1.5), unit="B", note="a note")])

    results = list(run({"some": group}, None, is_quick=True))
    (line,) = table.lines(results[0][1])
    assert line.split() == (
        "it 2.0 MB 2 × 2…2 that (1.0 MB) MISSED: at most 1.5 ×; a note".split()  # no CPU of an amount
    )
    report = tmp_path / "reports" / "bench.json"
    table.write(report, table.machine(), results)
    (written,) = json.loads(report.read_text("utf-8"))["rows"]
    assert (written["group"], written["name"], written["missing"]) == ("some", "it", {})
    (against,) = written["against"]
    assert (against["ratio"], against["goal"], against["met"], against["rounds"]) == (2, "1.5 ×", False, 5)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (2.5, "s", "2.50 s"),
        (0.0025, "s", "2.50 ms"),
        (25e-6, "s", "25 µs"),
        (12e6, "B", "12.0 MB"),
        (3, "parses", "3 parses"),
    ],
)
def test_figures_have_the_unit_that_suits_them(value: float, unit: str, text: str) -> None:
    assert table.amount(value, unit) == text


def test_a_result_without_references_has_no_comparison() -> None:
    assert list(Result(Row("it", Contender("awstape"), []), [Figure(1.0)], []).comparisons) == []


def test_the_guide_shows_the_ratios_of_all_runs_side_by_side() -> None:
    def run_with(ratio: float, name: str = "that") -> dict[str, Any]:
        against = {"name": name, "ratio": ratio, "lowest": 0.5, "highest": 4.0, "goal": "2 ×", "met": ratio < 2}
        rows = [{"group": "endpoint", "name": "a call", "against": [against]}]
        about = {
            "processor": "P",
            "cores": 2,
            "python": "3.11",
            "date": "2026-01-02T03:04:05Z",
            "versions": {"tool": "1"},
        }
        return {**about, "rows": rows}

    shown = published.tables([run_with(1.5), run_with(2.25)])
    assert "Measured on: P, 2 cores, Python 3.11, 2026-01-02; tool 1." in shown
    assert "| a call | that | 1.5 × (0.5…4) | 2.25 × (0.5…4) | 2 ×, missed |" in shown
    # A row that an earlier run lacks.
    assert "| a call | new | | 2.25 × (0.5…4) | 2 ×, missed |" in published.tables(
        [run_with(1.5), run_with(2.25, "new")]
    )


def test_every_group_has_a_title_in_the_guide() -> None:
    assert published.TITLES.keys() == GROUPS.keys()

"""Rows of the benchmark and how they are measured.

1. A row is a work beside references. All of them run in each round, one after the other, so that a machine that slows
   down slows them all. A round gives one figure for each.
2. A figure is the seconds for one operation, by the clock and of CPU: of this process, of the processes that it has
   waited for, of the servers that a contender names, and of those that it has started and returns as `Started`. A
   contender may measure something else, and return it as an `Amount`.
3. The ratio of a work to a reference is the median of the ratios of the rounds; the spread is the lowest and the
   highest of them.
4. A goal is a limit for the work: so many times the reference, and so much more.
"""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOST_ROUNDS = 25


class Amount(float):
    """A figure that a contender measured itself, such as bytes of memory."""


class Started(tuple[int, ...]):
    """Ids of processes that a run has started and that still run."""


@dataclass(frozen=True)
class Goal:
    """The work takes at most `times` as much as the reference, and `more` seconds, or whatever the row measures."""

    times: float = 1.0
    more: float = 0.0

    def __str__(self) -> str:
        return f"{self.times:.3g} ×" + (f" + {self.more:g}" if self.more else "")


@dataclass(frozen=True)
class Contender:
    """What one round runs. count: the operations in a run. processes: ids of the servers that work for it.

    within: prepares each run and tidies up after it, untimed; `run` gets what it yields. missing: why this can't run
    here; empty if it can.
    """

    name: str
    run: Callable[..., object] = lambda: None
    goal: Goal | None = None
    count: int = 1
    processes: Sequence[int] = ()
    within: Callable[[], AbstractContextManager[Any]] | None = None
    missing: str = ""


@dataclass(frozen=True)
class Row:
    """A work beside references, each with its goal or none. unit: of the figures; `s` or, for amounts, another."""

    name: str
    work: Contender
    references: Sequence[Contender]
    unit: str = "s"
    note: str = ""


def row(
    name: str,
    work: Callable[[], object],
    reference: Callable[[], object],
    against: str,
    goal: Goal | None = None,
    count: int = 1,
    unit: str = "s",
    note: str = "",
) -> Row:
    """Returns a row with one reference that does as many operations as the work. against: the reference's name."""
    contenders = Contender("awstape", work, count=count), Contender(against, reference, goal, count)
    return Row(name, contenders[0], contenders[1:], unit, note)


@dataclass(frozen=True)
class Figure:
    """What one round measured of a contender, for one operation. cpu: seconds; None for an amount."""

    value: float
    cpu: float | None = None


@dataclass(frozen=True)
class Result:
    """The figures of a row's rounds: of its work, and of each reference that could run."""

    row: Row
    work: Sequence[Figure]
    references: Sequence[tuple[Contender, Sequence[Figure]]]

    @property
    def comparisons(self) -> Iterator[Comparison]:
        for reference, figures in self.references:
            yield Comparison.of(self.work, figures, reference)


@dataclass(frozen=True)
class Comparison:
    """A work beside one reference. work, reference: medians. ratios: of the rounds."""

    name: str
    goal: Goal | None
    work: float
    reference: float
    ratio: float
    lowest: float
    highest: float
    cpu_ratio: float | None
    rounds: int

    @classmethod
    def of(cls, work: Sequence[Figure], reference: Sequence[Figure], contender: Contender) -> Comparison:
        ratios = [one.value / max(other.value, 1e-9) for one, other in zip(work, reference, strict=True)]
        cpu = [one.cpu / other.cpu for one, other in zip(work, reference, strict=True) if one.cpu and other.cpu]
        return cls(
            contender.name,
            contender.goal,
            statistics.median(figure.value for figure in work),
            statistics.median(figure.value for figure in reference),
            statistics.median(ratios),
            min(ratios),
            max(ratios),
            statistics.median(cpu) if cpu else None,
            len(ratios),
        )

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is met; None without one."""
        if self.goal is None:
            return None
        if self.goal.more:
            return self.work <= self.goal.times * self.reference + self.goal.more
        return self.ratio <= self.goal.times


def measure(row: Row, rounds: int, seconds: float, clock: Callable[[], float] = time.perf_counter) -> Result:
    """Measures a row in at least `rounds` rounds, and in more of them until `seconds` have passed.

    A first round, which fills caches, does not count.
    """
    contenders = [row.work, *(reference for reference in row.references if not reference.missing)]
    figures: list[list[Figure]] = [[] for _ in contenders]
    end = clock() + seconds
    for number in range(MOST_ROUNDS + 1):
        if number > rounds and clock() > end:
            break
        for contender, found in zip(contenders, figures, strict=True):
            found.append(_run(contender, clock))
    counted = [found[1:] for found in figures]
    return Result(row, counted[0], list(zip(contenders[1:], counted[1:], strict=True)))


def _run(contender: Contender, clock: Callable[[], float]) -> Figure:
    with contender.within() if contender.within else nullcontext(()) as given:
        arguments = (given,) if contender.within else ()
        gc.collect()
        cpu, start = _cpu_seconds(contender.processes), clock()
        returned = contender.run(*arguments)
        end = clock()
        started = returned if isinstance(returned, Started) else ()
        cpu_end = _cpu_seconds([*contender.processes, *started])
    if isinstance(returned, Amount):
        return Figure(float(returned))
    return Figure((end - start) / contender.count, (cpu_end - cpu) / contender.count)


def _cpu_seconds(processes: Iterable[int]) -> float:
    """The CPU seconds so far of this process, its children that have ended, and of other processes."""
    times = os.times()
    own = time.process_time() + times.children_user + times.children_system
    return own + sum(_cpu_seconds_of(process) for process in processes)


def _cpu_seconds_of(process: int) -> float:
    """The CPU seconds of all threads of a process, 0 where the system has no /proc."""
    total = 0
    for state in Path(f"/proc/{process}/task").glob("*/schedstat"):
        with suppress(OSError):  # a thread that has just ended
            total += int(state.read_text("ascii").split()[0])
    return total / 1e9


def memory_of(process: int | None = None) -> int:
    """The bytes of memory that a process has."""
    pages = Path(f"/proc/{process or os.getpid()}/statm").read_text("ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Setting:
    """What the rows of a group may use. folder: an empty one. is_quick: whether the whole run has a minute only."""

    folder: Path
    is_quick: bool = False
    peers: Path | None = None
    """The environment of peers that can't be in this one; None if it was not made."""

    def size(self, usual: int, quick: int | None = None) -> int:
        """A number of operations or items: a tenth in a quick run, if it doesn't name another one."""
        return (quick or max(1, usual // 10)) if self.is_quick else usual

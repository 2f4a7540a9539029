"""Presents results: a table for people, `bench.json` for programs."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from bench.frame import Result

_LINE = "{:<44} {:>11} {:>9} {:>15} {:>7}  {:<26} {}"
HEAD = _LINE.format("row", "median", "ratio", "lowest…highest", "CPU", "of the time of", "goal")


def lines(result: Result) -> Iterable[str]:
    """Yields a line for each reference of a row, and for each that is missing."""
    name = result.row.name
    for found in result.comparisons:
        goal = "" if found.goal is None else f"{'met' if found.is_met else 'MISSED'}: at most {found.goal}"
        yield _LINE.format(
            name,
            amount(found.work, result.row.unit),
            f"{found.ratio:.3g} ×",
            f"{found.lowest:.3g}…{found.highest:.3g}",
            "" if found.cpu_ratio is None else f"{found.cpu_ratio:.3g} ×",
            f"{found.name} ({amount(found.reference, result.row.unit)})",
            "; ".join(filter(None, (goal, result.row.note))),
        ).rstrip()
        name = ""
    for reference in result.row.references:
        if reference.missing:
            yield _LINE.format(name, "", "", "", "", reference.name, reference.missing).rstrip()


def amount(value: float, unit: str) -> str:
    """A figure with a unit that suits its size."""
    if unit == "B":
        return f"{value / 1e6:.1f} MB"
    if unit != "s":
        return f"{value:,.0f} {unit}"
    return f"{value:.2f} s" if value >= 1 else f"{value * 1e3:.2f} ms" if value >= 1e-3 else f"{value * 1e6:.0f} µs"


def machine() -> dict[str, object]:
    """The machine and the versions that a run measured."""
    return {
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "system": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("botocore", "mitmproxy", "vcrpy", "moto", "placebo", "PyYAML")},
    }


def processor() -> str:
    """The name of the processor, where the system has /proc."""
    try:
        known = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(": ")[2] for line in known if line.startswith("model name")), "")


def write(path: Path, about: Mapping[str, object], results: Sequence[tuple[str, Result]]) -> None:
    """Writes `bench.json`: the machine, then each row with its references; figures are medians for one operation."""
    rows = [
        {
            "group": group,
            "name": result.row.name,
            "unit": result.row.unit,
            "against": [
                asdict(found) | {"goal": str(found.goal or ""), "met": found.is_met} for found in result.comparisons
            ],
            "missing": {reference.name: reference.missing for reference in result.row.references if reference.missing},
        }
        for group, result in results
    ]
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({**about, "rows": rows}, indent=1, ensure_ascii=False) + "\n", "utf-8")

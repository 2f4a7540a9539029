"""Writes the figures of one or more runs of the benchmark into the guide: `make bench-page`.

    python -m bench.published .reports/bench.json …

Each file is a `bench.json`. The guide gets a table for each group, with the ratios of all runs side by side.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from support.paths import GUIDE

PAGE = GUIDE / "benchmarks.md"
_PLACE = re.compile(r"(?<=<!-- made by `make bench-page` -->\n).*?(?=<!-- end -->)", re.DOTALL)
#: The name of a group → the title of its table.
TITLES = {
    "start-up": "Start",
    "large": "Large cassettes",
    "endpoint": "Replay over HTTP",
    "opening": "A tape in a test",
    "in-process": "Replay in the process",
    "proxying": "Recording through the proxy",
    "codec": "The work of a recording",
    "cassettes": "Files",
    "replaying": "Growth",
}


def tables(runs: Sequence[dict[str, Any]]) -> str:
    """Returns the machine and the tables, for the runs in the files, of which the last one decides what is listed."""
    (*_, last) = runs
    groups = list(dict.fromkeys(row["group"] for row in last["rows"]))
    about = f"{last['processor']}, {last['cores']} cores, Python {last['python']}, {last['date'][:10]}"
    versions = ", ".join(f"{name} {version}" for name, version in last["versions"].items())
    return "\n".join(
        [f"\nMeasured on: {about}; {versions}.\n", *(line for each in groups for line in _table(each, runs))]
    )


def _table(group: str, runs: Sequence[dict[str, Any]]) -> Iterator[str]:
    *earlier, last = [_ratios(run) for run in runs]
    yield f"## {TITLES[group]}\n"
    yield f"| awstape | beside | {' | '.join(f'run {i + 1}' for i in range(len(runs)))} | goal |"
    yield "| --- | --- |" + " --- |" * (len(runs) + 1)
    for (of_group, name, beside), (ratio, goal) in last.items():
        if of_group == group:
            ratios = [*(run.get((group, name, beside), ("", ""))[0] for run in earlier), ratio]
            yield " ".join(["|", *(f"{cell} |" if cell else "|" for cell in (name, beside, *ratios, goal))])
    yield ""


def _ratios(run: dict[str, Any]) -> dict[tuple[str, str, str], tuple[str, str]]:
    """(group, row, reference) → (ratio with its spread, goal and whether it is met)."""
    return {
        (row["group"], row["name"], each["name"]): (
            f"{each['ratio']:.3g} × ({each['lowest']:.3g}…{each['highest']:.3g})",
            each["goal"] and f"{each['goal']}, {'met' if each['met'] else 'missed'}",
        )
        for row in run["rows"]
        for each in row["against"]
    }


def main(files: Sequence[str]) -> None:
    made = tables([json.loads(Path(file).read_text("utf-8")) for file in files])
    PAGE.write_text(_PLACE.sub(lambda _: made, PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

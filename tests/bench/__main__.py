"""Measures speed and memory beside references that are measured in the same rounds.

    make bench, make bench-quick
    python -m bench [--quick] [--peers FOLDER] [GROUP…]

A group is a module in `bench.rows`: a context manager that yields its rows and keeps alive what they need, such as
servers. A peer that is not installed costs its comparison only; the table says which.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from bench import table
from bench.frame import Result, Row, Setting, measure
from bench.rows import cassettes, codec, endpoint, in_process, large, opening, proxying, replaying, start_up

Group = Callable[[Setting], AbstractContextManager[Iterator[Row]]]
GROUPS: Mapping[str, Group] = {
    "start-up": start_up.rows,
    "large": large.rows,
    "endpoint": endpoint.rows,
    "opening": opening.rows,
    "in-process": in_process.rows,
    "proxying": proxying.rows,
    "codec": codec.rows,
    "cassettes": cassettes.rows,
    "replaying": replaying.rows,
}
REPORT = Path(".reports/bench.json")
#: Rounds at least, and the seconds that more of them may take.
USUAL, QUICK = (5, 4.0), (5, 0.0)


def run(groups: Mapping[str, Group], peers: Path | None, *, is_quick: bool) -> Iterator[tuple[str, Result]]:
    """Measures groups of rows; yields each result with the name of its group."""
    for name, group in groups.items():
        with tempfile.TemporaryDirectory() as folder, group(Setting(Path(folder), is_quick, peers)) as rows:
            for row in rows:
                yield name, measure(row, *(QUICK if is_quick else USUAL))


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("--quick", action="store_true", help="take a minute")
    parser.add_argument("--peers", type=Path, help="the environment of the peers")
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=", ".join(GROUPS))
    options = parser.parse_args()
    if unknown := set(options.groups) - GROUPS.keys():
        parser.error(f"unknown: {', '.join(unknown)}; the groups are {', '.join(GROUPS)}")
    chosen = {name: group for name, group in GROUPS.items() if not options.groups or name in options.groups}
    start, results = time.monotonic(), []
    print(table.HEAD, flush=True)
    for group, result in run(chosen, options.peers and options.peers.absolute(), is_quick=options.quick):
        results.append((group, result))
        print("\n".join(table.lines(result)), flush=True)
    about = table.machine() | {"is_quick": options.quick, "seconds": round(time.monotonic() - start)}
    table.write(REPORT, about, results)
    print(f"{about['seconds']} seconds on {about['processor']}, {about['cores']} cores; figures in {REPORT}")


if __name__ == "__main__":
    main()

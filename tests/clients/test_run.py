"""The table of programs, and the comparison of two runs; `make test-clients` itself needs the internet."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from clients.run import PROGRAMS, Program, Run, judge, size_of

ROWS = tomllib.loads(PROGRAMS.read_text("utf-8"))
FINE = {"pages": 3, "failed": {}, "skipped": {}}


@pytest.mark.parametrize("name", ROWS)
def test_every_program_is_pinned(name: str) -> None:
    program = Program(name, **ROWS[name])
    assert program.packages[0].startswith(f"{name}==")
    assert program.commands


def test_sizes_do_not_depend_on_names(tmp_path: Path) -> None:
    real, aliased = tmp_path / "real.json", tmp_path / "aliased.json"
    real.write_text(json.dumps([{"Name": "zap", "ResponseMetadata": {"Date": "x"}}]))
    aliased.write_text(json.dumps([{"Name": "alias-x", "ResponseMetadata": {}}]))
    assert size_of(real) == size_of(aliased) == 3
    aliased.write_text(json.dumps([{"Name": "alias-x", "More": 1}]))
    assert size_of(aliased) == 4


@pytest.mark.parametrize(
    ("recorded", "replayed", "reason"),
    [
        (Run(0, {"output": 3}, "", FINE), Run(0, {"output": 3}, ""), None),
        (Run(0, {"output": 3}, "", FINE), Run(0, {"output": 2}, ""), ""),
        (Run(0, {"output": 3}, "", FINE), Run(1, {"output": 3}, ""), ""),
        (
            Run(0, {"output": 3}, "", FINE),
            Run(0, {"output": 3}, "", {"misses": [{"operation": "iam GetUser"}]}),
            "first miss: iam GetUser",
        ),
        (Run(1, {}, "no module\n{}", FINE), Run(1, {}, ""), "no module"),
        (
            Run(0, {}, "", {**FINE, "skipped": {"GetUser: not XML": 2}}),
            Run(0, {}, ""),
            "2 not recorded: GetUser: not XML",
        ),
    ],
)
def test_a_replay_is_judged_by_its_recording(recorded: Run, replayed: Run, reason: str | None) -> None:
    program = Program("zap", ["zap==1"], ["zap"])
    is_fine, columns = judge(program, recorded, {"endpoint": replayed, "proxy": replayed})
    assert is_fine is (reason is None)
    assert columns[-1] == (reason or "")

"""Programs of Node.js: how they are recognised, and what is said where no call of a program was seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from awstape.program.javascript import NODE_TIP, may_run_node, no_call_hints

NODE = [
    "node list.mjs",
    "npm test",
    "npx jest",
    "yarn test",
    "pnpm run e2e",
    "/usr/bin/node x",
    "npx.cmd vitest",
    "tsx a.ts",
]
OTHER = ["true", "python list.py", "pytest -q", "aws iam list-roles", "./audit", "sh -c true"]


@pytest.mark.parametrize("command", NODE)
def test_a_program_of_node_is_recognised(command: str, tmp_path: Path) -> None:
    assert may_run_node(command.split(), tmp_path)
    assert may_run_node(["sh", "-c", command], tmp_path)
    assert may_run_node(["env", "A=1", *command.split()], tmp_path)


@pytest.mark.parametrize("command", OTHER)
def test_other_programs_are_none_of_node(command: str, tmp_path: Path) -> None:
    assert not may_run_node(command.split(), tmp_path)


@pytest.mark.parametrize(("command", "may"), [("make test", True), ("python a.py", False), ("pytest", False)])
def test_a_package_json_beside_counts(command: str, may: bool, tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("{}")
    assert may_run_node(command.split(), tmp_path) is may


def test_the_hints_fit_the_program(tmp_path: Path) -> None:
    def hints(command: str, status: int = 0, **environ: str) -> list[str]:
        return no_call_hints(command.split(), status, tmp_path, environ)

    assert hints("true") == []
    assert hints("npm test") == [NODE_TIP]
    (failed,) = hints("python a.py", 1)
    assert "ended with exit status 1" in failed
    assert "ended with signal 9" in hints("true", -9)[0]
    assert hints("npm test", 1)[1:] == [NODE_TIP]
    assert hints("npm test", NODE_OPTIONS="--import x/global-agent/bootstrap.js") == []

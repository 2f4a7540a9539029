"""The languages of programs: how they are recognised, and what is said where no call of a program was seen."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from awstape.program.javascript import NODE_TIP
from awstape.program.languages import RUBY_TIP, failure_hint, find_language, proxy_hints
from support.tips import Tip, output_of

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
OTHER = {
    "python list.py": "Python",
    "/usr/bin/python3.14 list": "Python",
    "pytest -q": "Python",
    "aws iam list-roles": "Python",
    "ruby list.rb": "Ruby",
    "bundle exec rspec": "Ruby",
    "./list.rb": "Ruby",
    "go test ./...": "other",
    "mvn test": "other",
    "true": "",
    "./audit": "",
}


@pytest.mark.parametrize("command", NODE)
def test_a_program_of_node_is_recognised(command: str, tmp_path: Path) -> None:
    assert find_language(command.split(), tmp_path) == "Node.js"
    assert find_language(["sh", "-c", command], tmp_path) == "Node.js"
    assert find_language(["env", "A=1", *command.split()], tmp_path) == "Node.js"


@pytest.mark.parametrize("command", OTHER)
def test_other_programs_are_none_of_node(command: str, tmp_path: Path) -> None:
    """Of a program that nothing else tells of, a package.json beside it tells."""
    assert find_language(command.split(), tmp_path) == OTHER[command]
    (tmp_path / "package.json").write_text("{}")
    assert find_language(command.split(), tmp_path) == (OTHER[command] or "Node.js")


def test_the_hints_fit_the_program(tmp_path: Path) -> None:
    def hints(command: str, **environ: str) -> list[str]:
        return proxy_hints(command.split(), tmp_path, environ)

    for command in ("true", "go test"):
        (unknown,) = hints(command)
        assert "an SDK that does not honour HTTPS_PROXY" in unknown and "Node" not in unknown
    assert hints("npm test") == [NODE_TIP]
    assert hints("ruby list.rb") == [RUBY_TIP]
    assert RUBY_TIP.endswith("awstape guide languages shows") and unknown.endswith("see awstape guide languages")
    assert hints("python a.py") == []
    assert hints("npm test", NODE_OPTIONS="--import x/global-agent/bootstrap.js") == []


def test_a_failure_is_told_with_its_status() -> None:
    assert failure_hint(0) == []
    assert "ended with exit status 1" in failure_hint(1)[0]
    assert "ended with signal 9" in failure_hint(-9)[0]


def test_the_tip_for_ruby(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Its proxy is that of `http_proxy`, also for HTTPS, where there is a Ruby to ask."""
    (hint,) = proxy_hints(["ruby", "list.rb"], tmp_path, {})
    tip = Tip(
        "Ruby takes the proxy from http_proxy, also for HTTPS: run it with http_proxy=$HTTPS_PROXY, "
        "as awstape guide languages shows"
    )
    setting = tip.take(hint, r"\w+=\$\w+")
    ask = "ruby -rnet/http -e 'print Net::HTTP.new(\"iam.amazonaws.com\", 443).proxy_port'"
    command = f"HTTPS_PROXY=http://127.0.0.1:4711; {setting} {ask if shutil.which('ruby') else 'env'}"
    asked = subprocess.run(["sh", "-c", command], env={"PATH": os.environ["PATH"]}, capture_output=True, check=True)
    assert b"4711" in asked.stdout
    assert setting in output_of(capfd, tip.take(hint, "awstape (guide languages)"), 0)
    (unknown,) = proxy_hints(["./audit"], tmp_path, {})
    other = Tip("an SDK that does not honour HTTPS_PROXY bypasses it, too: see awstape guide languages")
    assert "HTTPS_PROXY" in output_of(capfd, other.take(unknown, "awstape (guide languages)"), 0)

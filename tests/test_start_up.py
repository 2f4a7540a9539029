"""What a program waits for before the first work of awstape: counts of modules and parses, no times."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import pytest

from support.paths import ROOT

#: Modules that take as long as a small program, and those that a replay has no use for.
SLOW = ("asyncio", "botocore", "click", "http.client", "mitmproxy", "rich", "ssl", "urllib.request", "yaml")
CASSETTE = ROOT / "cassettes" / "roles.yaml"
#: Modules that a replay needs only for what it rarely does: another text than awstape writes, a miss, a proxy.
UNUSED = ("awstape.core.replay.misses", "botocore", "cryptography", "difflib", "html", "http.client",
          "importlib.metadata", "mitmproxy", "random", "rich", "tempfile", "urllib.request", "yaml")  # fmt: skip
#: `awstape replay` of a cassette to a program that asks for its roles. Then prints, as JSON, the names of all modules,
#: and how many patterns awstape has compiled: while it was imported, and in all.
REPLAY = '''
import json, re, sys
compiled, compile_ = [], re.compile
def note(pattern, flags=0):
    compiled.append(sys._getframe(1).f_globals["__name__"].startswith("awstape."))
    return compile_(pattern, flags)
re.compile = note
import awstape.opening, awstape.program.servers, awstape.report
from awstape.cli.main import main
imported = sum(compiled)
ask = """import os, urllib.request
urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"] + "/?Action=ListRoles&Version=2010-05-08").read()"""
assert main(["replay", sys.argv[1], "--", sys.executable, "-c", ask]) == 0
print(json.dumps([[*sys.modules], imported, sum(compiled)]))
'''
MOST_MODULES, MOST_OWN_MODULES, MOST_PATTERNS = 430, 180, 40


def imported(program: str, *arguments: str | Path) -> set[str]:
    """The modules that a program has imported at its end."""
    code = f"import sys, json\n{program}\nprint(json.dumps([*sys.modules]), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


def slow_ones(modules: Collection[str], but: Collection[str] = ()) -> list[str]:
    return [name for name in SLOW if name in modules and name not in but]


def test_the_package_imports_nothing() -> None:
    assert imported("import awstape") - imported("") <= {"awstape", "__future__"}


def test_the_help_imports_click_only() -> None:
    modules = imported("from awstape.cli.main import main; main(['--help'])")
    assert slow_ones(modules) == ["click"]
    light = {"awstape.files", "awstape.files.ci"}
    wings = ("awstape.core.aws", "awstape.catalog", "awstape.files")
    assert not [name for name in modules - light if name.startswith(wings)]


def test_the_pytest_plugin_imports_little() -> None:
    modules = imported("import pytest; before = set(sys.modules); import awstape.pytest_plugin")
    own = {name for name in modules if name.startswith("awstape.")}
    assert own <= {"awstape.pytest_plugin", "awstape.pytest_plugin.run_summary", "awstape.errors", "awstape.clock"}


@pytest.mark.parametrize(
    ("program", "may"),
    [
        ("from awstape.cli.main import main; main(['ls', sys.argv[1]])", ("click",)),
        ("import os; from pathlib import Path; from awstape.opening import open_for_replay\n"
         "open_for_replay([Path(sys.argv[1])], os.environ)", ()),
    ],
)  # fmt: skip
def test_a_cassette_is_opened_without_botocore(program: str, may: Collection[str]) -> None:
    assert slow_ones(imported(program, CASSETTE), may) == []


def test_a_listing_needs_no_redaction_and_no_replay() -> None:
    modules = imported("from awstape.cli.main import main; main(['ls', sys.argv[1]])", CASSETTE)
    assert not [name for name in modules if name.startswith(("awstape.core.redaction", "awstape.core.replay"))]


def test_an_answer_of_the_endpoint_needs_no_botocore() -> None:
    program = """
import os
from pathlib import Path
import awstape.program.servers, awstape.serving.endpoint, awstape.report
from awstape.core.aws.wire import Request
from awstape.opening import open_for_replay
tape = open_for_replay([Path(sys.argv[1])], os.environ)
headers = (("content-type", "application/x-www-form-urlencoded"),)
reply = tape.answer(Request("POST", "127.0.0.1", "/", "", headers, b"Action=ListRoles&Version=2010-05-08"))
assert reply and reply.response and b"<Roles>" in reply.response.body, reply
assert not tape.player.misses
"""
    assert "botocore" not in imported(program, CASSETTE)


def test_a_replay_imports_and_compiles_little() -> None:
    """What is used without need costs each replay: a module about 1 ms, a large pattern 5 ms."""
    done = subprocess.run([sys.executable, "-c", REPLAY, CASSETTE], capture_output=True, text=True, check=True)
    modules, imported, compiled = json.loads(done.stdout)
    assert [name for name in UNUSED if name in modules] == []
    assert len(modules) <= MOST_MODULES
    assert len([name for name in modules if name.startswith("awstape")]) <= MOST_OWN_MODULES
    assert imported == 0
    assert compiled <= MOST_PATTERNS

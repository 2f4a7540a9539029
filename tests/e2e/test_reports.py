"""No secret is in the report of a failed test, however pytest is told to report it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from awstape.core.redaction.aliases import Key
from awstape.files.keys import find_key
from e2e import warm
from support import exchanges
from support.in_process import save
from support.standin import StandIn

PHRASE = "CANARY the phrase of the key"
#: Environment variables that no report may show: each value has the word CANARY.
SECRETS = {
    "AWSTAPE_KEY": PHRASE,
    "AWS_SECRET_ACCESS_KEY": "CANARYsecretaccesskey",
    "AWS_ACCESS_KEY_ID": "AKIACANARY0000000000",
    "AWS_SESSION_TOKEN": "CANARYsessiontoken",
    "HTTPS_PROXY": "http://CANARY:CANARY@127.0.0.1:9",
    "NO_PROXY": "127.0.0.1,CANARY.internal.example",
    "DATABASE_PASSWORD": "CANARY",
    "SHORT_KEY": "CANARY",
}
#: Local variables that hold a secret: a request has its signature until it is answered, and some functions convert a
#: signed request, or are given a secret, and call nothing that can fail. An exchange has its caller's access key id on
#: its way into the journal and back; no frame on this way is in a traceback.
HARMLESS = re.compile(
    r"""
    /inprocess/botocore_handlers.py:\ .*:\ request | /inprocess/botocore_wire.py:\ .*
    | .*<(list|dict|gen)(comp|expr)>:\ .*
    | /core/aws/access_keys.py:\ (account|principal)_of_access_key:\ access_key_id
    | /core/redaction/aliases.py:\ Key.digest:\ value | /core/(.*):\ \w+\._?digest:\ text
    | /core/recording/exchange.py:\ .* | /live_recorder.py:\ .*:\ (content|noticed|last)
    | /progress.py:\ Work\..*:\ (item|_)
    | /merging.py:\ .*:\ content | /files/(journal|encrypted_lines).py:\ .*:\ content
    | /core/aws/(wire|routing).py:\ .* | /core/text/hidden.py:\ Hidden.__init__:\ value | /errors.py:\ .*
    """,
    re.VERBOSE,
)
REPORTERS = (
    "-vv",
    "--showlocals",
    "--tb=long",
    "-rA",
    "--junitxml=report.xml",
    "-o",
    "junit_logging=all",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:hypothesispytest",
)

#: A conftest.py that looks at all local variables of awstape's frames, whether they are in a traceback or not.
CONFTEST = """
import os, sys, pytest
from collections import Counter
from pathlib import Path
import awstape

PACKAGE = str(Path(awstape.__file__).parent)
CANARIES = [value for value in os.environ.values() if "CANARY" in value]
SEEN, FOUND = Counter(), set()

def look(frame, event, _):
    code = frame.f_code
    if event != "return" or not code.co_filename.startswith(PACKAGE):
        return
    where = f"{code.co_filename.removeprefix(PACKAGE)}: {code.co_qualname}"
    SEEN[where] += 1
    in_core = code.co_filename.startswith((f"{PACKAGE}/core", f"{PACKAGE}/catalog"))
    if in_core and SEEN[where] > 9:
        return
    for name, value in list(frame.f_locals.items()):
        if isinstance(value, (str, bytes)) or not in_core:
            if "CANARY" in repr(value):
                FOUND.add(f"{where}: {name}")

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    sys.setprofile(look)
    yield
    sys.setprofile(None)

def pytest_sessionfinish():
    Path("frames").write_text("\\n".join(sorted(SEEN)))
    Path("found").write_text("\\n".join(sorted(FOUND)))
"""

MODULE = """
import faulthandler, os, subprocess, sys
from contextlib import suppress
from pathlib import Path
import boto3, pytest
from botocore.config import Config
import awstape as api
from awstape.core.recording.recorder import Recorder
from awstape.live_recorder import LiveRecorder
from awstape.core.replay.player import Player

ONCE = Config(retries={"total_max_attempts": 1})
HERE = Path(__file__).parent
ROLES = HERE / "cassettes" / "roles.yaml"
URL = os.environ["AWSTAPE_UPSTREAM"]
EARLIER = boto3.client("iam", region_name="us-east-1", endpoint_url=URL, config=ONCE)

def ask(client=None):
    (client or boto3.client("iam", config=ONCE)).list_roles()

def bug(*_, **__):
    real = os.environ["DATABASE_PASSWORD"]
    raise KeyError(real)

def timeout(*_, **__):
    real = os.environ["DATABASE_PASSWORD"]
    faulthandler.dump_traceback(sys.__stderr__)
    pytest.fail("the test took too long")

@pytest.fixture(params=["short", "readable", "not ascii", "folder"])
def bad_key(request, monkeypatch, tmp_path):
    if request.param == "short":
        monkeypatch.setenv("AWSTAPE_KEY", os.environ["SHORT_KEY"])
        return
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    file = tmp_path / "awstape" / "key"
    file.parent.mkdir()
    if request.param == "folder":
        file.mkdir()
    else:
        file.write_text(os.environ["AWSTAPE_KEY"] + ("\\u2026" if request.param == "not ascii" else ""))
        file.chmod(0o644 if request.param == "readable" else 0o600)
    monkeypatch.delenv("AWSTAPE_KEY")
"""

REPLAY = """
@pytest.mark.parametrize("arguments", [
    ("missing.yaml",), (HERE / "no-cassette.yaml",), (ROLES, "missing.yaml"),
], ids=str)
def test_no_cassette(arguments):
    api.replay(*arguments)

@pytest.mark.parametrize("options", [{"paging": "torturous"}, {"faults": "throtle"}, {"faults": 3}], ids=str)
def test_options(options):
    api.replay(ROLES, **options)

def test_keys_for_the_api(bad_key):
    with api.replay(ROLES):
        ask()

def test_keys_for_the_fixture(bad_key, request):
    request.getfixturevalue("awstape")

@pytest.mark.parametrize("replacement", [bug, timeout])
@pytest.mark.parametrize("client", [None, EARLIER])
def test_inside_a_call(replacement, client, monkeypatch):
    with api.replay(ROLES) as tape:
        monkeypatch.setattr(Player, "answer", replacement)
        ask(client)

@pytest.mark.parametrize("replacement", [bug, timeout])
def test_while_opening(replacement, monkeypatch):
    monkeypatch.setattr(Player, "__init__", replacement)
    api.replay(ROLES)

def test_a_miss():
    with api.replay(ROLES, strict=True) as tape:
        with suppress(Exception):
            boto3.client("iam").get_role(RoleName="x")
        everything = tape, vars(tape), vars(tape.tape), tape.misses

def test_an_error_of_aws():
    with api.replay(ROLES, faults="denied ListRoles"):
        ask()

@pytest.mark.parametrize("client", [None, EARLIER])
def test_no_response(client):
    with api.replay(ROLES, faults="drop ListRoles times=always"):
        ask(client)

def test_misuse():
    with api.replay(ROLES) as tape:
        tape.attach(EARLIER, None)

def test_misuse_again():
    with api.replay(ROLES) as tape:
        tape.use()

@pytest.mark.awstape("roles")
def test_the_fixture(awstape):
    everything = awstape, vars(awstape), awstape.environ, vars(awstape)
    assert "DATABASE" in awstape.environ

@pytest.mark.awstape("roles")
def test_a_program_that_fails(awstape):
    subprocess.run([sys.executable, "-c", "exit(3)"], env=awstape.environ, check=True)

@pytest.mark.awstape("roles", strict=True)
def test_not_replayed():
    pass

@pytest.mark.awstape("nowhere")
def test_missing():
    pass

@pytest.mark.awstape("roles", nonsense=True)
def test_marker():
    pass
"""

RECORD = """
(HERE / "cassettes" / "blocked.yaml.journal").mkdir(parents=True)

@pytest.mark.awstape("blocked")
@pytest.mark.parametrize("client", ["new", "earlier"])
def test_no_journal(client):
    ask(EARLIER if client == "earlier" else None)

@pytest.mark.awstape("tape")
@pytest.mark.parametrize("replacement", [bug, timeout])
@pytest.mark.parametrize("client", ["new", "earlier"])
def test_inside_a_call(replacement, client, monkeypatch, awstape):
    monkeypatch.setattr(LiveRecorder, "write", replacement)
    everything = awstape, vars(awstape), vars(awstape._hook), vars(awstape._hook.tape)
    ask(EARLIER if client == "earlier" else None)

@pytest.fixture
def ends_badly(monkeypatch):
    with pytest.MonkeyPatch.context() as patch:
        yield patch

@pytest.mark.parametrize("step", ["feed_selected", "finish"])
@pytest.mark.parametrize("replacement", [bug, timeout])
def test_while_closing(step, replacement, ends_badly, awstape):
    ask()
    ends_badly.setattr(Recorder, step, replacement)

def test_keys_for_the_fixture(bad_key, request):
    request.getfixturevalue("awstape")

@pytest.mark.awstape("of-another-key")
def test_another_key():
    ask()

@pytest.mark.awstape("one", "two")
def test_several():
    ask()
"""


def run(folder: Path, module: str, *arguments: str) -> str:
    """Runs pytest in a folder; returns all that it printed or wrote, but for cassettes and the tests themselves."""
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_failing.py").write_text(MODULE + module)
    command = [sys.executable, "-m", "pytest", f"--basetemp={folder}/temporary", *REPORTERS, *arguments]
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with warm.Process(command, cwd=folder, env=os.environ, text=True, **streams) as process:
        try:
            out, err = process.communicate(timeout=100)
        finally:
            process.kill()
    assert process.returncode == 1, out + err
    return out + err + (folder / "report.xml").read_text("utf-8")


@pytest.fixture
def folder(tmp_path: Path, aws: StandIn, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AWSTAPE_UPSTREAM", aws.url)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "no-cassette.yaml").write_text("no cassette\n")
    (tmp_path / "cassettes").mkdir()
    roles = exchanges.request("ListRoles"), exchanges.respond("ListRoles", {"Roles": []})
    for name in ("roles", "of-another-key"):
        save(tmp_path / "cassettes" / f"{name}.yaml", exchanges.cassette(roles, key=Key(b"another key")))
    return tmp_path


def outcomes(report: str) -> dict[str, int]:
    (line,) = re.findall(r"^=+ (.* failed.*) in .*=$", report, re.MULTILINE)
    return {word: int(number) for number, word in re.findall(r"(\d+) (\w+)", line)}


def assert_clean(report: str, folder: Path) -> None:
    shown = [line for line in report.splitlines() if "CANARY" in line]
    assert shown == []
    key = find_key(os.environ)
    assert key and key.reveal().hex() not in report and repr(key.reveal())[2:-1] not in report
    found = (folder / "found").read_text().splitlines()
    assert [place for place in found if not HARMLESS.fullmatch(place)] == [], "local variables of awstape's frames"
    frames = (folder / "frames").read_text()
    for name in ("_key_of_phrase", "find_key", "_before_send", "InProcess.use", "_open", "Tape.answer"):
        assert name in frames, "the frame was looked at"


def test_no_report_of_a_failed_replay_shows_a_secret(folder: Path) -> None:
    report = run(folder, REPLAY)
    assert outcomes(report) == {"failed": 28, "passed": 1, "errors": 3}
    assert_clean(report, folder)


def test_no_report_of_a_failed_recording_shows_a_secret(folder: Path) -> None:
    report = run(folder, RECORD, "--awstape=all")
    assert outcomes(report) == {"failed": 10, "passed": 4, "errors": 10}
    assert_clean(report, folder)

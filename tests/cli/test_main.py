"""The command line: output, exit statuses, and lazy imports."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from urllib.parse import urlencode

import click
import pytest
from click.testing import CliRunner

import awstape
from awstape.cli.main import COMMANDS, SECTIONS, cli, main
from awstape.errors import UserError
from awstape.program import servers
from awstape.proxying import requirement
from awstape.tape import Tape
from support.exchanges import request, respond
from support.failing import failure
from support.misses import not_recorded

HEADER = "version: 1\n"
USERS = HEADER + "---\nservice: iam\noperation: ListUsers\nidentity: {}\npages:\n- output:\n    Users: []\n"
ASK = """
import os, sys, urllib.parse, urllib.request
form = urllib.parse.urlencode({"Action": sys.argv[1], "Version": "2010-05-08"}).encode()
try:
    urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"], form)
except urllib.error.HTTPError as error:
    print(error.read().decode(), error.headers["x-awstape-miss"])
sys.exit(int(sys.argv[2]))
"""


@pytest.fixture(autouse=True)
def no_key(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Isolates tests from the key and data of the user who runs them."""
    monkeypatch.delenv("AWSTAPE_KEY", raising=False)
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path_factory.mktemp("home")))


@pytest.fixture
def users(tmp_path: Path) -> Path:
    path = tmp_path / "users.yaml"
    path.write_text(USERS)
    return path


# --- schema ---


def test_the_schema_is_printed_or_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "new" / "awstape.schema.json"
    assert main(["schema"]) == 0
    assert main(["schema", "--output", str(file)]) == 0
    printed, _ = capsys.readouterr()
    assert file.read_text() == printed
    assert json.loads(printed)["$comment"].startswith("botocore 1.")


def test_a_schema_that_cannot_be_written(users: Path, capfd: pytest.CaptureFixture[str]) -> None:
    inside = users / "awstape.schema.json"
    assert failure(capfd, "schema", "-o", inside) == (
        f"{inside}: can't be written: File exists",
        "the file was not changed",
    )
    folder = users.parent
    assert failure(capfd, "schema", "-o", folder)[0].endswith("is a directory.")


# --- help ---


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example_and_explains_each_option(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command
    assert command.name == name
    result = CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0
    assert re.search(rf"^  (awstape {name} \S|\S.*\$\(awstape {name}\))", result.output, re.MULTILINE)
    assert max(map(len, result.output.splitlines())) <= 100
    assert all(option.help for option in command.params if isinstance(option, click.Option))


def test_help_lists_the_commands() -> None:
    output = CliRunner().invoke(cli, ["-h"]).output
    assert "..." not in output.partition("\nOptions:")[2]
    listed = output.partition("\nBegin:")[2]
    assert re.findall(r"^  ([a-z-]+)  +[A-Z]", listed, re.MULTILINE) == list(COMMANDS)
    assert re.findall(r"^([A-Z].*):$", listed, re.MULTILINE) == list(SECTIONS)[1:]


@pytest.mark.parametrize("option", ["--help", "-h", "--version"])
def test_help_and_version_exit_with_status_0(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([option]) == 0
    assert capsys.readouterr().out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--version"])
    assert capsys.readouterr().out == f"awstape, version {awstape.__version__}\n"


# --- usage ---


def test_a_cassette_that_is_elsewhere_is_suggested(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cassettes").mkdir()
    (tmp_path / "cassettes" / "users.yaml").write_text(USERS)
    for given in ("users.yaml", "users", "cassettes/usrs.yaml"):
        assert failure(capfd, "ls", given)[1] == "did you mean cassettes/users.yaml?"


@pytest.mark.parametrize(
    ("arguments", "problem", "tip"),
    [
        ("recrod", "No such command 'recrod'", "awstape --help"),
        ("record", "Missing argument 'CASSETTE'", "awstape record --help"),
        ("record .", ".: is a folder", "name a file in it: NAME.yaml"),
        ("record x.yaml --mode sometimes", "'sometimes' is not one of 'all'", "awstape record --help"),
        ("record x.yaml --port 65536", "65536 is not in the range", "awstape record --help"),
        ("record x.yaml --port x", "'x' is not a valid integer", "awstape record --help"),
        ("record x.yaml --", "no program after --", "awstape record --help"),
        ("record x.yaml y.yaml", "unexpected extra argument", "awstape record CASSETTE -- PROGRAM: put -- before it"),
        ("record x.yaml --upstream iam -- true", "the upstream 'iam' is neither URL nor SERVICE=URL", "iam=http://"),
        ("record x.yaml --upstream s3=http://h -- true", "is for a service that is not recorded", "--service s3"),
        ("replay", "Missing argument 'CASSETTES...'", "awstape replay --help"),
        ("replay nowhere.yaml", "nowhere.yaml: there is no such file or folder", "awstape record nowhere.yaml"),
        ("replay . --", "no program after --", "awstape replay --help"),
        ("replay . --prxoy", "No such option", "awstape replay --help"),
        ("replay . -- true", ": no cassettes in this folder", "cassettes end in .yaml"),
    ],
)
def test_usage_errors(
    arguments: str,
    problem: str,
    tip: str,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    found = failure(capfd, *arguments.split())
    assert problem in found[0]
    assert tip in found[1]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [["record", "x.yaml"], ["replay", "--proxy", "cassettes"], ["addon"]])
def test_without_mitmproxy_the_tip_is_to_install_it(
    command: list[str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def find_spec(name: str) -> ModuleSpec | None:
        assert name == "mitmproxy"
        return None

    monkeypatch.setattr(requirement, "find_spec", find_spec)
    problem, tip = failure(capfd, *command)
    assert problem.startswith(f"awstape {command[0]}")
    assert problem.endswith(" needs mitmproxy, which is not installed")
    assert tip == "pip install 'awstape[record]'"


def test_a_program_that_cannot_be_started(users: Path, capfd: pytest.CaptureFixture[str]) -> None:
    problem, _ = failure(capfd, "replay", users, "--", "/nowhere/program", status=127)
    assert problem == "/nowhere/program: can't be started: No such file or directory"


@pytest.mark.parametrize("key", ["short", "\udcff"])
def test_a_bad_key(key: str, users: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWSTAPE_KEY", key)
    assert failure(capfd, "replay", users, "--", "true")[0] == "AWSTAPE_KEY: a key has at least 16 characters"


# --- bad cassettes ---

PAGE = "pages:\n- output: {Users: []}\n"
START = HEADER + "---\nservice: iam\noperation: ListUsers\n"
GOOD = START + "identity: {}\n"

BAD = {
    "empty": "",
    "blank": " \n\n",
    "comment": "# nothing\n",
    "no version": USERS.removeprefix(HEADER),
    "other version": "version: 2\n",
    "version as text": "version: '1'\n",
    "version true": "version: true\n",
    "version and more": "version: 1\nmore: 2\n",
    "list": "- version: 1\n",
    "scalar": "version\n",
    "prose": "Dear Sir,\n\tyours: faithfully: x\n",
    "html": "<!DOCTYPE html><html><body>Not found</body></html>",
    "json": '{"version": 1}{"service": "iam"}',
    "binary": "\x00\x01\x02",
    "control": HEADER + "---\na: \x07\n",
    "surrogate": HEADER + '---\n"\\ud800": 1\n',
    "surrogate value": GOOD + 'pages:\n- output:\n    Users:\n    - UserName: "\\udfff"\n',
    "unclosed": HEADER + "---\nservice: [iam\n",
    "unclosed text": HEADER + "---\nservice: 'iam\n",
    "tabs": HEADER + "---\nservice:\n\t- iam\n",
    "anchor": GOOD + "pages: &a\n- output: {Users: []}\n",
    "alias": GOOD + "pages: *a\n",
    "merge": GOOD + "<<: {a: 1}\n" + PAGE,
    "laughs": HEADER + "---\na: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
    "python tag": GOOD + "pages: !!python/object/apply:os.system ['true']\n",
    "own tag": GOOD + "pages: !pages []\n",
    "bad binary": GOOD + "pages:\n- output:\n    Users: !!binary '***'\n",
    "binary that is not ASCII": GOOD + "pages:\n- output:\n    Users: !!binary 'ä'\n",
    "directive": "%YAML 3.0\n---\nversion: 1\n",
    "deep lists": HEADER + "---\na: " + "[" * 5000 + "]" * 5000 + "\n",
    "deep mappings": HEADER + "---\na: " + "{a: " * 2000 + "}" * 2000 + "\n",
    "deep blocks": HEADER + "---\n" + "".join(f"{' ' * i}a:\n" for i in range(500)),
    "long number": GOOD + f"pages:\n- limit: {'9' * 5000}\n  output: {{Users: []}}\n",
    "infinite": GOOD + "pages:\n- limit: 1e999\n  output: {Users: []}\n",
    "null document": HEADER + "---\n",
    "list document": HEADER + "---\n- a\n",
    "key twice": GOOD + "identity: {}\n" + PAGE,
    "key that is a list": HEADER + "---\n[a]: b\n",
    "key that is null": HEADER + "---\n~: b\n",
    "unknown key": GOOD + "colour: red\n" + PAGE,
    "key with newline": GOOD + '"co\\nlour": red\n' + PAGE,
    "unknown service": START.replace("iam", "s3") + "identity: {}\n" + PAGE,
    "unknown operation": START.replace("ListUsers", "ListUser") + "identity: {}\n" + PAGE,
    "service is a number": START.replace("iam", "1") + "identity: {}\n" + PAGE,
    "service is a list": START.replace("iam", "[iam]") + "identity: {}\n" + PAGE,
    "no identity": START + PAGE,
    "identity is null": START + "identity:\n" + PAGE,
    "identity is a list": START + "identity: []\n" + PAGE,
    "identity of another type": START + "identity: {PathPrefix: [a]}\n" + PAGE,
    "no pages": GOOD,
    "pages are null": GOOD + "pages:\n",
    "pages are empty": GOOD + "pages: []\n",
    "pages are a mapping": GOOD + "pages: {}\n",
    "page is null": GOOD + "pages:\n-\n",
    "page is empty": GOOD + "pages: [{}]\n",
    "page is text": GOOD + "pages: [page]\n",
    "output and error": GOOD + "pages: [{output: {}, error: {status: 400}}]\n",
    "output is null": GOOD + "pages: [{output: }]\n",
    "unknown member": GOOD + "pages: [{output: {Usres: []}}]\n",
    "member of another type": GOOD + "pages: [{output: {Users: {}}}]\n",
    "item of another type": GOOD + "pages: [{output: {Users: [{UserName: [a]}]}}]\n",
    "boolean of another type": GOOD + "pages: [{output: {IsTruncated: perhaps}}]\n",
    "error without status": GOOD + "pages: [{error: {code: NoSuchEntity}}]\n",
    "error with status 200": GOOD + "pages: [{error: {status: 200}}]\n",
    "error with status text": GOOD + "pages: [{error: {status: '400'}}]\n",
    "error is a list": GOOD + "pages: [{error: []}]\n",
    "limit zero": GOOD + "pages: [{limit: 0, output: {Users: []}}]\n",
    "limit true": GOOD + "pages: [{limit: true, output: {Users: []}}]\n",
    "token on the first page": GOOD + "pages: [{token: page-1.aaaa, output: {Users: []}}]\n",
    "token is a number": GOOD + "pages: [{token: 1, output: {Users: []}}]\n",
    "chain is broken": GOOD + "pages: [{output: {Users: [], Marker: a}}, {token: b, output: {Users: []}}]\n",
    "chain has ended": GOOD + "pages: [{output: {Users: []}}, {token: b, output: {Users: []}}]\n",
    "token twice": GOOD + "pages: [{output: {Marker: a}}, {token: a, output: {Marker: a}}, {token: a, output: {}}]\n",
    "unmodelled is text": GOOD + "pages: [{unmodelled: Users, output: {Users: []}}]\n",
    "region is a number": GOOD + "region: 1\n" + PAGE,
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_a_bad_cassette_is_refused_in_two_lines(text: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    problem, _ = failure(capfd, "replay", path, "--", "true")
    assert re.match(rf"{re.escape(str(path))}:\d+: .", problem)


def test_bad_bytes_and_odd_names_are_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "od\nd 'name' \udcff.yaml"
    path.write_bytes(USERS.encode("utf-16"))
    assert failure(capfd, "replay", path, "--", "true")[0].endswith(": not UTF-8 at byte 0")


# --- replay ---


@pytest.mark.parametrize(
    ("action", "status", "expected"),
    [("ListUsers", 0, 0), ("ListUsers", 5, 5), ("ListRoles", 0, 1), ("ListRoles", 5, 5)],
)
def test_the_exit_status_is_the_programs_or_1_for_a_miss(
    action: str, status: int, expected: int, users: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = ["replay", str(users), "--", sys.executable, "-c", ASK, action, str(status)]
    assert main(arguments) == expected
    output, errors = capfd.readouterr()
    if action == "ListUsers":
        assert (output, errors) == ("", "")
    else:
        assert "<Code>CassetteMiss</Code>" in output
        assert "true" in output
        assert errors.startswith(f"miss: {not_recorded('iam ListRoles')}\n")
        assert "not replayed" not in errors


def test_replay_in_json(users: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(users), "--json", "--", sys.executable, "-c", ASK, "ListRoles", "0"]) == 1
    facts = json.loads(capfd.readouterr().err)
    assert facts["unplayed"] == [
        {
            "service": "iam",
            "operation": "ListUsers",
            "region": None,
            "account": None,
            "identity": {},
            "take": 1,
            "pages": 1,
        }
    ]
    (miss,) = facts["misses"]
    assert miss["text"].splitlines()[0] == not_recorded("iam ListRoles")
    assert (miss["kind"], miss["operation"], miss["nearest"]) == ("operation", "iam ListRoles", None)


def test_arguments_after_the_dashes_belong_to_the_program(users: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code = "import sys; print(sys.argv[1:])"
    assert main(["replay", str(users), "--", sys.executable, "-c", code, "--json", "--", "--help"]) == 1
    assert capfd.readouterr().out == "['--json', '--', '--help']\n"


@pytest.fixture
def server(users: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "awstape", "replay", str(users), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_without_a_program_it_serves_until_a_signal(number: signal.Signals, server: subprocess.Popen[str]) -> None:
    assert server.stdout
    said = json.loads(server.stdout.readline())
    assert said["environment"]["AWS_ENDPOINT_URL"] == said["address"]
    form = urlencode({"Action": "ListUsers", "Version": "2010-05-08"}).encode()
    with urllib.request.urlopen(said["address"], form, timeout=5) as answer:
        assert answer.status == 200
    server.send_signal(number)
    output, errors = server.communicate(timeout=5)
    facts = {"requests": 1, "misses": [], "unstruck": [], "unplayed": [], "repeated": []}
    assert (output, json.loads(errors), server.returncode) == ("", facts, 0)


# --- imports ---

HEAVY = (
    "botocore",
    "boto3",
    "mitmproxy",
    "click",
    "yaml",
    "rich",
    "cryptography",
    "httptools",
    "asyncio",
    "pytest",
    "http.client",
)


def imported_by(code: str, tmp_path: Path) -> set[str]:
    """The modules in a fresh interpreter after running `code`."""
    program = f"{code}\nimport sys; print('Modules:', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    return set(done.stdout.partition("Modules:")[2].split())


def test_importing_the_package_imports_nothing_else(tmp_path: Path) -> None:
    loaded = imported_by("import awstape", tmp_path)
    assert not loaded & set(HEAVY)
    assert {name for name in loaded if name.startswith("awstape")} == {"awstape"}


@pytest.mark.parametrize("arguments", [["--help"], ["record", "--help"], ["replay", "--help"], ["--version"], ["nope"]])
def test_help_is_quick(arguments: list[str], tmp_path: Path) -> None:
    loaded = imported_by(f"from awstape.cli.main import main; main({arguments!r})", tmp_path)
    assert not loaded & {"botocore", "boto3", "mitmproxy", "yaml", "cryptography", "httptools", "pytest"}


def test_replay_needs_no_mitmproxy(users: Path, tmp_path: Path) -> None:
    """It needs no botocore client either, whose session costs 0.4 s."""
    loaded = imported_by(f"from awstape.cli.main import main; main(['replay', {str(users)!r}, '--', 'true'])", tmp_path)
    assert "httptools" in loaded
    assert not loaded & {
        "mitmproxy",
        "awstape.proxying.interceptor",
        "awstape.proxying.proxy_server",
        "boto3",
        "botocore.session",
        "rich",
    }


def test_the_installed_command_is_the_module() -> None:
    script = Path(sys.executable).with_name("awstape")
    assert subprocess.run([script, "--version"], capture_output=True, text=True, check=True).stdout == (
        f"awstape, version {awstape.__version__}\n"
    )
    assert (
        subprocess.run([sys.executable, "-m", "awstape", "nope"], capture_output=True, env={**os.environ}).returncode
        == 2
    )


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (UserError("awstape stopped: KeyError in x.py, line 1", "please report this"), 2, "ERROR awstape stopped: "),
        (RuntimeError("which may quote the traffic"), 2, "ERROR a bug in awstape: RuntimeError in "),
        (KeyboardInterrupt(), 130, ""),
    ],
    ids=lambda value: type(value).__name__,
)
def test_captures_are_written_after_any_failure(
    error: BaseException,
    status: int,
    told: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWSTAPE_KEY", "a fake key of 16")
    tapes: list[Tape] = []

    async def run(*_: object) -> int:
        tapes[0].record(request("ListUsers"), respond("ListUsers", {"Users": [], "IsTruncated": False}))
        raise error

    monkeypatch.setattr(servers, "serve_proxy", lambda tape, *_, **__: tapes.append(tape))
    monkeypatch.setattr(servers, "run_with_server", run)
    cassette = tmp_path / "tape.yaml"
    assert main(["record", str(cassette), "--", "true"]) == status
    first, *rest = capfd.readouterr().err.splitlines()
    assert first == f"recorded {cassette}: 1 track, 1 page, 0 items"
    assert any(line.startswith(told) for line in rest)
    assert "which may quote" not in "".join(rest)
    assert "operation: ListUsers\n" in cassette.read_text("utf-8")

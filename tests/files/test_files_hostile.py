"""Hostile files and arguments: each gets a one-line error, and nothing is read without a limit."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from awstape import addon
from awstape.cli.main import main
from awstape.core.cassette.yaml import parser
from awstape.core.cassette.yaml.documents import DocumentError
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.check import findings as check
from awstape.core.check.findings import check_text
from awstape.errors import UserError
from awstape.files import cassette_files, keys, limited_reading, project_settings
from awstape.proxying.tls import certificate_authority
from awstape.pytest_plugin.tapes import user_errors_as_failures
from support.exchanges import MODELS
from support.failing import failure
from support.in_process import CASSETTES, ENVIRON

HEADER = "version: 1\n---\n"
TAKE = "service: iam\noperation: GetRole\nidentity:\n  RoleName: alias-Tsr76sms7l\npages:\n"
needs_pipes = pytest.mark.skipif(sys.platform == "win32", reason="pipes have no place in the file system")


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "pipe.yaml")
    return tmp_path / "pipe.yaml"


@needs_pipes
@pytest.mark.parametrize(
    "command",
    ["ls {}", "show {}", "show --textconv {}", "diff {} {}", "merge {} -o x", "import {} -o x", "export {} --to har"],
)
def test_a_pipe_without_a_writer_is_refused(pipe: Path, capfd: pytest.CaptureFixture[str], command: str) -> None:
    said, _ = failure(capfd, *command.replace("{}", str(pipe)).replace(" x", f" {pipe.parent / 'x.yaml'}").split())
    assert said == f"{pipe}: can't be read: the pipe has no writer"


@needs_pipes
def test_a_cassette_is_read_from_a_pipe() -> None:
    read, write = os.pipe()
    os.write(write, (CASSETTES / "roles.yaml").read_bytes())
    os.close(write)
    try:
        cassette = cassette_files.load(Path(f"/dev/fd/{read}"), MODELS)
    finally:
        os.close(read)
    assert cassette == cassette_files.load(CASSETTES / "roles.yaml", MODELS)


def test_a_file_name_with_a_nul_is_refused() -> None:
    with pytest.raises(UserError, match="can't be read: its name holds a NUL character"):
        limited_reading.read_text(Path("a\0b"))


@pytest.mark.parametrize("command", ["add-item {roles} ListRoles {large}", "rekey {roles} --values {large}"])
def test_no_file_is_read_without_end(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    with (large := tmp_path / "large").open("wb") as file:
        file.truncate(limited_reading.MAX_BYTES + 1)
    roles = shutil.copy(CASSETTES / "roles.yaml", tmp_path)
    monkeypatch.setenv("AWSTAPE_KEY", ENVIRON["AWSTAPE_KEY"])
    assert failure(capfd, *command.format(roles=roles, large=large).split())[0] == f"{large}: larger than 64 MiB"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["add-item", "--item", '{"RoleName": ' + "[" * 500 + "]" * 500 + "}"], "the item nests deeper than 48 levels"),
        (["add-item", "--item", '{"RoleName": NaN}'], "the item holds NaN, which is not JSON"),
        (["add-item", "--item", "9" * 5000], "the item is not JSON"),
        (["set", "(" * 3000, "1"], "is not a JMESPath expression: it nests too deeply"),
        (["set", "[*]" * 3000, "1"], "is not a JMESPath expression: it nests too deeply"),
        (["set", f"pages[{'9' * 5000}]", "1"], "is not a JMESPath expression: a number has too many digits"),
        (["drop-item", "!" * 3000 + "x"], "is not a JMESPath condition: it nests too deeply"),
    ],
)
def test_arguments_have_limits_of_depth_and_length(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], problem: str
) -> None:
    command, *rest = arguments
    roles = shutil.copy(CASSETTES / "roles.yaml", tmp_path)
    assert main([command, str(roles), *([] if command == "set" else ["ListRoles"]), *rest]) == 2
    said = capsys.readouterr().err
    assert problem in said
    assert "mistake" not in said


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"{HEADER}{TAKE}- output: {{x: '{'x' * 1001}'}}\n", "a text of more than 1,000 characters"),
        (f"{HEADER}? {'k' * 501}\n: 1\n", "a key of more than 500 characters"),
    ],
)
def test_texts_and_keys_have_a_maximum_length(monkeypatch: pytest.MonkeyPatch, text: str, problem: str) -> None:
    monkeypatch.setattr(parser, "MAX_TEXT", 1000)
    monkeypatch.setattr(parser, "MAX_KEY", 500)
    with pytest.raises(DocumentError, match=problem):
        read_cassette(text, MODELS)


def test_check_reports_text_that_was_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "_MOST_SEARCHED", 1000)
    long = [f.problem for f in check_text(f"a: [\n{'x' * 2000}\n", MODELS) if "search" in f.problem]
    assert long == ["the text from here on is not searched: it can't be read and is too long"]
    comment = check_text(f"{HEADER}{TAKE}- output: {{}} # 314159265358 {'x' * 2000}\n", MODELS)
    assert {(f.line, f.kind, f.problem) for f in comment if f.member == "a comment"} == {
        (8, "account", ""),
        (8, "format", "too long to be searched completely"),
    }


def test_check_stops_after_too_many_findings() -> None:
    found = check_text(HEADER + "a\n---\n" * 3000, MODELS)
    assert len(found) < 1100
    assert "too many errors: the rest is not checked" in {finding.problem for finding in found}
    (many,) = [
        f
        for f in check_text(HEADER + "".join(f"k{i}: 1\n" for i in range(3000)), MODELS)
        if "too many errors" in f.problem
    ]
    assert many.tip == "is this file a cassette?"


@pytest.mark.parametrize(
    ("text", "problem"),
    [("x = " + "[" * 5000, "it nests too deeply|not TOML"), ("#" * (2**21 + 1), "larger than 2 MiB")],
)
def test_settings_have_limits_of_depth_and_size(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(UserError, match=problem):
        project_settings.load_rules(tmp_path)


def test_control_characters_in_cassettes_are_escaped_in_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = json.dumps("\x1b[31m\u202e\x07")[1:-1]
    take = TAKE.replace("alias-Tsr76sms7l", f'"{odd}"')
    (path := tmp_path / "odd.yaml").write_text(f"{HEADER}{take}- error: {{status: 404, message: none}}\n")
    (good := tmp_path / "good.yaml").write_text(f"{HEADER}{TAKE}- error: {{status: 404, message: none}}\n")
    assert cassette_files.load(path, MODELS).takes
    replay = "replay -v -- true"
    for command in ("ls", "show", "show --textconv", "check", "check --format github", f"diff {good}", replay):
        first, dashes, program = command.partition(" -- ")
        main([*first.split(), str(path), *([dashes.strip(), program] if dashes else [])])
        output = capsys.readouterr()
        assert "u001b" in output.out + output.err or command.startswith("check"), command
        assert not set(output.out + output.err) & set("\x1b\u202e\x07"), command


@needs_pipes
@pytest.mark.parametrize("name", ["awstape/ca-key.pem", "awstape/ca.pem"])
@pytest.mark.parametrize("kind", ["a pipe", "a device", "too large", "a circle"])
def test_keys_are_read_from_small_regular_files_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: str
) -> None:
    (folder := tmp_path / "awstape").mkdir()
    put_in_the_way(path := tmp_path / name, kind)
    with pytest.raises(UserError, match=f"{re.escape(str(path))}: "):
        certificate_authority.load_or_create(folder)
    put_in_the_way(key := tmp_path / "key", kind)
    monkeypatch.setattr(keys, "key_file", lambda: key)
    with pytest.raises(UserError, match=f"{re.escape(str(key))}: the key can't be read: "):
        keys.find_key({})


def test_an_error_in_a_mitmproxy_or_a_test_is_printable() -> None:
    assert addon._one_line(UserError("\x1b[31m", "\u202e")) == "\\u001b[31m (\\u202e)"
    with (
        pytest.raises(pytest.fail.Exception, match=r"^\\u001b\[31m\n\\u202e$"),
        user_errors_as_failures(),
    ):
        raise UserError("\x1b[31m", "\u202e")


def put_in_the_way(path: Path, kind: str) -> None:
    if kind == "a pipe":
        os.mkfifo(path, 0o600)
    elif kind == "a device":
        path.symlink_to("/dev/zero")
    elif kind == "a circle":
        path.symlink_to(path.name)
    else:
        path.touch(0o600)
        os.truncate(path, 3 * 2**30)

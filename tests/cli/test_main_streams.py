"""Full, closed and partly read outputs, and bugs: no run ends in a traceback."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import click
import pytest

from awstape.cli.main import main
from awstape.core.text.printable import printable_json
from examples import FOLDER

ROLES = str(FOLDER / "roles.yaml")
COMMANDS = (["ls", ROLES], ["show", ROLES, "--textconv"], ["export", ROLES, "--to", "har"], ["schema"])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_full_output_is_reported(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        assert main(command) == 2
    assert capsys.readouterr().err == f"ERROR the output can't be written: {os.strerror(errno.ENOSPC)}\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
def test_without_an_error_stream_the_status_reports_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with suppress(OSError), open("/dev/full", "w") as full:  # closing it fails as well
        monkeypatch.setattr(sys, "stderr", full)
        assert main(["ls", "/nowhere"]) == 2


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_reader_that_closes_the_pipe(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    monkeypatch.setattr(sys, "stderr", sys.stderr)  # click wraps both
    monkeypatch.setattr(sys, "stdout", os.fdopen(writer, "w"))
    assert main(command) == 141
    assert capsys.readouterr().err == ""


def test_closed_streams_are_as_the_null_device(tmp_path: Path) -> None:
    """No file or pipe of the command gets the descriptor of a closed stream; an editor inherits the null device."""
    file = tmp_path / "roles.yaml"
    file.write_text(Path(ROLES).read_text("utf-8"), "utf-8")
    commands = [["ls", ROLES], ["edit", str(file)]]
    code = f"from awstape.cli.main import main; raise SystemExit([main(each) for each in {commands!r}] != [0, 0])"
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\ncat && echo told && echo told >&2 && sed -i s/3600/7200/ $1\n")
    editor.chmod(0o755)
    script = f'exec "{sys.executable}" -c "$1" <&- >&- 2>&-'
    environ = {**os.environ, "VISUAL": str(editor), "TMPDIR": str(tmp_path)}
    assert subprocess.run(["sh", "-c", script, "sh", code], env=environ, check=False).returncode == 0
    assert "MaxSessionDuration: 7200" in file.read_text("utf-8")


def test_odd_files_are_refused_and_odd_names_are_printable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loop, latin, odd = tmp_path / "loop.yaml", tmp_path / "item.json", tmp_path / "\u202e\n.yaml"
    loop.symlink_to(loop)
    latin.write_bytes(b'{"RoleName": "\xe9"}')
    assert main(["new", "iam", "list-users", "-o", str(loop)]) == 2
    assert "a loop of symbolic links" in capsys.readouterr().err
    assert main(["add-item", ROLES, "ListRoles", str(latin)]) == 2
    assert ": not UTF-8 at byte 14\n" in capsys.readouterr().err
    assert main(["new", "iam", "list-users", "-o", str(odd)]) == 0
    assert "\\u202e\\n.yaml: iam ListUsers" in capsys.readouterr().out


def test_a_bug_in_awstape_shows_its_location_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object) -> int:
        return int("DeployRole")

    monkeypatch.setattr(click.Group, "invoke", fails)
    assert main(["schema"]) == 2
    error, tip = capsys.readouterr().err.splitlines()
    assert error.startswith("ERROR a bug in awstape: ValueError in test_main_streams.py, line ")
    assert tip == "TIP please report this"


@pytest.mark.parametrize("text", ["a\x7f\u202e\u2028\x9b\U000e0001é", "plain"])
def test_json_escaped_for_a_terminal_is_equal(text: str) -> None:
    shown = printable_json(json.dumps({text: [text]}, ensure_ascii=False, indent=1))
    assert json.loads(shown) == {text: [text]}
    assert all(line.isprintable() for line in shown.splitlines())

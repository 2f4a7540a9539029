"""Editing cassette files from the command line: files, output, and nothing lost."""

from __future__ import annotations

import json
import os
import pty
import shutil
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from awstape.catalog.service_models import load_models
from awstape.cli.main import cli, main
from awstape.core.check.findings import check_text
from awstape.files import cassette_files, limited_reading
from examples import KEY, ROOT
from support.failing import failure

ROLE = "alias-Tsr76sms7l"
Editor = Callable[..., None]


@pytest.fixture(autouse=True)
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWSTAPE_KEY", KEY)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", None)


@pytest.fixture
def roles(tmp_path: Path) -> Path:
    return Path(shutil.copy(ROOT / "cassettes" / "roles.yaml", tmp_path / "roles.yaml"))


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(cli, [str(argument) for argument in arguments], standalone_mode=False)
    if result.exception:
        raise result.exception
    assert result.return_value == 0
    return result


def good(path: Path) -> str:
    """The text of a valid cassette without real values."""
    text = limited_reading.read_text(path)
    cassette_files.parse(path, text, load_models())
    assert check_text(text, load_models()) == []
    return text


EDITS: dict[str, tuple[str, ...]] = {
    "set": ("set", "roles.yaml", "pages[].output.Roles[].MaxSessionDuration", "7200"),
    "rm": ("rm", "roles.yaml", "GetRole"),
    "rename": ("rename", "roles.yaml", "DeployRole", "OwnRole"),
    "repage": ("repage", "roles.yaml", "1"),
    "fault": ("fault", "roles.yaml", "ListRoles", "throttle page=2"),
    "add-item": ("add-item", "roles.yaml", "ListRoles", "--item", '{"RoleName": "AuditRole", "Path": "/"}'),
    "drop-item": ("drop-item", "roles.yaml", "ListRoles", "1", "Path=='/'"),
    "merge": ("merge", "roles.yaml", "findings.yaml", "-o", "roles.yaml"),
    "split": ("split", "roles.yaml", "ListRoles", "-o", "other.yaml"),
}


@pytest.mark.parametrize("arguments", EDITS.values(), ids=EDITS)
def test_edits_change_the_file(arguments: tuple[str, ...], roles: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(roles.parent)
    shutil.copy(ROOT / "cassettes" / "findings.yaml", "findings.yaml")
    before = roles.read_text()
    roles.chmod(0o640)
    assert "roles.yaml would change" in run(*arguments, "--dry-run").output
    assert roles.read_text() == before
    assert {path.name for path in roles.parent.iterdir()} == {"roles.yaml", "findings.yaml", "tmp"}
    facts = json.loads(run(*arguments, "--dry-run", "--json").output)
    (facts,) = [each for each in (facts if isinstance(facts, list) else [facts]) if each["cassette"] == "roles.yaml"]
    assert (facts["changed"], facts["written"], facts["lost_comments"]) == (True, False, [])
    assert "changed roles.yaml" in run(*arguments).output
    assert good(roles) != before
    assert stat.S_IMODE(roles.stat().st_mode) == 0o640


@pytest.mark.parametrize("arguments", EDITS.values(), ids=EDITS)
def test_edits_keep_line_ends(arguments: tuple[str, ...], roles: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(roles.parent)
    shutil.copy(ROOT / "cassettes" / "findings.yaml", "findings.yaml")
    before = roles.read_bytes()
    run(*arguments)
    edited = roles.read_bytes()
    roles.write_bytes(before.replace(b"\n", b"\r\n"))
    Path("other.yaml").unlink(missing_ok=True)
    run(*arguments)
    assert roles.read_bytes() == edited.replace(b"\n", b"\r\n")


def test_an_edit_that_changes_nothing(roles: Path) -> None:
    before = roles.stat().st_mtime_ns
    assert run("repage", roles, "100", "GetRole").output == f"{roles} is unchanged\n"
    assert roles.stat().st_mtime_ns == before


def test_real_names_become_aliases(roles: Path) -> None:
    said = run(
        "add-item", roles, "ListRoles", "--item", '{"RoleName": "AuditRole", "Description": "AuditRole 111122223333"}'
    )
    text = good(roles)
    assert "AuditRole" not in text + said.output
    assert "redacted: 1 account id, 1 role name" in said.output
    run("rename", roles, "AuditRole", "OtherRole")
    assert good(roles) != text


@pytest.mark.parametrize("other", ["", "another key, of 16 characters"])
def test_without_the_key_real_values_are_refused(
    other: str, roles: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWSTAPE_KEY", other)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(roles.parent))
    before = roles.read_text()
    problem, tip = failure(capfd, "add-item", roles, "ListRoles", "--item", '{"RoleName": "AuditRole"}')
    assert problem == f"{roles}: not changed: the new values look real (role name)"
    assert "AWSTAPE_KEY" in tip
    assert roles.read_text() == before
    run("add-item", roles, "ListRoles", "--item", '{"RoleName": "alias-S4t6r3rrlT"}')
    good(roles)


def test_an_item_of_a_file_or_of_standard_input(roles: Path) -> None:
    item = roles.with_name("item.json")
    item.write_text('{"RoleName": "alias-S4t6r3rrlT"}')
    run("add-item", roles, "ListRoles", item)
    stdin = '{"RoleName": "role-7777777777777"}'
    result = CliRunner().invoke(cli, ["add-item", str(roles), "ListRoles", "-", "--like", "1"], input=stdin)
    assert result.exit_code == 0
    assert "RoleName: alias-S4t6r3rrlT\n" in good(roles).partition("ListRoles")[2]
    assert "RoleName: role-7777777777777\n" not in good(roles)


def test_a_file_that_is_not_an_item(roles: Path, capfd: pytest.CaptureFixture[str]) -> None:
    item = roles.with_name("item.json")
    item.write_bytes(b"\xff{}")
    assert failure(capfd, "add-item", roles, "ListRoles", item)[0] == f"{item}: not UTF-8 at byte 0"
    item.write_bytes(b'\xef\xbb\xbf{"RoleName": "alias-S4t6r3rrlT"}')
    run("add-item", roles, "ListRoles", item)
    good(roles)


@pytest.mark.parametrize(
    ("arguments", "problem", "tip"),
    [
        ("set {} pages", "give either a VALUE or --remove", "awstape set --help"),
        ("set {} pages[9].x 1", "nothing is selected by 'pages[9].x'", "awstape show"),
        ("set {} pages 1 --track 9", "there is no track 9", "the cassette has 3"),
        ("rm {}", "Missing argument 'TRACK...'", "awstape rm --help"),
        ("rm {} ListRolez", "the cassette has no such operation", "did you mean ListRoles?"),
        ("rename {} Nobody Somebody", "'Nobody' is not in the cassette", "awstape show"),
        ("repage {} client", "can't be cut into pages as client", "2 or torture:1"),
        ("repage {} 0", "the paging '0' is none of", "2 or torture:1"),
        ("fault {} ListRoles", "give a FAULT or --clear", "awstape fault --help"),
        ("fault {} ListRoles trottle", "does not begin with one of throttle", "did you mean throttle?"),
        ("fault {} ListRoles drop\xa0page=9", "for a page that doesn't exist", "awstape fault"),
        ("add-item {} ListRoles", "give either a FILE or --item", "awstape add-item --help"),
        ("add-item {} ListRoles --item {{", "the item is not JSON", "such as"),
        ("add-item {} ListRoles --item 1", "expected a mapping, got a number", "the service can't send it"),
        ("add-item {} ListRoles --item 1 --like 1", "--like needs an item with members", "such as --item '{"),
        ("drop-item {} ListRoles 9", "no item is selected by '9'", "give a number"),
        ("merge {} -o other.yaml nowhere.yaml", "nowhere.yaml: there is no such file or folder", ""),
        ("split {} -o other.yaml", "give either TRACKs or --by", "awstape split --help"),
        ("split {} * -o other.yaml", "no track would be left in it", "rename the file"),
        ("split {} ListRoles -o roles.yaml", "already exists", "another name, or awstape merge"),
    ],
)  # fmt: skip
def test_an_edit_that_is_refused_says_why_and_changes_nothing(
    arguments: str,
    problem: str,
    tip: str,
    roles: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(roles.parent)
    before = roles.read_text()
    said = failure(capfd, *(a.replace("\xa0", " ") for a in arguments.format("roles.yaml").split(" ")))
    assert problem in said[0]
    assert tip in said[1]
    assert roles.read_text() == before
    assert {path.name for path in roles.parent.iterdir()} == {"roles.yaml", "tmp"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_file_that_cannot_be_written(roles: Path, capfd: pytest.CaptureFixture[str]) -> None:
    roles.chmod(0o444)
    assert "permission denied" in failure(capfd, "rm", roles, "GetRole")[0]


# --- comments ---


def commented(roles: Path) -> str:
    text = roles.read_text().replace("    Roles:\n    - Path: /\n", "    Roles:\n    # the first\n    - Path: /\n", 1)
    text = text.replace("operation: GetRole\n", "operation: GetRole  # not there\n")
    roles.write_text(text)
    return text


def test_comments_stay(roles: Path) -> None:
    commented(roles)
    for arguments in (EDITS["set"], EDITS["rename"], EDITS["repage"], (*EDITS["fault"][:-1], "drop page=2")):
        run(arguments[0], roles, *arguments[2:])
    assert "    # the first\n    - Path: /\n" in good(roles)
    assert "operation: GetRole  # not there\n" in good(roles)
    run("drop-item", roles, "ListRoles", "2")
    assert "    # the first\n    - Path: /\n" in good(roles)


def test_losing_a_comment_needs_confirmation(roles: Path, capfd: pytest.CaptureFixture[str]) -> None:
    before = commented(roles)
    line = before.splitlines().index("    # the first") + 1
    assert (
        f"the comment in line {line} would be lost: # the first"
        in run("drop-item", roles, "ListRoles", "1", "--dry-run").output
    )
    assert main(["drop-item", str(roles), "ListRoles", "1"]) == 2
    said = capfd.readouterr().err
    assert said == (
        f"{roles}: the edit would lose this comment:\n  {line}: # the first\n"
        f"ERROR {roles}: not changed: comments would be lost\nTIP to change it anyway, add --lose-comments\n"
    )
    assert roles.read_text() == before
    run("drop-item", roles, "ListRoles", "1", "--lose-comments")
    assert "# the first" not in good(roles)


def test_the_comments_of_a_take_are_removed_with_it(roles: Path) -> None:
    commented(roles)
    assert "was removed with its take: # not there" in run("rm", roles, "GetRole").output


# --- several ---


def test_merge_and_split_are_each_others_inverse(roles: Path) -> None:
    before = commented(roles)
    other = roles.with_name("other.yaml")
    said = run("split", roles, "ListRoles", "-o", other).output
    assert said == f"wrote {other}\nchanged {roles}\n"
    assert "# the first" in good(other)
    assert "# the first" not in good(roles)
    run("merge", roles, other, "-o", roles)
    assert roles.read_text() == before


def test_merge_of_a_folder_into_a_new_file(roles: Path) -> None:
    team = roles.with_name("team.yaml")
    run("merge", ROOT / "cassettes", "-o", team)
    every = cassette_files.load_all([ROOT / "cassettes"], load_models())
    assert cassette_files.load(team, load_models()) == every
    with pytest.raises(Exception, match="already exists"):
        run("merge", ROOT / "cassettes", "-o", team)


def test_a_dry_run_makes_no_folder(roles: Path) -> None:
    output = roles.parent / "new" / "team.yaml"
    assert f"{output} would change" in run("merge", roles, "-o", output, "--dry-run").output
    assert not output.parent.exists()


def test_comments_on_both_sides(roles: Path, capfd: pytest.CaptureFixture[str]) -> None:
    other = roles.with_name("other.yaml")
    other.write_text("# Theirs.\n" + roles.read_text().replace("operation: GetRole\n", "operation: GetRole  # why\n"))
    commented(roles)
    run("merge", roles, other, "-o", other)
    assert "# Theirs.\n" in good(other)
    assert "operation: GetRole # not there # why\n" in other.read_text()
    run("drop-item", roles, "ListRoles", "1", "--lose-comments")
    assert "would be lost" in failure_after_comments(capfd, "merge", other, roles, "-o", other, "--prefer", "last")


def failure_after_comments(capfd: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    assert main([str(argument) for argument in arguments]) == 2
    return capfd.readouterr().err


def test_merge_of_what_differs(roles: Path, capfd: pytest.CaptureFixture[str]) -> None:
    other = Path(shutil.copy(roles, roles.with_name("other.yaml")))
    run("drop-item", other, "ListRoles", "1")
    assert "differs between the cassettes" in failure(capfd, "merge", roles, other, "-o", roles)[0]
    run("merge", roles, other, "-o", roles, "--prefer", "last")
    assert roles.read_text() == other.read_text()


def test_split_into_a_folder(roles: Path) -> None:
    before = roles.read_text()
    folder = roles.with_name("parts")
    run("split", roles, "--by", "operation", "-o", folder)
    assert {path.name for path in folder.iterdir()} == {
        f"{name}.yaml" for name in ("GetRole", "ListAttachedRolePolicies", "ListRoles")
    }
    assert roles.read_text() == before
    run("merge", folder, "-o", roles.with_name("again.yaml"))
    assert roles.with_name("again.yaml").read_text() == before


def test_no_file_is_made_outside_the_folder(roles: Path, capfd: pytest.CaptureFixture[str]) -> None:
    findings = roles.with_name("findings.yaml")
    text = (ROOT / "cassettes" / "findings.yaml").read_text()
    findings.write_text(text.replace("region: us-east-1", "region: ../../x"))
    folder = roles.with_name("parts") / "inner"
    problem, _ = failure(capfd, "split", findings, "--by", "region", "-o", folder)
    assert problem == f"{findings}:8: region: not the name of a region"
    assert not folder.parent.exists() and not (roles.parent / "x.yaml").exists()


# --- edit ---


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Editor:
    """Sets an editor that replaces texts, one pair each time that it is started, and keeps what it was started with."""

    def set_editor(*pairs: tuple[str, str]) -> None:
        program = tmp_path / "tmp" / "vim"
        program.write_text(
            f"#!{sys.executable}\nimport json, pathlib, sys\n"
            f"log = pathlib.Path({str(tmp_path / 'tmp' / 'log')!r})\n"
            "started = json.loads(log.read_text()) if log.exists() else []\n"
            f"old, new = {list(pairs)!r}[len(started)]\n"
            "log.write_text(json.dumps([*started, sys.argv[1:]]))\n"
            "file = pathlib.Path(sys.argv[-1])\nfile.write_text(file.read_text().replace(old, new, 1))\n"
        )
        program.chmod(0o755)
        monkeypatch.setenv("VISUAL", str(program))

    return set_editor


def drafts(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "tmp").glob("awstape-*/*"))


def test_what_was_typed_is_what_is_written(roles: Path, editor: Editor, tmp_path: Path) -> None:
    before = roles.read_text()
    editor(("      MaxSessionDuration: 3600", "      MaxSessionDuration:   7200   # mine"))
    assert run("edit", roles).output == f"changed {roles}\n"
    assert good(roles) == before.replace("MaxSessionDuration: 3600", "MaxSessionDuration:   7200   # mine", 1)
    assert drafts(tmp_path) == []


def test_what_was_typed_is_kept_in_a_dry_run(roles: Path, editor: Editor, tmp_path: Path) -> None:
    before = roles.read_text()
    editor(("Duration: 3600", "Duration: 7200"))
    said = run("edit", roles, "--dry-run")
    (draft,) = drafts(tmp_path)
    assert f"your text is kept in {draft}\n" in said.output
    assert "Duration: 7200" in draft.read_text()
    assert roles.read_text() == before


def test_new_warnings_are_written_and_printed(roles: Path, editor: Editor) -> None:
    editor(("CreateDate: '2016-08-23T19:23:16Z'", "CreateDate: yesterday"))
    assert "warning: line 52: pages[0].output.Roles[0].CreateDate: not a timestamp" in run("edit", roles).output
    assert "CreateDate: yesterday" in roles.read_text()


def test_line_ends_stay_whatever_the_editor_writes(roles: Path, editor: Editor, tmp_path: Path) -> None:
    before = roles.read_text()
    roles.write_bytes(before.replace("\n", "\r\n").encode())
    editor(("MaxSessionDuration: 3600\n", "MaxSessionDuration: 7200\r\n"))
    run("edit", roles)
    expected = before.replace("MaxSessionDuration: 3600", "MaxSessionDuration: 7200", 1).replace("\n", "\r\n")
    assert roles.read_bytes() == expected.encode()
    assert drafts(tmp_path) == []


def test_nothing_typed(roles: Path, editor: Editor, tmp_path: Path) -> None:
    editor(("", ""))
    assert run("edit", roles).output == f"{roles} is unchanged\n"
    assert drafts(tmp_path) == []


def test_real_names_that_were_typed_become_aliases(roles: Path, editor: Editor) -> None:
    editor((f"RoleName: {ROLE}\n", "RoleName: AuditRole  # not AuditRol\n"))
    run("edit", roles)
    assert "AuditRole" not in good(roles).replace("# not AuditRol", "")
    assert "# not AuditRol" in good(roles)


@pytest.mark.parametrize(
    ("pair", "problem"),
    [
        (("Duration: 3600", "Duration: long"), ":47: pages[0].output.Roles[0].MaxSessionDuration: expected"),
        (("version: 1", "version: 1 # 314159265358"), ":2: a comment: looks real"),
        (("pages:", "pages: ]"), ":10: not YAML"),
        (("version", "\x00"), "not YAML"),
        (("operation: GetRole", "operation: GetRole\narn:aws:iam::314159265358:role/Audit: x"), "looks real"),
    ],
)  # fmt: skip
def test_an_invalid_text_is_reported_and_kept(
    pair: tuple[str, str],
    problem: str,
    roles: Path,
    editor: Editor,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    before = roles.read_text()
    editor(pair)
    said = failure(capfd, "edit", roles)
    assert problem in said[0]
    (draft,) = drafts(tmp_path)
    assert f"your text is kept in {draft}" in said[1]
    assert draft.read_text() == before.replace(*pair, 1)
    assert stat.S_IMODE(draft.parent.stat().st_mode) == 0o700
    assert roles.read_text() == before


def test_the_text_of_a_dry_run_is_kept(roles: Path, editor: Editor, tmp_path: Path) -> None:
    editor(("RoleName: alias-", "RoleName: Audit-"))
    said = run("edit", roles, "--dry-run").stderr
    (draft,) = drafts(tmp_path)
    assert said == f"your text is kept in {draft}\n"
    assert "RoleName: Audit-" in draft.read_text()


def test_the_text_before_ctrl_c_is_kept(
    roles: Path, editor: Editor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("awstape.workbench.text_editor.EditorSession.plan", interrupted)
    editor(("3600", "7200"), ("", ""))
    result = CliRunner().invoke(cli, ["edit", str(roles)])
    (draft,) = drafts(tmp_path)
    assert f"your text is kept in {draft}" in result.stderr
    draft.unlink()
    draft.parent.rmdir()
    CliRunner().invoke(cli, ["edit", str(roles)])
    assert drafts(tmp_path) == []


def test_a_region_is_one_of_aws(roles: Path, capfd: pytest.CaptureFixture[str]) -> None:
    findings = roles.with_name("findings.yaml")
    shutil.copy(ROOT / "cassettes" / "findings.yaml", findings)
    for region in "DeployRole", "alice@corp.example", "dG8gQUdQQVpSUDVHTVFE", "../../x":
        assert "region: not the name of a region" in failure(capfd, "set", findings, "region", region)[0]
    assert "AWS has no such region" in failure(capfd, "set", findings, "region", "zz-corp-1")[0]
    assert "eu-west-1" in run("set", findings, "region", "eu-west-1", "--dry-run").output


def test_comments_are_shown_without_what_a_terminal_obeys(roles: Path) -> None:
    roles.write_text(roles.read_text().replace("RoleName: ", "# \u202e mine\n  RoleName: ", 1))
    assert "was removed with its take: # \\u202e mine\n" in run("rm", roles, "1").output


def test_a_broken_cassette_can_be_mended(roles: Path, editor: Editor) -> None:
    before = roles.read_text()
    roles.write_text(before.replace("operation: ListRoles", "operation: ListRolez"))
    editor(("ListRolez", "ListRoles"))
    run("edit", roles)
    assert good(roles) == before


def test_a_change_by_another_program_stays(
    roles: Path, editor: Editor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "tmp" / "slow"
    script.write_text(f"#!/bin/sh\nsed -i s/3600/7200/ $1\necho '# theirs' >> {roles}\n")
    script.chmod(0o755)
    monkeypatch.setenv("VISUAL", str(script))
    assert "changed by another program in the meantime" in failure(capfd, "edit", roles)[0]
    assert "# theirs" in roles.read_text()
    assert "7200" in drafts(tmp_path)[0].read_text()


@pytest.mark.parametrize(
    ("program", "problem"),
    [
        ("/nowhere/editor", "can't be started"),
        ("false", "status 1"),
        ("vim '", "is not a command"),
        (" ", "is not a command"),
        ("sh -c 'rm $0'", "can't be read"),
    ],
)
def test_an_editor_that_fails(
    program: str,
    problem: str,
    roles: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("VISUAL", program)
    assert problem in failure(capfd, "edit", roles)[0]
    assert drafts(tmp_path) == []


def test_the_editor_is_opened_again_at_the_error(roles: Path, editor: Editor, tmp_path: Path) -> None:
    editor(
        ("MaxSessionDuration: 3600", "MaxSessionDuration: long"),
        ("MaxSessionDuration: long", "MaxSessionDuration: 7200"),
    )
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-m", "awstape", "edit", str(roles)])
    os.write(terminal, b"y\n")
    said = b""
    while True:
        try:
            said += os.read(terminal, 4096)
        except OSError:  # the terminal is closed
            break
    assert os.waitpid(child, 0)[1] == 0, said
    os.close(terminal)
    assert b"expected an integer, got text" in said
    assert b"Edit again? [Y/n]" in said
    started: list[list[Any]] = json.loads((tmp_path / "tmp" / "log").read_text())
    assert [each[:-1] for each in started] == [[], ["+47"]]
    assert "MaxSessionDuration: 7200" in good(roles)
    assert drafts(tmp_path) == []

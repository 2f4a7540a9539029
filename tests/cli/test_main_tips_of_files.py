"""What helps with a file that can't be used: a cassette, settings, a key, a journal, a folder. See `test_main_tips`."""

from __future__ import annotations

import json
import re
import shutil
import socket
from importlib.metadata import metadata
from pathlib import Path

import pytest

from awstape import opening
from awstape.files import keys
from examples import KEY
from support.exchanges import request, respond
from support.tips import ASKED_NOTHING, Tip, edit, output_of, run_line

Capture = pytest.CaptureFixture[str]
ROLE = "RoleName: alias-Tsr76sms7l"


def interrupt(path: Path) -> None:
    """Records a role, and ends before it is in the cassette."""
    recorder = opening.open_for_recording(path, "all", {keys.VARIABLE: KEY})
    recorder.record(
        request("GetRole", {"RoleName": "zrealrole"}), respond("GetRole", {"Role": {"RoleName": "zrealrole"}})
    )
    assert recorder.live_recorder
    recorder.live_recorder.journal.close(remove=False)


# --- cassettes ---------------------------------------------------------------------------------------------------


def test_a_real_name_that_is_public(folder: Path, capfd: Capture) -> None:
    edit(folder / "roles.yaml", ROLE, "RoleName: zreal-billing-role")
    settings = folder / "pyproject.toml"
    settings.write_text("[tool.awstape]\nkeep = []\n")
    text = output_of(capfd, "check roles.yaml", 1)
    assert Tip("{}; replace the rest: awstape redact {}").take(text) == "awstape redact roles.yaml"
    tip = Tip("keep what is public with keep = […] in [tool.awstape] of pyproject.toml")
    settings.write_text(f"[tool.awstape]\n{tip.take(text, 'keep = .….').replace('…', repr('zreal-*'))}\n")
    left = output_of(capfd, "check roles.yaml", 0)
    listing = Tip("{} {}: awstape show --texts {}").take(left)
    assert "zreal-billing-role" in output_of(capfd, listing.removeprefix("awstape "), 0)
    path = folder / "x.yaml"
    path.write_text(
        "version: 1\n---\nservice: iam\noperation: GetRole\nidentity:\n  RoleName: zreal-a\npages:\n- output: {}\n"
    )
    listing = Tip("to see the values: awstape show --texts {}").take(output_of(capfd, "check x.yaml", 0))
    assert "zreal-a" in output_of(capfd, listing.removeprefix("awstape "), 0)


def test_a_real_name_that_a_comment_allows(folder: Path, capfd: Capture) -> None:
    edit(folder / "roles.yaml", ROLE, "RoleName: zreal-billing-role # awstape: allow")
    comment = Tip("# awstape: allow REASON").take(output_of(capfd, "check roles.yaml", 1), "# awstape: allow REASON")
    edit(folder / "roles.yaml", "# awstape: allow", comment.replace("REASON", "it is public"))
    assert run_line("awstape check roles.yaml") == 0


def test_an_account_that_is_none(folder: Path, capfd: Capture) -> None:
    edit(folder / "roles.yaml", "account: caller-rkkrm7l4smrk", "account: AKIAIOSFODNN7EXAMPLE")
    shutil.copy("roles.yaml", "shown.yaml")
    tip = Tip("it has twelve digits, or is caller-… as awstape alias --kind caller makes it from an access key id")
    edit(folder / "shown.yaml", "AKIAIOSFODNN7EXAMPLE", "me")
    command = tip.take(output_of(capfd, "ls shown.yaml"), "awstape alias --kind caller")
    made = output_of(capfd, f"{command.removeprefix('awstape ')} AKIAIOSFODNN7EXAMPLE", 0).split()[-1]
    edit(folder / "shown.yaml", "account: me", f"account: {made}")
    assert run_line("awstape ls shown.yaml") == 0


def test_a_cassette_of_a_newer_version_names_this_package(folder: Path, capfd: Capture) -> None:
    """Not run: it would download. The name is that of the package."""
    edit(folder / "roles.yaml", "version: 1", "version: 99")
    command = Tip("pip install --upgrade awstape").take(output_of(capfd, "ls roles.yaml"))
    assert metadata(command.split()[-1])["Name"] == "awstape"


def test_values_that_no_longer_match(folder: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(keys.VARIABLE, "another fake key of sixteen")
    tip = Tip("{}: a request with the alias still matches (to match more: --values, or record anew)")
    option = tip.take(output_of(capfd, "rekey roles.yaml", 0), "--values")
    monkeypatch.setenv(keys.OLD_VARIABLE, KEY)
    shutil.copy(folder / "policy-versions.yaml", "x.yaml")
    (folder / "values").write_text("zrealrole\n")
    assert "not found: line 1" in output_of(capfd, f"rekey x.yaml {option} values", 0)


def test_what_git_tracks(folder: Path, capfd: Capture) -> None:
    assert run_line("git init -q . && touch x.yaml.journal && git add -f x.yaml.journal") == 0
    interrupt(folder / "x.yaml")
    tip = Tip("{} && awstape recover {}, and write *.journal and *.quarantine into .gitignore")
    text = output_of(capfd, "check .", 1)
    assert Tip("{} rm -f --cached {}").printed(text)
    for command in tip.take(text, "(git (?:rm|-C) .*), and").split(" && "):
        assert run_line(command) == 0
    (folder / ".gitignore").write_text("\n".join(re.findall(r"\*\.\w+", tip.printed(text))) + "\n")
    interrupt(folder / "x.yaml")
    assert run_line("git add . && ! git ls-files --error-unmatch x.yaml.journal") == 0
    assert "git tracks" not in output_of(capfd, "check .", 0)


def test_a_cassette_is_not_imported(folder: Path, capfd: Capture) -> None:
    command = Tip("awstape merge joins cassettes").take(
        output_of(capfd, "import roles.yaml -o x.yaml"), "awstape merge"
    )
    assert run_line(f"{command} roles.yaml policy-versions.yaml -o x.yaml") == 0


def test_a_file_that_is_not_named_as_placebo_names_it(folder: Path, capfd: Capture) -> None:
    (folder / "x.json").write_text('{"status_code": 200, "data": {"Roles": [], "IsTruncated": false}}')
    tip = Tip("the file name is not one of placebo, such as iam.ListRoles_1.json")
    name = tip.take(output_of(capfd, "import x.json -o x.yaml", 1), r"iam\..*?json")
    (folder / "x.json").rename(folder / name)
    assert run_line(f"awstape import {name} -o x.yaml") == 0


def test_a_take_that_was_left_out_of_an_export(folder: Path, capfd: Capture) -> None:
    head = "---\nservice: iam\noperation: GetAccountSummary\nidentity: {}\n"
    track = f"{head}pages:\n- output:\n    SummaryMap: {{Users: %d}}\n"
    (folder / "x.yaml").write_text(f"version: 1\n{track % 1}{track % 2}")
    tip = Tip("left out take {}: a command prints one take; --track with take=N selects another")
    text = output_of(capfd, "export x.yaml --to awscli", 0)
    option, take = tip.take(text, "--track"), tip.take(text, "take=N").replace("N", "2")
    assert '"Users": 2' in output_of(capfd, f"export x.yaml --to awscli {option} 'GetAccountSummary {take}'", 0)


def test_a_caller_that_is_none(folder: Path, capfd: Capture) -> None:
    tip = Tip("it is as in awstape ls: twelve digits or caller-…, with /role/NAME behind for a role of the account")
    listing = tip.take(output_of(capfd, "env --caller me"), "awstape ls")
    (account, *_) = {each["account"] for each in json.loads(output_of(capfd, f"{listing[8:]} roles.yaml --json", 0))}
    for caller in (account, "000611752023/role/alias-Tsr76sms7l"):
        lines = output_of(capfd, f"env --caller {caller}", 0)
        assert Tip("export {}={}").printed(lines.splitlines()[0])
        name = Tip("unset {}").take(next(line for line in lines.splitlines() if "unset" in line), "unset (.*)")
        (folder / "of a shell").write_text(f'{name}=x\n{lines}test -n "$AWS_ACCESS_KEY_ID" -a -z "${name}"\n')
        assert run_line("sh -e 'of a shell'") == 0


@pytest.mark.parametrize("way", ["", "--proxy"])
def test_a_port_that_is_taken(way: str, folder: Path, capfd: Capture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        text = output_of(capfd, f"replay roles.yaml {way} --port {port} -- true")
    option = Tip("choose another --port").take(text, "--port")
    assert run_line(f"awstape replay roles.yaml {way} {option} 0 -- true") == ASKED_NOTHING


def test_a_host_that_is_none(folder: Path, capfd: Capture) -> None:
    tip = Tip("use an address of this machine, such as 127.0.0.1")
    address = tip.take(output_of(capfd, "replay roles.yaml --host 'no such host' -- true"), "[0-9.]+")
    assert run_line(f"awstape replay roles.yaml --host {address} -- true") == ASKED_NOTHING


def test_a_cassette_that_git_cannot_compare(folder: Path, capfd: Capture) -> None:
    """The command is in the output of `git diff`, of which awstape is the driver."""
    (folder / "bad.yaml").write_text("version: 1\nx\n")
    line = f"diff bad.yaml {folder / 'bad.yaml'} 0 100644 {folder / 'bad.yaml'} 0 100644"
    tip = Tip("{}: can't be compared ({}); git diff --no-ext-diff shows the text")
    command = tip.take(output_of(capfd, line, 0), "git diff --no-ext-diff")
    assert run_line("git init -q . && git add bad.yaml && echo y >> bad.yaml") == 0
    assert run_line(f"{command} > shown && grep -q '^+y' shown") == 0


# --- settings ----------------------------------------------------------------------------------------------------

NOT_A_TABLE = Tip("write [tool.awstape.pytest] and the options below it")
RULE = Tip('a rule is "SERVICE OPERATION MEMBER" = RULE, such as "cloudtrail LookupEvents StartTime" = "relative"')
SERVICES = Tip("services are spelled as in boto3, such as accessanalyzer")
#: Settings that can't be used → the tip, what to take of it, and the settings with that.
SETTINGS = {
    "[tool]\nawstape = 7\n": (Tip("write [tool.awstape] and the settings below it"), r"\[.*\]", "{}\n"),
    "[tool.awstape]\npytest = 7\n": (NOT_A_TABLE, r"\[.*\]", "{}\nmode = 'once'\n"),
    "[tool.awstape.pytest]\npaging = true\n": (
        Tip("a string or a number, such as 'torture'"),
        "'.*'",
        "[tool.awstape.pytest]\npaging = {}\n",
    ),
    "[tool.awstape]\nservices = ['amazon web']\n": (SERVICES, "as (access.*)", "[tool.awstape]\nservices = ['{}']\n"),
    "[tool.awstape]\nkeep = ['*']\n": (
        Tip('keep the names that may be public, such as "demo-*"'),
        '".*"',
        "[tool.awstape]\nkeep = [{}]\n",
    ),
    "[tool.awstape]\nmask-members = ['no such']\n": (
        Tip("members are spelled as in a cassette, such as Description or Tags.Value"),
        r"\w+\.\w+",
        "[tool.awstape]\nmask-members = ['{}']\n",
    ),
    "[tool.awstape.match]\nStartTime = 'relative'\n": (RULE, 'such as (".*)', "[tool.awstape.match]\n{}\n"),
    "[tool.awstape.match]\n'amazon LookupEvents StartTime' = 'relative'\n": (
        SERVICES,
        "as (access.*)",
        "[tool.awstape.match]\n'{} ListFindings analyzerArn' = 'ignore'\n",
    ),
    "[tool.awstape.match]\n'iam ListRoles PathPrefix' = 'relative'\n": (
        Tip('times take "relative" and within; any other member can be set to "ignore"'),
        '"ignore"',
        "[tool.awstape.match]\n'iam ListRoles PathPrefix' = {}\n",
    ),
    "[tool.awstape.match]\n'iam ListRoles PathPrefix' = 'sometimes'\n": (
        Tip('a rule is "ignore", "relative" or {within = "1h"}'),
        '"ignore"',
        "[tool.awstape.match]\n'iam ListRoles PathPrefix' = {}\n",
    ),
}


@pytest.mark.parametrize(
    ("bad", "tip", "pattern", "good"), [(bad, *row) for bad, row in SETTINGS.items()], ids=SETTINGS
)
def test_settings(bad: str, tip: Tip, pattern: str, good: str, folder: Path, capfd: Capture) -> None:
    settings = folder / "pyproject.toml"
    settings.write_text(bad)
    settings.write_text(good.replace("{}", tip.take(output_of(capfd, "redact roles.yaml"), pattern)))
    assert run_line("awstape redact roles.yaml") == 0


def test_two_projects_with_different_rules(folder: Path, capfd: Capture) -> None:
    (folder / "pyproject.toml").write_text("[tool.awstape]\nkeep = ['a']\n")
    (folder / "below").mkdir()
    (folder / "below" / "pyproject.toml").write_text("[tool.awstape]\nkeep = ['b']\n")
    shutil.copy("policy-versions.yaml", "below")
    line = "replay roles.yaml below/policy-versions.yaml -- true"
    tip = Tip("use their cassettes one after the other, or give both the same [tool.awstape]")
    assert tip.printed(output_of(capfd, line))
    shutil.copy("pyproject.toml", "below")
    assert run_line(f"awstape {line}") == ASKED_NOTHING


# --- keys, journals and folders -------------------------------------------------------------------------------------

#: A line that needs the key → the tip, and the variable that it names.
KEYLESS = {
    "alias --kind role zreal": (Tip("set {}, or record once, which creates {}"), keys.VARIABLE),
    "alias --kind role zreal --cassette roles.yaml": (Tip("set {} to the key of the cassette"), keys.VARIABLE),
    "set roles.yaml pages[].output.Roles[].Description arn:aws:iam::314159265358:role/x": (
        Tip("set AWSTAPE_KEY to the key of the cassette, or use aliases"),
        keys.VARIABLE,
    ),
    "new iam get-role --identity RoleName=zreal": (Tip("use an alias instead, or set {}"), keys.VARIABLE),
    "recover x.yaml": (Tip("set {} to it"), keys.VARIABLE),
}


@pytest.mark.parametrize(("line", "tip", "name"), [(line, *row) for line, row in KEYLESS.items()], ids=KEYLESS)
def test_without_a_key(
    line: str, tip: Tip, name: str, folder: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(folder / "x.yaml")
    monkeypatch.delenv(name)
    variable = tip.take(output_of(capfd, line), "AWSTAPE_[A-Z_]+")
    monkeypatch.setenv(variable, KEY)
    assert run_line(f"awstape {line}") == 0


#: A line that needs another key than that at hand → the tip, and the variable that it names.
OTHER_KEY = {
    "alias --kind role zreal --cassette roles.yaml": Tip("set {} to its key"),
    "recover x.yaml": Tip("set {} to its key, or remove the file"),
}


@pytest.mark.parametrize(("line", "tip"), OTHER_KEY.items(), ids=OTHER_KEY)
def test_with_another_key(line: str, tip: Tip, folder: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt(folder / "x.yaml")
    monkeypatch.setenv(keys.VARIABLE, "another fake key of sixteen")
    variable = tip.take(output_of(capfd, line), "AWSTAPE_[A-Z_]+")
    monkeypatch.setenv(variable, KEY)
    assert run_line(f"awstape {line}") == 0


def test_a_recording_under_the_old_key(folder: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt(folder / "roles.yaml")
    monkeypatch.setenv(keys.VARIABLE, "another fake key of sixteen")
    command = Tip("with that key: awstape recover {}").take(output_of(capfd, "rekey roles.yaml"))
    monkeypatch.setenv(keys.VARIABLE, KEY)
    assert run_line(command) == 0
    monkeypatch.setenv(keys.VARIABLE, "another fake key of sixteen")
    assert run_line("awstape rekey roles.yaml") == 0


def test_the_old_key(folder: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """First it is not set, then it is that of another cassette."""
    monkeypatch.setenv(keys.VARIABLE, "another fake key of sixteen")
    (folder / "values").write_text("zrealrole\n")
    line = "rekey roles.yaml --values values"
    variable = Tip("set {} to it").take(output_of(capfd, line), "AWSTAPE_[A-Z_]+")
    monkeypatch.setenv(variable, "a third fake key of sixteen")
    assert Tip("set {} to its key").take(output_of(capfd, line), "AWSTAPE_[A-Z_]+") == variable
    monkeypatch.setenv(variable, KEY)
    assert run_line(f"awstape {line}") == 0


def test_a_key_file_that_cannot_be_read_or_written(
    folder: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(keys.VARIABLE)
    line = "alias --kind role zreal"
    keys.key_file().mkdir(parents=True)
    tip = Tip("repair or move the file, or set {}")
    assert tip.take(output_of(capfd, line), "AWSTAPE_[A-Z_]+") == keys.VARIABLE
    monkeypatch.setenv("XDG_CONFIG_HOME", "/proc/nowhere")
    with pytest.raises(opening.UserError) as caught:
        keys.find_or_create_key({})
    monkeypatch.setenv(Tip("set {}").take(caught.value.tip, "AWSTAPE_[A-Z_]+"), KEY)
    assert run_line(f"awstape {line}") == 0


@pytest.mark.parametrize(
    ("variables", "tip"),
    [
        ({"HOME": ""}, Tip("set AWSTAPE_KEY and XDG_DATA_HOME")),
        ({"XDG_DATA_HOME": "here"}, Tip("set {} to an absolute path, or unset it")),
        ({"XDG_DATA_HOME": "/proc/nowhere"}, Tip("set XDG_DATA_HOME to a folder that you can write to")),
    ],
)
def test_folders_of_the_user(
    variables: dict[str, str], tip: Tip, folder: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", keys.VARIABLE):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    named = re.findall("[A-Z_]{5,}", tip.printed(output_of(capfd, "ca show")))
    for name in named:
        monkeypatch.setenv(name, KEY if name == keys.VARIABLE else str(folder / "data"))
    assert run_line("awstape ca show") == 0


@pytest.mark.parametrize("editor", ["/no/such/editor", "false", "'"])
def test_an_editor_that_fails(editor: str, folder: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", editor)
    tip = Tip("set EDITOR to your editor")
    variable = tip.take(output_of(capfd, "edit roles.yaml"), "EDITOR")
    monkeypatch.setenv(variable, "sed -i s/3600/7200/")
    assert run_line("awstape edit roles.yaml") == 0

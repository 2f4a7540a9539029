"""The project's pyproject.toml: which file applies, the line of a wrong rule, and the commands that apply the rules."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from textwrap import dedent
from typing import NoReturn

import pytest

from awstape import opening
from awstape.cli.main import main
from awstape.core.aws.model import Value
from awstape.core.compare.request_times import IGNORED
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.project_rules import NO_RULES, Rules
from awstape.errors import UserError
from awstape.files import cassette_files, project_settings
from awstape.files.keys import find_key
from support.exchanges import MODELS, request, respond
from support.standin import StandIn

KEY = "cd" * 32  # of 64 digits: no time is spent on stretching it
#: Asks for two roles by name, as a program with an SDK would.
ASK = """
import os, urllib.parse, urllib.request
for name in ("zkept-role", "zother-role"):
    form = urllib.parse.urlencode({"Action": "GetRole", "Version": "2010-05-08", "RoleName": name}).encode()
    print(urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"], form).status)
"""
BAD = '[tool.awstape]\nkeep = [\n  "zkept-*",\n  "*",\n]\n'
COMMANDS = {
    "record": ["record", "x.yaml", "--", "true"],
    "record once": ["record", "there.yaml", "--mode", "once", "--", "true"],
    "replay": ["replay", "there.yaml", "--", "true"],
    "check": ["check", "there.yaml"],
    "alias": ["alias", "--kind", "role", "zkept-role"],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project's folder, as the current folder, with a key and without the user's settings and data."""
    monkeypatch.setenv("AWSTAPE_KEY", KEY)
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path_factory.mktemp("home")))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: Path, text: str) -> None:
    (folder / "pyproject.toml").write_bytes(dedent(text).encode())


def refused(folder: Path) -> tuple[str, str]:
    """The error for the project's settings, without the file's name, and its tip."""
    with pytest.raises(UserError) as caught:
        project_settings.load_rules(folder)
    file = str(folder / "pyproject.toml")
    assert caught.value.problem.startswith(f"{file}:")
    assert caught.value.tip
    return caught.value.problem.removeprefix(f"{file}:"), caught.value.tip


# --- which file -------------------------------------------------------------------------------------------------


def test_the_nearest_file_at_or_above_counts(folder: Path) -> None:
    below = folder / "a" / "b"
    below.mkdir(parents=True)
    assert project_settings.load_rules(below) == NO_RULES
    write(folder, '[tool.awstape]\nkeep = ["above"]\n')
    assert project_settings.load_rules(below) == project_settings.load_rules(folder) == Rules(keep=("above",))
    write(folder / "a", '[tool.awstape]\nkeep = ["near"]\n')
    assert project_settings.load_rules(below) == Rules(keep=("near",))
    assert project_settings.load_rules(folder) == Rules(keep=("above",))
    write(below, "[tool.other]\n")
    assert project_settings.load_rules(below) == Rules(keep=("near",)), "a part of a project has the project's rules"


def test_a_cassette_has_the_rules_of_the_folder_that_it_is_in(folder: Path) -> None:
    write(folder, "[tool.awstape]\nkeep = ['root']\n")
    (folder / "one" / "cassettes").mkdir(parents=True)
    write(folder / "one", "[tool.awstape]\nkeep = ['one']\n")
    new = folder / "one" / "cassettes" / "not-there" / "x.yaml"
    assert project_settings.load_rules(new) == Rules(keep=("one",))
    (folder / "link.yaml").symlink_to("one/cassettes/y.yaml")
    (folder / "one" / "cassettes" / "y.yaml").touch()
    assert project_settings.load_rules(Path("link.yaml")) == Rules(keep=("one",)), "a link's target counts"
    assert project_settings.load_rules(Path("one/../x.yaml")) == Rules(keep=("root",))
    assert project_settings.load_rules() == Rules(keep=("root",))


def test_a_pipe_has_the_rules_of_the_current_folder(folder: Path) -> None:
    write(folder, "[tool.awstape]\nkeep = ['here']\n")
    read, written = os.pipe()
    try:
        assert project_settings.load_rules(Path(f"/dev/fd/{read}")) == Rules(keep=("here",))
    finally:
        os.close(read)
        os.close(written)


def test_cassettes_of_projects_with_different_rules_are_not_used_as_one(folder: Path) -> None:
    for name, keep in (("one", "a"), ("two", "b"), ("three", "a")):
        (folder / name).mkdir()
        write(folder / name, f"[tool.awstape]\nkeep = ['{keep}']\n")
    one, two, three = (folder / name / "x.yaml" for name in ("one", "two", "three"))
    assert project_settings.load_rules(one, three) == Rules(keep=("a",))
    with pytest.raises(UserError) as caught:
        project_settings.load_rules(one, three, two)
    assert caught.value.problem == f"{folder / 'one'} and {folder / 'two'}: two projects with different rules"


def test_cassettes_of_projects_with_different_rules_of_matching_are_not_used_as_one(folder: Path) -> None:
    for name, rule in (("one", "ignore"), ("two", "relative")):
        (folder / name).mkdir()
        write(folder / name, f"[tool.awstape.match]\n'logs FilterLogEvents startTime' = '{rule}'\n")
    one, two = (folder / name / "x.yaml" for name in ("one", "two"))
    assert project_settings.load_match_rules(one).rules
    assert project_settings.load_rules(one, two) == NO_RULES
    with pytest.raises(UserError, match="two projects with different rules"):
        project_settings.load_match_rules(one, two)


def test_a_folder_of_that_name_is_no_file(folder: Path) -> None:
    (folder / "a" / "pyproject.toml").mkdir(parents=True)
    write(folder, "[tool.awstape]\nkeep-names = true\n")
    assert project_settings.load_rules(folder / "a").keep_names


@pytest.mark.parametrize("text", ["", "[project]\nname = 'x'\n", "[tool]\n", "[tool.other]\nkeep = ['*']\n"])
def test_without_the_table_there_are_no_rules(text: str, folder: Path) -> None:
    write(folder, text)
    assert project_settings.load_rules(folder) == NO_RULES


def test_all_settings(folder: Path) -> None:
    text = """
        [tool.awstape]
        keep = ["zkept-*"]
        mask = ['JIRA-\\d+']
        mask-members = ["Description", "Tags.Value"]
        keep-names = true
        match."iam ListRoles PathPrefix" = "ignore"
        """
    write(folder, text)
    known = Rules(("zkept-*",), (re.compile(r"JIRA-\d+"),), (("Description",), ("Tags", "Value")), True)
    assert project_settings.load_rules(folder) == known
    assert project_settings.load_match_rules(folder).rules == (("iam", "ListRoles", ("PathPrefix",), IGNORED),)


# --- what can't be read -----------------------------------------------------------------------------------------


def test_what_is_not_toml_is_refused_with_its_line(folder: Path) -> None:
    write(folder, "[project]\nname = 'x'\n[tool.awstape\nkeep = []\n")
    assert re.fullmatch(r" not TOML: syntax error at line 3, column \d+", refused(folder)[0])


def test_what_is_not_utf_8_is_refused(folder: Path) -> None:
    (folder / "pyproject.toml").write_bytes("# Schlüssel".encode("latin-1"))
    assert refused(folder) == (" not UTF-8 at byte 6", "correct the file")


def test_what_can_not_be_read_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(folder, "")

    def opened(path: Path, limit: int) -> NoReturn:
        raise PermissionError(13, "Permission denied")  # root may read anything

    monkeypatch.setattr("awstape.files.limited_reading.open_file_or_pipe", opened)
    assert refused(folder)[0] == " can't be read: Permission denied"


@pytest.mark.parametrize("text", ["[tool]\nawstape = 1\n", "[[tool.awstape]]\nkeep = []\n", "tool.awstape = []\n"])
def test_what_is_no_table_is_refused(text: str, folder: Path) -> None:
    write(folder, text)
    assert refused(folder) == (" tool.awstape is not a table", "write [tool.awstape] and the settings below it")


@pytest.mark.parametrize("text", ["tool = 1\n", "[[tool]]\n", "tool = 'awstape'\n"])
def test_a_file_whose_tools_are_no_table_is_refused(text: str, folder: Path) -> None:
    write(folder, text)
    assert "not a table" in refused(folder)[0]


# --- lines ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[tool.awstape]\nkepe = []", "2: kepe: no such setting; did you mean keep?"),
        ("[tool.awstape]\nkeep = 'x'", "2: keep: expected a list of texts"),
        ("[tool.awstape]\nkeep = [1]", "2: keep: expected a list of texts that are not empty"),
        ("[tool.awstape]\n\nkeep-names = 'yes'", "3: keep-names: expected true or false"),
        ("[tool.awstape]\nmask = ['a', 'b*']", "2: mask: 'b*' matches the empty text"),
        ("[tool.awstape]\nmask-members = ['Tagz']", "2: mask-members: no operation has a member Tagz; did"),
        ("[tool.awstape]\nkeep = [\n'a',\n'*',\n]", "4: keep: '*' would keep everything"),
        ("[tool.awstape]\nkeep = [\n\n'a', 'arn:aws:iam::*'\n]", "4: keep: 'arn:aws:iam::*' is an ARN"),
        ("[tool.awstape]\nmask = [\n'fine',\n# why\n'(',\n]", "5: mask: '(' is not a regular expression"),
        ("[tool.awstape]\nmask = [\n'fine',\n'''(''',\n]", "4: mask: '(' is not a regular expression"),
        ("[tool.awstape]\nmask = [\n'\\d',\n'(\\d',\n]", "4: mask: '(\\\\d' is not a regular expression"),
        ('[tool.awstape]\nmask = [\n"\\\\d",\n"(\\\\d",\n]', "4: mask: '(\\\\d' is not a regular expression"),
        ('[tool.awstape]\nmask = [\n"x",\n"say \\"(",\n]', "4: mask: 'say \"(' is not a regular expression"),
        ('[tool.awstape]\nmask = [\n"x",\n"\\u0028",\n]', "4: mask: '(' is not a regular expression"),
        ("[tool.awstape]\nkeep = []\n'mask' = [\n'(']", "4: mask: '(' is not a regular expression"),
        ('[tool.awstape]\n"mask" = ["("]', "2: mask: '(' is not a regular expression"),
        ("[tool.awstape]\n# mask = ['(']\n mask = [ '(' ] # '('", "3: mask: '(' is not a regular expression"),
        ("[ tool . awstape ] # ours\nkeep = ['*']", "2: keep: '*' would keep everything"),
        ("[tool.other]\nkeep = ['*']\n[tool.awstape]\nkeep = ['*']", "4: keep: '*' would keep everything"),
        ("tool.awstape.keep = [\n'a',\n'*',\n]", "3: keep: '*' would keep everything"),
        ("[tool]\nawstape.keep = ['*']", "2: keep: '*' would keep everything"),
        ("[tool]\nawstape = {keep = ['*']}", "2: keep: '*' would keep everything"),
        ("[tool.other]\nkeep = ['*']\n[tool]\nawstape.keep = ['*']", "4: keep: '*' would keep everything"),
        ("[tool.other]\nkeep = ['*']\n[tool.'awstape']\nkeep = ['*']", "4: keep: '*' would keep everything"),
        ("[tool.awstape]\nkeep = [ # not '*'\n'*',\n]", "3: keep: '*' would keep everything"),
        ("[tool.awstape]\r\nkeep = [\r\n'*']\r\n", "3: keep: '*' would keep everything"),
        ("[tool.awstape]\nmathc = {}", "2: mathc: no such setting; did you mean match?"),
        ("[tool.awstape]\nmatch = 1", "2: match: expected a table"),
        (
            "[tool.awstape.match]\n'iam ListRoles PathPrefix' = 'ignore'\n'iam ListRoles Pathprefix' = 'ignore'",
            "3: match: iam ListRoles has no member Pathprefix; did you mean PathPrefix?",
        ),
        (
            "[tool.awstape.match]\n# times\n'logs FilterLogEvents startTime'.within = '1 h'",
            "3: match: 'logs FilterLogEvents startTime': '1 h' is not a duration",
        ),
        (
            "[tool.awstape]\nkeep = ['a']\nmatch = {'iam ListRole PathPrefix' = 'ignore'}",
            "3: match: no operation of iam matches ListRole; did you mean ListRoles?",
        ),
        ("# one\u2028line\n[tool.awstape]\nkeep = ['*']", "3: keep: '*' would keep everything"),
    ],
)
def test_a_bad_rule_is_refused_with_its_line(text: str, expected: str, folder: Path) -> None:
    (folder / "pyproject.toml").write_bytes(text.encode())
    assert refused(folder)[0].startswith(expected)


# --- end to end -------------------------------------------------------------------------------------------------


@pytest.fixture
def there(folder: Path) -> Path:
    """A cassette with two roles and a ticket in it, recorded without rules."""
    return recorded(folder / "there.yaml")


def recorded(path: Path) -> Path:
    opened = opening.open_for_recording(path, "rewrite", os.environ)
    for name in ("zkept-role", "zother-role"):
        output: dict[str, Value] = {"Role": {"RoleName": name, "Description": "see JIRA-12345"}}
        opened.record(request("GetRole", {"RoleName": name}), respond("GetRole", output))
    opened.close()
    return path


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_a_bad_rule_ends_every_command_in_two_lines(
    arguments: list[str], there: Path, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write(folder, BAD)
    before = there.read_bytes()
    assert main(arguments) == 2
    output, errors = capfd.readouterr()
    assert output == ""
    file = folder / "pyproject.toml"
    problem, tip = errors.splitlines()
    assert problem == f"ERROR {file}:4: keep: '*' would keep everything"
    assert tip == 'TIP keep the names that may be public, such as "demo-*"'
    assert sorted(path.name for path in folder.iterdir()) == ["pyproject.toml", "there.yaml"]
    assert there.read_bytes() == before


def test_a_recording_honours_the_rules(folder: Path) -> None:
    write(folder, "[tool.awstape]\nkeep = ['zkept-*']\nmask = ['JIRA-\\d+']\n")
    text = recorded(folder / "x.yaml").read_text()
    assert "RoleName: zkept-role\n" in text
    assert "zother" not in text
    assert re.search(r"Description: see alias-[A-Za-z2-7]{10}\n", text)


def test_the_command_that_records_honours_the_rules_of_the_cassettes_project(folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    write(folder, BAD)
    write(folder / "elsewhere", "[tool.awstape]\nkeep-names = true\n")
    program = [sys.executable, "-c", "import boto3; boto3.client('iam', region_name='us-east-1').list_roles()"]
    with StandIn() as aws:
        arguments = ["record", "elsewhere/x.yaml", "--upstream", f"iam={aws.url}", "--", *program]
        assert main(arguments) == 0
    (take,) = cassette_files.load(folder / "elsewhere" / "x.yaml", MODELS).takes
    output = json.dumps(take.pages[0].answer.output)
    assert re.search(r'"RoleName": "(?!role-)', output)
    assert not re.search(r":iam::(?!000)\d", output)


def test_replay_honours_the_rules(there: Path, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    replay = ["replay", "there.yaml", "--", sys.executable, "-c", ASK]
    assert main(replay) == 0
    write(folder, "[tool.awstape]\nkeep = ['zkept-*']\n")
    assert main(replay) == 1, "recorded without the rule, the name is an alias there"
    recorded(folder / "there.yaml")
    capfd.readouterr()
    assert main(replay) == 0
    assert capfd.readouterr().out == "200\n200\n"


def test_the_check_honours_the_rules(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(folder, "[tool.awstape]\nkeep = ['zkept-*']\n")
    recorded(folder / "there.yaml")
    assert main(["check", "there.yaml"]) == 0
    write(folder, "[tool.awstape]\nkeep = ['zkept-*']\nmask = ['JIRA-\\d+']\n")
    assert main(["check", "there.yaml"]) == 1
    write(folder, "")
    assert main(["check", "there.yaml"]) == 1
    output, errors = capfd.readouterr()
    assert "zkept" not in output + errors


def test_the_check_knows_the_rules_of_matching(there: Path, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(folder, "[tool.awstape.match]\n'iam ListRoles PathPrefix' = 'ignore'\n")
    assert main(["check", "there.yaml"]) == 0
    write(folder, "[tool.awstape.match]\n'iam ListRoles PathPrefix' = 'relative'\n")
    capfd.readouterr()
    assert main(["check", "there.yaml"]) == 2
    file = folder / "pyproject.toml"
    assert capfd.readouterr().err.startswith(f"ERROR {file}:2: match: PathPrefix of iam ListRoles is not a time\nTIP ")


def test_in_a_monorepo_every_package_has_its_rules_whatever_the_folder(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    files = []
    for name, keep in (("one", "zkept-*"), ("two", "zother-*")):
        (folder / name / "cassettes").mkdir(parents=True)
        write(folder / name, f"[tool.awstape]\nkeep = ['{keep}']\n")
        files.append(recorded(folder / name / "cassettes" / "there.yaml"))
    texts = [file.read_text() for file in files]
    assert [("zkept-role" in text, "zother-role" in text) for text in texts] == [(True, False), (False, True)]
    assert main(["check", *map(str, files)]) == 0, "as pre-commit calls it, from the root"
    (folder / "three").mkdir()
    (folder / "three" / "there.yaml").write_text(texts[0])
    capfd.readouterr()
    assert main(["check", *map(str, files), "three/there.yaml"]) == 1
    findings = capfd.readouterr().out.partition("1 of 3 cassettes")[0].splitlines()[:-1]
    assert {line.partition(":")[0] for line in findings} == {"three/there.yaml"}
    assert main(["replay", *map(str, files), "--", "true"]) == 2
    assert "two projects with different rules" in capfd.readouterr().err


def test_the_aliases_command_honours_the_rules(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(folder, "[tool.awstape]\nkeep = ['zkept-*']\n")
    assert main(["alias", "--kind", "role", "zkept-role", "zother-role"]) == 0
    key = find_key(os.environ)
    assert key
    assert capfd.readouterr().out == f"zkept-role\n{Aliases(key).name('role', 'zother-role')}\n"

"""Every command and option of awstape that a message or the guide names is there."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import awstape
from awstape.cli.main import cli
from awstape.files import keys
from awstape.pytest_plugin import pytest_addoption
from support.paths import TESTS
from support.tips import ASKED_NOTHING, Tip, edit, output_of, run_line

PACKAGE = Path(awstape.__file__).parent
#: `awstape COMMAND`, and what follows it up to the next sentence or command.
NAMED = re.compile(r"\bawstape ([a-z][a-z-]+)\b((?: (?![-;:,(]{1}\s)[^;:,()`\n]+)?)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
#: What follows the name of the program in a sentence, besides verbs such as `keeps`.
WORDS = {"are", "can", "cassette", "from", "made", "signer", "stopped", "used", "with"}
COMMANDS = {name: cli.get_command(click.Context(cli), name) for name in cli.list_commands(click.Context(cli))}


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """The strings of a module that are no docstrings, with `…` for what is computed."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    skipped = {node.value for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            skipped.update(node.values)
            parts = (each.value if isinstance(each, ast.Constant) else "…" for each in node.values)
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in skipped:
            yield node.lineno, node.value


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_commands_and_options_in_messages_exist(path: Path) -> None:
    for line, text in texts(path):
        for name, rest in NAMED.findall(text):
            if name in WORDS or (name.endswith("s") and name not in COMMANDS):
                continue
            command = COMMANDS.get(name)
            assert command, f"line {line}: awstape {name}"
            below = command.commands.values() if isinstance(command, click.Group) else ()
            known = {option for each in (command, *below) for parameter in each.params for option in parameter.opts}
            own = re.split(r" -- ?", rest)[0]  # what is not the program's
            assert set(OPTION.findall(own)) <= known | {"--help"}, f"line {line}: {text}"


def test_options_of_pytest_in_messages_exist() -> None:
    parser = pytest.Parser(_ispytest=True)
    pytest_addoption(parser)
    known = {option for group in parser._groups for each in group.options for option in each.names()}
    for path in sorted(PACKAGE.rglob("*.py")):
        for line, text in texts(path):
            for option in re.findall(r"--awstape(?:-[a-z]+)*", text):
                assert option in known, f"{path.name}, line {line}: {option}"


# --- what helps after an error ----------------------------------------------------------------------------------


def test_cassettes_of_two_keys(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    edit(folder / "policy-versions.yaml", "key: ", "key: klmrst234672 # ")
    merge = "merge roles.yaml policy-versions.yaml -o all.yaml"
    command = Tip("awstape rekey gives them one key").take(output_of(capfd, merge), "awstape rekey")
    assert run_line(f"{command} roles.yaml policy-versions.yaml") == 0
    assert run_line(f"awstape {merge}") == 0


def test_a_track_that_differs(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shutil.copy("roles.yaml", "other.yaml")
    edit(folder / "other.yaml", "MaxSessionDuration: 3600", "MaxSessionDuration: 7200")
    merge = "merge roles.yaml other.yaml -o all.yaml"
    tip = Tip("choose with --prefer first, last or both")
    choices = tip.take(output_of(capfd, merge), "--prefer .*").replace(",", " or").split(" or ")
    assert len(choices) == 3
    for choice in choices:
        assert run_line(f"awstape {merge} --prefer {choice.split()[-1]}") == 0
        Path("all.yaml").unlink()


def test_a_file_of_another_tool(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shutil.copy(TESTS / "recordings" / "cassetter.yaml", "of vcr.yaml")
    tip = Tip("awstape import FILE -o CASSETTE reads it")
    command = tip.take(output_of(capfd, "ls 'of vcr.yaml'"), "awstape import FILE -o CASSETTE")
    assert run_line(command.replace("FILE", "'of vcr.yaml'").replace("CASSETTE", "new.yaml")) == 0
    assert run_line("awstape ls new.yaml") == 0


def test_several_lists(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_line("awstape new iam get-account-authorization-details -o x.yaml") == 0
    option = Tip("--list {}").take(output_of(capfd, "drop-item x.yaml 1 1"), r"--list \w+")
    assert run_line(f"awstape drop-item x.yaml 1 1 {option}") == 0


def test_comments_that_would_be_lost(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    edit(folder / "roles.yaml", "RoleName: alias-66rS7L22tT\n", "RoleName: alias-66rS7L22tT # of its own\n")
    line = "drop-item roles.yaml ListRoles \"RoleName=='alias-66rS7L22tT'\""
    option = Tip("to change it anyway, add --lose-comments").take(output_of(capfd, line), "--lose-comments")
    assert run_line(f"awstape {line} {option}") == 0


def test_comments_that_a_new_track_would_lose(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """One beside a member that is not written again, of a track that has to be: it ends where the file ends."""
    track = (
        "service: iam\noperation: GetRole\naccount: caller-rkkrm7l4smrk # mine\nidentity:\n  RoleName: alias-Tsr76sms7l"
    )
    answer = "pages:\n- output:\n    Role:\n      Description: |\n        harmless"
    (folder / "x.yaml").write_text(f"version: 1\naccount: caller-rkkrm7l4smrk\n---\n{track}\n{answer}")
    tip = Tip("write the track to another file; to replay both: awstape replay FILE FILE")
    command = tip.take(output_of(capfd, "new iam list-users -o x.yaml"))
    assert run_line("awstape new iam list-users -o y.yaml") == 0
    assert run_line(f"{command} -- true".replace("FILE", "x.yaml", 1).replace("FILE", "y.yaml")) == ASKED_NOTHING


def test_a_long_answer(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    members = "".join(f"      Quota{number}: {number}\n" for number in range(50))
    track = "---\nservice: iam\noperation: GetAccountSummary\nidentity: {}\npages:\n- output:\n    SummaryMap:\n"
    (folder / "x.yaml").write_text(f"version: 1\n{track}{members}")
    option = Tip("{} more lines; --page shows all").take(output_of(capfd, "show x.yaml 1", 0), "--page")
    assert "Quota49: 49" in output_of(capfd, f"show x.yaml 1 {option} 1", 0)


def test_what_selects_a_track(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_line("awstape new iam list-roles --identity PathPrefix=/alias-rl732m2klm/ -o x.yaml") == 0
    tip = Tip(
        "a selector is a number, or OPERATION [MEMBER=GLOB]… [region=GLOB] [account=GLOB] [principal=GLOB] [take=N], "
        "such as 'ListRoles PathPrefix=/a*'"
    )
    selector = tip.take(output_of(capfd, "show x.yaml 'ListRoles PathPrefix'"), "'.*'")
    assert run_line(f"awstape show x.yaml {selector}") == 0


HOLE = "---\nservice: iam\noperation: ListUsers\nidentity: {}\npages:\n- hole: lost\n"


def test_a_hole(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "x.yaml").write_text(f"version: 1\n{HOLE}")
    tip = Tip("record it anew, or remove it with awstape rm")
    command = tip.take(output_of(capfd, "repage x.yaml 2"), "awstape rm")
    assert run_line("awstape new iam list-roles -o x.yaml") == 0
    assert run_line(f"{command} x.yaml ListUsers") == 0
    assert run_line("awstape repage x.yaml 2") == 0


def test_two_tracks_that_become_one(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """By an edit, and when the real name in one of them is redacted."""
    alias = output_of(capfd, "alias --kind role zrealrole", 0).split()[-1]
    for name in ("alias-Tsr76sms7l", alias):
        assert run_line(f"awstape new iam get-role --identity RoleName={name} -o x.yaml") == 0
    tip = Tip("remove one of the two with awstape rm")
    line = f"set x.yaml identity.RoleName {alias} --track 'GetRole RoleName=alias-Tsr76sms7l'"
    command = tip.take(output_of(capfd, line), "awstape rm")
    path = folder / "x.yaml"
    path.write_text(path.read_text().replace("alias-Tsr76sms7l", "zrealrole"))
    assert command == tip.take(output_of(capfd, "redact x.yaml"), "awstape rm")
    assert run_line(f"{command} x.yaml 'GetRole RoleName={alias}'") == 0
    assert run_line("awstape redact x.yaml") == 0


def test_a_key_that_others_can_read(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWSTAPE_KEY")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "my config"))
    path = keys.key_file()
    path.parent.mkdir(parents=True)
    path.write_text("5a" * 32)
    path.chmod(0o644)
    assert run_line(Tip("chmod 600 {}").take(output_of(capfd, "alias --kind role Deploy"))) == 0
    assert run_line("awstape alias --kind role Deploy") == 0


@pytest.mark.parametrize("name", ["ca.pem", "ca-key.pem"])
def test_a_ca_that_is_damaged(name: str, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_line("awstape ca show") == 0
    (folder / "data" / "awstape" / name).write_text("damaged")
    capfd.readouterr()
    tip = Tip("awstape ca rotate makes a new one in its place")
    assert run_line(tip.take(output_of(capfd, "ca show"), "awstape ca rotate")) == 0
    assert run_line("awstape ca show") == 0


def test_a_ca_that_others_can_read(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run_line("awstape ca show") == 0
    (folder / "data" / "awstape" / "ca-key.pem").chmod(0o644)
    capfd.readouterr()
    assert run_line(Tip("{}; to keep it: chmod 600 {}").take(output_of(capfd, "ca show"), "chmod .*")) == 0
    assert run_line("awstape ca show") == 0


ADD = "add-item roles.yaml ListRoles"
ITEM = '\'{"RoleName": "alias-srrm4262kR"}\''
#: A command that fails → the tip, what to take of it, and how that helps. `{}` stands for what is taken.
TIPS = {
    "alias Deploy": (
        Tip("add --kind role (or policy, user, …), or give its ARN"),
        "--kind role",
        "awstape alias Deploy {}",
    ),
    "show roles.yaml 99": (
        Tip("the cassette has {}; awstape ls numbers them"),
        "awstape ls",
        "{} roles.yaml",
    ),
    "show roles.yaml DescribeVpcs": (Tip("awstape ls lists the tracks"), "awstape ls", "{} roles.yaml"),
    "show roles.yaml --page 99": (
        Tip("awstape ls {} shows the number of pages"),
        "(awstape .*) shows",
        "{}",
    ),
    "show --texts roles.yaml --page 1": (
        Tip("leave out other options than --json"),
        "--json",
        "awstape show --texts roles.yaml {}",
    ),
    "show --texts roles.yaml ListRoles": (
        Tip("--texts lists whole cassettes: leave out TRACK"),
        "--texts",
        "awstape show {} roles.yaml",
    ),
    "rename roles.yaml Deploy Other": (Tip("awstape show lists the names"), "awstape show", "{} roles.yaml"),
    "split roles.yaml 1 -o policy-versions.yaml": (
        Tip("use another name, or awstape merge"),
        "awstape merge",
        "{} roles.yaml policy-versions.yaml -o x",
    ),
    "split roles.yaml -o x.yaml": (
        Tip("give either TRACKs or --by"),
        "--by",
        "awstape split roles.yaml -o parts {} operation",
    ),
    "set roles.yaml pages[].output.Roles[].Description": (
        Tip("give either a VALUE or --remove"),
        "--remove",
        "awstape set roles.yaml pages[].output.Roles[].Description {}",
    ),
    "set roles.yaml nothing[].here 7": (
        Tip("awstape show --json shows the members, with aliases for names"),
        "awstape show --json",
        "{} roles.yaml",
    ),
    "fault roles.yaml ListRoles": (
        Tip("give a FAULT or --clear"),
        "--clear",
        "awstape fault roles.yaml ListRoles {}",
    ),
    "fault roles.yaml ListRoles 'throttle page=9'": (
        Tip("set other faults with awstape fault, or none with --clear"),
        "--clear",
        "awstape fault roles.yaml ListRoles {}",
    ),
    ADD: (Tip("give either a FILE or --item"), "--item", f"awstape {ADD} --like 1 {{}} {ITEM}"),
    f"{ADD} --like 1 --item 7": (
        Tip('such as --item \'{"RoleName": "alias-Tsr76sms7l"}\''),
        "--item .*",
        f"awstape {ADD} --like 1 {{}}",
    ),
    f"{ADD} --like 1 --item '{{}}'": (
        Tip("change it with awstape set"),
        "awstape set",
        "{} roles.yaml pages[].output.Roles[].MaxSessionDuration 7200",
    ),
    "add-item roles.yaml GetRole --item 7": (
        Tip("change other answers with awstape set"),
        "awstape set",
        "{} roles.yaml pages[].error.status 403 --track GetRole",
    ),
    "guide nothing-of-the-kind": (Tip("awstape guide lists them"), "awstape guide", "{}"),
    "ls --no-such-option": (Tip("{} --help"), "(awstape .*)", "{}"),
    "new iam get-role --identity RoleName": (
        Tip("such as --identity RoleName=alias-Tsr76sms7l"),
        "--identity .*",
        "awstape new iam get-role {}",
    ),
    "new iam get-role --items 2": (Tip("leave out --items"), "leave out", "awstape new iam get-role"),
    "new iam get-role --page-size 2": (Tip("leave out --page-size"), "leave out", "awstape new iam get-role"),
    "new iam list-roles --region eu-west-1": (Tip("leave out --region"), "leave out", "awstape new iam list-roles"),
    "new iam list-roles --identity MaxItems=7": (
        Tip("set the page size with --page-size"),
        "--page-size",
        "awstape new iam list-roles {} 7",
    ),
    "new iam get-account-summary --identity X=7": (
        Tip("leave out --identity"),
        "leave out",
        "awstape new iam get-account-summary",
    ),
    "new iam list-roles -o roles.yaml": (
        Tip("use another --identity, or remove the track with awstape rm"),
        "awstape rm",
        "{} roles.yaml ListRoles",
    ),
    "export roles.yaml --to har -o policy-versions.yaml": (
        Tip("--force overwrites it"),
        "--force",
        "awstape export roles.yaml --to har -o policy-versions.yaml {}",
    ),
    "show .": (Tip("awstape ls {}, or awstape show {} --html FILE"), "or (awstape .*)", "{}"),
    'add-item roles.yaml ListAttachedRolePolicies --like 1 --item \'{"PolicyName": "alias-66rS7L22tT"}\'': (
        Tip("choose another item with --like, or give all members with --item"),
        "--like",
        'awstape add-item roles.yaml ListAttachedRolePolicies {} 2 --item \'{"PolicyName": "alias-66rS7L22tT"}\'',
    ),
    "drop-item roles.yaml ListRoles \"RoleName=='alias-klmrst2346'\"": (
        Tip("give a number, or a condition such as \"RoleName=='alias-Tsr76sms7l'\"; names are aliases in a cassette"),
        '"RoleName.*?"',
        "awstape drop-item roles.yaml ListRoles {}",
    ),
    "set roles.yaml pages[].output.Roles[].MaxSessionDuration long": (
        Tip("such as 3600, true or '[…]'"),
        "3600",
        "awstape set roles.yaml pages[].output.Roles[].MaxSessionDuration {}",
    ),
    "replay roles.yaml true": (
        Tip("{} CASSETTE -- PROGRAM: put -- before it"),
        "(awstape .*):",
        "{}",
    ),
}


@pytest.mark.parametrize(("line", "tip", "pattern", "then"), [(line, *row) for line, row in TIPS.items()], ids=TIPS)
def test_what_a_tip_names_helps(
    line: str, tip: Tip, pattern: str, then: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    found = tip.take(output_of(capfd, line), pattern)
    if line.startswith(ADD):  # the example of a name is in the listing already
        found = found.replace("alias-Tsr76sms7l", "alias-srrm4262kR")
    found = found.replace("CASSETTE", "roles.yaml").replace("PROGRAM", "true")
    expected = ASKED_NOTHING if found.endswith("-- true") else 0
    assert run_line(then.replace("{}", found)) == expected

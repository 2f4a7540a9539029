"""Every command and option of awstape that a message or the guide names is there."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import awstape
from awstape.cli.main import cli, main
from awstape.files import keys
from awstape.pytest_plugin import pytest_addoption
from examples import KEY
from support.failing import failure
from support.in_process import CASSETTES

PACKAGE = Path(awstape.__file__).parent
#: `awstape COMMAND`, and what follows it up to the next sentence or command.
COMMAND = re.compile(r"\bawstape ([a-z][a-z-]+)\b((?: (?![-;:,(]{1}\s)[^;:,()`\n]+)?)")
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
        for name, rest in COMMAND.findall(text):
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


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with two cassettes, of a user with the key of the first."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWSTAPE_KEY", KEY)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name in ("roles", "policy-versions"):
        shutil.copy(CASSETTES / f"{name}.yaml", tmp_path)
    return tmp_path


def mend(capfd: pytest.CaptureFixture[str], line: str, pattern: str) -> str:
    """What a pattern finds in the tip of a command that fails."""
    _, tip = failure(capfd, *shlex.split(line))
    found = re.search(pattern, tip)
    assert found, tip
    return found[1]


def okay(line: str) -> None:
    """Runs a command; it may be one of the system."""
    program, *arguments = shlex.split(line)
    assert (main(arguments) if program == "awstape" else subprocess.run([program, *arguments]).returncode) == 0


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_cassettes_of_two_keys(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    edit(folder / "policy-versions.yaml", "key: ", "key: klmrst234672 # ")
    merge = "merge roles.yaml policy-versions.yaml -o all.yaml"
    command = mend(capfd, merge, "(awstape rekey) gives them one key")
    okay(f"{command} roles.yaml policy-versions.yaml")
    okay(f"awstape {merge}")


def test_a_track_that_differs(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    shutil.copy("roles.yaml", "other.yaml")
    edit(folder / "other.yaml", "MaxSessionDuration: 3600", "MaxSessionDuration: 7200")
    merge = "merge roles.yaml other.yaml -o all.yaml"
    choices = mend(capfd, merge, "choose with (--prefer .*)").replace(",", " or").split(" or ")
    assert len(choices) == 3
    for choice in choices:
        okay(f"awstape {merge} --prefer {choice.split()[-1]}")
        Path("all.yaml").unlink()


def test_a_file_of_another_tool(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "of vcr.yaml").write_text("interactions: []\nversion: 1\n")
    command = mend(capfd, "ls 'of vcr.yaml'", "(awstape import .*) reads it")
    arguments = shlex.split(command.replace("FILE", "'of vcr.yaml'").replace("CASSETTE", "new.yaml"))
    assert main(arguments[1:]) == 1  # read, but there is nothing in it
    assert "these files hold no exchanges" in capfd.readouterr().out


def test_a_key_that_others_can_read(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWSTAPE_KEY")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "my config"))
    path = keys.key_file()
    path.parent.mkdir(parents=True)
    path.write_text("5a" * 32)
    path.chmod(0o644)
    okay(mend(capfd, "alias --kind role Deploy", "(chmod .*)"))
    okay("awstape alias --kind role Deploy")


@pytest.mark.parametrize("name", ["ca.pem", "ca-key.pem"])
def test_a_ca_that_is_damaged(name: str, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    okay("awstape ca show")
    (folder / "data" / "awstape" / name).write_text("damaged")
    capfd.readouterr()
    okay(mend(capfd, "ca show", "(awstape ca rotate) makes a new one in its place"))
    okay("awstape ca show")


TIPS = {
    "alias Deploy": ("add (--kind role)", "awstape alias Deploy {}"),
    "show roles.yaml 99": ("(awstape ls) numbers them", "{} roles.yaml"),
    "ls rolse.yaml": (r"did you mean (roles\.yaml)\?", "awstape ls {}"),
    "show roles.yaml --page 99": ("(awstape ls roles.yaml) shows the number of pages", "{}"),
    "rename roles.yaml Deploy Other": ("(awstape show) lists the names", "{} roles.yaml"),
    "split roles.yaml 1 -o policy-versions.yaml": ("or (awstape merge)", "{} roles.yaml policy-versions.yaml -o x"),
}


@pytest.mark.parametrize(("line", "tip", "then"), [(line, *tip) for line, tip in TIPS.items()], ids=TIPS)
def test_what_a_tip_names_helps(
    line: str, tip: str, then: str, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    okay(then.format(mend(capfd, line, tip)))


def test_comments_that_would_be_lost(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    edit(folder / "roles.yaml", "RoleName: alias-66rS7L22tT\n", "RoleName: alias-66rS7L22tT # of its own\n")
    line = "drop-item roles.yaml ListRoles \"RoleName=='alias-66rS7L22tT'\""
    assert main(shlex.split(line)) == 2
    (option,) = re.findall("to change it anyway, add (--lose-comments)", capfd.readouterr().err)
    okay(f"awstape {line} {option}")

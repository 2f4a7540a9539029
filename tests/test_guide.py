"""Runs the commands of the README and of the guide, and compares their output with the one shown."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

import reference
from awstape import __version__
from awstape.catalog.service_models import load_models
from awstape.cli.main import cli
from awstape.core.cassette.faults import KINDS
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.validation import SCHEMA_FILE
from awstape.files.project_settings import ProjectSettings
from awstape.formats import exports, imports
from e2e import warm
from examples import ROOT, environment, upstreams
from support.paths import GUIDE
from support.standin import StandIn

#: Name of a page → its file. Each page is read and tried by itself.
PAGES = {
    "README": ROOT / "README.md",
    **{path.stem: path for path in sorted(GUIDE.glob("*.md"))},
}
TEXTS = {name: path.read_text("utf-8") for name, path in PAGES.items()}
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
#: The most lines of a page.
LONGEST = {"README": 250}
LONGEST_TOPIC = 200


def blocks(language: str, *pages: str) -> list[str]:
    """The blocks of code in a language, of some pages or of all."""
    return [body for name in pages or PAGES for found, body in _BLOCK.findall(TEXTS[name]) if found == language]


def programs(page: str) -> dict[str, str]:
    """Name of a Python program on a page → its text. Its first line is a comment with its name."""
    found = (body.removeprefix("# ").partition("\n") for body in blocks("python", page))
    return {name: text for name, _, text in found}


SESSIONS = [name for name in PAGES if blocks("console", name)]
COMMANDS = [line.partition("#")[0].strip() for body in blocks("sh") for line in body.splitlines()]
REAL = Path(sys.executable).parent
BENCH = [command for command in COMMANDS if command.startswith("make bench")]
GIT = [command for command in COMMANDS if command.startswith("git config")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder for the commands, with the cassettes of the repository."""
    shutil.copytree(ROOT / "cassettes", tmp_path / "cassettes")
    return tmp_path


@pytest.fixture
def shell(folder: Path) -> Iterator[dict[str, str]]:
    """The environment of the commands, with the stand-in for AWS and the key of the examples."""
    with StandIn() as aws:
        yield environment(
            PATH=os.pathsep.join([*map(str, (warm.folder(), REAL)), os.environ["PATH"]]),
            AWSTAPE_UPSTREAM=upstreams(aws.url),
            XDG_DATA_HOME=str(folder / "data"),
            XDG_CONFIG_HOME=str(folder / "config"),
            PAGER="cat",
        )


def command_and_output(session: str) -> tuple[str, str]:
    """The command after `$ `, continued after `> `, and the output below it."""
    match = re.match(r"\$ (.*\n(?:> .*\n)*)", session)
    assert match, session
    return match[1].replace("\n> ", "\n").rstrip("\n"), session[match.end() :]


@pytest.mark.parametrize("page", SESSIONS)
def test_every_session_shows_the_real_output(page: str, folder: Path, shell: dict[str, str]) -> None:
    for name, text in programs(page).items():
        (folder / name).write_text(text)
    for number, session in enumerate(blocks("console", page)):
        command, expected = command_and_output(session)
        # The first one with the commands that are installed, the others as in `e2e.warm`.
        environ = shell if number or page != "README" else {**shell, "PATH": f"{REAL}{os.pathsep}{shell['PATH']}"}
        done = subprocess.run(
            ["sh", "-c", f"exec 2>&1; {command}"], cwd=folder, env=environ, capture_output=True, text=True, timeout=60
        )
        assert _without_time(done.stdout) == _without_time(expected), command


def _without_time(output: str) -> str:
    """The output without the time that pytest took."""
    return re.sub(r"(?<=passed|failed) in [\d.]+s$", "", output, flags=re.MULTILINE)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_short_and_its_links_lead_somewhere(page: str) -> None:
    path, text = PAGES[page], TEXTS[page]
    assert text.count("\n") <= LONGEST.get(page, LONGEST_TOPIC)
    for target in re.findall(r"\]\((?!https?:)([^)]*)\)", text):
        name, _, section = target.partition("#")
        linked = (path.parent / name) if name else path
        assert linked.exists(), target
        titles = [title.lower().replace(" ", "-") for title in re.findall(r"^#+ (.*)$", linked.read_text(), re.M)]
        assert not section or section in titles, target


def test_the_readme_lists_every_topic() -> None:
    listed = re.findall(r"^\| \[([\w-]+)\]\(proxy/awstape/guide/([\w-]+)\.md\)", TEXTS["README"], re.M)
    assert [name for name, _ in listed] == [name for _, name in listed]
    assert {name for name, _ in listed} == PAGES.keys() - {"README"}


def test_the_settings_shown_are_settings() -> None:
    shown = [tomllib.loads(body)["tool"]["awstape"] for body in blocks("toml")]
    settings = [ProjectSettings.read(each) for each in shown]
    for known in ("keep", "mask", "mask_members"):
        assert any(getattr(each.rules, known) for each in settings)
    assert any(each.services for each in settings)


def test_the_hook_shown_is_the_one_in_the_repository() -> None:
    (shown,) = [yaml.safe_load(body) for body in blocks("yaml") if "hooks" in body]
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert [hook["id"] for hook in shown[0]["hooks"]] == [hook["id"] for hook in hooks]
    assert shown[0]["rev"] == f"v{__version__}"


def test_the_faults_shown_are_faults() -> None:
    (shown,) = [body for body in blocks("yaml") if "faults" in body]
    take = shown.replace("pages: …", "pages: [output: {IsTruncated: false, Roles: []}]")
    cassette = read_cassette(f"version: 1\n---\n{take}", load_models())
    assert [str(fault) for take in cassette.takes for fault in take.faults] == ["throttle page=2 times=2"]


def table(page: str, heading: str) -> list[str]:
    """The names in the first column of a table in a page."""
    _, _, rows = TEXTS[page].partition(f"\n| {heading} |")
    first = [row.split("|")[1] for row in rows.split("\n\n")[0].splitlines()[2:]]
    return [name for cell in first for name in re.findall("`(.+?)`", cell)]


@pytest.mark.parametrize(
    ("command", "page", "heading", "names"),
    [
        ("import", "editing", "`import`", imports.FORMATS),
        ("export", "editing", "`export --to`", exports.FORMATS),
        ("replay", "paging", "kind", KINDS),
        ("fault", "paging", "kind", KINDS),
    ],
)
def test_help_and_guide_list_all_that_can_be_chosen(
    command: str, page: str, heading: str, names: Iterable[str]
) -> None:
    described = CliRunner().invoke(cli, [command, "--help"]).output.partition("\nOptions:")[0]
    sentence = re.search(r"KIND\s+is\s+one\s+of\s+(.*?)(?:\.|\n\n)", described, re.DOTALL)
    listed = re.split(r",\s+", sentence[1]) if sentence else re.findall(r"^  (\w+)  +\S", described, re.MULTILINE)
    assert sorted(listed) == sorted(names)
    assert sorted(table(page, heading)) == sorted(names)


@pytest.mark.parametrize("page", PAGES)
def test_every_program_shown_is_run(page: str) -> None:
    for name in programs(page):
        assert any(name in session for session in blocks("console", page)), name


def test_a_client_of_a_module_is_answered(folder: Path, shell: dict[str, str]) -> None:
    (folder / "app.py").write_text("import boto3\n\niam = boto3.client('iam', region_name='us-east-1')\n")
    test = "import app, pytest\n\n@pytest.mark.awstape('roles')\ndef test_it():\n    assert app.iam.list_roles()"
    (folder / "test_app.py").write_text(test)
    environ = {name: value for name, value in shell.items() if not name.startswith("AWS_")}
    command = [warm.python(), "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_app.py"]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout


def test_every_other_command_is_one_that_a_test_runs() -> None:
    tested = {
        "pip install 'awstape[record]'",  # test_packaging
        "pip install awstape",  # test_packaging
        *(command for command in COMMANDS if command.startswith("mitmdump")),  # below
        *(command for command in COMMANDS if re.search("global-agent|GLOBAL_AGENT|npm test| -- node ", command)),
        # e2e.test_javascript
        *(command for command in COMMANDS if "http_proxy=$HTTPS_PROXY" in command),  # program.test_languages
        *GIT,  # below
        "make demo",  # below
        "make test",  # what runs this
        *BENCH,  # below
    }
    assert set(COMMANDS) == tested


@pytest.mark.parametrize("command", BENCH)
def test_the_benchmarks_are_targets_of_make(command: str) -> None:
    """They take minutes: `make` says what it would run."""
    done = subprocess.run(f"{command} --dry-run", shell=True, cwd=ROOT, capture_output=True, text=True)
    assert "-m bench" in done.stdout


@pytest.mark.parametrize(("command", "mark"), list(zip(GIT, ("~ ", "+    "), strict=True)))
def test_git_shows_differences_of_cassettes(command: str, mark: str, folder: Path, shell: dict[str, str]) -> None:
    attributes = "echo 'cassettes/*.yaml diff=awstape' >> .gitattributes"
    assert f"`{attributes}`" in TEXTS["looking"]
    change = "sed -i 's/MaxSessionDuration: 3600/MaxSessionDuration: 7200/' cassettes/roles.yaml"
    script = f"git init -q; git add .; {attributes}; {command}; {change}; git --no-pager diff"
    done = subprocess.run(["sh", "-c", script], cwd=folder, env=shell, capture_output=True, text=True, timeout=60)
    lines = [line.strip() for line in done.stdout.splitlines() if "MaxSessionDuration: " in line]
    assert any(line.startswith(mark) and line.endswith("7200") for line in lines), done


def test_the_schema_is_named_where_the_command_writes_it() -> None:
    (settings,) = [json.loads(f"{{{body}}}") for body in blocks("json")]
    ((schema, glob),) = settings["yaml.schemas"].items()
    assert f"`awstape schema -o {schema.removeprefix('./')}`" in TEXTS["editing"]
    assert Path("cassettes/roles.yaml").match(glob.replace("**/", "")) and schema.endswith(SCHEMA_FILE)


def test_the_table_of_commands_is_up_to_date() -> None:
    assert reference.in_guide() == reference.table(), "make reference"


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("mitmdump")])
def test_mitmdump_takes_the_addon(command: str, folder: Path, shell: dict[str, str]) -> None:
    shutil.copy(folder / "cassettes" / "roles.yaml", folder / "team.yaml")
    process = subprocess.Popen(
        ["sh", "-c", f"exec {command} --listen-port 0 --set confdir={folder / 'mitmproxy'}"],
        cwd=folder,
        env=shell | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout
    with process.stdout as output:
        log = ""
        for line in output:
            log += line
            if "listening" in line:
                process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0, log
    assert "listening" in log
    assert "rror" not in log


def test_the_demo_sees_the_same_pages_twice(tmp_path: Path) -> None:
    done = subprocess.run(
        [warm.python(), str(ROOT / "tests" / "demo.py")],
        env=environment(XDG_DATA_HOME=str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "both runs saw the same 5 pages" in done.stdout
    assert "connection refused" in done.stdout


def test_the_makefile_has_the_targets_and_prints_them() -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, timeout=30)
    targets = {line.split()[1] for line in done.stdout.splitlines()}
    assert {"demo", "test", "lint", "type", "check", "bench", "fmt", "clean"} <= targets
    recipe = subprocess.run(["make", "-n", "demo"], cwd=ROOT, capture_output=True, text=True, timeout=30).stdout
    assert "tests/demo.py" in recipe

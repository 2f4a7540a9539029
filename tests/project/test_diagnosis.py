"""`awstape doctor`: each check, where it is fine and where it is not."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from awstape.cli.main import main
from awstape.errors import UserError
from awstape.files.journal import Journal
from awstape.files.keys import find_key
from awstape.program.environment import Variables
from awstape.project import diagnosis
from awstape.project.diagnosis import Check, diagnose
from awstape.proxying.tls import certificate_authority
from examples import KEY
from support.paths import CASSETTES

Diagnose = Callable[..., list[Check]]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the cassettes of the examples, without a key or a CA."""
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.delenv("AWSTAPE_KEY", raising=False)
    shutil.copytree(CASSETTES, tmp_path / "project" / "cassettes")
    return tmp_path / "project"


@pytest.fixture
def checks_of(project: Path, tmp_path: Path) -> Diagnose:
    """The checks about a subject, with variables in place of the environment."""

    def run(subject: str, **variables: str) -> list[Check]:
        environ = Variables({"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "xdg_data_home"), **variables})
        return [check for check in diagnose(project, environ) if check.subject == subject]

    return run


def test_nothing_is_a_problem_in_a_sound_project(checks_of: Diagnose, project: Path, tmp_path: Path) -> None:
    found = [*diagnose(project, Variables({"HOME": str(tmp_path), "AWSTAPE_KEY": KEY}))]
    assert [check for check in found if check.kind == "problem"] == []
    assert {check.subject for check in found} >= {"awstape", "recording", "boto3", "settings", "key", "cassettes"}
    assert all(check.tip for check in found if check.kind == "problem")


def test_settings_that_cannot_be_used_are_one_problem(project: Path, tmp_path: Path) -> None:
    (project / "pyproject.toml").write_text('[tool.awstape]\nkeep = ["*"]\n')
    found = diagnose(project, Variables({"HOME": str(tmp_path), "AWSTAPE_KEY": KEY}))
    assert [each.subject for each in found if each.kind == "problem"] == ["settings"]


def test_rules_by_which_real_values_stay_are_named(checks_of: Diagnose, project: Path) -> None:
    settings = project / "cassettes" / "pyproject.toml"
    settings.write_text('[tool.awstape]\nkeep = ["vogel-*", "314159265358"]\nkeep-names = true\n')
    _, note = checks_of("settings")
    assert note.kind == "note"
    assert note.state == f'real values stay by {settings}: keep = ["vogel-*", "314159265358"], keep-names = true'
    settings.write_text("[tool.awstape]\nmask = ['x']\n")
    assert len(checks_of("settings")) == 1
    settings.write_text("[tool.awstape]\nmask = 7\n")
    assert [each.kind for each in checks_of("settings")] == ["ok", "problem"]


def test_nothing_is_made(project: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert [*diagnose(project, Variables({"HOME": str(tmp_path)}))]
    assert sorted(tmp_path.rglob("*")) == before


def test_the_key(checks_of: Diagnose, project: Path) -> None:
    (needed,) = checks_of("key")
    assert (needed.kind, "empty-pages.yaml and 4 more need the key" in needed.state) == ("problem", True)
    assert "your team's key" in needed.tip
    assert [check.kind for check in checks_of("key", AWSTAPE_KEY=KEY)] == ["ok"]
    (bad,) = checks_of("key", AWSTAPE_KEY="short")
    assert (bad.kind, "16 characters" in bad.state) == ("problem", True)
    shutil.rmtree(project / "cassettes")
    assert [check.kind for check in checks_of("key")] == ["note"]


def test_a_key_is_not_shown(project: Path, tmp_path: Path) -> None:
    variables = {"AWSTAPE_KEY": KEY, "HTTPS_PROXY": "http://bob:hunter2@proxy.invalid", "HOME": str(tmp_path)}
    shown = repr([*diagnose(project, Variables(variables))])
    assert KEY not in shown
    assert "hunter2" not in shown


def test_cassettes_of_another_key(checks_of: Diagnose) -> None:
    _, problem = checks_of("key", AWSTAPE_KEY="another-key-of-sixteen")
    assert problem.kind == "problem"
    assert "empty-pages.yaml and 4 more need the key" in problem.state
    assert "awstape rekey" in problem.tip


def test_a_damaged_cassette_is_a_problem(checks_of: Diagnose, project: Path) -> None:
    (project / "cassettes" / "roles.yaml").write_text("version: 1\nkey: [\n")
    sound, damaged = checks_of("cassettes", AWSTAPE_KEY=KEY)
    assert (sound.kind, sound.state.startswith("4 in ")) == ("ok", True)
    assert (damaged.kind, "roles.yaml:" in damaged.state, bool(damaged.tip)) == ("problem", True, True)


def test_settings(checks_of: Diagnose, project: Path) -> None:
    settings = project / "pyproject.toml"
    settings.write_text('[tool.awstape]\nservices = ["iam", "s3"]\n')
    assert checks_of("settings") == [Check("ok", "settings", "recorded services: iam, s3")]
    settings.write_text('[tool.awstape]\nservices = ["amazon"]\n')
    (found,) = checks_of("settings")
    assert (found.kind, "pyproject.toml:2" in found.state) == ("problem", True)


def test_an_interrupted_recording(checks_of: Diagnose, project: Path) -> None:
    path = project / "cassettes" / "roles.yaml"
    key = find_key({"AWSTAPE_KEY": KEY})
    assert key is not None
    Journal.create(path, key).close(remove=False)
    (found,) = checks_of("recordings")
    assert (found.kind, found.tip) == ("note", f"awstape recover {path}")


def test_trusted_cas(checks_of: Diagnose, tmp_path: Path) -> None:
    assert checks_of("trusted CAs", AWS_CA_BUNDLE=__file__) == []
    (found,) = checks_of("trusted CAs", AWS_CA_BUNDLE=str(tmp_path / "nowhere.pem"))
    assert (found.kind, found.tip) == ("problem", "unset AWS_CA_BUNDLE")


def test_the_ca(checks_of: Diagnose, tmp_path: Path) -> None:
    (none,) = checks_of("awstape's CA")
    assert (none.kind, none.state.startswith("none yet")) == ("ok", True)
    folder = tmp_path / "xdg_data_home" / "awstape"
    made = certificate_authority.load_or_create(folder)
    (found,) = checks_of("awstape's CA")
    assert (found.kind, str(made.file) in found.state) == ("ok", True)
    made.key_file.chmod(0o644)
    (open_to_all,) = checks_of("awstape's CA")
    assert open_to_all.kind == "problem"


@pytest.mark.parametrize(
    ("variables", "subject", "kind"),
    [
        ({}, "endpoint", "ok"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}, "endpoint", "problem"),
        ({"AWS_ENDPOINT_URL_IAM": "http://127.0.0.1:4566"}, "endpoint", "problem"),
        ({"AWSTAPE_UPSTREAM": "http://127.0.0.1:4566"}, "upstream", "note"),
        ({"https_proxy": "http://127.0.0.1:1"}, "proxy", "ok"),
    ],
)
def test_ways_to_aws(variables: dict[str, str], subject: str, kind: str, checks_of: Diagnose) -> None:
    assert [check.kind for check in checks_of(subject, **variables)] == [kind]


@pytest.mark.parametrize(
    ("printed", "kind"),
    [
        ("aws-cli/1.28.9 Python/3", "note"),
        ("aws-cli/1.46.3 Python/3", "ok"),
        ("aws-cli/2.9.1 x", "note"),
        ("aws-cli/2.13.0 x", "ok"),
        ("aws-cli/2.31 x", "ok"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_the_aws_cli(printed: str, kind: str, checks_of: Diagnose, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "aws"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho {printed}\n")
    program.chmod(0o755)
    assert [check.kind for check in checks_of("AWS CLI", PATH=str(program.parent))] == [kind]
    program.write_text("#!/bin/sh\n")
    assert checks_of("AWS CLI", PATH=str(program.parent)) == []


def test_without_what_records(checks_of: Diagnose, monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {"boto3": "1.26.9"}
    monkeypatch.setattr(diagnosis, "_version_of", versions.get)
    (recording,) = checks_of("recording")
    assert (recording.kind, recording.tip) == ("note", "pip install 'awstape[record]'")
    assert [check.kind for check in checks_of("boto3")] == ["note"]
    assert checks_of("awstape's CA") == []


def test_a_mitmproxy_that_cannot_be_used(checks_of: Diagnose, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(what: str) -> None:
        raise UserError(f"{what} needs more", "do this")

    monkeypatch.setattr(diagnosis, "require_mitmproxy", refuse)
    (recording,) = checks_of("recording")
    assert (recording.kind, recording.state, recording.tip) == ("problem", "recording a program needs more", "do this")


def test_the_command(project: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWSTAPE_KEY", "another-key-of-sixteen")
    for name in ("AWS_ENDPOINT_URL", "AWSTAPE_UPSTREAM"):
        monkeypatch.delenv(name, raising=False)
    assert main(["doctor", str(project)]) == 1
    lines = capfd.readouterr().out.splitlines()
    problem = next(i for i, line in enumerate(lines) if line.startswith("PROBLEM "))
    assert lines[problem + 1].startswith("        → set AWSTAPE_KEY to your team's key")
    assert main(["doctor", str(project), "--json"]) == 1
    assert {"ok", "problem"} <= {check["kind"] for check in json.loads(capfd.readouterr().out)}


SDK = {"dependencies": {"@aws-sdk/client-iam": "^3"}}
AGENT = {"devDependencies": {"global-agent": "^3"}}


@pytest.mark.parametrize(
    ("package", "kinds", "words"),
    [
        ({**SDK, **AGENT}, ["ok", "ok"], "version 3"),
        (SDK, ["ok", "note"], "no global-agent: recordings see no call"),
        ({"dependencies": {"aws-sdk": "^2"}, **AGENT}, ["note", "ok"], "ignores AWS_ENDPOINT_URL"),
        ({"dependencies": {"aws-sdk": "^2", **SDK["dependencies"]}, **AGENT}, ["note", "ok", "ok"], "version 2"),
        (AGENT, ["note", "ok"], "no AWS SDK"),
        ([], ["note", "note"], "no AWS SDK"),
    ],
)
def test_a_project_of_node(checks_of: Diagnose, project: Path, package: object, kinds: list[str], words: str) -> None:
    assert checks_of("Node.js") == []
    (project / "package.json").write_text(json.dumps(package))
    found = checks_of("Node.js")
    assert [check.kind for check in found] == kinds
    assert any(words in check.state for check in found)
    assert all(check.tip for check in found if check.kind != "ok")


def test_a_package_that_is_not_json(checks_of: Diagnose, project: Path) -> None:
    (project / "package.json").write_text("{")
    (found,) = checks_of("Node.js")
    assert (found.kind, found.state) == ("problem", f"{project / 'package.json'}: not JSON")

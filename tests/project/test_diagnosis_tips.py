"""`awstape doctor`: following each tip makes the check that prints it fine."""

from __future__ import annotations

import json
import shutil
from importlib.metadata import metadata
from pathlib import Path

import pytest

from awstape import opening
from awstape.files import keys, quarantine
from awstape.program import languages
from awstape.project import diagnosis
from awstape.workbench import rekey_files
from examples import KEY
from support.paths import CASSETTES
from support.tips import ASKED_NOTHING, Tip, output_of, run_line

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a cassette, of a user with its key, as the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(keys.VARIABLE, KEY)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")  # without the AWS CLI, which starts slowly
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    (tmp_path / "tapes").mkdir()
    shutil.copy(CASSETTES / "roles.yaml", tmp_path / "tapes")
    return tmp_path


def tip_of(capfd: Capture, subject: str, kind: str) -> str:
    """The tip of the only check about a subject that is of a kind."""
    status = 1 if kind == "problem" else 0
    checks = json.loads(output_of(capfd, "doctor --json", status))
    (tip,) = {each["tip"] for each in checks if (each["subject"], each["kind"]) == (subject, kind)}
    return str(tip)


def is_fine(capfd: Capture, subject: str) -> bool:
    checks = json.loads(output_of(capfd, "doctor --json", 0))
    return all(each["kind"] == "ok" for each in checks if each["subject"] == subject)


def test_a_key_of_another_team(capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(keys.VARIABLE, "another fake key of sixteen")
    tip = tip_of(capfd, "key", "problem")
    variable = Tip("set {} to your team's key{}").take(tip, "[A-Z_]{5,}")
    monkeypatch.setenv(variable, KEY)
    assert is_fine(capfd, "key")
    monkeypatch.setenv(variable, "another fake key of sixteen")
    assert run_line(Tip(", or renew the aliases with awstape rekey {}").take(tip)) == 0
    assert is_fine(capfd, "key")


def test_a_team_without_a_key(project: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(keys.VARIABLE)
    (project / "tapes" / "roles.yaml").unlink()
    variable = Tip("set {} to that of your team, if it has one").take(tip_of(capfd, "key", "note"), "[A-Z_]{5,}")
    monkeypatch.setenv(variable, KEY)
    assert is_fine(capfd, "key")


def test_a_key_that_is_too_short(capfd: Capture, monkeypatch: pytest.MonkeyPatch, project: Path) -> None:
    monkeypatch.setenv(keys.VARIABLE, "short")
    (project / "tapes" / "roles.yaml").unlink()
    tip = Tip("make one: python3 -c 'import secrets; print(secrets.token_hex(32))'")
    assert run_line(f"{tip.take(tip_of(capfd, 'key', 'problem'), 'python3 .*')} > made") == 0
    monkeypatch.setenv(keys.VARIABLE, Path("made").read_text())
    assert is_fine(capfd, "key")


def test_leftovers(project: Path, capfd: Capture) -> None:
    """An interrupted recording, and takes that are set aside."""
    path = project / "tapes" / "roles.yaml"
    opened = opening.open_for_recording(path, "all", {keys.VARIABLE: KEY})
    assert opened.live_recorder
    opened.live_recorder.journal.close(remove=False)
    command = Tip("awstape recover {}").take(tip_of(capfd, "recordings", "note"))
    assert run_line(command) == 0
    assert is_fine(capfd, "recordings")
    quarantine.save(path, rekey_files._require_key({keys.VARIABLE: KEY}), ["{}"])
    assert tip_of(capfd, "recordings", "note") == command


def test_values_that_stay(project: Path, capfd: Capture) -> None:
    (project / "pyproject.toml").write_text("[tool.awstape]\nkeep = ['alias-*']\n")
    assert run_line(Tip("awstape check {} counts them").take(tip_of(capfd, "settings", "note"), "(.*) counts")) == 0


def test_settings(project: Path, capfd: Capture) -> None:
    """Their tips are those of all commands."""
    (project / "pyproject.toml").write_text("[tool.awstape]\nservices = ['amazon web']\n")
    tip = Tip("services are spelled as in boto3, such as accessanalyzer")
    name = tip.take(tip_of(capfd, "settings", "problem"), "as (access.*)")
    (project / "pyproject.toml").write_text(f"[tool.awstape]\nservices = ['{name}']\n")
    assert is_fine(capfd, "settings")


@pytest.mark.parametrize(
    ("name", "value", "subject", "kind", "tip"),
    [
        ("AWS_CA_BUNDLE", "/no/such/file", "trusted CAs", "problem", Tip("unset {}")),
        ("AWSTAPE_UPSTREAM", "http://127.0.0.1:9", "upstream", "note", Tip("unset {} to record AWS")),
    ],
)
def test_variables_in_the_way(
    name: str, value: str, subject: str, kind: str, tip: Tip, capfd: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    _, variable = tip.take(tip_of(capfd, subject, kind), r"unset \w+").split()
    monkeypatch.delenv(variable)
    assert is_fine(capfd, subject)


def test_an_endpoint_in_the_way(capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """`record` has the option that it names as well."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    tip = Tip("record the stand-in with {}, or AWS with AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true")
    text = tip_of(capfd, "endpoint", "problem")
    assert run_line(f"awstape record x.yaml {tip.take(text, '--upstream [^, ]+')} -- true") == 0
    monkeypatch.setenv(*tip.take(text, "AWS_IGNORE.*").split("="))
    assert is_fine(capfd, "endpoint")


def test_a_proxy_that_cannot_be_used(capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """`record` refuses it with the same tip."""
    monkeypatch.setenv("https_proxy", "socks5h://127.0.0.1:9")
    tip = Tip("set {} to an HTTP proxy")
    text = tip_of(capfd, "proxy", "problem")
    assert tip.printed(output_of(capfd, "record x.yaml -- true")) == text
    monkeypatch.setenv(tip.take(text, "set (.*) to"), "http://127.0.0.1:9")
    assert is_fine(capfd, "proxy")
    assert run_line("awstape record x.yaml -- true") == 0


def test_clients_that_ignore_the_endpoint(project: Path, capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newer versions are not installed here; the way around them is tried."""
    installed = {"boto3": "1.26.9", "mitmproxy": "11.0.2"}
    monkeypatch.setattr(diagnosis, "_version_of", installed.get)
    text = tip_of(capfd, "boto3", "note")
    command = Tip("replay it with awstape replay --proxy").take(Tip("update it to 1.28, or {}").printed(text))
    assert run_line(f"{command} tapes -- true") == ASKED_NOTHING
    monkeypatch.setattr(diagnosis, "_aws_cli", lambda environ: "2.9.1")
    assert command in Tip("update it, or {}").printed(tip_of(capfd, "AWS CLI", "note"))
    (project / "package.json").write_text('{"dependencies": {"aws-sdk": "^2", "global-agent": "^3"}}')
    assert command in Tip("{}, or move to version 3").printed(tip_of(capfd, "Node.js", "note"))
    installed["boto3"] = "1.28"
    monkeypatch.setattr(diagnosis, "_aws_cli", lambda environ: "2.13")
    assert is_fine(capfd, "boto3") and is_fine(capfd, "AWS CLI")


def test_packages_of_node(project: Path, capfd: Capture) -> None:
    """`npm i` is not run, since it downloads; package.json gets what it adds. `e2e/test_javascript.py` runs it."""
    (project / "package.json").write_text("{}")
    checks = json.loads(output_of(capfd, "doctor --json", 0))
    text = "\n".join(each["tip"] for each in checks if each["subject"] == "Node.js")
    sdk = Tip("npm i @aws-sdk/client-iam, or whichever client your program needs").take(text, "npm i ([^,]*)")
    agent = Tip(
        "Node.js ignores HTTPS_PROXY: npm i -D {}, and run with GLOBAL_AGENT_ENVIRONMENT_VARIABLE_NAMESPACE= "
        'NODE_OPTIONS="--import $PWD/node_modules/{}/bootstrap.js" (awstape guide languages)'
    )
    package = {"dependencies": {sdk: "*"}, "devDependencies": {agent.take(text, "npm i -D ([^,]*)"): "*"}}
    (project / "package.json").write_text(json.dumps(package))
    assert is_fine(capfd, "Node.js")
    options = agent.take(text, 'NODE_OPTIONS="([^"]*)"')
    assert languages.proxy_hints(["npm", "test"], project, {"NODE_OPTIONS": options}) == []
    assert "global-agent" in output_of(capfd, "guide languages", 0)


def test_what_records_is_an_extra_of_this_package(capfd: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not run: it downloads."""
    monkeypatch.setattr(diagnosis, "_version_of", {}.get)
    name = Tip("pip install 'awstape[record]'").take(tip_of(capfd, "recording", "note"), r"\[(.*)\]")
    needs = [each for each in metadata("awstape").get_all("Requires-Dist") or () if f"extra == '{name}'" in each]
    assert {each.split(">")[0].split("<")[0].strip() for each in needs} >= {"mitmproxy", "cryptography"}

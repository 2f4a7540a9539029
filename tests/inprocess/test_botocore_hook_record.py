"""`awstape.record` in a block of code."""

from __future__ import annotations

import re
import shlex
from contextlib import suppress
from pathlib import Path

import boto3
import pytest

import awstape
from awstape.catalog.service_models import load_models
from awstape.cli.main import main
from awstape.files import cassette_files
from support.standin import StandIn


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLEEXAMPLE00")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a fake secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def operations(path: Path) -> list[str]:
    return [track.operation for track, _ in cassette_files.load(path, load_models()).tracks()]


#: Mode → the operation that is requested, and those in the cassette afterwards.
MODES = {
    "once": ("list_users", ["ListUsers"]),
    "new_episodes": ("list_groups", ["ListGroups", "ListUsers"]),
    "all": ("list_roles", ["ListGroups", "ListRoles", "ListUsers"]),
    "rewrite": ("list_users", ["ListUsers"]),
}


def test_each_mode_records(tmp_path: Path, aws: StandIn) -> None:
    path = tmp_path / "tape.yaml"
    for mode, (operation, expected) in MODES.items():
        with awstape.record(path, mode=mode, upstream=aws.url):  # type: ignore[arg-type]
            getattr(boto3.client("iam"), operation)()
        assert operations(path) == expected
    aws.calls.clear()
    with awstape.replay(path):
        boto3.client("iam").list_users()
    assert not aws.calls


def test_options_select_what_is_recorded(tmp_path: Path, aws: StandIn) -> None:
    path = tmp_path / "tape.yaml"
    with awstape.record(path, upstream=[aws.url], include_writes=True, operations="*Role", services="iam"):
        client = boto3.client("iam")
        client.create_role(RoleName="zfake", AssumeRolePolicyDocument="{}")
        client.list_users()
    assert operations(path) == ["CreateRole"]


def test_an_exception_leaves_the_cassette_and_keeps_the_journal(
    tmp_path: Path, aws: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "tape.yaml"
    with awstape.record(path, upstream=aws.url):
        boto3.client("iam").list_users()
    before = path.read_bytes()
    with suppress(ZeroDivisionError), awstape.record(path, mode="all", upstream=aws.url):
        boto3.client("iam").list_roles()
        raise ZeroDivisionError
    assert path.read_bytes() == before
    assert len(list(tmp_path.glob("tape.yaml.failed-*.journal"))) == 1
    (command,) = re.findall("to take it in: awstape (recover .*)", caplog.text)
    assert main(shlex.split(command)) == 0
    assert operations(path) == ["ListRoles", "ListUsers"]


def test_the_summary_is_logged_with_the_number_of_own_names(
    tmp_path: Path, aws: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "tape.yaml"
    with awstape.record(path, upstream=aws.url) as tape:
        boto3.client("iam").get_role(RoleName="DeployRole")
        boto3.client("iam").get_role(RoleName=tape.alias("ci-runner"))
    (logged,) = caplog.messages
    assert "Role" not in logged
    assert f"recorded {path}: 2 tracks, 2 pages, 0 items\n" in logged
    assert "  1 name comes from your code, and a replay gives aliases in place of names: keep it" in logged
    assert logged.endswith("or compare with tape.alias(…)")
    with awstape.record(path, upstream=aws.url):  # as it exists, nothing is recorded
        boto3.client("iam").get_role(RoleName="DeployRole")
    assert len(caplog.messages) == 1


def test_a_write_that_was_left_out_is_reported(tmp_path: Path, aws: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "tape.yaml"
    with awstape.record(path, upstream=aws.url):
        boto3.client("iam").create_role(RoleName="zfake", AssumeRolePolicyDocument="{}")
    assert "skipped: 1 × CreateRole: a write operation; include_writes=True records it" in caplog.text
    with awstape.record(path, upstream=aws.url, include_writes=True):
        boto3.client("iam").create_role(RoleName="zfake", AssumeRolePolicyDocument="{}")
    assert operations(path) == ["CreateRole"]


def test_a_miss_names_the_call_that_records(tmp_path: Path, aws: StandIn) -> None:
    path = tmp_path / "tape.yaml"
    with awstape.record(path, upstream=aws.url):
        boto3.client("iam").list_users()
    create = {"RoleName": "zfake", "AssumeRolePolicyDocument": "{}"}
    expected = r"to record it: awstape.record\('tape.yaml', mode='new_episodes', include_writes=True\)"
    with pytest.raises(Exception, match=expected), awstape.replay(path):
        boto3.client("iam").create_role(**create)


def test_a_wrong_mode_is_explained(tmp_path: Path) -> None:
    with pytest.raises(awstape.UserError, match="no such mode: 'twice'"):
        awstape.record(tmp_path / "tape.yaml", mode="twice")  # type: ignore[arg-type]


#: What is asked for after the recording → the operation of the miss, or its kind.
MISSES = {"list_roles": "iam ListRoles", "create_role": "iam CreateRole", "list_analyzers": "service"}


@pytest.mark.parametrize(("method", "missed"), MISSES.items())
def test_following_the_advice_of_a_miss(
    method: str, missed: str, tmp_path: Path, aws: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWSTAPE_UPSTREAM", aws.url)
    options = {"RoleName": "zfake", "AssumeRolePolicyDocument": "{}"} if method == "create_role" else {}

    def ask() -> None:
        boto3.client("iam").list_users()
        getattr(boto3.client("accessanalyzer" if method == "list_analyzers" else "iam"), method)(**options)

    with awstape.record("tapes/tape.yaml", services="iam"):
        boto3.client("iam").list_users()
    tape = awstape.replay("tapes/tape.yaml")
    with pytest.raises(Exception, match="CassetteMiss"), tape:
        ask()
    assert [miss.operation or miss.kind for miss in tape.misses] == [missed]
    (call,) = re.findall(r"to record it: (awstape\.record\(.*\))", tape.misses[0].text)
    with eval(call):  # the text of awstape itself
        ask()
    with awstape.replay("tapes/tape.yaml", strict=True):
        ask()

"""`awstape.record` in a block of code."""

from __future__ import annotations

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


def test_an_exception_leaves_the_cassette_and_keeps_the_journal(tmp_path: Path, aws: StandIn) -> None:
    path = tmp_path / "tape.yaml"
    with awstape.record(path, upstream=aws.url):
        boto3.client("iam").list_users()
    before = path.read_bytes()
    with suppress(ZeroDivisionError), awstape.record(path, mode="all", upstream=aws.url):
        boto3.client("iam").list_roles()
        raise ZeroDivisionError
    assert path.read_bytes() == before
    assert len(list(tmp_path.glob("tape.yaml.failed-*.journal"))) == 1
    assert main(["recover", str(path)]) == 0
    assert operations(path) == ["ListRoles", "ListUsers"]


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

"""`awstape new`: output, files, refusals; programs can page through the generated tracks."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result

import awstape
from awstape.cli.main import cli
from awstape.core.aws.conform import Misfit
from awstape.core.aws.constraints import constraint_misfits
from awstape.core.aws.model import Member, Shape, Value
from awstape.core.cassette.yaml.writer import SCHEMA_LINE
from awstape.core.redaction.alias_grammar import is_alias
from awstape.files import cassette_files
from support import in_process
from support.exchanges import MODELS
from support.failing import failure
from support.in_process import CASSETTES

KEY = "a key for tests, not a secret"
OTHER_KEY = "another key for tests, no secret"


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A process without account and key, in a folder of its own."""
    in_process.isolate(monkeypatch, tmp_path)
    monkeypatch.chdir(tmp_path)


def new(*arguments: str) -> Result:
    result = CliRunner().invoke(cli, ["new", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


# --- what is made ---


def test_the_cassette_is_printed() -> None:
    printed = new("iam", "list-saml-providers", "--items", "1").stdout
    assert printed.startswith(
        f"{SCHEMA_LINE}version: 1\n---\nservice: iam\noperation: ListSAMLProviders\nidentity: {{}}\npages:\n- output:\n"
    )
    assert printed.count("- Arn: arn:aws:iam::") == 1


@pytest.mark.parametrize("spelled", ["list-groups", "ListGroups", "listGroups", "list_groups"])
def test_operations_in_every_spelling(spelled: str) -> None:
    assert "\noperation: ListGroups\n" in new("iam", spelled, "--items", "1").stdout


def test_the_service_as_its_host_spells_it() -> None:
    printed = new("access-analyzer", "list-findings-v2", "--items", "1", "--region", "eu-west-1").stdout
    assert "\nservice: accessanalyzer\noperation: ListFindingsV2\nregion: eu-west-1\n" in printed
    assert "\nregion: us-east-1\n" in new("accessanalyzer", "ListAnalyzers", "--items", "1").stdout


def test_the_same_command_makes_the_same_bytes_and_another_seed_others() -> None:
    command = ("iam", "list-users", "--items", "5")
    assert new(*command).stdout == new(*command).stdout != new(*command, "--seed", "2").stdout
    new(*command, "-o", "users.yaml")
    assert Path("users.yaml").read_text() == new(*command, "-o", "-").stdout
    assert not Path("-").exists()


def test_a_written_track_is_reported() -> None:
    said = new("iam", "list-roles", "--items", "7", "--page-size", "3", "-o", "roles.yaml")
    assert said.stdout == "made roles.yaml: iam ListRoles {}, 3 pages, 7 items\n"
    facts = json.loads(new("iam", "get-user", "-o", "roles.yaml", "--json").stdout)
    track = {"service": "iam", "operation": "GetUser", "region": None, "account": None, "identity": {}}
    assert facts == {"cassette": "roles.yaml", **track, "pages": 1, "items": 0}


def test_json_facts_are_on_the_error_stream_beside_a_printed_cassette() -> None:
    said = new("iam", "list-saml-providers", "--items", "2", "--json")
    assert said.stdout.startswith(f"{SCHEMA_LINE}version: 1\n")
    assert json.loads(said.stderr)["items"] == 2
    assert new("iam", "list-saml-providers").stderr == ""


def test_check_finds_nothing_in_generated_cassettes(monkeypatch: pytest.MonkeyPatch) -> None:
    new("iam", "get-account-authorization-details", "--items", "8", "-o", "account.yaml")
    for key in ("", KEY):
        monkeypatch.setenv("AWSTAPE_KEY", key)
        result = CliRunner().invoke(cli, ["check", "account.yaml"])
        found, texts = result.output.splitlines()
        assert (result.exit_code, found) == (0, "1 cassette: nothing found")
        assert re.fullmatch(r"\d+ free texts are left as they are: awstape show --texts account\.yaml", texts)


def test_text_masked_by_the_project_is_masked() -> None:
    Path("pyproject.toml").write_text("[tool.awstape]\nmask = ['nightly|pipeline|on-call|agents']\n")
    new("iam", "list-roles", "-o", "roles.yaml")
    assert CliRunner().invoke(cli, ["check", "roles.yaml"]).exit_code == 0
    text = Path("roles.yaml").read_text()
    assert "Description: Used by the monitoring alias-" in text
    assert not re.search("nightly|pipeline|on-call|agents", text)


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    tried = in_process.cut_off(monkeypatch)
    yield
    assert not tried


@pytest.mark.usefixtures("offline")
def test_boto3_pages_through_it() -> None:
    new("iam", "list-roles", "--items", "7", "--page-size", "3", "-o", "made.yaml")
    new("accessanalyzer", "list-analyzers", "--items", "4", "--page-size", "3", "-o", "made.yaml")
    with awstape.replay("made.yaml"):
        pages = list(boto3.client("iam").get_paginator("list_roles").paginate())
        analyzers = boto3.client("accessanalyzer", region_name="us-east-1").get_paginator("list_analyzers").paginate()
        assert [len(page["Roles"]) for page in pages] == [3, 3, 1]
        assert [len(page["analyzers"]) for page in analyzers] == [3, 1]
    policy: Any = pages[0]["Roles"][0]["AssumeRolePolicyDocument"]
    assert policy["Statement"][0]["Action"] == "sts:AssumeRole"


# --- what is asked for ---


def identity(*said: str, operation: str = "list-policies") -> dict[str, Value]:
    options = [word for each in said for word in ("--identity", each)]
    new("iam", operation, *options, "-o", "asked.yaml")
    (take,) = cassette_files.load(Path("asked.yaml"), MODELS).takes
    return take.track.identity


def test_an_identity_as_given() -> None:
    said = identity("OnlyAttached=true", "Scope=Local", "PathPrefix=/")
    assert said == {"Scope": "Local", "OnlyAttached": True, "PathPrefix": "/"}


def test_lists_are_json() -> None:
    asked = ["iam:GetRole", "iam:ListRoles"]
    said = identity(f"ActionNames={json.dumps(asked)}", 'PolicyInputList=["{}"]', operation="simulate-custom-policy")
    assert said == {"PolicyInputList": ["{}"], "ActionNames": asked}


def test_an_alias_needs_no_key() -> None:
    assert identity("RoleName=alias-Tsr76sms7l", operation="get-role") == {"RoleName": "alias-Tsr76sms7l"}
    assert "\nkey:" not in Path("asked.yaml").read_text()


def test_a_real_name_is_redacted_and_found_with_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWSTAPE_KEY", KEY)
    said = identity("RoleName=DeployRole", operation="list-role-policies")["RoleName"]
    assert isinstance(said, str) and is_alias(said)
    assert "DeployRole" not in Path("asked.yaml").read_text()
    with awstape.replay("asked.yaml"):
        assert boto3.client("iam").list_role_policies(RoleName="DeployRole")["PolicyNames"]


def test_a_real_name_needs_the_key_of_the_cassette(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    command = ("new", "iam", "list-role-policies", "--identity", "RoleName=DeployRole", "-o", "asked.yaml")
    problem, tip = failure(capfd, *command)
    assert problem == "--identity RoleName: the value looks real, and there is no key to make its alias with"
    assert tip == "use an alias instead, or set AWSTAPE_KEY"
    before = (CASSETTES / "roles.yaml").read_text()
    Path("asked.yaml").write_text(before)
    monkeypatch.setenv("AWSTAPE_KEY", OTHER_KEY)
    assert failure(capfd, *command)[1] == "use an alias instead, or set AWSTAPE_KEY to the cassette's key"
    assert Path("asked.yaml").read_text() == before


# --- a file that is there ---


def test_a_track_is_added_to_a_cassette(tmp_path: Path) -> None:
    path = tmp_path / "roles.yaml"
    path.write_text(before := (CASSETTES / "roles.yaml").read_text())
    new("iam", "list-groups", "--items", "2", "-o", str(path))
    old, now = cassette_files.load(CASSETTES / "roles.yaml", MODELS), cassette_files.load(path, MODELS)
    assert now.keys == old.keys
    assert [take for take in now.takes if take.track.operation != "ListGroups"] == list(old.takes)
    assert len(now.takes) == len(old.takes) + 1
    assert path.read_text().startswith(before.partition("---")[0])


BY_HAND = "# ours\nversion: 1\n---\nservice: iam\noperation: ListUsers\nidentity: {}\npages:\n- output: {Users: []}\n"


@pytest.mark.parametrize("text", ["", BY_HAND])
def test_existing_text_stays(text: str) -> None:
    Path("cassette.yaml").write_text(text)
    new("iam", "list-roles", "-o", "cassette.yaml")
    written = Path("cassette.yaml").read_text()
    assert "operation: ListRoles\n" in written
    for part in text.split("---\n"):
        assert part in written


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ((CASSETTES / "roles.yaml").read_text(), "cassette.yaml: already has the track iam ListRoles {}"),
        ("hello\n", "cassette.yaml:1: a cassette begins with a document `version: 1`"),
    ],
)
def test_a_refused_addition_leaves_the_file_unchanged(
    text: str, problem: str, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("cassette.yaml").write_text(text)
    assert failure(capfd, "new", "iam", "list-roles", "-o", "cassette.yaml")[0] == problem
    assert Path("cassette.yaml").read_text() == text
    assert sorted(os.listdir()) == ["cassette.yaml"]


# --- what can't be made ---


@pytest.mark.parametrize(
    ("arguments", "problem", "tip"),
    [
        ("iamm list-roles", "awstape knows no service 'iamm'; did you mean iam?", "services are spelled as in boto3"),
        ("iam list-rols", "iam has no operation 'list-rols'; did you mean list-roles?", "as in the AWS CLI"),
        ("iam ListSSHPublicKey", "did you mean ListSSHPublicKeys?", "or in the API (ListRoles)"),
        ("iam list-ssh-public-key", "did you mean list-ssh-public-keys?", "or in the API (ListRoles)"),
        ("iam list-roles --region us-east-1", "iam has no regions", "leave out --region"),
        ("accessanalyzer list-analyzers --region x", "--region: AWS has no region x", "eu-west-1"),
        ("iam list-roles --page-size 2000", "iam ListRoles has pages of at most 1000 items", "--page-size 1000"),
        ("iam get-role --items 2", "the response of iam GetRole has no list for items", "leave out --items"),
        ("iam list-roles --items 10001", "10001 is not in the range", "awstape new --help"),
        ("iam list-roles --page-size 0", "0 is not in the range", "awstape new --help"),
        ("iam list-roles -o .", "is a directory", "awstape new --help"),
        ("iam list-roles --identity PathPrefix", "--identity: expected MEMBER=VALUE", "--identity RoleName="),
        ("iam list-roles --identity PathPrefx=/", "; did you mean PathPrefix?", "members: PathPrefix"),
        (
            "iam list-roles --identity Marker=x",
            "--identity Marker: a paging member, not part of an identity",
            "--page-size",
        ),
        (
            "iam list-roles --identity MaxItems=5",
            "--identity MaxItems: a paging member, not part of an identity",
            "--page-size",
        ),
        ("iam list-roles --identity PathPrefix=x", "expected text of the pattern", "would refuse"),
        ("iam list-roles --identity PathPrefix=/ --identity PathPrefix=/", "given twice", "give it once"),
        (
            "iam get-account-summary --identity A=b",
            "the request of GetAccountSummary has no member 'A'",
            "leave out --identity",
        ),
        ("iam list-policies --identity Scope=local", "expected one of All, AWS, Local; did you", "would refuse"),
        ("iam list-policies --identity OnlyAttached=yes", "the value is not of type boolean", "true or false"),
        ("iam create-user --identity Tags=[[[", "the value is not of type list", "write it as JSON"),
        ("iam create-user --identity Tags={}", "Tags: expected a list, got a mapping", "the service model"),
        ('iam create-user --identity Tags=[{"Key":"a"}]', "Tags[0].Value: expected a value; it is required", ""),
        ('iam create-user --identity Tags=[{"Ky":"a"}]', "Tags[0].Ky: Tag has no member Ky; did you mean Key?", ""),
    ],
)
def test_a_track_that_can_not_be_made_is_explained_and_nothing_written(
    arguments: str, problem: str, tip: str, capfd: pytest.CaptureFixture[str]
) -> None:
    found = failure(capfd, "new", *arguments.split(" "))
    assert problem in found[0]
    assert tip in found[1]
    assert os.listdir() == []


# --- limits ---

TEXT = Shape("Text", "string", min=2, max=3, pattern="[a-z]+")
TEXTS = Shape("Texts", "list", min=1, max=2, member=Member("", TEXT))
MAP = Shape("Map", "map", max=1, key=Member("", TEXT), value=Member("", TEXT))
COUNT = Shape("Count", "integer", min=0, max=9)
UNION = Shape("Union", "structure", union=True, members={"a": Member("a", TEXT), "b": Member("b", COUNT)})
THING = Shape("Thing", "structure", required=("texts",), members={"texts": Member("texts", TEXTS)})


@pytest.mark.parametrize(
    ("value", "shape", "expected"),
    [
        ("ab", TEXT, []),
        ("a", TEXT, [Misfit((), "text of at least 2 and at most 3 characters")]),
        ("AB", TEXT, [Misfit((), "text of the pattern [a-z]+")]),
        (["ab"], TEXTS, []),
        ([], TEXTS, [Misfit((), "at least 1 and at most 2 items")]),
        (["ab", "A1"], TEXTS, [Misfit((1,), "text of the pattern [a-z]+")]),
        ({"ab": "AB"}, MAP, [Misfit(("ab",), "text of the pattern [a-z]+")]),
        ({"ab": "ab", "cd": "cd"}, MAP, [Misfit((), "at most 1 entries")]),
        (9, COUNT, []),
        (10, COUNT, [Misfit((), "a number of at least 0 and at most 9")]),
        ({"a": "ab"}, UNION, []),
        ({"a": "ab", "b": 1}, UNION, [Misfit((), "exactly one of a, b")]),
        ({}, THING, [Misfit(("texts",), "a value; it is required")]),
        ("Größe: 1", Shape("Tag", "string", pattern=r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*"), []),
        (
            "#",
            Shape("Tag", "string", pattern=r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*"),
            [Misfit((), r"text of the pattern [\p{L}\p{Z}\p{N}_.:/=+\-@]*")],
        ),
        ("x", Shape("Odd", "string", pattern=r"[\p{IsGreek}]"), []),
    ],
)
def test_limits_of_shapes(value: Value, shape: Shape, expected: list[Misfit]) -> None:
    assert list(constraint_misfits(value, shape)) == expected

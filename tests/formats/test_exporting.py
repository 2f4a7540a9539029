"""`awstape export`: outputs, refusals, and the notes on what a format can't hold."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from awstape.cli.main import cli, main
from awstape.formats.exports import FORMATS
from support import asking, in_process
from support.failing import failure
from support.in_process import CASSETTES
from support.paging import recording, users

ROLES = str(CASSETTES / "roles.yaml")
HEADER = "version: 1\n---\nservice: iam\n"


quick = in_process.quick


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    in_process.isolate(monkeypatch, tmp_path)
    monkeypatch.chdir(tmp_path)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["export", *map(str, arguments)], standalone_mode=False)


def notes(text: str, form: str) -> list[str]:
    """The notes on a cassette, without the names of its tracks."""
    Path("made.yaml").write_text(text)
    result = run("made.yaml", "--to", form)
    assert result.exception is None
    return [line.partition(": ")[2].partition("}: ")[2] for line in result.stderr.splitlines()]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", asking.SHIPPED)
def test_a_file_equals_the_standard_output(name: str, form: str) -> None:
    printed = run(CASSETTES / name, "--to", form)
    assert printed.stdout.endswith("\n") and not printed.stdout.endswith("\n\n")
    assert run(CASSETTES / name, "--to", form, "-o", "folder/file").exit_code == 0
    assert Path("folder/file").read_bytes() == printed.stdout_bytes


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("awscli", '"createdAt": "2023-11-14T22:13:20+00:00"'),
        ("stubber", "2023, 11, 14, 22, 13, 20, tzinfo=timezone.utc"),
    ],
)
def test_the_time_zone_of_the_machine_has_no_effect(form: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore reads numeric timestamps as local times."""
    analyzer = "arn: a, name: n, type: ACCOUNT, status: ACTIVE, createdAt: 1700000000"
    identity = "operation: GetAnalyzer\nregion: eu-west-1\nidentity: {analyzerName: n}\n"
    Path("made.yaml").write_text(
        f"version: 1\n---\nservice: accessanalyzer\n{identity}pages:\n- output: {{analyzer: {{{analyzer}}}}}\n"
    )
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert said in run("made.yaml", "--to", form).stdout
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()


def test_it_takes_folders_and_selectors() -> None:
    every = run(CASSETTES, "--to", "awscli")
    assert len(json.loads(every.stdout)) == 11
    one = run(CASSETTES, "--to", "awscli", "--track", "list-roles")
    assert [len(role["RoleName"]) for role in json.loads(one.stdout)["Roles"]] == [16, 27, 16, 24, 27]
    assert one.stderr == ""
    two = run(ROLES, "--to", "awscli", "--track", "ListRoles", "--track", "2", "-o", "-")
    assert list(json.loads(two.stdout)) == [
        "aws iam list-attached-role-policies --role-name alias-Tsr76sms7l",
        "aws iam list-roles",
    ]


@pytest.mark.parametrize("form", FORMATS)
def test_an_existing_file_stays_without_force(form: str, capfd: pytest.CaptureFixture[str]) -> None:
    Path("there").write_text("precious")
    command = ("export", ROLES, "--to", form, "-o", "there")
    assert failure(capfd, *command) == ("there: already exists", "--force overwrites it")
    assert Path("there").read_text() == "precious"
    assert main([*command, "--force"]) == 0
    assert Path("there").read_text() != "precious"
    assert os.listdir() == ["there"]


def test_force_never_overwrites_the_cassette(capfd: pytest.CaptureFixture[str]) -> None:
    Path("roles.yaml").write_bytes(Path(ROLES).read_bytes())
    Path("link").symlink_to("roles.yaml")
    for there in ("roles.yaml", "link"):
        told = failure(capfd, "export", ".", "--to", "vcr", "-o", there, "--force")
        assert told == (f"{there}: is the cassette itself", "name another file")
    assert Path("roles.yaml").read_bytes() == Path(ROLES).read_bytes()


def test_a_pipe_is_not_replaced_by_a_file(capfd: pytest.CaptureFixture[str]) -> None:
    os.mkfifo("pipe")
    problem, _ = failure(capfd, "export", ROLES, "--to", "vcr", "-o", "pipe", "--force")
    assert problem.endswith("pipe: can't be written: not a regular file")
    assert Path("pipe").is_fifo()


@pytest.mark.parametrize(
    ("arguments", "problem", "tip"),
    [
        (["--to", "har", "--track", "4"], "there is no track 4", "the cassette has 3"),
        (["--to", "har", "-o", "."], "File '.' is a directory", "awstape export --help"),
        (["--to", "nope"], "'nope' is not one of 'awscli'", "awstape export --help"),
        ([], "Missing option '--to'", "awstape export --help"),
        (["--to", "awscli", "--track", "GetRole"], "there is nothing to export to awscli", "the error NoSuchEntity"),
    ],
)
def test_an_export_that_is_refused_says_why_and_writes_nothing(
    arguments: list[str], problem: str, tip: str, capfd: pytest.CaptureFixture[str]
) -> None:
    told = failure(capfd, "export", ROLES, *arguments)
    assert problem in told[0]
    assert tip in told[1]
    assert os.listdir() == []


def test_a_cassette_without_tracks(capfd: pytest.CaptureFixture[str]) -> None:
    Path("empty.yaml").write_text("version: 1\n")
    told = failure(capfd, "export", "empty.yaml", "--to", "har")
    assert told == ("there is nothing to export to har", "the cassette has no tracks")


# --- what a format can't hold ---

FAULTY = f"""{HEADER}operation: ListUsers
identity: {{}}
faults: [throttle page=2]
pages:
- output: {{Users: [], Marker: page-2.x, IsTruncated: true}}
---
service: iam
operation: ListAccountAliases
identity: {{}}
pages:
- output: {{AccountAliases: []}}
"""
UNKNOWN = f"""{HEADER}operation: GetRole
identity: {{RoleName: alias-Tsr76sms7l, Sort: up}}
pages:
- output: {{}}
---
service: accessanalyzer
operation: GetFinding
identity: {{analyzerArn: a}}
pages:
- output: {{}}
---
service: iam
operation: ListAccountAliases
identity: {{}}
pages:
- output: {{AccountAliases: [], Total: {{Of: ['1']}}}}
  unmodelled: [Total]
"""
ODD = f"""{HEADER}operation: GetAccessKeyLastUsed
identity: {{AccessKeyId: AKIATAPE77KLLS46M6TR}}
pages:
- output: {{AccessKeyLastUsed: {{LastUsedDate: yesterday, ServiceName: s3, Region: r}}}}
---
service: iam
operation: ListAccountAliases
identity: {{}}
pages:
- output: {{AccountAliases: []}}
"""
ENDS = "the recording ends before the listing"
FAULTS = "left out the faults, which only awstape can replay: throttle page=2"
UNASKABLE = [
    "left out: botocore can't send the request: id is missing",
    "left out: botocore can't send the request: Sort: GetRoleRequest has no member Sort",
]
UNSEEN = "left out members unknown to botocore: Total"


@pytest.mark.parametrize(
    ("text", "form", "said"),
    [
        *((FAULTY, form, [FAULTS, f"{ENDS}: there is no page 2"]) for form in ("har", "stubber", "vcr")),
        (FAULTY, "awscli", [f"left out: {ENDS}, and the AWS CLI prints whole listings"]),
        *((UNKNOWN, form, UNASKABLE) for form in ("har", "vcr")),
        *((UNKNOWN, form, [*UNASKABLE, UNSEEN]) for form in ("awscli", "stubber")),
        *((ODD, form, []) for form in ("har", "vcr")),
        *((ODD, form, ["left out: botocore can't read page 1"]) for form in ("awscli", "stubber")),
    ],
)
def test_notes_list_what_a_format_cannot_hold(text: str, form: str, said: list[str]) -> None:
    assert notes(text, form) == said


@pytest.mark.parametrize("form", FORMATS)
def test_control_characters_are_escaped(form: str) -> None:
    odd = '"\\u202e\\x9b\\u2028\\x85"'
    name = "role-a" if form == "vcr" else odd  # in YAML a line may turn, as in the cassette itself
    Path("made.yaml").write_text(
        "version: 1\n---\nservice: accessanalyzer\noperation: ListAnalyzers\nregion: us-east-1\nidentity: {}\n"
        f"pages:\n- output: {{analyzers: [], {name}: 1}}\n  unmodelled: [{name}]\n"
        "---\nservice: iam\noperation: GetRole\nidentity: {RoleName: role-a}\npages:\n"
        f"- output: {{Role: {{RoleName: {name}, Path: /, RoleId: AROATAPELM7647MT3KSM7, "
        "Arn: arn:aws:iam::000611752023:role/role-a, CreateDate: '2024-01-01T00:00:00Z'}}\n"
    )
    result = run("made.yaml", "--to", form)
    assert result.exception is None
    assert all(line.isprintable() for line in result.output.split("\n")), result.output


def test_takes_are_named_if_there_are_several(tmp_path: Path) -> None:
    recorded = recording("ListUsers", {}, users(1), (users(2, 1), "unfinished"))
    told = asking.exported(recorded, "har").notes
    assert told == (f"iam ListUsers {{}}: take 2: {ENDS}: there is no page 3",)
    told = asking.exported(recorded, "awscli").notes
    assert (
        told[0] == "iam ListUsers {}: left out take 2: a command prints one take; --track with take=N selects another"
    )

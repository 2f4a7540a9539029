"""The AWS CLI, through TLS interception and through the endpoint."""

from pathlib import Path
from typing import Any

from e2e.harness import Machine, Run, aws_cli, ca_variables, json_documents
from e2e.renaming import renaming
from support.misses import not_recorded
from support.standin import StandIn

AUDIT_POLICY = "arn:aws:iam::111122223333:policy/team-a/AuditPolicy"
DEPLOY_POLICY = "arn:aws:iam::111122223333:policy/DeployPolicy"
COMMANDS = (
    f"iam list-policy-versions --policy-arn {AUDIT_POLICY} --page-size 1",
    "iam list-users",
    "accessanalyzer list-policy-generations --page-size 1",
)
SCRIPT = aws_cli(*COMMANDS)


def answers(run: Run) -> list[Any]:
    """Returns the documents that the CLI printed, without the CLI's own tokens."""
    found = json_documents(run.ok().out)
    for answer in found:
        answer.pop("NextToken", None)
    return found


def test_the_cli_gets_the_recorded_data_from_a_replay(machine: Machine, aws: StandIn, cassette: Path) -> None:
    seen = answers(machine.record(cassette, aws.url, command=SCRIPT, **ca_variables()))
    assert [len(next(iter(answer.values()))) for answer in seen] == [3, 0, 5]
    assert aws.calls == {"ListPolicyVersions": 3, "ListUsers": 1, "ListPolicyGenerations": 5}
    for way in (), ("--proxy",):
        run = machine.awstape("replay", cassette, *way, "--", *SCRIPT)
        names = renaming(seen, answers(run))
        assert names.keys() == {"111122223333", "DeployRole", "AuditRole", "ci", "ci-runner", "alice"}
        assert run.err == ""
    assert aws.calls.total() == 9


def test_the_cli_continues_from_its_own_token(machine: Machine, aws: StandIn, cassette: Path) -> None:
    command = ("aws", "iam", "list-policy-versions", "--policy-arn", DEPLOY_POLICY, "--output", "json")
    machine.record(cassette, aws.url, command=command).ok()
    with machine.server("replay", cassette) as replay:
        first = machine.run(*command, "--max-items", "3", **replay.environ).json
        token = ("--starting-token", first["NextToken"])
        rest = machine.run(*command, *token, **replay.environ).json
        assert replay.stop().status == 0
    assert [version["VersionId"] for version in first["Versions"]] == ["v5", "v4", "v3"]
    assert [version["VersionId"] for version in rest["Versions"]] == ["v2", "v1"]


def test_the_cli_reports_a_miss(machine: Machine, cassette: Path) -> None:
    cassette.write_text("version: 1\n")
    run = machine.awstape("replay", cassette, "--", "aws", "iam", "list-users")
    assert run.status != 0
    assert "An error occurred (CassetteMiss) when calling the ListUsers operation" in run.err
    assert f"miss: {not_recorded('iam ListUsers')}" in run.err

"""The AWS CLI, through TLS interception and through the endpoint."""

import json
from pathlib import Path
from typing import Any

from e2e.harness import Machine, Run, ca_variables, program
from e2e.renaming import renaming
from standin import StandIn

AUDIT_POLICY = "arn:aws:iam::111122223333:policy/team-a/AuditPolicy"
DEPLOY_POLICY = "arn:aws:iam::111122223333:policy/DeployPolicy"
COMMANDS = (
    f"iam list-policy-versions --policy-arn {AUDIT_POLICY} --page-size 1",
    "iam list-users",
    "accessanalyzer list-policy-generations --page-size 1",
)
#: `aws` for each command in one process: to start it takes longer than to ask.
SCRIPT = (
    *program(
        "import sys\n"
        "from awscli.clidriver import create_clidriver\n"
        "sys.exit(max(create_clidriver().main(['--output', 'json', *command.split()]) for command in sys.argv[1:]))"
    ),
    *COMMANDS,
)


def answers(run: Run) -> list[Any]:
    """The JSON documents that the CLI printed, without the CLI's own tokens."""
    text, found = run.ok().out.strip(), []
    while text:
        answer, end = json.JSONDecoder().raw_decode(text)
        answer.pop("NextToken", None)
        found.append(answer)
        text = text[end:].lstrip()
    return found


def test_the_cli_is_recorded_and_sees_the_same_data_again(machine: Machine, aws: StandIn, cassette: Path) -> None:
    seen = answers(machine.record(cassette, aws.url, command=SCRIPT, **ca_variables()))
    assert [len(next(iter(answer.values()))) for answer in seen] == [3, 0, 5]
    assert aws.calls == {"ListPolicyVersions": 3, "ListUsers": 1, "ListPolicyGenerations": 5}
    for way in (), ("--proxy",):
        run = machine.awstape("replay", cassette, *way, "--", *SCRIPT)
        names = renaming(seen, answers(run))
        assert names.keys() == {"111122223333", "DeployRole", "AuditRole", "ci", "ci-runner", "alice"}
        assert run.err == ""
    assert aws.calls.total() == 9


def test_the_cli_goes_on_from_its_own_token(machine: Machine, aws: StandIn, cassette: Path) -> None:
    command = ("aws", "iam", "list-policy-versions", "--policy-arn", DEPLOY_POLICY, "--output", "json")
    machine.record(cassette, aws.url, command=command).ok()
    with machine.server("replay", cassette) as replay:
        first = machine.run(*command, "--max-items", "3", **replay.environ).json
        token = ("--starting-token", first["NextToken"])
        rest = machine.run(*command, *token, **replay.environ).json
        assert replay.stop().status == 0
    assert [version["VersionId"] for version in first["Versions"]] == ["v5", "v4", "v3"]
    assert [version["VersionId"] for version in rest["Versions"]] == ["v2", "v1"]


def test_the_cli_tells_of_a_miss(machine: Machine, cassette: Path) -> None:
    cassette.write_text("version: 1\n")
    run = machine.awstape("replay", cassette, "--", "aws", "iam", "list-users")
    assert run.status != 0
    assert "An error occurred (CassetteMiss) when calling the ListUsers operation" in run.err
    assert "miss: iam ListUsers was not recorded" in run.err

"""The effect of `--mode`, `--operation` and `--include-writes` on an existing cassette and on the recorded traffic."""

from pathlib import Path

from e2e.harness import Machine, calls
from support.misses import not_recorded
from support.standin import StandIn

ROLES = "print(len(iam.list_roles()['Roles']))"
USERS = "print(len(iam.list_users()['Users']))"
GENERATIONS = (
    "print(sum(len(p['policyGenerations']) for p in analyzer.get_paginator('list_policy_generations').paginate()))"
)
CREATE = "print(iam.create_role(RoleName='Fake', AssumeRolePolicyDocument='{}')['Role']['CreateDate'].microsecond)"


def operations(cassette: Path) -> list[str]:
    lines = cassette.read_text("utf-8").splitlines()
    return [line.removeprefix("operation: ") for line in lines if line.startswith("operation: ")]


def test_all_replaces_recorded_tracks_and_keeps_others(machine: Machine, aws: StandIn, cassette: Path) -> None:
    machine.record(cassette, aws.url, command=calls(GENERATIONS, USERS)).ok()
    old = cassette.read_bytes()
    machine.record(cassette, aws.url, command=calls("iam.list_policy_versions(PolicyArn='nonsense-that-is-long')"))
    assert operations(cassette) == ["ListPolicyGenerations", "ListPolicyVersions", "ListUsers"]
    machine.record(cassette, aws.url, "--mode", "rewrite", command=calls(USERS, GENERATIONS)).ok()
    assert cassette.read_bytes() == old, "rewrite kept something, or the order of the calls shows"


def test_new_episodes_requests_only_missing_pages_from_aws(machine: Machine, aws: StandIn, cassette: Path) -> None:
    machine.record(cassette, aws.url, command=calls(GENERATIONS, ROLES)).ok()  # of the roles, the first page only
    aws.calls.clear()
    run = machine.record(cassette, aws.url, "--mode", "new_episodes", command=calls(GENERATIONS, USERS, ROLES)).ok()
    assert run.out == "5\n0\n3\n"
    assert aws.calls == {"ListUsers": 1, "ListRoles": 1}
    assert operations(cassette) == ["ListPolicyGenerations", "ListRoles", "ListUsers"]


def test_once_records_and_then_replays(machine: Machine, aws: StandIn, cassette: Path) -> None:
    machine.record(cassette, aws.url, "--mode", "once", command=calls(USERS)).ok()
    assert operations(cassette) == ["ListUsers"]
    aws.calls.clear()
    old = cassette.read_bytes()
    run = machine.record(cassette, aws.url, "--mode", "once", command=calls(USERS, ROLES))
    assert (run.status, run.out) == (1, "0\n400 CassetteMiss\n")
    assert run.err.startswith(f"miss: {not_recorded('iam ListRoles')}")
    assert not aws.calls
    assert cassette.read_bytes() == old


def test_operation_and_include_writes_select_calls(machine: Machine, aws: StandIn, cassette: Path) -> None:
    command = calls(USERS, ROLES, CREATE)
    run = machine.record(cassette, aws.url, "--operation", "ListU*", "--operation", "Create*", command=command).ok()
    assert operations(cassette) == ["ListUsers"]
    assert "  skipped: 1 × ListRoles: not among the selected operations\n" in run.err
    assert "  skipped: 1 × CreateRole: a write operation; --include-writes records it\n" in run.err
    run = machine.record(cassette, aws.url, "--include-writes", "--mode", "rewrite", command=command).ok()
    assert operations(cassette) == ["CreateRole", "ListRoles", "ListUsers"]
    assert "skipped" not in run.err
    assert machine.awstape("replay", cassette, "--", *command).ok().out == run.out == "0\n3\n159000\n"

"""Errors of throttling and of the service are not recorded, whether or not a retry overcame them."""

from pathlib import Path

from e2e.conftest import Recorded
from e2e.harness import LIST_EVERYTHING, Machine, calls
from support.standin import StandIn

LIST_ROLES = calls("print(len(iam.list_roles()['Roles']))")


def test_a_recording_with_retries_has_the_same_bytes(recorded: Recorded, owner: Machine, cassette: Path) -> None:
    with StandIn(
        throttle={"ListRoles": 1, "ListFindings": 1}, fail={"ListPolicyGenerations": 1, "GetCredentialReport": 1}
    ) as aws:
        run = owner.record(cassette, aws.url, command=(*LIST_EVERYTHING, "--threads", "4"))
        assert run.json == recorded.seen
        assert aws.calls.total() == recorded.calls.total() + 4
    assert cassette.read_bytes() == recorded.cassette.read_bytes()


def test_an_error_that_remains_after_retries_changes_no_cassette(machine: Machine, cassette: Path) -> None:
    for has_old in (False, True):
        with StandIn(throttle={"ListRoles": 9}) as aws:
            run = machine.record(cassette, aws.url, command=LIST_ROLES)
            assert aws.calls["ListRoles"] == 2, "AWS_MAX_ATTEMPTS"
        told, nothing, *_ = run.err.splitlines()
        assert (run.status, run.out) == (1, "400 Throttling\n")
        assert told == "Throttling: AWS refused that many requests; 2 requests not recorded"
        assert nothing == f"nothing was recorded, {cassette} was not written"
        assert cassette.exists() == has_old
        if not has_old:
            with StandIn() as aws:
                machine.record(cassette, aws.url, command=LIST_ROLES).ok()
            before = cassette.read_bytes()
    assert cassette.read_bytes() == before


def test_expired_credentials_leave_what_was_recorded(machine: Machine, cassette: Path) -> None:
    """The second recording sees one page; then its login has expired."""
    listed = calls("for page in iam.get_paginator('list_roles').paginate(): print(len(page['Roles']))")
    with StandIn() as aws:
        first = machine.record(cassette, aws.url, command=listed).ok().out
    before = cassette.read_bytes()
    with StandIn(expire={"ListRoles": 1}) as aws:
        run = machine.record(cassette, aws.url, command=listed)
    assert run.out == first.splitlines()[0] + "\n403 ExpiredToken\n"
    assert run.err.splitlines()[0] == "ExpiredToken: the credentials have expired; 1 request not recorded"
    assert cassette.read_bytes() == before
    assert machine.awstape("replay", cassette, "--", *listed).ok().out == first


def test_a_success_after_an_error_is_recorded_alone(machine: Machine, cassette: Path) -> None:
    twice = calls(
        "try: iam.list_roles()",
        "except ClientError as error: print(error.response['Error']['Code'])",
        "print(len(iam.list_roles()['Roles']))",
    )
    with StandIn(fail={"ListRoles": 2}) as aws:
        assert machine.record(cassette, aws.url, command=twice).ok().out == "ServiceFailure\n3\n"
        assert aws.calls["ListRoles"] == 3
    run = machine.awstape("replay", cassette, "--", *twice)
    assert (run.status, run.out, run.err) == (0, "3\n", "")

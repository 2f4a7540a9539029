"""Responses that the SDK retried are not recorded; errors that remained are."""

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


def test_an_error_that_remains_after_retries_is_recorded_once(machine: Machine, cassette: Path) -> None:
    with StandIn(throttle={"ListRoles": 9}) as aws:
        assert machine.record(cassette, aws.url, command=LIST_ROLES).ok().out == "400 Throttling\n"
        assert aws.calls["ListRoles"] == 2, "AWS_MAX_ATTEMPTS"
    assert cassette.read_text("utf-8").count("code: Throttling") == 1
    run = machine.awstape("replay", cassette, "--", *LIST_ROLES)
    assert (run.status, run.out, run.err) == (0, "400 Throttling\n", "")


def test_both_an_error_and_a_later_success_are_recorded(machine: Machine, cassette: Path) -> None:
    twice = calls(
        "try: iam.list_roles()",
        "except ClientError as error: print(error.response['Error']['Code'])",
        "print(len(iam.list_roles()['Roles']))",
    )
    with StandIn(fail={"ListRoles": 2}) as aws:
        assert machine.record(cassette, aws.url, command=twice).ok().out == "ServiceFailure\n3\n"
        assert aws.calls["ListRoles"] == 3
    run = machine.awstape("replay", cassette, "--", *twice)
    assert (run.status, run.out, run.err) == (0, "ServiceFailure\n3\n", "")

"""Replay keeps to the program's story where a read was answered while a write was in flight, or a write failed."""

from pathlib import Path
from threading import Event
from typing import Final

from e2e.harness import TIMEOUT, Machine, calls
from support.standin import Answer, ServiceError, StandIn, understand

LOOK: Final = """\
def look():
    try:
        iam.get_role(RoleName='DeployRole')
        print('there', flush=True)
    except iam.exceptions.NoSuchEntityException:
        print('gone', flush=True)
def change(name, **more):
    try:
        getattr(iam, name)(RoleName='DeployRole', **more)
        print(name, flush=True)
    except ClientError as error:
        print(name, error.response['Error']['Code'], flush=True)
"""
DELETE: Final = "change('delete_role')"
#: The list of users is requested once both reads are answered.
OVERLAPPING: Final = f"""\
{LOOK}
from threading import Thread
look()
thread = Thread(target=change, args=['delete_role'])
thread.start()
look()
look()
iam.list_users()
thread.join()
look()
"""


class OneRole(StandIn):
    """A stand-in for AWS with a role that calls create and delete, also those that fail.

    slow: DeleteRole takes effect at the second read after it was sent, and is answered once users are listed.
    """

    def __init__(self, *, slow: bool = False, fail: dict[str, int] | None = None) -> None:
        super().__init__(fail=fail)
        self.is_there = True
        self._slow = slow
        self._sent, self._listed = Event(), Event()

    def answer(self, method: str, target: str, body: bytes) -> Answer:
        service, operation, _ = understand(method, target, body)
        if operation == "CreateRole":
            self.is_there = True
        elif operation == "DeleteRole":
            self._sent.set()
            if self._slow:
                assert self._listed.wait(TIMEOUT)
            self.is_there = False
        elif operation == "ListUsers":
            self._listed.set()
        elif operation == "GetRole":
            number = self.calls[operation]
            if self._slow and number:
                assert self._sent.wait(TIMEOUT)
            if not self.is_there or (self._slow and number > 1):
                self.calls[operation] += 1
                return service.error(ServiceError(404, "NoSuchEntity", "The role cannot be found."))
        return super().answer(method, target, body)


def test_a_program_that_has_not_sent_a_write_sees_none_of_it(machine: Machine, cassette: Path) -> None:
    with OneRole(slow=True) as aws:
        run = machine.record(cassette, aws.url, "--include-writes", command=calls(OVERLAPPING)).ok()
    assert run.out.split() == ["there", "there", "gone", "delete_role", "gone"]
    serial = calls(LOOK, *["look()"] * 4, DELETE, *["look()"] * 2)
    replayed = machine.awstape("replay", cassette, "--", *serial).ok().out
    assert replayed.split() == ["there"] * 4 + ["delete_role"] + ["gone"] * 2


def test_a_write_that_failed_and_took_effect_is_a_miss_and_the_story_goes_on(machine: Machine, cassette: Path) -> None:
    create = "change('create_role', AssumeRolePolicyDocument='{}')"
    story = calls(LOOK, "look()", DELETE, "look()", create, "look()", DELETE, "look()")
    with OneRole(fail={"DeleteRole": 2}) as aws:
        run = machine.record(cassette, aws.url, "--include-writes", command=story)
        assert aws.calls["DeleteRole"] == 3, "AWS_MAX_ATTEMPTS"
    told = ["there", "delete_role ServiceFailure", "gone", "create_role", "there", "delete_role", "gone"]
    assert run.out.splitlines() == told
    assert run.err.splitlines()[0] == "ServiceFailure: the service failed; 2 requests not recorded"
    replayed = machine.awstape("replay", cassette, "--", *story)
    assert (replayed.status, replayed.out.splitlines()) == (1, [*told[:1], "delete_role CassetteMiss", *told[2:]])
    assert "why: ServiceFailure: the service failed; nothing tells whether the write took effect" in replayed.err

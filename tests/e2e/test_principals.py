"""A user and the roles of its account that it assumes: in replay each gets its own answers."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from awstape.core.aws.access_keys import access_key_of_account
from e2e.harness import Machine, program
from e2e.renaming import renaming
from e2e.test_moto import moto_server

ACCOUNT = "123456789012"
ARN = f"arn:aws:iam::{ACCOUNT}:role/"
#: The access key id of a user of the account; moto says that its name is moto.
KEY_ID = access_key_of_account(ACCOUNT)[:-7] + "FAKEKEY"
#: It chains roles, and asks as the user who it is only after its other calls.
TEXT = """\
import json, sys, boto3
first, second, *key = sys.argv[1:]
session = boto3.Session(*key, *["fake-secret" for _ in key], region_name="us-east-1")
def assume(session, role, name):
    got = session.client("sts").assume_role(RoleArn=role, RoleSessionName=name)["Credentials"]
    return boto3.Session(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"], "us-east-1"), got
def ask(session):
    users = [page["Users"] for page in session.client("iam").get_paginator("list_users").paginate()]
    return session.client("sts").get_caller_identity()["Arn"], [user["UserName"] for user in sum(users, [])]
one, keys1 = assume(session, first, "fake-session-1")
two, keys2 = assume(session, second, "fake-session-2")
chained, keys3 = assume(one, second, "fake-session-2")
print(json.dumps([[ask(each) for each in (two, one, chained, session, one)],
    [[keys[name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")] for keys in (keys1, keys2, keys3)]]))
"""
PROGRAM = program(TEXT)
IN_PROCESS = program(
    f"import sys, awstape\npath = sys.argv.pop(1)\nwith awstape.replay(path, strict=True):\n    exec({TEXT!r})"
)
USER_ALONE = program(TEXT[: TEXT.index("one, keys1 = ")] + "print(json.dumps(ask(session)))")


@pytest.fixture
def moto(machine: Machine) -> Iterator[str]:
    """The URL of a moto server with a user and two roles."""
    with moto_server(machine) as url:
        iam: Any = boto3.Session("fake", "fake", region_name="us-east-1").client("iam", endpoint_url=url)
        for name in "fake-auditor", "fake-admin":
            iam.create_role(RoleName=name, AssumeRolePolicyDocument='{"Statement": []}')
        iam.create_user(UserName="fake-user")
        yield url


def test_each_role_gets_its_own_answers(machine: Machine, stranger: Machine, moto: str, cassette: Path) -> None:
    roles = ARN + "fake-auditor", ARN + "fake-admin"
    run = machine.awstape("record", cassette, "--upstream", moto, "--", *PROGRAM, *roles, KEY_ID)
    answers, secrets = run.json
    assert len({arn for arn, _ in answers}) == 3
    text = cassette.read_text("utf-8")
    for each in ("fake-admin", "fake-auditor", "fake-user", ACCOUNT, *itertools.chain(*secrets), KEY_ID):
        assert each not in text
    assert len(re.findall(r"^principal: role/alias-", text, re.M)) == 5, "one role chains to the other"
    assert len(re.findall(r"^principal: user/alias-", text, re.M)) == 3

    aliases = [machine.awstape("alias", "--cassette", cassette, role).ok().out.split()[-1] for role in roles]
    for user, asked in (machine, (*roles, KEY_ID)), (stranger, aliases):
        for way in (), ("--proxy",):
            seen, _ = user.awstape("replay", cassette, "--strict", *way, "--", *PROGRAM, *asked).json
            assert renaming(answers, seen).keys() >= {"fake-auditor", "fake-admin", "fake-user", "moto", ACCOUNT}
        assert user.run(*IN_PROCESS, cassette, *asked).json[0] == seen


def test_a_role_that_is_assumed_later_is_recorded_beside_the_user(machine: Machine, moto: str, cassette: Path) -> None:
    roles = ARN + "fake-auditor", ARN + "fake-admin"
    machine.awstape("record", cassette, "--upstream", moto, "--", *USER_ALONE, *roles, KEY_ID).ok()
    assert "principal" not in cassette.read_text("utf-8")
    options = "--mode", "new_episodes", "--upstream", moto
    answers, _ = machine.awstape("record", cassette, *options, "--", *PROGRAM, *roles, KEY_ID).json
    names = [arn.split("/")[1] for arn, _ in answers]
    assert names[:3] == ["fake-admin", "fake-auditor", "fake-admin"]
    assert names[3].startswith("alias-"), "what the cassette had is answered from it"
    seen, _ = machine.awstape("replay", cassette, "--strict", "--", *PROGRAM, *roles, KEY_ID).json
    assert [arn.split("/")[1] for arn, _ in seen][3] == names[3]
    assert len({arn for arn, _ in seen}) == 3

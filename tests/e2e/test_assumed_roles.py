"""A program that assumes a role in another account: in replay it is the same caller with what it gets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from e2e.harness import Machine, program
from e2e.renaming import renaming
from e2e.test_moto import moto_server

OTHER_ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/fake-auditor"
CROSS = program(
    """\
import json, sys, boto3
def roles(**keys):
    iam = boto3.client("iam", region_name="us-east-1", **keys)
    return [role["RoleName"] for page in iam.get_paginator("list_roles").paginate() for role in page["Roles"]]
sts = boto3.client("sts", region_name="us-east-1")
got = sts.assume_role(RoleArn=sys.argv[1], RoleSessionName="fake-session")["Credentials"]
keys = dict(zip(("aws_access_key_id", "aws_secret_access_key", "aws_session_token"), got.values()))
who = boto3.client("sts", region_name="us-east-1", **keys).get_caller_identity()
expires = str(got["Expiration"])
print(json.dumps([roles(), roles(**keys), who["Account"], sts.get_caller_identity()["Account"], got["AccessKeyId"],
    got["SecretAccessKey"], got["SessionToken"], expires]))
"""
)


@pytest.fixture
def moto(machine: Machine) -> Iterator[str]:
    """The URL of a moto server with a role in its first account, and two in another one."""
    with moto_server(machine) as url:
        sts: Any = boto3.Session("fake", "fake", region_name="us-east-1").client("sts", endpoint_url=url)
        got = sts.assume_role(RoleArn=ROLE, RoleSessionName="fake-setup")["Credentials"]
        there = boto3.Session(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"], "us-east-1")
        here = boto3.Session("fake", "fake", region_name="us-east-1")
        for session, names in ((here, ["fake-home"]), (there, ["fake-auditor", "fake-else"])):
            iam: Any = session.client("iam", endpoint_url=url)
            for name in names:
                iam.create_role(RoleName=name, AssumeRolePolicyDocument='{"Statement": []}')
        yield url


def test_who_assumes_a_role_is_the_same_caller_in_replay(
    machine: Machine, stranger: Machine, moto: str, cassette: Path
) -> None:
    run = machine.awstape("record", cassette, "--upstream", moto, "--", *CROSS, ROLE)
    home, other, there, here, *secrets = run.json
    assert (home, sorted(other)) == (["fake-home"], ["fake-auditor", "fake-else"])
    assert (there, here) == (OTHER_ACCOUNT, "123456789012")
    text = cassette.read_text("utf-8")
    assert not any(real in text for real in (there, here, *secrets))

    found = re.search("RoleArn: (arn:aws:iam::000.*)", text)
    assert found
    # Without the key a program asks by aliases.
    for user, role in ((machine, ROLE), (stranger, found[1])):
        for way in (), ("--proxy",):
            replay = user.awstape("replay", cassette, "--strict", *way, "--", *CROSS, role)
            *seen, _, _, _, expires = replay.json
            names = renaming([home, other, there, here], seen)
            assert {*home, *other, there, here} <= names.keys()
            assert expires == "2099-12-31 23:59:59+00:00"

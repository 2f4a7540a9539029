"""The managed policies of AWS, as moto publishes them: each is recorded, and nothing of any is set aside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from support.exchanges import Exchange, record, request, respond
from support.strategies import SHARE

#: Policies with a secret named by a pattern, with the service `account`, or with a name that is also a word elsewhere.
ODD = (
    "AWSManagedSignUpAdminAccess",
    "AWSPanoramaFullAccess",
    "AWSPanoramaServiceLinkedRolePolicy",
    "AmazonLaunchWizardFullAccessV2",
    "AmazonRedshiftAllCommandsFullAccess",
    "BedrockAgentCoreFullAccess",
)


@cache
def policies() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(aws_managed_policies_data)
    assert len(found) > 1_000
    return found


def read(name: str) -> Exchange:
    policy = policies()[name]
    version = policy["DefaultVersionId"]
    asked = {"PolicyArn": f"arn:aws:iam::aws:policy{policy['Path']}{name}", "VersionId": version}
    answer = {"Document": json.dumps(policy["Document"]), "VersionId": version, "IsDefaultVersion": True}
    return request("GetPolicyVersion", asked), respond("GetPolicyVersion", {"PolicyVersion": answer})


def set_aside(*exchanges: Exchange) -> Iterator[str]:
    recording = record(*exchanges)
    assert len(recording.cassette.takes) == len(exchanges)
    return (f"{aside.track.identity}: {leak}" for aside in recording.set_aside for leak in aside.leaks)


@pytest.mark.parametrize("name", ODD)
def test_each_odd_policy_is_recorded(name: str) -> None:
    assert list(set_aside(read(name))) == []


def test_all_policies_are_recorded_together() -> None:
    """A part of them by default, all of them with `make test-thorough`; the odd ones always, beside the others."""
    names = [*ODD, *(name for name in sorted(policies())[:: 4 * SHARE] if name not in ODD)]
    assert list(set_aside(*map(read, names))) == []

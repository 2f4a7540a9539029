"""moto's server as the upstream: XML from another implementation, and a trailing empty page."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from e2e.harness import TIMEOUT, Machine, program
from e2e.renaming import renaming, text_pairs

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "sts:AssumeRole"}
    ],
}
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
LIST_ROLES = program(
    """\
import json, boto3
iam = boto3.client("iam", region_name="us-east-1")
roles = list(iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 2}))
attached = iam.get_paginator("list_attached_role_policies")
pages = [list(attached.paginate(RoleName=f"fake-role-{i}", PaginationConfig={"PageSize": 2})) for i in range(3)]
for page in [*roles, *sum(pages, [])]:
    del page["ResponseMetadata"]
    page.pop("Marker", None)
print(json.dumps([roles, pages], default=str))
"""
)


@contextmanager
def moto_server(machine: Machine) -> Iterator[str]:
    """The URL of a moto server."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with machine.process("moto_server", "-H", "127.0.0.1", "-p", str(port)):
        wait_until_listening(port)
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def moto(machine: Machine) -> Iterator[str]:
    """The URL of a moto server with three roles, the first of which has four policies."""
    with moto_server(machine) as url:
        keys = boto3.Session("fake", "fake", region_name="us-east-1")
        iam: Any = keys.client("iam", endpoint_url=url)
        for i in range(3):
            iam.create_role(
                RoleName=f"fake-role-{i}", AssumeRolePolicyDocument=json.dumps(TRUST), Description=f"no {i}"
            )
        for i in range(4):
            policy = iam.create_policy(PolicyName=f"fake-policy-{i}", PolicyDocument=json.dumps(ALLOW))["Policy"]
            iam.attach_role_policy(RoleName="fake-role-0", PolicyArn=policy["Arn"])
        yield url


def wait_until_listening(port: int) -> None:
    deadline = time.monotonic() + TIMEOUT
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < deadline, "moto did not start"
            time.sleep(0.05)


def test_moto_is_recorded_and_replayed(machine: Machine, moto: str, cassette: Path) -> None:
    run = machine.awstape("record", cassette, "--upstream", f"iam={moto}", "--", *LIST_ROLES)
    roles, pages = run.json
    assert [len(page["Roles"]) for page in roles] == [2, 1]
    assert [len(page["AttachedPolicies"]) for page in pages[0]] == [2, 2, 0]
    for way in (), ("--proxy",):
        replay = machine.awstape("replay", cassette, *way, "--", *LIST_ROLES)
        names = renaming([roles, pages], replay.json)
        assert {"123456789012", "111122223333", "fake-role-0", "fake-policy-3"} <= names.keys()
        assert replay.err == ""


STORY = program(
    """\
import json, boto3
iam = boto3.client("iam", region_name="us-east-1")
seen = []
def look(name):
    try: seen.append(iam.get_role(RoleName=name)["Role"]["Description"])
    except iam.exceptions.NoSuchEntityException: seen.append("gone")
    seen.append(sum(len(page["Roles"]) for page in iam.get_paginator("list_roles").paginate()))
def create(text):
    iam.create_role(RoleName="fake-role-0", AssumeRolePolicyDocument='{"Statement": []}', Description=text)
look("fake-role-0"); look("fake-role-1")
iam.delete_role(RoleName="fake-role-1")
look("fake-role-1"); look("fake-role-0"); look("fake-role-1")
iam.delete_role(RoleName="fake-role-2")
look("fake-role-2")
iam.create_role(RoleName="fake-role-1", AssumeRolePolicyDocument='{"Statement": []}', Description="back again")
look("fake-role-1"); look("fake-role-1")
print(json.dumps(seen))
"""
)


def test_a_program_that_writes_sees_its_story_again(machine: Machine, moto: str, cassette: Path) -> None:
    """Every answer is the recorded one, over the endpoint and through the proxy, and a second run changes nothing."""
    run = machine.awstape("record", cassette, "--include-writes", "--upstream", f"iam={moto}", "--", *STORY)
    recorded = run.json
    assert [seen for seen in recorded if isinstance(seen, str)] == [
        "no 0",
        "no 1",
        "gone",
        "no 0",
        "gone",
        "gone",
        *["back again"] * 2,
    ]
    assert [seen for seen in recorded if isinstance(seen, int)] == [3, 3, 2, 2, 2, 1, 2, 2]
    for way in (), ("--proxy",):
        replay = machine.awstape("replay", cassette, "--strict", *way, "--", *STORY)
        assert replay.json == recorded
        assert (replay.status, replay.err) == (0, "")
    shown = machine.awstape("show", cassette, "GetRole").ok().out
    assert "after: DeleteRole" in shown


EPISODE = program(
    """\
import json, boto3
iam = boto3.client("iam", region_name="us-east-1")
seen = []
def look():
    seen.append(iam.get_role(RoleName="fake-role-0")["Role"]["Description"])
    seen.append([len(page["Roles"]) for page in iam.get_paginator("list_roles").paginate()])
look()
iam.update_role(RoleName="fake-role-0", Description="changed")
look()
iam.delete_role(RoleName="fake-role-2")
look()
print(json.dumps(seen))
"""
)


def test_new_episodes_never_answer_from_before_a_write(machine: Machine, moto: str, cassette: Path) -> None:
    """The cassette has the reads, and none of the writes. The second run sends nothing: moto would say otherwise."""
    upstream = ("--include-writes", "--upstream", f"iam={moto}")
    look = EPISODE[-1].partition("iam.update_role")[0]
    machine.awstape("record", cassette, *upstream, "--", *EPISODE[:-1], look).ok()
    first = machine.awstape("record", cassette, "--mode", "new_episodes", *upstream, "--", *EPISODE).ok()
    assert first.json == ["no 0", [3], "changed", [3], "changed", [2]]
    text = cassette.read_bytes()
    again = machine.awstape("record", cassette, "--mode", "new_episodes", *upstream, "--", *EPISODE).ok()
    assert again.json == first.json
    assert cassette.read_bytes() == text
    for way in (), ("--proxy",):
        assert machine.awstape("replay", cassette, "--strict", *way, "--", *EPISODE).ok().json == first.json


LOOK = """\
import json, boto3
def client(name):
    return boto3.client(name, region_name="us-east-1")
dynamodb, sqs, cloudwatch = client("dynamodb"), client("sqs"), client("cloudwatch")
def pages(client, name, **input_):
    found = list(client.get_paginator(name).paginate(**input_))
    for page in found:
        del page["ResponseMetadata"]
    return found
seen = [
    pages(dynamodb, "list_tables", PaginationConfig={"PageSize": 1}),
    dynamodb.describe_table(TableName="fake-table")["Table"]["CreationDateTime"],
    dynamodb.get_item(TableName="fake-table", Key={"id": {"S": "fake-1"}})["Item"],
    pages(sqs, "list_queues"),
    pages(cloudwatch, "list_metrics", Namespace="fake"),
    pages(client("organizations"), "list_accounts"),
    pages(client("logs"), "describe_log_groups", PaginationConfig={"PageSize": 2}),
    pages(client("ssm"), "get_parameters_by_path", Path="/fake", PaginationConfig={"PageSize": 2}),
    pages(client("secretsmanager"), "list_secrets", PaginationConfig={"PageSize": 2}),
    pages(client("route53"), "list_hosted_zones", PaginationConfig={"PageSize": 2}),
]
try:
    sqs.get_queue_url(QueueName="fake-queue-9")
except sqs.exceptions.QueueDoesNotExist as error:
    seen.append(error.response["Error"])
print(json.dumps(seen, default=lambda value: "bytes" if isinstance(value, bytes) else str(value)))
"""


OF_LOOK = ("dynamodb", "sqs", "cloudwatch", "organizations", "logs", "ssm", "secretsmanager", "route53")


def test_services_of_other_protocols(machine: Machine, moto: str, cassette: Path) -> None:
    """JSON and CBOR, with blobs, times and errors."""
    keys = boto3.Session("fake", "fake", region_name="us-east-1")
    clients: dict[str, Any] = {name: keys.client(name, endpoint_url=moto) for name in OF_LOOK}  # type: ignore[call-overload]
    clients["dynamodb"].create_table(
        TableName="fake-table",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for i in range(3):
        item = {"id": {"S": f"fake-{i}"}, "data": {"B": bytes([255, i])}}
        clients["dynamodb"].put_item(TableName="fake-table", Item=item)
        clients["sqs"].create_queue(QueueName=f"fake-queue-{i}")
        clients["logs"].create_log_group(logGroupName=f"fake-group-{i}")
        clients["ssm"].put_parameter(Name=f"/fake/{i}", Value=f"fake-value-{i}", Type="SecureString")
        clients["secretsmanager"].create_secret(Name=f"fake-secret-{i}", SecretString="fake")
        clients["route53"].create_hosted_zone(Name=f"fake-{i}.test", CallerReference=f"{i}")
    clients["organizations"].create_organization()
    clients["cloudwatch"].put_metric_data(Namespace="fake", MetricData=[{"MetricName": "fake-metric", "Value": 1.5}])
    services = [word for name in clients for word in ("--service", name)]
    recorded = machine.awstape("record", cassette, *services, "--upstream", moto, "--", *program(LOOK)).ok()
    assert "parses" not in recorded.err
    assert recorded.json[-1]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
    for way in (), ("--proxy",):
        replay = machine.awstape("replay", cassette, "--strict", *way, "--", *program(LOOK)).ok()
        became = dict(text_pairs(recorded.json, replay.json))
        assert "fake-table" not in became.values()
        assert len(became) == len(set(became.values())) > 20
        assert len(replay.json[3][0]["QueueUrls"]) == 3

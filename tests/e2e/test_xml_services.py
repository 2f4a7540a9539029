"""Services that speak XML, with moto as the upstream: their pages are recorded through the proxy and replayed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from e2e.harness import Machine, program
from e2e.renaming import text_pairs
from e2e.test_moto import moto_server

SERVICES = ("ec2", "sns", "cloudformation", "autoscaling", "rds", "elbv2")
LIST = program(
    """\
import json, boto3, botocore.exceptions
calls = [
    ("ec2", "describe_regions", {}),
    ("ec2", "describe_instances", {"PaginationConfig": {"PageSize": 5}}),
    ("ec2", "describe_instances", {"Filters": [{"Name": "instance-type", "Values": ["t2.micro", "t3.micro"]}]}),
    ("ec2", "describe_security_groups", {}),
    ("ec2", "describe_subnets", {}),
    ("sns", "list_topics", {}),
    ("sns", "get_topic_attributes", {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:fake-topic-1"}),
    ("cloudformation", "list_stacks", {"StackStatusFilter": ["CREATE_COMPLETE"]}),
    ("cloudformation", "describe_stacks", {}),
    ("cloudformation", "describe_stacks", {"StackName": "fake-none"}),
    ("autoscaling", "describe_auto_scaling_groups", {}),
    ("autoscaling", "describe_launch_configurations", {}),
    ("rds", "describe_db_instances", {}),
    ("rds", "describe_db_instances", {"DBInstanceIdentifier": "fake-none"}),
    ("elbv2", "describe_load_balancers", {}),
]
seen = []
for service, name, arguments in calls:
    client = boto3.client(service, region_name="eu-west-1")
    try:
        if client.can_paginate(name):
            pages = list(client.get_paginator(name).paginate(**arguments))
        else:
            pages = [getattr(client, name)(**arguments)]
    except botocore.exceptions.ClientError as error:
        pages = [error.response]
    for page in pages:
        page.pop("ResponseMetadata")
        page.pop("NextToken", None)
    seen.append(pages)
print(json.dumps(seen, default=str))
"""
)


@pytest.fixture
def moto(machine: Machine) -> Iterator[str]:
    """The URL of a moto server with something of each service."""
    with moto_server(machine) as url:
        keys = boto3.Session("fake", "fake", region_name="eu-west-1")
        clients: dict[str, Any] = {name: keys.client(name, endpoint_url=url) for name in SERVICES}
        ec2, rds = clients["ec2"], clients["rds"]
        image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "fake <web> & more"}]}]
        for _ in range(6):
            ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, InstanceType="t2.micro", TagSpecifications=tags)
        for i in range(3):
            clients["sns"].create_topic(Name=f"fake-topic-{i}")
            template = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'
            clients["cloudformation"].create_stack(StackName=f"fake-stack-{i}", TemplateBody=template)
        launch = clients["autoscaling"]
        launch.create_launch_configuration(
            LaunchConfigurationName="fake-launch", ImageId=image, InstanceType="t2.micro"
        )
        launch.create_auto_scaling_group(
            AutoScalingGroupName="fake-group",
            LaunchConfigurationName="fake-launch",
            MinSize=1,
            MaxSize=1,
            AvailabilityZones=["eu-west-1a"],
        )
        rds.create_db_instance(
            DBInstanceIdentifier="fake-database",
            DBInstanceClass="db.t3.micro",
            Engine="postgres",
            MasterUsername="fakeuser",
            MasterUserPassword="fake-password",
            AllocatedStorage=10,
            Tags=[{"Key": "fake-key", "Value": "fake-value"}],
        )
        subnets = [subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]]
        clients["elbv2"].create_load_balancer(Name="fake-balancer", Subnets=subnets[:2])
        yield url


def test_services_that_speak_xml_are_recorded_and_replayed(machine: Machine, moto: str, cassette: Path) -> None:
    services = [argument for name in SERVICES for argument in ("--service", name)]
    run = machine.awstape("record", cassette, *services, "--upstream", moto, "--", *LIST).ok()
    assert [len(pages) for pages in run.json] == [1, 2, *[1] * 13]
    assert run.json[9][0]["Error"]["Code"] == "ValidationError"
    assert run.json[13][0]["Error"]["Code"] == "DBInstanceNotFound"
    assert "differently" not in run.err
    replay = machine.awstape("replay", cassette, "--proxy", "--", *LIST).ok()
    assert replay.err == ""
    became: dict[str, str] = {}
    for real, alias in text_pairs(run.json, replay.json):
        assert became.setdefault(real, alias) == alias
    assert len(set(became.values())) == len(became)
    assert not [name for name in ("fake-group", "fake-database", "fake-balancer") if became[name] == name]
    assert became["running"] == "running"

"""Pages of two other listings: an account's principals with their policies, and instances of EC2."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from awstape.core.aws.call import Answer
from awstape.core.aws.model import Operation
from awstape.core.aws.protocols.dispatch import write_response
from awstape.core.aws.wire import Response
from bench.traffic import MODELS

ACCOUNT, TIME = "111122223333", "2024-03-02T09:14:11Z"


def pages(service: str, operation: str, count: int) -> tuple[Operation, list[Response]]:
    """Returns an operation and some of its pages, which differ in their names and ids."""
    op = MODELS.operation(service, operation)
    outputs = (_OUTPUTS[operation](number) for number in range(count))
    return op, [write_response(op, Answer(output=output), "id") for output in outputs]


def _authorization_details(number: int) -> dict[str, Any]:
    """Fifty roles with an inline policy each."""
    return {"IsTruncated": False, "RoleDetailList": [_role(number, i) for i in range(50)]}


def _role(number: int, i: int) -> dict[str, Any]:
    name, bucket = f"App{number}-{i}-role", f"arn:aws:s3:::acme-data-{number}-{i}"
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    actions = ["s3:GetObject", "s3:ListBucket", "s3:PutObject", "kms:Decrypt"]
    inline = {"Sid": "ReadBucket", "Effect": "Allow", "Action": actions, "Resource": [bucket, f"{bucket}/*"]}
    managed = {"PolicyName": "ReadOnlyAccess", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
    return {
        "Path": "/",
        "RoleName": name,
        "RoleId": f"AROAEXAMPLE{number:05}{i:05}",
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}",
        "CreateDate": TIME,
        "AssumeRolePolicyDocument": json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        "RolePolicyList": [{"PolicyName": f"inline-{i}", "PolicyDocument": json.dumps({"Statement": [inline]})}],
        "AttachedManagedPolicies": [managed],
        "Tags": [{"Key": "Owner", "Value": f"team-{i % 7}"}],
        "RoleLastUsed": {"LastUsedDate": TIME, "Region": "eu-west-1"},
    }


def _instances(number: int) -> dict[str, Any]:
    """A hundred instances of one network."""
    reservations = [{"OwnerId": ACCOUNT, "Instances": [_instance(number, i)]} for i in range(100)]
    return {"Reservations": reservations}


def _instance(number: int, i: int) -> dict[str, Any]:
    address = f"10.{number}.0.{i + 1}"
    network = {"SubnetId": _id("subnet", i % 3), "VpcId": _id("vpc")}
    groups = [{"GroupName": "default", "GroupId": _id("sg", i % 4)}]
    interface = {"NetworkInterfaceId": _id("eni", number, i), "PrivateIpAddress": address, "Status": "in-use"}
    volume = {"VolumeId": _id("vol", number, i), "Status": "attached", "AttachTime": TIME, "DeleteOnTermination": True}
    return {
        "ImageId": _id("ami", i % 5),
        "InstanceId": _id("i", number, i),
        "InstanceType": "t3.micro",
        "KeyName": "acme-key",
        "LaunchTime": TIME,
        "Placement": {"AvailabilityZone": "eu-west-1a", "Tenancy": "default"},
        "PrivateDnsName": f"ip-{address.replace('.', '-')}.eu-west-1.compute.internal",
        "PrivateIpAddress": address,
        "State": {"Code": 16, "Name": "running"},
        "Architecture": "x86_64",
        "BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": volume}],
        "NetworkInterfaces": [{**network, **interface, "OwnerId": ACCOUNT, "Groups": groups}],
        "SecurityGroups": groups,
        "Tags": [{"Key": "Name", "Value": f"acme-web-{number}-{i}"}, {"Key": "env", "Value": "prod"}],
        **network,
    }


def _id(kind: str, *parts: int) -> str:
    return f"{kind}-{hashlib.sha256(repr((kind, *parts)).encode()).hexdigest()[:17]}"


_OUTPUTS: dict[str, Callable[[int], dict[str, Any]]] = {
    "GetAccountAuthorizationDetails": _authorization_details,
    "DescribeInstances": _instances,
}

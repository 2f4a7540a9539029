"""Fills a moto server with an account: IAM with paths and versions, and a little of what else programs look at."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import boto3

_REGION = "us-east-1"
_USERS = 12
_ROLES = 14
_POLICIES = 7


def populate(url: str) -> None:
    """Creates the resources in the moto server at a URL."""
    session = boto3.Session("FAKEACCESSKEYID", "fake-secret", region_name=_REGION)

    def client(service: str) -> Any:
        return session.client(service, endpoint_url=url)

    _create_identities(client("iam"))
    _create_storage(client("s3"), client("dynamodb"), client("kms"), client("secretsmanager"))
    _create_messaging(client("sqs"), client("sns"), client("lambda"), client("logs"))
    _create_network(client("ec2"), client("autoscaling"))
    _create_organization(client("organizations"))
    client("cloudformation").create_stack(StackName="fake-stack", TemplateBody=json.dumps(_TEMPLATE))
    client("ssm").put_parameter(Name="/fake/parameter", Value="fake", Type="String")


def _document(action: str | list[str], **members: object) -> str:
    statement = {"Effect": "Allow", "Action": action, **members}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _trust(**principal: str) -> str:
    return _document("sts:AssumeRole", Principal=principal)


_PRINCIPALS = (
    {"Service": "ec2.amazonaws.com"},
    {"Service": "lambda.amazonaws.com"},
    {"AWS": "arn:aws:iam::123456789012:root"},
    {"AWS": "arn:aws:iam::210987654321:root"},
)
_ACTIONS: tuple[list[str], ...] = (
    ["s3:GetObject"],
    ["iam:PassRole", "ec2:RunInstances"],
    ["*"],
    ["sts:AssumeRole"],
    ["iam:CreateAccessKey"],
    ["lambda:CreateFunction", "lambda:InvokeFunction", "iam:PassRole"],
)
_TEMPLATE = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "fake-stack-topic"}}}}


def _create_identities(iam: Any) -> None:
    iam.create_account_alias(AccountAlias="fake-company")
    iam.update_account_password_policy(MinimumPasswordLength=12)
    policies = list(_create_policies(iam))
    for i, name in enumerate(("fake-admins", "fake-developers", "fake-auditors")):
        iam.create_group(GroupName=name, Path="/fake/" if i else "/")
        iam.attach_group_policy(GroupName=name, PolicyArn=policies[i])
        iam.put_group_policy(GroupName=name, PolicyName="inline", PolicyDocument=_document(_ACTIONS[i], Resource="*"))
    for i in range(_USERS):
        name = f"fake-user-{i}"
        tags = [{"Key": "team", "Value": f"fake-team-{i % 3}"}]
        iam.create_user(UserName=name, Path="/fake/division/" if i % 2 else "/", Tags=tags)
        iam.add_user_to_group(UserName=name, GroupName=("fake-admins", "fake-developers", "fake-auditors")[i % 3])
        if i % 3 == 0:
            iam.create_access_key(UserName=name)
            iam.create_login_profile(UserName=name, Password="Fake-password-1!")
            document = _document(_ACTIONS[i % len(_ACTIONS)], Resource="*")
            iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=document)
            iam.attach_user_policy(UserName=name, PolicyArn=policies[i % len(policies)])
    for i in range(_ROLES):
        name, path = f"fake-role-{i}", "/fake/service/" if i % 2 else "/"
        principal = _PRINCIPALS[i % len(_PRINCIPALS)]
        iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=_trust(**principal), Description=f"no {i}")
        iam.attach_role_policy(RoleName=name, PolicyArn=policies[i % len(policies)])
        if i % 2:
            document = _document(_ACTIONS[i % len(_ACTIONS)], Resource=f"arn:aws:s3:::fake-bucket-{i % 4}/*")
            iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document)
        if i % 4 == 0:
            iam.create_instance_profile(InstanceProfileName=name, Path=path)
            iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)


def _create_policies(iam: Any) -> Iterator[str]:
    for i in range(_POLICIES):
        document = _document(_ACTIONS[i % len(_ACTIONS)], Resource="*")
        path = "/fake/" if i % 2 else "/"
        arn = iam.create_policy(PolicyName=f"fake-policy-{i}", Path=path, PolicyDocument=document)["Policy"]["Arn"]
        for version in range(i % 4):
            newer = _document([*_ACTIONS[i % len(_ACTIONS)], f"s3:{('List*', 'Get*', 'Put*')[version]}"], Resource="*")
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=newer, SetAsDefault=version == 1)
        yield arn


def _create_storage(s3: Any, dynamodb: Any, kms: Any, secretsmanager: Any) -> None:
    for i in range(4):
        bucket = f"fake-bucket-{i}"
        s3.create_bucket(Bucket=bucket)
        resource = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
        document = _document("s3:GetObject", Principal={"AWS": "arn:aws:iam::210987654321:root"}, Resource=resource)
        if i % 2:
            s3.put_bucket_policy(Bucket=bucket, Policy=document)
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        for j in range(3):
            s3.put_object(Bucket=bucket, Key=f"fake/key-{j}.txt", Body=b"fake")
    dynamodb.create_table(
        TableName="fake-table",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    key = kms.create_key(Description="fake key")["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/fake-key", TargetKeyId=key)
    secretsmanager.create_secret(Name="fake-secret", SecretString="fake")


def _create_messaging(sqs: Any, sns: Any, lambda_: Any, logs: Any) -> None:
    anyone = {"AWS": "*"}
    for i in range(3):
        url = sqs.create_queue(QueueName=f"fake-queue-{i}")["QueueUrl"]
        document = _document("sqs:SendMessage", Principal=anyone, Resource=f"arn:aws:sqs:{_REGION}:123456789012:*")
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": document})
        topic = sns.create_topic(Name=f"fake-topic-{i}")["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=f"fake-{i}@example.com")
    with zipfile.ZipFile(code := io.BytesIO(), "w") as archive:
        archive.writestr("index.py", "def handler(event, context): pass\n")
    for i in range(2):
        lambda_.create_function(
            FunctionName=f"fake-function-{i}",
            Runtime="python3.12",
            Handler="index.handler",
            Role="arn:aws:iam::123456789012:role/fake/service/fake-role-1",
            Code={"ZipFile": code.getvalue()},
            Environment={"Variables": {"FAKE_PASSWORD": "fake-password"}},
        )
        logs.create_log_group(logGroupName=f"/aws/lambda/fake-function-{i}")


def _create_network(ec2: Any, autoscaling: Any) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="fake-group", Description="fake", VpcId=vpc)["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    instances = {"ImageId": image, "InstanceType": "t3.micro", "SecurityGroupIds": [group], "SubnetId": subnet}
    profile = {"Arn": "arn:aws:iam::123456789012:instance-profile/fake-role-0"}
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "team", "Value": "fake-team-0"}]}]
    ec2.run_instances(MinCount=3, MaxCount=3, IamInstanceProfile=profile, TagSpecifications=tags, **instances)
    autoscaling.create_launch_configuration(
        LaunchConfigurationName="fake-launch", ImageId=image, InstanceType="t3.micro", IamInstanceProfile="fake-role-4"
    )
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="fake-scaling",
        LaunchConfigurationName="fake-launch",
        MinSize=1,
        MaxSize=2,
        VPCZoneIdentifier=subnet,
    )


def _create_organization(organizations: Any) -> None:
    organizations.create_organization(FeatureSet="ALL")
    root = organizations.list_roots()["Roots"][0]["Id"]
    unit = organizations.create_organizational_unit(ParentId=root, Name="fake-unit")["OrganizationalUnit"]["Id"]
    for i in range(3):
        status = organizations.create_account(Email=f"fake-{i}@example.com", AccountName=f"fake-account-{i}")
        account = status["CreateAccountStatus"]["AccountId"]
        organizations.move_account(AccountId=account, SourceParentId=root, DestinationParentId=unit)
    content = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
    policy = organizations.create_policy(
        Name="fake-scp", Description="fake", Type="SERVICE_CONTROL_POLICY", Content=content
    )["Policy"]["PolicySummary"]["Id"]
    organizations.attach_policy(PolicyId=policy, TargetId=unit)

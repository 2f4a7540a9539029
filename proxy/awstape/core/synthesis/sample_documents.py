"""Sample documents: generated policies, trust policies and credential reports."""

from __future__ import annotations

import json
from collections.abc import Mapping

from awstape.core.aws.model import Value
from awstape.core.synthesis.entities import TEAMS
from awstape.core.synthesis.generation_context import Context
from awstape.core.synthesis.seeded_choice import Seed
from awstape.core.synthesis.timestamps import Stage, format_synthetic_time

#: Accounts of others, to which policies and findings refer.
OTHER_ACCOUNTS = ("210987654321", "345678901234", "567890123456")
_PRINCIPALS = tuple(f"{service}.amazonaws.com" for service in ("ec2", "lambda", "ecs-tasks", "states", "events"))
#: Service → actions and the resource that a policy allows them on.
_PERMISSIONS: Mapping[str, tuple[list[str], str]] = {
    "s3": (["s3:GetObject", "s3:ListBucket"], "arn:aws:s3:::{team}-artifacts/*"),
    "dynamodb": (["dynamodb:GetItem", "dynamodb:Query"], "arn:aws:dynamodb:{region}:{account}:table/{team}"),
    "sqs": (["sqs:ReceiveMessage", "sqs:DeleteMessage"], "arn:aws:sqs:{region}:{account}:{team}-jobs"),
    "logs": (["logs:CreateLogStream", "logs:PutLogEvents"], "*"),
    "ec2": (["ec2:DescribeInstances"], "*"),
    "kms": (["kms:Decrypt"], "arn:aws:kms:{region}:{account}:alias/{team}"),
}
_REPORT_COLUMNS = """
    user arn user_creation_time password_enabled password_last_used password_last_changed password_next_rotation
    mfa_active access_key_1_active access_key_1_last_rotated access_key_1_last_used_date access_key_1_last_used_region
    access_key_1_last_used_service access_key_2_active access_key_2_last_rotated access_key_2_last_used_date
    access_key_2_last_used_region access_key_2_last_used_service cert_1_active cert_1_last_rotated cert_2_active
    cert_2_last_rotated
""".split()


def permissions_policy(context: Context) -> str:
    """A policy that allows some actions of one service."""
    actions, resource = context.seed.choose(list(_PERMISSIONS.values()))
    team = context.seed.at("team").choose(TEAMS)
    where = resource.format(team=team, region=context.region, account=context.account)
    return _policy(Effect="Allow", Action=[*actions], Resource=where)


def trust_policy(context: Context) -> str:
    """The trust policy of a role, the same in all structures: mostly a service may assume it, else another account."""
    seed = Seed(context.entity("role").id)
    if seed.decide(70):
        service = seed.at("service").choose(_PRINCIPALS)
        return _policy(Effect="Allow", Principal={"Service": service}, Action="sts:AssumeRole")
    condition: dict[str, Value] = {"StringEquals": {"sts:ExternalId": f"partner-{seed.number(1000, 9999)}"}}
    return _policy(Effect="Allow", Principal=_other_account(seed), Action="sts:AssumeRole", Condition=condition)


def resource_policy(context: Context) -> str:
    """The policy of a resource that is shared with another account."""
    return _policy(Effect="Allow", Principal=_other_account(context.seed), Action="s3:GetObject", Resource="*")


def _other_account(seed: Seed) -> dict[str, Value]:
    return {"AWS": f"arn:aws:iam::{seed.at('other').choose(OTHER_ACCOUNTS)}:root"}


def _policy(**statement: Value) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))


def credential_report(context: Context) -> str:
    """A CSV report of three users: docs.aws.amazon.com/IAM, "Get credential reports for your AWS account"."""
    rows = [_REPORT_COLUMNS]
    for i in range(3):
        user, seed = context.for_item(i, 3).entity("user"), context.seed.at(i)
        created, used = (
            format_synthetic_time(context.lifetime.at(stage, seed)) for stage in (Stage.CREATED, Stage.USED)
        )
        password = ["true", used, created, "N/A"] if i else ["false", "N/A", "N/A", "N/A"]
        key = ["true", created, used, "us-east-1", "s3"] if i else ["false", *["N/A"] * 4]
        rest = ["false", *["N/A"] * 4, "false", "N/A", "false", "N/A"]
        rows.append([user.name, user.arn, created, *password, "true", *key, *rest])
    return "\n".join(map(",".join, rows)) + "\n"

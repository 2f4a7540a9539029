"""Documents that are made up: policies, trust policies and a credential report, as their owners would have them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from awstape.core.aws.model import Value
from awstape.core.synthesis.entities import TEAMS, Scene
from awstape.core.synthesis.seeded_choice import Chance, Stage, date

#: Accounts of others, that policies and findings speak of.
OTHERS = ("210987654321", "345678901234", "567890123456")
_PRINCIPALS = tuple(f"{service}.amazonaws.com" for service in ("ec2", "lambda", "ecs-tasks", "states", "events"))
_LEVELS: Mapping[str, tuple[list[str], str]] = {
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


def permissions(scene: Scene) -> str:
    """What somebody may do."""
    actions, resource = scene.chance.pick(list(_LEVELS.values()))
    team = scene.chance.at("team").pick(TEAMS)
    where = resource.format(team=team, region=scene.region, account=scene.account)
    return _policy(Effect="Allow", Action=[*actions], Resource=where)


def trust(scene: Scene) -> str:
    """Who may assume the role: mostly a service, sometimes another account. The same wherever the role is told of."""
    chance = Chance(scene.entity("role").id)
    if chance.happens(70):
        service = chance.at("service").pick(_PRINCIPALS)
        return _policy(Effect="Allow", Principal={"Service": service}, Action="sts:AssumeRole")
    condition: dict[str, Value] = {"StringEquals": {"sts:ExternalId": f"partner-{chance.number(1000, 9999)}"}}
    return _policy(Effect="Allow", Principal=_other(chance), Action="sts:AssumeRole", Condition=condition)


def resource_policy(scene: Scene) -> str:
    """Whom a resource is shared with."""
    return _policy(Effect="Allow", Principal=_other(scene.chance), Action="s3:GetObject", Resource="*")


def _other(chance: Chance) -> dict[str, Value]:
    return {"AWS": f"arn:aws:iam::{chance.at('other').pick(OTHERS)}:root"}


def _policy(**statement: Value) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))


def credential_report(scene: Scene) -> str:
    """A report of three users: docs.aws.amazon.com/IAM, "Get credential reports for your AWS account"."""
    rows = [_REPORT_COLUMNS]
    for i in range(3):
        user, chance = scene.item(i, 3).entity("user"), scene.chance.at(i)
        made, used = (date(scene.life.at(stage, chance)) for stage in (Stage.MADE, Stage.USED))
        password = ["true", used, made, "N/A"] if i else ["false", "N/A", "N/A", "N/A"]
        key = ["true", made, used, "us-east-1", "s3"] if i else ["false", *["N/A"] * 4]
        rest = ["false", *["N/A"] * 4, "false", "N/A", "false", "N/A"]
        rows.append([user.name, user.arn, made, *password, "true", *key, *rest])
    return "\n".join(map(",".join, rows)) + "\n"

"""Entities: roles, users, policies and other things that have a name and an ARN.

1. The name, path, unique id and ARN of an entity are derived from one seed, so they agree in all members.
2. All entities are in one account, but for those that AWS owns; IAM's are in no region.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from awstape.core.synthesis.seeded_choice import Seed

#: Member that names an entity → its kind, which is its type in ARNs.
NAMES: Mapping[str, str] = {
    "RoleName": "role",
    "UserName": "user",
    "GroupName": "group",
    "PolicyName": "policy",
    "InstanceProfileName": "instance-profile",
    "ServerCertificateName": "server-certificate",
    "VirtualMFADeviceName": "mfa",
    "TemplateName": "role-template",
    "analyzerName": "analyzer",
}
#: Structure → kind of the entity that it describes, where no member names it.
SUBJECT_KINDS: Mapping[str, str] = {
    "AnalyzerSummary": "analyzer",
    "CreateAnalyzerResponse": "analyzer",
    "CreateOpenIDConnectProviderResponse": "oidc-provider",
    "CreateSAMLProviderResponse": "saml-provider",
    "OpenIDConnectProviderListEntry": "oidc-provider",
    "SAMLProviderListEntry": "saml-provider",
    "VirtualMFADevice": "user",
}
#: docs.aws.amazon.com/IAM, "IAM identifiers": unique ID prefixes.
_ID_PREFIXES: Mapping[str, str] = {
    "role": "AROA",
    "user": "AIDA",
    "group": "AGPA",
    "policy": "ANPA",
    "instance-profile": "AIPA",
    "server-certificate": "ASCA",
}
_KINDS_WITHOUT_PATH = frozenset({"analyzer", "mfa", "oidc-provider", "role-template", "saml-provider"})
#: Structures that describe AWS-managed policies among the customer's policies.
STRUCTURES_WITH_AWS_POLICIES = frozenset({"AttachedPolicy", "Policy"})
#: Paths and names of AWS-managed policies.
AWS_POLICIES = """
    ReadOnlyAccess AmazonS3ReadOnlyAccess service-role/AWSLambdaBasicExecutionRole CloudWatchLogsFullAccess
    AmazonSSMManagedInstanceCore AWSKeyManagementServicePowerUser AmazonDynamoDBFullAccess SecurityAudit
    AmazonSQSFullAccess service-role/AmazonEC2ContainerServiceforEC2Role PowerUserAccess AmazonSNSReadOnlyAccess
    IAMReadOnlyAccess AmazonEC2ReadOnlyAccess AWSXRayDaemonWriteAccess service-role/AWSLambdaVPCAccessExecutionRole
""".split()
TEAMS = "billing checkout data identity inventory mobile payments platform search shipping".split()
_PURPOSES = "admin api audit backup batch build deploy monitor read support".split()
_FIRST_NAMES = "alice bob carol dave erin frank grace heidi ivan judy mallory niaj olivia peggy rupert sybil".split()
#: The alphabet of unique ids.
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


@dataclass(frozen=True)
class Entity:
    """A thing with a name and an ARN. kind: its type in ARNs. id: its unique id. region: empty for those of IAM."""

    kind: str
    name: str
    path: str
    id: str
    account: str
    region: str = ""
    partition: str = "aws"

    @property
    def arn(self) -> str:
        service = "access-analyzer" if self.kind == "analyzer" else "iam"
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{self.kind}{self.path}{self.name}"


def generate_name(kind: str, seed: Seed, number: int) -> str:
    """A name for an entity, as its owners would choose it. number: distinguishes the entities of a listing."""
    team = generate_team(seed)
    name = f"{team}-{seed.at('purpose').choose(_PURPOSES)}-{number:02}"
    if kind == "user":
        return f"{seed.at('first').choose(_FIRST_NAMES)}.{team}{number}"
    return f"oidc.{name}.example.net" if kind == "oidc-provider" else name


def generate_path(kind: str, seed: Seed, prefix: str, given: object) -> str:
    """The path of an entity. prefix: the path prefix of the request. given: the path in the request, if it has one."""
    if kind in _KINDS_WITHOUT_PATH:
        return "/"
    if isinstance(given, str):
        return given
    return f"{prefix}{generate_team(seed)}/" if seed.at("path").decide(30) else prefix


def generate_id(kind: str, seed: Seed) -> str:
    """The unique id of an entity."""
    return unique_id(_ID_PREFIXES.get(kind, ""), seed)


def generate_team(seed: Seed) -> str:
    """The team that owns an entity."""
    return seed.at("team").choose(TEAMS)


def unique_id(prefix: str, seed: Seed) -> str:
    """A unique id as IAM assigns it: `AROAZ2XKQ…`."""
    return prefix + seed.at("id").text(LETTERS, 21 - len(prefix))

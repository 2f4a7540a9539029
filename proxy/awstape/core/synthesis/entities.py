"""`Scene` and `Entity`: what a made-up value is part of, so that the members of a thing speak of one thing.

1. A structure is about entities: a role, a user, a policy. Its name, path, unique id and ARN are one entity's, in
   whichever members they stand.
2. What the identity names is the same entity all over the answer: the user of `ListAccessKeys {UserName}` is that of
   every key. So is what a structure is about, in all that is below it.
3. Everything is in one account, but for what AWS owns, and in one region.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from awstape.core.aws.model import Shape, Value
from awstape.core.synthesis.seeded_choice import Chance, Life

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
#: Structures that are about an entity which no member names.
_ABOUT: Mapping[str, str] = {
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
_WITHOUT_PATH = frozenset({"analyzer", "mfa", "oidc-provider", "role-template", "saml-provider"})
#: Structures of which AWS's own policies are among the customer's.
_WITH_POLICIES_OF_AWS = frozenset({"AttachedPolicy", "Policy"})
_POLICIES_OF_AWS = """
    ReadOnlyAccess AmazonS3ReadOnlyAccess service-role/AWSLambdaBasicExecutionRole CloudWatchLogsFullAccess
    AmazonSSMManagedInstanceCore AWSKeyManagementServicePowerUser AmazonDynamoDBFullAccess SecurityAudit
    AmazonSQSFullAccess service-role/AmazonEC2ContainerServiceforEC2Role PowerUserAccess AmazonSNSReadOnlyAccess
    IAMReadOnlyAccess AmazonEC2ReadOnlyAccess AWSXRayDaemonWriteAccess service-role/AWSLambdaVPCAccessExecutionRole
""".split()
TEAMS = "billing checkout data identity inventory mobile payments platform search shipping".split()
_PURPOSES = "admin api audit backup batch build deploy monitor read support".split()
_FIRST_NAMES = "alice bob carol dave erin frank grace heidi ivan judy mallory niaj olivia peggy rupert sybil".split()
#: Of unique ids.
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):(?:iam|access-analyzer):(?P<region>[^:]*):(?P<account>[^:]*):"
    r"(?P<kind>[a-z-]+)/(?P<name>.+)"
)


@dataclass(frozen=True)
class Entity:
    """Something that has a name and an ARN. kind: its type in ARNs. region: empty for those of IAM."""

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


@dataclass(frozen=True)
class Scene:
    """What a value is made from.

    chance: the value's own. thing: that of the structure or list item that it is in. index, count: of that item.
    known: kind → entity, of those that are known by now. about: the entity that the structure is about.
    facts: what the identity says.
    """

    chance: Chance
    thing: Chance
    life: Life
    account: str
    region: str
    index: int = 0
    count: int = 1
    known: Mapping[str, Entity] = field(default_factory=dict)
    about: Entity | None = None
    facts: Mapping[str, Value] = field(default_factory=dict)
    siblings: Mapping[str, Value] = field(default_factory=dict)

    def entity(self, kind: str) -> Entity:
        """The entity of a kind in the structure: the known one, or one of its own."""
        return self.known.get(kind) or self._entity(kind, self.thing.at(kind))

    def of(self, shape: Shape) -> Scene:
        """Within a structure."""
        kind = self._kind_of(shape)
        if kind is None:
            return replace(self, thing=self.chance)
        scene = replace(self, thing=self.chance)
        policy = scene.policy_of_aws() if shape.name in _WITH_POLICIES_OF_AWS and "policy" not in self.known else None
        entity = policy or scene.entity(kind)
        return replace(scene, about=entity, known={**self.known, kind: entity})

    def member(self, name: str, siblings: Mapping[str, Value]) -> Scene:
        return replace(self, chance=self.thing.at(name), siblings=siblings)

    def item(self, index: int, count: int) -> Scene:
        """An item of a list that is the value."""
        chance = self.chance.at(index)
        return replace(self, chance=chance, thing=chance, index=index, count=count)

    def policy_of_aws(self) -> Entity | None:
        """Every third policy of a listing, as long as AWS has some; all, if those of AWS are asked for."""
        of_aws = self.facts.get("Scope") == "AWS"
        rank, is_other = (self.index, 0) if of_aws else divmod(self.index, 3)
        turn, rank = divmod(rank, len(_POLICIES_OF_AWS))
        if not of_aws and (is_other or turn or self.prefix != "/" or self.facts.get("Scope") == "Local"):
            return None
        first = Chance(self.chance.place.rpartition("/")[0]).number(1, len(_POLICIES_OF_AWS))
        path, _, name = _POLICIES_OF_AWS[rank - first].rpartition("/")
        name = f"{name}V{turn + 1}" if turn else name
        return Entity("policy", name, f"/{path}/" if path else "/", unique_id("ANPA", self.chance), "aws")

    @property
    def is_used(self) -> bool:
        """Whether the thing was ever used."""
        return self.thing.at("used").happens(75)

    @property
    def prefix(self) -> str:
        """The path that is asked for, `/` if none is."""
        prefix = self.facts.get("PathPrefix")
        return f"{prefix.rstrip('/')}/" if isinstance(prefix, str) else "/"

    def _kind_of(self, shape: Shape) -> str | None:
        if shape.name == "EntityInfo":  # as its member `Type` will say
            return self.chance.at("Type").pick(shape.members["Type"].shape.enum).lower()
        return _ABOUT.get(shape.name) or next((NAMES[name] for name in shape.members if name in NAMES), None)

    def _entity(self, kind: str, chance: Chance, name: str | None = None) -> Entity:
        team, number = chance.at("team").pick(TEAMS), self.index + 1 if self.count > 1 else chance.number(1, 99)
        made = f"{team}-{chance.at('purpose').pick(_PURPOSES)}-{number:02}"
        if kind == "user":
            made = f"{chance.at('first').pick(_FIRST_NAMES)}.{team}{number}"
        elif kind == "oidc-provider":
            made = f"oidc.{made}.example.net"
        path = f"{self.prefix}{team}/" if chance.at("path").happens(30) else self.prefix
        if kind in _WITHOUT_PATH:
            path = "/"
        elif isinstance(asked := self.facts.get("Path"), str):
            path = asked
        account = "aws" if kind == "role-template" else self.account
        region = self.region if kind == "analyzer" else ""
        id_ = unique_id(_ID_PREFIXES.get(kind, ""), chance)
        return Entity(kind, made if name is None else name, path, id_, account, region)

    def told(self, identity: Mapping[str, Value]) -> Scene:
        """The scene in which an identity is known: what it says and the entities that it names."""
        found = {name: value for name, value in identity.items() if isinstance(value, str)}
        arns = [match for value in found.values() if (match := _ARN.fullmatch(value))]
        accounts = [match["account"] for match in arns if match["account"].isdigit()]
        scene = replace(self, facts=identity, account=accounts[0] if accounts else self.account)
        known = {NAMES[name]: scene._named(NAMES[name], value) for name, value in found.items() if name in NAMES}
        for match in arns:
            folders, _, name = match["name"].rpartition("/")
            entity = scene._named(match["kind"], name)
            path = f"/{folders}/" if folders else "/"
            where = {part: match[part] for part in ("partition", "account", "region")}
            known[match["kind"]] = replace(entity, path=path, **where)
        return replace(scene, known=known)

    def _named(self, kind: str, name: str) -> Entity:
        return self._entity(kind, self.chance.at(kind), name)


def unique_id(prefix: str, chance: Chance) -> str:
    """An id as IAM gives it: `AROAZ2XKQ…`."""
    return prefix + chance.at("id").text(LETTERS, 21 - len(prefix))

"""Generation context: what a value is generated from, so that the members of one structure describe one thing.

1. A structure describes entities: a role, a user, a policy. The name, path, unique id and ARN of an entity agree in all
   members of the structure.
2. An entity that the identity names is the same in the whole answer: the user of `ListAccessKeys {UserName}` is the
   user of every key. The entity that a structure describes is the same in all structures below it.
3. Everything is in one account, but for what AWS owns, and in one region. The account is that of the ARNs in the
   identity.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from awstape.core.aws.model import Shape, Value
from awstape.core.synthesis.entities import (
    AWS_POLICIES,
    NAMES,
    STRUCTURES_WITH_AWS_POLICIES,
    SUBJECT_KINDS,
    Entity,
    generate_id,
    generate_name,
    generate_path,
    unique_id,
)
from awstape.core.synthesis.seeded_choice import Seed
from awstape.core.synthesis.timestamps import Lifetime

_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):(?:iam|access-analyzer):(?P<region>[^:]*):(?P<account>[^:]*):"
    r"(?P<kind>[a-z-]+)/(?P<name>.+)"
)


@dataclass(frozen=True)
class Context:
    """Where a value is in the answer, and what is known there.

    seed: of the value itself. owner_seed: of the structure or list item that the value is in. index, count: of that
    item. entities: kind → entity, of the entities known so far. subject: the entity that the structure describes.
    identity: the members of the request. siblings: the members of the structure generated so far.
    """

    seed: Seed
    owner_seed: Seed
    lifetime: Lifetime
    account: str
    region: str
    index: int = 0
    count: int = 1
    entities: Mapping[str, Entity] = field(default_factory=dict)
    subject: Entity | None = None
    identity: Mapping[str, Value] = field(default_factory=dict)
    siblings: Mapping[str, Value] = field(default_factory=dict)

    # --- contexts of parts ---

    def for_structure(self, shape: Shape) -> Context:
        """The context of the members of a structure that is the value."""
        context = replace(self, owner_seed=self.seed)
        kind = self._subject_kind(shape)
        if kind is None:
            return context
        is_aws_policy = shape.name in STRUCTURES_WITH_AWS_POLICIES and "policy" not in self.entities
        policy = context.aws_policy() if is_aws_policy else None
        subject = policy or context.entity(kind)
        return replace(context, subject=subject, entities={**self.entities, kind: subject})

    def for_member(self, name: str, siblings: Mapping[str, Value]) -> Context:
        """The context of a member of the structure."""
        return replace(self, seed=self.owner_seed.at(name), siblings=siblings)

    def for_item(self, index: int, count: int) -> Context:
        """The context of an item of a list that is the value."""
        seed = self.seed.at(index)
        return replace(self, seed=seed, owner_seed=seed, index=index, count=count)

    def with_identity(self, identity: Mapping[str, Value]) -> Context:
        """The context in which an identity is known: its members and the entities that it names."""
        texts = {name: value for name, value in identity.items() if isinstance(value, str)}
        arns = [match for value in texts.values() if (match := _ARN.fullmatch(value))]
        accounts = [match["account"] for match in arns if match["account"].isdigit()]
        context = replace(self, identity=identity, account=accounts[0] if accounts else self.account)
        entities = {NAMES[name]: context._named(NAMES[name], value) for name, value in texts.items() if name in NAMES}
        for match in arns:
            folders, _, name = match["name"].rpartition("/")
            entity = context._named(match["kind"], name)
            path = f"/{folders}/" if folders else "/"
            where = {part: match[part] for part in ("partition", "account", "region")}
            entities[match["kind"]] = replace(entity, path=path, **where)
        return replace(context, entities=entities)

    # --- entities ---

    def entity(self, kind: str) -> Entity:
        """The entity of a kind in the structure: the known one, or one of its own."""
        return self.entities.get(kind) or self._generate_entity(kind, self.owner_seed.at(kind))

    def aws_policy(self) -> Entity | None:
        """An AWS-managed policy for every third item of a listing; for all, if the request has the scope `AWS`.

        None for other items, and behind the last policy of the list.
        """
        is_aws_scope = self.identity.get("Scope") == "AWS"
        rank, is_other = (self.index, 0) if is_aws_scope else divmod(self.index, 3)
        turn, rank = divmod(rank, len(AWS_POLICIES))
        is_customer_scope = self.path_prefix != "/" or self.identity.get("Scope") == "Local"
        if not is_aws_scope and (is_other or turn or is_customer_scope):
            return None
        first = Seed(self.seed.path.rpartition("/")[0]).number(1, len(AWS_POLICIES))
        path, _, name = AWS_POLICIES[rank - first].rpartition("/")
        name = f"{name}V{turn + 1}" if turn else name
        return Entity("policy", name, f"/{path}/" if path else "/", unique_id("ANPA", self.seed), "aws")

    @property
    def is_used(self) -> bool:
        """Whether the thing was ever used."""
        return self.owner_seed.at("used").decide(75)

    @property
    def path_prefix(self) -> str:
        """The path prefix of the request, `/` if it has none."""
        prefix = self.identity.get("PathPrefix")
        return f"{prefix.rstrip('/')}/" if isinstance(prefix, str) else "/"

    # --- versions of a policy ---

    @property
    def version(self) -> int:
        """The number of the policy version that is the item, in a list that begins with the newest version."""
        return self.count - self.index

    @property
    def version_count(self) -> int:
        """The number of versions of the policy, where the request does not ask for all of them."""
        return 1 + len(self.entity("policy").arn) % 3

    def default_version(self, versions: int) -> int:
        """The number of the default version, of so many versions of the policy."""
        return 1 + sum(self.entity("policy").name.encode()) % versions

    # --- generation ---

    def _subject_kind(self, shape: Shape) -> str | None:
        """The kind of the entity that a structure describes."""
        if shape.name == "EntityInfo":  # the same as its member `Type`
            return self.seed.at("Type").choose(shape.members["Type"].shape.enum).lower()
        return SUBJECT_KINDS.get(shape.name) or next((NAMES[name] for name in shape.members if name in NAMES), None)

    def _named(self, kind: str, name: str) -> Entity:
        return self._generate_entity(kind, self.seed.at(kind), name)

    def _generate_entity(self, kind: str, seed: Seed, name: str | None = None) -> Entity:
        number = self.index + 1 if self.count > 1 else seed.number(1, 99)
        return Entity(
            kind,
            generate_name(kind, seed, number) if name is None else name,
            generate_path(kind, seed, self.path_prefix, self.identity.get("Path")),
            generate_id(kind, seed),
            "aws" if kind == "role-template" else self.account,
            self.region if kind == "analyzer" else "",
        )

"""`synthesise`: a take of any operation, made up from the service model; no account of AWS is asked.

1. The answer is a walk over the output's shape. What a member says is `value_generators`'s; where that has
   nothing, the shape itself says enough. Every text is checked against enum, length and pattern of its shape: what
   fits none of these is an error, never a page that no service would send.
2. Required members are there, and of the others all that the service sends: lists leave out what AWS documents that
   its lists leave out, and what is told of failures only is left out. What not every role, user or key has
   (descriptions, last use) is there by chance.
3. The identity is what was asked for, and what the service requires besides. The answer speaks of it: a member of the
   same name says the same.
4. Values are made as real ones look, and redacted as recorded ones are, under a key made from the seed: so aliases
   are of the one grammar, and `awstape check` finds nothing. A page's tokens are named by position.
5. Pages are cut from one long one (`core.replay.paging_modes`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from awstape.core.aws.call import Answer
from awstape.core.aws.conform import misfits
from awstape.core.aws.constraints import excesses, fits
from awstape.core.aws.model import Operation, Shape, Value
from awstape.core.aws.paging import canonicalise, next_token
from awstape.core.cassette.cassette import Page, Take, Track
from awstape.core.cassette.tokens import name_tokens
from awstape.core.redaction.aliases import CollisionError
from awstape.core.redaction.project_rules import NO_RULES, Rules
from awstape.core.redaction.redactor import Redactor
from awstape.core.replay.paging_modes import Listing, Paging
from awstape.core.synthesis.entities import Scene
from awstape.core.synthesis.sample_words import ACTIONS, NAMESPACES, WORDS, timestamp, version_count
from awstape.core.synthesis.seeded_choice import Chance, Life
from awstape.core.synthesis.value_generators import MAKERS

#: "IAM resource-listing operations return a subset of the available attributes for the resource" (API reference, of
#: ListRoles, ListUsers, ListPolicies, ListInstanceProfiles, ListVirtualMFADevices, and of the types).
_NOT_IN_LISTS = frozenset(
    """
    InstanceProfile.Tags Policy.Description Policy.Tags PolicyVersion.Document Role.PermissionsBoundary
    Role.RoleLastUsed Role.SourceRoleTemplate Role.Tags User.PermissionsBoundary User.Tags
    VirtualMFADevice.Base32StringSeed VirtualMFADevice.QRCodePNG VirtualMFADevice.Tags
    """.split()
)
#: Told of what failed or was refused, or only if more is asked for than the operation needs to be.
_NOT_TOLD = frozenset(
    """
    Error ErrorDetails Reason RejectionReason ResourceSpecificResults SourceRoleTemplate TrackedActionsLastAccessed
    detail error jobError managedBy statusReason
    """.split()
)
_SOMETIMES = frozenset("Description PasswordLastUsed PermissionsBoundary RoleLastUsed Tags condition".split())
"""Members that not every thing has."""
#: Members that tell of the last use: all of a structure's are there, or none.
_OF_USE = frozenset(
    """
    EntityPath LastAuthenticated LastAuthenticatedEntity LastAuthenticatedRegion LastAuthenticatedTime LastUsedDate
    Region lastAccessed
    """.split()
)
#: Shape → what is usual of its enum.
_USUAL: Mapping[str, tuple[str, ...]] = {
    "AccessAdvisorUsageGranularityType": ("SERVICE_LEVEL",),
    "AccessPreviewStatus": ("COMPLETED",),
    "AnalyzerStatus": ("ACTIVE",),
    "CheckAccessNotGrantedResult": ("FAIL",),
    "CheckNoNewAccessResult": ("FAIL",),
    "CheckNoPublicAccessResult": ("FAIL",),
    "DeletionTaskStatusType": ("SUCCEEDED",),
    "FindingSourceType": ("POLICY",),
    "FindingStatus": ("ACTIVE", "ACTIVE", "ARCHIVED", "RESOLVED"),
    "JobStatus": ("SUCCEEDED",),
    "PolicyEvaluationDecisionType": ("allowed", "implicitDeny", "explicitDeny"),
    "ResourceControlPolicyRestriction": ("NOT_APPLICABLE",),
    "Status": ("SUCCEEDED",),
    "Type": ("ACCOUNT", "ACCOUNT_UNUSED_ACCESS", "ORGANIZATION"),
    "jobStatusType": ("COMPLETED",),
    "permissionCheckStatusType": ("COMPLETE",),
    "statusType": ("Active", "Active", "Inactive"),
    "summaryStateType": ("AVAILABLE",),
}
#: How many items a listing has if nobody says it, and how many a page; three pages show how a program pages.
ITEMS = 25
PAGE_SIZE = 10
#: Of what isn't paged.
_A_FEW = 3
#: More would make a cassette that is too big to be read.
MOST_ITEMS = 10_000
#: Lists of an identity that the answer has an item for each of.
_ASKED_EACH = {"ActionNames": ACTIONS, "ServiceNamespaces": NAMESPACES}
#: What of a listing a filter of the identity asks for: member → word → lists.
_FILTERS: Mapping[str, Mapping[str, str]] = {
    "Filter": {
        "User": "UserDetailList",
        "Group": "GroupDetailList",
        "Role": "RoleDetailList",
        "LocalManagedPolicy": "Policies",
        "AWSManagedPolicy": "Policies",
    },
    "EntityFilter": {"User": "PolicyUsers", "Group": "PolicyGroups", "Role": "PolicyRoles"},
}
#: Member → how many items its list has; of other lists, one or two.
_COUNTS: Mapping[str, tuple[int, int]] = {
    "AttachedManagedPolicies": (1, 3),
    "GroupList": (0, 3),
    "MatchedStatements": (1, 1),
    "MissingContextValues": (0, 0),
    "Roles": (1, 1),
    "Tags": (1, 3),
    "exclusions": (0, 0),
    "inclusions": (0, 0),
    "sources": (1, 1),
    "trailProperties": (1, 1),
}
#: Union → the member that fits the rest of the answer.
_CHOICES = {"AnalyzerConfiguration": "unusedAccess", "FindingDetails": "unusedPermissionDetails"}
#: Of what was just made.
_NEW: Mapping[str, Value] = {"AttachmentCount": 0, "DefaultVersionId": "v1", "PermissionsBoundaryUsageCount": 0}


class SynthesisError(ValueError):
    """What can't be made up; `tip` says what can."""

    def __init__(self, problem: str, tip: str = "") -> None:
        super().__init__(problem)
        self.tip = tip


def synthesise(
    operation: Operation,
    asked: Mapping[str, Value],
    *,
    items: int | None = None,
    page_size: int | None = None,
    seed: str = "",
    region: str | None = None,
    rules: Rules = NO_RULES,
) -> Take:
    """A take of an operation: so many items in pages of so many; a few, if nobody says how many.

    asked: what of the identity is given, redacted. region: for a service that has some. rules: the project's.
    Raises SynthesisError for sizes that the service doesn't have, and CollisionError.
    """
    items, page_size = _sizes(operation, items, page_size)
    redactor = Redactor(hashlib.sha256(f"awstape new {seed}".encode("utf-8", "surrogatepass")).digest(), rules)
    maker = _Maker(operation, items)
    account = Chance(f"{seed}/account").text("123456789", 12)
    chance = Chance(f"{seed}/{operation.service.name}/{operation.name}/{region}/{sorted(asked.items())}")
    life = Life.late(chance) if operation.paging else Life.early(chance)
    scene = Scene(chance, chance, life, account, region or "us-east-1")

    identity = canonicalise(
        redactor.redact_identity(operation, maker.identity(asked, scene.told(asked))), operation.input
    )
    assert isinstance(identity, dict)
    track = Track(operation.service.name, operation.name, region, identity)
    output = maker.output(scene.told(identity))
    answer = redactor.redact_answer(operation, Answer(output))
    if collisions := redactor.collided_kinds():
        raise CollisionError(collisions[0])
    pages = _cut(operation, Take(track, (Page(None, None, answer),)), page_size)
    return Take(track, name_tokens(operation, track, 1, pages))


def lists_of(operation: Operation) -> tuple[str, ...]:
    """The lists of the output that items are for: those that are paged; where nothing is, all but tags."""
    if operation.paging:
        return operation.paging.items
    members = operation.output.members if operation.output else {}
    return tuple(name for name, member in members.items() if member.shape.type == "list" and name != "Tags")


def _sizes(operation: Operation, items: int | None, page_size: int | None) -> tuple[int, int]:
    """How many items there are, and how many on a page. Raises SynthesisError."""
    name, lists = f"{operation.service.name} {operation.name}", lists_of(operation)
    at_most = _longest_page(operation, lists)
    option = "page-size"
    if operation.paging is None:
        if page_size is not None:
            raise SynthesisError(f"{name} isn't paged: there is one page", "leave out --page-size")
        if items and not lists:
            raise SynthesisError(f"{name} answers without a list that items could be in", "leave out --items")
        items = page_size = min(at_most, _A_FEW) if items is None else items
        option = "items"
    items = ITEMS if items is None else items
    page_size = min(at_most, PAGE_SIZE) if page_size is None else page_size
    if page_size > at_most:
        raise SynthesisError(f"{name} has pages of at most {at_most} items", f"--{option} {at_most}")
    return items, page_size


def _longest_page(operation: Operation, lists: tuple[str, ...]) -> int:
    """How many items the model lets a page have."""
    shapes = [operation.output.members[name].shape for name in lists] if operation.output else []
    if operation.paging and operation.paging.limit and operation.input:
        shapes.append(operation.input.members[operation.paging.limit].shape)
    return min((shape.max for shape in shapes if shape.max is not None), default=MOST_ITEMS)


def _cut(operation: Operation, take: Take, page_size: int) -> list[Page]:
    listing = Listing(operation, take, 1, Paging("N", size=page_size))
    answer = listing.page(Listing.first, None).answer
    pages = [Page(None, None, answer)]
    while token := next_token(operation, answer.output or {}):
        position = listing.position(token)
        assert position
        answer = listing.page(position, None).answer
        pages.append(Page(token, None, answer))
    return pages


class _Maker:
    """Makes the identity and the output of one operation."""

    def __init__(self, operation: Operation, items: int) -> None:
        self._operation = operation
        self._items = items
        self._is_list = operation.name.startswith("List")
        self._is_exact = operation.service.protocol == "rest-json"  # IAM's times are whole seconds

    def identity(self, asked: Mapping[str, Value], scene: Scene) -> dict[str, Value]:
        shape = self._operation.input
        if shape is None:
            return {}
        required = replace(shape, members={n: m for n, m in shape.members.items() if n in shape.required})
        return {**self._structure(required, scene), **asked}

    def output(self, scene: Scene) -> dict[str, Value]:
        shape, paging = self._operation.output, self._operation.paging
        if shape is None:
            return {}
        if self._operation.input and "UserName" in self._operation.input.members:  # without it, it's who asks
            scene = replace(scene, known={"user": scene.entity("user"), **scene.known})
        lists = lists_of(self._operation)
        left_out = {*lists, *((paging.output_token, paging.more) if paging else ())}
        rest = replace(shape, members={n: m for n, m in shape.members.items() if n not in left_out})
        output = self._structure(rest, scene)
        wanted = [name for name in lists if self._is_asked_for(name, scene)] or list(lists)
        for name in lists:
            share = wanted.index(name) if name in wanted else 0
            count = (self._items + len(wanted) - 1 - share) // len(wanted) if name in wanted else 0
            output[name] = self._list(shape.name, name, shape.members[name].shape, scene.member(name, output), count)
        return output

    def _is_asked_for(self, list_: str, scene: Scene) -> bool:
        for member, lists in _FILTERS.items():
            if asked := scene.facts.get(member):
                return list_ in [lists.get(str(word)) for word in (asked if isinstance(asked, list) else [asked])]
        return True

    # --- values by shape ---

    def _value(self, structure: str, name: str, shape: Shape, scene: Scene) -> Value:
        if name in scene.facts and not any(misfits(scene.facts[name], shape)):
            return scene.facts[name]
        if name in _NEW and self._operation.name.startswith("Create"):
            return _NEW[name]
        make = next((MAKERS[key] for key in (f"{structure}.{name}", name, shape.name) if key in MAKERS), None)
        value = make(scene) if make else None
        if value is not None and not any(misfits(value, shape)) and not any(excesses(value, shape)):
            return value  # a list or structure, if it isn't, is made of parts
        match shape.type:
            case "structure":
                return self._structure(shape, scene)
            case "list":
                return self._list(structure, name, shape, scene, self._count(name, shape, scene))
            case "map":
                return self._map(structure, name, shape, scene)
            case "timestamp":
                return timestamp(structure, name, scene, self._is_exact)
            case "boolean":
                return scene.chance.happens(50)
            case "string" | "blob":
                return self._text(structure, name, shape, scene)
            case _:
                low = max(shape.min or 0, 1)
                return scene.chance.number(low, min(shape.max or low + 9, low + 9))

    def _structure(self, shape: Shape, scene: Scene) -> dict[str, Value]:
        scene = scene.of(shape)
        names = list(shape.members)
        if shape.union:
            choice = _CHOICES.get(shape.name, "")
            names = [choice if choice in names else names[scene.index % len(names)]]
        made: dict[str, Value] = {}
        for name in names:
            if shape.union or name in shape.required or self._is_there(shape.name, name, scene, made):
                made[name] = self._value(shape.name, name, shape.members[name].shape, scene.member(name, made))
        return made

    def _is_there(self, structure: str, name: str, scene: Scene, made: Mapping[str, Value]) -> bool:
        """Whether a member that is not required is there."""
        if name in _NOT_TOLD or (self._is_list and f"{structure}.{name}" in _NOT_IN_LISTS):
            return False
        if structure == "PolicyGrantingServiceAccess":
            return (name == "PolicyArn") == (made["PolicyType"] == "MANAGED")
        if structure == "Role" and "instance-profile" in scene.known:  # all that AWS says of it there
            return name == "AssumeRolePolicyDocument"
        if name == "configuration":
            return "UNUSED" in str(made.get("type", "UNUSED"))
        if name in _OF_USE:
            return scene.is_used
        if name in _SOMETIMES and not self._operation.is_read:
            return name in scene.facts
        return name not in _SOMETIMES or scene.member(name, made).chance.at("there").happens(70)

    def _list(self, structure: str, name: str, shape: Shape, scene: Scene, count: int) -> list[Value]:
        assert shape.member
        made: list[Value] = []
        for i in range(count):
            item = scene.item(i, count)
            if shape.member.shape.name != "PolicyVersion" and name in lists_of(self._operation):
                item = replace(item, life=Life.early(item.chance.at("life")))
            value = self._value(structure, name, shape.member.shape, item)
            if shape.member.shape.is_scalar and value in made:  # as of an enum that is used up
                break
            made.append(value)
        return made

    def _count(self, name: str, shape: Shape, scene: Scene) -> int:
        if name == "PolicyVersionList":
            return version_count(scene)
        if name == "MatchedStatements" and scene.siblings.get("EvalDecision") == "implicitDeny":
            return 0
        low, high = _COUNTS.get(name, (1, 2))
        if name in _ASKED_EACH:
            low = high = max(1, min(self._items, len(_ASKED_EACH[name])))
        return min(max(scene.chance.at("count").number(low, high), shape.min or 0), shape.max or high)

    def _map(self, structure: str, name: str, shape: Shape, scene: Scene) -> dict[str, Value]:
        assert shape.key and shape.value
        keys = dict.fromkeys(self._text(structure, name, shape.key.shape, scene.item(i, 2)) for i in range(2))
        return {key: self._value(structure, name, shape.value.shape, scene.item(i, 2)) for i, key in enumerate(keys)}

    def _text(self, structure: str, name: str, shape: Shape, scene: Scene) -> str:
        if shape.enum:
            usual = tuple(word for word in _USUAL.get(shape.name, ()) if word in shape.enum)
            return scene.chance.pick(usual or shape.enum) if self._operation.is_read else (usual or shape.enum)[0]
        make = MAKERS.get(shape.name)
        for text in (
            make(scene) if make else None,
            *WORDS,
            scene.chance.uuid(),
            scene.account,
            scene.entity("role").arn,
        ):
            if isinstance(text, str) and (shape.type == "blob" or fits(text, shape)):
                return text
        problem = f"awstape knows nothing to say for {structure}.{name}, which is new to it"
        raise SynthesisError(problem, "an older botocore may not have it")

"""`synthesise_take`: generates a take of any operation from the service model, without an AWS account.

1. The answer is generated member by member along the shape of the output. `core.synthesis.value_generators` has the
   generators for IAM and Access Analyzer; a member without one gets a value that its shape allows
   (`core.synthesis.fitting_texts`). Every text is checked against enum, length and pattern of its shape; a member that
   no text fits is an error. Structures within themselves, or in many others, are left out.
2. Required members are present, and of the others all that the service sends: listings leave out the members that AWS
   documents as left out, and members of failures are left out. Members that not every role, user or key has
   (descriptions, last use) are present for some seeds.
3. The identity has the given members and those that the service requires. A member of the answer with the name of a
   member of the identity has the same value.
4. Values are generated as real ones look, and redacted as recorded ones are, with a key made from the seed. So aliases
   follow the one grammar, and `awstape check` has no findings. Page tokens are named by position.
5. All items are generated on one page, which is then cut into pages (`core.replay.paging_modes`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from itertools import chain

from awstape.core.aws.call import Answer
from awstape.core.aws.conform import misfits
from awstape.core.aws.constraints import constraint_misfits, keeps_constraints
from awstape.core.aws.member_paths import put_value, shape_at, without_values
from awstape.core.aws.model import Operation, Shape, Value
from awstape.core.aws.paging import canonicalise, next_token
from awstape.core.cassette.cassette import Page, Take, Track
from awstape.core.cassette.page_tokens import name_tokens
from awstape.core.redaction.aliases import Key
from awstape.core.redaction.project_rules import NO_RULES, Rules
from awstape.core.redaction.redactor import Redactor
from awstape.core.replay.paging_modes import Listing, PagingMode
from awstape.core.synthesis.fitting_texts import fitting_texts
from awstape.core.synthesis.generation_context import Context
from awstape.core.synthesis.sample_words import ACTIONS, NAMESPACES, WORDS
from awstape.core.synthesis.seeded_choice import Seed
from awstape.core.synthesis.timestamps import Lifetime, member_timestamp
from awstape.core.synthesis.value_generators import GENERATORS

#: "IAM resource-listing operations return a subset of the available attributes for the resource" (API reference, of
#: ListRoles, ListUsers, ListPolicies, ListInstanceProfiles, ListVirtualMFADevices, and of the types).
_NOT_IN_LISTS = frozenset(
    """
    InstanceProfile.Tags Policy.Description Policy.Tags PolicyVersion.Document Role.PermissionsBoundary
    Role.RoleLastUsed Role.SourceRoleTemplate Role.Tags User.PermissionsBoundary User.Tags
    VirtualMFADevice.Base32StringSeed VirtualMFADevice.QRCodePNG VirtualMFADevice.Tags
    """.split()
)
#: Members of failures and refusals, and those that the service sends only on special request.
_LEFT_OUT = frozenset(
    """
    Error ErrorDetails Reason RejectionReason ResourceSpecificResults SourceRoleTemplate TrackedActionsLastAccessed
    detail error jobError managedBy statusReason
    """.split()
)
#: Members that not every thing has.
_SOMETIMES = frozenset("Description PasswordLastUsed PermissionsBoundary RoleLastUsed Tags condition".split())
#: Members of the last use: a structure has all of them or none.
_LAST_USE = frozenset(
    """
    EntityPath LastAuthenticated LastAuthenticatedEntity LastAuthenticatedRegion LastAuthenticatedTime LastUsedDate
    Region lastAccessed
    """.split()
)
#: Shape → the usual words of its enum.
_USUAL_WORDS: Mapping[str, tuple[str, ...]] = {
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
#: The default number of items of a listing, and of a page: three pages show whether a program follows page tokens.
ITEMS = 25
PAGE_SIZE = 10
#: The default number of items of an operation without paging.
_UNPAGED_ITEMS = 3
#: With more items a cassette can get too large to be read.
MOST_ITEMS = 10_000
#: Lists of an identity for each item of which the answer has an item → values if the identity lacks the list.
_ITEM_FOR_EACH = {"ActionNames": ACTIONS, "ServiceNamespaces": NAMESPACES}
#: Filters: member of the identity → word in it → list of the answer that it selects.
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
#: Member → least and largest number of items of its list; other lists have one or two.
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
#: Services whose members have generators. Those of all others get texts that fit.
_DESCRIBED = frozenset({"iam", "accessanalyzer"})
#: In so many structures, only members that the service requires are structures.
_DEEPEST = 5
#: Union → the member that fits the rest of the answer.
_UNION_MEMBERS = {"AnalyzerConfiguration": "unusedAccess", "FindingDetails": "unusedPermissionDetails"}
#: Member → its value in the answer of an operation that creates a thing.
_NEW_THING: Mapping[str, Value] = {"AttachmentCount": 0, "DefaultVersionId": "v1", "PermissionsBoundaryUsageCount": 0}


class SynthesisError(ValueError):
    """Raised for a take that can't be generated. tip: what to do instead, may be empty."""

    def __init__(self, problem: str, tip: str = "") -> None:
        super().__init__(problem)
        self.tip = tip


def synthesise_take(
    operation: Operation,
    given: Mapping[str, Value],
    *,
    items: int | None = None,
    page_size: int | None = None,
    seed: str = "",
    region: str | None = None,
    rules: Rules = NO_RULES,
) -> Take:
    """Generates a take of an operation.

    given: the given members of the identity, redacted. items, page_size: how many items there are, and on a page; None
    for the defaults. region: for a service with regions. rules: the project's. Raises SynthesisError for sizes that the
    service does not allow, members without a value and streams of events.
    """
    if any(member.shape.event_stream for member in (operation.output.members.values() if operation.output else ())):
        raise SynthesisError(f"{operation.name} answers with a stream of events", "a cassette cannot hold it")
    items, page_size = _sizes(operation, items, page_size)
    redactor = Redactor(Key(hashlib.sha256(f"awstape new {seed}".encode("utf-8", "surrogatepass")).digest()), rules)
    generator = _TakeGenerator(operation, items)
    account = Seed(f"{seed}/account").text("123456789", 12)
    root = Seed(f"{seed}/{operation.service.name}/{operation.name}/{region}/{sorted(given.items())}")
    lifetime = Lifetime.late(root) if operation.paging else Lifetime.early(root)
    context = Context(root, root, lifetime, account, region or "us-east-1")

    identity = canonicalise(
        redactor.redact_identity(operation, generator.identity(given, context.with_identity(given))), operation.input
    )
    assert isinstance(identity, dict)
    track = Track(operation.service.name, operation.name, region, identity)
    output = generator.output(context.with_identity(identity))
    answer = redactor.redact_answer(operation, Answer(output))
    pages = _cut_into_pages(operation, Take(track, (Page(None, None, answer),)), page_size)
    return Take(track, name_tokens(operation, track, 1, pages))


def item_lists(operation: Operation) -> tuple[str, ...]:
    """The lists of the output that get the items: the paged lists; without paging all lists but `Tags`."""
    if operation.paging:
        return operation.paging.items
    members = operation.output.members if operation.output else {}
    return tuple(name for name, member in members.items() if member.shape.type == "list" and name != "Tags")


def _sizes(operation: Operation, items: int | None, page_size: int | None) -> tuple[int, int]:
    """The number of items, and of items on a page. Raises SynthesisError."""
    name, lists = f"{operation.service.name} {operation.name}", item_lists(operation)
    largest = _longest_page(operation, lists)
    option = "page-size"
    if operation.paging is None:
        if page_size is not None:
            raise SynthesisError(f"{name} has no paging: there is one page", "leave out --page-size")
        if items and not lists:
            raise SynthesisError(f"the response of {name} has no list for items", "leave out --items")
        items = page_size = min(largest, _UNPAGED_ITEMS) if items is None else items
        option = "items"
    items = ITEMS if items is None else items
    page_size = min(largest, PAGE_SIZE) if page_size is None else page_size
    if page_size > largest:
        raise SynthesisError(f"{name} has pages of at most {largest} items", f"--{option} {largest}")
    return items, page_size


def _longest_page(operation: Operation, lists: tuple[str, ...]) -> int:
    """The largest number of items that the service model allows on a page."""
    shapes = [shape for name in lists if (shape := shape_at(operation.output, name))]
    if operation.paging and operation.paging.limit and operation.input:
        shapes.append(operation.input.members[operation.paging.limit].shape)
    return min((shape.max for shape in shapes if shape.max is not None), default=MOST_ITEMS)


def _cut_into_pages(operation: Operation, take: Take, page_size: int) -> list[Page]:
    listing = Listing(operation, take, 1, PagingMode("N", size=page_size))
    answer = listing.page(Listing.first, None).answer
    pages = [Page(None, None, answer)]
    while token := next_token(operation, answer.output or {}):
        position = listing.position(token)
        assert position
        answer = listing.page(position, None).answer
        pages.append(Page(token, None, answer))
    return pages


class _TakeGenerator:
    """Generates the identity and the output of one operation."""

    def __init__(self, operation: Operation, items: int) -> None:
        self._operation = operation
        self._items = items
        self._generators = GENERATORS if operation.service.name in _DESCRIBED else {}
        self._open: list[str] = []
        """The structures that the value is in."""
        self._is_list = operation.name.startswith("List")
        self._is_exact = operation.service.protocol == "rest-json"  # IAM's times are whole seconds

    def identity(self, given: Mapping[str, Value], context: Context) -> dict[str, Value]:
        """The given members of the identity, and those that the service requires."""
        shape = self._operation.input
        if shape is None:
            return {}
        paging = self._operation.paging
        names = set(shape.required) - (paging.request_members if paging else set())
        required = replace(shape, members={n: m for n, m in shape.members.items() if n in names})
        return {**self._structure(required, context), **given}

    def output(self, context: Context) -> dict[str, Value]:
        """The output with all items on one page."""
        shape, paging = self._operation.output, self._operation.paging
        if shape is None:
            return {}
        if self._operation.input and "UserName" in self._operation.input.members:  # without it: the user of the request
            context = replace(context, entities={"user": context.entity("user"), **context.entities})
        lists = item_lists(self._operation)
        left_out = paging.page_members if paging else frozenset(lists)
        rest = replace(shape, members={n: m for n, m in shape.members.items() if n not in left_out})
        output = without_values(self._structure(rest, context), left_out)
        wanted = [name for name in lists if self._is_selected(name, context)] or list(lists)
        for name in lists:
            share = wanted.index(name) if name in wanted else 0
            count = (self._items + len(wanted) - 1 - share) // len(wanted) if name in wanted else 0
            member, of = name.rpartition(".")[2], shape_at(shape, name)
            assert of
            items = self._list(shape.name, member, of, context.for_member(member, output), count)
            output = put_value(output, name, items)
        return output

    def _is_selected(self, list_: str, context: Context) -> bool:
        """Whether the filters of the identity select a list."""
        for member, lists in _FILTERS.items():
            if words := context.identity.get(member):
                return list_ in [lists.get(str(word)) for word in (words if isinstance(words, list) else [words])]
        return True

    # --- values by shape ---

    def _value(self, structure: str, name: str, shape: Shape, context: Context) -> Value:
        if name in context.identity and not any(misfits(context.identity[name], shape)):
            return context.identity[name]
        if name in _NEW_THING and self._operation.name.startswith("Create"):
            return _NEW_THING[name]
        keys = (f"{structure}.{name}", name, shape.name)
        generate = next((self._generators[key] for key in keys if key in self._generators), None)
        value = generate(context) if generate else None
        if value is not None and not any(misfits(value, shape)) and not any(constraint_misfits(value, shape)):
            return value  # else it is a value for the items of a list
        match shape.type:
            case "structure":
                return self._structure(shape, context)
            case "list":
                return self._list(structure, name, shape, context, self._count(name, shape, context))
            case "map":
                return self._map(structure, name, shape, context)
            case "timestamp":
                return self._timestamp(structure, name, context)
            case "boolean":
                return context.seed.decide(50)
            case "string" | "blob":
                return self._text(structure, name, shape, context)
            case _:
                low = max(shape.min or 0, 1)
                return context.seed.number(low, min(shape.max or low + 9, low + 9))

    def _structure(self, shape: Shape, context: Context) -> dict[str, Value]:
        context = context.for_structure(shape)
        names = list(shape.members)
        if shape.union:
            choice = _UNION_MEMBERS.get(shape.name, "")
            names = [name for name in names if not self._is_deep(shape.members[name].shape)] or names
            names = [choice if choice in names else names[context.index % len(names)]]
        generated: dict[str, Value] = {}
        self._open.append(shape.name)
        for name in names:
            is_needed = shape.union or name in shape.required
            is_deep = not is_needed and self._is_deep(shape.members[name].shape)
            if is_needed or (not is_deep and self._is_there(shape.name, name, context, generated)):
                member = context.for_member(name, generated)
                generated[name] = self._value(shape.name, name, shape.members[name].shape, member)
        self._open.pop()
        return generated

    def _is_deep(self, shape: Shape) -> bool:
        """Whether a member holds structures that are too deep in others, or in one of their own shape."""
        while inner := shape.member or shape.value:
            shape = inner.shape
        return shape.type == "structure" and (shape.name in self._open or len(self._open) >= _DEEPEST)

    def _is_there(self, structure: str, name: str, context: Context, generated: Mapping[str, Value]) -> bool:
        """Whether a member that is not required is present. generated: the members before it."""
        if name in _LEFT_OUT or (self._is_list and f"{structure}.{name}" in _NOT_IN_LISTS):
            return False
        if structure == "PolicyGrantingServiceAccess":
            return (name == "PolicyArn") == (generated["PolicyType"] == "MANAGED")
        if structure == "Role" and "instance-profile" in context.entities:  # the only member that AWS sends there
            return name == "AssumeRolePolicyDocument"
        if name == "configuration":
            return "UNUSED" in str(generated.get("type", "UNUSED"))
        if name in _LAST_USE:
            return context.is_used
        if name in _SOMETIMES and not self._operation.is_read:
            return name in context.identity
        return name not in _SOMETIMES or context.for_member(name, generated).seed.at("there").decide(70)

    def _list(self, structure: str, name: str, shape: Shape, context: Context, count: int) -> list[Value]:
        assert shape.member
        generated: list[Value] = []
        for i in range(count):
            item = context.for_item(i, count)
            if shape.member.shape.name != "PolicyVersion" and name in item_lists(self._operation):
                item = replace(item, lifetime=Lifetime.early(item.seed.at("life")))  # "life" is hashed: it stays
            value = self._value(structure, name, shape.member.shape, item)
            if shape.member.shape.is_scalar and value in generated:  # such as an enum without unused words
                break
            generated.append(value)
        return generated

    def _timestamp(self, structure: str, name: str, context: Context) -> str:
        step = None
        if structure == "PolicyVersion":
            step = context.version, context.count
        elif structure in ("Policy", "ManagedPolicyDetail") and name == "UpdateDate":  # the time of the newest version
            step = context.version_count, context.version_count
        return member_timestamp(name, context.lifetime, context.seed, step=step, is_exact=self._is_exact)

    def _count(self, name: str, shape: Shape, context: Context) -> int:
        """The number of items of a list below the items of the answer."""
        if name == "PolicyVersionList":
            return context.version_count
        if name == "MatchedStatements" and context.siblings.get("EvalDecision") == "implicitDeny":
            return 0
        low, high = _COUNTS.get(name, (1, 2)) if not self._is_deep(shape) else (0, 0)
        if name in _ITEM_FOR_EACH:
            low = high = max(1, min(self._items, len(_ITEM_FOR_EACH[name])))
        return min(max(context.seed.at("count").number(low, high), shape.min or 0), shape.max or high)

    def _map(self, structure: str, name: str, shape: Shape, context: Context) -> dict[str, Value]:
        assert shape.key and shape.value
        count = min(2, 2 if shape.max is None else shape.max)
        keys = dict.fromkeys(self._text(structure, name, shape.key.shape, context.for_item(i, 2)) for i in range(count))
        return {
            key: self._value(structure, name, shape.value.shape, context.for_item(i, 2)) for i, key in enumerate(keys)
        }

    def _text(self, structure: str, name: str, shape: Shape, context: Context) -> str:
        if shape.enum:
            usual = tuple(word for word in _USUAL_WORDS.get(shape.name, ()) if word in shape.enum)
            return context.seed.choose(usual or shape.enum) if self._operation.is_read else (usual or shape.enum)[0]
        generate = self._generators.get(shape.name)
        known = (*WORDS, context.seed.uuid(), context.account, context.entity("role").arn) if self._generators else ()
        fitting = fitting_texts(self._operation.service.signing_name, name, shape, context)
        for text in chain([generate(context) if generate else None], known, fitting):
            if isinstance(text, str) and (shape.type == "blob" or keeps_constraints(text, shape)):
                return text
        problem = f"awstape new has no value for the member {structure}.{name}"
        raise SynthesisError(problem, "try an older botocore")

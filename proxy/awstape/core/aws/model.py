"""The service models: services, operations, shapes and their paging.

These are plain frozen values. `catalog.service_models` builds them from botocore's data files; nothing here depends on
botocore.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

Protocol = Literal["query", "rest-json"]
Type = Literal[
    "structure", "list", "map", "string", "integer", "long", "float", "double", "boolean", "timestamp", "blob"
]
Location = Literal["body", "uri", "querystring", "header", "headers", "statusCode"]

#: A decoded value, as in a cassette: the values of JSON, and bytes for a blob that is not UTF-8 text.
#: Timestamps are the exact text of the wire; blobs that are UTF-8 text are that text.
Value = None | bool | int | float | str | bytes | list["Value"] | dict[str, "Value"]

_READ = re.compile(r"(Get|List|Simulate|Validate|Check|Generate)[A-Z]")


@dataclass(frozen=True, eq=False)
class Shape:
    """One shape of a service model. Shapes may be recursive, so they compare by identity."""

    name: str
    type: Type
    members: Mapping[str, Member] = field(default_factory=dict)  # of a structure, in the model's order
    member: Member | None = None  # of a list
    key: Member | None = None  # of a map
    value: Member | None = None  # of a map
    enum: tuple[str, ...] = ()
    sensitive: bool = False
    union: bool = False
    percent_encoded: bool = False  # in responses: IAM percent-encodes its policy documents
    min: int | None = None
    max: int | None = None
    pattern: str | None = None
    required: tuple[str, ...] = ()  # members of a structure

    @property
    def is_scalar(self) -> bool:
        return self.type not in ("structure", "list", "map")

    @cached_property
    def by_wire_name(self) -> Mapping[str, tuple[str, Member]]:
        """Wire name in the body → (AWS member name, member)."""
        return {m.wire_name: (name, m) for name, m in self.members.items() if m.location == "body"}


@dataclass(frozen=True, eq=False)
class Member:
    """A member of a structure, list or map: its shape, its name on the wire and its location in the message."""

    wire_name: str
    shape: Shape
    location: Location = "body"
    flattened: bool = False
    idempotency_token: bool = False


def child_shape(shape: Shape | None, step: str | int) -> Shape | None:
    """The shape one step below: of a member, of a map's values or, for an index, of a list's items; None if unknown."""
    if shape is None:
        return None
    member = shape.member if isinstance(step, int) else shape.members.get(step) or shape.value
    return member.shape if member else None


@dataclass(frozen=True)
class Paging:
    """How an operation pages. Names are those of input and output members.

    more: the boolean output member that is true if another page follows; None if only the token shows it.
    items: the output lists that are paged.
    """

    token: str
    output_token: str
    limit: str | None
    more: str | None
    items: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Operation:
    name: str
    service: Service
    method: str
    uri: str
    input: Shape | None
    output: Shape | None
    result_wrapper: str | None = None
    errors: tuple[Shape, ...] = ()
    paging: Paging | None = None

    @property
    def lists(self) -> tuple[str, ...]:
        """The lists of the output that are paged."""
        return self.paging.items if self.paging else ()

    @property
    def is_read(self) -> bool:
        """Whether the operation only reads, judged by the verb of its name."""
        return _READ.match(self.name) is not None


@dataclass(frozen=True, eq=False)
class Service:
    """A service. `name` is botocore's client name; `signing_name` is the name in the SigV4 credential scope.

    errors: error code on the wire → shape of its members.
    """

    name: str
    protocol: Protocol
    signing_name: str
    api_version: str
    xml_namespace: str
    regional: bool
    operations: dict[str, Operation] = field(default_factory=dict)
    errors: dict[str, Shape] = field(default_factory=dict)

    @cached_property
    def by_plain_name(self) -> Mapping[str, Operation]:
        """`plain_name` of an operation → the operation."""
        return {plain_name(name): operation for name, operation in self.operations.items()}

    @cached_property
    def routes(self) -> tuple[tuple[str, re.Pattern[str], Operation], ...]:
        """(method, path pattern with a group per label, operation), literal paths before labelled ones."""
        ordered = sorted(self.operations.values(), key=lambda op: ("{" in op.uri, op.uri, op.name))
        return tuple((op.method, _route_pattern(op.uri), op) for op in ordered)


def _route_pattern(uri: str) -> re.Pattern[str]:
    """`/analyzer/{analyzerName}/archive-rule` → a pattern on the still percent-encoded path."""
    parts = re.split(r"\{(\w+)(\+?)\}", uri.partition("?")[0])
    pattern = "".join(
        re.escape(literal) + (f"(?P<{label}>{'.+' if greedy else '[^/]+'})" if label else "")
        for literal, label, greedy in zip(parts[::3], [*parts[1::3], ""], [*parts[2::3], ""], strict=True)
    )
    return re.compile(pattern + "/?")


def plain_name(name: str) -> str:
    """One spelling of a name for all clients: `ListRoles` (API), `list-roles` (AWS CLI) and `list_roles` (boto3)."""
    return re.sub("[-_]", "", name).lower()


class Models:
    """The recorded services by their names, and the ways to recognise them.

    service_of_host: host name → (service, region), None for a host of no recorded service; the region of a global
    service is as in `Call`. shown_host: host name → how messages show it, None for a host outside AWS. partition_of:
    region → partition, such as `aws-cn`; that of None is `aws`.
    """

    def __init__(
        self,
        services: Mapping[str, Service],
        service_of_host: Callable[[str], tuple[Service, str | None] | None],
        shown_host: Callable[[str], str | None],
        partition_of: Callable[[str | None], str],
    ) -> None:
        self.services = dict(services)
        self.service_of_host = service_of_host
        self.shown_host = shown_host
        self.partition_of = partition_of
        self._by_signing_name = {service.signing_name: service for service in services.values()}
        self._by_version = {s.api_version: s for s in services.values() if s.protocol == "query"}

    def operation(self, service: str, name: str) -> Operation:
        return self.services[service].operations[name]

    def by_signing_name(self, name: str) -> Service | None:
        return self._by_signing_name.get(name)

    def by_api_version(self, version: str) -> Service | None:
        """The query-protocol service with this API version, the form parameter `Version` of its requests."""
        return self._by_version.get(version)

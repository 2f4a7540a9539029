"""The service model as the core sees it: services, operations, shapes and their paging.

These are plain frozen values. `catalog.service_models` builds them from botocore's data files; nothing here knows where
they come from.
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

#: A decoded value: what a cassette holds and what JSON can say, plus bytes for a blob that is not text.
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
    required: tuple[str, ...] = ()  # members of a structure; of an input: what the service insists on

    @property
    def is_scalar(self) -> bool:
        return self.type not in ("structure", "list", "map")

    @cached_property
    def by_wire_name(self) -> Mapping[str, tuple[str, Member]]:
        """Wire name in the body → (AWS member name, member)."""
        return {m.wire_name: (name, m) for name, m in self.members.items() if m.location == "body"}


@dataclass(frozen=True, eq=False)
class Member:
    """A shape in its place: its name on the wire and where on the wire it travels."""

    wire_name: str
    shape: Shape
    location: Location = "body"
    flattened: bool = False
    idempotency_token: bool = False


def child_shape(shape: Shape | None, step: str | int) -> Shape | None:
    """The shape of a member, of a map's value or, by any number, of a list's items; None if the model has none."""
    if shape is None:
        return None
    member = shape.member if isinstance(step, int) else shape.members.get(step) or shape.value
    return member.shape if member else None


@dataclass(frozen=True)
class Paging:
    """How an operation pages. Names are those of input and output members.

    more: the boolean output member that says whether there is another page, None where only the token tells.
    items: the output lists that the pages cut.
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
        """The lists of the output that the pages cut."""
        return self.paging.items if self.paging else ()

    @property
    def is_read(self) -> bool:
        """True for operations that change nothing that a test could see, by their verb."""
        return _READ.match(self.name) is not None


@dataclass(frozen=True, eq=False)
class Service:
    """A service: `name` is botocore's client name; `signing_name` appears in the SigV4 credential scope.

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
        """`plain_name` of each operation → the operation."""
        return {plain_name(name): operation for name, operation in self.operations.items()}

    @cached_property
    def routes(self) -> tuple[tuple[str, re.Pattern[str], Operation], ...]:
        """(method, path pattern with a group per label, operation), literal paths before labelled ones."""
        ordered = sorted(self.operations.values(), key=lambda op: ("{" in op.uri, op.uri, op.name))
        return tuple((op.method, _route(op.uri), op) for op in ordered)


def _route(uri: str) -> re.Pattern[str]:
    """`/analyzer/{analyzerName}/archive-rule` → a pattern on the still percent-encoded path."""
    parts = re.split(r"\{(\w+)(\+?)\}", uri.partition("?")[0])
    pattern = "".join(
        re.escape(literal) + (f"(?P<{label}>{'.+' if greedy else '[^/]+'})" if label else "")
        for literal, label, greedy in zip(parts[::3], [*parts[1::3], ""], [*parts[2::3], ""], strict=True)
    )
    return re.compile(pattern + "/?")


def plain_name(name: str) -> str:
    """A name however it is spelled: `ListRoles` in the API, `list-roles` in the AWS CLI, `list_roles` in boto3."""
    return re.sub("[-_]", "", name).lower()


class Models:
    """The services that are recorded, by their names, and how to tell them.

    service_of_host: host name → (service, region), None for a host of no recorded service; the region is None where the
    service is global.
    """

    def __init__(
        self,
        services: Mapping[str, Service],
        service_of_host: Callable[[str], tuple[Service, str | None] | None],
    ) -> None:
        self.services = dict(services)
        self.service_of_host = service_of_host
        self._by_signing_name = {service.signing_name: service for service in services.values()}
        self._by_version = {s.api_version: s for s in services.values() if s.protocol == "query"}

    def operation(self, service: str, name: str) -> Operation:
        return self.services[service].operations[name]

    def by_signing_name(self, name: str) -> Service | None:
        return self._by_signing_name.get(name)

    def by_api_version(self, version: str) -> Service | None:
        """The query-protocol service whose requests say `Version=version`."""
        return self._by_version.get(version)

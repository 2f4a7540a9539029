"""The service models: services, operations, shapes and their paging.

These are plain frozen values. `catalog.service_models` builds them from botocore's data files; nothing here depends on
botocore.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

from awstape.core.text.lazy_pattern import lazy_pattern

Protocol = Literal["query", "ec2", "json", "rest-json", "rest-xml", "smithy-rpc-v2-cbor"]
#: Protocols whose responses are XML, which has no null.
XML_PROTOCOLS: frozenset[Protocol] = frozenset({"query", "ec2", "rest-xml"})
Type = Literal[
    "structure", "list", "map", "string", "integer", "long", "float", "double", "boolean", "timestamp", "blob"
]
Location = Literal["body", "uri", "querystring", "header", "headers", "statusCode"]

#: A decoded value, as in a cassette: the values of JSON, and bytes for a blob that is not UTF-8 text.
#: Timestamps are text (`core.aws.timestamps`); blobs that are UTF-8 text are that text.
Value = None | bool | int | float | str | bytes | list["Value"] | dict[str, "Value"]

#: The text of a number that JSON does not have → the number.
SPECIAL_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}

#: The text of a boolean of XML that clients read in different ways → what it means.
SPECIAL_BOOLEANS = {"True": True, "TRUE": True, "1": True, "False": False, "FALSE": False, "0": False, "": False}

TimestampFormat = Literal["iso8601", "rfc822", "unixTimestamp"]

#: How the names of operations begin that only read. STS's AssumeRole and its kin change nothing either.
_READ = lazy_pattern(
    "((Admin|Batch|Transact)?(Check|Describe|Get|List|Read)|Assume|Calculate|Count|Decode|Detect|Discover|Estimate|Evaluate"
    "|Filter|Find|Generate|Head|Is|Lookup|Preview|Query|Resolve|Retrieve|Scan|Search|Select|Simulate|Validate|Verify|View)"
    "([A-Z]|$)"
)


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
    document: bool = False  # a structure without a model: any value of JSON
    event_stream: bool = False  # a structure that is a stream of events
    payload: str | None = None  # of a structure: the member that alone is the body, in REST protocols
    timestamp_format: TimestampFormat | None = None  # None: that of the protocol and the location
    min: int | None = None
    max: int | None = None
    pattern: str | None = None
    required: tuple[str, ...] = ()  # members of a structure
    service: Service | None = field(default=None, repr=False)  # whose model has the shape; None for one made elsewhere

    @property
    def is_scalar(self) -> bool:
        return self.type not in ("structure", "list", "map")

    @cached_property
    def by_wire_name(self) -> Mapping[str, tuple[str, Member]]:
        """Wire name in the body → (AWS member name, member)."""
        return {m.wire_name: (name, m) for name, m in self.members.items() if m.location == "body"}

    @cached_property
    def by_element_name(self) -> Mapping[str, tuple[str, Member]]:
        """As `by_wire_name`, for XML elements and forms: a flattened list also has the name of its items."""
        elements = {name: m for name, m in self.members.items() if m.location == "body" and not m.xml_attribute}
        own = {m.wire_name: (name, m) for name, m in elements.items()}
        return own | {m.element_name: (name, m) for name, m in elements.items()}

    @cached_property
    def by_attribute_name(self) -> Mapping[str, tuple[str, Member]]:
        """Local name of an XML attribute, such as `type` of `xsi:type` → (AWS member name, member)."""
        return {m.wire_name.rpartition(":")[2]: (name, m) for name, m in self.members.items() if m.xml_attribute}


@dataclass(frozen=True, eq=False)
class Member:
    """A member of a structure, list or map: its shape, its name on the wire and its location in the message.

    is_incidental: whether SDKs set it by themselves, for each call or as their version does, such as an idempotency
    token: it is no part of what is asked. is_renamed: whether the model gives the wire name, which is the member's own
    otherwise. query_name: the name in requests of the protocol ec2, where it differs from the wire name. xml_namespace:
    URI and prefix of the element. json_value: whether a header holds the member as JSON in base64. host_label: whether
    the host name holds it, too.
    """

    wire_name: str
    shape: Shape
    location: Location = "body"
    flattened: bool = False
    is_incidental: bool = False
    is_renamed: bool = False
    query_name: str | None = None
    xml_attribute: bool = False
    xml_namespace: tuple[str, str] | None = None
    json_value: bool = False
    host_label: bool = False

    @property
    def element_name(self) -> str:
        """The name of its XML elements: a flattened list has that of its items, where the model gives one."""
        item = self.shape.member if self.flattened else None
        return item.wire_name if item and item.is_renamed else self.wire_name


def child_shape(shape: Shape | None, step: str | int) -> Shape | None:
    """The shape one step below: of a member, of a map's values or, for an index, of a list's items; None if unknown."""
    if shape is None:
        return None
    member = shape.member if isinstance(step, int) else shape.members.get(step) or shape.value
    return member.shape if member else None


@dataclass(frozen=True)
class Paging:
    """How an operation pages. Names are members of the input; paths are those of `core.aws.member_paths`.

    token, output_token: where the token is in the input and in the output. more: path of the boolean that is true if
    another page follows; None if only the token shows it. items: paths of the lists that are paged.
    further_tokens: name and path of the members that together with the first one are the token, as in Route 53. echo:
    path of the token of the request in the output. last_key: the list, and the member of its last item, that is the
    token where the output has none, as in S3. counts: paths of the numbers that count the items of a page. is_cuttable:
    whether pages can be cut anew; not if a page has more than lists of items, or none that are known.
    """

    token: str
    output_token: str
    limit: str | None
    more: str | None
    items: tuple[str, ...]
    further_tokens: tuple[tuple[str, str], ...] = ()
    echo: str | None = None
    last_key: tuple[str, str] | None = None
    counts: tuple[str, ...] = ()
    is_cuttable: bool = True

    @cached_property
    def request_members(self) -> frozenset[str]:
        """The members of the input that are no part of the identity: tokens and limit."""
        names = (self.token, *(name for name, _ in self.further_tokens), *((self.limit,) if self.limit else ()))
        return frozenset(names)

    @cached_property
    def output_tokens(self) -> tuple[str, ...]:
        """The paths of the token in the output."""
        return (self.output_token, *(path for _, path in self.further_tokens))

    @cached_property
    def page_members(self) -> frozenset[str]:
        """The paths in the output that are about the page: lists, tokens, echo, counts and `more`."""
        others = (*((self.more,) if self.more else ()), *((self.echo,) if self.echo else ()))
        return frozenset((*self.items, *self.output_tokens, *self.counts, *others))


@dataclass(frozen=True, eq=False)
class Operation:
    """An operation of a service.

    uri: path with labels, and the literal query string. status: of a success. input_element: name and namespace of the
    root of a rest-xml request, where the model gives them. only_reads: whether the model says that the operation only
    reads. has_body_checksum: whether headers of the request may state the checksum of its body.
    """

    name: str
    service: Service
    method: str
    uri: str
    input: Shape | None
    output: Shape | None
    result_wrapper: str | None = None
    errors: tuple[Shape, ...] = ()
    paging: Paging | None = None
    status: int = 200
    input_element: tuple[str, str] | None = None
    only_reads: bool = False
    is_deprecated: bool = False
    has_body_checksum: bool = False

    @cached_property
    def route(self) -> Route:
        """Where a REST protocol has the operation."""
        return Route.of(self)

    @property
    def lists(self) -> tuple[str, ...]:
        """The lists of the output that are paged."""
        return self.paging.items if self.paging else ()

    @property
    def is_read(self) -> bool:
        """Whether the operation only reads: the model says so, or its name begins with such a verb."""
        return self.only_reads or self.method == "HEAD" or _READ.match(self.name) is not None


@dataclass(frozen=True, eq=False)
class Service:
    """A service. `name` is botocore's client name; `signing_name` is the name in the SigV4 credential scope.

    protocols: all that its clients may speak, first the one that botocore speaks. target_prefix, json_version: of
    requests of the protocol json. is_query_compatible: whether errors of the protocols json and cbor also name the code
    that the protocol query had. errors: error code on the wire → shape of its members. named_errors: name of the shape
    of an error → its code on the wire, shape; several may have one code. views: protocol → the service with the names
    of members that are on the wire in this protocol, if they are others.
    """

    name: str
    protocols: tuple[Protocol, ...]
    signing_name: str
    api_version: str
    xml_namespace: str
    regional: bool
    target_prefix: str = ""
    json_version: str = "1.0"
    is_query_compatible: bool = False
    operations: Mapping[str, Operation] = field(default_factory=dict)
    errors: Mapping[str, Shape] = field(default_factory=dict)
    named_errors: Mapping[str, tuple[str, Shape]] = field(default_factory=dict)
    find_words: Callable[[], frozenset[str]] = frozenset
    views: dict[Protocol, Service] = field(default_factory=dict)

    @property
    def protocol(self) -> Protocol:
        """The protocol that botocore speaks."""
        return self.protocols[0]

    def find_error(self, name: str | None) -> Shape | None:
        """The shape of an error by its code or by its own name; None if the model has none."""
        if name is None or name in self.errors:
            return self.errors.get(name or "")
        _, shape = self.named_errors.get(name, (name, None))
        return shape

    @cached_property
    def words(self) -> frozenset[str]:
        """The words that the model publishes.

        They are the names of operations, values of enums, states that waiters wait for and what the documentation
        writes as code.
        """
        return self.find_words()

    @cached_property
    def by_plain_name(self) -> Mapping[str, Operation]:
        """`plain_name` of an operation → the operation."""
        return {plain_name(name): operation for name, operation in self.operations.items()}

    @cached_property
    def routes(self) -> Mapping[str, tuple[Operation, ...]]:
        """Method → its operations, in the order in which their routes are tried."""
        ordered = sorted(self.operations.values(), key=lambda op: (op.route.precedence, op.is_deprecated, op.name))
        methods = dict.fromkeys(op.method for op in ordered)
        return {method: tuple(op for op in ordered if op.method == method) for method in methods}


class Route(NamedTuple):
    """The path and query string at which a REST protocol has an operation.

    pattern: of the path, still percent-encoded, with a group for each of `labels`. literals: the parameters of the
    query string that belong to the URI; an empty value stands for any. required: location and wire name of the
    parameters and headers without which a request is of another operation, if there is another one. precedence: the
    most specific route has the lowest.
    """

    pattern: re.Pattern[str]
    labels: tuple[str, ...]
    literals: tuple[tuple[str, str], ...]
    required: tuple[tuple[Location, str], ...]
    precedence: tuple[tuple[int, ...], int, int]

    @classmethod
    def of(cls, operation: Operation) -> Route:
        """The route of an operation: `/analyzer/{analyzerName}/archive-rule?x=1` with its labels and parameters."""
        path, _, query = operation.uri.partition("?")
        parts = re.split(r"\{([^}+]+)(\+?)\}", path)
        pattern = "".join(
            re.escape(literal) + (("(.+)" if greedy else "([^/]+)") if label else "")
            for literal, label, greedy in zip(parts[::3], [*parts[1::3], ""], [*parts[2::3], ""], strict=True)
        )
        literals = [parameter.partition("=")[::2] for parameter in query.split("&") if parameter]
        members = [operation.input.members[name] for name in operation.input.required] if operation.input else []
        required = [(m.location, m.wire_name) for m in members if m.location in ("querystring", "header")]
        segments = tuple(2 if "+}" in segment else int("{" in segment) for segment in path.strip("/").split("/"))
        return cls(
            re.compile(pattern.removesuffix("/") + "/?"),
            tuple(parts[1::3]),
            tuple(literals),
            tuple(required),
            ((*segments, 3), -len(literals), -len(required)),  # of paths that begin alike, the longer one first
        )


def plain_name(name: str) -> str:
    """One spelling of a name for all clients: `ListRoles` (API), `list-roles` (AWS CLI) and `list_roles` (boto3)."""
    return re.sub("[-_]", "", name).lower()


class ServiceEntry(NamedTuple):
    """What tells a service from others before its model is read. Members: as in `Service`.

    id: the service id as AWS configuration files spell it, such as `cost_explorer` for the client `ce`.
    """

    name: str
    id: str
    protocols: tuple[Protocol, ...]
    signing_name: str
    api_version: str
    target_prefix: str
    regional: bool


class HostMatch(NamedTuple):
    """The services that answer at a host, the region in its name, and the bucket if it is that of one.

    region: of a global service, as in `core.aws.call.Call`.
    """

    names: tuple[str, ...]
    region: str | None
    bucket: str | None = None


class Hosts(NamedTuple):
    """What host names and regions tell.

    find: host → what answers there, None for a host that is none of AWS's services. show: host → how messages show it,
    None for a host outside AWS. partition_of: region → partition, such as `aws-cn`; that of None is `aws`. host_of:
    service, region → its plain host.
    """

    find: Callable[[str], HostMatch | None]
    show: Callable[[str], str | None]
    partition_of: Callable[[str | None], str]
    host_of: Callable[[str, str], str]


class Models:
    """All services of AWS, and those of them whose calls are recognised.

    services: every service by its name; a model is built when it is asked for. entries: every service. names: those
    that are recognised, in the order of their precedence where the request does not tell them apart.
    """

    def __init__(
        self,
        services: Mapping[str, Service],
        entries: Mapping[str, ServiceEntry],
        names: Sequence[str],
        hosts: Hosts,
    ) -> None:
        self.services = services
        self.entries = entries
        self.names = tuple(names)
        self.hosts = hosts

    @cached_property
    def names_by_id(self) -> Mapping[str, str]:
        """The id of a service whose calls are recognised → its name."""
        return {self.entries[name].id: name for name in self.names}

    def recognises_host(self, host: str) -> bool:
        """Whether a host is that of a service whose calls are recognised."""
        match = self.hosts.find(host)
        return match is not None and not set(self.names).isdisjoint(match.names)

    @property
    def recognised(self) -> tuple[Service, ...]:
        """The services whose calls are recognised."""
        return tuple(self.services[name] for name in self.names)

    def operation(self, service: str, name: str) -> Operation:
        return self.services[service].operations[name]

    def of(self, names: Sequence[str]) -> Models:
        """The same services; those with these names are recognised."""
        return Models(self.services, self.entries, names, self.hosts)

"""The only reader of botocore's data: service models, paginators, endpoint rules, and its response parser.

1. Shapes, operations and errors come from `service-2.json`; documentation is not kept.
2. Paging comes from `paginators-1.json`. Operations that page without an entry there (six of IAM's) are found
   by their shapes: a token member of the same name in input and output.
3. Host names come from `endpoint-rule-set-1.json`: every URL template in it, for every partition of
   `partitions.json`, in its plain, FIPS and dual-stack spelling; and from `endpoints.json`, which SDKs without
   rule sets follow. A name that neither can yield is not ours.
4. `parse` is botocore's own response parser, the judge of what a client sees.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import product
from typing import Any
from urllib.parse import unquote

import botocore
import botocore.awsrequest
import botocore.exceptions
import botocore.loaders
import botocore.model
import botocore.parsers
import botocore.regions

from awstape.core.aws.model import Member, Models, Operation, Paging, Service, Shape, child_shape
from awstape.core.aws.wire import Response

SERVICES = ("iam", "accessanalyzer")

_TOKENS = ("Marker", "nextToken", "NextToken")
_LIMITS = ("MaxItems", "maxResults", "MaxResults")
#: botocore/handlers.py (`json_decode_policies`): members of this shape arrive percent-encoded from IAM.
_PERCENT_ENCODED = {("iam", "policyDocumentType")}


@cache
def models() -> Models:
    """The models of all recorded services, read once."""
    return Models({name: _Reader(name).service() for name in SERVICES}, service_of_host)


def source() -> str:
    """Where the models are from."""
    return f"botocore {botocore.__version__}"


@cache
def _loader() -> botocore.loaders.Loader:
    return botocore.loaders.Loader()


class _Reader:
    """Turns one service's JSON into values of `core.aws.model`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.data: dict[str, Any] = _loader().load_service_model(name, "service-2")
        self.paginators: dict[str, Any] = _loader().load_service_model(name, "paginators-1")["pagination"]
        self.shapes: dict[str, Shape] = {}

    def service(self) -> Service:
        meta = self.data["metadata"]
        service = Service(
            name=self.name,
            protocol=meta["protocol"],
            signing_name=meta.get("signingName", meta["endpointPrefix"]),
            api_version=meta["apiVersion"],
            xml_namespace=meta.get("xmlNamespace", ""),
            regional="globalEndpoint" not in meta,
        )
        for name, data in self.data["operations"].items():
            service.operations[name] = self.operation(service, name, data)
        for name, data in self.data["shapes"].items():
            if data.get("exception"):
                service.errors[data.get("error", {}).get("code", name)] = self.shape(name)
        return service

    def operation(self, service: Service, name: str, data: Mapping[str, Any]) -> Operation:
        input_ = self.shape(data["input"]["shape"]) if "input" in data else None
        output = self.shape(data["output"]["shape"]) if "output" in data else None
        return Operation(
            name=name,
            service=service,
            method=data["http"]["method"],
            uri=data["http"]["requestUri"],
            input=input_,
            output=output,
            result_wrapper=data.get("output", {}).get("resultWrapper"),
            errors=tuple(self.shape(error["shape"]) for error in data.get("errors", ())),
            paging=self.paging(name, input_, output),
        )

    def paging(self, name: str, input_: Shape | None, output: Shape | None) -> Paging | None:
        if input_ is None or output is None:
            return None
        lists = tuple(member for member, m in output.members.items() if m.shape.type == "list")
        if entry := self.paginators.get(name):
            keys = entry["result_key"]
            return Paging(
                token=entry["input_token"],
                output_token=entry["output_token"],
                limit=entry.get("limit_key"),
                more=entry.get("more_results"),
                items=tuple(keys) if isinstance(keys, list) else (keys,),
            )
        token = next((t for t in _TOKENS if t in input_.members and t in output.members), None)
        if token is None:
            return None
        return Paging(
            token=token,
            output_token=token,
            limit=next((limit for limit in _LIMITS if limit in input_.members), None),
            more=next((m for m in output.members if m.lower() == "istruncated"), None),
            items=lists,
        )

    def shape(self, name: str) -> Shape:
        if name in self.shapes:
            return self.shapes[name]
        data = self.data["shapes"][name]
        members: dict[str, Member] = {}
        sides = {side: self.member(data[side], side) for side in ("member", "key", "value") if side in data}
        shape = self.shapes[name] = Shape(
            name=name,
            type="string" if data["type"] == "character" else data["type"],
            members=members,
            **sides,
            enum=tuple(data.get("enum", ())),
            sensitive=bool(data.get("sensitive")),
            union=bool(data.get("union")),
            percent_encoded=(self.name, name) in _PERCENT_ENCODED,
            min=data.get("min"),
            max=data.get("max"),
            required=tuple(data.get("required", ())),
            pattern=data.get("pattern"),
        )
        # After the structure is known by name, so that a structure may contain itself.
        members.update((member, self.member(d, member)) for member, d in data.get("members", {}).items())
        return shape

    def member(self, data: Mapping[str, Any], name: str) -> Member:
        return Member(
            wire_name=data.get("locationName", name),
            shape=self.shape(data["shape"]),
            location=data.get("location", "body"),
            flattened=bool(data.get("flattened")),
            idempotency_token=bool(data.get("idempotencyToken")),
        )


# --- hosts ------------------------------------------------------------------------------------------------------


def service_of_host(host: str) -> tuple[Service, str | None] | None:
    """The service that a host name belongs to and its region, None for every other host.

    The region is None for IAM, which is global. Case and a trailing dot don't matter.
    """
    host = host.lower().removesuffix(".")
    name, region = _by_rules(host) or _by_endpoints().get(host) or (None, None)
    if name is None:
        return None
    service = models().services[name]
    return service, region if service.regional else None


def host_of(service: str, region: str) -> str:
    """A host name of a service in a region: the plain one. That of a global service is in the partition aws."""
    found = models().services[service]
    if not found.regional:
        return f"{found.signing_name}.amazonaws.com"
    suffixes = (p["dnsSuffix"] for p in _partitions() if re.match(p["regionRegex"], region))
    return f"{found.signing_name}.{region}.{next(suffixes, 'amazonaws.com')}"


def is_region(name: str) -> bool:
    """Whether a partition of AWS has regions that are spelled so."""
    return name == name.lower() and service_of_host(host_of("accessanalyzer", name)) is not None


def shown(host: str) -> str:
    """What of a host name may be told: a service, not a bucket or whose it is."""
    host = host.lower().removesuffix(".")
    for suffix in sorted(host_suffixes(), key=len, reverse=True):
        if host.endswith(f".{suffix}"):
            is_plain = re.fullmatch(r"[a-z-]{2,40}(\.[a-z]{2}(-[a-z]+){1,3}-\d)?", host.removesuffix(f".{suffix}"))
            return host if is_plain else f"a host under {suffix}"
    labels = host.split(".")
    return "a host" if labels[-1].isdigit() or ":" in host else f"a host under {'.'.join(labels[-2:])}"


def is_endpoint(host: str) -> bool:
    """Whether a host name is that of an AWS service, of whichever: one that AWS gives to nobody.

    Known are the prefixes in `endpoints.json`, with or without a region; not the names of buckets, machines, balancers.
    """
    host = host.lower().removesuffix(".")
    for partition in _partitions():
        for suffix in (partition["dnsSuffix"], partition["dualStackDnsSuffix"]):
            name = host.removesuffix(f".{suffix}")
            front, _, last = name.rpartition(".")
            prefix = front if re.fullmatch(partition["regionRegex"].strip("^$"), last) else name
            if name != host and prefix.removesuffix("-fips") in _prefixes():
                return True
    return service_of_host(host) is not None


@cache
def _prefixes() -> frozenset[str]:
    return frozenset(name for p in _loader().load_data("endpoints")["partitions"] for name in p["services"])


def host_suffixes() -> frozenset[str]:
    """The DNS suffixes under which all hosts of the recorded services lie."""
    return frozenset(suffix for p in _partitions() for suffix in (p["dnsSuffix"], p["dualStackDnsSuffix"]))


@cache
def _partitions() -> tuple[Mapping[str, Any], ...]:
    data = _loader().load_data("partitions")["partitions"]
    return tuple(
        {
            **p["outputs"],
            "regionRegex": p["regionRegex"],
            "regions": tuple(p["regions"]),
            # such as aws-global
            "others": tuple(re.escape(region) for region in p["regions"] if not re.fullmatch(p["regionRegex"], region)),
        }
        for p in data
    )


def _by_rules(host: str) -> tuple[str, str | None] | None:
    for name, pattern in _host_patterns().items():
        if match := pattern.fullmatch(host):
            return name, next((region for region in match.groups() if region), None)
    return None


@cache
def _host_patterns() -> Mapping[str, re.Pattern[str]]:
    return {name: re.compile("|".join(sorted(set(_host_regexes(name)))), re.ASCII) for name in SERVICES}


def _host_regexes(service: str) -> Iterator[str]:
    rules = _loader().load_service_model(service, "endpoint-rule-set-1")
    templates = set(re.findall(r'"https://([^"/]+)"', json.dumps(rules)))
    for template in templates:
        for partition in _partitions():
            regex = re.escape(template)
            for name in ("implicitGlobalRegion", "dnsSuffix", "dualStackDnsSuffix"):
                regex = regex.replace(re.escape(f"{{PartitionResult#{name}}}"), re.escape(partition[name]))
            region = "|".join([_without_groups(partition["regionRegex"].strip("^$")), *partition["others"]])
            yield regex.replace(re.escape("{Region}"), f"({region})")


def _without_groups(regex: str) -> str:
    return re.sub(r"(?<!\\)\((?!\?)", "(?:", regex)


@cache
def _by_endpoints() -> Mapping[str, tuple[str, str]]:
    """Host name → service and region, for every region and spelling in `endpoints.json`."""
    resolver = botocore.regions.EndpointResolver(_loader().load_data("endpoints"))
    regions = {region for partition in _partitions() for region in partition["regions"]}
    hosts = {}
    # A region that no partition claims is taken for one of the partition aws.
    for name, region, partition, *variant in product(SERVICES, regions, (None, "aws"), (False, True), (False, True)):
        prefix = _loader().load_service_model(name, "service-2")["metadata"]["endpointPrefix"]
        try:
            endpoint = resolver.construct_endpoint(prefix, region, partition, *variant)
        except botocore.exceptions.EndpointVariantError:
            continue
        if endpoint:
            hosts[endpoint["hostname"]] = (name, region)
    return hosts


# --- the judge --------------------------------------------------------------------------------------------------


@cache
def _botocore_service(name: str) -> tuple[botocore.model.ServiceModel, botocore.parsers.ResponseParser]:
    model = botocore.model.ServiceModel(_loader().load_service_model(name, "service-2"), name)
    return model, botocore.parsers.create_parser(model.metadata["protocol"])


def plan(operation: Operation) -> botocore.model.OperationModel:
    """An operation as botocore's own serializer and parser take it."""
    model, _ = _botocore_service(operation.service.name)
    return model.operation_model(operation.name)


def parse(operation: Operation, response: Response) -> dict[str, Any]:
    """What botocore's parser makes of a response: data for a success, `Error` and its members for a failure.

    Policy documents are percent-decoded, as botocore's client does after parsing. `ResponseMetadata` is left out.
    Raises botocore.parsers.ResponseParserError for a body that is not of the protocol.
    """
    model, parser = _botocore_service(operation.service.name)
    headers = botocore.awsrequest.HeadersDict(response.headers)
    wire = {"status_code": response.status, "headers": headers, "body": response.body}
    shape: Any = model.operation_model(operation.name).output_shape
    parsed: dict[str, Any] = parser.parse(wire, shape)
    parsed.pop("ResponseMetadata", None)
    if response.status < 301:
        decoded: dict[str, Any] = edit_documents(parsed, operation.output, unquote)
        return decoded
    code = parsed.get("Error", {}).get("Code", "")
    if error := model.shape_for_error_code(code):
        parsed.update(parser.parse(wire, error))
    return parsed


def edit_documents(value: Any, shape: Shape | None, edit: Callable[[str], Any]) -> Any:
    """A parsed value with each policy document in it, of those that IAM percent-encodes, edited."""
    if shape is None:
        return value
    if isinstance(value, dict):
        return {name: edit_documents(item, child_shape(shape, name), edit) for name, item in value.items()}
    if isinstance(value, list):
        return [edit_documents(item, child_shape(shape, i), edit) for i, item in enumerate(value)]
    return edit(value) if shape.percent_encoded and isinstance(value, str) else value


def pagination(operation: Operation) -> Mapping[str, Any] | None:
    """How botocore's paginator follows an operation; None if it has no paginator for it."""
    found: Mapping[str, Any] = _loader().load_service_model(operation.service.name, "paginators-1")["pagination"]
    return found.get(operation.name)

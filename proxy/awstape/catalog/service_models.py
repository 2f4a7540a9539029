"""Builds the service models of the core from botocore's data files.

1. Shapes, operations and errors come from `service-2.json`. Of the documentation only the words in `<code>` are kept,
   with those of enums and waiters.
2. Members that clients make anew for each call are marked, also where the model does not.
3. How operations page is in `catalog.paging_rules`.
4. A service is read when it is asked for, and each operation and error is built when it is asked for: most programs
   need a few of hundreds.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache, cached_property
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from awstape.catalog.botocore_data import (
    DEFAULT_SERVICES,
    available_services,
    has_service,
    load_paginators,
    load_service_model,
    load_waiters,
)
from awstape.catalog.hosts import load_hosts
from awstape.catalog.old_protocols import OLD_PROTOCOLS, describe_in_old_protocol
from awstape.catalog.paging_rules import build_paging
from awstape.catalog.service_index import load_index, make_entry
from awstape.core.aws.model import Member, Models, Operation, Service, ServiceEntry, Shape
from awstape.core.text.lazy_pattern import lazy_pattern

#: botocore/handlers.py (`json_decode_policies`): members of this shape arrive percent-encoded from IAM.
_PERCENT_ENCODED = {("iam", "policyDocumentType")}
#: Members that clients make anew for each call, though their models don't say so: tokens of idempotent operations, and
#: what proves to STS who the caller is, with the name that it gives to the session.
_NEW_IN_EACH_CALL = lazy_pattern(
    "(?:amzn)?client(?:request)?token|idempotencytoken|uniquerequesttoken|callerreference", re.I
)
_NEW_IN_EACH_CALL_OF = {"sts": frozenset({"RoleSessionName", "SAMLAssertion", "TokenCode", "WebIdentityToken"})}
#: A word that documentation writes as code.
_CODE = lazy_pattern("<code>([^<>\\s]{2,64})</code>")
#: Traits that a model may give to a shape, for all members that have it.
_MEMBER_TRAITS = ("flattened", "jsonvalue", "location", "locationName", "xmlAttribute", "xmlNamespace")


Built = TypeVar("Built")


class _BuiltWhenNeeded(Mapping[str, Built], Generic[Built]):
    """What a service has by name. Each is built when it is first asked for, and kept."""

    def __init__(self, names: Iterable[str], build: Callable[[str], Built], building: threading.RLock) -> None:
        self._built: dict[str, Built | None] = dict.fromkeys(names)
        self._build = build
        self._building = building

    def __getitem__(self, name: str) -> Built:
        if (built := self._built[name]) is None:
            with self._building:  # what is built refers to shapes that another thread may be building
                if (built := self._built[name]) is None:
                    built = self._built[name] = self._build(name)
        return built

    def __contains__(self, name: object) -> bool:
        return name in self._built

    def __iter__(self) -> Iterator[str]:
        return iter(self._built)

    def __len__(self) -> int:
        return len(self._built)


class _LazyServices(Mapping[str, Service]):
    """Every service by its name. A model is built when it is asked for, and kept."""

    def __init__(self) -> None:
        self._built: dict[str, Service] = {}

    def __getitem__(self, name: str) -> Service:
        if name not in self._built:
            if name not in self:
                raise KeyError(name)
            data = load_service_model(name), load_paginators(name), load_waiters(name)
            self._built[name] = build_service(name, *data)
        return self._built[name]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and has_service(name)

    def __iter__(self) -> Iterator[str]:
        return iter(available_services())

    def __len__(self) -> int:
        return len(available_services())


class _LazyEntries(Mapping[str, ServiceEntry]):
    """What tells each service apart, from the index."""

    def __getitem__(self, name: str) -> ServiceEntry:
        return load_index()[name].entry

    def __iter__(self) -> Iterator[str]:
        return iter(load_index())

    def __len__(self) -> int:
        return len(load_index())


_SERVICES = _LazyServices()


@cache
def load_models(names: tuple[str, ...] = DEFAULT_SERVICES) -> Models:
    """The models of all services; recognised are those with these names. A model is read when it is needed."""
    return Models(_SERVICES, _LazyEntries(), names, load_hosts())


def build_service(
    name: str, data: Mapping[str, Any], paginators: Mapping[str, Any], waiters: Mapping[str, Any] = MappingProxyType({})
) -> Service:
    """The service of a `service-2.json`, with a `paginators-1.json` and a `waiters-2.json`."""
    service = _ServiceBuilder(name, data, paginators, waiters).service
    if old := OLD_PROTOCOLS.get(name):
        described = describe_in_old_protocol(data)
        service.views[old] = _ServiceBuilder(name, described, paginators, waiters).service
    return service


def _without_request_places(output: Shape) -> Shape:
    """An output with the members in its body that have a place in a path or query string, if it is an input, too."""
    moved = {
        name: replace(member, location="body")
        for name, member in output.members.items()
        if member.location in ("uri", "querystring")
    }
    return replace(output, members={**output.members, **moved}) if moved else output


class _ServiceBuilder:
    """Builds one service of `core.aws.model` from its JSON."""

    def __init__(
        self, name: str, data: Mapping[str, Any], paginators: Mapping[str, Any], waiters: Mapping[str, Any]
    ) -> None:
        self.name = name
        self.data = data
        self.paginators = paginators
        self.waiters = waiters
        self.shapes: dict[str, Shape] = {}
        self.service = self._make_service()

    def _make_service(self) -> Service:
        meta = self.data["metadata"]
        entry = make_entry(self.name, meta)
        building = threading.RLock()
        codes = {
            name: data.get("error", {}).get("code", name)
            for name, data in self.data["shapes"].items()
            if data.get("exception")
        }
        names = {code: name for name, code in codes.items()}
        return Service(
            name=self.name,
            protocols=entry.protocols,
            signing_name=entry.signing_name,
            api_version=entry.api_version,
            xml_namespace=meta.get("xmlNamespace", ""),
            regional=entry.regional,
            target_prefix=entry.target_prefix,
            json_version=meta.get("jsonVersion", "1.0"),
            is_query_compatible="awsQueryCompatible" in meta,
            operations=_BuiltWhenNeeded(self.data["operations"], self._build_operation, building),
            errors=_BuiltWhenNeeded(names, lambda code: self._build_shape(names[code]), building),
            named_errors=_BuiltWhenNeeded(codes, lambda name: (codes[name], self._build_shape(name)), building),
            find_words=lambda: frozenset(_find_words(self.data, self.waiters)),
        )

    def _build_operation(self, name: str) -> Operation:
        data = self.data["operations"][name]
        input_ = self._build_root(data["input"]) if "input" in data else None
        output = _without_request_places(self._build_root(data["output"])) if "output" in data else None
        root = data.get("input", {})
        return Operation(
            name=name,
            service=self.service,
            method=data["http"]["method"],
            uri=data["http"]["requestUri"],
            input=input_,
            output=output,
            result_wrapper=self._result_wrapper(data),
            errors=tuple(self._build_shape(error["shape"]) for error in data.get("errors", ())),
            paging=build_paging(self.paginators.get(name), input_, output),
            status=data["http"].get("responseCode", 200),
            input_element=(root["locationName"], root.get("xmlNamespace", {}).get("uri", ""))
            if "locationName" in root
            else None,
            only_reads=bool(data.get("readonly")),
            is_deprecated=bool(data.get("deprecated")),
            has_body_checksum="requestAlgorithmMember" in data.get("httpChecksum", ()),
        )

    def _build_root(self, reference: Mapping[str, Any]) -> Shape:
        """The shape of an input or output. Its payload is given with the shape or with the operation."""
        shape = self._build_shape(reference["shape"])
        return replace(shape, payload=reference["payload"]) if "payload" in reference else shape

    def _result_wrapper(self, operation: Mapping[str, Any]) -> str | None:
        """The element that has the output in it; the model gives it with the operation or with the shape."""
        reference = operation.get("output", {})
        wrapper: str | None = {**self.data["shapes"].get(reference.get("shape"), {}), **reference}.get("resultWrapper")
        return wrapper

    def _build_shape(self, name: str) -> Shape:
        if name in self.shapes:
            return self.shapes[name]
        data = self.data["shapes"][name]
        members: dict[str, Member] = {}
        sides = {side: self._build_member(data[side], side) for side in ("member", "key", "value") if side in data}
        shape = self.shapes[name] = Shape(
            name=name,
            type="string" if data["type"] == "character" else data["type"],
            members=members,
            **sides,
            enum=tuple(data.get("enum", ())),
            sensitive=bool(data.get("sensitive")),
            union=bool(data.get("union")),
            percent_encoded=(self.name, name) in _PERCENT_ENCODED,
            document=bool(data.get("document")),
            event_stream=bool(data.get("eventstream")),
            payload=data.get("payload"),
            timestamp_format=data.get("timestampFormat"),
            min=data.get("min"),
            max=data.get("max"),
            required=tuple(data.get("required", ())),
            pattern=data.get("pattern"),
            service=self.service,
        )
        # Filled after the structure is known by name, because a structure may contain itself.
        members.update((member, self._build_member(d, member)) for member, d in data.get("members", {}).items())
        return shape

    @cached_property
    def _checksum_settings(self) -> frozenset[str]:
        """The shapes of members that tell how bodies are checked, as SDKs do by themselves: `ChecksumMode` of S3."""
        shapes = self.data["shapes"]
        return frozenset(
            shapes[operation["input"]["shape"]]["members"][name]["shape"]
            for operation in self.data["operations"].values()
            for trait, name in operation.get("httpChecksum", {}).items()
            if trait in ("requestAlgorithmMember", "requestValidationModeMember")
        )

    def _is_new_in_each_call(self, name: str, traits: Mapping[str, Any]) -> bool:
        is_named_so = _NEW_IN_EACH_CALL.fullmatch(name) or name in _NEW_IN_EACH_CALL_OF.get(self.name, ())
        return bool(is_named_so) and traits.get("location") != "uri"

    def _build_member(self, data: Mapping[str, Any], name: str) -> Member:
        shape = self.data["shapes"][data["shape"]]
        traits = {**{trait: shape[trait] for trait in _MEMBER_TRAITS if trait in shape}, **data}
        namespace = traits.get("xmlNamespace")
        built = self._build_shape(data["shape"])
        if "timestampFormat" in data:
            built = replace(built, timestamp_format=data["timestampFormat"])
        return Member(
            wire_name=traits.get("locationName", name),
            shape=built,
            location=traits.get("location", "body"),
            flattened=bool(traits.get("flattened")),
            is_incidental=bool(data.get("idempotencyToken"))
            or data["shape"] in self._checksum_settings
            or self._is_new_in_each_call(name, traits),
            is_renamed="locationName" in traits,
            query_name=data.get("queryName"),
            xml_attribute=bool(traits.get("xmlAttribute")),
            xml_namespace=(namespace["uri"], namespace.get("prefix", "")) if isinstance(namespace, dict) else None,
            json_value=bool(traits.get("jsonvalue")) and traits.get("location") == "header",
            host_label=bool(data.get("hostLabel")),
        )


def _find_words(data: Mapping[str, Any], waiters: Mapping[str, Any]) -> Iterator[str]:
    """The words that a model publishes: see `Service`."""
    yield from data["operations"]
    for waiter in waiters.values():
        yield from (each["expected"] for each in waiter["acceptors"] if isinstance(each["expected"], str))
    for shape in data["shapes"].values():
        yield from shape.get("enum", ())
        for described in (shape, *shape.get("members", {}).values(), shape.get("member", {}), shape.get("value", {})):
            yield from _CODE.findall(described.get("documentation", ""))
    for operation in data["operations"].values():
        yield from _CODE.findall(operation.get("documentation", ""))

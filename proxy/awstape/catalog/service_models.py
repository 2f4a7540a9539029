"""Builds the service models of the core from botocore's data files.

1. Shapes, operations and errors come from `service-2.json`; documentation is not kept.
2. Paging comes from `paginators-1.json`. For operations that page without an entry there (six of IAM's) it is derived
   from their shapes: a token member of the same name in input and output.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from awstape.catalog.botocore_data import SERVICES, load_paginators, load_service_model
from awstape.catalog.hosts import anonymise_host, is_aws_host, partition_of, service_and_region
from awstape.core.aws.model import Member, Models, Operation, Paging, Service, Shape

_TOKENS = ("Marker", "nextToken", "NextToken")
_LIMITS = ("MaxItems", "maxResults", "MaxResults")
#: botocore/handlers.py (`json_decode_policies`): members of this shape arrive percent-encoded from IAM.
_PERCENT_ENCODED = {("iam", "policyDocumentType")}


@cache
def load_models() -> Models:
    """The models of all recorded services, read once."""
    services = {name: _ServiceBuilder(name).build_service() for name in SERVICES}

    def service_of_host(host: str) -> tuple[Service, str | None] | None:
        found = service_and_region(host)
        return (services[found[0]], found[1]) if found else None

    def shown_host(host: str) -> str | None:
        return anonymise_host(host) if is_aws_host(host) else None

    return Models(services, service_of_host, shown_host, partition_of)


class _ServiceBuilder:
    """Builds one service of `core.aws.model` from its JSON."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.data = load_service_model(name)
        self.paginators = load_paginators(name)
        self.shapes: dict[str, Shape] = {}

    def build_service(self) -> Service:
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
            service.operations[name] = self._build_operation(service, name, data)
        for name, data in self.data["shapes"].items():
            if data.get("exception"):
                service.errors[data.get("error", {}).get("code", name)] = self._build_shape(name)
        return service

    def _build_operation(self, service: Service, name: str, data: Mapping[str, Any]) -> Operation:
        input_ = self._build_shape(data["input"]["shape"]) if "input" in data else None
        output = self._build_shape(data["output"]["shape"]) if "output" in data else None
        return Operation(
            name=name,
            service=service,
            method=data["http"]["method"],
            uri=data["http"]["requestUri"],
            input=input_,
            output=output,
            result_wrapper=data.get("output", {}).get("resultWrapper"),
            errors=tuple(self._build_shape(error["shape"]) for error in data.get("errors", ())),
            paging=self._build_paging(name, input_, output),
        )

    def _build_paging(self, name: str, input_: Shape | None, output: Shape | None) -> Paging | None:
        if input_ is None or output is None:
            return None
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
            items=tuple(member for member, m in output.members.items() if m.shape.type == "list"),
        )

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
            min=data.get("min"),
            max=data.get("max"),
            required=tuple(data.get("required", ())),
            pattern=data.get("pattern"),
        )
        # Filled after the structure is known by name, because a structure may contain itself.
        members.update((member, self._build_member(d, member)) for member, d in data.get("members", {}).items())
        return shape

    def _build_member(self, data: Mapping[str, Any], name: str) -> Member:
        return Member(
            wire_name=data.get("locationName", name),
            shape=self._build_shape(data["shape"]),
            location=data.get("location", "body"),
            flattened=bool(data.get("flattened")),
            idempotency_token=bool(data.get("idempotencyToken")),
        )

"""The data files of botocore, as parsed JSON: service models, paginators, endpoint rules, partitions, endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import botocore
import botocore.loaders

#: The recorded services, by their names in botocore.
SERVICES = ("iam", "accessanalyzer")


def data_version() -> str:
    """The package and version that the data files come from."""
    return f"botocore {botocore.__version__}"


@cache
def _loader() -> botocore.loaders.Loader:
    return botocore.loaders.Loader()


def load_service_model(service: str) -> dict[str, Any]:
    """`service-2.json`: operations, shapes and metadata."""
    model: dict[str, Any] = _loader().load_service_model(service, "service-2")
    return model


def load_paginators(service: str) -> dict[str, Any]:
    """`paginators-1.json`: operation name → its paginator."""
    paginators: dict[str, Any] = _loader().load_service_model(service, "paginators-1")["pagination"]
    return paginators


def load_endpoint_rules(service: str) -> Mapping[str, Any]:
    """`endpoint-rule-set-1.json`: the rules that map region and variant to a host name."""
    rules: Mapping[str, Any] = _loader().load_service_model(service, "endpoint-rule-set-1")
    return rules


def load_partition_data() -> Mapping[str, Any]:
    """`partitions.json`: the partitions with their DNS suffixes and regions."""
    partitions: Mapping[str, Any] = _loader().load_data("partitions")
    return partitions


def load_endpoints() -> Mapping[str, Any]:
    """`endpoints.json`: the endpoint table that SDKs without rule sets follow."""
    endpoints: Mapping[str, Any] = _loader().load_data("endpoints")
    return endpoints

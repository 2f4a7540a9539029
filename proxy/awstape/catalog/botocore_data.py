"""The data files of botocore, as parsed JSON: service models, paginators, endpoint rules, partitions, endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import botocore
import botocore.exceptions
import botocore.loaders

#: The services that are recorded unless others are chosen, by their names in botocore.
DEFAULT_SERVICES = ("iam", "accessanalyzer", "sts")


def data_version() -> str:
    """The package and version that the data files come from."""
    return f"botocore {botocore.__version__}"


@cache
def _loader() -> botocore.loaders.Loader:
    return botocore.loaders.Loader()


@cache
def available_services() -> tuple[str, ...]:
    """The names of all services of which botocore has a model, sorted."""
    return tuple(_loader().list_available_services("service-2"))


def select_services(globs: Iterable[str]) -> tuple[str, ...]:
    """The names of the services that globs match, in the order of the globs; `all` matches every one."""
    found = (name for glob in globs for name in available_services() if glob == "all" or fnmatchcase(name, glob))
    return tuple(dict.fromkeys(found))


def load_service_model(service: str) -> dict[str, Any]:
    """`service-2.json`: operations, shapes and metadata."""
    model: dict[str, Any] = _loader().load_service_model(service, "service-2")
    return model


def load_paginators(service: str) -> dict[str, Any]:
    """`paginators-1.json`: operation name → its paginator; none if there is no such file."""
    return _load_section(service, "paginators-1", "pagination")


def load_waiters(service: str) -> dict[str, Any]:
    """`waiters-2.json`: waiter → what it waits for; none if there is no such file."""
    return _load_section(service, "waiters-2", "waiters")


def _load_section(service: str, file: str, name: str) -> dict[str, Any]:
    """A section of a file that not every service has; empty if there is no such file."""
    try:
        section: dict[str, Any] = _loader().load_service_model(service, file)[name]
    except botocore.exceptions.UnknownServiceError:
        return {}
    return section


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

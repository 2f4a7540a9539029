"""Operations and paging of the service models, verified against botocore's data files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import botocore.awsrequest
import botocore.endpoint_provider
import botocore.exceptions
import botocore.loaders
import botocore.regions
import pytest

from awstape.catalog.botocore_data import DEFAULT_SERVICES, load_paginators
from awstape.catalog.service_models import load_models

MODELS = load_models()
LOADER = botocore.loaders.Loader()
#: service → (operations, paginated ones), as botocore had them when this was written; there may be more now.
SIZES = {"iam": (176, 40), "accessanalyzer": (39, 11), "sts": (8, 0)}
WITHOUT_PAGINATOR = """
    GetOrganizationsAccessReport GetServiceLastAccessedDetails GetServiceLastAccessedDetailsWithEntities
    ListDelegationRequests ListPoliciesGrantingServiceAccess ListServiceSpecificCredentials
""".split()


@pytest.mark.parametrize("name", DEFAULT_SERVICES)
def test_all_operations_are_there(name: str) -> None:
    operations = MODELS.services[name].operations
    assert operations.keys() == LOADER.load_service_model(name, "service-2")["operations"].keys()
    assert len(operations) >= SIZES[name][0]
    assert sum(operation.paging is not None for operation in operations.values()) >= SIZES[name][1]


def paginators() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for service in DEFAULT_SERVICES:
        entries = load_paginators(service)
        yield from ((service, name, entry) for name, entry in entries.items())


@pytest.mark.parametrize(("service", "name", "entry"), list(paginators()), ids=lambda value: str(value)[:40])
def test_paging_is_that_of_the_paginator(service: str, name: str, entry: dict[str, Any]) -> None:
    paging = MODELS.services[service].operations[name].paging
    assert paging is not None
    assert (paging.token, paging.output_token) == (entry["input_token"], entry["output_token"])
    assert (paging.limit, paging.more) == (entry.get("limit_key"), entry.get("more_results"))
    assert set(paging.items) == (
        {entry["result_key"]} if isinstance(entry["result_key"], str) else {*entry["result_key"]}
    )


@pytest.mark.parametrize("name", WITHOUT_PAGINATOR)
def test_paging_without_a_paginator_comes_from_the_shapes(name: str) -> None:
    operation = MODELS.services["iam"].operations[name]
    paging = operation.paging
    assert paging is not None
    assert (paging.token, paging.output_token) == ("Marker", "Marker")
    assert paging.limit == (None if name == "ListPoliciesGrantingServiceAccess" else "MaxItems")
    assert operation.output
    assert paging.more in ("IsTruncated", "isTruncated")
    assert {operation.output.members[item].shape.type for item in paging.items} == {"list"}


@pytest.mark.parametrize("service", DEFAULT_SERVICES)
def test_every_input_with_a_token_pages(service: str) -> None:
    """Judged by the member names alone, so that no new operation is missed."""
    for operation in MODELS.services[service].operations.values():
        takes_token = operation.input is not None and {"Marker", "nextToken"} & operation.input.members.keys()
        assert bool(takes_token) == (operation.paging is not None), operation.name
        if operation.paging and operation.input and operation.output:
            assert operation.paging.limit is None or operation.paging.limit in operation.input.members
            assert operation.paging.items
            assert {operation.paging.output_token, *operation.paging.items} <= operation.output.members.keys()

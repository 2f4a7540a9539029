"""What the catalog makes of botocore's data, held against botocore itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.awsrequest
import botocore.endpoint_provider
import botocore.exceptions
import botocore.loaders
import botocore.regions
import pytest
from botocore.config import Config

from awstape.catalog.botocore_data import SERVICES
from awstape.catalog.hosts import anonymise_host, host_of, is_recorded_host, service_and_region
from awstape.catalog.response_parser import parse_response
from awstape.catalog.service_models import load_models
from awstape.core.aws.routing import recognise_call
from awstape.core.aws.wire import Request, Response
from support import wire_cases
from support.wire_cases import WireCase

MODELS = load_models()
LOADER = botocore.loaders.Loader()
PARTITIONS = LOADER.load_data("partitions")
REGIONS = [(p["id"], region) for p in PARTITIONS["partitions"] for region in p["regions"]]
SPELLINGS = list(product((False, True), (False, True)))  # FIPS, dual-stack

#: service → (operations, paginated ones), as botocore had them when this was written; there may be more now.
SIZES = {"iam": (176, 40), "accessanalyzer": (39, 11)}
WITHOUT_PAGINATOR = """
    GetOrganizationsAccessReport GetServiceLastAccessedDetails GetServiceLastAccessedDetailsWithEntities
    ListDelegationRequests ListPoliciesGrantingServiceAccess ListServiceSpecificCredentials
""".split()
NEAR_MISSES = [
    *"""
    sts.amazonaws.com amazonaws.com xiam.amazonaws.com iam.amazonaws.com.evil.com iam.evil.com iamamazonaws.com
    iam-amazonaws.com iamXamazonaws.com iam.amazonaws.comx iam.amazonaws.com.. iam.us-east-9.amazonaws.com
    evil.iam.amazonaws.com access-analyzer.amazonaws.com access-analyzer.evil.amazonaws.com
    access-analyzer.us-east-1.amazonaws.com.evil.com access-analyzer.us-east-1.evil.com
    access-analyzer.us-east-1.x.amazonaws.com access-analyzer.us-east-1x.amazonaws.com
    xaccess-analyzer.us-east-1.amazonaws.com access-analyzer.us-east-1.amazonaws.com.cn
    accessanalyzer.us-east-1.amazonaws.com 127.0.0.1 localhost
    """.split(),
    *("", ".", "iam.amazonaws.com\n", "iam.amazonaws.com:443", " iam.amazonaws.com"),
]

# --- hosts ---


@cache
def provider(service: str) -> botocore.endpoint_provider.EndpointProvider:
    return botocore.endpoint_provider.EndpointProvider(
        LOADER.load_service_model(service, "endpoint-rule-set-1"), PARTITIONS
    )


def region_of(host: str, service: str) -> str | None:
    found = service_and_region(host)
    assert found is not None, host
    assert found[0] == service, host
    return found[1]


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(("partition", "region"), REGIONS)
def test_every_host_of_the_rule_sets_is_ours(service: str, partition: str, region: str) -> None:
    for fips, dual_stack in SPELLINGS:
        endpoint = provider(service).resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual_stack)
        found = region_of(urlsplit(endpoint.url).hostname or "", service)
        assert found == (region if service == "accessanalyzer" else None)


@pytest.mark.parametrize(("service", "prefix"), [("iam", "iam"), ("accessanalyzer", "access-analyzer")])
def test_every_host_of_the_older_endpoint_table_is_ours(service: str, prefix: str) -> None:
    """SDKs without rule sets follow it, and botocore itself for `client.meta.endpoint_url`."""
    resolver = botocore.regions.EndpointResolver(LOADER.load_data("endpoints"))
    hosts = 0
    for (_, region), (fips, dual_stack) in product(REGIONS, SPELLINGS):
        for partition in (None, "aws"):
            try:
                endpoint = resolver.construct_endpoint(prefix, region, partition, dual_stack, fips)
            except botocore.exceptions.EndpointVariantError:
                continue
            if endpoint:
                found = region_of(endpoint["hostname"], service)
                assert found == (region if service == "accessanalyzer" else None)
                hosts += 1
    assert hosts > 200


@pytest.mark.parametrize(("partition", "region"), REGIONS[:: len(REGIONS) // 6])
def test_what_a_client_says_of_its_endpoint_is_ours(partition: str, region: str) -> None:
    for service in SERVICES:
        assert region_of(urlsplit(client(service, region).meta.endpoint_url).hostname, service) in (region, None)


@pytest.mark.parametrize(
    ("host", "service", "region"),
    [
        ("iam.amazonaws.com", "iam", None),
        ("IAM.Amazonaws.COM.", "iam", None),
        ("iam.us-gov.amazonaws.com", "iam", None),
        ("iam.cn-north-1.amazonaws.com.cn", "iam", None),
        ("iam.aws-cn-global.api.amazonwebservices.com.cn", "iam", None),
        ("iam-fips.aws-global.api.aws", "iam", None),
        ("access-analyzer.eu-central-1.amazonaws.com", "accessanalyzer", "eu-central-1"),
        ("access-analyzer-fips.us-east-1.api.aws", "accessanalyzer", "us-east-1"),
        ("access-analyzer.eu-central-99.amazonaws.com", "accessanalyzer", "eu-central-99"),
        ("access-analyzer.eusc-de-east-1.amazonaws.eu", "accessanalyzer", "eusc-de-east-1"),
    ],
)
def test_hosts_of_note(host: str, service: str, region: str | None) -> None:
    assert region_of(host, service) == region


@pytest.mark.parametrize("host", NEAR_MISSES)
def test_near_misses_are_not_ours(host: str) -> None:
    assert not is_recorded_host(host)


# --- operations and paging ---


@pytest.mark.parametrize("name", SERVICES)
def test_all_operations_are_there(name: str) -> None:
    operations = MODELS.services[name].operations
    assert operations.keys() == LOADER.load_service_model(name, "service-2")["operations"].keys()
    assert len(operations) >= SIZES[name][0]
    assert sum(operation.paging is not None for operation in operations.values()) >= SIZES[name][1]


def paginators() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for service in SERVICES:
        entries = LOADER.load_service_model(service, "paginators-1")["pagination"]
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


@pytest.mark.parametrize("service", SERVICES)
def test_every_input_with_a_token_pages(service: str) -> None:
    """By the names alone, so that a new operation can't slip by."""
    for operation in MODELS.services[service].operations.values():
        takes_token = operation.input is not None and {"Marker", "nextToken"} & operation.input.members.keys()
        assert bool(takes_token) == (operation.paging is not None), operation.name
        if operation.paging and operation.input and operation.output:
            assert operation.paging.limit is None or operation.paging.limit in operation.input.members
            assert operation.paging.items
            assert {operation.paging.output_token, *operation.paging.items} <= operation.output.members.keys()


# --- the judge ---


@cache
def client(service: str, region: str) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload,unused-ignore]  # stubs know literals only
        region_name=region,
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="example",
        config=Config(retries={"total_max_attempts": 1}),
    )


def what_boto3_returns(case: WireCase) -> Any:
    """What a client gives its caller, where the wire answers with the case's literal text."""

    def answer(request: object, **_: object) -> botocore.awsrequest.AWSResponse:
        raw: Any = type("Raw", (), {"stream": lambda *_: iter([case.response_body])})()
        headers: Any = botocore.awsrequest.HeadersDict(case.response_headers)
        return botocore.awsrequest.AWSResponse(case.url, case.status, headers, raw)

    aws = client(case.service, case.region or "us-east-1")
    aws.meta.events.register("before-send", answer)
    try:
        method = botocore.xform_name(case.operation)
        found = getattr(aws, method)(**case.input)
    except botocore.exceptions.ClientError as error:
        found = error.response
    finally:
        aws.meta.events.unregister("before-send", answer)
    return {name: value for name, value in found.items() if name != "ResponseMetadata"}


@pytest.mark.parametrize("case", wire_cases.load(), ids=lambda case: case.name)
def test_parse_is_what_a_client_returns(case: WireCase) -> None:
    url = urlsplit(case.url)
    request = Request(case.method, url.hostname or "", url.path, url.query, case.request_headers, case.request_body)
    call = recognise_call(MODELS, request)
    assert call
    parsed = parse_response(call.operation, Response(case.status, case.response_headers, case.response_body))
    assert as_documents(parsed) == as_documents(what_boto3_returns(case))


def as_documents(value: Any) -> Any:
    """The client goes one step further: it reads policy documents as JSON."""
    if isinstance(value, dict):
        return {name: as_documents(item) for name, item in value.items()}
    if isinstance(value, list):
        return [as_documents(item) for item in value]
    return json.loads(value) if isinstance(value, str) and value.startswith("{") else value


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("sts.amazonaws.com", "sts.amazonaws.com"),
        ("STS.us-east-1.amazonaws.com.", "sts.us-east-1.amazonaws.com"),
        ("zreal-bucket.s3.amazonaws.com", "a host under amazonaws.com"),
        ("zreal1234.execute-api.eu-west-1.amazonaws.com", "a host under amazonaws.com"),
        ("111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn", "a host under amazonaws.com.cn"),
        ("vault.zreal.example.com", "a host under example.com"),
        ("10.1.2.3", "a host"),
        ("2001:db8::1", "a host"),
    ],
)
def test_of_a_host_only_the_service_is_told(host: str, shown: str) -> None:
    assert anonymise_host(host) == shown


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1", "mars-north-1"])
def test_a_host_is_the_one_that_botocore_asks(region: str) -> None:
    endpoint = boto3.Session().client("accessanalyzer", region_name=region).meta.endpoint_url
    assert f"https://{host_of('accessanalyzer', region)}" == endpoint

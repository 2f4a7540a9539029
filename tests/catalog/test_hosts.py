"""Host names and their services, verified against botocore's endpoint provider and resolver."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import product
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.endpoint_provider
import botocore.exceptions
import botocore.loaders
import botocore.regions
import pytest

from awstape.catalog.botocore_data import DEFAULT_SERVICES, load_endpoints
from awstape.catalog.hosts import (
    anonymise_host,
    find_host,
    host_of,
    main_region,
    partition_of,
)
from awstape.catalog.service_index import is_region
from awstape.catalog.service_models import load_models
from support.boto3_clients import client

MODELS = load_models(("iam", "accessanalyzer"))
LOADER = botocore.loaders.Loader()
PARTITIONS = LOADER.load_data("partitions")
REGIONS = [(p["id"], region) for p in PARTITIONS["partitions"] for region in p["regions"]]
SPELLINGS = list(product((False, True), (False, True)))  # FIPS, dual-stack

NEAR_MISSES = [
    *"""
    sts.amazonaws.com amazonaws.com xiam.amazonaws.com iam.amazonaws.com.evil.com iam.evil.com iamamazonaws.com
    iam-amazonaws.com iamXamazonaws.com iam.amazonaws.comx iam.amazonaws.com..
    evil.iam.amazonaws.com access-analyzer.amazonaws.com access-analyzer.evil.amazonaws.com
    access-analyzer.us-east-1.amazonaws.com.evil.com access-analyzer.us-east-1.evil.com
    access-analyzer.us-east-1.x.amazonaws.com access-analyzer.us-east-1x.amazonaws.com
    xaccess-analyzer.us-east-1.amazonaws.com access-analyzer.us-east-1.amazonaws.com.cn
    accessanalyzer.us-east-1.amazonaws.com 127.0.0.1 localhost
    vpce-0a1b.sts.us-east-1.vpce.amazonaws.com vpce-0a1b.vpce-svc-0a1b.us-east-1.vpce.amazonaws.com
    vpce-0a1b.access-analyzer.us-east-1.vpce.amazonaws.com.evil.com vpce-0a1b.access-analyzer.vpce.amazonaws.com
    vpce-0a1b.evil.access-analyzer.us-east-1.vpce.amazonaws.com access-analyzer.us-east-1.vpce.amazonaws.com
    """.split(),
    *("", ".", "iam.amazonaws.com\n", "iam.amazonaws.com:443", " iam.amazonaws.com"),
]


@cache
def provider(service: str) -> botocore.endpoint_provider.EndpointProvider:
    return botocore.endpoint_provider.EndpointProvider(
        LOADER.load_service_model(service, "endpoint-rule-set-1"), PARTITIONS
    )


def region_of(host: str, service: str) -> str | None:
    found = find_host(host)
    assert found is not None, host
    assert found.names == (service,), host
    return found.region


@pytest.mark.parametrize("service", DEFAULT_SERVICES)
@pytest.mark.parametrize(("partition", "region"), REGIONS)
def test_every_host_of_the_rule_sets_is_recognised(service: str, partition: str, region: str) -> None:
    for fips, dual_stack in SPELLINGS:
        endpoint = provider(service).resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual_stack)
        found = region_of(urlsplit(endpoint.url).hostname or "", service)
        assert found == (region if service == "accessanalyzer" else global_region(partition))


def global_region(partition: str) -> str | None:
    return None if partition == "aws" else f"{partition}-global"


@pytest.mark.parametrize(("partition", "region"), REGIONS)
def test_every_region_has_its_partition(partition: str, region: str) -> None:
    assert partition_of(region) == partition_of(global_region(partition)) == partition
    spelling = provider("iam").resolve_endpoint(Region=region, UseFIPS=False, UseDualStack=False).url
    assert f"https://{host_of('iam', region)}" == spelling
    assert partition_of(main_region(partition)) == partition


@pytest.mark.parametrize("region", [None, "antarctica", "eu-future-7", "aws-global", "xcn-north-1"])
def test_the_partition_of_other_names_is_aws(region: str | None) -> None:
    assert partition_of(region) == "aws"


def test_a_region_that_is_not_listed_yet_has_the_partition_of_its_prefix() -> None:
    assert [partition_of(f"{prefix}-9") for prefix in ("cn-west", "us-gov-south", "us-isob-west", "ap-mars")] == [
        "aws-cn",
        "aws-us-gov",
        "aws-iso-b",
        "aws",
    ]


@pytest.mark.parametrize(("service", "prefix"), [("iam", "iam"), ("accessanalyzer", "access-analyzer")])
def test_every_host_of_the_older_endpoint_table_is_recognised(service: str, prefix: str) -> None:
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
                names = {global_region(p["id"]) for p in PARTITIONS["partitions"]}
                assert found in ({region} if service == "accessanalyzer" else names)
                hosts += 1
    assert hosts > 200


@pytest.mark.parametrize(("partition", "region"), REGIONS[:: len(REGIONS) // 6])
def test_the_endpoint_of_a_client_is_recognised(partition: str, region: str) -> None:
    for service in DEFAULT_SERVICES:
        found = region_of(urlsplit(client(service, region).meta.endpoint_url).hostname, service)
        assert found == (region if service == "accessanalyzer" else global_region(partition))


@pytest.mark.parametrize(
    ("host", "service", "region"),
    [
        ("iam.amazonaws.com", "iam", None),
        ("IAM.Amazonaws.COM.", "iam", None),
        ("iam.us-gov.amazonaws.com", "iam", "aws-us-gov-global"),
        ("iam.us-gov.api.aws", "iam", "aws-us-gov-global"),
        ("iam.cn-north-1.amazonaws.com.cn", "iam", "aws-cn-global"),
        ("iam.aws-cn-global.api.amazonwebservices.com.cn", "iam", "aws-cn-global"),
        ("iam.eusc-de-east-1.amazonaws.eu", "iam", "aws-eusc-global"),
        ("iam-fips.aws-global.api.aws", "iam", None),
        ("access-analyzer.eu-central-1.amazonaws.com", "accessanalyzer", "eu-central-1"),
        ("access-analyzer-fips.us-east-1.api.aws", "accessanalyzer", "us-east-1"),
        ("access-analyzer.eu-central-99.amazonaws.com", "accessanalyzer", "eu-central-99"),
        ("access-analyzer.eusc-de-east-1.amazonaws.eu", "accessanalyzer", "eusc-de-east-1"),
        ("vpce-0a1b2c-3d4e.access-analyzer.eu-west-1.vpce.amazonaws.com", "accessanalyzer", "eu-west-1"),
        ("VPCE-0a1b2c-3d4e-eu-west-1a.access-analyzer.eu-west-1.vpce.amazonaws.com.", "accessanalyzer", "eu-west-1"),
        ("vpce-0a1b2c-3d4e.access-analyzer.cn-north-1.vpce.amazonaws.com.cn", "accessanalyzer", "cn-north-1"),
        ("vpce-0a1b2c-3d4e.iam.us-east-1.vpce.amazonaws.com", "iam", None),
    ],
)
def test_notable_hosts(host: str, service: str, region: str | None) -> None:
    assert region_of(host, service) == region


@pytest.mark.parametrize("host", NEAR_MISSES)
def test_near_misses_are_not_recognised(host: str) -> None:
    assert not MODELS.recognises_host(host)


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("sts.amazonaws.com", "sts.amazonaws.com"),
        ("STS.us-east-1.amazonaws.com.", "sts.us-east-1.amazonaws.com"),
        ("zreal-bucket.s3.amazonaws.com", "a host under amazonaws.com"),
        ("zreal1234.execute-api.eu-west-1.amazonaws.com", "a host under amazonaws.com"),
        ("111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn", "a host under amazonaws.com.cn"),
        ("vpce-0a1b2c-3d4e.access-analyzer.eu-west-1.vpce.amazonaws.com", "a host under amazonaws.com"),
        ("vault.zreal.example.com", "a host under example.com"),
        ("10.1.2.3", "a host"),
        ("2001:db8::1", "a host"),
    ],
)
def test_an_anonymised_host_shows_the_service_only(host: str, shown: str) -> None:
    assert anonymise_host(host) == shown


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1", "mars-north-1"])
def test_host_of_is_the_endpoint_of_botocore(region: str) -> None:
    endpoint = boto3.Session().client("accessanalyzer", region_name=region).meta.endpoint_url
    assert f"https://{host_of('accessanalyzer', region)}" == endpoint


OLD_HOSTS = {
    "ec2.amazonaws.com": ("ec2", None),
    "us-west-2.ec2.amazonaws.com": ("ec2", "us-west-2"),
    "autoscaling.amazonaws.com": ("autoscaling", None),
    "elasticloadbalancing.amazonaws.com": ("elb", None),
    "email.amazonaws.com": ("ses", None),
    "monitoring.amazonaws.com": ("cloudwatch", None),
    "sns.amazonaws.com": ("sns", None),
    "rds.amazonaws.com": ("rds", None),
    "queue.amazonaws.com": ("sqs", None),
    "sqs.amazonaws.com": ("sqs", None),
    "eu-west-1.queue.amazonaws.com": ("sqs", "eu-west-1"),
    "cn-north-1.queue.amazonaws.com.cn": ("sqs", "cn-north-1"),
    "eu-west-1.elasticmapreduce.amazonaws.com": ("emr", "eu-west-1"),
    "data.iot.eu-west-1.amazonaws.com": ("iot-data", "eu-west-1"),
    "s3-us-west-2.amazonaws.com": ("s3", None),
    "s3-fips-us-gov-west-1.amazonaws.com": ("s3", "aws-us-gov-global"),
}


@pytest.mark.parametrize(("host", "expected"), OLD_HOSTS.items())
def test_hosts_from_before_each_region_had_its_own(host: str, expected: tuple[str, str | None]) -> None:
    found = find_host(host)
    assert found
    assert expected[0] in found.names
    assert found.region == expected[1]


@pytest.mark.parametrize(
    "host", ["shop.amazonaws.com", "us-west-2.shop.amazonaws.com", "eu-west-1.amazonaws.com", "ec2.api.aws"]
)
def test_no_other_host_is_that_of_an_old_service(host: str) -> None:
    assert find_host(host) is None


def test_all_hosts_in_the_endpoint_table_are_known() -> None:
    """Of the services that botocore has a model of; names of regions that stand for a variant make no host."""
    without_model = {"mobileanalytics", "transcribestreaming"}
    unknown = set()
    for partition in load_endpoints()["partitions"]:
        for prefix, service in partition["services"].items():
            for region, endpoint in service.get("endpoints", {}).items():
                hosts = _hosts_in(partition, service, endpoint) if is_region(region) else _hosts_in(endpoint)
                names = {"service": prefix, "region": region, "dnsSuffix": partition["dnsSuffix"]}
                unknown |= {prefix for host in hosts if not find_host(host.format(**names))}
    assert unknown == without_model


def _hosts_in(*tables: Mapping[str, Any]) -> set[str]:
    """The hosts that a table of `endpoints.json` gives, those after others first."""
    defaults = {key: value for table in tables for key, value in {**table.get("defaults", {}), **table}.items()}
    return {defaults[name] for name in ("hostname", "sslCommonName") if name in defaults}

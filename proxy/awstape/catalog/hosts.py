"""Host names of AWS: which service and region a host belongs to, and the host of a service in a region.

1. Host names come from `endpoint-rule-set-1.json`: every URL template in it, for every partition of `partitions.json`,
   in its plain, FIPS and dual-stack spelling; and from `endpoints.json`, which SDKs without rule sets follow.
2. Names of VPC endpoints have the service's prefix of `service-2.json`, region and suffix behind an id of the owner
   (https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html).
3. Any other name belongs to no recorded service.
4. The partition of a region is that of `partitions.json`, which lists it or has an expression that matches it; any
   other name is a region of the partition aws, as botocore takes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product
from typing import Any
from urllib.parse import urlsplit

import botocore.endpoint_provider
import botocore.exceptions
import botocore.regions

from awstape.catalog.botocore_data import (
    SERVICES,
    load_endpoint_rules,
    load_endpoints,
    load_partition_data,
    load_service_model,
)


def service_and_region(host: str) -> tuple[str, str | None] | None:
    """The name of the recorded service that a host belongs to, and the region; None for every other host.

    For IAM, which is global, the region is None in the partition aws, and in another one the name that stands for all
    its regions, such as `aws-cn-global`. Case and a trailing dot don't matter.
    """
    host = host.lower().removesuffix(".")
    name, region = _match(host, _host_patterns()) or _hosts_of_endpoints().get(host) or (None, None)
    if name is None and host.startswith("vpce-"):
        name, region = _match(host, _vpc_endpoint_patterns()) or (None, None)
    if name is None:
        return None
    if _is_regional(name):
        return name, region
    of_vpc = host.startswith("vpce-") and region
    partition = partition_of(region) if of_vpc else _partition_of_global_host(name, host)
    return name, None if partition == "aws" else f"{partition}-global"


def is_recorded_host(host: str) -> bool:
    """Whether a host belongs to a recorded service."""
    return service_and_region(host) is not None


def host_of(service: str, region: str) -> str:
    """The plain host name of a service in a region, or of a global service in the partition of a region."""
    if not _is_regional(service):
        return next(iter(_global_hosts(service)[partition_of(region)]))
    meta = load_service_model(service)["metadata"]
    signing_name = meta.get("signingName", meta["endpointPrefix"])
    suffixes = (p["dnsSuffix"] for p in _partitions() if re.match(p["regionRegex"], region))
    return f"{signing_name}.{region}.{next(suffixes, 'amazonaws.com')}"


def partition_of(region: str | None) -> str:
    """The partition of a region, or of the name that stands for all its regions, such as `aws-cn-global`.

    That of None is aws.
    """
    if region is None:
        return "aws"
    for partition in _partitions():
        names = (*partition["regions"], f"{partition['name']}-global")
        if region in names or re.fullmatch(partition["regionRegex"], region):
            return str(partition["name"])
    return "aws"


def main_region(partition: str) -> str:
    """A region of a partition, for clients of its global services, such as `us-east-1`."""
    return next(str(p["implicitGlobalRegion"]) for p in _partitions() if p["name"] == partition)


def is_region(name: str) -> bool:
    """Whether a partition of AWS has regions of this spelling."""
    return name == name.lower() and is_recorded_host(host_of("accessanalyzer", name))


def anonymise_host(host: str) -> str:
    """A host name without what identifies its owner: the host of a service stays, that of a bucket does not."""
    host = host.lower().removesuffix(".")
    for suffix in sorted(host_suffixes(), key=len, reverse=True):
        if host.endswith(f".{suffix}"):
            is_plain = re.fullmatch(r"[a-z-]{2,40}(\.[a-z]{2}(-[a-z]+){1,3}-\d)?", host.removesuffix(f".{suffix}"))
            return host if is_plain else f"a host under {suffix}"
    labels = host.split(".")
    return "a host" if labels[-1].isdigit() or ":" in host else f"a host under {'.'.join(labels[-2:])}"


def is_service_endpoint(host: str) -> bool:
    """Whether a host name is that of any AWS service; the names of buckets, machines and load balancers are not.

    Known are the prefixes in `endpoints.json`, with or without a region.
    """
    host = host.lower().removesuffix(".")
    for partition in _partitions():
        for suffix in (partition["dnsSuffix"], partition["dualStackDnsSuffix"]):
            name = host.removesuffix(f".{suffix}")
            front, _, last = name.rpartition(".")
            prefix = front if re.fullmatch(partition["regionRegex"].strip("^$"), last) else name
            if name != host and prefix.removesuffix("-fips") in _endpoint_prefixes():
                return True
    return is_recorded_host(host)


def is_aws_host(host: str) -> bool:
    """Whether a host is in a domain of AWS, be it that of a service, a bucket or a machine; a wildcard is no host."""
    return _aws_hosts().fullmatch(host.lower().removesuffix(".")) is not None


def host_suffixes() -> frozenset[str]:
    """The DNS suffixes of all hosts of the recorded services."""
    return frozenset(suffix for p in _partitions() for suffix in (p["dnsSuffix"], p["dualStackDnsSuffix"]))


@cache
def _aws_hosts() -> re.Pattern[str]:
    return re.compile(rf"(?:[a-z0-9_-]{{1,63}}\.)+(?:{'|'.join(map(re.escape, host_suffixes()))})", re.ASCII)


@cache
def _is_regional(service: str) -> bool:
    return "globalEndpoint" not in load_service_model(service)["metadata"]


@cache
def _endpoint_prefixes() -> frozenset[str]:
    return frozenset(name for p in load_endpoints()["partitions"] for name in p["services"])


@cache
def _partitions() -> tuple[Mapping[str, Any], ...]:
    return tuple(
        {
            **p["outputs"],
            "regionRegex": p["regionRegex"],
            "regions": tuple(p["regions"]),
            # such as aws-global
            "others": tuple(re.escape(region) for region in p["regions"] if not re.fullmatch(p["regionRegex"], region)),
        }
        for p in load_partition_data()["partitions"]
    )


@cache
def _global_hosts(service: str) -> Mapping[str, Mapping[str, None]]:
    """Partition → the hosts of a global service there, first the plain one."""
    provider = botocore.endpoint_provider.EndpointProvider(load_endpoint_rules(service), load_partition_data())
    return {
        partition["name"]: {
            urlsplit(
                provider.resolve_endpoint(
                    Region=partition["implicitGlobalRegion"], UseFIPS=fips, UseDualStack=dual_stack
                ).url
            ).netloc: None
            for fips, dual_stack in product((False, True), (False, True))
            if fips <= partition["supportsFIPS"] and dual_stack <= partition["supportsDualStack"]
        }
        for partition in _partitions()
    }


def _partition_of_global_host(service: str, host: str) -> str:
    found = (partition for partition, hosts in _global_hosts(service).items() if host in hosts)
    by_suffix = (
        (len(suffix), str(partition["name"]))
        for partition in _partitions()
        for suffix in (partition["dnsSuffix"], partition["dualStackDnsSuffix"])
        if host.endswith(f".{suffix}")
    )
    return next(found, None) or max(by_suffix, key=lambda each: each[0], default=(0, "aws"))[1]


# --- hosts by endpoint rules ------------------------------------------------------------------------------------


def _match(host: str, patterns: Mapping[str, re.Pattern[str]]) -> tuple[str, str | None] | None:
    """The service and region of a host that matches the pattern of a service."""
    for name, pattern in patterns.items():
        if match := pattern.fullmatch(host):
            return name, next((region for region in match.groups() if region), None)
    return None


@cache
def _host_patterns() -> Mapping[str, re.Pattern[str]]:
    return {name: re.compile("|".join(sorted(set(_host_regexes(name)))), re.ASCII) for name in SERVICES}


def _host_regexes(service: str) -> Iterator[str]:
    """A regular expression per URL template and partition, with a group for the region."""
    templates = set(re.findall(r'"https://([^"/]+)"', json.dumps(load_endpoint_rules(service))))
    for template in templates:
        for partition in _partitions():
            regex = re.escape(template)
            for name in ("implicitGlobalRegion", "dnsSuffix", "dualStackDnsSuffix"):
                regex = regex.replace(re.escape(f"{{PartitionResult#{name}}}"), re.escape(partition[name]))
            region = "|".join([_without_groups(partition["regionRegex"].strip("^$")), *partition["others"]])
            yield regex.replace(re.escape("{Region}"), f"({region})")


@cache
def _vpc_endpoint_patterns() -> Mapping[str, re.Pattern[str]]:
    """`vpce-ID[-ZONE].access-analyzer.REGION.vpce.amazonaws.com`."""
    names = {name: load_service_model(name)["metadata"]["endpointPrefix"] for name in SERVICES}
    return {
        name: re.compile("|".join(_vpc_endpoint_regex(prefix, partition) for partition in _partitions()), re.ASCII)
        for name, prefix in names.items()
    }


def _vpc_endpoint_regex(prefix: str, partition: Mapping[str, Any]) -> str:
    region = _without_groups(partition["regionRegex"].strip("^$"))
    return rf"vpce-[a-z0-9-]+\.{re.escape(prefix)}(?:-fips)?\.({region})\.vpce\.{re.escape(partition['dnsSuffix'])}"


def _without_groups(regex: str) -> str:
    return re.sub(r"(?<!\\)\((?!\?)", "(?:", regex)


# --- hosts by the endpoint table --------------------------------------------------------------------------------


@cache
def _hosts_of_endpoints() -> Mapping[str, tuple[str, str]]:
    """Host name → service and region, for every region and spelling in `endpoints.json`."""
    resolver = botocore.regions.EndpointResolver(load_endpoints())
    regions = {region for partition in _partitions() for region in partition["regions"]}
    hosts = {}
    # botocore treats a region that no partition claims as one of the partition aws.
    for name, region, partition, *variant in product(SERVICES, regions, (None, "aws"), (False, True), (False, True)):
        prefix = load_service_model(name)["metadata"]["endpointPrefix"]
        try:
            endpoint = resolver.construct_endpoint(prefix, region, partition, *variant)
        except botocore.exceptions.EndpointVariantError:
            continue
        if endpoint:
            hosts[endpoint["hostname"]] = (name, region)
    return hosts

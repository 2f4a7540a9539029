"""Host names of AWS: which services and region a host belongs to, and the host of a service in a region.

1. A host belongs to the services whose forms of names it has (`catalog.service_index`). Its region must be one of a
   partition that has the host's DNS suffix.
2. Names of VPC endpoints have the service's name and region behind an id of the owner
   (https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html).
3. Names from before each region had its own, such as `ec2.amazonaws.com` and `us-east-1.ec2.amazonaws.com`, belong to
   the services of that time (`_OLD_PROTOCOLS`) that have a form of the name with the region behind it.
4. Any other name belongs to no service.
5. The partition of a region is that of `partitions.json`, which lists it or has an expression that matches it; any
   other name is a region of the partition aws, as botocore takes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from awstape.catalog.botocore_data import load_endpoint_rules, load_endpoints, load_partition_data
from awstape.catalog.service_index import REGION, dns_suffixes, is_region, load_index, partitions
from awstape.core.aws.model import HostMatch, Hosts
from awstape.core.text.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    import botocore.endpoint_provider

_BUCKET = lazy_pattern(r"(?P<bucket>.+)\.s3(?:-fips|-accelerate|express(?:-fips)?-[a-z0-9-]+)?(?:\.|$)", re.ASCII)
_ACCESS_POINT = lazy_pattern(
    r"(?P<name>[a-z0-9-]+)-(?P<account>\d{12})\.(?:(?P<outpost>op-\w+)\.)?(?P<service>s3-(?:accesspoint|object-lambda|outposts))"
    r"(?:-fips)?(?:\.dualstack)?\.(?P<region>[a-z0-9-]+)",
    re.ASCII,
)
#: The alias of an access point for many regions stands for a bucket; its ARN holds an account, which the host doesn't.
_MULTI_REGION = lazy_pattern(r"(?P<alias>[a-z0-9-]+\.mrap)\.accesspoint\.s3-global", re.ASCII)
#: Old names of S3's endpoints have a hyphen before the region.
_OLD_REGION = lazy_pattern(r"(^|\.)(s3(?:-fips)?)-(?=[a-z]{2}-(?!.*fips)[a-z-]+-\d$)", re.ASCII)
#: The protocols of services that are so old.
_OLD_PROTOCOLS = frozenset({"query", "ec2"})
_IN_VPC = lazy_pattern(
    r"(?:(?:(?P<bucket>.+)\.)?(?:bucket|accesspoint)\.)?vpce-[^.]+\.(?P<service>.+)\.vpce",
    re.ASCII,
)


@lru_cache(maxsize=1024)
def find_host(host: str) -> HostMatch | None:
    """The services at a host, and the region; None for a host that is none of AWS's services.

    A global service has the region None in the partition aws, and in another one the name that stands for all its
    regions, such as `aws-cn-global`. Case and a trailing dot don't matter.
    """
    host = host.lower().removesuffix(".")
    if host.rpartition(".")[2].isdigit():  # an address, such as that of a local endpoint: the index need not be read
        return None
    suffix = next((suffix for suffix in dns_suffixes() if host.endswith(f".{suffix}")), None)
    front = host.removesuffix(f".{suffix}") if suffix else host
    if suffix and (found := _IN_VPC.fullmatch(front)):
        front = f"{found['bucket']}.{found['service']}" if found["bucket"] else found["service"]
    front = _OLD_REGION.sub(r"\1\2.", front)
    matches = [(names, region) for form, region in _forms_of(front, suffix) if (names := _services_of_form(form))]
    if not matches and host == f"{front}.amazonaws.com":
        matches = list(_match_old_form(front))
    if not matches:
        return None
    all_names = dict.fromkeys(name for names, _ in matches for name in names)  # a service may list hosts of another one
    return _match_of(front, tuple(all_names), next((region for _, region in matches if region), None), suffix)


def _forms_of(front: str, suffix: str | None) -> Iterator[tuple[str, str | None]]:
    """The forms that a name may have, each with its region: as it is, and with `{region}` for a region in it."""
    yield front, None
    labels = front.split(".")
    for i, label in reversed(list(enumerate(labels))):
        if is_region(label, suffix) or _is_global(label):
            yield ".".join([*labels[:i], REGION, *labels[i + 1 :]]), label


def _match_old_form(front: str) -> Iterator[tuple[tuple[str, ...], str | None]]:
    """The services of a name from before each region had its own, and the region that stands in front of them."""
    region, _, rest = front.partition(".")
    form, found = (f"{rest}.{REGION}", region) if is_region(region) else (f"{front}.{REGION}", None)
    names = tuple(
        name for name in _forms()[0].get(form, ()) if _OLD_PROTOCOLS.intersection(load_index()[name].entry.protocols)
    )
    if names:
        yield names, found


def _is_global(name: str) -> bool:
    """Whether a name stands for all regions of a partition."""
    return name.endswith("-global") and any(name == f"{partition['name']}-global" for partition in partitions())


def _match_of(front: str, names: tuple[str, ...], region: str | None, suffix: str | None) -> HostMatch:
    region = region or next((label for label in reversed(front.split(".")) if is_region(label, suffix)), None)
    if not any(load_index()[name].entry.regional for name in names):
        partition = _partition_of_suffix(suffix) if region is None or suffix is None else partition_of(region)
        region = None if partition == "aws" else f"{partition}-global"
        if "us-gov" in front.split("."):
            region = "aws-us-gov-global"
    return HostMatch(names, region, _bucket_in(front) if "s3" in names else None)


def _bucket_in(front: str) -> str | None:
    """The bucket in a host name of S3; for an access point its ARN, which clients give in the bucket's place."""
    if point := _ACCESS_POINT.fullmatch(front):
        service = {"s3-accesspoint": "s3"}.get(point["service"], point["service"])
        path = f"outpost/{point['outpost']}/accesspoint" if point["outpost"] else "accesspoint"
        partition = partition_of(point["region"])
        return f"arn:{partition}:{service}:{point['region']}:{point['account']}:{path}/{point['name']}"
    if many := _MULTI_REGION.fullmatch(front):
        return many["alias"]
    bucket = _BUCKET.match(front)
    return bucket["bucket"] if bucket else None


def _partition_of_suffix(suffix: str | None) -> str:
    return next((str(p["name"]) for p in partitions() if suffix in (p["dnsSuffix"], p["dualStackDnsSuffix"])), "aws")


def _services_of_form(form: str) -> tuple[str, ...]:
    literal, wild = _forms()
    if found := literal.get(form):
        return found
    alike = (*wild.get(form.rpartition(".")[2], ()), *wild.get("*", ()))
    return tuple(dict.fromkeys(name for name, other in alike if _form_pattern(other).fullmatch(form)))


@cache
def _forms() -> tuple[Mapping[str, tuple[str, ...]], Mapping[str, list[tuple[str, str]]]]:
    """The forms without `*` → their services; and the last label of the others → service and form of each.

    A last label with `*` in it counts as `*`.
    """
    literal: dict[str, tuple[str, ...]] = {}
    wild: dict[str, list[tuple[str, str]]] = {}
    for name, row in load_index().items():
        for form in row.hosts:
            if "*" in form:
                last = form.rpartition(".")[2]
                wild.setdefault("*" if "*" in last else last, []).append((name, form))
            else:
                literal[form] = (*literal.get(form, ()), name)
    return literal, wild


@cache
def _form_pattern(form: str) -> re.Pattern[str]:
    """The pattern of a form.

    A bucket, or the alias of an access point, may have dots in its name; any other variable is within a label.
    """
    first, _, rest = form.partition("*")
    escaped = re.escape(rest).replace(r"\*", "[a-z0-9_-]+")
    variable = "[a-z0-9._-]+" if not first and re.match(r"(\.accesspoint)?\.s3(\W|express|$)", rest) else "[a-z0-9_-]+"
    return re.compile(re.escape(first) + variable + escaped, re.ASCII)


@cache
def host_of(service: str, region: str) -> str:
    """The plain host name of a service in a region, or of a global service in the partition of a region."""
    from botocore.exceptions import EndpointProviderError

    try:
        url = _provider(service).resolve_endpoint(Region=region, UseFIPS=False, UseDualStack=False).url
        return urlsplit(url).netloc
    except EndpointProviderError:  # it takes a parameter, such as an account
        form = min((form for form in load_index()[service].hosts if "*" not in form), key=len)
        suffixes = (str(p["dnsSuffix"]) for p in partitions() if p["name"] == partition_of(region))
        return f"{form.replace(REGION, region)}.{next(suffixes)}"


@cache
def _provider(service: str) -> botocore.endpoint_provider.EndpointProvider:
    from botocore.endpoint_provider import EndpointProvider

    return EndpointProvider(load_endpoint_rules(service), load_partition_data())


@cache
def partition_of(region: str | None) -> str:
    """The partition of a region, or of the name that stands for all its regions, such as `aws-cn-global`.

    That of None is aws.
    """
    if region is None:
        return "aws"
    for partition in partitions():
        names = (*partition["regions"], f"{partition['name']}-global")
        if region in names or re.fullmatch(partition["regionRegex"], region):
            return str(partition["name"])
    return "aws"


def is_region_of_aws(name: str) -> bool:
    """Whether a region, or the name that stands for all regions of a partition, is listed or of the spelling of one."""
    return is_region(name) or _is_global(name)


def main_region(partition: str) -> str:
    """A region of a partition, for clients of its global services, such as `us-east-1`."""
    return next(str(p["implicitGlobalRegion"]) for p in partitions() if p["name"] == partition)


def anonymise_host(host: str) -> str:
    """A host name without what identifies its owner: the host of a service stays, that of a bucket does not."""
    host = host.lower().removesuffix(".")
    for suffix in dns_suffixes():
        if host.endswith(f".{suffix}"):
            is_plain = re.fullmatch(r"[a-z-]{2,40}(\.[a-z]{2}(-[a-z]+){1,3}-\d)?", host.removesuffix(f".{suffix}"))
            return host if is_plain else f"a host under {suffix}"
    labels = host.split(".")
    return "a host" if labels[-1].isdigit() or ":" in host else f"a host under {'.'.join(labels[-2:])}"


def is_service_endpoint(host: str) -> bool:
    """Whether a host name is that of any AWS service; the names of buckets, machines and load balancers are not.

    Known are the forms of the index without variables, and the prefixes in `endpoints.json`, with or without a region.
    """
    host = host.lower().removesuffix(".")
    for partition in partitions():
        for suffix in (partition["dnsSuffix"], partition["dualStackDnsSuffix"]):
            name = host.removesuffix(f".{suffix}")
            front, _, last = name.rpartition(".")
            prefix = front if re.fullmatch(partition["regionRegex"], last) else name
            if name != host and prefix.removesuffix("-fips") in _endpoint_prefixes():
                return True
    return (found := find_host(host)) is not None and found.bucket is None


def is_aws_host(host: str) -> bool:
    """Whether a host is in a domain of AWS, be it that of a service, a bucket or a machine; a wildcard is no host."""
    return _aws_hosts().fullmatch(host.lower().removesuffix(".")) is not None


def host_suffixes() -> frozenset[str]:
    """The DNS suffixes of all partitions."""
    return frozenset(dns_suffixes())


def load_hosts() -> Hosts:
    """What host names and regions tell, for the core."""
    return Hosts(find_host, lambda host: anonymise_host(host) if is_aws_host(host) else None, partition_of, host_of)


@cache
def _aws_hosts() -> re.Pattern[str]:
    return re.compile(rf"(?:[a-z0-9_-]{{1,63}}\.)+(?:{'|'.join(map(re.escape, dns_suffixes()))})", re.ASCII)


@cache
def _endpoint_prefixes() -> frozenset[str]:
    return frozenset(name for p in load_endpoints()["partitions"] for name in p["services"])

"""The index of all services: what tells them apart, and the forms of their host names, without reading a model each.

1. The index is data in the package, made from botocore's data by `make index`. It has a row for every service that the
   botocore of the lock knows. A service that a newer botocore knows is read from its model when the index is loaded;
   a service that the botocore at hand does not know is left out.
2. A form of a host name is `iam`, `access-analyzer.{region}` or `*.s3-control.{region}`: the name without the DNS
   suffix of a partition. `{region}` is a region of that partition, `*` one or more characters within a label, such as
   an account. Hosts outside these suffixes are whole names, such as `signin.{region}.on.aws`.
3. The forms come from `endpoint-rule-set-1.json`, every URL template in it, and from `endpoints.json`, which SDKs
   without rule sets follow; each of them also behind the host prefixes of the service's operations.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from awstape.catalog.botocore_data import (
    has_service,
    load_endpoint_rules,
    load_endpoints,
    load_partition_data,
    load_service_model,
    service_folders,
)
from awstape.catalog.old_protocols import OLD_PROTOCOLS
from awstape.core.aws.model import ServiceEntry
from awstape.core.text.lazy_pattern import lazy_pattern

FILE = Path(__file__).with_name("service_index.json")
REGION = "{region}"
#: Prefixes in `endpoints.json` that a service had in older models.
_OLD_PREFIXES = {"iot-data": ("data.iot",), "iotsecuretunneling": ("iotsecuredtunneling",)}
_VARIABLE = lazy_pattern(r"\{[^}]*\}")
#: The variables of URL templates that hold a region, or a DNS suffix.
_REGIONS = lazy_pattern(r"\{(?:Region|\w*[aA]rn#region|\w*#implicitGlobalRegion)\}")
_SUFFIXES = lazy_pattern(r"\.\{\w+#(?:dnsSuffix|dualStackDnsSuffix)\}$")


class IndexRow(NamedTuple):
    """A service, and the forms of its host names."""

    entry: ServiceEntry
    hosts: tuple[str, ...]


@cache
def load_index() -> Mapping[str, IndexRow]:
    """The rows of all services that the botocore at hand knows, by name."""
    return _Index(json.loads(FILE.read_bytes()))


class _Index(Mapping[str, IndexRow]):
    """The rows of the index, and of services that it lacks. A row is made when it is first asked for."""

    def __init__(self, rows: Mapping[str, list[Any]]) -> None:
        self._rows = rows
        others = (name for name in service_folders() if name not in rows and has_service(name))
        known = (name for name in service_folders() if name in rows)
        self._made: dict[str, IndexRow | None] = dict.fromkeys(chain(known, others))

    def __getitem__(self, name: str) -> IndexRow:
        if (made := self._made[name]) is None:
            made = _read_row(name, self._rows[name]) if name in self._rows else make_row(name)
            self._made[name] = made
        return made

    def __contains__(self, name: object) -> bool:
        return name in self._made

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


def _read_row(name: str, row: list[Any]) -> IndexRow:
    id_, protocols, signing_name, version, target, regional, hosts = row
    entry = ServiceEntry(name, id_, tuple(protocols), signing_name, version, target, regional)
    return IndexRow(entry, tuple(hosts))


# --- made from botocore's data ------------------------------------------------------------------------------------


def make_row(name: str) -> IndexRow:
    """The row of a service, from botocore's data."""
    return IndexRow(make_entry(name, load_service_model(name)["metadata"]), tuple(sorted(_host_forms(name))))


def make_entry(name: str, meta: Mapping[str, Any]) -> ServiceEntry:
    """What tells a service apart, from the metadata of its model."""
    known = dict.fromkeys([meta["protocol"], *meta.get("protocols", ())])
    return ServiceEntry(
        name=name,
        id=re.sub("[ -]", "_", meta["serviceId"]).lower(),
        protocols=tuple(known | dict.fromkeys([OLD_PROTOCOLS[name]] if name in OLD_PROTOCOLS else [])),
        signing_name=meta.get("signingName", meta["endpointPrefix"]),
        api_version=meta["apiVersion"],
        target_prefix=meta.get("targetPrefix", ""),
        regional="globalEndpoint" not in meta,
    )


def _host_forms(name: str) -> set[str]:
    prefixes = (load_service_model(name)["metadata"]["endpointPrefix"], *_OLD_PREFIXES.get(name, ()))
    of_endpoints = (host for prefix in prefixes for host in _hosts_of_endpoints(prefix))
    hosts = {_simplify(host) for host in (*_hosts_of_rules(name), *of_endpoints)}
    operations = load_service_model(name)["operations"].values()
    fronts = {_simplify(operation["endpoint"]["hostPrefix"]) for operation in operations if "endpoint" in operation}
    behind = {front + host for front in fronts for host in hosts if not host.startswith(("*", *fronts))}
    forms = hosts | behind
    without_suffix = {_strip_suffix(form) for form in forms}
    return {form for form in without_suffix if not _is_covered(form, without_suffix)}


def _hosts_of_rules(name: str) -> Iterator[str]:
    for url in re.findall(r'"https://([^"/]+)["/]', json.dumps(load_endpoint_rules(name))):
        if not url.endswith("authority}"):  # the host of an endpoint that the user sets
            yield _REGIONS.sub(REGION, url)


def _hosts_of_endpoints(prefix: str) -> Iterator[str]:
    for partition in load_endpoints()["partitions"]:
        defaults = [partition["defaults"], *partition["defaults"].get("variants", ())]
        service = partition["services"].get(prefix, {})
        for each in [*defaults, service.get("defaults", {}), *service.get("endpoints", {}).values()]:
            for host in (each.get("hostname"), each.get("sslCommonName"), *_variant_hosts(each)):
                if host:
                    plain = host.replace("{service}", prefix).replace("{region}", REGION)
                    yield plain.replace("{dnsSuffix}", partition["dnsSuffix"])


def _variant_hosts(endpoint: Mapping[str, Any]) -> Iterator[str]:
    return (variant["hostname"] for variant in endpoint.get("variants", ()) if "hostname" in variant)


def _simplify(host: str) -> str:
    """A template with `*` for each variable but the region."""
    host = _SUFFIXES.sub(".amazonaws.com", host)
    return _VARIABLE.sub(lambda found: REGION if found[0] == REGION else "*", host)


def _strip_suffix(host: str) -> str:
    suffix = next((suffix for suffix in dns_suffixes() if host.endswith(f".{suffix}")), None)
    return host.removesuffix(f".{suffix}") if suffix else host


def _is_covered(form: str, forms: set[str]) -> bool:
    """Whether another form has `{region}` in the place of a region of this one."""
    labels = form.split(".")
    replaced = (".".join([*labels[:i], REGION, *labels[i + 1 :]]) for i, label in enumerate(labels) if is_region(label))
    return any(other in forms for other in replaced)


# --- partitions ---------------------------------------------------------------------------------------------------


@cache
def partitions() -> tuple[Mapping[str, Any], ...]:
    """The partitions: the outputs of `partitions.json`, the expression of their regions, and the listed regions."""
    return tuple(
        {**each["outputs"], "regionRegex": each["regionRegex"].strip("^$"), "regions": tuple(each["regions"])}
        for each in load_partition_data()["partitions"]
    )


@cache
def dns_suffixes() -> tuple[str, ...]:
    """The DNS suffixes of all partitions, longer ones first."""
    found = {suffix for each in partitions() for suffix in (each["dnsSuffix"], each["dualStackDnsSuffix"])}
    return tuple(sorted(found, key=lambda suffix: (-len(suffix), suffix)))


def is_region(label: str, suffix: str | None = None) -> bool:
    """Whether a label is a region of a partition, listed or of its spelling.

    suffix: a DNS suffix that the partition must have; clients that know no partition use those of aws for any region.
    """
    return any(
        label in each["regions"] or re.fullmatch(each["regionRegex"], label, re.ASCII) is not None
        for each in partitions()
        if suffix in (None, "amazonaws.com", "api.aws", each["dnsSuffix"], each["dualStackDnsSuffix"])
    )

"""The data files of botocore, as parsed JSON: service models, paginators, endpoint rules, partitions, endpoints.

1. They are read without an import of botocore, which takes longer than all else that a replay does before its first
   answer.
2. A service is read as botocore's loader reads it: from the user's folder `~/.aws/models` and from botocore's own one,
   in the newest version of its API that either has; of a file that both have, the user's.
3. What an SDK adds to a file (`service-2.sdk-extras.json`) is merged into it.

Source: botocore/loaders.py (`Loader`).
"""

from __future__ import annotations

import gzip
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from awstape.core.text.lazy_pattern import lazy_pattern

#: The services that are recorded unless others are chosen, by their names in botocore.
DEFAULT_SERVICES = ("iam", "accessanalyzer", "sts")
_MODEL = "service-2"
#: A name of a service; cassettes name services, too, and a name must not lead out of a folder.
_NAME = lazy_pattern(r"[\w-]+", re.ASCII)
_VERSION = lazy_pattern(r"""^__version__ = ["']([^"']+)["']""", re.MULTILINE)


def data_version() -> str:
    """The package and version that the data files come from."""
    return f"botocore {botocore_version()}"


@cache
def botocore_version() -> str:
    """The version of botocore."""
    if "botocore" in sys.modules:
        version: str = sys.modules["botocore"].__version__
        return version
    found = _VERSION.search((_package() / "__init__.py").read_text("utf-8"))
    return found[1] if found else ""


@cache
def _package() -> Path:
    """The folder of the package botocore."""
    spec = find_spec("botocore")
    assert spec
    assert spec.origin
    return Path(spec.origin).parent


def data_folders() -> tuple[Path, ...]:
    """The folders with data files, first the user's own."""
    return Path(os.path.expanduser("~/.aws/models")), _package() / "data"


@cache
def available_services() -> tuple[str, ...]:
    """The names of all services of which botocore has a model, sorted."""
    return tuple(name for name in service_folders() if has_service(name))


@cache
def service_folders() -> tuple[str, ...]:
    """The names of the folders of services, sorted. Whether they hold a model takes longer to find out."""
    return tuple(sorted({entry.name for folder in data_folders() for entry in _entries(folder) if entry.is_dir()}))


@cache
def has_service(name: str) -> bool:
    """Whether botocore has a model of a service."""
    return _newest_version(name, _MODEL) is not None


def select_services(globs: Iterable[str]) -> tuple[str, ...]:
    """The names of the services that globs match, in the order of the globs; `all` matches every one."""
    return tuple(dict.fromkeys(name for glob in globs for name in _matching(glob)))


def _matching(glob: str) -> Iterable[str]:
    if _NAME.fullmatch(glob) and glob != "all":
        return [glob] if has_service(glob) else []
    from fnmatch import fnmatchcase

    return (name for name in available_services() if glob == "all" or fnmatchcase(name, glob))


def load_service_model(service: str) -> dict[str, Any]:
    """`service-2.json`: operations, shapes and metadata. Raises KeyError for an unknown service."""
    if (model := _load(service, _MODEL)) is None:
        raise KeyError(service)
    return model


def load_paginators(service: str) -> dict[str, Any]:
    """`paginators-1.json`: operation name → its paginator; none if there is no such file."""
    return _section(service, "paginators-1", "pagination")


def load_waiters(service: str) -> dict[str, Any]:
    """`waiters-2.json`: waiter → what it waits for; none if there is no such file."""
    return _section(service, "waiters-2", "waiters")


def _section(service: str, file: str, name: str) -> dict[str, Any]:
    """A section of a file that not every service has."""
    section: dict[str, Any] = (_load(service, file) or {}).get(name, {})
    return section


def load_endpoint_rules(service: str) -> Mapping[str, Any]:
    """`endpoint-rule-set-1.json`: the rules that map region and variant to a host name."""
    return _load(service, "endpoint-rule-set-1") or {}


@cache
def load_partition_data() -> Mapping[str, Any]:
    """`partitions.json`: the partitions with their DNS suffixes and regions."""
    return _load_file("partitions") or {}


@cache
def load_endpoints() -> Mapping[str, Any]:
    """`endpoints.json`: the endpoint table that SDKs without rule sets follow."""
    return _load_file("endpoints") or {}


@cache
def _load(service: str, file: str) -> dict[str, Any] | None:
    """A file of a service in its newest version, with what SDKs add; None if there is no such file."""
    version = _newest_version(service, file)
    if version is None:
        return None
    content = _load_file(f"{service}/{version}/{file}")
    if content is not None and (extras := _load_file(f"{service}/{version}/{file}.sdk-extras")):
        _merge(content, extras.get("merge", {}))
    return content


def _newest_version(service: str, file: str) -> str | None:
    """The newest version of a service's API that has a file."""
    if not _NAME.fullmatch(service):
        return None
    entries = (entry for folder in data_folders() for entry in _entries(folder / service))
    return max((entry.name for entry in entries if _find_file(entry.path, file)), default=None)


def _load_file(name: str) -> dict[str, Any] | None:
    """A JSON file, compressed or not, of the first folder that has it."""
    for folder in data_folders():
        if path := _find_file(str(folder), name):
            data = path.read_bytes()
            content: dict[str, Any] = json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)
            return content
    return None


def _find_file(folder: str, name: str) -> Path | None:
    for ending in (".json", ".json.gz"):
        if os.path.isfile(path := f"{folder}/{name}{ending}"):
            return Path(path)
    return None


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []


def _merge(content: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Adds what an SDK adds to a file; what is in it already, and is no object, is replaced."""
    for name, value in more.items():
        if isinstance(content.get(name), dict) and isinstance(value, dict):
            _merge(content[name], value)
        else:
            content[name] = value

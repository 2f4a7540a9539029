"""botocore's data files are read as botocore's own loader reads them, without an import of botocore."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import botocore
import botocore.exceptions
import botocore.loaders
import pytest

from awstape.catalog import botocore_data
from awstape.catalog.botocore_data import (
    available_services,
    botocore_version,
    has_service,
    load_endpoint_rules,
    load_endpoints,
    load_paginators,
    load_partition_data,
    load_service_model,
    load_waiters,
    select_services,
)

LOADER = botocore.loaders.Loader()
#: Services of all protocols, and all whose paginators an SDK extends.
SERVICES = ("iam", "accessanalyzer", "s3", "lambda", "dynamodb", "cloudwatch", "ec2", "inspector2", "glue", "ce")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the user's own models; what is read is forgotten before and after."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    cached = (available_services, botocore_data.service_folders, has_service, botocore_data._load)
    for each in cached:
        each.cache_clear()
    yield tmp_path / ".aws" / "models"
    for each in cached:
        each.cache_clear()


def write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), "utf-8")


def test_the_services_are_those_of_botocore() -> None:
    assert list(available_services()) == LOADER.list_available_services("service-2")
    assert botocore_version() == botocore.__version__


@pytest.mark.parametrize("service", SERVICES)
def test_the_files_of_a_service_are_those_that_botocore_reads(service: str) -> None:
    assert load_service_model(service) == LOADER.load_service_model(service, "service-2")
    assert load_endpoint_rules(service) == LOADER.load_service_model(service, "endpoint-rule-set-1")
    for file, section, found in (
        ("paginators-1", "pagination", load_paginators(service)),
        ("waiters-2", "waiters", load_waiters(service)),
    ):
        try:
            assert found == LOADER.load_service_model(service, file)[section]
        except botocore.exceptions.UnknownServiceError:
            assert found == {}


def test_files_of_no_service_are_those_that_botocore_reads() -> None:
    assert load_partition_data() == LOADER.load_data("partitions")
    assert load_endpoints() == LOADER.load_data("endpoints")


def test_the_version_is_found_without_an_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(botocore_data.sys.modules, "botocore")
    botocore_version.cache_clear()
    assert botocore_version() == botocore.__version__
    botocore_version.cache_clear()


def test_a_users_models_are_read(home: Path) -> None:
    write(home / "iam" / "2099-01-01" / "service-2.json", {"metadata": {"x": 1}})
    write(home / "own" / "2020-01-01" / "service-2.json", {"metadata": {"old": 1}})
    newest = home / "own" / "2021-01-01" / "service-2.json.gz"
    newest.parent.mkdir(parents=True)
    newest.write_bytes(gzip.compress(b'{"metadata": {"new": 1}}'))
    write(home / "own" / "2021-01-01" / "service-2.sdk-extras.json", {"merge": {"metadata": {"more": 2}}})
    assert load_service_model("iam") == {"metadata": {"x": 1}}
    assert load_service_model("own") == {"metadata": {"new": 1, "more": 2}}
    assert "own" in available_services()


@pytest.mark.parametrize("name", ["", ".", "..", "../iam", "iam/2010-05-08", "iam\0", "/etc"])
def test_the_name_of_a_service_leads_nowhere_else(name: str) -> None:
    assert not has_service(name)
    with pytest.raises(KeyError):
        load_service_model(name)


def test_globs_select_services() -> None:
    assert select_services(["iam", "nothing", "s3*", "iam"])[:2] == ("iam", "s3")
    assert select_services(["all"]) == available_services()
    assert select_services(["*"]) == available_services()

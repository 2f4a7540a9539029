"""The index of services, verified against botocore's data, and what tells services apart."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import botocore.exceptions
import pytest

from awstape.catalog import service_index as index
from awstape.catalog.botocore_data import available_services
from awstape.catalog.hosts import find_host, host_of
from awstape.catalog.service_index import load_index, make_row
from service_index import write_index
from support.boto3_clients import client

SAMPLE = available_services()[::40]


@pytest.mark.parametrize("name", [*SAMPLE, "iam", "s3", "sts", "kinesis", "sqs"])
def test_the_index_is_what_botocore_shows(name: str) -> None:
    """Older and newer versions of botocore differ in some hosts, but not in what tells services apart."""
    assert load_index()[name].entry == make_row(name).entry
    assert set(load_index()[name].hosts) & set(make_row(name).hosts)


def test_the_index_is_written_as_it_is_read() -> None:
    known = json.loads(index.FILE.read_text("utf-8"))
    rows = [row for name, row in load_index().items() if name in known]
    assert json.loads(write_index(rows)) == {row.entry.name: known[row.entry.name] for row in rows}
    assert len(rows) > 300


def test_a_service_that_the_index_lacks_is_read_from_its_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = index.FILE.read_text("utf-8")
    less = "".join(line for line in text.splitlines(keepends=True) if not line.startswith('"sts"'))
    assert less != text

    file = tmp_path / "index.json"
    file.write_text(less, "utf-8")
    monkeypatch.setattr(index, "FILE", file)
    rows = load_index.__wrapped__()
    assert rows["sts"].entry == load_index()["sts"].entry
    assert "sts.{region}" in rows["sts"].hosts


@pytest.mark.parametrize("name", SAMPLE)
def test_the_host_of_a_client_is_one_of_its_service(name: str) -> None:
    region = boto3.Session().get_available_regions(name) or ["us-east-1"]
    try:
        host = urlsplit(client(name, region[0]).meta.endpoint_url).hostname or ""
    except botocore.exceptions.BotoCoreError:
        pytest.skip("botocore has no client of this service here")
    found = find_host(host)
    assert found is not None, host
    assert name in found.names


def test_every_service_has_a_host() -> None:
    for name in available_services():
        found = find_host(host_of(name, "us-east-1"))
        assert found and name in found.names, name


def test_some_services_share_all_that_tells_them_apart() -> None:
    """Only the operation, or the cassette, tells these: `core.aws.routing` asks their models."""
    shared = defaultdict[tuple[object, ...], set[str]](set)
    for name, row in load_index().items():
        entry = row.entry
        shared[entry.signing_name, entry.api_version, entry.target_prefix, entry.protocols].add(name)
    assert {"docdb", "neptune", "rds"} in shared.values()

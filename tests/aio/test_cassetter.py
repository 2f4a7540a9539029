"""Import of cassetter's recordings. In this environment, because its pytest plugin conflicts with pytest-recording."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from click.testing import CliRunner

from awstape.catalog.service_models import load_models
from awstape.cli.main import cli
from awstape.files import cassette_files
from examples import KEY
from support.standin import StandIn

cassetter = pytest.importorskip("cassetter")


@pytest.mark.parametrize("ending", ["yaml", "toml"])
def test_a_recording_of_cassetter_is_imported(ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWSTAPE_KEY", KEY)
    original, imported = tmp_path / f"original.{ending}", tmp_path / "imported.yaml"
    with StandIn() as aws:
        client: Any = botocore.session.get_session().create_client(
            "iam",
            endpoint_url=aws.url,
            region_name="us-east-1",
            aws_access_key_id="AKIAEXAMPLEEXAMPLE12",
            aws_secret_access_key="dummy",
        )
        with cassetter.use_cassette(original, record_mode="all"):
            pages = list(client.get_paginator("list_roles").paginate())
    assert len(pages) == 2
    result = CliRunner().invoke(cli, ["import", str(original), "-o", str(imported)])
    assert result.exit_code == 0, result.output
    listing = [
        take for take in cassette_files.load(imported, load_models()).takes if take.track.operation == "ListRoles"
    ]
    shipped = cassette_files.load(Path(__file__).parents[2] / "cassettes" / "roles.yaml", load_models())
    listed = (take for take in shipped.takes if take.track.operation == "ListRoles")
    # cassetter keeps no signature, so that the caller is unknown.
    assert listing == [replace(take, track=replace(take.track, account=None)) for take in listed]

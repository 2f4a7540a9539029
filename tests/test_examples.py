"""The shipped cassettes are valid, complete, free of identifiers, and identical when they are recorded again."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import jsonschema
import pytest

from awstape.catalog.botocore_data import data_version
from awstape.catalog.service_models import load_models
from awstape.core.aws.paging import next_token
from awstape.core.cassette.yaml.json_schema import cassette_schema, dump_schema
from awstape.core.cassette.yaml.parser import parse_documents
from awstape.core.cassette.yaml.validation import SCHEMA_FILE
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.check.findings import check_text
from awstape.files import cassette_files
from awstape.files.keys import find_key
from e2e import warm
from examples import DERIVED_KEY, FOLDER, KEY, NAMES, record
from support.standin import StandIn

ALIAS = re.compile(r"arn:aws:[a-z-]+:[a-z0-9-]*:000\d{9}:")
MODELS = load_models()
each_example = pytest.mark.parametrize("name", NAMES)


def test_their_key_is_that_of_the_public_phrase() -> None:
    assert find_key({"AWSTAPE_KEY": DERIVED_KEY}) == find_key({"AWSTAPE_KEY": KEY})


def test_each_file_is_an_example_and_each_example_a_file() -> None:
    names = {f"{name}.yaml" for name in NAMES}
    assert {path.name for path in FOLDER.iterdir()} == names | {SCHEMA_FILE}


@each_example
def test_writing_it_again_gives_the_same_text(name: str) -> None:
    path = FOLDER / f"{name}.yaml"
    assert write_cassette(cassette_files.load(path, MODELS)) == path.read_text("utf-8")


def test_the_schema_beside_them_is_that_of_the_models() -> None:
    """The text is equal under the botocore that generated it; the cassettes are valid under any botocore."""
    text = (FOLDER / SCHEMA_FILE).read_text("utf-8")
    shipped = json.loads(text)
    if shipped["$comment"] == data_version():
        assert text == dump_schema(cassette_schema(MODELS, data_version())), "make examples"
    validator = jsonschema.Draft7Validator(shipped)
    for name in NAMES:
        cassette = (FOLDER / f"{name}.yaml").read_text("utf-8")
        assert cassette.startswith(f"# yaml-language-server: $schema={SCHEMA_FILE}\n")
        assert [error for each in parse_documents(cassette) for error in validator.iter_errors(each.value)] == []


@each_example
def test_every_listing_is_recorded_to_its_end(name: str) -> None:
    for take in cassette_files.load(FOLDER / f"{name}.yaml", MODELS).takes:
        operation = MODELS.services[take.track.service].operations[take.track.operation]
        output = take.pages[-1].answer.output
        assert output is None or next_token(operation, output) is None


@each_example
def test_nothing_in_it_looks_real(name: str) -> None:
    text = (FOLDER / f"{name}.yaml").read_text("utf-8")
    assert ALIAS.search(text)
    assert check_text(text, MODELS) == []


@each_example
def test_recording_it_again_gives_the_same_bytes(name: str, tmp_path: Path) -> None:
    with StandIn() as aws:
        process = warm.Process if name != NAMES[0] else subprocess.Popen[str]
        record(name, tmp_path, aws.url, {"XDG_DATA_HOME": str(tmp_path / "data")}, process)
    assert (tmp_path / f"{name}.yaml").read_bytes() == (FOLDER / f"{name}.yaml").read_bytes()

"""Takes of any service: they fit the model, pass `check`, and botocore's paginator reads them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore.paginate import Paginator

from awstape.catalog.botocore_data import available_services, load_paginators
from awstape.catalog.botocore_values import build_request
from awstape.catalog.response_parser import operation_model, parse_response
from awstape.catalog.service_models import load_models
from awstape.core.aws.model import Operation
from awstape.core.aws.paging import items_of
from awstape.core.cassette.cassette import Cassette, Take
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.check.findings import check_text
from awstape.core.redaction.aliases import Key
from awstape.core.redaction.redactor import Redactor
from awstape.core.replay.player import Player
from awstape.core.replay.replies import ServedPage
from awstape.core.synthesis.fitting_texts import text_of_pattern
from awstape.core.synthesis.seeded_choice import Seed
from awstape.core.synthesis.synthetic_takes import synthesise_take

MODELS = load_models()
#: Of the services in their order, a listing of each ninth one, and of each another one: of six hundred and more.
SAMPLE = sorted(available_services())[4::9]


def first_listing(service: str) -> Operation | None:
    """A listing of a service for which botocore has a paginator."""
    known = load_paginators(service)
    operations = (each for name, each in MODELS.services[service].operations.items() if name in known)
    return next((each for each in operations if each.paging), None)


LISTINGS = [operation for service in SAMPLE if (operation := first_listing(service))]


def make(operation: Operation, seed: str = "") -> Take:
    return synthesise_take(operation, {}, seed=seed, region="eu-west-1" if operation.service.regional else None)


@pytest.mark.parametrize("operation", LISTINGS, ids=lambda each: f"{each.service.name}-{each.name}")
def test_a_listing_passes_check_and_is_read_by_a_paginator(operation: Operation) -> None:
    take = make(operation)
    text = write_cassette(Cassette.of([take]))
    assert read_cassette(text, MODELS).takes == (take,)
    assert [each for each in check_text(text, MODELS) if each.level == "error"] == []
    assert make(operation) == take
    assert make(operation, "another seed").pages != take.pages

    models = load_models((operation.service.name,))
    player = Player(models, Cassette.of([take]), Redactor(Key(b"thrown away")), has_key=False)

    def call(**given: Any) -> dict[str, Any]:
        reply = player.answer(build_request(operation, {**take.track.identity, **given}, take.track.region))
        assert isinstance(reply, ServedPage), reply
        assert reply.response
        return parse_response(operation, reply.response)

    configuration = load_paginators(operation.service.name)[operation.name]
    pages = list(Paginator(call, configuration, operation_model(operation)).paginate())
    assert len(pages) == len(take.pages) > 1
    for list_ in operation.lists:
        recorded = [len(items_of(page.answer.output, list_)) for page in take.pages]
        assert [len(items_of(page, list_)) for page in pages] == recorded


def test_operations_that_are_no_listings_pass_check() -> None:
    for service in SAMPLE[::3]:
        for operation in [*MODELS.services[service].operations.values()][::15]:
            text = write_cassette(Cassette.of([make(operation)]))
            assert [each for each in check_text(text, MODELS) if each.level == "error"] == [], operation.name


def test_structures_within_themselves_end() -> None:
    """DynamoDB's values hold values; a dashboard of QuickSight has more structures than fit into a cassette."""
    for service, name in ("dynamodb", "Scan"), ("quicksight", "DescribeDashboardDefinition"), ("emr", "ListClusters"):
        assert len(write_cassette(Cassette.of([make(MODELS.operation(service, name))]))) < 3_000_000


@pytest.mark.parametrize(
    "pattern",
    [
        r"^arn:aws(-cn|-us-gov)?:ecs:[a-z0-9-]{3,20}:\d{12}:task/[\w+=,.@-]+$",
        r"[a-zA-Z][a-zA-Z0-9_-]{0,62}|\$LATEST",
        r"^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]*$",
        r"(?i)[^\s<>]{3}(?:x|y)+?",
        r"[]a-c-]{4}[\x41-\x43]\u0044\.z\b",
        r"^st-[a-zA-Z0-9]{13}$",
        r"",
    ],
)
def test_a_text_is_made_from_a_pattern(pattern: str) -> None:
    for number in range(20):
        made = text_of_pattern(pattern, Seed(str(number)), number % 5)
        assert made is not None
        python = pattern.replace(r"\p{L}", r"\w").replace(r"\p{Z}", r"\s").replace(r"\p{N}", r"\w")
        assert re.fullmatch(python, made), made


@pytest.mark.parametrize("pattern", ["(", "[a", "a)", "(?#comment)", "a\\", "a{2", r"\p{L"])
def test_what_cannot_be_read_gives_no_text(pattern: str) -> None:
    assert text_of_pattern(pattern, Seed(""), 1) in (None, "a{2")

"""Listings of operations of all services, recorded and replayed: a sample of `make listings`."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

import listings
from awstape.catalog.botocore_data import available_services, load_paginators
from awstape.core.aws.model import Operation
from support.paths import GUIDE

#: One operation in so many is tried here; `make listings` tries all.
EVERY = 40


def sample() -> Iterator[tuple[Operation, bool]]:
    """One operation of every service is one in a few hundred: services with many operations have more of the sample."""
    for name in available_services()[::5]:
        yield from list(listings.paginated([name]))[::EVERY]


def test_listings_come_out_equal() -> None:
    outcomes = [outcome for operation, has in sample() for outcome in listings.try_listing(operation, has)]
    assert [
        each for each in outcomes if each.problem and (each.service, each.operation) not in listings.EXCEPTIONS
    ] == []
    assert len(outcomes) > 90
    assert {each.protocol for each in outcomes} >= {"json", "rest-json", "query"}


@pytest.mark.parametrize("service", ["ec2", "s3", "dynamodb", "route53", "cloudfront", "kinesis", "cloudwatch"])
def test_services_with_tokens_of_their_own_forms_come_out_equal(service: str) -> None:
    tried = [each for each in listings.paginated([service]) if each[0].name in ODD or service != "ec2"]
    outcomes = [outcome for operation, has in tried for outcome in listings.try_listing(operation, has)]
    assert {(each.service, each.operation) for each in outcomes if each.problem} <= listings.EXCEPTIONS.keys()
    assert outcomes


ODD = {"DescribeInstances", "SearchTransitGatewayRoutes"}


def test_each_exception_is_one() -> None:
    for (service, name), reason in listings.EXCEPTIONS.items():
        operation, has = next(each for each in listings.paginated([service]) if each[0].name == name)
        (first, *_) = listings.try_listing(operation, has)
        assert first.problem.startswith(reason)


def test_a_listing_that_lacks_an_item_is_not_equal() -> None:
    """The judge must be able to fail."""
    with pytest.raises(listings.UnequalError, match=r"list of 2 became list of 1"):
        listings.compare({"Users": [{"a": "x"}, {"a": "y"}]}, {"Users": [{"a": "q"}]}, "2")
    with pytest.raises(listings.UnequalError, match="two strings one"):
        listings.compare({"Users": ["x", "y"]}, {"Users": ["q", "q"]}, "2")


GUIDE_COUNTS = re.compile(
    r"Botocore pages ([\d,]+)\s+operations: ([\d,]+) come out equal.*?Another ([\d,]+) operations have page tokens",
    re.DOTALL,
)


def test_the_guide_has_the_counts() -> None:
    """That of operations without a paginator takes all models: `make listings` prints it."""
    told = GUIDE_COUNTS.search((GUIDE / "services.md").read_text())
    assert told
    every, equal, _ = (int(number.replace(",", "")) for number in told.groups())
    assert every == sum(len(load_paginators(name)) for name in available_services())
    assert every - equal == len(listings.EXCEPTIONS)

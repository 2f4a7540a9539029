"""Paging: the identity of an input, and the token of the next page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from awstape.catalog.service_models import load_models
from awstape.core.aws.call import Call
from awstape.core.aws.model import Value
from awstape.core.aws.paging import PageRequest, canonicalise, count_items, next_token, split_input
from awstape.core.aws.routing import recognise_call
from awstape.core.aws.wire import Request, WireError
from support.exchanges import MODELS, operation, request


def asked(name: str, input_: dict[str, Value]) -> PageRequest:
    return split_input(Call(operation(name), None, input_))


def test_token_and_limit_are_not_part_of_the_identity() -> None:
    got = asked("ListUsers", {"Marker": "m", "PathPrefix": "/x/", "MaxItems": 2})
    assert got == PageRequest({"PathPrefix": "/x/"}, "m", 2)
    got = asked("ListFindings", {"nextToken": "n", "maxResults": 3, "analyzerArn": "a"})
    assert got == PageRequest({"analyzerArn": "a"}, "n", 3)


def test_without_paging_they_are_ordinary_members() -> None:
    assert asked("GetUser", {"Marker": "m"}) == PageRequest({"Marker": "m"}, None, None)


@pytest.mark.parametrize("limit", [0, -1, True, "007", "many", None, [1]])
def test_a_limit_that_no_service_accepts_is_ignored(limit: Value) -> None:
    """The cassette could not be read back with it."""
    assert asked("ListFindings", {"maxResults": limit}).limit is None


@pytest.mark.parametrize("token", [1, ["a"], {}])
def test_a_token_that_is_not_text_is_refused(token: Value) -> None:
    with pytest.raises(WireError, match="page token of ListFindings is not a string"):
        asked("ListFindings", {"nextToken": token})


def test_idempotency_tokens_are_not_part_of_the_identity() -> None:
    one, other = ({"type": "ACCOUNT", "analyzerName": "a", "clientToken": token} for token in ("1", "2"))
    assert asked("CreateAnalyzer", dict(one)) == asked("CreateAnalyzer", dict(other))


def test_the_identity_is_canonical() -> None:
    one: dict[str, Value] = {
        "zeta": {"b": 1, "a": None},
        "sort": {"orderBy": "DESC", "attributeName": "x"},
        "filter": {"b": {"neq": ["1"], "eq": ["2", "1"]}, "a": {}},
        "analyzerArn": "a",
        "alpha": 1,
    }
    identity = asked("ListFindings", one).identity
    assert identity == {**one, "zeta": {"b": 1}}
    assert list(identity) == ["analyzerArn", "filter", "sort", "alpha", "zeta"]
    assert list(identity["filter"]) == ["a", "b"]  # type: ignore[arg-type]
    assert list(identity["filter"]["b"]) == ["eq", "neq"]  # type: ignore
    assert list(identity["sort"]) == ["attributeName", "orderBy"]  # type: ignore[arg-type]
    assert canonicalise(identity, operation("ListFindings").input) == identity


def test_the_order_of_a_form_does_not_change_the_identity() -> None:
    plain = request("SimulateCustomPolicy", {"ActionNames": ["b:B", "a:A"], "PolicyInputList": ["{}"], "MaxItems": 5})
    turned = replace(plain, body=b"&".join(reversed(plain.body.split(b"&"))))
    one, other = recognise_call(MODELS, plain), recognise_call(MODELS, turned)
    assert one and other
    assert split_input(one) == split_input(other)
    assert split_input(one).identity["ActionNames"] == ["b:B", "a:A"]


@pytest.mark.parametrize(
    ("name", "output", "token"),
    [
        ("ListUsers", {"IsTruncated": True, "Marker": "m"}, "m"),
        ("ListUsers", {"Marker": "m"}, "m"),
        ("ListUsers", {"IsTruncated": False, "Marker": "m"}, None),
        ("ListUsers", {"IsTruncated": True}, None),
        ("ListUsers", {"IsTruncated": True, "Marker": ""}, None),
        ("ListDelegationRequests", {"isTruncated": False, "Marker": "m"}, None),
        ("ListFindings", {"nextToken": "n"}, "n"),
        ("ListFindings", {"nextToken": ""}, None),
        ("ListFindings", {"nextToken": None}, None),
        ("GetUser", {"Marker": "m"}, None),
    ],
)
def test_the_next_token(name: str, output: dict[str, Value], token: str | None) -> None:
    assert next_token(operation(name), output) == token


def test_items_are_counted_over_all_lists_of_the_paginator() -> None:
    output: dict[str, Value] = {"PolicyGroups": [1], "PolicyUsers": [1, 2], "PolicyRoles": None, "Other": [1, 2, 3]}
    assert count_items(operation("ListEntitiesForPolicy"), output) == 3
    assert count_items(operation("GetUser"), {"Tags": [1]}) == 0


S3_TARGETS = (
    ("GET", "/a?x-id=GetObject", "x-amz-checksum-mode", "ENABLED"),
    ("HEAD", "/a", "x-amz-checksum-mode", "ENABLED"),
    ("PUT", "/a", "x-amz-sdk-checksum-algorithm", "CRC32"),
    ("PUT", "/a", "x-amz-checksum-crc32", "AAAAAA=="),
    ("POST", "/a?uploads", "x-amz-checksum-algorithm", "CRC64NVME"),
    ("POST", "/?delete", "x-amz-sdk-checksum-algorithm", "CRC32"),
)


@pytest.mark.parametrize(("method", "target", "header", "value"), S3_TARGETS)
def test_how_a_body_is_checked_is_not_part_of_the_identity(method: str, target: str, header: str, value: str) -> None:
    """SDKs set it by themselves, and each version does so in its own way."""
    models = load_models(("s3",))
    path, _, query = target.partition("?")
    body = b"<Delete><Object><Key>a</Key></Object></Delete>" if query == "delete" else b""
    plain = Request(method, "bucket.s3.eu-west-1.amazonaws.com", path, query, (), body)
    one, other = (recognise_call(models, each) for each in (plain, replace(plain, headers=((header, value),))))
    assert one and other and "Bucket" in one.input
    assert split_input(one) == split_input(other)

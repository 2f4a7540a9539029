"""YAML files of other tools: real values and tokens in them are found, what is public is not."""

from __future__ import annotations

import base64
import gzip
import json

import pytest

from awstape.core.check.other_files import review_other_text
from awstape.core.redaction.project_rules import Rules

BODY = "<Arn>arn:aws:iam::314159265358:role/Payroll-x7</Arn>"


def vcr(body: str = "none", **headers: str) -> str:
    """A recording of VCR.py with one interaction."""
    shown = "".join(f"      {name.replace('_', '-')}:\n      - {json.dumps(text)}\n" for name, text in headers.items())
    request = f"- request:\n    headers:\n      Accept: [any]\n{shown}    uri: https://iam.amazonaws.com/\n"
    return f"interactions:\n{request}  response:\n    body: {{string: {body}}}\nversion: 1\n"


def found_in(text: str, rules: Rules | None = None) -> list[tuple[int, str, str]]:
    review = review_other_text(text, rules) if rules else review_other_text(text)
    return [(each.line, each.member, each.kind) for each in review.findings]


def test_real_values_are_found_with_their_line_and_path() -> None:
    where = "interactions[0].response.body.string"
    assert found_in(vcr(json.dumps(BODY))) == [(7, where, "account"), (7, where, "role")]


@pytest.mark.parametrize("pack", [lambda text: text, gzip.compress], ids=["binary", "compressed"])
def test_binary_bodies_are_searched(pack: type[bytes]) -> None:
    data = base64.b64encode(pack(BODY.encode())).decode()
    assert {kind for _, _, kind in found_in(vcr(f"!!binary {data}"))} == {"account", "role"}


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("Authorization", "Bearer abcDEF123456789xyz"),
        ("authorization", "Basic c29tZWJvZHk6c29tZXRoaW5n"),
        ("Authorization", "token ghx0123456789abcdef"),
        (
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=AKIAQWERTYUIOPASDFGH/20230101/us-east-1/iam/aws4_request, Signature=ab",
        ),
        ("X_Amz_Security_Token", "IQoJb3JpZ2luX2VjEOvwEaCXVzLWVhc3QtMSJHMEUCIQDs"),
        ("Cookie", "theme=dark; session=0123456789abcdefgh"),
    ],
)
def test_tokens_of_headers_are_found(header: str, text: str) -> None:
    assert [line for line, _, _ in found_in(vcr(**{header: text}))] == [6]


@pytest.mark.parametrize(
    ("header", "text"),
    [
        ("Authorization", "Bearer DUMMY-TOKEN"),
        ("Authorization", "Bearer <REDACTED>"),
        (
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20230101/us-east-1/iam/aws4_request, SignedHeaders=host, "
            "Signature=fe5f80f77d5fa3beca038a248ff027d0445342fe2855ddc963176630326f1024",
        ),
        ("x_amz_id_2", "rmQqF/mX+ZYOnMPOHVIm4zmHiZHHTzRcRxOsHzLmzJqvEuDTzVXLcIFhGfzzOm1LxV3rGHVmjBLsw="),
        ("x_amzn_RequestId", "7a62c49f-347e-4fc4-9331-6e8e0a1b2c3d"),
        ("ETag", "9b2cf535f27731c974343645a39853289b2cf535f27731c974343645a3985328"),
        ("User_Agent", "Boto3/1.26.0 Python/3.9.1 Linux/5.4 Botocore/1.29.0"),
        ("X_Amz_Date", "20230102T090000Z"),
        ("Cookie", "theme=dark"),
    ],
)
def test_what_is_public_or_no_value_is_not_found(header: str, text: str) -> None:
    document = "<Arn>arn:aws:iam::123456789012:role/ReadOnlyRole</Arn>"
    document += "<RequestId>20f7279f-99ee-11e1-a4c3-27EXAMPLE804</RequestId>"
    assert found_in(vcr(json.dumps(document), **{header: text})) == []


def test_comments_keys_and_text_that_is_no_yaml_are_searched() -> None:
    assert found_in("# 314159265358\na: 1\n") == [(1, "", "account")]
    assert found_in('a: {"314159265358": 1}\n') == [(1, "a", "account")]
    assert found_in("a: {\n  of 314159265358\n") == [(2, "", "account")]


def test_the_id_of_a_request_may_look_random_only() -> None:
    assert [kind for _, _, kind in found_in(vcr(ETag="of 314159265358"))] == ["account"]


def test_keys_below_one_that_names_a_secret_are_none() -> None:
    assert found_in("Credentials: {Expiration: never, SessionToken: DUMMY}\n") == []


def test_a_path_that_looks_real_is_not_shown() -> None:
    assert found_in('"314159265358": arn:aws:iam::314159265358:root\n') == [(1, "", "account")]


def test_values_may_be_kept_or_allowed_and_are_listed_then() -> None:
    text = vcr(json.dumps(BODY)) + "a: 271828182845  # awstape: allow a ticket\n"
    review = review_other_text(text, Rules(keep=("314159265358", "Payroll-*")))
    assert review.findings == ()
    assert {(each.kept_by, each.reason, each.kind) for each in review.kept} == {
        ("keep", "", "account"),
        ("keep", "", "role"),
        ("", "a ticket", "account"),
    }
    assert len(review_other_text(text, Rules(keep=("*58", "Payroll-*")), exceptions=False).findings) == 3


def test_an_alias_of_yaml_is_searched_once() -> None:
    text = "a: &a [314159265358]\n" + "".join(f"b{i}: [*a, *a]\n" for i in range(50))
    assert len(found_in(text)) == 1

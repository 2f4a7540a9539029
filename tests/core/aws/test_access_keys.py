"""Access key ids and the accounts that they encode, compared with moto's; and the caller of a request."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.iam.utils import generate_access_key_id_from_account_id

from awstape.core.aws.access_keys import access_key_of_account, account_of_access_key
from awstape.core.aws.routing import find_caller, recognise_call
from awstape.core.aws.wire import Request
from awstape.core.text.hidden import Hidden
from support.exchanges import MODELS, request

ACCOUNTS = st.integers(0, 10**12 - 1).map("{:012}".format)


def test_a_public_example() -> None:
    assert account_of_access_key("ASIAY34FZKBOKMUTVV7A") == "609629065308"


@given(ACCOUNTS)
def test_an_id_of_moto_encodes_its_account(account: str) -> None:
    for prefix in ("AKIA", "ASIA"):
        assert account_of_access_key(generate_access_key_id_from_account_id(account, prefix)) == account


@given(ACCOUNTS)
def test_an_id_that_is_made_for_an_account_encodes_it(account: str) -> None:
    made = access_key_of_account(account)
    assert account_of_access_key(made) == account
    assert len(made) == 20


def test_twelve_digits_are_an_account() -> None:
    assert account_of_access_key("000000000001") == "000000000001"


@pytest.mark.parametrize(
    "access_key_id",
    [
        *("AKIAIOSFODNN7EXAMPLE", "AKIAJOSFODNN7EXAMPLE"),  # older ids
        "AKIA7777777777777777",  # a number of thirteen digits
        *("AKIAEXAMPLE000000000", "AKIAACCOUNTA", "AROAQAA4RPLSAAAAAAAA", "akiaqaa4rplsaaaaaaaa", "AKIAQAA4RPLS"),
        *("testing", "AWSTAPE", "", "1234567890123", "١٢٣٤٥٦٧٨٩٠١٢"),
    ],
)
def test_other_ids_encode_no_account(access_key_id: str) -> None:
    assert account_of_access_key(access_key_id) is None


# --- the caller of a request ------------------------------------------------------------------------------------

SCOPE = "AKIAEXAMPLE/20260302/us-east-1/iam/aws4_request"
SIGNED = ("Authorization", f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature=00")
FORM = ("Content-Type", "application/x-www-form-urlencoded")


@pytest.mark.parametrize(
    "asked",
    [
        Request("GET", "iam.amazonaws.com", "/", "", (SIGNED,)),
        Request("GET", "iam.amazonaws.com", "/", f"X-Amz-Credential={SCOPE.replace('/', '%2F')}"),
        Request("GET", "iam.amazonaws.com", "/", "Action=ListRoles&AWSAccessKeyId=AKIAEXAMPLE&SignatureVersion=2"),
        Request("POST", "iam.amazonaws.com", "/", "", (FORM,), b"Action=ListRoles&AWSAccessKeyId=AKIAEXAMPLE"),
        Request("GET", "iam.amazonaws.com", "/", caller=Hidden("AKIAEXAMPLE")),
        Request("GET", "iam.amazonaws.com", "/", "", (SIGNED,), caller=Hidden("AKIAOTHER")),
    ],
    ids=["header", "presigned", "version 2", "version 2, form", "not signed", "the signature wins"],
)
def test_the_caller_is_the_access_key_id(asked: Request) -> None:
    assert find_caller(asked) == Hidden("AKIAEXAMPLE")
    assert "AKIA" not in repr(asked)


def test_a_request_without_credentials_has_no_caller() -> None:
    assert find_caller(request("ListRoles")) is None


def test_a_call_has_its_caller_and_never_shows_it() -> None:
    call = recognise_call(MODELS, request("ListRoles", caller="AKIAEXAMPLE"))
    assert call
    assert call.caller == Hidden("AKIAEXAMPLE")
    assert "AKIA" not in repr(call)


@pytest.mark.parametrize(
    ("region", "found"),
    [
        ("us-east-1", None),
        ("eu-west-1", None),
        ("antarctica", None),
        ("cn-north-1", "aws-cn-global"),
        ("us-gov-west-1", "aws-us-gov-global"),
        ("us-isob-east-1", "aws-iso-b-global"),
    ],
)
def test_with_a_custom_endpoint_the_credential_scope_gives_the_partition(region: str, found: str | None) -> None:
    signed = ("Authorization", f"AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260302/{region}/iam/aws4_request")
    call = recognise_call(MODELS, replace(request("ListRoles"), host="127.0.0.1", headers=(FORM, signed)))
    assert call
    assert call.region == found

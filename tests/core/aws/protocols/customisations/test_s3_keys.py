"""Keys in S3's listings that are percent-encoded on the wire: values hold them as they are, answers as they were."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.catalog.response_parser import parse_response
from awstape.catalog.service_models import load_models
from awstape.core.aws.call import Answer
from awstape.core.aws.paging import next_token
from awstape.core.aws.protocols.dispatch import read_response, write_response
from awstape.core.aws.wire import Response, WireError

S3 = load_models().services["s3"].operations
XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'

VERSIONS = f"""<ListVersionsResult {XMLNS}><Name>shop</Name><Prefix>a+b/</Prefix><KeyMarker></KeyMarker>
<NextKeyMarker>a+b/%C3%BC%2B%25</NextKeyMarker><NextVersionIdMarker>x+y</NextVersionIdMarker><MaxKeys>2</MaxKeys>
<Delimiter>/</Delimiter><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
<Version><Key>a+b/%C3%BC%2B%25</Key><ETag>&quot;e+1&quot;</ETag></Version>
<DeleteMarker><Key>a+b/%7E</Key></DeleteMarker><CommonPrefixes><Prefix>a+b/c+d/</Prefix></CommonPrefixes>
</ListVersionsResult>"""


def test_keys_are_decoded_and_nothing_else_is() -> None:
    response = Response(200, (), VERSIONS.encode())
    output = read_response(S3["ListObjectVersions"], response).output
    assert output == {
        "Name": "shop",
        "Prefix": "a b/",
        "KeyMarker": "",
        "NextKeyMarker": "a b/ü+%",
        "NextVersionIdMarker": "x+y",
        "MaxKeys": 2,
        "Delimiter": "/",
        "EncodingType": "url",
        "IsTruncated": True,
        "Versions": [{"Key": "a b/ü+%", "ETag": '"e+1"'}],
        "DeleteMarkers": [{"Key": "a b/~"}],
        "CommonPrefixes": [{"Prefix": "a b/c d/"}],
    }
    written = write_response(S3["ListObjectVersions"], Answer(output), "id")
    assert b"<Key>a+b/%C3%BC%2B%25</Key>" in written.body
    assert parse_response(S3["ListObjectVersions"], written) == parse_response(S3["ListObjectVersions"], response)


def test_a_token_is_the_one_that_the_next_request_has() -> None:
    text = VERSIONS.replace("<NextVersionIdMarker>x+y</NextVersionIdMarker>", "")
    output = read_response(S3["ListObjectVersions"], Response(200, (), text.encode())).output
    assert output
    token = next_token(S3["ListObjectVersions"], output)
    assert token
    assert "a b/ü+%" in token


def test_keys_that_are_not_encoded_stay() -> None:
    text = VERSIONS.replace("<EncodingType>url</EncodingType>", "")
    output = read_response(S3["ListObjectVersions"], Response(200, (), text.encode())).output
    assert output
    assert output["NextKeyMarker"] == "a+b/%C3%BC%2B%25"


def test_a_key_that_is_no_text_is_refused() -> None:
    text = VERSIONS.replace("a+b/%7E", "%FF")
    with pytest.raises(WireError, match="a key is not UTF-8"):
        read_response(S3["ListObjectVersions"], Response(200, (), text.encode()))


@given(key=st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1))
def test_any_key_comes_back(key: str) -> None:
    output = {"EncodingType": "url", "Contents": [{"Key": key}], "NextMarker": key}
    written = write_response(S3["ListObjects"], Answer(output), "id")
    assert read_response(S3["ListObjects"], written).output == output

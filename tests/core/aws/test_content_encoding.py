"""The content encodings of requests and responses: what is undone, within which limits, and what is refused."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.aws.content_encoding import decode_message
from awstape.core.aws.routing import recognise_call
from awstape.core.aws.wire import MAX_BODY, Request, Response, WireError
from support import exchanges
from support.exchanges import MODELS

try:
    from compression import zstd
except ImportError:
    try:
        from backports import zstd
    except ImportError:
        import zstandard as zstd

XML = b"<ListRolesResponse/>\n"
NOT_COMPRESSED = "the body is not compressed as its header says"
CUT_OFF = "the body was cut off"


def raw_deflate(body: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflater.compress(body) + deflater.flush()


ENCODERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("X-GZip", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "deflate without a frame": ("deflate", raw_deflate),
    "br": ("br", partial(brotli.compress, quality=5)),
    "zstd": ("zstd", zstd.compress),
}
each_encoding = pytest.mark.parametrize(("encoding", "encode"), ENCODERS.values(), ids=ENCODERS)


def response(encoding: str, body: bytes) -> Response:
    return Response(200, (("Content-Type", "text/xml"), ("Content-Encoding", encoding)), body)


def decode(encoding: str, body: bytes) -> bytes:
    return decode_message(response(encoding, body)).body


def refusal(encoding: str, body: bytes) -> str:
    with pytest.raises(WireError) as caught:
        decode(encoding, body)
    return str(caught.value)


@each_encoding
@given(body=st.text(min_size=20).map(str.encode) | st.binary(min_size=20, max_size=5000))
def test_every_body_is_decoded(encoding: str, encode: Callable[[bytes], bytes], body: bytes) -> None:
    assert decode(encoding, encode(body)) == body


@each_encoding
def test_a_large_body_is_decoded_whole(encoding: str, encode: Callable[[bytes], bytes]) -> None:
    body = b"".join(b"<member>%d</member>" % number for number in range(20_000))
    decoded = decode_message(response(encoding, encode(body)))
    assert decoded == Response(200, (("Content-Type", "text/xml"),), body)


@each_encoding
def test_a_body_that_grows_beyond_the_limit_is_refused(encoding: str, encode: Callable[[bytes], bytes]) -> None:
    bomb = encode(bytes(MAX_BODY + 1))
    assert len(bomb) < 50_000
    assert refusal(encoding, bomb) == "the body is larger than 16 MiB"
    assert len(decode(encoding, encode(bytes(MAX_BODY)))) == MAX_BODY


@each_encoding
def test_a_body_that_was_cut_off_is_refused(encoding: str, encode: Callable[[bytes], bytes]) -> None:
    assert refusal(encoding, encode(XML * 100)[:-2]) == CUT_OFF


@each_encoding
def test_a_body_with_something_behind_it_is_refused(encoding: str, encode: Callable[[bytes], bytes]) -> None:
    assert refusal(encoding, encode(XML) + b"\xff" * 20) == NOT_COMPRESSED


@each_encoding
@pytest.mark.parametrize("body", [XML, b"{}", b'{"a": "\xc3\xa9"}', b"Action=ListRoles", b"Rate exceeded\r\n"])
def test_text_is_not_compressed_whatever_the_header_says(
    encoding: str, encode: Callable[[bytes], bytes], body: bytes
) -> None:
    assert decode(encoding, body) == body


@pytest.mark.parametrize(("encoding", "encode"), [("gzip", gzip.compress), ("zstd", zstd.compress)])
def test_a_body_may_have_several_parts(encoding: str, encode: Callable[[bytes], bytes]) -> None:
    assert decode(encoding, encode(b"one ") + encode(b"two ") + encode(b"three")) == b"one two three"


def test_several_encodings_are_undone_in_their_order() -> None:
    body = brotli.compress(gzip.compress(XML))
    assert decode("identity, gzip,br", body) == XML
    two_headers = Response(200, (("content-encoding", "gzip"), ("Content-Encoding", "br")), body)
    assert decode_message(two_headers) == Response(200, (), XML)
    assert refusal("gzip, gzip, gzip, gzip", b"\x1f") == "the body has more than 3 content encodings"


@pytest.mark.parametrize(
    ("encoding", "name"), [("compress", " compress"), ("dcz", " dcz"), ("hunter2", ""), ("gzip, hunter2", "")]
)
def test_an_unknown_encoding_is_refused_and_not_quoted(encoding: str, name: str) -> None:
    assert refusal(encoding, b"\x00\x01") == f"the content encoding{name} of the body is not supported"


@pytest.mark.parametrize("module", ["brotli", "zstd"])
def test_an_encoding_without_its_library_is_refused(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("brotli", "zstandard", "compression", "compression.zstd", "backports", "backports.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    encoding, encode = ENCODERS["br" if module == "brotli" else "zstd"]
    needed = f"the content encoding {encoding} of the body needs a library: pip install 'awstape[record]'"
    assert refusal(encoding, encode(XML)) == needed


def test_nothing_is_done_without_a_body_or_an_encoding() -> None:
    for message in (response("gzip", b""), response("identity", b"\x00"), Response(200, (), b"\x00")):
        assert decode_message(message) is message


# --- where it is used ---


@each_encoding
def test_a_compressed_request_is_recognised(encoding: str, encode: Callable[[bytes], bytes]) -> None:
    for name, member in (("GetRole", "RoleName"), ("ListFindings", "analyzerArn")):
        plain = exchanges.request(name, {member: "deploy"})
        headers = (*plain.headers, ("Content-Encoding", encoding))
        assert recognise_call(MODELS, replace(plain, headers=headers, body=encode(plain.body))) == recognise_call(
            MODELS, plain
        )


def test_the_body_of_another_service_is_not_decoded() -> None:
    """Objects in S3 may have any encoding, and any size."""
    upload = Request("PUT", "bucket.s3.amazonaws.com", "/object", "", (("Content-Encoding", "aws-chunked"),), b"\x00")
    assert recognise_call(MODELS, upload) is None


# --- aws-chunked --------------------------------------------------------------------------------------------------

SIGNED_CHUNKS = b"5;chunk-signature=00ff\r\nzhell\r\n1;chunk-signature=00\r\no\r\n0;chunk-signature=11\r\n\r\n"
TRAILER = b"6\r\nzhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"


def upload(body: bytes, *headers: tuple[str, str]) -> Request:
    return Request("PUT", "zbucket.s3.amazonaws.com", "/k", "", headers, body)


@pytest.mark.parametrize("body", [SIGNED_CHUNKS, TRAILER])
@pytest.mark.parametrize(
    "header",
    [
        ("Content-Encoding", "aws-chunked"),
        ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        ("X-Amz-Content-SHA256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
    ],
)
def test_chunks_of_s3_are_joined(body: bytes, header: tuple[str, str]) -> None:
    decoded = decode_message(upload(body, header))
    assert (decoded.body, decoded.header("content-encoding")) == (b"zhello", None)


def test_an_object_keeps_its_own_encoding() -> None:
    compressed = gzip.compress(b"zhello")
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(compressed), compressed)
    call = recognise_call(MODELS.of(["s3"]), upload(chunks, ("Content-Encoding", "aws-chunked,gzip")))
    assert call
    assert call.input == {"Bucket": "zbucket", "Key": "k", "Body": compressed, "ContentEncoding": "gzip"}


def test_an_empty_upload_has_no_encoding() -> None:
    call = recognise_call(MODELS.of(["s3"]), upload(b"", ("Content-Encoding", "aws-chunked")))
    assert call
    assert call.input == {"Bucket": "zbucket", "Key": "k"}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"zhello", "the body is not aws-chunked as its header says"),
        (b"-1\r\nz\r\n0\r\n\r\n", "the body is not aws-chunked as its header says"),
        (b"5\r\nzhello", "the body is not aws-chunked as its header says"),
        (b"fffffff\r\nzhell\r\n", CUT_OFF),
        (b"5\r\nzhell\r\n", "the body is not aws-chunked as its header says"),
    ],
)
def test_bodies_that_are_not_in_chunks_are_refused(body: bytes, problem: str) -> None:
    with pytest.raises(WireError, match=problem):
        decode_message(upload(body, ("Content-Encoding", "aws-chunked")))


def test_a_response_is_not_in_chunks_though_a_stand_in_says_so() -> None:
    assert decode_message(Response(200, (("Content-Encoding", "aws-chunked"),), b"zhello")).body == b"zhello"

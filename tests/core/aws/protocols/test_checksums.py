"""Checksums of the bodies that replay sends."""

from __future__ import annotations

import base64

import pytest

from awstape.core.aws.protocols.checksums import own_checksum

#: The check values of the catalogue of parametrised CRC algorithms, and digests, of the digits 1 to 9.
KNOWN = {
    "crc32": "cbf43926",
    "crc32c": "e3069283",
    "crc64nvme": "ae8b14860a799888",
    "sha1": "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
    "sha256": "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
}


@pytest.mark.parametrize("algorithm", KNOWN)
def test_a_checksum_is_that_of_the_body(algorithm: str) -> None:
    expected = base64.b64encode(bytes.fromhex(KNOWN[algorithm])).decode()
    assert own_checksum(f"X-Amz-Checksum-{algorithm}", "AAAA", b"123456789") == expected


@pytest.mark.parametrize(("header", "value"), [("x-amz-checksum-crc32", "AAAA-2"), ("crc32", "x"), ("ETag", "y")])
def test_any_other_header_stays(header: str, value: str) -> None:
    assert own_checksum(header, value, b"123456789") == value

"""The checksums that S3 sends with an object: clients verify them, so that a redacted object has to have its own.

Source: docs.aws.amazon.com/AmazonS3/latest/userguide, "Checking object integrity". Each is written in base64.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable, Mapping
from functools import cache

_PREFIX = "x-amz-checksum-"


def own_checksum(header: str, value: str, body: bytes) -> str:
    """The value of a header for a body: its checksum if the header states one, else the value as it is.

    That of an object in parts, such as `xyz==-2`, is not one of the body.
    """
    algorithm = _ALGORITHMS.get(header.lower().removeprefix(_PREFIX))
    if algorithm is None or not header.lower().startswith(_PREFIX) or "-" in value:
        return value
    return base64.b64encode(algorithm(body)).decode("ascii")


def _crc(body: bytes, polynomial: int, size: int) -> bytes:
    """A cyclic redundancy check of `size` bytes that begins and ends with all bits inverted, least bits first."""
    ones, table = (1 << 8 * size) - 1, _crc_table(polynomial)
    crc = ones
    for byte in body:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return (crc ^ ones).to_bytes(size, "big")


@cache
def _crc_table(polynomial: int) -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (polynomial if crc & 1 else 0)
        table.append(crc)
    return tuple(table)


#: RFC 3720 has the polynomial of CRC-32C, the NVM Express command set that of CRC-64/NVME; both reversed.
_ALGORITHMS: Mapping[str, Callable[[bytes], bytes]] = {
    "crc32": lambda body: zlib.crc32(body).to_bytes(4, "big"),
    "crc32c": lambda body: _crc(body, 0x82F63B78, 4),
    "crc64nvme": lambda body: _crc(body, 0x9A6C9329AC4BC9B5, 8),
    "sha1": lambda body: hashlib.sha1(body, usedforsecurity=False).digest(),
    "sha256": lambda body: hashlib.sha256(body).digest(),
}

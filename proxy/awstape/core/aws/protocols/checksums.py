"""Checksums that clients verify, so that what is redacted has to have its own: of S3's objects and of SQS's messages.

Sources: docs.aws.amazon.com/AmazonS3/latest/userguide, "Checking object integrity"; each is written in base64.
docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide, "Calculating the MD5 message digest for message
attributes"; those are of the message that is received, or of the request that sends one.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable, Mapping
from functools import cache

from awstape.core.aws.call import Call
from awstape.core.aws.model import Value

_PREFIX = "x-amz-checksum-"


def own_checksum(header: str, value: str, body: bytes) -> str:
    """The value of a header for a body: its checksum if the header states one, else the value as it is.

    That of an object in parts, such as `xyz==-2`, is not one of the body.
    """
    algorithm = _ALGORITHMS.get(header.lower().removeprefix(_PREFIX))
    if algorithm is None or not header.lower().startswith(_PREFIX) or "-" in value:
        return value
    return base64.b64encode(algorithm(body)).decode("ascii")


def renew_message_digests(call: Call, output: dict[str, Value]) -> dict[str, Value]:
    """The output of a call with the digests of its messages, where it has some; the same object if it has none."""
    if call.operation.service.name != "sqs":
        return output
    if call.operation.name == "SendMessage":
        return _renew_digests(output, call.input, "MD5OfMessageBody", "MessageBody")
    messages = output.get("Messages")
    if call.operation.name != "ReceiveMessage" or not isinstance(messages, list):
        return output
    renewed = [_renew_digests(each, each, "MD5OfBody", "Body") if isinstance(each, dict) else each for each in messages]
    return {**output, "Messages": renewed}


def _renew_digests(
    members: Mapping[str, Value], message: Mapping[str, Value], name: str, body_name: str
) -> dict[str, Value]:
    """The members with the digests of a message, where they have some. name: of the digest of the body."""
    renewed, body, attributes = dict(members), message.get(body_name), message.get("MessageAttributes")
    if name in renewed and isinstance(body, str):
        renewed[name] = _md5(body.encode())
    if "MD5OfMessageAttributes" in renewed and isinstance(attributes, dict):
        renewed["MD5OfMessageAttributes"] = _md5(
            b"".join(_encode_attribute(*each) for each in sorted(attributes.items()))
        )
    return renewed


def _encode_attribute(name: str, attribute: Value) -> bytes:
    attribute = attribute if isinstance(attribute, dict) else {}
    type_, text, raw = (attribute.get(member) for member in ("DataType", "StringValue", "BinaryValue"))
    value = text if raw is None else raw
    transport = b"\1" if raw is None else b"\2"
    parts = [each if isinstance(each, bytes) else str(each or "").encode() for each in (name, type_, value)]
    name_part, type_part, value_part = (len(part).to_bytes(4, "big") + part for part in parts)
    return name_part + type_part + transport + value_part


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


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

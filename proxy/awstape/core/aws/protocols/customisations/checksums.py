"""Checksums that clients verify, so that what is redacted has to have its own: of bodies and of SQS's messages.

1. A header of a response that states the checksum of its body is written anew for the body that is sent. That of an
   object in parts, such as `xyz==-2`, is none of the body; clients know. One of another algorithm is left out.
2. The digests of a message are those of the message that is received, or of the request that sends one.
3. Entity tags stay: clients that take them for digests skip one with a hyphen, which each alias has. So do digests that
   no client verifies, such as Lambda's `CodeSha256`: they are data.

Sources: docs.aws.amazon.com/AmazonS3/latest/userguide, "Checking object integrity"; each is written in base64.
docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide, "Calculating the MD5 message digest for message
attributes".
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable, Mapping
from functools import cache

from awstape.core.aws.call import Call
from awstape.core.aws.model import Value
from awstape.core.text.lazy_pattern import lazy_pattern

_Members = dict[str, Value]

#: Digest of a message → what it is a digest of.
_DIGESTS = {
    "MD5OfBody": "Body",
    "MD5OfMessageBody": "MessageBody",
    "MD5OfMessageAttributes": "MessageAttributes",
    "MD5OfMessageSystemAttributes": "MessageSystemAttributes",
}

_PREFIX = "x-amz-checksum-"
_OF_PARTS = lazy_pattern(r".*=-\d{1,5}")
#: Headers of S3 with this prefix that are no checksums.
_ABOUT_CHECKSUMS = frozenset({"algorithm", "mode", "type"})


def own_checksum(header: str, value: str, body: bytes) -> str | None:
    """The value of a header for a body: its checksum if the header states one, else the value as it is.

    None for a checksum that can't be computed.
    """
    name = header.lower()
    if make := _OTHERS.get(name):
        return make(body)
    algorithm = name.removeprefix(_PREFIX)
    if not name.startswith(_PREFIX) or algorithm in _ABOUT_CHECKSUMS or _OF_PARTS.fullmatch(value):
        return value
    return _to_base64(_ALGORITHMS[algorithm](body)) if algorithm in _ALGORITHMS else None


def renew_message_digests(call: Call, output: dict[str, Value]) -> dict[str, Value]:
    """The output of a call with the digests of its messages, where it has some; the same object if it has none."""
    if call.operation.service.name != "sqs":
        return output
    match call.operation.name:
        case "SendMessage":
            return _renew_digests(output, call.input)
        case "SendMessageBatch":
            sent = _structures(call.input.get("Entries"))
            return _renew_in_list(output, "Successful", lambda entry: _find_entry(sent, entry))
        case "ReceiveMessage":
            return _renew_in_list(output, "Messages", lambda message: message)
    return output


def _renew_in_list(output: dict[str, Value], name: str, find_message: Callable[[_Members], _Members]) -> _Members:
    """The output with new digests in a list. find_message: member of the list → the message that it is about."""
    if not (members := _structures(output.get(name))):
        return output
    return {**output, name: [_renew_digests(each, find_message(each)) for each in members]}


def _find_entry(entries: list[_Members], answered: _Members) -> _Members:
    """The entry of a batch with the id of one that was answered."""
    return next((entry for entry in entries if entry.get("Id") == answered.get("Id")), {})


def _structures(value: Value) -> list[_Members]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _renew_digests(members: _Members, message: _Members) -> _Members:
    """The members with the digests of a message, where they have some."""
    renewed = dict(members)
    for name, of in _DIGESTS.items():
        value = message.get(of)
        if name not in renewed or value is None:
            continue
        if isinstance(value, dict):
            renewed[name] = _md5(b"".join(_encode_attribute(*each) for each in sorted(value.items())))
        else:
            renewed[name] = _md5(str(value).encode())
    return renewed


def _encode_attribute(name: str, attribute: Value) -> bytes:
    attribute = attribute if isinstance(attribute, dict) else {}
    type_, text, raw = (attribute.get(member) for member in ("DataType", "StringValue", "BinaryValue"))
    value = text if raw is None else raw
    transport = b"\1" if raw is None else b"\2"
    parts = [each if isinstance(each, bytes) else str(each or "").encode() for each in (name, type_, value)]
    name_part, type_part, value_part = (len(part).to_bytes(4, "big") + part for part in parts)
    return name_part + type_part + transport + value_part


def _to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


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
    "md5": lambda body: hashlib.md5(body, usedforsecurity=False).digest(),
    "sha1": lambda body: hashlib.sha1(body, usedforsecurity=False).digest(),
    "sha256": lambda body: hashlib.sha256(body).digest(),
    "sha512": lambda body: hashlib.sha512(body).digest(),
}
#: Header → the checksum of a body: of EBS's blocks, and of Glacier's output, whose tree has one leaf up to 1 MiB.
_OTHERS: Mapping[str, Callable[[bytes], str]] = {
    "x-amz-checksum": lambda body: _to_base64(hashlib.sha256(body).digest()),
    "x-amz-sha256-tree-hash": lambda body: hashlib.sha256(body).hexdigest(),
}

"""Checksums of the bodies that replay sends."""

from __future__ import annotations

import base64
import hashlib

import pytest

from awstape.catalog.service_models import load_models
from awstape.core.aws.call import Call
from awstape.core.aws.model import Value
from awstape.core.aws.protocols.customisations.checksums import own_checksum, renew_message_digests

#: The check values of the catalogue of parametrised CRC algorithms, and digests, of the digits 1 to 9.
KNOWN = {
    "md5": "25f9e794323b453885f5181f1b624d0b",
    "crc32": "cbf43926",
    "crc32c": "e3069283",
    "crc64nvme": "ae8b14860a799888",
    "sha1": "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
    "sha256": "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
    "sha512": "d9e6762dd1c8eaf6d61b3c6192fc408d4d6d5f1176d0c29169bc24e71c3f274a"
    "d27fcd5811b313d681f7e55ec02d73d499c95455b6b5bb503acf574fba8ffe85",
}


@pytest.mark.parametrize("algorithm", KNOWN)
def test_a_checksum_is_that_of_the_body(algorithm: str) -> None:
    expected = base64.b64encode(bytes.fromhex(KNOWN[algorithm])).decode()
    for recorded in ("AAAA", "alias-kss67KKkmR=="):
        assert own_checksum(f"X-Amz-Checksum-{algorithm}", recorded, b"123456789") == expected


def test_a_checksum_of_another_algorithm_is_left_out() -> None:
    assert own_checksum("x-amz-checksum-xxhash64", "AAAAAAAAAAA=", b"123456789") is None


def test_the_other_checksums_of_bodies() -> None:
    """Of a block of EBS, and of an archive of Glacier."""
    digest = bytes.fromhex(KNOWN["sha256"])
    assert own_checksum("x-amz-Checksum", "alias-x", b"123456789") == base64.b64encode(digest).decode()
    assert own_checksum("x-amz-sha256-tree-hash", "alias-x", b"123456789") == KNOWN["sha256"]


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("x-amz-checksum-crc32", "AAAA==-2"),
        ("x-amz-checksum-type", "COMPOSITE"),
        ("x-amz-Checksum-Algorithm", "SHA256"),
        ("crc32", "x"),
        ("ETag", "y"),
    ],
)
def test_any_other_header_stays(header: str, value: str) -> None:
    assert own_checksum(header, value, b"123456789") == value


SQS = load_models().services["sqs"].operations
ATTRIBUTES: dict[str, Value] = {
    "timestamp": {"StringValue": "1493147359900", "DataType": "Number"},
    "bytes": {"BinaryValue": b"\0\xff", "DataType": "Binary"},
}


def _expected_digest() -> str:
    parts = (b"bytes", b"Binary", b"\2", b"\0\xff", b"timestamp", b"Number", b"\1", b"1493147359900")
    sized = (part if len(part) == 1 else len(part).to_bytes(4, "big") + part for part in parts)
    return hashlib.md5(b"".join(sized), usedforsecurity=False).hexdigest()


def test_a_received_message_has_digests_of_its_own() -> None:
    message: dict[str, Value] = {
        "MD5OfBody": "alias-x",
        "Body": "hello",
        "MessageAttributes": ATTRIBUTES,
        "MD5OfMessageAttributes": "alias-y",
    }
    call = Call(SQS["ReceiveMessage"], "eu-west-1", {})
    assert renew_message_digests(call, {"Messages": [message, {"Body": "no digest"}]}) == {
        "Messages": [
            {
                **message,
                "MD5OfBody": "5d41402abc4b2a76b9719d911017c592",
                "MD5OfMessageAttributes": _expected_digest(),
            },
            {"Body": "no digest"},
        ]
    }


def test_the_answer_to_a_sent_message_has_the_digests_of_the_request() -> None:
    call = Call(SQS["SendMessage"], "eu-west-1", {"MessageBody": "hello", "MessageAttributes": ATTRIBUTES})
    output: dict[str, Value] = {"MD5OfMessageBody": "alias-x", "MD5OfMessageAttributes": "alias-y", "MessageId": "id"}
    assert renew_message_digests(call, output) == {
        "MD5OfMessageBody": "5d41402abc4b2a76b9719d911017c592",
        "MD5OfMessageAttributes": _expected_digest(),
        "MessageId": "id",
    }


def test_the_entries_of_a_batch_have_the_digests_of_the_request() -> None:
    """Each the one of its own entry, in whatever order they are answered."""
    traced: dict[str, Value] = {"AWSTraceHeader": {"StringValue": "Root=1", "DataType": "String"}}
    entries: list[Value] = [
        {"Id": "a", "MessageBody": "hello", "MessageAttributes": ATTRIBUTES},
        {"Id": "b", "MessageBody": "", "MessageSystemAttributes": traced},
    ]
    call = Call(SQS["SendMessageBatch"], "eu-west-1", {"Entries": entries})
    digests = ("MD5OfMessageBody", "MD5OfMessageAttributes", "MD5OfMessageSystemAttributes")
    answered: list[Value] = [{"Id": id_, **dict.fromkeys(digests, "alias-x")} for id_ in ("b", "a", "other")]
    renewed = renew_message_digests(call, {"Successful": answered, "Failed": []})
    empty = hashlib.md5(b"", usedforsecurity=False).hexdigest()
    parts = (b"AWSTraceHeader", b"String", b"\1", b"Root=1")
    sized = (part if len(part) == 1 else len(part).to_bytes(4, "big") + part for part in parts)
    system = hashlib.md5(b"".join(sized), usedforsecurity=False).hexdigest()
    assert renewed == {
        "Successful": [
            {"Id": "b", digests[0]: empty, digests[1]: "alias-x", digests[2]: system},
            {
                "Id": "a",
                digests[0]: "5d41402abc4b2a76b9719d911017c592",
                digests[1]: _expected_digest(),
                digests[2]: "alias-x",
            },
            {"Id": "other", **dict.fromkeys(digests, "alias-x")},
        ],
        "Failed": [],
    }


def test_other_outputs_stay_the_same_object() -> None:
    output: dict[str, Value] = {"QueueUrls": ["u"], "MD5OfBody": "x"}
    assert renew_message_digests(Call(SQS["ListQueues"], "eu-west-1", {}), output) is output
    users: dict[str, Value] = {"Messages": [{"MD5OfBody": "x", "Body": "y"}]}
    list_users = load_models().services["iam"].operations["ListUsers"]
    assert renew_message_digests(Call(list_users, None, {}), users) is users

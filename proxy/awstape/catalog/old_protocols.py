"""Protocols that a service still speaks to older clients, though botocore's model has them no more.

SQS moved from the protocol query to JSON in 2023. Its names of elements and parameters, of the API version 2012-11-05,
are in the examples of "Making Query API requests using AWS SDKs", docs.aws.amazon.com/AWSSimpleQueueService, and in the
models of SDKs from before: an item of a list is named as the list's shape, without `List`; a map is named as its entry,
and its entries have a `Name`, those of tags a `Key`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from awstape.core.aws.model import Protocol

#: Service → the protocol that its model has no more.
OLD_PROTOCOLS: Mapping[str, Protocol] = {"sqs": "query"}

_SQS_ITEMS = {
    "BinaryList": "BinaryListValue",
    "MessageSystemAttributeList": "MessageSystemAttributeName",
    "StringList": "StringListValue",
}
_SQS_MAPS = {
    "Attributes": "Attribute",
    "MessageAttributes": "MessageAttribute",
    "MessageSystemAttributes": "MessageSystemAttribute",
    "Tags": "Tag",
    "tags": "Tag",
}
#: Errors that had other codes.
_SQS_ERRORS = {
    "KmsAccessDenied": "KMS.AccessDeniedException",
    "KmsDisabled": "KMS.DisabledException",
    "KmsInvalidKeyUsage": "KMS.InvalidKeyUsageException",
    "KmsInvalidState": "KMS.InvalidStateException",
    "KmsNotFound": "KMS.NotFoundException",
    "KmsOptInRequired": "KMS.OptInRequired",
    "KmsThrottled": "KMS.ThrottlingException",
    "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
    **{
        name: f"AWS.SimpleQueueService.{name}"
        for name in (
            *("BatchEntryIdsNotDistinct", "BatchRequestTooLong", "EmptyBatchRequest", "InvalidBatchEntryId"),
            *("MessageNotInflight", "PurgeQueueInProgress", "QueueDeletedRecently", "TooManyEntriesInBatchRequest"),
            "UnsupportedOperation",
        )
    },
}


def describe_in_old_protocol(data: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the model of SQS with the names that the protocol query has."""
    shapes = {name: _name_members(name, shape) for name, shape in data["shapes"].items()}
    operations = {
        name: {**operation, "output": {**operation["output"], "resultWrapper": f"{name}Result"}}
        if "output" in operation
        else operation
        for name, operation in data["operations"].items()
    }
    namespace = f"http://queue.amazonaws.com/doc/{data['metadata']['apiVersion']}/"
    metadata = {**data["metadata"], "protocol": "query", "protocols": ["query"], "xmlNamespace": namespace}
    return {**data, "metadata": metadata, "operations": operations, "shapes": shapes}


def _name_members(name: str, shape: Mapping[str, Any]) -> dict[str, Any]:
    """A shape with the names of its members."""
    match shape["type"]:
        case "list":
            item = _SQS_ITEMS.get(name, name.removesuffix("List"))
            return {**shape, "member": {**shape["member"], "locationName": item}}
        case "map":
            key = "Key" if name == "TagMap" else "Name"
            return {
                **shape,
                "key": {**shape["key"], "locationName": key},
                "value": {**shape["value"], "locationName": "Value"},
            }
        case "structure":
            members = {
                member: {**about, "locationName": _SQS_MAPS[member]} if member in _SQS_MAPS else about
                for member, about in shape["members"].items()
            }
            error = {"error": {"code": _SQS_ERRORS[name]}} if name in _SQS_ERRORS else {}
            return {**shape, "members": members, **error}
    return dict(shape)

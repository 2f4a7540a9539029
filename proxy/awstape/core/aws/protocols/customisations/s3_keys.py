"""Keys of S3 in listings: the answer to a request with `EncodingType: url` has them percent-encoded.

1. Values hold the keys as they are, so that a key is the same string wherever it stands, and a token is the one that
   the next request has. `EncodingType` stays, and tells that they are encoded when they are written.
2. A blank is written as `+`, a slash and an asterisk stay, as in S3's own answers. All clients read `%20`, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote_plus, unquote_plus

from awstape.core.aws.model import Operation, Value
from awstape.core.aws.wire import WireError

#: The members that are encoded, of a listing and of the items in its lists.
_ENCODED = frozenset({"Delimiter", "Key", "KeyMarker", "Marker", "NextKeyMarker", "NextMarker", "Prefix", "StartAfter"})


def decode_keys(operation: Operation, output: dict[str, Value]) -> dict[str, Value]:
    """The output with its keys as they are. Raises WireError for one that is not UTF-8."""
    return _edit(output, _decode) if _is_encoded(operation, output) else output


def encode_keys(operation: Operation, output: Mapping[str, Value]) -> Mapping[str, Value]:
    """The output with its keys as on the wire."""
    return _edit(output, lambda key: quote_plus(key, safe="/*")) if _is_encoded(operation, output) else output


def _is_encoded(operation: Operation, output: Mapping[str, Value]) -> bool:
    return output.get("EncodingType") == "url" and operation.service.name == "s3"


def _edit(members: Mapping[str, Value], edit: Callable[[str], str]) -> dict[str, Value]:
    edited: dict[str, Value] = {}
    for name, value in members.items():
        if isinstance(value, list):
            edited[name] = [_edit(item, edit) if isinstance(item, dict) else item for item in value]
        else:
            edited[name] = edit(value) if name in _ENCODED and isinstance(value, str) else value
    return edited


def _decode(key: str) -> str:
    try:
        return unquote_plus(key, errors="strict")
    except UnicodeDecodeError:
        raise WireError("a key is not UTF-8") from None

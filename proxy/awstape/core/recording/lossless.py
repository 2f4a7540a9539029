"""Losslessness: whether a client reads the recorded response as it reads the real one.

1. The answer of each response is encoded again. Two bodies that are one document, but for white space between elements
   and the request id, are read alike by every client: that is found out without a client's parser. Most are the same
   to the letter, and are not parsed at all.
2. A client's parser (`Parse`) reads the others. Where it sees a difference, the operation is named in the notes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from xml.etree import ElementTree as ET

from awstape.core.aws.model import Operation, Protocol
from awstape.core.aws.wire import Response

Parse = Callable[[Operation, Response, Protocol | None], object]
"""Parses a response as a client does that speaks a protocol; None for that of botocore."""

_REQUEST_ID = re.compile(rb"<(requestid)>[^<]*</\1>", re.IGNORECASE)


class LosslessCheck:
    """Compares responses with what replay makes of them. notes: the differences, as keys in the order of events."""

    def __init__(self, parse: Parse) -> None:
        self.notes: dict[str, None] = {}
        self._parse = parse

    def compare(
        self, operation: Operation, response: Response, encoded_again: Response, protocol: Protocol | None = None
    ) -> None:
        """Compares a response with what replay makes of it. protocol: the one that the client speaks."""
        if not _is_same(operation, response, encoded_again):
            self._compare_parsed(operation, response, encoded_again, protocol)

    def _compare_parsed(
        self, operation: Operation, response: Response, encoded_again: Response, protocol: Protocol | None
    ) -> None:
        try:
            real, replayed = (self._parse(operation, each, protocol) for each in (response, encoded_again))
            is_lossless = real == replayed or repr(real) == repr(replayed)  # NaN does not equal itself
        except Exception as error:  # any exception of botocore's parser: a client raises it, and replay can't
            self.notes[f"{operation.name}: {type(error).__name__} in botocore's parser"] = None
            return
        if not is_lossless:
            self.notes[f"{operation.name}: a client parses the recorded response differently from the real one"] = None


def _is_same(operation: Operation, response: Response, encoded_again: Response) -> bool:
    """Whether two responses are the same in all that a client reads."""
    members = operation.output.members.values() if operation.output else ()
    in_body = all(member.location == "body" for member in members) and response.status == encoded_again.status
    return in_body and _is_one_document(response.body, encoded_again.body)


def _is_one_document(one: bytes, other: bytes) -> bool:
    """Whether two bodies are the same XML or JSON document."""
    if _REQUEST_ID.sub(rb"<\1/>", one) == _REQUEST_ID.sub(rb"<\1/>", other):
        return True
    if one[:1] != other[:1]:
        return False
    try:
        if one[:1] == b"<":
            return list(_flatten(ET.fromstring(one))) == list(_flatten(ET.fromstring(other)))
        return json.dumps(json.loads(one)) == json.dumps(json.loads(other))
    except (ET.ParseError, ValueError, LookupError, RecursionError):
        return False


def _flatten(element: ET.Element) -> Iterator[object]:
    """What a parser can see of an element: names, attributes, nesting and text, but not the request id."""
    for each in element.iter():
        is_read = not len(each) and each.tag.rpartition("}")[2].lower() != "requestid"
        yield each.tag, len(each), each.attrib, each.text if is_read else ""

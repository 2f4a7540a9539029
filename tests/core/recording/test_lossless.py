"""The comparison of responses with what replay makes of them, and how often it parses a body."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from awstape.catalog.response_parser import parse_response
from awstape.core.aws.call import Answer
from awstape.core.aws.protocols.dispatch import write_response
from awstape.core.aws.wire import Response
from awstape.core.recording import lossless
from awstape.core.recording.lossless import LosslessCheck
from awstape.core.redaction.policies import grammar
from support.exchanges import operation, recorder, request, respond

DOCUMENT = json.dumps({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]})
ROLES: Any = {
    "IsTruncated": False,
    "Roles": [{"RoleName": f"zreal{i}", "AssumeRolePolicyDocument": DOCUMENT.replace("*", f"zreal{i}")} for i in "ab"],
}
LIST_ROLES = operation("ListRoles")
RESPONSE = respond("ListRoles", ROLES)
ENCODED_AGAIN = write_response(LIST_ROLES, Answer(output=ROLES), "")


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is parsed, in order: `XML` and `document`."""
    found: list[str] = []

    def parse_xml(*args: Any, **options: Any) -> ET.Element:
        found.append("XML")
        return from_text(*args, **options)

    class Decoder(json.JSONDecoder):
        def decode(self, *args: Any) -> Any:
            found.append("document")
            return decoder.decode(*args)

    from_text, decoder = ET.fromstring, grammar._DECODER
    monkeypatch.setattr(ET, "fromstring", parse_xml)
    monkeypatch.setattr(grammar, "_DECODER", Decoder())
    return found


def compare(body: bytes) -> tuple[int, list[str]]:
    """Returns how often the client's parser was asked, and the notes."""
    asked: list[Response] = []
    check = LosslessCheck(
        lambda op, response, protocol: asked.append(response) or parse_response(op, response, protocol)
    )
    check.compare(LIST_ROLES, replace(RESPONSE, body=body), ENCODED_AGAIN)
    return len(asked), list(check.notes)


def test_a_body_that_differs_by_its_request_id_only_is_not_parsed(parsed: list[str]) -> None:
    assert RESPONSE.body != ENCODED_AGAIN.body
    assert compare(RESPONSE.body) == (0, [])
    assert parsed == []


def test_a_body_of_other_white_space_is_parsed_without_a_client_s_parser(parsed: list[str]) -> None:
    assert compare(RESPONSE.body.replace(b"  ", b"")) == (0, [])
    assert parsed == ["XML", "XML"]


@pytest.mark.parametrize(
    ("old", "new", "notes"),
    [
        (b"zreala", b"zrealc", ["ListRoles: a client parses the recorded response differently from the real one"]),
        (b"</ListRolesResponse>", b"", ["ListRoles: ResponseParserError in botocore's parser"]),
    ],
)
def test_another_document_is_noted(old: bytes, new: bytes, notes: list[str]) -> None:
    assert compare(RESPONSE.body.replace(old, new))[1] == notes


@pytest.mark.parametrize("body", [b"", b"<", b"{}", b"<RequestId>", RESPONSE.body])
def test_only_one_document_is_the_same(body: bytes) -> None:
    assert lossless._is_one_document(body, body)
    assert not lossless._is_one_document(body, body + b"x")
    assert not lossless._is_one_document(body or b"x", b"")


def test_a_page_is_parsed_once_and_so_is_each_document_in_it(parsed: list[str]) -> None:
    recorder((request("ListRoles"), RESPONSE))
    assert parsed == ["XML", "document", "document"]

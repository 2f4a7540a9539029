"""Malicious bytes from the wire: refused with a reason, in bounded work. The targets are in `support.hostile`."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.catalog.response_parser import parse_response
from awstape.core.aws.protocols.dispatch import read_response
from awstape.core.aws.routing import recognise_call
from awstape.core.aws.wire import Request, Response, WireError
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.recording.recorder import Recorder
from awstape.core.redaction.redactor import Redactor
from support import exchanges, hostile
from support.exchanges import MODELS, operation
from support.strategies import few

FORM = (("content-type", "application/x-www-form-urlencoded"),)
XML = (
    '<ListRolesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListRolesResult>'
    "<IsTruncated>false</IsTruncated>{}</ListRolesResult></ListRolesResponse>"
)
LAUGHS = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
DTD = "the XML body has a document type"

ANSWERS = {
    "a billion laughs": (LAUGHS + XML.format("<Roles>&b;</Roles>"), DTD),
    "an external entity": ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + XML.format("&x;"), DTD),
    "a parameter entity": ('<!DOCTYPE a [<!ENTITY % x SYSTEM "file:///etc/passwd">%x;]>' + XML.format(""), DTD),
    "an external type": ('<!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd">' + XML.format(""), DTD),
    "an entity of nobody": (XML.format("<Roles>&nbsp;</Roles>"), "the body is not XML"),
    "half a surrogate pair": (XML.format("<Roles>&#xD800;</Roles>"), "the body is not XML"),
    "an encoding that is none": ('<?xml version="1.0" encoding="zlib_codec"?>' + XML.format(""), "the body is not XML"),
    "UTF-7": ('<?xml version="1.0" encoding="utf-7"?>' + XML.format("<Roles>+ADw-</Roles>"), "the body is not XML"),
    "too deep": (XML.format("<a>" * 30_000 + "</a>" * 30_000), "the body nests deeper than 48 levels"),
    "too many": (XML.format("<Foo/>" * 200_001), "the body holds more than 200,000 values"),
    "too long": (XML.format("x" * 2**24), "the body is larger than 16 MiB"),
}


@pytest.mark.parametrize(("body", "problem"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_in_xml_is_refused(body: str, problem: str) -> None:
    with pytest.raises(WireError, match=problem):
        read_response(operation("ListRoles"), Response(200, (), body.encode()))


@pytest.mark.parametrize(
    ("begin", "encoding"),
    [
        ("", "utf-8-sig"),
        ("", "utf-16"),
        ('<?xml version="1.0" encoding="utf-16"?>', "utf-16-le"),
        ('<?xml version="1.0" encoding="latin-1"?>', "latin-1"),
        ('<?xml version="1.0" encoding="utf-8"?>', "utf-8"),
        ("<!-- a comment -->", "utf-8"),
    ],
)
def test_a_document_type_is_refused_in_every_encoding(begin: str, encoding: str) -> None:
    body = (begin + LAUGHS + XML.format("<Roles>&b;</Roles>")).encode(encoding)
    with pytest.raises(WireError, match=DTD):
        read_response(operation("ListRoles"), Response(200, (), body))


@pytest.mark.parametrize("status", [0, 100, 199, 600, 999])
def test_a_status_that_no_cassette_can_hold_is_refused(status: int) -> None:
    with pytest.raises(WireError, match="the status is not that of a response"):
        read_response(operation("ListRoles"), Response(status, (), XML.format("").encode()))


def form(body: str) -> Request:
    return Request("POST", "iam.amazonaws.com", "/", "", FORM, body.encode())


def json(body: str) -> Request:
    return Request("POST", "access-analyzer.us-east-1.amazonaws.com", "/findingv2", "", (), body.encode())


REQUESTS = {
    "too many parameters": (form("Action=ListRoles" + "&a=1" * 10_000), "more than 10,000 parameters"),
    "a long name": (form(f"Action=ListRoles&{'.' * 1001}=1"), "a parameter has a name of more than 1,000 characters"),
    "too many values": (json(f'{{"filter": [{"1," * 10_000}1]}}'), "the body holds more than 10,000 values"),
    "a list without end": (form("Action=TagRole&Tags.member.9999999999.Key=a"), "Tags in the form are not numbered"),
    "NaN": (json('{"maxResults": NaN}'), "the body holds NaN, which is not JSON"),
    "infinity": (json('{"maxResults": 1e999}'), "the body is not JSON"),
    "a long number": (json('{"maxResults": ' + "9" * 5000 + "}"), "the body is not JSON"),
    "half a pair": (json('{"analyzerArn": "\\ud800"}'), "the body holds half a surrogate pair"),
    "deep JSON": (json('{"a":' * 60 + "1" + "}" * 60), "the body nests deeper than 48 levels"),
}


@pytest.mark.parametrize(("asked", "problem"), REQUESTS.values(), ids=REQUESTS)
def test_a_request_is_refused(asked: Request, problem: str) -> None:
    with pytest.raises(WireError, match=problem):
        recognise_call(MODELS, asked)


@pytest.mark.parametrize("code", ["\x1b[31m", "\x00", "\x80"])
def test_an_answer_that_cannot_be_written_again_is_left_out(code: str) -> None:
    """With it the whole cassette could not be read."""
    recorder = Recorder(MODELS, Redactor(exchanges.KEY), parse_response)
    asked = exchanges.request("ListAnalyzers")
    recorder.feed(asked, Response(400, (("x-amzn-errortype", code),), b"{}"))
    recorder.feed(asked, Response(200, (), b'{"analyzers": []}'))
    recording = recorder.finish()
    assert recording.skipped == {"ListAnalyzers: page 1: code holds a character that a header can't hold": 1}
    assert read_cassette(write_cassette(recording.merged), MODELS) == recording.merged


# --- any bytes ---

_PIECES = st.sampled_from(
    [b"<", b">", b"&", b"=", b"%", b".", b'"', b"{", b"[", b"\\", b"\n", b"\xff", b"111122223333", b"\0", b"NaN", b"-"]
)


@cache
def seeds(name: str) -> list[bytes]:
    return sorted(hostile.TARGETS[name][1]())


@st.composite
def mutated(draw: st.DrawFn, name: str) -> bytes:
    """A real message with bytes inserted, removed and cut off."""
    data = draw(st.sampled_from(seeds(name)))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(data)))
        end = start + draw(st.integers(0, 20))
        data = data[:start] + draw(st.one_of(_PIECES, st.binary(max_size=4))) + data[end:]
    return data if draw(st.booleans()) else data[: draw(st.integers(0, len(data)))]


@few(150)
@given(mutated("decode"))
def test_any_answer_is_recorded_so_that_it_can_be_read_or_left_out(data: bytes) -> None:
    hostile.decode_(data)


@few(150)
@given(mutated("request"))
def test_any_request_is_answered(data: bytes) -> None:
    hostile.request(data)


@few(60)
@given(mutated("document"))
def test_any_cassette_is_read_and_written_or_refused(data: bytes) -> None:
    hostile.document_(data)


@few(100)
@given(mutated("endpoint"))
def test_any_bytes_get_an_answer_or_an_end(data: bytes) -> None:
    hostile.endpoint_(data)


@few(60)
@given(mutated("import"))
def test_any_file_is_imported_or_refused(data: bytes) -> None:
    hostile.import_(data)


@few(30)
@given(mutated("journal"))
def test_any_journal_is_recovered_or_refused(data: bytes) -> None:
    hostile.journal_(data)

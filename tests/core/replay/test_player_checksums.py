"""Checksums of S3's objects in replay: of the body that is served, however the request asked to check it."""

from __future__ import annotations

import base64
import zlib

import pytest

from awstape.catalog.response_parser import parse_response
from awstape.catalog.service_models import load_models
from awstape.core.aws.wire import Headers, Request, Response
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.recording.recorder import Recorder
from awstape.core.redaction.redactor import Redactor
from awstape.core.replay.misses import Miss
from awstape.core.replay.player import Player
from support.exchanges import KEY

MODELS = load_models(("s3",))
REAL = b"name,mail\nJane,jane@corp.example.com\n"
ASKED: Headers = (("x-amz-checksum-mode", "ENABLED"),)


def ask(headers: Headers = ASKED) -> Request:
    return Request("GET", "acme-reports.s3.eu-west-1.amazonaws.com", "/2026.csv", "", headers)


def checksum(body: bytes) -> str:
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


def record(checksum_headers: Headers) -> str:
    recorder = Recorder(MODELS, Redactor(KEY), parse_response)
    headers = (("Content-Length", str(len(REAL))), ("ETag", '"0123456789abcdef0123456789abcdef"'), *checksum_headers)
    recorder.feed(ask(), Response(200, headers, REAL))
    recording = recorder.finish()
    assert not recording.notes and not recording.skipped
    return write_cassette(recording.cassette)


def play(text: str, request: Request) -> Response:
    reply = Player(MODELS, read_cassette(text, MODELS), Redactor(KEY), has_key=True).answer(request)
    assert reply.response and not isinstance(reply, Miss)
    return reply.response


def test_a_redacted_body_has_its_own_checksum() -> None:
    text = record((("x-amz-checksum-crc32", checksum(REAL)), ("x-amz-checksum-type", "FULL_OBJECT")))
    assert "ChecksumMode" not in text and checksum(REAL) not in text
    response = play(text, ask())
    assert response.body != REAL
    assert response.header("x-amz-checksum-crc32") == checksum(response.body)
    assert response.header("x-amz-checksum-type") == "FULL_OBJECT"
    etag = response.header("etag")
    assert etag and "-" in etag, "a client that takes it for a digest skips one of parts"


@pytest.mark.parametrize("headers", [(), ASKED], ids=["plain", "checked"])
@pytest.mark.parametrize("member", ["", ", ChecksumMode: ENABLED"], ids=["today's", "an older"])
def test_a_cassette_serves_requests_that_check_and_that_do_not(headers: Headers, member: str) -> None:
    text = f"""\
version: 1
---
service: s3
operation: GetObject
identity: {{Bucket: acme-reports, Key: 2026.csv{member}}}
pages:
- output: {{ContentLength: 3, ChecksumCRC32: alias-kss67KKkmR==, ChecksumXXHASH64: alias-k3s67KKkmR=, Body: a;b}}
"""
    response = play(text, ask(headers))
    assert (response.body, response.header("x-amz-checksum-crc32")) == (b"a;b", checksum(b"a;b"))
    assert response.header("x-amz-checksum-xxhash64") is None, "no one here can compute it"

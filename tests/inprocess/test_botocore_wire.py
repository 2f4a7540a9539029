"""Bodies that boto3's clients send and get as streams."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.response import StreamingBody
from moto import mock_aws

import awstape
from awstape.core.aws.wire import Response
from awstape.inprocess.botocore_hook import InProcess
from awstape.inprocess.botocore_wire import copy_response_body, request_of
from awstape.opening import RecordOptions, open_for_recording
from support import in_process
from support.in_process import ENVIRON, FAKE_KEYS


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    in_process.isolate(monkeypatch, tmp_path)
    monkeypatch.setenv("AWSTAPE_KEY", ENVIRON["AWSTAPE_KEY"])


def use_s3() -> list[bytes]:
    s3: Any = boto3.Session().client("s3", region_name="us-east-1", **FAKE_KEYS)
    s3.create_bucket(Bucket="fake-bucket")
    s3.put_object(Bucket="fake-bucket", Key="text", Body=io.BytesIO(b"fake text"))
    s3.put_object(Bucket="fake-bucket", Key="binary", Body=b"\xff\x00fake")
    whole = s3.get_object(Bucket="fake-bucket", Key="text")["Body"].read()
    in_parts = s3.get_object(Bucket="fake-bucket", Key="binary")["Body"]
    return [whole, in_parts.read(1), b"" if in_parts.read() else b"nothing"]


def test_streams_are_recorded_and_replayed(tmp_path: Path) -> None:
    path = tmp_path / "tape.yaml"
    with (
        mock_aws(),
        InProcess(open_for_recording(path, "all", ENVIRON, RecordOptions(include_writes=True, services=["s3"]))),
    ):
        assert use_s3() == [b"fake text", b"\xff", b""]
    with awstape.replay(path):
        replayed = use_s3()
    assert len(replayed[0]) > 0
    assert replayed[1:] == [b"\xff", b""]


def test_a_stream_that_is_large_is_not_read() -> None:
    class Endless:
        _raw_stream, _content_length = io.BytesIO(b"x"), str(2**40)

    assert copy_response_body(Endless(), {}) is None
    assert Endless._raw_stream.read() == b"x"


def test_a_stream_of_unknown_length_that_grows_too_large_is_passed_on_whole() -> None:
    sent = bytes(range(256)) * 8192
    body = StreamingBody(io.BytesIO(sent), None)
    assert copy_response_body(body, {"Body": body}) is None
    assert body.read(1) + body.read(2**20) + body.read() == sent


def test_an_upload_that_cannot_be_read_twice_is_reported(tmp_path: Path) -> None:
    class Asynchronous:
        async def read(self, size: int = -1) -> bytes:
            return b""

    request = AWSPreparedRequest("PUT", "https://s3.amazonaws.com/shop/film", {}, Asynchronous(), False)
    tape = open_for_recording(
        tmp_path / "tape.yaml", "all", ENVIRON, RecordOptions(include_writes=True, services=["s3"])
    )
    tape.record(request_of(request, "s3"), Response(200))
    recording = tape.close()
    assert recording
    assert recording.skipped == {"PutObject has a body that is a stream, which can't be read twice": 1}

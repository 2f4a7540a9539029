"""Bodies that boto3's clients send and get as streams."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

import awstape
from awstape.inprocess.botocore_hook import InProcess
from awstape.inprocess.botocore_wire import copy_response_body
from awstape.opening import open_for_recording
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
    with mock_aws(), InProcess(open_for_recording(path, "all", ENVIRON, include_writes=True, services=["s3"])):
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

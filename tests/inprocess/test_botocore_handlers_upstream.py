"""A recording from a stand-in sends nothing to AWS, also by clients from before the recording."""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from awstape.errors import UserError
from awstape.files import cassette_files
from awstape.inprocess.botocore_hook import InProcess
from awstape.opening import RecordOptions, open_for_recording
from awstape.proxying.upstream import parse_upstream
from support.exchanges import MODELS
from support.in_process import ENVIRON, FAKE_KEYS
from support.standin import StandIn
from support.tips import Tip

KEYS = [{}, FAKE_KEYS]


@pytest.fixture(autouse=True)
def resolved(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hosts that were to be connected to, but for this machine's address; none of them is reached."""
    resolved: list[str] = []
    resolve = socket.getaddrinfo

    def refuse(host: Any, *args: Any, **options: Any) -> Any:
        if host == "127.0.0.1":
            return resolve(host, *args, **options)
        resolved.append(str(host))
        raise socket.gaierror(socket.EAI_NONAME, "no such host")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return resolved


def recording(path: Path, upstream: str) -> InProcess:
    tape = open_for_recording(path, "all", ENVIRON)
    return InProcess(tape, upstream=parse_upstream([upstream], MODELS.names))


@pytest.mark.parametrize("keys", KEYS, ids=["without credentials", "with credentials"])
def test_a_client_from_before_is_led_to_the_stand_in(
    keys: dict[str, str], aws: StandIn, tmp_path: Path, resolved: list[str]
) -> None:
    before = boto3.Session(**keys).client("iam")
    assert before.meta.endpoint_url == "https://iam.amazonaws.com"
    with recording(tmp_path / "tape.yaml", f"{aws.url}/"):
        assert len(before.list_roles()["Roles"]) == 3
        assert len(before.list_roles(Marker=before.list_roles()["Marker"])["Roles"]) == 2
    assert aws.calls == {"ListRoles": 3} and not resolved
    (take,) = cassette_files.load(tmp_path / "tape.yaml", MODELS).takes
    assert len(take.pages) == 2


def test_a_client_is_as_before_after_the_recording(aws: StandIn, tmp_path: Path) -> None:
    before = boto3.Session().client("iam")
    with recording(tmp_path / "tape.yaml", aws.url):
        before.list_roles()
    with pytest.raises(NoCredentialsError):
        before.list_roles()
    assert aws.calls == {"ListRoles": 1}


def test_what_is_not_recorded_goes_to_nobody(aws: StandIn, tmp_path: Path, resolved: list[str]) -> None:
    for keys in KEYS:
        queues = boto3.Session(**keys).client("sqs", region_name="us-east-1")
        with recording(tmp_path / "tape.yaml", aws.url):
            problem = rf"^sqs ListQueues would go to AWS, but {aws.url} is recorded instead$"
            with pytest.raises(UserError, match=problem) as caught:
                queues.list_queues()
        options = Tip("to record it there as well: {}").take(caught.value.tip, "--service .*")
        services = tuple(word for word in options.split() if word != "--service")
        tape = open_for_recording(tmp_path / "other.yaml", "all", ENVIRON, RecordOptions(services=services))
        assert not aws.calls
        with InProcess(tape, upstream=parse_upstream([aws.url], services)), suppress(ClientError):
            queues.list_queues()  # of which the stand-in knows nothing
        assert sum(aws.calls.values())
        aws.calls.clear()
    assert not resolved


def test_a_bucket_in_the_host_reaches_the_stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    received: list[tuple[str, str]] = []
    from botocore.httpsession import URLLib3Session

    def send(session: Any, request: Any) -> Any:
        received.append((request.url, request.headers["Host"]))
        raise ConnectionError

    monkeypatch.setattr(URLLib3Session, "send", send)
    before = boto3.Session(**FAKE_KEYS).client("s3", region_name="eu-west-1")
    tape = open_for_recording(tmp_path / "tape.yaml", "all", ENVIRON, RecordOptions(services=("s3",)))
    upstream = parse_upstream(["http://127.0.0.1:9/base"], ("s3",))
    with InProcess(tape, upstream=upstream), pytest.raises(ConnectionError):
        before.list_objects_v2(Bucket="team-bucket", MaxKeys=2)
    host = "team-bucket.s3.eu-west-1.amazonaws.com"
    assert received == [("http://127.0.0.1:9/base/?list-type=2&max-keys=2&encoding-type=url", host)]

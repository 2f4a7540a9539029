"""Queue URLs: what they mean, and where they lead."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.catalog.response_parser import parse_response
from awstape.catalog.service_models import load_models
from awstape.core.aws.protocols.customisations.queue_urls import (
    find_queue,
    move_queue_urls,
    move_response_to_aws,
    move_to_origin,
)
from awstape.core.aws.routing import recognise_call
from awstape.core.aws.wire import Request, Response
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.recording.recorder import Recorder
from awstape.core.redaction.redactor import Redactor
from awstape.core.replay.misses import Miss
from awstape.core.replay.player import Player
from support.exchanges import KEY

MODELS = load_models(("sqs",))
SQS = MODELS.services["sqs"]
HOST = "sqs.eu-west-1.amazonaws.com"
QUEUE = "/111122223333/jobs"
STAND_IN = f"http://127.0.0.1:5000{QUEUE}"
ENDPOINT = "http://127.0.0.1:4566/~one"
ORIGINS = (
    f"https://{HOST}",
    "https://eu-west-1.queue.amazonaws.com",
    "https://queue.amazonaws.com",
    "http://127.0.0.1:5000",
    "http://sqs.eu-west-1.localhost.localstack.cloud:4566",
    "http://localhost:4566/queue/eu-west-1",
    "http://127.0.0.1:4566/~one",
    "http://[::1]:4566",
)
SCOPE = "Credential=AKIAIOSFODNN7EXAMPLE/20260101/eu-west-1/sqs/aws4_request"
CASSETTE = """\
version: 1
---
service: sqs
operation: GetQueueUrl
region: eu-west-1
identity: {QueueName: jobs}
pages:
- output: {QueueUrl: https://sqs.eu-west-1.amazonaws.com/111122223333/jobs}
---
service: sqs
operation: ListQueues
region: eu-west-1
identity: {}
pages:
- output: {QueueUrls: [https://sqs.eu-west-1.amazonaws.com/111122223333/jobs, not-a-url]}
---
service: sqs
operation: PurgeQueue
region: eu-west-1
identity: {QueueUrl: 'https://queue.amazonaws.com/111122223333/jobs'}
pages:
- output: {}
"""


def ask(name: str, *, host: str = HOST, path: str = "/", origin: str = "", **members: str) -> Request:
    """Returns a request in JSON, as today's SDKs send it."""
    headers = (
        ("Content-Type", "application/x-amz-json-1.0"),
        ("X-Amz-Target", f"AmazonSQS.{name}"),
        ("Authorization", f"AWS4-HMAC-SHA256 {SCOPE}, SignedHeaders=host, Signature=0"),
    )
    return Request("POST", host, path, "", headers, json.dumps(members).encode(), origin=origin)


def ask_with_form(form: str, host: str = HOST, path: str = "/", origin: str = "") -> Request:
    """Returns a request as a form, as SDKs sent it before 2023."""
    headers = (
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Authorization", f"AWS4-HMAC-SHA256 {SCOPE}, SignedHeaders=host, Signature=0"),
    )
    return Request("POST", host, path, "", headers, f"{form}&Version=2012-11-05".encode(), origin=origin)


@pytest.mark.parametrize("origin", ORIGINS)
def test_a_queue_is_its_account_and_name(origin: str) -> None:
    assert find_queue(f"{origin}{QUEUE}") == find_queue(f"{origin}{QUEUE}/") == QUEUE


@pytest.mark.parametrize("text", ["", "jobs", "https://", f"https://{HOST}/jobs", "arn:aws:sqs:x:y:z", "http://[/a/b"])
def test_other_texts_are_no_queue_urls(text: str) -> None:
    assert find_queue(text) is None
    assert move_to_origin(ENDPOINT)(text) == text


@given(st.from_regex(r"[0-9]{12}", fullmatch=True), st.from_regex(r"[\w-]{1,80}(\.fifo)?", fullmatch=True))
def test_a_move_changes_the_origin_alone(account: str, name: str) -> None:
    urls = [f"{origin}/{account}/{name}" for origin in ORIGINS]
    assert {move_to_origin(ENDPOINT)(url) for url in urls} == {f"{ENDPOINT}/{account}/{name}"}
    assert move_queue_urls(SQS, {"QueueUrls": [*urls, None]}, lambda url: url[::-1]) == {
        "QueueUrls": [*(url[::-1] for url in urls), None]
    }


def test_other_services_have_no_queue_urls() -> None:
    members = {"QueueUrl": STAND_IN, "QueueUrls": [STAND_IN]}
    other = load_models().services["customer-profiles"]
    assert move_queue_urls(other, members, move_to_origin(ENDPOINT)) is members


# --- recording ---


BODIES = {
    "json": json.dumps({"QueueUrl": STAND_IN}).encode(),
    "json with escaped slashes": json.dumps({"QueueUrl": STAND_IN}).replace("/", "\\/").encode(),
    "xml": b"<GetQueueUrlResponse><GetQueueUrlResult><QueueUrl>"
    + STAND_IN.encode()
    + b"</QueueUrl></GetQueueUrlResult></GetQueueUrlResponse>",
}


@pytest.mark.parametrize("form", BODIES)
def test_the_answer_of_a_stand_in_leads_to_aws(form: str) -> None:
    """All else in the response stays as it was."""
    as_form = ask_with_form("Action=GetQueueUrl&QueueName=jobs")
    asked = as_form if form == "xml" else ask("GetQueueUrl", QueueName="jobs")
    call = recognise_call(MODELS, asked)
    assert call
    response = Response(200, (("x-stand-in", "yes"),), BODIES[form])
    moved = move_response_to_aws(MODELS.hosts, call, response)
    stand_in, aws = "http://127.0.0.1:5000", f"https://{HOST}"
    if "escaped" in form:
        stand_in, aws = stand_in.replace("/", "\\/"), aws.replace("/", "\\/")
    assert moved == Response(200, response.headers, BODIES[form].replace(stand_in.encode(), aws.encode()))
    assert move_response_to_aws(MODELS.hosts, call, moved) is moved
    broken = Response(200, (), b"<")
    assert move_response_to_aws(MODELS.hosts, call, broken) is broken


def record(*exchanges: tuple[Request, bytes]) -> str:
    recorder = Recorder(MODELS, Redactor(KEY), parse_response, include_writes=True)
    for asked, body in exchanges:
        recorder.feed(asked, Response(200, (("Content-Type", "application/x-amz-json-1.0"),), body))
    return write_cassette(recorder.finish().cassette)


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("host", [HOST, "127.0.0.1"])
def test_a_cassette_has_urls_of_aws(origin: str, host: str) -> None:
    """Whatever the stand-in's answers and the program's settings have. Old names of AWS's hosts are replaced, too."""
    url = f"{origin}{QUEUE}"
    text = record(
        (ask("GetQueueUrl", host=host, QueueName="jobs"), json.dumps({"QueueUrl": url}).encode()),
        (ask("PurgeQueue", host=host, QueueUrl=url), b"{}"),
    )
    assert text.count(f"QueueUrl: https://{HOST}/") == 2
    assert "127.0.0.1" not in text and "localhost" not in text


def test_urls_of_other_hosts_of_aws_stay() -> None:
    url = "https://sqs-fips.us-east-1.amazonaws.com"
    assert f"QueueUrl: {url}/" in record((ask("PurgeQueue", QueueUrl=f"{url}{QUEUE}"), b"{}"))


def test_the_path_of_a_request_is_a_queue_url_too() -> None:
    asked = ask_with_form("Action=PurgeQueue", host="127.0.0.1", path=QUEUE)
    call = recognise_call(MODELS, asked)
    assert call and call.input == {"QueueUrl": f"https://{HOST}{QUEUE}"}


# --- replay ---


@pytest.fixture
def player() -> Player:
    return Player(MODELS, read_cassette(CASSETTE, MODELS), Redactor(KEY), has_key=True)


def answer(player: Player, request: Request) -> str:
    reply = player.answer(request)
    assert reply.response and not isinstance(reply, Miss)
    return reply.response.body.decode()


@pytest.mark.parametrize("origin", ["", ENDPOINT, "http://127.0.0.1:4567"])
def test_a_client_gets_urls_that_lead_back_to_it(player: Player, origin: str) -> None:
    """Those of AWS in a proxy, where it asked no endpoint; clients of one player do not get those of each other."""
    expected = f"{origin or f'https://{HOST}'}{QUEUE}"
    for each in ("", origin, "http://127.0.0.1:1", origin):
        body = answer(player, ask("GetQueueUrl", origin=each, QueueName="jobs"))
    assert json.loads(body) == {"QueueUrl": expected}
    assert json.loads(answer(player, ask("ListQueues", origin=origin))) == {"QueueUrls": [expected, "not-a-url"]}
    form = answer(player, ask_with_form("Action=GetQueueUrl&QueueName=jobs", origin=origin))
    assert f"<QueueUrl>{expected}</QueueUrl>" in form


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("path", ["/", QUEUE])
def test_a_request_matches_whatever_the_origin_of_its_queue_url(player: Player, origin: str, path: str) -> None:
    url = f"{origin}{QUEUE}"
    for host in (HOST, "127.0.0.1"):
        answer(player, ask("PurgeQueue", host=host, path=path, QueueUrl=url))
        answer(player, ask_with_form(f"Action=PurgeQueue&QueueUrl={url}", host=host, path=path))


@pytest.mark.parametrize("queue", ["/111122223333/other", "/444455556666/jobs"])
def test_another_queue_is_a_miss(player: Player, queue: str) -> None:
    assert isinstance(player.answer(ask("PurgeQueue", QueueUrl=f"https://{HOST}{queue}")), Miss)

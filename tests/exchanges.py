"""Exchanges for tests: requests as botocore's serializer makes them, answers as AWS writes them."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import botocore.awsrequest
import botocore.loaders
import botocore.model
import botocore.serialize

from awstape import catalog
from awstape.core import document
from awstape.core.answer import Answer, Failure
from awstape.core.cassette import Cassette
from awstape.core.encode import encode
from awstape.core.faults import Fault
from awstape.core.model import Operation, Shape, Value
from awstape.core.player import Player, Serve
from awstape.core.recorder import Recorder, Recording
from awstape.core.redact import Redactor
from awstape.core.repage import Paging
from awstape.core.wire import Request, Response

MODELS = catalog.models()
KEY = b"a key for tests, not a secret...."
OTHER_KEY = b"another key for tests"
ACCOUNT = "111122223333"
REGION = "eu-west-1"

Exchange = tuple[Request, Response]


def operation(name: str) -> Operation:
    """The operation of that name, in whatever service has it."""
    return next(s.operations[name] for s in MODELS.services.values() if name in s.operations)


def request(
    name: str,
    input_: Mapping[str, Value] | None = None,
    *,
    region: str = REGION,
    endpoint: str | None = None,
    invocation: str | None = None,
    attempt: int | None = None,
) -> Request:
    """The request that botocore makes of a call, unsigned."""
    op = operation(name)
    model = _botocore_model(op.service.name).operation_model(name)
    serializer = botocore.serialize.create_serializer(model.service_model.protocol, include_validation=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # botocore's own deprecations
        parts = serializer.serialize_to_request(for_botocore(dict(input_ or {}), op.input), model)
        botocore.awsrequest.prepare_request_dict(parts, endpoint_url=endpoint or endpoint_of(op, region))
        prepared = botocore.awsrequest.create_request_object(parts).prepare()
    url = urlsplit(prepared.url)
    headers = [(key, value.decode() if isinstance(value, bytes) else value) for key, value in prepared.headers.items()]
    if invocation is not None:
        headers.append(("amz-sdk-invocation-id", invocation))
    if attempt is not None:
        headers.append(("amz-sdk-request", f"attempt={attempt}; max=3"))
    body = prepared.body or b""
    body = body.encode() if isinstance(body, str) else bytes(body)
    return Request(prepared.method, url.hostname or "", url.path, url.query, tuple(headers), body)


def respond(name: str, output: Mapping[str, Value] | None = None) -> Response:
    return encode(operation(name), Answer(output=dict(output or {})), "5d2f9c1e-0000-4000-8000-00000000real")


def fail(name: str, status: int, code: str | None, message: str | None = None) -> Response:
    op = operation(name)
    members: dict[str, Value] = {"Type": "Sender"} if op.service.protocol == "query" else {}
    return encode(op, Answer(error=Failure(status, code, message, members if code else {})), "request-id")


def endpoint_of(op: Operation, region: str = REGION) -> str:
    return f"https://access-analyzer.{region}.amazonaws.com" if op.service.regional else "https://iam.amazonaws.com"


def record(*exchanges: Exchange, **options: Any) -> Recording:
    """A recording of the exchanges under `KEY`."""
    return recorder(*exchanges, **options).finish()


def recorder(*exchanges: Exchange, key: bytes = KEY, **options: Any) -> Recorder:
    result = Recorder(MODELS, Redactor(key), catalog.parse, **options)
    for asked, answered in exchanges:
        result.feed(asked, answered)
    return result


def cassette(*exchanges: Exchange, **options: Any) -> Cassette:
    """The cassette of a recording, as it comes back from its text."""
    recording = record(*exchanges, **options)
    text = document.write(recording.cassette)
    read = document.read(text, MODELS)
    assert read == recording.cassette
    assert document.write(read) == text
    return read


def player(
    recorded: Cassette, *, key: bytes | None = KEY, paging: str = "recorded", faults: Iterable[str] = ()
) -> Player:
    """A player with the key, or without one for None."""
    cut, failing = Paging.parse(paging), [Fault.parse(text) for text in faults]
    redactor = Redactor(key or b"thrown away")
    return Player(MODELS, recorded, redactor, has_key=key is not None, paging=cut, faults=failing)


def listing(name: str, input_: Mapping[str, Value], pages: list[dict[str, Value]], token: str = "T") -> list[Exchange]:
    """A traversal: the pages of a listing with tokens `T1`, `T2`…, and the requests that fetch them."""
    paging = operation(name).paging
    assert paging
    exchanges = []
    for i, page in enumerate(pages):
        asked = {**input_, **({paging.token: f"{token}{i}"} if i else {})}
        more: dict[str, Value] = {paging.more: i + 1 < len(pages)} if paging.more else {}
        last: dict[str, Value] = {paging.output_token: f"{token}{i + 1}"} if i + 1 < len(pages) else {}
        exchanges.append((request(name, asked), respond(name, {**more, **page, **last})))
    return exchanges


def traverse(playing: Player, name: str, input_: Mapping[str, Value]) -> Iterator[Serve]:
    """What a client gets that follows the tokens from the first page to the last."""
    op = operation(name)
    token: str | None = None
    while True:
        asked = {**input_, op.paging.token: token} if op.paging and token is not None else input_
        served = playing.answer(request(name, asked))
        assert isinstance(served, Serve), served
        yield served
        parsed = catalog.parse(op, served.response)
        token = parsed.get(op.paging.output_token) if op.paging else None
        if token is None:
            return


def for_botocore(value: Any, shape: Shape | None) -> Any:
    """A value of the core as botocore's users write and read it: datetimes and bytes."""
    if shape is None or value is None:
        return value
    if shape.type == "timestamp":
        return datetime.fromisoformat(value).astimezone(UTC)
    if shape.type == "blob":
        return value.encode() if isinstance(value, str) else value
    if isinstance(value, list) and shape.member:
        return [for_botocore(item, shape.member.shape) for item in value]
    if isinstance(value, dict) and shape.value:
        return {key: for_botocore(item, shape.value.shape) for key, item in value.items()}
    if isinstance(value, dict):
        return {k: for_botocore(v, shape.members[k].shape if k in shape.members else None) for k, v in value.items()}
    return value


@cache
def _botocore_model(service: str) -> botocore.model.ServiceModel:
    data = botocore.loaders.Loader().load_service_model(service, "service-2")
    return botocore.model.ServiceModel(data, service)

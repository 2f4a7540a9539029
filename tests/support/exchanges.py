"""Exchanges for tests: requests as botocore serializes them, responses as AWS writes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from awstape.catalog.botocore_values import build_request
from awstape.catalog.response_parser import parse_response
from awstape.catalog.service_models import load_models
from awstape.core.aws.call import Answer, Failure
from awstape.core.aws.model import Operation, Value
from awstape.core.aws.protocols.dispatch import write_response
from awstape.core.aws.wire import Request, Response
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.faults import Fault
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.recording.exchange import read_exchange
from awstape.core.recording.recorder import Recorder
from awstape.core.recording.recording_filter import RecordingFilter
from awstape.core.recording.summary import Recording
from awstape.core.redaction.aliases import Key
from awstape.core.redaction.redactor import Redactor
from awstape.core.replay.paging_modes import PagingMode
from awstape.core.replay.player import Player
from awstape.core.replay.replies import ServedPage
from awstape.core.text.hidden import Hidden
from awstape.files.journal import Journal
from awstape.live_recorder import LiveRecorder

MODELS = load_models()
KEY = Key(b"a key for tests, not a secret....")
OTHER_KEY = Key(b"another key for tests")
ACCOUNT = "111122223333"
REGION = "eu-west-1"

Exchange = tuple[Request, Response]


def recognise(services: Sequence[str]) -> None:
    """From now on, exchanges are of these services, and recorders and players recognise them."""
    global MODELS
    MODELS = load_models(tuple(services))


def operation(name: str | Operation) -> Operation:
    """Returns the operation with that name, of any service."""
    if isinstance(name, Operation):
        return name
    return next(s.operations[name] for s in MODELS.recognised if name in s.operations)


def request(
    name: str | Operation,
    input_: Mapping[str, Value] | None = None,
    *,
    region: str = REGION,
    endpoint: str | None = None,
    invocation: str | None = None,
    attempt: int | None = None,
    caller: str | None = None,
) -> Request:
    """Returns the unsigned request that botocore sends for a call. caller: the access key id of its client."""
    made = build_request(operation(name), input_ or {}, region)
    headers = list(made.headers)
    if invocation is not None:
        headers.append(("amz-sdk-invocation-id", invocation))
    if attempt is not None:
        headers.append(("amz-sdk-request", f"attempt={attempt}; max=3"))
    url = urlsplit(endpoint or "")
    return replace(
        made,
        host=url.hostname or made.host,
        path=url.path.rstrip("/") + made.path,
        headers=tuple(headers),
        caller=Hidden(caller) if caller else None,
    )


def respond(name: str | Operation, output: Mapping[str, Value] | None = None) -> Response:
    return write_response(operation(name), Answer(output=dict(output or {})), "5d2f9c1e-0000-4000-8000-00000000real")


def fail(name: str | Operation, status: int, code: str | None, message: str | None = None) -> Response:
    op = operation(name)
    members: dict[str, Value] = {"Type": "Sender"} if op.service.protocol == "query" else {}
    return write_response(op, Answer(error=Failure(status, code, message, members if code else {})), "request-id")


def endpoint_of(op: Operation, region: str = REGION) -> str:
    return f"https://access-analyzer.{region}.amazonaws.com" if op.service.regional else "https://iam.amazonaws.com"


def record(*exchanges: Exchange, **options: Any) -> Recording:
    """Records the exchanges with `KEY`; returns the recording."""
    return recorder(*exchanges, **options).finish()


def recorder(*exchanges: Exchange, key: Key = KEY, **options: Any) -> Recorder:
    result = Recorder(MODELS, Redactor(key), parse_response, **options)
    for asked, answered in exchanges:
        result.feed(asked, answered)
    return result


class MemoryJournal:
    """A journal in memory."""

    path = Path("x.yaml.journal")

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.size = 0

    def append(self, content: bytes) -> None:
        self.lines.append(content)


def journalled(*exchanges: Exchange, **options: Any) -> list[bytes]:
    """Returns what a journal has of the exchanges."""
    journal = MemoryJournal()
    which = RecordingFilter(MODELS, **options)
    live = LiveRecorder(Path("x.yaml"), KEY, which, recorder, lambda: cast(Journal, journal))
    for asked, answered in exchanges:
        live.write(asked, answered)
    return journal.lines


def restored(contents: Iterable[bytes], key: Key = KEY, old: Cassette | None = None) -> Recorder:
    """Returns a recorder that was given the contents of a journal."""
    result = recorder(key=key, old=old)
    for content in contents:
        result.feed_selected(read_exchange(content))
    return result


def cassette(*exchanges: Exchange, **options: Any) -> Cassette:
    """Records the exchanges; returns the cassette, read back from its text."""
    recording = record(*exchanges, **options)
    text = write_cassette(recording.cassette)
    read = read_cassette(text, MODELS)
    assert read == recording.cassette
    assert write_cassette(read) == text
    return read


def player(
    recorded: Cassette, *, key: Key | None = KEY, paging: str = "recorded", faults: Iterable[str] = ()
) -> Player:
    """Returns a player of the cassette. key: None for a player without a key."""
    cut, failing = PagingMode.parse(paging), [Fault.parse(text) for text in faults]
    redactor = Redactor(key or Key(b"thrown away"))
    return Player(MODELS, recorded, redactor, has_key=key is not None, paging=cut, faults=failing)


def listing(
    name: str | Operation, input_: Mapping[str, Value], pages: list[dict[str, Value]], token: str = "T"
) -> list[Exchange]:
    """Returns the exchanges of a traversal: requests and pages of a listing with the tokens `T1`, `T2`…"""
    paging = operation(name).paging
    assert paging
    exchanges = []
    for i, page in enumerate(pages):
        asked = {**input_, **({paging.token: f"{token}{i}"} if i else {})}
        more: dict[str, Value] = {paging.more: i + 1 < len(pages)} if paging.more else {}
        last: dict[str, Value] = {paging.output_token: f"{token}{i + 1}"} if i + 1 < len(pages) else {}
        exchanges.append((request(name, asked), respond(name, {**more, **page, **last})))
    return exchanges


def traverse(playing: Player, name: str, input_: Mapping[str, Value]) -> Iterator[ServedPage]:
    """Yields the pages that a client gets when it follows the tokens from the first page to the last."""
    op = operation(name)
    token: str | None = None
    while True:
        asked = {**input_, op.paging.token: token} if op.paging and token is not None else input_
        served = playing.answer(request(name, asked))
        assert isinstance(served, ServedPage), served
        yield served
        parsed = parse_response(op, served.response)
        token = parsed.get(op.paging.output_token) if op.paging else None
        if token is None:
            return

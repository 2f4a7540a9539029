"""What is answered from memory is what would be answered anew, to the letter and in every count."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from awstape.catalog.botocore_data import available_services, load_service_model
from awstape.core.aws.access_keys import access_key_of_account
from awstape.core.aws.wire import Reply, Request
from awstape.core.cassette import lazy_reader
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.replay.known_replies import KnownReplies
from awstape.report import replay_facts
from awstape.serving import control_api
from awstape.serving.access_control import AccessPolicy
from awstape.serving.connection import Connection
from awstape.serving.endpoint import Endpoint
from awstape.serving.known_requests import MAX_KEPT, MAX_REQUEST, find_layout
from awstape.tape import Tape
from support.demo_takes import READ_AFTER_WRITE, TWO_TAKES
from support.exchanges import MODELS, player

#: A track with one take of two pages, one with two takes, one with a fault, a write that a read waits for, and a track
#: of two callers.
CASSETTE = f"""\
version: 1
{READ_AFTER_WRITE}{TWO_TAKES}---
service: iam
operation: GetUser
identity: {{UserName: demo}}
faults: [throttle page=1 times=2]
pages:
- output: {{User: {{UserName: demo}}}}
---
service: iam
operation: ListRoles
identity: {{}}
account: "000000000001"
pages:
- output: {{Roles: [{{RoleName: of the first}}], IsTruncated: false}}
---
service: iam
operation: ListRoles
identity: {{}}
account: "000000000002"
pages:
- output: {{Roles: [{{RoleName: of the second}}], IsTruncated: false}}
---
service: iam
operation: ListUsers
identity: {{}}
pages:
- output: {{Users: [{{UserName: one}}], IsTruncated: true, Marker: page-2}}
- token: page-2
  output: {{Users: [{{UserName: two}}], IsTruncated: false}}
"""
KEYS = [access_key_of_account("000000000001"), access_key_of_account("000000000002"), "AKIAEXAMPLEEXAMPLE00"]
FORMS = [
    "Action=CreateGroup&Version=2010-05-08&GroupName=demo",
    "Action=GetGroup&Version=2010-05-08&GroupName=demo",
    "Action=GetRole&Version=2010-05-08&RoleName=demo",
    "Action=GetUser&Version=2010-05-08&UserName=demo",
    "Action=ListGroups&Version=2010-05-08",
    "Action=ListRoles&Version=2010-05-08",
    "Action=ListUsers&Version=2010-05-08",
    "Action=ListUsers&Version=2010-05-08&Marker=page-2",
    "Action=ListUsers&Version=2010-05-08&Marker=invented",
    "Action=Nothing&Version=2010-05-08",
]


@dataclass
class Transport(asyncio.Transport):
    """A connection's transport that keeps what is written."""

    written: bytearray = field(default_factory=bytearray)
    is_open: bool = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def write_eof(self) -> None:
        self.is_open = False

    def close(self) -> None:
        self.is_open = False

    def is_closing(self) -> bool:
        return not self.is_open

    def get_write_buffer_size(self) -> int:
        return 0

    def is_reading(self) -> bool:
        return True


class Client:
    """A client of an endpoint with a tape. known: the requests that the endpoint knows."""

    def __init__(
        self, known: KnownReplies[bytes], cassette: Cassette, *, paging: str = "recorded", fault: str = ""
    ) -> None:
        self.player = player(cassette, key=None, paging=paging, faults=[fault] if fault else [])
        tape = Tape(None, cassette, None, self.player)
        self.known = known
        self.endpoint = Endpoint(partial(control_api.answer, tape, AccessPolicy()), known)
        self.connect()

    def connect(self) -> None:
        self.transport = Transport()
        self.connection = Connection(self.endpoint)
        self.connection.connection_made(self.transport)

    def send(self, *pieces: bytes) -> bytes:
        """Sends bytes in pieces; returns what came back. If the endpoint closes the connection, opens another one."""
        before = len(self.transport.written)
        for piece in pieces:
            self.connection.data_received(piece)
        came = bytes(self.transport.written[before:])
        if not self.transport.is_open:
            self.connection.connection_lost(None)
            self.connect()
        return came

    def state(self) -> object:
        """Everything that the tape counts, and that its clients can ask for."""
        sessions = self.player.sessions
        counted = {**sessions.by_name, "since reset": sessions.since_reset, "total": sessions.total}
        facts = {name: (replay_facts(self.player, each), each.fault_counts) for name, each in counted.items()}
        return facts, [each.played for each in counted.values()], self.connection.state


def message(
    form: str,
    key: str = KEYS[0],
    volatile: int = 0,
    session: str = "",
    more: Iterable[str] = (),
    method: str = "POST",
    version: str = "1.1",
) -> bytes:
    """A signed request. volatile: what the values that no answer depends on are made of."""
    head = [
        f"{method} {session}/ HTTP/{version}",
        "Host: 127.0.0.1:4000",
        "Content-Type: application/x-www-form-urlencoded; charset=utf-8",
        f"X-Amz-Date: 20261130T1200{volatile:02}Z",
        f"Authorization: AWS4-HMAC-SHA256 Credential={key}/20261130/us-east-1/iam/aws4_request, "
        f"SignedHeaders=content-type;host;x-amz-date, Signature={volatile:064x}",
        f"amz-sdk-invocation-id: 00000000-0000-4000-8000-{volatile:012x}",
        f"amz-sdk-request: attempt={volatile % 3 + 1}; max=5",
        *more,
        f"Content-Length: {len(form)}",
    ]
    return "\r\n".join([*head, "", form]).encode()


HEADERS = ["Connection: close", "Expect: 100-continue", "Origin: https://example.com", "X-Amz-Security-Token: t"]
messages = st.builds(
    message,
    st.sampled_from(FORMS),
    st.sampled_from(KEYS),
    st.integers(0, 5),
    st.sampled_from(["", "/~a", "/~b"]),
    st.sampled_from([(), (), (), *((header,) for header in HEADERS)]),
    st.sampled_from(["POST", "POST", "POST", "GET", "HEAD"]),
    st.sampled_from(["1.1", "1.1", "1.1", "1.0"]),
)
resets = st.sampled_from([f"POST {path}/~/reset HTTP/1.1\r\nHost: localhost\r\n\r\n".encode() for path in ("", "/~a")])
misses = st.just(b"GET /~/misses HTTP/1.1\r\nHost: localhost\r\n\r\n")
broken = st.sampled_from([b"GET\r\n\r\n", b"\r\n", message(FORMS[6]).replace(b"Z\r\n", b"Z\x01\r\n")])


def cut(data: bytes, at: float) -> tuple[bytes, ...]:
    middle = int(len(data) * at)
    return data[:middle], data[middle:]


pieces = st.one_of(
    messages.map(lambda data: (data,)),
    messages.map(lambda data: (data,)),
    st.builds(lambda one, other: (one + other,), messages, messages),
    st.builds(cut, messages, st.floats(0, 1)),
    st.one_of(resets, misses, broken).map(lambda data: (data,)),
)


def read_lazily() -> Cassette:
    """The cassette of the tests, of which no page was read so far."""
    data = CASSETTE.encode()
    cassette = lazy_reader.read_lazily(lambda begin, end: data[begin:end], len(data), MODELS, lambda read: read())
    assert cassette
    assert not any("pages" in vars(take) for take in cassette.takes)
    return cassette


def in_loop(work: Callable[[], None]) -> None:
    async def run() -> None:
        work()

    asyncio.run(run())


@settings(deadline=None)
@given(
    st.lists(pieces, min_size=5, max_size=60),
    st.sampled_from(["recorded", "client", "1", "torture"]),
    st.sampled_from(["", "throttle times=3", "throttle ListUsers times=always", "drop GetRole page=1"]),
    st.sampled_from([2**20, 1000]),
    st.booleans(),
)
@example([(message(form, key),) for form in FORMS for key in KEYS] * 3, "recorded", "", 2**20, False)
@example([(message(form, key),) for form in FORMS for key in KEYS] * 3, "recorded", "", 2**20, True)
def test_what_is_known_is_answered_as_if_it_were_new(
    sent: list[tuple[bytes, ...]], paging: str, fault: str, kept: int, is_lazy: bool
) -> None:
    """is_lazy: whether pages are read when they are requested, and all when what was played is counted, at the end."""
    whole = read_cassette(CASSETTE, MODELS)

    def compare() -> None:
        cassettes = [read_lazily() if is_lazy else whole, whole]
        clients = [
            Client(KnownReplies(size), each, paging=paging, fault=fault)
            for size, each in zip((kept, 0), cassettes, strict=True)
        ]
        for data in sent:
            replies = [client.send(*data) for client in clients]
            assert replies[0] == replies[1]
            assert is_lazy or clients[0].state() == clients[1].state()
        assert clients[0].state() == clients[1].state()

    in_loop(compare)


@settings(deadline=None)
@given(
    st.lists(messages, min_size=5, max_size=40),
    st.sampled_from(["recorded", "client", "1", "torture"]),
    st.sampled_from(["", "throttle times=3", "throttle ListUsers times=always", "drop GetRole page=1"]),
)
@example([message(form, key) for form in FORMS for key in KEYS] * 2, "recorded", "")
def test_whether_a_page_is_always_the_same_is_known_beforehand(sent: list[bytes], paging: str, fault: str) -> None:
    """So that a worker which does not own the session may serve it; looking changes nothing."""

    def compare() -> None:
        client = Client(KnownReplies(0), read_cassette(CASSETTE, MODELS), paging=paging, fault=fault)
        answer = client.player.answer

        def check(request: Request, session: str = "") -> Reply:
            before = client.state()
            is_same = client.player.has_same_answer(request)
            assert client.state() == before
            reply = answer(request, session)
            assert is_same == (reply.serve_again is not None)
            return reply

        client.player.answer = check  # type: ignore[method-assign]
        for data in sent:
            client.send(data)
        assert client.player.sessions.total.requests or all(b"Origin" in data for data in sent)

    in_loop(compare)


def count_answered_anew(*sent: bytes) -> int:
    """How many of some requests the tape itself answers."""
    anew = []

    def send() -> None:
        client = Client(KnownReplies(MAX_KEPT), read_cassette(CASSETTE, MODELS))
        answer = client.endpoint.answer
        client.endpoint.answer = lambda request: anew.append(request) or answer(request)  # type: ignore[func-returns-value]
        for data in sent:
            assert client.send(data)

    in_loop(send)
    return len(anew)


def test_a_request_that_differs_only_in_its_signature_and_ids_is_answered_from_memory() -> None:
    assert count_answered_anew(*(message(FORMS[6], volatile=n) for n in range(50))) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (message(FORMS[6]), message(FORMS[7])),
        (message(FORMS[6]), message(FORMS[6], KEYS[1])),
        (message(FORMS[6]), message(FORMS[6], session="/~a")),
        (message(FORMS[6]), message(FORMS[6], more=["X-Amz-Security-Token: t"])),
        (message(FORMS[6]), message(FORMS[6], more=["Origin: https://example.com"])),
        (message(FORMS[6]), message(FORMS[6]).replace(b"us-east-1", b"us-gov-west-1")),
        (message(FORMS[6]), message(FORMS[6]).replace(b"X-Amz-Date: 2", b"X-Amz-Date: 2\r\n 2")),
        (message(FORMS[6]), message(FORMS[6]).replace(b"\r\nContent-Type", b"\r\nX-Amz-Date: 1\r\nContent-Type")),
    ],
)
def test_what_an_answer_may_depend_on_tells_requests_apart(one: bytes, other: bytes) -> None:
    layouts = find_layout(one), find_layout(other)
    assert layouts[0]
    assert layouts[1]
    assert layouts[0].key(one) not in (layouts[0].key(other), layouts[1].key(other))
    assert layouts[1].key(other) != layouts[1].key(one)


IRRELEVANT = re.compile(
    rb"\r\n(?:(?i:x-amz-date|amz-sdk-invocation-id|amz-sdk-request):[ -~\t]*"
    rb"|(?i:authorization):[ \t]*AWS4-HMAC-SHA256[ \t]+Credential=([!-+\--~]+)(?![!-+\--~])[ -~\t]*)"
)


def relevant(data: bytes) -> list[bytes | None]:
    """What tells requests apart, found without a layout."""
    head, end, body = data.partition(b"\r\n\r\n")
    return [*IRRELEVANT.split(head), end, body]


changes = st.lists(
    st.tuples(
        st.floats(0, 1),
        st.integers(0, 3),
        st.sampled_from(
            [b"", b"x", b",", b" ", b"\r\n", b"\n", b"\r", b"\0", b"\xff", b"\r\nX-Amz-Date: ", b"\r\n\r\n"]
        ),
    ),
    max_size=3,
)


def changed(data: bytes, changes: list[tuple[float, int, bytes]]) -> bytes:
    for at, length, new in changes:
        begin = int(at * len(data))
        data = data[:begin] + new + data[begin + length :]
    return data


@settings(deadline=None)
@given(messages, messages, changes, st.booleans())
def test_requests_of_one_key_have_the_same_relevant_bytes(
    known: bytes, other: bytes, changes: list[tuple[float, int, bytes]], is_like_it: bool
) -> None:
    """Whatever a client sends in the layout of a request that is known."""
    layout = find_layout(known)
    assert layout
    sent = changed(known if is_like_it else other, changes)
    if layout.key(sent) == layout.key(known):
        assert relevant(sent) == relevant(known)
    own = find_layout(sent)
    if own and own.key(sent) == layout.key(known):
        assert relevant(sent) == relevant(known)


def test_a_layout_serves_requests_that_differ_in_signatures_and_ids() -> None:
    layout = find_layout(message(FORMS[6]))
    assert layout
    assert len({layout.key(message(FORMS[6], volatile=n)) for n in range(20)}) == 1


@pytest.mark.parametrize("form", [FORMS[n] for n in (0, 1, 2, 3, 4, 8, 9)])
def test_a_reply_that_may_change_or_is_a_miss_is_found_anew_each_time(form: str) -> None:
    assert count_answered_anew(*(message(form, volatile=n) for n in range(5))) == 5


@pytest.mark.parametrize("data", [b"", b"GET / HTTP/1.1\r\n", message("x" * MAX_REQUEST)])
def test_other_bytes_are_no_known_request(data: bytes) -> None:
    assert find_layout(data) is None


def test_no_operation_has_a_member_in_a_header_that_no_answer_depends_on() -> None:
    """Of all services, by the text of their models: reading these takes seconds instead of half a minute."""
    irrelevant = r'"(authorization|x-amz-date|amz-sdk-invocation-id|amz-sdk-request|amz-sdk-?|x-amz-d?)"'
    for service in available_services()[:: 1 if settings().max_examples > 100 else 5]:
        shapes = json.dumps(load_service_model(service)["shapes"]).lower()
        for found in re.finditer(irrelevant, shapes):
            around = shapes[max(found.start() - 60, 0) : found.end() + 60]
            assert "header" not in around, f"{service}: {around}"

"""The plain endpoint over raw sockets: it answers whatever a client sends as HTTP/1.1 requires."""

from __future__ import annotations

import asyncio
import gzip
import re
import socket
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from awstape.core.aws.wire import Reply, Request, Response
from awstape.errors import UserError
from awstape.serving import endpoint, http1
from awstape.serving.endpoint import serve
from support import exchanges
from support.connections import hang_up

LIMIT = 10.0  # seconds
MAX_BODY = 2**20  # bytes
PIECE = 2**16
GET = b"GET /x?a=1 HTTP/1.1\r\nHost: iam.amazonaws.com\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nanswer"
LAST_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\nConnection: close\r\n\r\nanswer"


def refusal(status: HTTPStatus) -> bytes:
    return f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


@dataclass
class Endpoint:
    """A running endpoint: its address, the requests that it received, the errors in the loop."""

    host: str
    port: int
    seen: list[Request]
    errors: list[dict[str, Any]] = field(default_factory=list)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            yield reader, writer
        finally:
            await hang_up(writer)

    async def ask(self, *pieces: bytes) -> bytes:
        """Sends the pieces, each on its own, and closes its side; returns everything that it receives."""
        async with self.connection() as (reader, writer):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0)
            writer.write_eof()
            return await reader.read()


Scenario = Callable[[Endpoint], Awaitable[None]]


def run(scenario: Scenario, answer: Callable[[Request], Response] | None = None) -> Endpoint:
    """Runs the scenario with an endpoint that answers every request alike; fails on any error in the loop."""
    seen: list[Request] = []

    def remember(request: Request) -> Reply:
        seen.append(request)
        return Reply(answer(request) if answer else Response(200, (("Content-Type", "text/plain"),), b"answer"))

    async def main() -> Endpoint:
        async with asyncio.timeout(LIMIT), serve(remember, "127.0.0.1", 0) as (host, port):
            running = Endpoint(host, port, seen)
            asyncio.get_running_loop().set_exception_handler(lambda _, context: running.errors.append(context))
            await scenario(running)
        return running

    running = asyncio.run(main(), debug=False)
    if answer is None:
        assert running.errors == []
    return running


def ask(*pieces: bytes) -> tuple[bytes, list[Request]]:
    """Sends the pieces; returns the responses, and the requests that the endpoint read."""
    answers: list[bytes] = []

    async def scenario(running: Endpoint) -> None:
        answers.append(await running.ask(*pieces))

    seen = run(scenario).seen
    return answers[0], seen


# --- requests ---


def test_a_request_becomes_a_value() -> None:
    head = (
        b"POST /a%2Fb?c=d%20e&f HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nX-Two: 1\r\nx-two: 2\r\nContent-Length: 5\r\n\r\n"
    )
    answer, seen = ask(head + b"A=1&B")
    assert answer == ANSWER
    headers = (("Host", "127.0.0.1:8080"), ("X-Two", "1"), ("x-two", "2"), ("Content-Length", "5"))
    assert seen == [Request("POST", "127.0.0.1", "/a%2Fb", "c=d%20e&f", headers, b"A=1&B")]


def test_one_connection_serves_many_requests() -> None:
    async def scenario(running: Endpoint) -> None:
        async with running.connection() as (reader, writer):
            for _ in range(3):
                writer.write(GET)
                assert await reader.readexactly(len(ANSWER)) == ANSWER

    assert len(run(scenario).seen) == 3


def test_pipelined_requests_are_answered_in_order() -> None:
    bodies = b"".join(f"POST /{i} HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n{i}".encode() for i in range(5))
    answer, seen = ask(bodies)
    assert answer == ANSWER * 5
    assert [(request.path, request.body) for request in seen] == [(f"/{i}", f"{i}".encode()) for i in range(5)]


def test_a_request_may_come_byte_by_byte() -> None:
    request = b"POST /finding HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}" + GET
    answer, seen = ask(*(bytes([byte]) for byte in request))
    assert answer == ANSWER * 2
    assert [(r.method, r.path, r.body) for r in seen] == [("POST", "/finding", b"{}"), ("GET", "/x", b"")]


def test_chunked_bodies() -> None:
    answer, seen = ask(
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: t\r\nHost: evil.example\r\n\r\n" + GET
    )
    assert answer == ANSWER * 2
    assert seen[0].body == b"abcde"
    assert seen[0].headers == (("Host", "h"), ("Transfer-Encoding", "chunked")), "a trailer is no header"


def test_a_client_that_expects_to_continue_is_told_to() -> None:
    async def scenario(running: Endpoint) -> None:
        async with running.connection() as (reader, writer):
            writer.write(b"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n")
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(b"abc")
            assert await reader.readexactly(len(ANSWER)) == ANSWER

    assert run(scenario).seen[0].body == b"abc"


@pytest.mark.parametrize("head", [b"GET / HTTP/1.0\r\n\r\n", b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"])
def test_a_connection_that_is_not_to_be_kept_is_closed(head: bytes) -> None:
    async def scenario(running: Endpoint) -> None:
        async with running.connection() as (reader, writer):
            writer.write(head)
            assert await reader.read() == LAST_ANSWER

    assert len(run(scenario).seen) == 1


def test_what_follows_a_last_request_is_not_answered() -> None:
    answer, seen = ask(b"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" + GET)
    assert (answer, len(seen)) == (LAST_ANSWER, 1)


@pytest.mark.parametrize(
    ("target", "header", "host", "path", "query"),
    [
        ("http://iam.amazonaws.com/p?q=1", "127.0.0.1:1", "iam.amazonaws.com", "/p", "q=1"),
        ("http://iam.amazonaws.com", "other", "iam.amazonaws.com", "/", ""),
        ("http://[::1]:80/p", "other", "::1", "/p", ""),
        ("/", "localhost", "localhost", "/", ""),
        ("/", "localhost:8080", "localhost", "/", ""),
        ("/", "[::1]:80", "[::1]", "/", ""),
        ("/", "[::1]", "[::1]", "/", ""),
        ("/", "", "", "/", ""),
        ("//double/slash", "h", "h", "//double/slash", ""),
        ("/a:1?b=c:2/d", "h", "h", "/a:1", "b=c:2/d"),
        ("*", "h", "h", "*", ""),
    ],
)
def test_host_path_and_query(target: str, header: str, host: str, path: str, query: str) -> None:
    _, seen = ask(f"OPTIONS {target} HTTP/1.1\r\nHost: {header}\r\n\r\n".encode())
    assert [(request.host, request.path, request.query) for request in seen] == [(host, path, query)]


def test_a_compressed_request_is_answered() -> None:
    asked, answered = exchanges.request("GetRole", {"RoleName": "deploy"}), exchanges.respond("GetRole")
    playing = exchanges.player(exchanges.cassette((asked, answered)))
    head = b"POST / HTTP/1.1\r\nHost: iam.amazonaws.com\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    body = gzip.compress(asked.body)
    encoded = b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    answers: list[bytes] = []

    async def scenario(running: Endpoint) -> None:
        answers.append(await running.ask(head + encoded, body))

    def answer(request: Request) -> Response:
        response = playing.answer(request).response
        assert response
        return response

    run(scenario, answer)
    assert answers[0].startswith(b"HTTP/1.1 200 OK\r\n") and playing.misses == []


def test_header_values_may_be_latin_1() -> None:
    answer, seen = ask(b"GET / HTTP/1.1\r\nHost: h\r\nUser-Agent: M\xfcller\r\n\r\n")
    assert (answer, seen[0].header("user-agent")) == (ANSWER, "Müller")


def test_an_upgrade_is_ignored() -> None:
    """`curl --http2` asks for an upgrade; a server may continue in HTTP/1.1."""
    answer, seen = ask(
        b"POST / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\nb"
    )
    assert (answer, len(seen)) == (LAST_ANSWER, 1)


# --- answers ---


def test_identical_requests_get_identical_bytes_without_a_date() -> None:
    first, _ = ask(GET)
    second, _ = ask(GET)
    assert first == second == ANSWER


def test_a_head_request_gets_no_body() -> None:
    answer, _ = ask(b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n" + GET)
    assert answer == ANSWER.removesuffix(b"answer") + ANSWER


def test_an_unnamed_status_and_a_character_beyond_latin_1_are_still_http() -> None:
    async def scenario(running: Endpoint) -> None:
        answer = await running.ask(GET)
        assert answer == b"HTTP/1.1 599 \r\nx-amzn-errortype: ?\r\nContent-Length: 0\r\n\r\n"

    run(scenario, lambda _: Response(599, (("x-amzn-errortype", "→"),)))


def test_a_bug_is_a_500_and_is_reported() -> None:
    def fail(_: Request) -> Response:
        raise ZeroDivisionError

    async def scenario(running: Endpoint) -> None:
        assert await running.ask(GET) == refusal(HTTPStatus.INTERNAL_SERVER_ERROR)

    errors = run(scenario, fail).errors
    assert len(errors) == 1
    assert re.fullmatch(
        r"a request was not answered: ZeroDivisionError in test_endpoint\.py, line \d+; please report this",
        errors[0]["message"],
    )
    assert "exception" not in errors[0], "its text may quote the traffic"


# --- bad and big requests ---


@pytest.mark.parametrize(
    "request_",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",  # HTTP/2
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nNo colon\r\n\r\n",
        b"CONNECT iam.amazonaws.com:443 HTTP/1.1\r\nHost: iam.amazonaws.com:443\r\n\r\n",
        b"GET http://[::1/ HTTP/1.1\r\nHost: h\r\n\r\n",
    ],
)
def test_a_bad_request_is_refused_and_the_connection_closed(request_: bytes) -> None:
    answer, seen = ask(GET + request_ + GET)
    assert answer == ANSWER + refusal(HTTPStatus.BAD_REQUEST)
    assert len(seen) == 1


def a_flood(first: bytes, more: bytes, status: HTTPStatus) -> Scenario:
    """A client that keeps sending until it is refused, and a while longer."""

    async def scenario(running: Endpoint) -> None:
        tracemalloc.start()
        async with running.connection() as (reader, writer):
            answer = asyncio.create_task(reader.read())
            writer.write(first)
            sent = 0
            while not answer.done() and sent < 8 * MAX_BODY:
                writer.write(more)
                await writer.drain()
                sent += len(more)
            assert await answer == refusal(status)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert sent < 8 * MAX_BODY
        assert peak < 4 * MAX_BODY
        assert await running.ask(GET) == ANSWER

    return scenario


@pytest.mark.parametrize(
    ("first", "more"),
    [
        (b"GET /", b"a" * PIECE),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: ", b"a" * PIECE),
        (b"GET / HTTP/1.1\r\nHost: h\r\n", b"a" * PIECE),
        (b"GET / HTTP/1.1\r\nHost: h\r\n", b"X: y\r\n" * (PIECE // 6)),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999\r\n\r\n", b"a" * PIECE),
        (
            b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"20\r\n%b\r\n" % (b"a" * 32) * (PIECE // 38),
        ),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"a" * PIECE),
        (b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * (PIECE // 6)),
    ],
    ids="url header-value header-name headers body chunks chunk-extension trailers".split(),
)
def test_too_large_requests_are_refused_before_they_fill_the_memory(
    first: bytes, more: bytes, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setattr(http1, "MAX_BODY", MAX_BODY)
    is_many = request.node.callspec.id == "headers"
    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE if is_many else HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    assert run(a_flood(first, more, status)).seen == [
        Request("GET", "iam.amazonaws.com", "/x", "a=1", (("Host", "iam.amazonaws.com"),))
    ]


def test_a_body_up_to_the_limit_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http1, "MAX_BODY", 10)
    head = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n"
    assert ask(head % 10 + b"a" * 10)[0] == ANSWER
    assert ask(head % 11 + b"a" * 11)[0].startswith(b"HTTP/1.1 413 ")


# --- several clients ---


def test_a_slow_client_does_not_hold_up_another() -> None:
    async def scenario(running: Endpoint) -> None:
        async with running.connection() as (reader, writer), running.connection() as (_, unheard):
            writer.write(GET[:20])
            unheard.write(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n")
            await writer.drain()
            for _ in range(10):
                assert await running.ask(GET) == ANSWER
            writer.write(GET[20:])
            assert await reader.readexactly(len(ANSWER)) == ANSWER

    assert len(run(scenario).seen) == 11


def test_a_client_that_reads_nothing_is_not_read_from() -> None:
    """Otherwise its responses would pile up in memory."""
    big = b"x" * 2**20

    async def scenario(running: Endpoint) -> None:
        async with running.connection() as (_, writer):
            for _ in range(100):
                writer.write(GET)
                await asyncio.sleep(0.001)
            assert len(running.seen) < 50
            assert (await running.ask(GET)).endswith(big)

    run(scenario, lambda _: Response(200, (), big))


def test_many_clients_at_once() -> None:
    async def scenario(running: Endpoint) -> None:
        assert await asyncio.gather(*(running.ask(GET) for _ in range(50))) == [ANSWER] * 50

    run(scenario)


@pytest.mark.parametrize(
    "sent", [b"", GET[:10], b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab", GET * 500, b"bad\r\n\r\n"]
)
def test_it_ends_with_connections_open(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "DRAIN_TIME", 0.05)
    big = b"x" * 2**16

    async def main() -> None:
        async with asyncio.timeout(LIMIT):
            async with serve(lambda _: Reply(Response(200, (), big)), "127.0.0.1", 0) as (host, port):
                _, writer = await asyncio.open_connection(host, port)
                writer.write(sent)
                await asyncio.sleep(0.05)
            with pytest.raises(OSError, match=r"[Rr]efused|Connect call failed"):
                await asyncio.open_connection(host, port)
            await hang_up(writer)

    asyncio.run(main())


def test_idle_connections_see_the_end() -> None:
    async def main() -> bytes:
        async with asyncio.timeout(LIMIT):
            async with serve(lambda _: Reply(Response(200)), "127.0.0.1", 0) as (host, port):
                reader, writer = await asyncio.open_connection(host, port)
                writer.write(GET)
                await reader.readuntil(b"\r\n\r\n")
            rest = await reader.read()
            await hang_up(writer)
            return rest

    assert asyncio.run(main()) == b""


def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        async def main() -> None:
            async with serve(lambda _: Reply(Response(200)), "127.0.0.1", port):
                raise AssertionError

        with pytest.raises(UserError, match=rf"can't listen on 127\.0\.0\.1:{port}: .*in use") as caught:
            asyncio.run(main())
    assert caught.value.tip == "choose another --port"


# --- anything ---

PHRASES = (
    *(
        b"GET ",
        b"POST / HTTP/1.1\r\nHost: h\r\n",
        b" HTTP/1.1\r\nHost: h\r\n",
        b"Host: ",
        b"http://",
        b"[::1]:x",
        b"%zz",
    ),
    *(b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\n", b"Content-Length: 3\r\n\r\nab", b"Upgrade: h2c\r\n", b"\r\n"),
)
GARBAGE = st.lists(
    st.one_of(
        st.binary(max_size=40),
        st.sampled_from([GET, *PHRASES]),
    ),
    max_size=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(GARBAGE, min_size=5, max_size=10))
@example([[b"GET http://\xe4/ HTTP/1.1\r\nHost: \xff:9\r\n\r\n"], [b"GET /", b"\xe9", b" HTTP/1.1\r\nHost: h\r\n\r\n"]])
def test_no_bytes_harm_the_endpoint(conversations: list[list[bytes]]) -> None:
    async def scenario(running: Endpoint) -> None:
        for pieces in conversations:
            answer = await running.ask(*pieces)
            assert answer == b"" or answer.startswith(b"HTTP/1.1 ")
            assert b" 500 " not in answer
            assert await running.ask(GET) == ANSWER

    run(scenario)

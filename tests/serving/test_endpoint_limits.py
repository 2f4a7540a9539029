"""Limits of the plain endpoint: ambiguous requests, slow clients, too many clients.

Raw sockets in one loop with the endpoint. The time limits are shortened, and no test asserts a duration.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from awstape.core.aws.wire import Reply, Request, Response
from awstape.serving import connection, endpoint, http1
from awstape.serving.endpoint import serve
from support.connections import hang_up

LIMIT = 20.0  # seconds
SHORT = 0.05
GET = b"GET /next HTTP/1.1\r\nHost: h\r\n\r\n"
SLOW = b"GET /slow HTTP/1.1\r\nHost: h\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nA"
LAST_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nA"
POST = b"POST / HTTP/1.1\r\nHost: h\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"

Address = tuple[str, int]


def run(scenario: Callable[[Address], Awaitable[None]], body: bytes = b"A") -> list[str]:
    """Runs a scenario with an endpoint that answers every request alike, `/slow` late; returns the requested paths."""
    asked: list[str] = []

    def answer(request: Request) -> Reply:
        asked.append(request.path)
        return Reply(Response(200, (), body), delay=SHORT if request.path == "/slow" else 0.0)

    async def main() -> list[object]:
        told: list[object] = []
        async with asyncio.timeout(LIMIT), serve(answer, "127.0.0.1", 0) as address:
            asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
            await scenario(address)
        return told

    assert asyncio.run(main()) == []
    return asked


async def said(address: Address, *sent: bytes) -> bytes:
    """Sends data; returns everything until the endpoint closes the connection."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(b"".join(sent))
    came = await reader.read()
    await hang_up(writer)
    return came


def is_refusal(came: bytes, status: int) -> bool:
    is_last = came.endswith(b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    return came.startswith(b"HTTP/1.1 %d " % status) and is_last and came.count(b"HTTP/1.1") == 1


# --- requests that could be read in two ways ---


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400),
        (POST + b"Content-Length: 1\r\nContent-Length: 3\r\n\r\nxyz", 400),
        (POST + b"Content-Length: 1, 1\r\n\r\nx", 400),
        (POST + b"Content-Length: -1\r\n\r\n", 400),
        (POST + b"Content-Length: +1\r\n\r\nx", 400),
        (POST + b"Content-Length: 0x1\r\n\r\nx", 400),
        (POST + b"Content-Length: 99999999999999999999999999\r\n\r\nx", 400),
        (POST + b"Content-Length: 18446744073709551615\r\n\r\nx", 413),
        (POST + b"Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n", 413),
        (POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n", 501),
        (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400),
        (b"POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
        (CHUNKED + b"-1\r\n", 400),
        (CHUNKED + b"fffffffffffffffff\r\n", 400),
        (CHUNKED + b"0x1\r\na\r\n0\r\n\r\n", 400),
        (CHUNKED + b"1\na\r\n0\r\n\r\n", 400),
        (CHUNKED + b"1;a\nb\r\na\r\n0\r\n\r\n", 400),
        (CHUNKED + b"fffffff\r\n" + b"a" * 10, 0),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: h\n\n", 400),
        (b"GET / HTTP/1.1\rHost: h\r\r", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: a\rY: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX : a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX\0: a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\nX: \0\r\n\r\n", 400),
        (b"GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET /\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505),
        (b"GET / HTTP/1.1\r\nHost: h\r\n" + b"X: 1\r\n" * 100 + b"\r\n", 431),
        *(
            (b"GET / HTTP/1.1\r\n%b\r\n" % host, 400)
            for host in (
                *(b"", b"Host: h\r\nhost: h\r\n", b"Host: u@h\r\n", b"Host: h:x\r\n", b"Host: h:1:2\r\n"),
                *(b"Host: a, b\r\n", b"Host: a b\r\n", b"Host: h/p\r\n", b"Host: \xc3\xa4\r\n", b"Host: [::1\r\n"),
            )
        ),
        (b"GET http://u@h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400),
    ],
)
def test_ambiguous_requests_are_refused(sent: bytes, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what follows it, which another reader could take for a request of another client (request smuggling)."""
    monkeypatch.setattr(http1, "MAX_BODY", 2**20)

    async def scenario(address: Address) -> None:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(sent + GET)
        writer.write_eof()
        came = await reader.read()
        await hang_up(writer)
        assert is_refusal(came, status) if status else came == b""

    assert run(scenario) == []


@pytest.mark.parametrize("fields", [98, 99])
def test_headers_up_to_the_limit_are_taken(fields: int) -> None:
    async def scenario(address: Address) -> None:
        lines = b"X: 1\r\n" * (fields - 1)
        assert (
            await said(address, b"GET / HTTP/1.1\r\nHost: h\r\n" + lines + b"Connection: close\r\n\r\n") == LAST_ANSWER
        )

    run(scenario)


# --- clients that take their time ---


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUEST_TIME", "ANSWER_TIME", "IDLE_TIME", "LINGER_TIME"):
        monkeypatch.setattr(connection, name, SHORT)
    monkeypatch.setattr(endpoint, "_CHECK_INTERVAL", 0.01)


@pytest.mark.parametrize("before", [b"", GET])
@pytest.mark.usefixtures("short")
def test_an_idle_connection_is_closed_without_a_response(before: bytes) -> None:
    async def scenario(address: Address) -> None:
        assert await said(address, before) == (ANSWER if before else b"")

    run(scenario)


@pytest.mark.parametrize("sent", [b"G", GET[:-2], POST + b"Content-Length: 9\r\n\r\nabc", CHUNKED + b"3\r\nabc\r\n"])
@pytest.mark.usefixtures("short")
def test_a_request_that_does_not_end_is_refused(sent: bytes) -> None:
    async def scenario(address: Address) -> None:
        assert is_refusal(await said(address, sent), 408)

    assert run(scenario) == []


@pytest.mark.usefixtures("short")
def test_slow_single_bytes_do_not_extend_the_time_limit() -> None:
    async def scenario(address: Address) -> None:
        reader, writer = await asyncio.open_connection(*address)
        answer = asyncio.create_task(reader.read())
        writer.write(POST)
        while not answer.done():
            writer.write(b"X: 1\r\n")
            await asyncio.sleep(SHORT / 10)
        assert is_refusal(answer.result(), 408)
        await hang_up(writer)

    assert run(scenario) == []


@pytest.mark.usefixtures("short")
def test_a_client_that_does_not_take_the_response_is_disconnected() -> None:
    async def scenario(address: Address) -> None:
        loop = asyncio.get_running_loop()
        with socket.create_connection(address) as client:
            client.setblocking(False)
            await loop.sock_sendall(client, GET * 100)
            with suppress(ConnectionError):  # reset: what it never read is dropped
                while True:
                    await asyncio.sleep(SHORT / 5)
                    await loop.sock_sendall(client, b"\n")

    assert len(run(scenario, b"A" * 2**22)) < 100


@pytest.mark.usefixtures("short")
def test_a_slow_answer_is_not_cut_short() -> None:
    async def scenario(address: Address) -> None:
        reader, writer = await asyncio.open_connection(*address)
        for _ in range(3):
            writer.write(SLOW)
            assert await reader.readexactly(len(ANSWER)) == ANSWER
        await hang_up(writer)

    run(scenario)


@pytest.mark.usefixtures("short")
def test_a_refused_client_is_disconnected_after_a_while() -> None:
    async def scenario(address: Address) -> None:
        _, writer = await asyncio.open_connection(*address)
        with suppress(ConnectionError):
            while True:
                writer.write(b"nonsense\r\n\r\n" * 100)
                await writer.drain()
                await asyncio.sleep(0)
        await hang_up(writer)

    assert run(scenario) == []


# --- too many ---


def test_an_idle_connection_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "MAX_CONNECTIONS", 3)

    async def scenario(address: Address) -> None:
        streams = [await asyncio.open_connection(*address) for _ in range(3)]
        for reader, writer in (streams[1], streams[0]):  # so the second is idle for longer than the first
            writer.write(GET)
            assert await reader.readexactly(len(ANSWER)) == ANSWER
        streams[2][1].write(GET[:10])
        for number, (reader, _) in ((1, streams[1]), (0, streams[0])):
            streams.append(await asyncio.open_connection(*address))
            streams[-1][1].write(GET[:10])
            assert await reader.read() == b"", number
        assert is_refusal(await said(address, GET), 503)
        for reader, writer in streams[2:]:
            writer.write(GET[10:])
            assert await reader.readexactly(len(ANSWER)) == ANSWER
        for _, writer in streams:
            await hang_up(writer)

    assert len(run(scenario)) == 5


def test_bodies_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "MAX_HELD", 2**18)
    size = 2**17 + 2**16

    async def scenario(address: Address) -> None:
        reader, writer = await asyncio.open_connection(*address)
        body = b"Content-Length: %d\r\n\r\n" % size + b"a" * (size - 1)
        writer.write(POST + body)
        await writer.drain()
        assert is_refusal(await said(address, POST + body), 503)
        writer.write(b"a")
        assert await reader.readexactly(len(ANSWER)) == ANSWER
        await hang_up(writer)

    assert run(scenario) == ["/"]


def test_pipelined_requests_are_handled_as_their_responses_are_taken() -> None:
    """Otherwise a hundred small requests in one packet would create a hundred large responses in memory."""

    async def scenario(address: Address) -> None:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(GET * 100)
        await reader.readexactly(10)
        assert len(asked) < 50
        writer.transport.abort()

    asked = []

    def answer(request: Request) -> Reply:
        asked.append(request.path)
        return Reply(Response(200, (), b"A" * 2**20))

    async def main() -> None:
        async with asyncio.timeout(LIMIT), serve(answer, "127.0.0.1", 0) as address:
            await scenario(address)

    asyncio.run(main())


# --- the end ---


async def end_with(*sent: bytes, cancel: bool = False) -> list[bytes]:
    """What clients receive that have sent something when the endpoint begins to end."""
    asked: list[str] = []

    def answer(request: Request) -> Reply:
        asked.append(request.path)
        return Reply(Response(200, (), b"A"), delay=SHORT if request.path == "/slow" else 0.0)

    async with asyncio.timeout(LIMIT):
        running = serve(answer, "127.0.0.1", 0)
        address = await running.__aenter__()
        streams = [await asyncio.open_connection(*address) for _ in sent]
        for (_, writer), data in zip(streams, sent, strict=True):
            writer.write(data)
        while b"/slow" in b"".join(sent) and not asked:
            await asyncio.sleep(0)
        ending = asyncio.ensure_future(running.__aexit__(None, None, None))
        if cancel:
            await asyncio.sleep(0)
            ending.cancel()
        await ending
        came = [await reader.read() for reader, _ in streams]
        for _, writer in streams:
            await hang_up(writer)
        with pytest.raises(OSError, match=r"[Rr]efused|Connect call failed"):
            await asyncio.open_connection(*address)
    return came


def test_pending_requests_are_answered_at_the_end() -> None:
    came = asyncio.run(end_with(SLOW, GET + SLOW + GET, b""))
    assert came == [LAST_ANSWER, ANSWER + ANSWER + LAST_ANSWER, b""]


def test_cancelling_ends_the_endpoint_at_once() -> None:
    assert asyncio.run(end_with(SLOW, cancel=True)) == [b""]


def test_a_port_can_be_taken_again_at_once() -> None:
    """Although the system keeps connections that the endpoint closed in TIME_WAIT."""

    async def main() -> None:
        port = 0
        for _ in range(3):
            async with (
                asyncio.timeout(LIMIT),
                serve(lambda _: Reply(Response(200)), "127.0.0.1", port) as (host, port),
            ):
                reader, writer = await asyncio.open_connection(host, port)
                writer.write(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
                await reader.read()
                await hang_up(writer)

    asyncio.run(main())


def test_it_listens_on_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")

    async def main() -> None:
        async with asyncio.timeout(LIMIT), serve(lambda _: Reply(Response(200, (), b"A")), "::1", 0) as address:
            assert await said(address, GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")) == LAST_ANSWER

    asyncio.run(main())

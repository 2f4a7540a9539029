"""Delayed replies in the plain endpoint, over raw sockets.

`NEVER` is a delay longer than any test: a response that arrives nevertheless did not wait for it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from awstape.core.aws.wire import Reply, Request, Response
from awstape.serving.endpoint import serve
from support.connections import hang_up

LIMIT = 10.0  # seconds
SHORT = 0.02
NEVER = 3600.0
REFUSED = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def get(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: h", *headers, "", ""]).encode()


def said(path: str, *headers: str) -> bytes:
    """The response to a path: the path itself."""
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(path)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + path.encode()


LAST = "Connection: close"


def reply(request: Request) -> Reply:
    """`/slow…`, `/never` and `/drop` do what their names say; `/bug` raises an error."""
    if request.path == "/bug":
        raise ZeroDivisionError
    if request.path == "/drop":
        return Reply(None)
    if request.path == "/slow-drop":
        return Reply(None, delay=SHORT)
    delay = NEVER if request.path == "/never" else SHORT if request.path.startswith("/slow") else 0.0
    return Reply(Response(200, (), request.path.encode()), delay=delay)


@dataclass
class Endpoint:
    """A running endpoint, the requested paths, and the errors in the loop."""

    address: tuple[str, int]
    asked: list[str]
    errors: list[dict[str, Any]] = field(default_factory=list)

    async def open(self, *sent: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(*self.address)
        writer.write(b"".join(sent))
        await writer.drain()
        return reader, writer

    async def all(self, *sent: bytes) -> bytes:
        """Everything that arrives until the endpoint closes the connection."""
        reader, writer = await self.open(*sent)
        try:
            return await reader.read()
        finally:
            await hang_up(writer)

    async def some(self, sent: bytes, expected: bytes) -> None:
        """Sends on a new connection, and reads as much as is expected."""
        reader, writer = await self.open(sent)
        assert await reader.readexactly(len(expected)) == expected
        await hang_up(writer)

    async def until_asked(self, path: str) -> None:
        while path not in self.asked:
            await asyncio.sleep(0)


def run(scenario: Callable[[Endpoint], Awaitable[None]], errors: int = 0) -> list[str]:
    """Runs the scenario; returns the requested paths. errors: the expected number of errors in the loop."""
    asked: list[str] = []

    def remember(request: Request) -> Reply:
        asked.append(request.path)
        return reply(request)

    async def main() -> Endpoint:
        async with asyncio.timeout(LIMIT), serve(remember, "127.0.0.1", 0) as address:
            endpoint = Endpoint(address, asked)
            asyncio.get_running_loop().set_exception_handler(lambda _, context: endpoint.errors.append(context))
            await scenario(endpoint)
        return endpoint

    assert len(asyncio.run(main()).errors) == errors
    return asked


# --- order ---


@pytest.mark.parametrize(
    "paths",
    [
        ["/slow", "/a", "/b"],
        ["/a", "/slow", "/b"],
        ["/slow/1", "/slow/2", "/slow/3"],
        ["/slow/1", "/a", "/slow/2", "/b"],
        [f"/slow/{i}" if i % 5 == 0 else f"/{i}" for i in range(50)],
    ],
    ids=["first", "second", "all", "every other", "many"],
)
@pytest.mark.parametrize("pieces", ["at once", "byte by byte"])
def test_answers_behind_a_slow_one_keep_their_order(paths: list[str], pieces: str) -> None:
    async def scenario(endpoint: Endpoint) -> None:
        requests = b"".join(map(get, paths))
        reader, writer = await endpoint.open(*([requests] if pieces == "at once" else []))
        for i in range(len(requests) if pieces == "byte by byte" else 0):
            writer.write(requests[i : i + 1])
            await asyncio.sleep(0)
        expected = b"".join(map(said, paths))
        assert await reader.readexactly(len(expected)) == expected
        await hang_up(writer)

    assert run(scenario) == paths


def test_a_connection_goes_on_after_a_slow_answer() -> None:
    async def scenario(endpoint: Endpoint) -> None:
        reader, writer = await endpoint.open()
        for path in ("/slow", "/a") * 3:
            writer.write(get(path))
            assert await reader.readexactly(len(said(path))) == said(path)
        await hang_up(writer)

    run(scenario)


def test_a_body_that_comes_during_a_slow_answer_is_read_after_it() -> None:
    size = 2**20

    async def scenario(endpoint: Endpoint) -> None:
        head = f"POST /body HTTP/1.1\r\nHost: h\r\nContent-Length: {size}\r\n\r\n".encode()
        await endpoint.some(get("/slow") + head + b"x" * size, said("/slow") + said("/body"))

    run(scenario)


def test_others_are_not_held_up() -> None:
    async def scenario(endpoint: Endpoint) -> None:
        waiting = [await endpoint.open(get("/never"), get("/behind")) for _ in range(20)]
        for _ in range(20):
            await endpoint.some(get("/a") + get("/slow"), said("/a") + said("/slow"))
        for reader, writer in waiting:
            assert not reader._buffer  # type: ignore[attr-defined]
            await hang_up(writer)

    run(scenario)


# --- the last answer ---


def test_a_slow_last_answer_closes_the_connection() -> None:
    async def scenario(endpoint: Endpoint) -> None:
        assert await endpoint.all(get("/slow", LAST), get("/behind")) == said("/slow", LAST)

    assert run(scenario) == ["/slow"]


def test_a_last_answer_behind_a_slow_one_closes_the_connection() -> None:
    async def scenario(endpoint: Endpoint) -> None:
        assert await endpoint.all(get("/slow"), get("/a", LAST), get("/b")) == said("/slow") + said("/a", LAST)

    assert run(scenario) == ["/slow", "/a"]


@pytest.mark.parametrize("bad", [b"nonsense\r\n\r\n", b"\x16\x03\x01\x02\x00", b"GET /\xff HTTP/1.1\r\n\r\n"])
def test_a_bad_request_behind_a_slow_answer_is_refused_after_it(bad: bytes) -> None:
    async def scenario(endpoint: Endpoint) -> None:
        assert await endpoint.all(get("/slow/1") + get("/slow/2") + bad + get("/c")) == (
            said("/slow/1") + said("/slow/2") + REFUSED
        )

    assert run(scenario) == ["/slow/1", "/slow/2"]


def test_a_bug_behind_a_slow_response_is_reported_after_it() -> None:
    async def scenario(endpoint: Endpoint) -> None:
        failed = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        assert await endpoint.all(get("/slow") + get("/bug") + get("/a")) == said("/slow") + failed

    assert run(scenario, errors=1) == ["/slow", "/bug"]


# --- clients that go away ---


def test_a_client_that_sends_no_more_gets_its_slow_answers() -> None:
    async def scenario(endpoint: Endpoint) -> None:
        for sent in ([get("/slow") + get("/a")], [get("/slow"), get("/a")]):
            reader, writer = await endpoint.open(*sent)
            writer.write_eof()
            assert await reader.read() == said("/slow") + said("/a")
            await hang_up(writer)

    run(scenario)


@pytest.mark.parametrize("way", ["end", "reset"])
@pytest.mark.parametrize("path", ["/slow", "/slow-drop", "/never"])
def test_a_client_that_disconnects_affects_no_other(path: str, way: str) -> None:
    async def scenario(endpoint: Endpoint) -> None:
        _, writer = await endpoint.open(get(path), get("/behind"))
        await endpoint.until_asked(path)
        if way == "reset":
            hard = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, hard)
        await hang_up(writer)
        await endpoint.some(get("/slow/1") + get("/slow/2"), said("/slow/1") + said("/slow/2"))

    run(scenario)


@pytest.mark.parametrize(
    ("sent", "came"),
    [
        (get("/never"), b""),
        (get("/never") + get("/behind"), b""),
        (get("/a") + get("/never") + b"nonsense\r\n\r\n", said("/a")),
    ],
    ids=["alone", "others behind it", "between"],
)
def test_it_ends_while_an_answer_waits(sent: bytes, came: bytes) -> None:
    async def main() -> bytes:
        async with asyncio.timeout(LIMIT):
            async with serve(reply, "127.0.0.1", 0) as address:
                reader, writer = await asyncio.open_connection(*address)
                writer.write(sent)
                await asyncio.sleep(SHORT)
            rest = await reader.read()
            await hang_up(writer)
            return rest

    assert asyncio.run(main()) == came


# --- no answer ---


@pytest.mark.parametrize(
    ("paths", "came"),
    [
        (["/drop"], b""),
        (["/slow-drop"], b""),
        (["/a", "/drop"], said("/a")),
        (["/slow", "/drop"], said("/slow")),
        (["/slow/1", "/slow-drop"], said("/slow/1")),
    ],
    ids=["alone", "slow", "behind an answer", "behind a slow answer", "slow behind a slow answer"],
)
def test_a_dropped_request_ends_the_connection_without_a_byte(paths: list[str], came: bytes) -> None:
    """And requests sent behind it are never handled: they play no take and use no fault."""

    async def scenario(endpoint: Endpoint) -> None:
        behind = (get("/behind"), get("/drop"), b"nonsense\r\n\r\n")
        assert await endpoint.all(b"".join([*map(get, paths), *behind])) == came
        assert await endpoint.all(*map(get, paths)) == came
        await endpoint.some(get("/b"), said("/b"))

    assert run(scenario) == [*paths, *paths, "/b"]

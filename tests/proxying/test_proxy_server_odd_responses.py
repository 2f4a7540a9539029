"""Responses that a server may send and AWS does not: the client gets each of them, or an error, and never waits.

Pages that are compressed are recorded like others.
"""

from __future__ import annotations

import gzip
import re
import socket
import ssl
import threading
import zlib
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPResponse
from typing import NamedTuple

import brotli
import pytest

from proxying.test_proxy_server_relaying import Proxy, proxying
from support.exchanges import listing, restored
from support.role_cassette import role

BODY = (
    b'<ListUsersResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListUsersResult><Users/>'
    b"<IsTruncated>false</IsTruncated></ListUsersResult></ListUsersResponse>"
)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
PLAIN = LENGTH + b"\r\n" + BODY
GZIPPED = gzip.compress(BODY)


def chunks(body: bytes, trailers: bytes = b"") -> bytes:
    return b"%x;name=value\r\n%s\r\n0\r\n%s\r\n" % (len(body), body, trailers)


class Odd(NamedTuple):
    """A response as it is sent, the status and body that the client gets, and whether the server closes after it."""

    sent: bytes
    status: int
    body: bytes | None = None
    closes: bool = False


CASES = {
    "trailers": Odd(OK + b"Trailer: x-a\r\n" + CHUNKED + chunks(BODY, b"x-a: 1\r\nx-b: 2\r\n"), 200, BODY),
    "100 before the response": Odd(b"HTTP/1.1 100 Continue\r\n\r\n" + OK + PLAIN, 200, BODY),
    "two hints before the response": Odd(
        b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + OK + PLAIN, 200, BODY
    ),
    "nothing but a hint": Odd(b"HTTP/1.1 102 Processing\r\n\r\n", 502, closes=True),
    "an upgrade": Odd(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n" + BODY, 502),
    "204 with a body": Odd(b"HTTP/1.1 204 No Content\r\n" + PLAIN, 204, b""),
    "204 with a length": Odd(b"HTTP/1.1 204 No Content\r\nContent-Length: 50\r\n\r\n", 204, b""),
    "204 with chunks": Odd(b"HTTP/1.1 204 No Content\r\n" + CHUNKED + chunks(BODY), 502),
    "304 with a body": Odd(b"HTTP/1.1 304 Not Modified\r\n" + PLAIN, 304, b""),
    "a body up to the end": Odd(b"HTTP/1.0 200 OK\r\n\r\n" + BODY, 200, BODY, closes=True),
    "a body that is cut off": Odd(OK + b"Content-Length: 999\r\n\r\n" + BODY, 502, closes=True),
    "chunks that are cut off": Odd(OK + CHUNKED + chunks(BODY)[:-5], 502, closes=True),
    "two responses": Odd((OK + PLAIN) * 2, 200, BODY),
    "a length that is no number": Odd(OK + b"Content-Length: ten\r\n\r\n" + BODY, 502),
    "a chunk of 4 EiB": Odd(OK + CHUNKED + b"3fffffffffffffff\r\n" + BODY, 502),
    "a body of 4 EiB": Odd(OK + b"Content-Length: 4611686018427387904\r\n\r\n" + BODY, 502),
    "a compressed transfer": Odd(OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + chunks(GZIPPED), 502),
    "no HTTP": Odd(b"hello\r\n\r\n", 502),
    "nothing": Odd(b"", 502, closes=True),
    "endless headers": Odd(OK + b"X-A: " + b"a" * 200_000, 502),
}


class OddServer:
    """Sends the response that is set to every request, and keeps the connection open unless `closes`."""

    def __init__(self) -> None:
        self.response = Odd(b"", 0)
        self._open: list[socket.socket] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with suppress(OSError):  # closed
            while True:
                connection, _ = self._server.accept()
                self._open.append(connection)
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        received = b""
        with suppress(OSError):  # the proxy closes the connection after some responses
            while data := connection.recv(65536):
                received += data
                head, end, body = received.partition(b"\r\n\r\n")
                length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
                if end and length and len(body) >= int(length[1]):
                    received = b""
                    connection.sendall(self.response.sent)
                    if self.response.closes:
                        break
            connection.close()

    def close(self) -> None:
        for each in (self._server, *self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@pytest.fixture(scope="module")
def server() -> Iterator[OddServer]:
    running = OddServer()
    yield running
    running.close()


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory, server: OddServer) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("odd")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(folder))
        with proxying(folder, f"http://127.0.0.1:{server.port}", "none") as running:
            yield running


def ask(proxy: Proxy, body: bytes) -> tuple[int, bytes]:
    """Sends a request to IAM through the proxy; returns the status and body of the response."""
    with proxy.connect() as plain:
        plain.sendall(b"CONNECT iam.amazonaws.com:443 HTTP/1.1\r\nHost: iam.amazonaws.com:443\r\n\r\n")
        assert b" 200 " in plain.recv(65536)
        context = ssl.create_default_context(cafile=str(proxy.authorities))
        with context.wrap_socket(plain, server_hostname="iam.amazonaws.com") as connection:
            head = b"POST / HTTP/1.1\r\nHost: iam.amazonaws.com\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
            with HTTPResponse(connection, method="POST") as response:
                response.begin()
                return response.status, response.read()


@pytest.mark.parametrize("odd", CASES.values(), ids=CASES)
def test_no_response_of_an_upstream_makes_a_client_wait(proxy: Proxy, server: OddServer, odd: Odd) -> None:
    server.response = odd
    status, body = ask(proxy, b"Action=ListUsers&Version=2010-05-08")
    assert status == odd.status
    assert odd.body is None or body == odd.body
    server.response = Odd(OK + PLAIN, 200)
    assert ask(proxy, b"Action=ListUsers&Version=2010-05-08") == (200, BODY), "the next request"


def test_a_listing_with_pages_in_several_encodings_is_recorded_whole(proxy: Proxy, server: OddServer) -> None:
    listed = listing("ListRoles", {}, [{"Roles": [role(f"role{number}")]} for number in range(4)])
    encoders = {"identity": bytes, "br": brotli.compress, "gzip": gzip.compress, "deflate": zlib.compress}
    for (request, response), (encoding, encode) in zip(listed, encoders.items(), strict=True):
        body = encode(response.body)
        head = OK + b"Content-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (encoding.encode(), len(body))
        server.response = Odd(head + body, 200)
        assert ask(proxy, request.body) == (200, body), "the client gets the bytes of the upstream"
    assert proxy.tape.live_recorder and proxy.tape.live_recorder.journal
    cassette = restored(proxy.tape.live_recorder.journal.contents()).finish().cassette
    pages = [len(take.pages) for take in cassette.takes if take.track.operation == "ListRoles"]
    assert pages == [4]

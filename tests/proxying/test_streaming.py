"""Bodies that pass through the recording proxy as they come: files and events, up and down, and what is reported."""

from __future__ import annotations

import re
import socket
import ssl
import threading
import tracemalloc
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import NamedTuple

import pytest

from awstape.core.recording.summary import Recording
from awstape.opening import RecordOptions, open_for_recording
from awstape.program import servers
from awstape.proxying.upstream import parse_upstream
from awstape.tape import Tape

SERVICES = ("s3", "logs", "polly")
MIB = 1024 * 1024
PIECE = b"x" * 65536


class Upstream:
    """Serves each connection with `handle`, which gets the head of a request, and functions that read and send."""

    def __init__(self) -> None:
        self.handle: Callable[[Exchange], None] = lambda _: None
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with suppress(OSError):  # closed
            while True:
                threading.Thread(target=self._serve, args=(self._server.accept()[0],), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection, connection.makefile("rb") as reader:
            while head := b"".join(iter(reader.readline, b"\r\n")) if reader.peek(1) else b"":
                self.handle(Exchange(head, reader.read, reader.readline, connection.sendall))

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


class Exchange(NamedTuple):
    head: bytes
    read: Callable[[int], bytes]
    read_line: Callable[[], bytes]
    send: Callable[[bytes], None]

    def read_body(self) -> int:
        """Reads the body of the request in pieces; returns its length."""
        if length := re.search(rb"content-length: (\d+)", self.head, re.IGNORECASE):
            return self._read_pieces(int(length[1]))
        total = 0
        while size := int(self.read_line(), 16):
            total += self._read_pieces(size)
            self.read_line()
        self.read_line()
        return total

    def _read_pieces(self, size: int) -> int:
        left = size
        while left:
            left -= len(self.read(min(left, len(PIECE))))
        return size

    def send_head(self, *headers: str, status: int = 200) -> None:
        self.send("\r\n".join([f"HTTP/1.1 {status} OK", *headers, "", ""]).encode())

    def send_chunk(self, piece: bytes) -> None:
        self.send(b"%x\r\n%b\r\n" % (len(piece), piece))


class Proxy:
    """A running proxy. `finish` stops it."""

    def __init__(self, tape: Tape, port: int, authorities: Path, running: ExitStack) -> None:
        self.tape, self.port, self.running = tape, port, running
        self._context = ssl.create_default_context(cafile=authorities)

    def connect(self, host: str) -> HTTPSConnection:
        connection = HTTPSConnection("127.0.0.1", self.port, context=self._context, timeout=20)
        connection.set_tunnel(host, 443)
        return self.running.enter_context(closing(connection))

    def finish(self) -> Recording:
        self.running.close()
        recording = self.tape.close()
        assert recording
        return recording


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    running = Upstream()
    yield running
    running.close()


@pytest.fixture
def proxy(tmp_path: Path, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    environ = {"AWSTAPE_KEY": "a fake key for the proxy"}
    tape = open_for_recording(
        tmp_path / "tape.yaml", "all", environ, RecordOptions(include_writes=True, services=SERVICES)
    )
    to = parse_upstream([f"{name}=http://127.0.0.1:{upstream.port}" for name in SERVICES], SERVICES)
    with warnings.catch_warnings(), ExitStack() as running:
        warnings.simplefilter("ignore", DeprecationWarning)  # of mitmproxy
        serving = servers.run_in_background(servers.serve_proxy(tape, to, 0, pass_through="local"))
        url, changes = running.enter_context(serving)
        yield Proxy(tape, int(url.rpartition(":")[2]), Path(str(changes["SSL_CERT_FILE"])), running)


@pytest.fixture
def peak() -> Iterator[Callable[[], int]]:
    """The most memory that Python had at once, in bytes, since the test began."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    yield lambda: tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()


def length_of(response: HTTPResponse) -> int:
    return sum(map(len, iter(lambda: response.read(len(PIECE)), b"")))


def send_file(size: int, *, is_chunked: bool) -> Callable[[Exchange], None]:
    def handle(exchange: Exchange) -> None:
        exchange.send_head("Transfer-Encoding: chunked" if is_chunked else f"Content-Length: {size}")
        for _ in range(size // len(PIECE)):
            (exchange.send_chunk if is_chunked else exchange.send)(PIECE)
        exchange.send(b"0\r\n\r\n" if is_chunked else b"")

    return handle


@pytest.mark.parametrize("is_chunked", [False, True], ids=["with a length", "in chunks"])
def test_a_large_file_passes_and_fills_no_memory(
    is_chunked: bool, proxy: Proxy, upstream: Upstream, peak: Callable[[], int]
) -> None:
    upstream.handle = send_file(24 * MIB, is_chunked=is_chunked)
    connection = proxy.connect("shop.s3.eu-central-1.amazonaws.com")
    connection.request("GET", "/films/one.mp4")
    assert length_of(connection.getresponse()) == 24 * MIB
    assert peak() < 12 * MIB
    assert proxy.finish().skipped == {"GetObject: the response has a body above 1 MiB, which is too large to record": 1}


def test_a_large_page_passes(proxy: Proxy, upstream: Upstream, peak: Callable[[], int]) -> None:
    upstream.handle = send_file(24 * MIB, is_chunked=True)
    connection = proxy.connect("s3.eu-central-1.amazonaws.com")
    connection.request("GET", "/")
    assert length_of(connection.getresponse()) == 24 * MIB
    assert peak() < 60 * MIB
    assert proxy.finish().skipped == {
        "ListBuckets: page 1: the response has a body above 16 MiB, which is too large to record": 1
    }


@pytest.mark.parametrize("is_chunked", [False, True], ids=["with a length", "in chunks"])
def test_a_large_upload_passes_and_fills_no_memory(
    is_chunked: bool, proxy: Proxy, upstream: Upstream, peak: Callable[[], int]
) -> None:
    heard: list[int] = []

    def handle(exchange: Exchange) -> None:
        heard.append(exchange.read_body())
        exchange.send_head("Content-Length: 0", 'ETag: "abc"')

    upstream.handle = handle
    connection = proxy.connect("shop.s3.eu-central-1.amazonaws.com")
    headers = {} if is_chunked else {"Content-Length": str(24 * MIB)}
    connection.request(
        "PUT", "/film.mp4", (PIECE for _ in range(24 * MIB // len(PIECE))), headers, encode_chunked=is_chunked
    )
    assert connection.getresponse().status == 200
    assert heard == [24 * MIB]
    assert peak() < (60 if is_chunked else 12) * MIB
    recording = proxy.finish()
    assert recording.skipped == {"PutObject has a body above 16 MiB, which is too large to record": 1}


def test_a_small_upload_in_chunks_is_recorded(proxy: Proxy, upstream: Upstream) -> None:
    def handle(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.send_head("Content-Length: 0")

    upstream.handle = handle
    connection = proxy.connect("s3.eu-central-1.amazonaws.com")
    connection.request("PUT", "/shop/readme", iter([b"tr", b"ue"]))
    connection.getresponse().read()
    recording = proxy.finish()
    assert recording.skipped == {}
    assert recording.cassette.takes[0].track.identity["Body"] == "true"


def send_events(exchange: Exchange, goes_on: threading.Event) -> None:
    exchange.read_body()
    exchange.send_head("Content-Type: application/vnd.amazon.eventstream", "Transfer-Encoding: chunked")
    exchange.send_chunk(b"first")
    goes_on.wait(20)
    exchange.send_chunk(b"last")
    exchange.send(b"0\r\n\r\n")


LIVE_TAIL = {"X-Amz-Target": "Logs_20140328.StartLiveTail", "Content-Type": "application/x-amz-json-1.1"}


def read_first_event(proxy: Proxy, upstream: Upstream) -> tuple[HTTPResponse, threading.Event]:
    """Requests a stream of events and reads the first; returns the response, and what lets the stream go on."""
    goes_on = threading.Event()
    upstream.handle = lambda exchange: send_events(exchange, goes_on)
    connection = proxy.connect("stream-logs.eu-central-1.amazonaws.com")
    connection.request("POST", "/", b'{"logGroupIdentifiers": ["g"]}', LIVE_TAIL)
    response = connection.getresponse()
    assert response.read1(100) == b"first"
    return response, goes_on


def test_an_event_arrives_before_the_next_one_is_sent(proxy: Proxy, upstream: Upstream) -> None:
    response, goes_on = read_first_event(proxy, upstream)
    goes_on.set()
    assert response.read() == b"last"
    assert proxy.finish().skipped == {
        "StartLiveTail: the response is a stream of events, which a cassette cannot hold": 1
    }


def test_a_stream_that_a_client_leaves_is_told(proxy: Proxy, upstream: Upstream) -> None:
    response, goes_on = read_first_event(proxy, upstream)
    response.close()
    assert proxy.finish().skipped == {
        "StartLiveTail: the response is a stream of events, which a cassette cannot hold": 1
    }
    goes_on.set()


def test_audio_of_unknown_length_passes_as_it_comes_and_is_recorded(proxy: Proxy, upstream: Upstream) -> None:
    goes_on = threading.Event()

    def handle(exchange: Exchange) -> None:
        exchange.read_body()
        exchange.send_head("Content-Type: audio/mpeg", "Transfer-Encoding: chunked")
        exchange.send_chunk(b"\xff\xfbfirst")
        goes_on.wait(20)
        exchange.send_chunk(b"last")
        exchange.send(b"0\r\n\r\n")

    upstream.handle = handle
    connection = proxy.connect("polly.eu-central-1.amazonaws.com")
    text = b'{"OutputFormat": "mp3", "Text": "hello", "VoiceId": "Joanna"}'
    connection.request("POST", "/v1/speech", text, {"Content-Type": "application/json"})
    response = connection.getresponse()
    assert response.read1(100) == b"\xff\xfbfirst"
    goes_on.set()
    assert response.read() == b"last"
    (take,) = proxy.finish().cassette.takes
    output = take.pages[0].answer.output
    assert output
    assert isinstance(output["AudioStream"], bytes)


def test_what_the_upload_of_a_refused_request_holds_is_not_kept(
    proxy: Proxy, upstream: Upstream, peak: Callable[[], int]
) -> None:
    """Another Host header than that of the URL: a request that must not go upstream, however long it is."""
    connection = proxy.running.enter_context(closing(HTTPConnection("127.0.0.1", proxy.port, timeout=20)))
    headers = {"Host": "evil.example", "Content-Length": str(24 * MIB)}
    pieces = (PIECE for _ in range(24 * MIB // len(PIECE)))
    connection.request("PUT", "http://s3.amazonaws.com/shop/film", pieces, headers)
    assert connection.getresponse().status == 421
    assert peak() < 12 * MIB

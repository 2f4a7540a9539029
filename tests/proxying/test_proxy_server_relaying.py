"""The recording proxy over raw sockets: the hosts that it relays to, and that no traffic passes unrecorded."""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import pytest

from awstape.catalog.botocore_data import DEFAULT_SERVICES
from awstape.errors import UserError
from awstape.opening import RecordOptions, open_for_recording
from awstape.program import servers
from awstape.proxying.upstream import parse_upstream
from awstape.serving.access_control import PassThrough
from awstape.tape import Tape
from support.standin import StandIn
from support.tips import Tip

LIST_USERS = b"Action=ListUsers&Version=2010-05-08"


class Other:
    """A server that is not AWS: it keeps the requests that it receives."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with connection:
                self.heard.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nother")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()


class Proxy:
    """A running proxy. `ask` sends pieces, each after the response to the one before; returns the responses."""

    def __init__(self, tape: Tape, port: int, authorities: Path) -> None:
        self.tape, self.port, self.authorities = tape, port, authorities

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def ask(self, *pieces: bytes) -> list[bytes]:
        with self.connect() as connection:
            return list(exchange(connection, *pieces))


def exchange(connection: socket.socket, *pieces: bytes) -> Iterator[bytes]:
    for piece in pieces:
        connection.sendall(piece)
        yield received(connection)


def received(connection: socket.socket) -> bytes:
    """Reads one response, or what arrives until the connection is closed."""
    came = b""
    while True:
        head, end, body = came.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        if end and len(body) >= (int(length[1]) if length else 0):
            return came
        if not (data := connection.recv(65536)):
            return came
        came += data


@contextmanager
def proxying(folder: Path, upstream: str, passes: PassThrough) -> Iterator[Proxy]:
    environ = {"AWSTAPE_KEY": "a fake key for the proxy"}
    tape = open_for_recording(folder / "tape.yaml", "all", environ, RecordOptions(is_shared=True))
    to = parse_upstream([f"iam={upstream}"], DEFAULT_SERVICES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of mitmproxy
        with servers.run_in_background(servers.serve_proxy(tape, to, 0, pass_through=passes)) as (url, changes):
            yield Proxy(tape, int(url.rpartition(":")[2]), Path(str(changes["SSL_CERT_FILE"])))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    made = tmp_path_factory.mktemp("relaying")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(made))
        yield made


@pytest.fixture(scope="module")
def aws() -> Iterator[StandIn]:
    with StandIn() as running:
        yield running


@pytest.fixture(scope="module")
def other() -> Iterator[Other]:
    with Other() as running:
        yield running


@pytest.fixture(scope="module")
def proxy(request: pytest.FixtureRequest, folder: Path, aws: StandIn) -> Iterator[Proxy]:
    """One at a time: a process can run only one mitmproxy."""
    with proxying(folder, aws.url, request.param) as running:
        yield running


without_program = pytest.mark.parametrize("proxy", ["none"], indirect=True)
with_program = pytest.mark.parametrize("proxy", ["local"], indirect=True)
either = pytest.mark.parametrize("proxy", ["none", "local"], indirect=True)


def connect(target: str) -> bytes:
    return f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode()


def get(target: str, host: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


def status_of(answer: bytes) -> int:
    return int(answer.split()[1])


@without_program
@pytest.mark.parametrize(
    "target",
    [
        *("127.0.0.1:{}", "localhost:{}", "[::1]:{}", "127.1:{}", "2130706433:{}", "[::ffff:127.0.0.1]:{}"),
        *("169.254.169.254:80", "example.com:443", "iam.amazonaws.com.evil.example:443", "sts.amazonaws.com:22"),
        "a-bucket.s3.amazonaws.com:443",
    ],
)
def test_without_a_program_it_relays_to_aws_only(target: str, proxy: Proxy, other: Other) -> None:
    target = target.format(other.port)
    (answer,) = proxy.ask(connect(target))
    assert status_of(answer) == 403
    assert (
        Tip("use --pass-through to let other connections through").take(answer.decode(), "--[a-z-]+")
        == "--pass-through"
    )
    (answer,) = proxy.ask(get(f"http://{target}/", target))
    assert status_of(answer) == 403
    assert other.heard == []


@either
@pytest.mark.parametrize(
    "target", ["iam.amazonaws.com@127.0.0.1:{}", "127.0.0.1:{}:443", "", ":443", "\0:443", "a b:443"]
)
def test_malformed_targets_are_refused(target: str, proxy: Proxy, other: Other) -> None:
    (answer,) = proxy.ask(connect(target.format(other.port)))
    assert answer == b"" or status_of(answer) in (400, 403, 502)
    assert other.heard == []


@without_program
def test_the_destination_counts_and_not_the_host_header(proxy: Proxy, other: Other) -> None:
    (answer,) = proxy.ask(get(f"http://127.0.0.1:{other.port}/", "iam.amazonaws.com"))
    assert status_of(answer) == 403
    (answer,) = proxy.ask(get("http://iam.amazonaws.com/", "evil.example"))
    assert status_of(answer) == 421
    opened, answer = proxy.ask(connect("iam.amazonaws.com:80"), get("/", f"127.0.0.1:{other.port}"))
    assert (status_of(opened), status_of(answer)) == (200, 421)
    assert other.heard == []


@either
@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "evil.example"])
def test_requests_like_those_of_a_browser_page_are_refused(name: str, proxy: Proxy) -> None:
    """With a name that resolves to this machine, the proxy would connect to itself again and again."""
    (answer,) = proxy.ask(get("/latest/meta-data/", f"{name}:{proxy.port}"))
    assert status_of(answer) == 421
    tip = Tip("this is the proxy of awstape: set HTTPS_PROXY to its address")
    assert tip.printed(answer.decode()), "as each client of these tests is set"


@without_program
def test_a_request_without_a_port_is_refused(proxy: Proxy) -> None:
    (answer,) = proxy.ask(get("/latest/meta-data/", "169.254.169.254"))
    assert status_of(answer) == 403


@either
@pytest.mark.parametrize("sent", [b"\0\1\2\3\r\n\r\n", b"SSH-2.0-x\r\n\r\n", b"no http at all\r\n\r\n"])
def test_traffic_that_is_not_http_does_not_reach_aws(sent: bytes, proxy: Proxy) -> None:
    opened, answer = proxy.ask(connect("iam.amazonaws.com:443"), sent)
    assert status_of(opened) == 200
    assert answer == b"" or status_of(answer) == 400


@either
@pytest.mark.parametrize(
    ("tunnel", "sent"),
    [
        ((), b"GET /" + b"x" * 1_000_000),
        ((connect("iam.amazonaws.com:80"),), b"GET / HTTP/1.1\r\n" + b"X: x\r\n" * 200_000),
        ((connect("iam.amazonaws.com:443"),), b"\x16\3\1\0\4\1\xff\xff\xf0" + b"\x16\3\1\0\1x" * 200_000),
    ],
    ids=["a request line", "headers", "a ClientHello"],
)
def test_endless_input_is_cut_off(tunnel: tuple[bytes, ...], sent: bytes, proxy: Proxy) -> None:
    with proxy.connect() as connection:
        assert all(status_of(opened) == 200 for opened in exchange(connection, *tunnel))
        with pytest.raises(ConnectionError):
            connection.sendall(20 * sent)


@without_program
def test_no_tunnel_in_a_tunnel(proxy: Proxy, other: Other) -> None:
    opened, answer = proxy.ask(connect("iam.amazonaws.com:443"), connect(f"127.0.0.1:{other.port}"))
    assert (status_of(opened), status_of(answer)) == (200, 400)
    assert other.heard == []


@with_program
def test_while_a_program_runs_it_may_connect_to_any_host(proxy: Proxy) -> None:
    with Other() as other:
        opened, answer = proxy.ask(connect(f"127.0.0.1:{other.port}"), b"\x00raw\r\n")
        assert status_of(opened) == 200
        assert answer.endswith(b"other")
        assert other.heard == [b"\x00raw\r\n"]


@without_program
def test_calls_are_recorded_all_the_same(proxy: Proxy) -> None:
    context = ssl.create_default_context(cafile=proxy.authorities)
    form = b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d" % len(LIST_USERS)
    call = b"POST / HTTP/1.1\r\nHost: iam.amazonaws.com\r\n%b\r\n\r\n%b" % (form, LIST_USERS)
    with proxy.connect() as plain:
        assert [status_of(answer) for answer in exchange(plain, connect("iam.amazonaws.com:443"))] == [200]
        with context.wrap_socket(plain, server_hostname="iam.amazonaws.com") as secure:
            assert [status_of(answer) for answer in exchange(secure, call, call)] == [200, 200]
    recording = proxy.tape.close()
    assert recording
    assert recording.skipped == {}
    assert [take.track.operation for take in recording.cassette.takes] == ["ListUsers"]
    assert recording.skipped == {}


def test_a_full_temporary_folder_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_text(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", write_text)
    with (
        pytest.raises(UserError, match=r"awstape-\w+: can't be written: No space left on device") as caught,
        proxying(folder, "http://127.0.0.1:1", "local"),
    ):
        pass
    variable = Tip("make room, or set TMPDIR").take(caught.value.tip, "[A-Z]+")
    (folder / "roomy").mkdir()
    monkeypatch.setenv(variable, str(folder / "roomy"))
    monkeypatch.setattr(tempfile, "tempdir", None)  # Python reads the variable once
    assert tempfile.gettempdir() == str(folder / "roomy")

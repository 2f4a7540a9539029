"""Canaries through the real proxy: no output and no file of `awstape record` contains one, however it ends.

Requests pass through the proxy over TLS, as clients send them; a server sends the response that belongs to each. The
search is that of `canaries`, which shares no code with awstape's own.
"""

from __future__ import annotations

import http.client
import json
import signal
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from awstape.core.aws.wire import Request, Response
from canaries import Canary, canaries, found
from e2e.harness import Machine, Run, Server, to_upstream

NUMBER, SEED = 80, 7
#: The header of a request that selects its response.
TICKET = "x-ticket"


@contextmanager
def upstream(answers: dict[str, Response]) -> Iterator[str]:
    """Runs a server that sends the response of each request's ticket; yields its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = answers[self.headers[TICKET]]
            self.send_response(answer.status)
            for name, value in answer.headers:
                if name.lower() != "content-length":
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Logs nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield "http://127.0.0.1:{}".format(*server.server_address[1:])
        server.shutdown()
        thread.join()


class Client:
    """Sends requests through the proxy over TLS, on one connection for each host."""

    def __init__(self, server: Server) -> None:
        self._proxy = urlsplit(server.url)
        self._context = ssl.create_default_context(cafile=server.environ["AWS_CA_BUNDLE"])
        self._connections: dict[str, http.client.HTTPSConnection] = {}

    def send(self, request: Request, ticket: str) -> int:
        """Returns the status of the response."""
        if request.host not in self._connections:
            connection = http.client.HTTPSConnection(
                str(self._proxy.hostname), self._proxy.port, context=self._context, timeout=30
            )
            connection.set_tunnel(request.host, 443)
            self._connections[request.host] = connection
        connection = self._connections[request.host]
        target = f"{request.path}?{request.query}" if request.query else request.path
        connection.putrequest(request.method, target, skip_accept_encoding=True)
        kept = [header for header in request.headers if header[0].lower() not in ("host", "content-length")]
        for name, value in (*kept, (TICKET, ticket), ("Content-Length", str(len(request.body)))):
            connection.putheader(name, value)
        connection.endheaders(request.body)
        with connection.getresponse() as response:
            response.read()
            return response.status

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()


def sendable(canary: Canary) -> bool:
    """Whether an HTTP client and server can send the canary's exchanges."""
    texts = [f"{r.path}?{r.query}" + "".join(value for _, value in r.headers) for r, _ in canary.exchanges]
    texts += ["".join(value for _, value in r.headers) for _, r in canary.exchanges]
    return all(text.isascii() and text.isprintable() and " " not in text.partition("?")[0] for text in texts)


PLANTED = [canary for canary in canaries(NUMBER, SEED) if sendable(canary)]
ANSWERS = {f"{i}-{j}": answer for i, c in enumerate(PLANTED) for j, (_, answer) in enumerate(c.exchanges)}


def recorded(machine: Machine, cassette: Path, number: signal.Signals) -> Run:
    """Records all canaries; ends the recording with a signal."""
    with (
        upstream(ANSWERS) as url,
        machine.server("record", cassette, "--include-writes", *to_upstream(url)) as server,
    ):
        client = Client(server)
        for i, canary in enumerate(PLANTED):
            for j, (request, answer) in enumerate(canary.exchanges):
                assert client.send(request, f"{i}-{j}") == answer.status
        client.close()
        return server.stop(number)


def texts(*folders: Path) -> list[str]:
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    return [file.read_text("utf-8", errors="replace") for file in files]


def escaped(*output: str) -> str | None:
    """Returns the first text that contains a real part of a canary; None if there is none."""
    return found(output, [part for canary in PLANTED for part in canary.parts])


def test_a_recording_contains_no_canary(machine: Machine, cassette: Path) -> None:
    assert len(PLANTED) > NUMBER * 0.9
    run = recorded(machine, cassette, signal.SIGINT)
    assert run.status == 0, run.err
    assert not escaped(run.out, run.err, cassette.read_text("utf-8"), *texts(machine.home))
    assert cassette.read_text("utf-8").count("\n---\n") > len(PLANTED) / 2
    check = machine.awstape("check", cassette)
    assert check.status == 0, check.out


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGKILL], ids=["crash", "kill"])
def test_a_killed_recording_leaves_no_canary(machine: Machine, cassette: Path, number: signal.Signals) -> None:
    run = recorded(machine, cassette, number)
    assert run.status == -number
    assert not escaped(run.out, run.err, *texts(machine.home, cassette.parent))


def test_misses_of_a_replay_contain_no_canary(machine: Machine, cassette: Path) -> None:
    cassette.write_text("version: 1\n")
    with machine.server("replay", cassette, "--proxy") as server:
        client = Client(server)
        for canary in PLANTED:
            for request, _ in canary.exchanges:
                assert 400 <= client.send(request, "") < 500
        client.close()
        run = server.stop()
    assert run.status == 1
    assert len(json.loads(run.err)["misses"]) >= len(PLANTED)
    assert not escaped(run.out, run.err, *texts(machine.home))


def test_the_search_finds_canaries_that_the_server_sent() -> None:
    hidden = [answer for answer in ANSWERS.values() if escaped(answer.body.decode("utf-8", "replace"))]
    assert len(hidden) > len(PLANTED) / 3


def test_the_client_verifies_the_proxy(machine: Machine, cassette: Path) -> None:
    """Otherwise the traffic of the tests above would differ from that of real clients."""
    with machine.server("record", cassette) as server:
        proxy = urlsplit(server.url)
        with socket.create_connection((str(proxy.hostname), proxy.port or 0), timeout=30) as plain:
            plain.sendall(b"CONNECT iam.amazonaws.com:443 HTTP/1.1\r\nHost: iam.amazonaws.com\r\n\r\n")
            assert b"200" in plain.recv(1000)
            with pytest.raises(ssl.SSLCertVerificationError):
                ssl.create_default_context().wrap_socket(plain, server_hostname="iam.amazonaws.com")
        server.stop()

"""A server that is stopped: it completes open requests, records them, and ends at once after a second signal."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from e2e.harness import TIMEOUT, Machine, Server, calls, to_upstream
from support.demo_takes import NO_USERS
from support.standin import StandIn

TAPE = f"version: 1\n{NO_USERS}"
FORM = b"Action=ListUsers&Version=2010-05-08"
CALL = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n" + (
    b"Content-Length: %d\r\n\r\n%b" % (len(FORM), FORM)
)


@pytest.fixture
def tape(cassette: Path) -> Path:
    cassette.write_text(TAPE)
    return cassette


@contextmanager
def asking(server: Server) -> Iterator[socket.socket]:
    """Yields the connection of a client that waits for its response.

    A second client, which sent its request later, has its response: so the server has read both requests.
    """
    address = ("127.0.0.1", server.port)
    with socket.create_connection(address, timeout=TIMEOUT) as slow, socket.create_connection(address, 10) as quick:
        slow.sendall(CALL)
        quick.sendall(b"GET /~/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert quick.recv(1000)
        yield slow


def all_of(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_slow_response_is_sent_before_the_end(machine: Machine, tape: Path) -> None:
    with machine.server("replay", tape, "--fault", "slow seconds=0.5") as replay, asking(replay) as client:
        run = replay.stop(signal.SIGINT)
        response = all_of(client)
    assert response.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nConnection: close\r\n" in response
    assert response.endswith(b"</ListUsersResponse>\n")
    assert run.status == 0


def test_a_second_signal_ends_it_at_once(machine: Machine, tape: Path) -> None:
    """The server doesn't wait 4 seconds for the slow response, but prints its summary."""
    with machine.server("replay", tape, "--fault", "slow seconds=4") as replay, asking(replay) as client:
        replay.process.send_signal(signal.SIGTERM)
        with suppress(ConnectionError):  # until the server stops listening: then it has received the first signal
            while True:
                socket.create_connection(("127.0.0.1", replay.port), 10).close()
        run = replay.stop(signal.SIGTERM)
        assert all_of(client) == b""
    assert run.status == 0
    assert run.err.startswith('{"misses": []')


def test_a_port_can_be_reused_but_not_shared(machine: Machine, tape: Path) -> None:
    with machine.server("replay", tape) as first:
        with socket.create_connection(("127.0.0.1", first.port), timeout=TIMEOUT) as client:
            client.sendall(CALL)
            assert client.recv(1000)
            first.stop()
        with machine.server("replay", tape, "--port", str(first.port)) as second:
            assert second.port == first.port
            run = machine.awstape("replay", tape, "--port", str(first.port))
    assert run.status == 2
    assert f"ERROR can't listen on 127.0.0.1:{first.port}: Address already in use" in run.err


def test_a_response_that_arrives_after_the_signal_is_recorded(machine: Machine, cassette: Path) -> None:
    asked, may_answer = threading.Event(), threading.Event()

    class Late(StandIn):
        def answer(self, *request: object) -> object:  # type: ignore[override]
            asked.set()
            may_answer.wait(TIMEOUT)
            return super().answer(*request)  # type: ignore[arg-type]

    with Late() as aws, machine.server("record", cassette, *to_upstream(aws.url)) as recording:
        call = calls("print(len(iam.list_users()['Users']))")
        with machine.process(*call, **recording.environ) as program:
            assert asked.wait(TIMEOUT)
            recording.process.send_signal(signal.SIGTERM)
            threading.Timer(0.3, may_answer.set).start()
            out, err = program.communicate(timeout=TIMEOUT)
        recorded, summary = recording.process.communicate(timeout=TIMEOUT)
    assert (out, err) == ("0\n", "")
    assert '"tracks": 1' in summary, summary
    assert "operation: ListUsers\n" in cassette.read_text("utf-8")
    assert recorded == ""

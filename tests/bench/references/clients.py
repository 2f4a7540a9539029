"""Clients of the benchmark: boto3's, and one that costs next to nothing."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Sequence
from typing import Any

import boto3

from bench.traffic import FORM

CREDENTIALS = {
    "aws_access_key_id": "AKIAEXAMPLEEXAMPLE12",
    "aws_secret_access_key": "dummy",
    "region_name": "us-east-1",
}


def iam(url: str | None = None, **options: Any) -> Any:
    """A boto3 client of IAM with a session of its own. url: of the server that it talks to; None for AWS."""
    return boto3.session.Session().client("iam", endpoint_url=url, **CREDENTIALS, **options)


def call(client: Any, count: int, tracks: int = 10) -> None:
    """Lists roles, each track in turn."""
    for number in range(count):
        client.list_roles(PathPrefix=f"/p{number % tracks}/")


def message(form: str, host: str = "iam.amazonaws.com") -> bytes:
    """A request as bytes."""
    head = f"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: {FORM}\r\nContent-Length: {len(form)}\r\n\r\n"
    return (head + form).encode()


class Load:
    """Connections to a server that each send one request after the other, of messages in turn."""

    def __init__(self, address: tuple[str, int], messages: Sequence[bytes], connections: int) -> None:
        self._sockets = [socket.create_connection(address) for _ in range(connections)]
        self._messages = messages

    def run(self, count: int) -> None:
        """Sends so many requests in all, and reads their responses."""
        with selectors.DefaultSelector() as ready:
            sent = done = 0
            for each in self._sockets:
                each.sendall(self._messages[sent % len(self._messages)])
                ready.register(each, selectors.EVENT_READ, bytearray())
                sent += 1
            while done < sent:
                for key, _ in ready.select():
                    connection, received = key.fileobj, key.data
                    assert isinstance(connection, socket.socket)
                    data = connection.recv(1 << 18)
                    assert data, "the server closed a connection"
                    received += data
                    if not is_complete(received):
                        continue
                    received.clear()
                    done += 1
                    if sent < count:
                        connection.sendall(self._messages[sent % len(self._messages)])
                        sent += 1

    def close(self) -> None:
        for connection in self._sockets:
            connection.close()


def is_complete(received: bytearray) -> bool:
    """Whether a response has arrived as a whole."""
    head = received.find(b"\r\n\r\n") + 4
    if head == 3:
        return False
    start = received[:head].lower().find(b"content-length:") + len(b"content-length:")
    return len(received) >= head + int(received[start : received.index(b"\r\n", start)])

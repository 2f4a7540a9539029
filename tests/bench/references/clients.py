"""Clients of the benchmark: boto3's, and one that costs next to nothing."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import cycle, repeat
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from bench.traffic import FORM

CREDENTIALS = {
    "aws_access_key_id": "AKIAEXAMPLEEXAMPLE12",
    "aws_secret_access_key": "dummy",
    "region_name": "us-east-1",
}


def iam(url: str | None = None, **options: Any) -> Any:
    """A boto3 client of IAM with a session of its own. url: of the server that it talks to; None for AWS."""
    return boto3.session.Session().client("iam", endpoint_url=url, **CREDENTIALS, **options)


def proxied_iam(proxy: str, ca: Path) -> Any:
    """A boto3 client of IAM behind a proxy. ca: the file of the CA that it trusts."""
    return iam(config=Config(proxies={"https": proxy}), verify=str(ca))


def call(client: Any, count: int, tracks: int = 10) -> None:
    """Lists roles, each track in turn."""
    for number in range(count):
        client.list_roles(PathPrefix=f"/p{number % tracks}/")


def message(form: str, host: str = "iam.amazonaws.com", path: str = "/") -> bytes:
    """A request as bytes."""
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {FORM}\r\nContent-Length: {len(form)}\r\n\r\n"
    return (head + form).encode()


@contextmanager
def connected(address: tuple[str, int], connections: int = 1) -> Iterator[list[socket.socket]]:
    """Connections to a server, which some servers close once they are idle."""
    with ExitStack() as stack:
        yield [stack.enter_context(socket.create_connection(address)) for _ in range(connections)]


def send(connections: Sequence[socket.socket], messages: Sequence[bytes], count: int) -> None:
    """Sends so many requests in all, with messages in turn, one after the other on each connection."""
    in_turn = cycle(messages)
    _send(connections, [in_turn] * len(connections), count)


def send_own(connections: Sequence[socket.socket], messages: Sequence[bytes], count: int) -> None:
    """Sends so many requests in all; each connection has its own message, which it repeats."""
    _send(connections, [repeat(message) for message in messages], count)


def _send(connections: Sequence[socket.socket], messages: Sequence[Iterator[bytes]], count: int) -> None:
    with selectors.DefaultSelector() as ready:
        for connection, of_it in zip(connections, messages, strict=True):
            connection.sendall(next(of_it))
            ready.register(connection, selectors.EVENT_READ, (bytearray(), of_it))
        done, sent = 0, len(connections)
        while done < count:
            for key, _ in ready.select():
                asked: Any = key.fileobj
                received, of_it = key.data
                data = asked.recv(1 << 18)
                assert data, "the server closed a connection"
                received += data
                if is_complete(received):
                    received.clear()
                    done += 1
                    if sent < count:
                        sent += 1
                        asked.sendall(next(of_it))


def is_complete(received: bytearray) -> bool:
    """Whether a response has arrived as a whole."""
    head = received.find(b"\r\n\r\n") + 4
    if head == 3:
        return False
    start = received[:head].lower().find(b"content-length:") + len(b"content-length:")
    if start < len(b"content-length:"):  # in chunks
        return received.endswith(b"0\r\n\r\n")
    return len(received) >= head + int(received[start : received.index(b"\r\n", start)])

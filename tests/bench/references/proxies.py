"""Real proxies for the benchmark: `awstape record` and plain `mitmdump`, an upstream behind them, and a client.

All of them speak TLS and keep their connections. The upstream and the client are as cheap as they can be, so that what
a request takes is what its proxy takes.
"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from bench.frame import memory_of
from bench.references.servers import free_port, home, process, wait_for
from support.forging import Identity, Signer

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_HOST = "localhost"


@contextmanager
def serve(bodies: Mapping[bytes, bytes], identity: Identity, folder: Path) -> Iterator[int]:
    """Serves the body for each form, over TLS; yields the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    context = identity.context(folder)

    def accept() -> None:
        with suppress(OSError):  # the listener was closed
            while True:
                threading.Thread(target=answer, args=[listener.accept()[0]], daemon=True).start()

    def answer(plain: socket.socket) -> None:
        # Otherwise the end of a long page would wait for an acknowledgement, up to 40 ms, and hide the proxy's time.
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(OSError), context.wrap_socket(plain, True) as connection, connection.makefile("rb") as requests:
            while length := _read_head(requests.readline):
                body = bodies[requests.read(length)]
                connection.sendall(
                    b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(body) + body
                )

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


def _read_head(readline: Callable[[], bytes]) -> int:
    """Reads the head of a request; returns the length of its body, 0 at the end of the connection."""
    length = 0
    while (line := readline()) not in (b"\r\n", b""):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return length


class Client:
    """A client of a proxy, on one connection. process: the proxy's."""

    def __init__(self, process: int, proxy: tuple[str, int], upstream: tuple[str, int], ca: Path) -> None:
        self.process = process
        trusted = ssl.create_default_context(cafile=str(ca))
        self._connection = http.client.HTTPSConnection(*proxy, context=trusted, timeout=60)
        self._connection.set_tunnel(*upstream)

    def ask(self, form: bytes) -> bytes:
        """Sends a request; returns the body of its response."""
        self._connection.request("POST", "/", form, FORM)
        response = self._connection.getresponse()
        assert response.status == 200, response.read()
        return response.read()

    def ask_all(self, forms: Iterable[bytes]) -> None:
        for form in forms:
            self.ask(form)

    def close(self) -> None:
        self._connection.close()

    @property
    def memory(self) -> int:
        """The bytes of memory that the proxy's process has."""
        return memory_of(self.process)


@contextmanager
def record(upstream: int, ca: Path, folder: Path) -> Iterator[Client]:
    """Runs `awstape record` for an upstream on a port of this machine; yields a client."""
    options = ("--upstream", f"iam=https://{_HOST}:{upstream}", "--upstream-ca", str(ca), "--json")
    with process(
        sys.executable, "-m", "awstape", "record", str(folder / "x.yaml"), *options, **home(folder)
    ) as running:
        assert running.stdout
        started = json.loads(running.stdout.readline())
        url = urlsplit(started["address"])
        bundle = Path(started["environment"]["AWS_CA_BUNDLE"])
        client = Client(running.pid, (str(url.hostname), url.port or 0), ("iam.amazonaws.com", 443), bundle)
        yield client
        client.close()


@contextmanager
def relay(upstream: int, ca: Path, folder: Path) -> Iterator[Client]:
    """Runs plain `mitmdump`; yields a client of it that goes to an upstream on a port of this machine."""
    port = free_port()
    sets = (f"confdir={folder / 'mitm'}", f"ssl_verify_upstream_trusted_ca={ca}")
    options = ("-q", "--listen-host", "127.0.0.1", "--listen-port", str(port))
    mitmdump = str(Path(sys.executable).with_name("mitmdump"))
    with process(mitmdump, *options, *(part for option in sets for part in ("--set", option))) as running:
        wait_for(port, running)
        made = folder / "mitm" / "mitmproxy-ca-cert.pem"
        client = Client(running.pid, ("127.0.0.1", port), (_HOST, upstream), made)
        yield client
        client.close()


@contextmanager
def _upstream(bodies: Mapping[bytes, bytes], folder: Path) -> Iterator[tuple[int, Path]]:
    """Serves the bodies; yields the port and the file of the CA that signed for it."""
    signer = Signer.anew("the benchmark's CA")
    ca = folder / "ca.pem"
    ca.write_bytes(signer.pem)
    with serve(bodies, Identity.signed_by(signer, [_HOST]), folder) as port:
        yield port, ca


@contextmanager
def recorded(bodies: Mapping[bytes, bytes], folder: Path) -> Iterator[Client]:
    """Yields a client of `awstape record`."""
    with _upstream(bodies, folder) as (port, ca), record(port, ca, folder) as client:
        yield client


@contextmanager
def both(bodies: Mapping[bytes, bytes], folder: Path) -> Iterator[tuple[Client, Client]]:
    """Yields a client of `awstape record` and one of plain `mitmdump`, both with the same upstream."""
    with (
        _upstream(bodies, folder) as (port, ca),
        record(port, ca, folder) as recording,
        relay(port, ca, folder) as relayed,
    ):
        yield recording, relayed

"""Tests a real `awstape replay` under load: 64 clients, well-behaved and faulty ones; every response is compared.

    make soak [N=100000] [MINUTES=10] [PROCESSES=4]

1. The expected responses come from a separate server, to which one client sends a script of requests in one session
   beforehand. Under load, each client runs the script repeatedly, each time in a new session, so that takes and faults
   are not shared between runs.
2. The requests are those of a botocore client. Most clients keep their connection open; some send several requests at
   once, send a few bytes at a time, close their sending side, disconnect in the middle, or send something that is not
   HTTP.
3. Every run of the script ends with a request that was never made before: the memory that the server uses for such
   misses must not grow.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import botocore.session
from botocore.config import Config

from awstape.files import cassette_files
from support.asking import questions
from support.exchanges import MODELS
from support.in_process import CASSETTES, FAKE_KEYS

CLIENTS = 64
LIMIT = 60.0  # seconds for one response, also on a slow machine
SLOW = 0.02
#: A cassette with several takes of a track, and with faults; the shipped cassettes have neither.
TAKES = """\
version: 1
---
service: iam
operation: GetUser
identity: {UserName: alias-Tsr76sms7l}
faults: [throttle times=2, drop]
pages:
- error: {status: 404, code: NoSuchEntity, message: first}
---
service: iam
operation: GetUser
identity: {UserName: alias-Tsr76sms7l}
pages:
- error: {status: 404, code: NoSuchEntity, message: second}
---
service: iam
operation: ListServerCertificates
identity: {}
faults: [slow page=1 seconds=0.02, internal page=2 times=1]
pages:
- output: {IsTruncated: true, ServerCertificateMetadataList: [], Marker: page-2.ex4m}
- token: page-2.ex4m
  output: {IsTruncated: false, ServerCertificateMetadataList: []}
---
service: iam
operation: ListServerCertificates
identity: {}
pages:
- output: {IsTruncated: false, ServerCertificateMetadataList: []}
"""
GARBAGE = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n",
)
STRANGER = b"POST /~/reset HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\n\r\n"
WAYS = ("keeps", "keeps", "keeps", "pipelines", "trickles", "ends its half", "hangs up", "garbage", "stranger")


# --- the requests -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """A request as a botocore client sends it, without the session in its path."""

    method: str
    path: str
    head: bytes
    body: bytes

    def in_session(self, name: str) -> bytes:
        return f"{self.method} /~{name}{self.path} HTTP/1.1\r\n".encode() + self.head + b"\r\n\r\n" + self.body


class Capture:
    """Captures the requests of botocore clients instead of sending them."""

    def __init__(self) -> None:
        self._session = botocore.session.get_session()
        self._clients: dict[str, Any] = {}
        self._asked: list[Asked] = []

    def of(self, service: str, method: str, input_: dict[str, Any]) -> Asked:
        """Returns the request of a call."""
        if service not in self._clients:
            client = self._clients[service] = self._session.create_client(
                service, "us-east-1", endpoint_url="http://127.0.0.1:1", config=_ONCE, **FAKE_KEYS
            )
            client.meta.events.register("before-send", self._keep)
        with suppress(_CapturedError):
            getattr(self._clients[service], method)(**input_)
        return self._asked[-1]

    def _keep(self, request: Any, **_: object) -> None:
        body = request.body or b""
        lines = [f"{k}: {v.decode() if isinstance(v, bytes) else v}" for k, v in request.headers.items()]
        path = request.url.removeprefix("http://127.0.0.1:1")
        head = "\r\n".join(["Host: 127.0.0.1", *lines]).encode()
        self._asked.append(Asked(request.method, path, head, body.encode() if isinstance(body, str) else bytes(body)))
        raise _CapturedError


class _CapturedError(Exception):
    """Raised when the request is captured, so that botocore does not send it."""


_ONCE = Config(retries={"total_max_attempts": 1}, parameter_validation=False)


def script(folder: Path) -> list[Asked]:
    """Returns requests for every page of the cassettes, and for the tracks in `TAKES` five more times."""
    (takes := folder / "takes.yaml").write_text(TAKES, "utf-8")
    capture, asked = Capture(), list[Asked]()
    for path in (*sorted(CASSETTES.glob("*.yaml")), takes):
        for question in questions(cassette_files.load(path, MODELS)):
            asked.append(capture.of(question.track.service, question.method, question.input))
    for _ in range(5):
        asked.append(capture.of("iam", "get_user", {"UserName": "alias-Tsr76sms7l"}))
        asked.append(capture.of("iam", "list_server_certificates", {}))
        asked.append(capture.of("iam", "list_open_id_connect_providers", {}))
    return asked


# --- the server -------------------------------------------------------------------------------------------------


@dataclass
class Server:
    process: subprocess.Popen[bytes]
    host: str
    port: int

    @property
    def memory(self) -> int:
        """The resident memory of the process in KiB; 0 on systems without /proc."""
        with suppress(OSError):
            for line in Path(f"/proc/{self.process.pid}/status").read_text("ascii").splitlines():
                if line.startswith("VmRSS:"):
                    return int(line.split()[1])
        return 0


@contextmanager
def serving(folder: Path, workers: int = 1) -> Iterator[Server]:
    """Runs `awstape replay` of the shipped cassettes and `TAKES`; asserts that it ends after SIGTERM."""
    options = ("--json", "--workers", str(workers))
    command = (sys.executable, "-m", "awstape", "replay", CASSETTES, folder / "takes.yaml", *options)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout
            address = json.loads(process.stdout.readline())["address"]
            host, port = address.removeprefix("http://").split(":")
            yield Server(process, host, int(port))
            process.send_signal(signal.SIGTERM)
            _, out = process.communicate(timeout=LIMIT)
            assert process.returncode == 1, out  # because of the misses
            assert set(json.loads(out)) == {"misses", "more_misses", "unstruck", "unplayed"} or b"misses" in out, out
        finally:
            process.kill()


# --- the clients ------------------------------------------------------------------------------------------------


class Connection:
    """A client's connection, opened at the first request."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, *pieces: bytes, end: bool = False) -> None:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._server.host, self._server.port)
        for piece in pieces:
            self._streams[1].write(piece)
            if len(pieces) > 1:
                await asyncio.sleep(0.001)
        if end:
            self._streams[1].write_eof()

    async def answer(self) -> bytes:
        """Returns one response; b"" if the connection ends without one."""
        assert self._streams
        reader = self._streams[0]
        try:
            async with asyncio.timeout(LIMIT):
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:"))
                body = await reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            self.close()
            return error.partial if isinstance(error, asyncio.IncompleteReadError) else b""
        if b"\r\nConnection: close\r\n" in head:
            self.close()
        return head + body

    def close(self, *, hard: bool = False) -> None:
        if self._streams:
            if hard:
                self._streams[1].transport.abort()
            self._streams[1].close()
            self._streams = None


@dataclass
class Load:
    """The requests, the expected responses, the limits of the run, and its results."""

    server: Server
    script: list[Asked]
    expected: list[bytes]
    total: int
    until: float
    asked: int = 0
    started: int = 0
    wrong: list[str] = field(default_factory=list)
    ways: Counter[str] = field(default_factory=Counter)

    @property
    def is_over(self) -> bool:
        return bool(self.wrong) or (self.asked >= self.total and time.monotonic() >= self.until)

    def check(self, what: str, expected: bytes, received: bytes) -> None:
        self.asked += 1
        if received != expected:
            self.wrong.append(f"{what}: expected {expected[:300]!r}, got {received[:300]!r}")

    async def client(self, number: int) -> None:
        rng, connection = Random(number), Connection(self.server)
        while not self.is_over:
            self.started += 1
            way = rng.choice(WAYS)
            self.ways[way] += 1
            await self._one(f"{number}-{self.started}", way, rng, connection)
        connection.close()

    async def _one(self, name: str, way: str, rng: Random, connection: Connection) -> None:
        """Runs the script once, in a new session."""
        if way in ("garbage", "stranger"):
            connection.close()
            await connection.send(rng.choice(GARBAGE) if way == "garbage" else STRANGER)
            status = b"HTTP/1.1 400 " if way == "garbage" else b"HTTP/1.1 421 "
            self.check(way, status, (await connection.answer())[:13])
            connection.close()
            return
        step = 1
        for first in range(0, len(self.script), 3):
            batch = range(first, min(first + 3, len(self.script)))
            sent = [self.script[i].in_session(name) for i in batch]
            if way == "hangs up" and rng.random() < 0.2:
                await connection.send(sent[0][: rng.randrange(len(sent[0]))])
                connection.close(hard=True)
                await self._reset(name, connection)
                return
            # If the connection is dropped, requests sent after the dropped one get no response: send those one by one.
            step = len(sent) if way == "pipelines" and all(self.expected[i] for i in batch) else 1
            for at in range(0, len(sent), step):
                data = b"".join(sent[at : at + step])
                size = max(1, len(data) // 10) if way == "trickles" and rng.random() < 0.1 else len(data)
                end = way == "ends its half" and rng.random() < 0.2
                await connection.send(*(data[i : i + size] for i in range(0, len(data), size)), end=end)
                for i in batch[at : at + step]:
                    self.check(f"{way}, request {i} of {name}", self.expected[i], await connection.answer())
                if end:
                    connection.close()
        await self._finish(name, connection)

    async def _finish(self, name: str, connection: Connection) -> None:
        form = f"Action=GetRole&Version=2010-05-08&RoleName=nobody-{name}".encode()
        kind = b"Content-Type: application/x-www-form-urlencoded"
        head = b"Host: localhost\r\n%b\r\nContent-Length: %d" % (kind, len(form))
        await connection.send(Asked("POST", "/", head, form).in_session(name))
        missed = await connection.answer()
        self.check("a miss", b"HTTP/1.1 400 ", missed[:13] if b"<Code>CassetteMiss</Code>" in missed else missed)
        await self._reset(name, connection)

    async def _reset(self, name: str, connection: Connection) -> None:
        await connection.send(b"POST /~%b/~/reset HTTP/1.1\r\nHost: localhost\r\n\r\n" % name.encode())
        expected = b'{"reset": "%b"}\n' % name.encode()
        self.check("a reset", expected, (await connection.answer()).partition(b"\r\n\r\n")[2])


async def reference(server: Server, asked: list[Asked]) -> list[bytes]:
    """Returns the responses that one client gets when it sends the requests one after the other."""
    connection, responses = Connection(server), []
    for each in asked:
        await connection.send(each.in_session("reference"))
        responses.append(await connection.answer())
    connection.close()
    return responses


async def under_load(load: Load, *, verbose: bool) -> list[int]:
    """Runs the clients; returns the memory of the server in KiB, measured at least every 10 seconds."""
    clients = [asyncio.create_task(load.client(number)) for number in range(CLIENTS)]
    start, last, memory = time.monotonic(), 0, [load.server.memory]
    while any(not client.done() for client in clients):
        await asyncio.wait(clients, timeout=10)
        memory.append(load.server.memory)
        passed = time.monotonic() - start
        if verbose:
            rate = (load.asked - last) / 10
            print(f"{passed:6.0f} s {load.asked:>9,} requests {rate:>7,.0f}/s {memory[-1]:>8,} KiB", flush=True)
        last = load.asked
    await asyncio.gather(*clients)
    return memory


def soak(total: int, minutes: float = 0, workers: int = 1, *, verbose: bool = False) -> Load:
    """Sends at least `total` requests, for at least `minutes`. verbose: prints the progress and the results.

    workers: the processes of the server under load; the expected responses come from one process.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asked = script(folder)
        with serving(folder) as one:
            expected = asyncio.run(reference(one, asked))
        with serving(folder, workers) as server:
            load = Load(server, asked, expected, total, time.monotonic() + minutes * 60)
            start = time.monotonic()
            memory = asyncio.run(under_load(load, verbose=verbose))
            if verbose:
                rate = load.asked / (time.monotonic() - start)
                kinds = Counter(answer[9:12].decode() or "dropped" for answer in expected)
                print(f"a script of {len(asked)} requests: {dict(kinds)}; runs of the script: {load.started:,}")
                print(f"clients: {dict(load.ways)}")
                print(f"{load.asked:,} requests, {rate:,.0f}/s, {len(load.wrong)} wrong")
                print(f"memory of the server: {memory[0]:,} KiB, later {memory[1:]}")
    return load


if __name__ == "__main__":
    done = soak(int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), verbose=True)
    for failure in done.wrong[:5]:
        print(failure)
    sys.exit(bool(done.wrong))

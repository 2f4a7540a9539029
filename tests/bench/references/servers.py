"""Servers in processes of their own that answer the same requests: `awstape replay`, bare ones, other tools."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.references.clients import connected, message, send
from bench.traffic import FORM

_RESPONDER = Path(__file__).with_name("responder.py")


@dataclass(frozen=True)
class Server:
    """A server that listens on this machine. process: its id."""

    process: int
    host: str
    port: int

    @property
    def address(self) -> tuple[str, int]:
        return self.host, self.port

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


@dataclass(frozen=True)
class Proxy(Server):
    """A proxy that intercepts HTTPS. ca: the file of the CA that signs for it."""

    ca: Path


@contextmanager
def process(*command: str | Path, **environ: str) -> Iterator[subprocess.Popen[str]]:
    """Runs a program until the end of the block."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ | environ
    ) as running:
        try:
            yield running
        finally:
            running.terminate()


def environment(folder: Path) -> dict[str, str]:
    """This process's environment, with other folders of the user."""
    return os.environ | home(folder)


def home(folder: Path) -> dict[str, str]:
    """Variables that keep awstape out of the user's folders."""
    return {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config"), "XDG_DATA_HOME": str(folder / "data"),
            "XDG_CACHE_HOME": str(folder / "cache")}  # fmt: skip


@contextmanager
def endpoint(cassette: Path, *options: str, python: Path = Path(sys.executable)) -> Iterator[Server]:
    """Runs `awstape replay` as an endpoint. python: of the environment in which it is installed."""
    command = ("-m", "awstape", "replay", str(cassette), "--json", *options)
    with process(python, *command, **home(cassette.parent)) as running:
        assert running.stdout
        url = urlsplit(json.loads(running.stdout.readline())["address"])
        yield Server(running.pid, str(url.hostname), url.port or 0)


@contextmanager
def replaying_proxy(cassette: Path) -> Iterator[Proxy]:
    """Runs `awstape replay --proxy`."""
    command = ("-m", "awstape", "replay", str(cassette), "--json", "--proxy")
    with process(sys.executable, *command, **home(cassette.parent)) as running:
        assert running.stdout
        started = json.loads(running.stdout.readline())
        url = urlsplit(started["address"])
        ca = Path(started["environment"]["AWS_CA_BUNDLE"])
        yield Proxy(running.pid, str(url.hostname), url.port or 0, ca)


@contextmanager
def responder(pages: Mapping[str, str], folder: Path, *options: str) -> Iterator[Server]:
    """Runs a bare server with the bodies of forms. options: `--matching` if it shall tell requests apart."""
    file = folder / "pages.json"
    file.write_text(json.dumps(pages), "utf-8")
    with process(sys.executable, _RESPONDER, file, *options) as running:
        assert running.stdout
        yield Server(running.pid, "127.0.0.1", int(running.stdout.readline()))


@contextmanager
def mitmproxy_replay(pages: Mapping[str, str], folder: Path) -> Iterator[Proxy]:
    """Runs mitmdump with recorded flows, as a proxy that answers from them and nothing else."""
    port = free_port()
    sets = (f"confdir={folder / 'mitm'}", "server_replay_reuse=true", "server_replay_extra=kill",
            "connection_strategy=lazy", "upstream_cert=false")  # fmt: skip
    options = ("-q", "--listen-host", "127.0.0.1", "--listen-port", str(port))
    flows = write_flows(pages, folder / "pages.flows")
    mitmdump = str(Path(sys.executable).with_name("mitmdump"))
    more = (part for option in sets for part in ("--set", option))
    with process(mitmdump, *options, "--server-replay", flows, *more) as running:
        wait_for(port, running)
        yield Proxy(running.pid, "127.0.0.1", port, folder / "mitm" / "mitmproxy-ca-cert.pem")


def write_flows(pages: Mapping[str, str], path: Path) -> Path:
    """Writes pages as mitmproxy's flows of IAM."""
    from mitmproxy import http
    from mitmproxy.io import FlowWriter
    from mitmproxy.test import tflow

    with path.open("wb") as file:
        writer = FlowWriter(file)
        for form, body in pages.items():
            request = http.Request.make("POST", "https://iam.amazonaws.com/", form, [(b"Content-Type", FORM.encode())])
            response = http.Response.make(200, body, [(b"Content-Type", b"text/xml")])
            writer.add(tflow.tflow(req=request, resp=response))
    return path


@contextmanager
def talkback(pages: Mapping[str, str], folder: Path, peers: Path | None) -> Iterator[Server]:
    """Runs talkback with what it recorded from a bare server."""
    tapes, script = folder / "talkback", Path(__file__).with_name("talkback.js")
    tapes.mkdir()

    @contextmanager
    def run(upstream: Server, mode: str) -> Iterator[Server]:
        port = free_port()
        command = ("node", script, str(node_modules(peers) / "talkback"), upstream.url, str(port), tapes, mode)
        with process(*command) as running:
            wait_for(port, running)
            yield Server(running.pid, "127.0.0.1", port)

    with responder(pages, folder, "--matching") as upstream:
        with run(upstream, "NEW") as recording, connected(recording.address) as connections:
            send(connections, [message(form) for form in pages], len(pages))
        with run(upstream, "DISABLED") as replaying:
            yield replaying


@contextmanager
def wiremock(pages: Mapping[str, str], folder: Path, peers: Path | None) -> Iterator[Server]:
    """Runs WireMock with a mapping for each page."""
    root, port = folder / "wiremock", free_port()
    (root / "mappings").mkdir(parents=True)
    for number, (form, body) in enumerate(pages.items()):
        asked = {"method": "POST", "urlPath": "/", "bodyPatterns": [{"equalTo": form}]}
        answer = {"status": 200, "body": body, "headers": {"Content-Type": "text/xml"}}
        text = json.dumps({"request": asked, "response": answer})
        (root / "mappings" / f"{number}.json").write_text(text, "utf-8")
    jar = next((node_modules(peers) / "wiremock" / "build").glob("*.jar"))
    options = ("--bind-address", "127.0.0.1", "--port", str(port), "--root-dir", root, "--no-request-journal")
    with process("java", "-jar", jar, *options, "--disable-banner") as running:
        wait_for(port, running)
        yield Server(running.pid, "127.0.0.1", port)


def node_modules(peers: Path | None) -> Path:
    return (peers or Path()) / "node_modules"


def missing_program(peers: Path | None, package: str, *programs: str) -> str:
    """Why a peer from npm can't run; empty if it can."""
    if not (node_modules(peers) / package).exists():
        return f"not measured: no {package} in {node_modules(peers)}"
    return next((f"not measured: no {program}" for program in programs if not shutil.which(program)), "")


def python_with(peers: Path | None, package: str) -> Path | None:
    """The interpreter of the peers' environment, if a package is installed there."""
    python = peers / "bin" / "python" if peers else None
    found = python and python.exists() and subprocess.run([python, "-c", f"import {package}"], capture_output=True)
    return python if found and found.returncode == 0 else None


def processes_of(server: Server) -> list[int]:
    """The ids of a server's process and of its children; only the first where the system has no /proc."""
    children = Path(f"/proc/{server.process}/task/{server.process}/children")
    return [server.process, *map(int, children.read_text("ascii").split() if children.exists() else ())]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def wait_for(port: int, running: subprocess.Popen[str]) -> None:
    """Waits until a server listens."""
    for _ in range(600):
        if running.poll() is not None:
            break
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.1)
    raise RuntimeError(f"a server does not listen: {running.args!r}")

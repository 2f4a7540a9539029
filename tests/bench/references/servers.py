"""Servers in processes of their own: `awstape replay`, and bare ones that answer the same requests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

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


def home(folder: Path) -> dict[str, str]:
    """Variables that keep awstape out of the user's folders."""
    return {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config"), "XDG_DATA_HOME": str(folder / "data"),
            "XDG_CACHE_HOME": str(folder / "cache")}  # fmt: skip


@contextmanager
def endpoint(cassette: Path, *options: str) -> Iterator[Server]:
    """Runs `awstape replay` as an endpoint."""
    command = ("-m", "awstape", "replay", str(cassette), "--json", *options)
    with process(sys.executable, *command, **home(cassette.parent)) as running:
        assert running.stdout
        url = urlsplit(json.loads(running.stdout.readline())["address"])
        yield Server(running.pid, str(url.hostname), url.port or 0)


@contextmanager
def responder(pages: Mapping[str, str], folder: Path, *options: str) -> Iterator[Server]:
    """Runs a bare server with the bodies of forms. options: `--matching` if it shall tell requests apart."""
    file = folder / "pages.json"
    file.write_text(json.dumps(pages), "utf-8")
    with process(sys.executable, _RESPONDER, file, *options) as running:
        assert running.stdout
        yield Server(running.pid, "127.0.0.1", int(running.stdout.readline()))

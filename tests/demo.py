"""The main job in a few seconds, without an AWS account: record a program, look at the cassette, replay it offline."""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console
from rich.syntax import Syntax

from examples import PROGRAMS, environment, upstreams
from support.standin import StandIn

PROGRAM = ("python", "seed_operations.py")

console = Console(highlight=False)


def main() -> int:
    """Runs the demo; 0 if both runs saw the same pages."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="awstape-demo-") as folder:
        cassette = Path(folder, "seed.yaml")
        with StandIn() as aws:
            title("A stand-in for AWS answers here (literal AWS wire text, not AWS itself)")
            console.print(f"  {aws.url}   new opaque 88-character page tokens in every run, short pages\n")
            title("Record a boto3 program through the intercepting HTTPS proxy")
            recorded = run("record", cassette, AWSTAPE_UPSTREAM=upstreams(aws.url))
        title("The cassette: readable, redacted, ready for git")
        console.print(Syntax(shortened(cassette.read_text("utf-8")), "yaml", background_color="default"))
        title("The stand-in is stopped")
        console.print(f"  {aws.url}: {'still there!' if answers(aws.url) else 'connection refused'}\n")
        title("Replay offline: the same program, its own ARNs, no network")
        replayed = run("replay", cassette)
    same = recorded == replayed and len(recorded) > 0
    verdict = f"both runs saw the same {len(recorded)} pages" if same else "the runs differ"
    style = "bold green" if same else "bold red"
    console.print(f"{'✔' if same else '✘'} {verdict} [dim]({time.monotonic() - started:.1f} s)[/]", style=style)
    return 0 if same else 1


def title(text: str) -> None:
    """Says what comes next."""
    console.rule(f"[bold]{text}", align="left", style="dim")


def run(verb: str, cassette: Path, **changes: str) -> list[str]:
    """`awstape record` or `replay` around the program; shows it and returns the lines that the program printed."""
    console.print(f"  [bold cyan]$ awstape {verb} {cassette.name} -- {' '.join(PROGRAM)}")
    program = [sys.executable, str(PROGRAMS / PROGRAM[1])]
    command = [sys.executable, "-m", "awstape", verb, cassette.name, "--", *program]
    process = subprocess.Popen(
        command,
        cwd=cassette.parent,
        env=environment(**changes),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout and process.stderr
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip())
        console.print(f"  {lines[-1]}")
    said = process.stderr.read()
    console.print("".join(f"  {line}\n" for line in said.splitlines()), style="dim")
    return lines if process.wait() == 0 else []


def shortened(text: str, most: int = 46) -> str:
    """The beginning of the cassette."""
    lines = text.splitlines()
    more = [f"# … {len(lines) - most} lines more"] if len(lines) > most else []
    return "\n".join([*lines[:most], *more])


def answers(url: str) -> bool:
    """Whether somebody listens there."""
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=1).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())

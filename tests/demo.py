"""Shows the main task in seconds, without an AWS account: record a program, print the cassette, replay it offline."""

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
    """Runs the demo; returns 0 if both runs saw the same pages."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="awstape-demo-") as folder:
        cassette = Path(folder, "seed.yaml")
        with StandIn() as aws:
            print_title("A stand-in for AWS is running (it sends AWS's literal wire text, but is not AWS)")
            console.print(f"  {aws.url}   short pages, with new opaque 88-character page tokens in every run\n")
            print_title("Record a boto3 program through the intercepting HTTPS proxy")
            recorded = run("record", cassette, AWSTAPE_UPSTREAM=upstreams(aws.url))
        print_title("The cassette: readable, redacted, ready for git")
        console.print(Syntax(shorten(cassette.read_text("utf-8")), "yaml", background_color="default"))
        print_title("The stand-in is stopped")
        console.print(f"  {aws.url}: {'still listening!' if is_listening(aws.url) else 'connection refused'}\n")
        print_title("Replay offline: the same program with the same ARNs, no network")
        replayed = run("replay", cassette)
    same = recorded == replayed and len(recorded) > 0
    verdict = f"both runs saw the same {len(recorded)} pages" if same else "the runs differ"
    style = "bold green" if same else "bold red"
    console.print(f"{'✔' if same else '✘'} {verdict} [dim]({time.monotonic() - started:.1f} s)[/]", style=style)
    return 0 if same else 1


def print_title(text: str) -> None:
    """Prints the title of the next step."""
    console.rule(f"[bold]{text}", align="left", style="dim")


def run(verb: str, cassette: Path, **changes: str) -> list[str]:
    """Runs `awstape record` or `replay` with the program, prints their output, returns the program's output lines."""
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
    report = process.stderr.read()
    console.print("".join(f"  {line}\n" for line in report.splitlines()), style="dim")
    return lines if process.wait() == 0 else []


def shorten(text: str, limit: int = 46) -> str:
    """Returns the first lines of the cassette, and a comment with the number of the others."""
    lines = text.splitlines()
    more = [f"# … {len(lines) - limit} more lines"] if len(lines) > limit else []
    return "\n".join([*lines[:limit], *more])


def is_listening(url: str) -> bool:
    """Whether a server accepts connections at the URL."""
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 0), timeout=1).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())

"""A large cassette, of which a program uses little."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from bench.frame import Amount, Contender, Goal, Row, Setting, Started, memory_of, row
from bench.references import clients, servers
from bench.traffic import cassette_text, form

ROLES = 50


@contextmanager
def rows(setting: Setting) -> Iterator[Iterator[Row]]:
    yield _rows(setting)


def _rows(setting: Setting) -> Iterator[Row]:
    tracks = setting.size(4200)
    large, small = (_write(setting.folder / f"{count}.yaml", count) for count in (tracks, 10))
    size = f"{large.stat().st_size / 1e6:.0f} MB"
    prefixes = [f"/p{number}/" for number in range(0, tracks, 100)]

    def contender(name: str, run: Callable[..., object], file: Path, asked: list[str], goal: Goal | None) -> Contender:
        return Contender(name, partial(run, file, asked), goal, within=ExitStack)

    yield from _command_rows(setting, large, small, size)
    for name, run, unit, asked, goal in (
        (f"start to first answer, {size}", _start, "s", prefixes[:1], Goal(1, 0.1)),
        (f"memory, {size}, a hundredth of it used", _memory, "B", prefixes, Goal(1, 60e6)),
    ):
        work = contender("awstape", run, large, asked, None)
        yield Row(name, work, [contender("a small cassette", run, small, ["/p0/"], goal)], unit)


def _command_rows(setting: Setting, large: Path, small: Path, size: str) -> Iterator[Row]:
    """Commands that show all tracks, one of them, and the differences of a copy in which one is edited."""
    edited = setting.folder / "edited.yaml"
    edited.write_bytes(large.read_bytes().replace(b"alice@", b"carol@", 1))
    for name, of_large, of_small in (
        ("ls", (large,), (small,)),
        ("show", (large, "2"), (small, "2")),
        ("diff", (large, edited), (small, small)),
    ):
        work, reference = (partial(_command, setting.folder, name, *paths) for paths in (of_large, of_small))
        yield row(f"awstape {name}, {size}", work, reference, "a small cassette", Goal(1, 5.0))


def _command(folder: Path, name: str, *arguments: str | Path) -> None:
    command = [sys.executable, "-m", "awstape", name, *map(str, arguments)]
    done = subprocess.run(command, env=servers.environment(folder), cwd=folder, capture_output=True, check=False)
    assert done.returncode == int(name == "diff" and arguments[0] != arguments[1]), done.stderr


def _write(path: Path, tracks: int) -> Path:
    """Writes a cassette of listings as awstape would, only faster."""
    header, separator, track = cassette_text(1, ROLES).partition("---\n")
    with path.open("w", encoding="utf-8") as file:
        file.write(header)
        for number in sorted(range(tracks), key=str):
            file.write(separator + track.replace("Role0x", f"Role{number}x").replace("/p0/", f"/p{number}/"))
    return path


def _start(file: Path, prefixes: list[str], stack: ExitStack) -> Started:
    server = stack.enter_context(servers.endpoint(file))
    with clients.connected(server.address) as connections:
        clients.send(connections, [clients.message(form(prefix)) for prefix in prefixes], len(prefixes))
    return Started([server.process])


def _memory(file: Path, prefixes: list[str], stack: ExitStack) -> Amount:
    return Amount(memory_of(*_start(file, prefixes, stack)))

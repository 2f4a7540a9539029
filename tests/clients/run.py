"""Records and replays programs that page AWS and know nothing of awstape, with moto's server in AWS's place.

1. A program's packages are installed into an environment of its own, since their dependencies exclude each other.
2. All programs are recorded through the proxy. Then moto is stopped, and each is replayed unmodified, from the endpoint
   and through the proxy.
3. A replay is right if no request misses, and exit status and amount of output are those of the recorded run: names
   have aliases, so that texts differ, but not their number.

    python -m clients.run [PROGRAM…]
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from clients.populate import populate

PROGRAMS = Path(__file__).with_name("programs.toml")
VENVS = Path(".venv-clients")
BIN = Path(sys.executable).parent
TIMEOUT = 600
#: How a program is replayed → the command.
_WAY = {"endpoint": ("replay",), "proxy": ("replay", "--proxy")}
_WAYS = tuple(_WAY)
#: Members of answers that are no part of a cassette.
_HEADERS = "ResponseMetadata"


@dataclass(frozen=True)
class Program:
    """A row of programs.toml."""

    name: str
    packages: Sequence[str]
    commands: Sequence[str]
    files: Mapping[str, str] = field(default_factory=dict)
    statuses: Sequence[int] = (0,)
    ignored: Sequence[str] = ()
    needs_proxy: str = ""

    @property
    def venv(self) -> Path:
        return VENVS.resolve() / self.name

    @property
    def script(self) -> str:
        return "; ".join(self.commands)


@dataclass(frozen=True)
class Run:
    """What a run of a program left: its exit status, the size of its output and files, and awstape's report."""

    status: int
    sizes: Mapping[str, int]
    errors: str
    report: Mapping[str, Any] = field(default_factory=dict)

    @property
    def misses(self) -> Sequence[Any]:
        misses: Sequence[Any] = self.report.get("misses", ())
        return misses

    def difference(self, other: Run) -> str:
        """How another run differs, empty for not at all."""
        status = [f"exit status {self.status} → {other.status}"] if self.status != other.status else []
        kinds = sorted({*self.sizes, *other.sizes})
        sizes = [(kind, self.sizes.get(kind, 0), other.sizes.get(kind, 0)) for kind in kinds]
        return ", ".join([*status, *(f"{kind}: {one} → {two}" for kind, one, two in sizes if one != two)])


def main() -> int:
    """Runs the programs named on the command line, or all; returns 1 if one that was recorded is not replayed."""
    rows = tomllib.loads(PROGRAMS.read_text("utf-8"))
    programs = [Program(name, **rows[name]) for name in sys.argv[1:] or rows]
    table = Table("program", "recorded", "replayed", "with --proxy", "misses", "reason")
    reasons = {program.name: install(program) for program in programs}
    installed = [program for program in programs if not reasons[program.name]]
    are_fine = []
    with tempfile.TemporaryDirectory(prefix="awstape-clients-") as temporary:
        folder = Path(os.environ.get("CLIENTS_FOLDER") or temporary)
        with moto_server(folder) as url:
            populate(url)
            recorded = {program.name: record(program, folder, url) for program in installed}
        for program in installed:
            is_fine, columns = judge(program, recorded[program.name], replay(program, folder))
            are_fine.append(is_fine)
            table.add_row(program.name, *columns)
    for program in programs:
        if reason := reasons[program.name]:
            table.add_row(program.name, "", "", "", "", reason)
    Console(width=140).print(table)
    print(f"{sum(are_fine)} of {len(are_fine)} programs are replayed")
    return 0 if all(are_fine) else 1


def judge(program: Program, recorded: Run, replayed: Mapping[str, Run]) -> tuple[bool, list[str]]:
    """Whether a program was recorded and replayed, and the columns of the table."""
    differences = {way: recorded.difference(run) for way, run in replayed.items()}
    misses = {way: len(run.misses) for way, run in replayed.items()}
    columns = [f"{recorded.report.get('pages', 0)} pages"]
    columns += ["equal" if differences.get(way) == "" else differences.get(way, "–") for way in _WAYS]
    columns += [" / ".join(str(number) for number in misses.values())]
    if recorded.status not in program.statuses:
        return False, [
            f"exit status {recorded.status}",
            *columns[1:],
            (recorded.errors.splitlines()[:-1] or [""])[-1][-200:],
        ]
    if recorded.report.get("failed") or recorded.report.get("skipped"):
        lost = {**recorded.report["failed"], **recorded.report["skipped"]}
        return False, [*columns, f"{sum(lost.values())} not recorded: {next(iter(lost))}"]
    first = next((miss["operation"] for run in replayed.values() for miss in run.misses), "")
    is_fine = not any(differences.values()) and not any(misses.values())
    return is_fine, [*columns, f"first miss: {first}" if first else program.needs_proxy]


def install(program: Program) -> str:
    """Makes the environment of a program, unless it is there. Returns why not, or an empty text."""
    ready = program.venv / ".ready"
    wanted = "\n".join(program.packages)
    if ready.exists() and ready.read_text("utf-8") == wanted:
        return ""
    subprocess.run([BIN / "uv", "venv", "--quiet", "--clear", program.venv], check=True)
    python = ["--python", str(program.venv / "bin" / "python")]
    command = [str(BIN / "uv"), "pip", "install", "--quiet", *python, *program.packages]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    if done.returncode == 0:
        ready.write_text(wanted, "utf-8")
        return ""
    return f"not installed: {(done.stderr.strip().splitlines() or [''])[-1].strip()}"


@contextmanager
def moto_server(folder: Path) -> Iterator[str]:
    """The URL of a moto server that runs meanwhile."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "clients.moto_server", str(port)]
    environ = {**os.environ, "PYTHONPATH": str(PROGRAMS.parents[1])}
    with (folder / "moto.log").open("w") as log, subprocess.Popen(command, stderr=log, stdout=log, env=environ) as moto:
        try:
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    if moto.poll() is not None:
                        raise RuntimeError("moto does not start") from None
                    time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            moto.terminate()


def record(program: Program, folder: Path, url: str) -> Run:
    """Records a program, with moto in the place of AWS."""
    return run_program(program, folder / program.name / "record", "record", "--service", "all", "--upstream", url)


def replay(program: Program, folder: Path) -> dict[str, Run]:
    """Replays a program that was recorded, in each way in which it can be."""
    ways = _WAYS[1:] if program.needs_proxy else _WAYS
    return {way: run_program(program, folder / program.name / f"replay-{way}", *_WAY[way]) for way in ways}


def run_program(program: Program, folder: Path, *verb: str) -> Run:
    """Runs a program in an empty folder, under awstape."""
    folder.mkdir(parents=True)
    for name, text in program.files.items():
        (folder / name).write_text(text, "utf-8")
    home = folder.parent / f"{folder.name}-home"
    home.mkdir()
    cassette = folder.parent / "cassette.yaml"
    environ = {
        "PATH": f"{program.venv / 'bin'}:/usr/bin:/bin",
        "HOME": str(home),
        "AWS_ACCESS_KEY_ID": "AKIAFAKEFAKEFAKEFAKE",
        "AWS_SECRET_ACCESS_KEY": "fake",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWSTAPE_KEY": "01" * 32,
    }
    # awstape ends with a report on SIGTERM; the exit status is 124 then.
    command = ["timeout", str(TIMEOUT), str(BIN / "awstape"), verb[0], str(cassette), *verb[1:], "--json"]
    command += ["--", "sh", "-c", program.script]
    with (
        (folder.parent / f"{folder.name}.out").open("w+") as out,
        (folder.parent / f"{folder.name}.err").open("w+") as err,
    ):
        done = subprocess.run(command, cwd=folder, env=environ, stdout=out, stderr=err, check=False)
        out.seek(0)
        err.seek(0)
        sizes = Counter({"output": len(out.read().splitlines())})
        lines = err.read().splitlines() or [""]
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix not in program.ignored:
            sizes[path.suffix] += size_of(path)
    return Run(done.returncode, sizes, "\n".join(lines), json.loads(lines[-1]) if lines[-1].startswith("{") else {})


def size_of(path: Path) -> int:
    """The number of values in a JSON file, of lines in another."""
    text = path.read_text("utf-8", errors="replace")
    if path.suffix == ".json":
        return sum(1 for _ in values_in(json.loads(text)))
    return len(text.splitlines())


def values_in(value: Any) -> Iterator[Any]:
    """A JSON value and all in it."""
    yield value
    if isinstance(value, dict):
        value = [each for name, each in value.items() if name != _HEADERS]
    if isinstance(value, list):
        for each in value:
            yield from values_in(each)


if __name__ == "__main__":
    sys.exit(main())

"""A user's machine in a temporary folder: programs run as real processes, without settings of the real machine.

Every program has a time limit, and its process group is killed by id at the end.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import certifi

from e2e import warm

TESTS: Final = Path(__file__).parents[1]
AWSTAPE: Final = (sys.executable, "-m", "awstape")
TIMEOUT: Final = 60


def quick(name: str) -> tuple[str, ...]:
    """Returns the command of a program in `tests/programs`."""
    return warm.python(), str(TESTS / "programs" / f"{name}.py")


LIST_EVERYTHING: Final = quick("list_everything")
BIN: Final = Path(sys.executable).parent
_INHERITED = ("LANG", "PYTHONPATH", "COVERAGE_PROCESS_START")


@dataclass(frozen=True)
class Run:
    """The exit status and output of a program."""

    status: int
    out: str
    err: str

    def ok(self) -> Run:
        """Asserts that the exit status is 0; returns the run."""
        assert self.status == 0, f"exit status {self.status}\n{self.out}\n{self.err}"
        return self

    @property
    def json(self) -> Any:
        return json.loads(self.ok().out)


@dataclass
class Machine:
    """A user: a home folder, a temporary folder, an environment, and a key unless `key` is None.

    Python programs start as in `e2e.warm`.
    """

    home: Path
    data_home: Path
    key: str | None = None
    environ: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        (self.home / "tmp").mkdir(parents=True)
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        self.environ = {
            **inherited,
            "PATH": os.pathsep.join([str(warm.folder()), str(BIN), os.environ.get("PATH", os.defpath)]),
            "HOME": str(self.home),
            "TMPDIR": str(self.home / "tmp"),
            "XDG_DATA_HOME": str(self.data_home),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_MAX_ATTEMPTS": "2",
            **({"AWSTAPE_KEY": self.key} if self.key else {}),
        }

    def run(self, *command: str | Path, **environ: str) -> Run:
        """Runs a program to its end."""
        with self.process(*command, **environ) as process:
            out, err = process.communicate(timeout=TIMEOUT)
        return Run(process.returncode, out, err)

    def awstape(self, *arguments: str | Path, **environ: str) -> Run:
        """Runs `awstape` to its end."""
        return self.run(*AWSTAPE, *arguments, **environ)

    def record(
        self, cassette: Path, upstream: str, *arguments: str, command: Sequence[str] = LIST_EVERYTHING, **environ: str
    ) -> Run:
        """Runs `awstape record` with a program and a stand-in for both services."""
        return self.awstape("record", cassette, *to_upstream(upstream), *arguments, "--", *command, **environ)

    @contextmanager
    def process(self, *command: str | Path, **environ: str) -> Iterator[subprocess.Popen[str]]:
        """Runs a program in the background; kills it afterwards."""
        environ = self.environ | environ
        with (warm.Process if command[0] == sys.executable else subprocess.Popen[str])(
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.home,
            env=environ,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                with suppress(ProcessLookupError):  # the program and its child processes
                    os.killpg(process.pid, signal.SIGKILL)

    @contextmanager
    def server(self, *arguments: str | Path) -> Iterator[Server]:
        """Runs `awstape` without a COMMAND in the background; yields its address and environment variables."""
        with self.process(*AWSTAPE, *arguments, "--json") as process:
            assert process.stdout
            line = process.stdout.readline()
            assert line, process.communicate(timeout=TIMEOUT)[1]
            started = json.loads(line)
            yield Server(process, started["address"], started["environment"])


@dataclass(frozen=True)
class Server:
    """A running `awstape record` or `awstape replay`."""

    process: subprocess.Popen[str]
    url: str
    changes: dict[str, str | None]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    @property
    def environ(self) -> dict[str, str]:
        """The variables that the server asks to set."""
        return {name: value for name, value in self.changes.items() if value is not None}

    def stop(self, number: signal.Signals = signal.SIGINT) -> Run:
        """Ends the server with a signal, by default that of Ctrl-C."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=TIMEOUT)
        return Run(self.process.returncode, out, err)


def fake_key(name: str) -> str:
    """Returns a key that looks random: unlike a phrase, it costs a process nothing."""
    return hashlib.sha256(name.encode()).hexdigest()


def to_upstream(url: str) -> tuple[str, ...]:
    return "--upstream", url


def ca_variables() -> dict[str, str]:
    """Returns the variables with which some machines set a CA file."""
    names = ("AWS_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    return dict.fromkeys(names, certifi.where())


def program(text: str) -> tuple[str, ...]:
    """Returns the command of a Python program."""
    return sys.executable, "-c", text


def aws_cli(*commands: str) -> tuple[str, ...]:
    """Returns a command that runs `aws` commands in one process, since starting `aws` takes longer than a call."""
    text = """\
import sys
from awscli.clidriver import create_clidriver
sys.exit(max(create_clidriver().main(['--output', 'json', *command.split()]) for command in sys.argv[1:]))
"""
    return warm.python(), "-c", text, *commands


def json_documents(text: str) -> list[Any]:
    """Returns the JSON documents that several commands printed."""
    found, text = [], text.strip()
    while text:
        document, end = json.JSONDecoder().raw_decode(text)
        found.append(document)
        text = text[end:].lstrip()
    return found


def calls(*lines: str, is_warm: bool = True) -> tuple[str, ...]:
    """Returns a program with the clients `iam` and `analyzer`; it prints AWS errors to stdout and exits with 0."""
    body = "\n".join(f"    {line}" for line in "\n".join(lines).splitlines())
    services = {"iam": "iam", "analyzer": "accessanalyzer"}
    clients = "\n".join(  # only those in use: creating one takes a fifth of a second
        f'{name} = boto3.client("{service}", region_name="us-east-1")'
        for name, service in services.items()
        if re.search(rf"\b{name}\b", body)
    )
    text = f"""\
import boto3
from botocore.exceptions import ClientError
{clients}
try:
{body}
except ClientError as error:
    print(error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"], flush=True)
"""
    return (warm.python(), "-c", text) if is_warm else program(text)

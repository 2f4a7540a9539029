"""Starts programs for `awstape record` and `awstape replay` without the time for importing boto3 or the AWS CLI.

A program spends most of its time importing boto3 and reading the service models. `command` returns a command that
starts the program as a fork of a process that has done both (`_serve`), with the streams, folder and environment of the
command. The fork ends when the command is terminated; the command ends with the exit status of the fork. If a fork is
not possible (`e2e.warm.can_start`), the command becomes a new Python process.
"""

from __future__ import annotations

import atexit
import fcntl
import gc
import io
import marshal
import os
import select
import signal
import socket
import subprocess
import sys
import types
from collections.abc import Sequence
from contextlib import redirect_stdout, suppress
from functools import cache, partial
from pathlib import Path
from typing import Final

from e2e import warm

_TESTS: Final = Path(__file__).parents[1]
_LAUNCHER: Final = str(Path(__file__).with_name("launch.py"))
_ADDRESS: Final = f"awstape-tests-{os.getpid()}"
_SIZE: Final = 8


def command(code: str, *arguments: str) -> tuple[str, ...]:
    """Returns a command that runs `python -c CODE ARGUMENT…` without the time for its imports."""
    return sys.executable, "-IS", _LAUNCHER, _ADDRESS, code, *arguments


def prepare(command: Sequence[str | Path]) -> None:
    """Starts the process that imports everything, if a command needs it."""
    if _ADDRESS in command and sys.platform == "linux":
        _start()


@cache
def _start() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind("\0" + _ADDRESS)
        listener.listen(64)
        number = listener.fileno()
        code = f"import sys; sys.path.insert(0, {str(_TESTS)!r}); from e2e import warm_programs as w; w.main({number})"
        server = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, pass_fds=[number])
    atexit.register(server.communicate)  # the process ends when its input is closed


# --- in the waiting process -------------------------------------------------------------------------------------


def _import_everything() -> None:
    import boto3

    from support import botocore_files

    botocore_files.read_once(setattr)
    for service in ("iam", "accessanalyzer"):
        client = boto3.client(service, "us-east-1", aws_access_key_id="fake", aws_secret_access_key="fake")
        client.get_paginator({"iam": "list_roles", "accessanalyzer": "list_findings"}[service])
    boto3.DEFAULT_SESSION = None
    with redirect_stdout(io.StringIO()), suppress(ImportError):  # raised by an AWS CLI for another botocore
        from awscli.clidriver import create_clidriver

        create_clidriver().main(["iam", "list-users", "--generate-cli-skeleton"])


def _serve(listener: socket.socket) -> tuple[str, list[str]]:
    """Forks for each command; returns in the fork, with the code and its arguments."""
    connections: dict[int, socket.socket] = {}  # process id of each running fork → its connection
    waking, to_wake = os.pipe()
    os.set_blocking(to_wake, False)
    signal.set_wakeup_fd(to_wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready, _, _ = select.select([listener, waking, sys.stdin], [], [])
        if sys.stdin in ready:
            sys.exit()
        if waking in ready:
            os.read(waking, 1000)
            _report_ended(connections)
        if listener not in ready:
            continue
        connection, _ = listener.accept()
        size, streams, _, _ = socket.recv_fds(connection, _SIZE, 3)
        with connection.makefile("rb") as reading:
            code, arguments, folder, environ = marshal.loads(reading.read(int.from_bytes(size)))
        if not warm.can_start(environ):
            connection.sendall(b"cold")
        elif (fork := os.fork()) == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            listener.close()
            _end_with(connection)
            _become(streams, folder, environ)
            return code, arguments
        else:
            connections[fork] = connection
        for descriptor in streams:
            os.close(descriptor)


def _report_ended(connections: dict[int, socket.socket]) -> None:
    """Sends the exit status of each ended fork to its command."""
    while connections:
        fork, status = os.waitpid(-1, os.WNOHANG)
        if not fork:
            return
        with connections.pop(fork) as connection, suppress(BrokenPipeError):  # the command was terminated
            connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def _end_with(connection: socket.socket) -> None:
    """Ends this process with SIGIO when the other side closes the connection."""
    fcntl.fcntl(connection, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(connection, fcntl.F_SETFL, fcntl.fcntl(connection, fcntl.F_GETFL) | os.O_ASYNC)
    connection.detach()


def _become(streams: Sequence[int], folder: str, environ: dict[str, str]) -> None:
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    for name in ("awscli", "awscli.clidriver"):  # importing the package sets an environment variable
        del sys.modules[name]


def main(listener: int) -> None:
    gc.disable()
    _import_everything()
    gc.freeze()
    sys.path.remove(str(_TESTS))
    code, arguments = _serve(socket.socket(fileno=listener))
    sys.argv[:] = ["-c", *arguments]
    module = sys.modules["__main__"] = types.ModuleType("__main__")
    warm.run_and_exit(partial(exec, code, module.__dict__))

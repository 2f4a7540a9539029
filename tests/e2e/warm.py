"""Starts Python programs without the time for imports, as forks of a process that has imported everything.

A program such as `awstape record` or `aws` takes seconds to start, and its own work a fraction of that.

1. One process forks for all workers of a test run. `start` starts it; it imports when it gets its first request.
2. A request has the arguments of `python`, a folder, an environment and three streams. The reply is the process id, and
   then the exit status. If the connection is closed before, the process is killed.
3. `Process` requests a program for a test. For programs that start programs, there are commands in `folder`: `python`,
   which is the `sys.executable` of a fork, and those of installed packages. They forward signals; see `launch.py`.
4. A program that can't be a fork (`_can_fork`) becomes a new process. So do programs in tests about the start itself.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import io
import marshal
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import types
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout, suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

from e2e import launch

_TESTS: Final = Path(__file__).parents[1]
#: The folder of the commands, as an environment variable: the workers of a test run share it.
_VARIABLE: Final = "AWSTAPE_TESTS_WARM"
_INSTALLED: Final = ("aws", "awstape", "mitmdump", "moto_server", "pytest")
#: Environment variables that Python reads when it starts.
_OF_PYTHON: Final = ("PYTHON", "LANG", "LC_")


def start() -> None:
    """Starts the process that forks, for the workers of this test run. It ends with the run."""
    folder = tempfile.TemporaryDirectory(prefix="awstape-tests-")
    address = Path(folder.name).name
    real = Path(sys.executable)
    for name in ("python", *_INSTALLED):
        installed = f"'{real.with_name(name)}'" if name != "python" else ""
        command = Path(folder.name, name)
        command.write_text(f"#!/bin/sh\nexec '{real}' -IS '{launch.__file__}' {address} {installed} \"$@\"\n")
        command.chmod(0o755)
    os.environ[_VARIABLE] = folder.name
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind("\0" + address)
        listener.listen(64)
        number = listener.fileno()
        code = f"import sys; sys.path.insert(0, {str(_TESTS)!r}); from e2e import warm; "
        server = subprocess.Popen(
            [real, "-c", f"{code}warm.main({number}, {folder.name!r})"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=[number],
            start_new_session=True,
        )
    atexit.register(folder.cleanup)
    atexit.register(server.communicate)  # the process ends when its input is closed


def folder() -> Path:
    """The folder of the commands; that of the real ones where no process forks."""
    return Path(os.environ.get(_VARIABLE, Path(sys.executable).parent))


def python() -> str:
    """The command `python` for programs that start programs."""
    return str(folder() / "python") if _VARIABLE in os.environ else sys.executable


class Process(subprocess.Popen[str]):
    """A Python program in a new session, with the interface of `subprocess.Popen`: a fork, if that is possible."""

    _connection: socket.socket | None = None

    def _execute_child(self, args: list[str], *rest: Any) -> None:
        cwd, env, to_stdin, from_stdin, to_stdout, from_stdout, to_stderr, from_stderr = *rest[4:6], *rest[9:15]
        assert args[0] == sys.executable
        arguments = args[1:], str(cwd or Path.cwd()), dict(os.environ if env is None else env)
        # A stream that is not redirected has the number -1.
        streams = [own if given == -1 else given for own, given in enumerate((to_stdin, from_stdout, from_stderr))]
        try:
            self._connection, self.pid = launch.ask(folder().name, *arguments, tuple(streams))
        except OSError:
            super()._execute_child(args, *rest)  # type: ignore[misc]
            return
        self._child_created = True
        self._close_pipe_fds(to_stdin, from_stdin, to_stdout, from_stdout, to_stderr, from_stderr)  # type: ignore[attr-defined]

    def _wait(self, timeout: float | None) -> int:
        if not self._connection:
            return super()._wait(timeout)  # type: ignore[misc,no-any-return]
        with self._waitpid_lock:  # type: ignore[attr-defined]
            if self.returncode is None:
                if not select.select([self._connection], [], [], timeout)[0]:
                    raise subprocess.TimeoutExpired(self.args, timeout or 0)
                self.returncode = launch.read_number(self._connection)
                self._connection.close()
            return self.returncode

    def _internal_poll(self, *rest: Any, **more: Any) -> int | None:
        if not self._connection:
            return super()._internal_poll(*rest, **more)  # type: ignore[misc,no-any-return]
        with suppress(subprocess.TimeoutExpired):
            self._wait(0)
        return self.returncode


def run(command: Sequence[str], *, timeout: float = 60, **options: Any) -> subprocess.CompletedProcess[str]:
    """Runs a program to its end, and captures its output. options: those of `subprocess.Popen`."""
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with Process(list(command), text=True, **streams, **options) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        finally:
            process.kill()
    return subprocess.CompletedProcess(command, process.returncode, out, err)


# --- in the process that forks ----------------------------------------------------------------------------------


def _import_everything() -> None:
    """Imports what programs import, and compiles their patterns; no plugins of pytest, which imports those itself."""
    import boto3
    import execnet
    import mitmproxy.addons
    import mitmproxy.master
    import moto.server
    import pytest

    import awstape
    from awstape.catalog.hosts import find_host
    from awstape.catalog.service_models import load_models
    from awstape.core.text.lazy_pattern import _LazyPattern
    from support import botocore_files

    assert execnet and mitmproxy and moto and pytest
    for module in pkgutil.walk_packages(awstape.__path__, "awstape."):
        if not module.name.endswith("__main__") and "pytest_plugin" not in module.name:
            importlib.import_module(module.name)
    for each in gc.get_objects():
        if type(each) is _LazyPattern:
            assert each.match  # compiles it
    awstape.__doc__ = "PYTEST_DONT_REWRITE"  # or pytest warns that the package of a plugin is imported already
    find_host("iam.amazonaws.com")
    assert load_models().recognised
    botocore_files.read_once(setattr)
    for service, listing in ("iam", "list_roles"), ("accessanalyzer", "list_findings"):
        client = boto3.client(service, "us-east-1", aws_access_key_id="fake", aws_secret_access_key="fake")
        client.get_paginator(listing)
    boto3.DEFAULT_SESSION = None
    with redirect_stdout(io.StringIO()), suppress(ImportError):  # raised by an AWS CLI for another botocore
        from awscli.clidriver import create_clidriver

        create_clidriver().main(["iam", "list-users", "--generate-cli-skeleton"])
    for name in ("awscli", "awscli.clidriver"):  # importing the package sets an environment variable
        sys.modules.pop(name, None)


def _can_fork(arguments: Sequence[str], environ: Mapping[str, str]) -> bool:
    """Whether a fork would behave like a new process."""
    of_python = {
        name: value for name, value in environ.items() if name.startswith(_OF_PYTHON) and name != "PYTHONUNBUFFERED"
    }
    is_known = bool(arguments) and (arguments[0] in ("-c", "-m", "-u") or not arguments[0].startswith("-"))
    return is_known and "COVERAGE_PROCESS_START" not in environ and of_python.items() <= os.environ.items()


def _serve(listener: socket.socket) -> list[str]:
    """Forks for each request; returns in the fork, with the arguments of `python`."""
    running: dict[int, socket.socket] = {}  # process id of each fork → its connection
    waking, to_wake = os.pipe()
    os.set_blocking(to_wake, False)
    signal.set_wakeup_fd(to_wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready, _, _ = select.select([listener, waking, sys.stdin, *running.values()], [], [])
        if sys.stdin in ready:
            _end(running, list(running.values()))
            sys.exit()
        if waking in ready:
            os.read(waking, 1000)
        _end(running, ready)
        if listener not in ready:
            continue
        connection, _ = listener.accept()
        arguments, folder, environ, streams = _receive(connection)
        _import_once()
        if not _can_fork(arguments, environ):
            _send(connection, 0)
        elif process := os.fork():
            running[process] = connection
            with suppress(OSError):  # who asked has ended, and `_end` kills the fork
                connection.sendall(process.to_bytes(launch.NUMBER, "big", signed=True))
        else:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for each in (listener, connection, *running.values()):
                each.close()
            os.close(waking)
            os.close(to_wake)
            _become(streams, folder, environ)
            return arguments
        for descriptor in streams:
            os.close(descriptor)


def _end(running: dict[int, socket.socket], ready: Sequence[object]) -> None:
    """Kills the forks whose connection was closed, and reports the exit status of those that have ended."""
    for process, connection in list(running.items()):
        if is_closed := connection in ready:
            os.kill(process, signal.SIGKILL)
        ended, status = os.waitpid(process, 0 if is_closed else os.WNOHANG)
        if ended:
            _send(running.pop(process), os.waitstatus_to_exitcode(status))


def _receive(connection: socket.socket) -> tuple[list[str], str, dict[str, str], list[int]]:
    """Returns arguments, folder, environment and streams of a request."""
    size, streams, _, _ = socket.recv_fds(connection, launch.NUMBER, 3)
    with connection.makefile("rb") as reading:
        return *marshal.loads(reading.read(int.from_bytes(size))), streams


def _send(connection: socket.socket, number: int) -> None:
    """Sends the last number of a connection."""
    with connection, suppress(OSError):  # the other side has ended
        connection.sendall(number.to_bytes(launch.NUMBER, "big", signed=True))


@cache
def _import_once() -> None:
    gc.disable()
    _import_everything()
    sys.path.remove(str(_TESTS))
    gc.freeze()
    gc.enable()


def _become(streams: Sequence[int], folder: str, environ: dict[str, str]) -> None:
    """Sets session, streams, folder and environment."""
    os.setsid()
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    if environ.get("PYTHONUNBUFFERED"):
        _write_at_once()


def _write_at_once() -> None:
    """Does not buffer the standard output."""
    output = os.fdopen(1, "wb", buffering=0, closefd=False)
    sys.stdout = io.TextIOWrapper(output, encoding="utf-8", errors="surrogateescape", write_through=True)


def _run(arguments: Sequence[str]) -> None:
    """Runs a program like `python ARGUMENT…`."""
    match arguments:
        case ["-u", *rest]:
            _write_at_once()
            _run(rest)
        case ["-c", code, *rest]:
            sys.argv[:] = ["-c", *rest]
            sys.path.insert(0, "")
            main = sys.modules["__main__"] = types.ModuleType("__main__")
            exec(code, main.__dict__)
        case ["-m", module, *rest]:
            sys.argv[:] = [module, *rest]
            sys.path.insert(0, os.getcwd())
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        case [script, *rest]:
            sys.argv[:] = [script, *rest]
            sys.path.insert(0, os.path.dirname(os.path.realpath(script)))
            runpy.run_path(script, run_name="__main__")


def _run_and_exit(arguments: Sequence[str]) -> None:
    """Runs a program and ends this process like Python's shutdown, but without freeing its objects.

    Freeing them would take a tenth of a second, since it writes to memory pages of the fork, which are copied then.
    """
    try:
        _run(arguments)
        status = 0
    except SystemExit as error:
        if isinstance(error.code, str):
            raise
        status = error.code or 0
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        sys.exit(status)
    os._exit(status)


def main(listener: int, commands: str) -> None:
    sys.executable = str(Path(commands, "python"))
    _run_and_exit(_serve(socket.socket(fileno=listener)))

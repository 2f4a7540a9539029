"""Starts `awstape` and `pytest` without the time for imports, as forks of a process that has imported everything.

`awstape record` takes two seconds, and only a fifth of that is its work. So one process is started that imports and
waits (`_Starter`). Each program is a fork of it, with its own streams, environment, folder, session and process id. The
fork becomes a child of the process that requested it, because Linux reparents an orphan to the nearest subreaper.

If a fork is not possible (`can_start`), or if a test is about the start itself, the harness starts a new process.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import runpy
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any

_PR_SET_CHILD_SUBREAPER = 36
_LARGEST = 1_000_000
#: Environment variables that Python reads when it starts.
_OF_PYTHON = ("PYTHON", "LANG", "LC_")


def can_start(environ: Mapping[str, str]) -> bool:
    """Whether a fork would behave like a new process with these variables."""
    of_python = {name: value for name, value in environ.items() if name.startswith(_OF_PYTHON)}
    is_measured = "COVERAGE_PROCESS_START" in environ
    return sys.platform == "linux" and not is_measured and of_python.items() <= os.environ.items()


class Process(subprocess.Popen[str]):
    """`PYTHON -m MODULE ARGUMENT…` in a new session, with the interface of `subprocess.Popen`."""

    def _execute_child(self, args: list[str], *rest: Any) -> None:
        cwd, env, to_stdin, from_stdin, to_stdout, from_stdout, to_stderr, from_stderr = *rest[4:6], *rest[9:15]
        with _LOCK, _subreaper():
            self.pid = _starter(args[2]).start(args[2:], str(cwd), dict(env), (to_stdin, from_stdout, from_stderr))
        self._child_created = True
        self._close_pipe_fds(to_stdin, from_stdin, to_stdout, from_stdout, to_stderr, from_stderr)


class _Starter:
    """A process that has imported everything that a module, `awstape` or `pytest`, needs."""

    def __init__(self, module: str) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _LARGEST)
        with theirs:
            command = [sys.executable, __file__, str(theirs.fileno()), module]
            nothing = subprocess.DEVNULL
            self._process = subprocess.Popen(command, stdin=nothing, stdout=nothing, pass_fds=[theirs.fileno()])
        atexit.register(self._stop)

    def _stop(self) -> None:
        self._socket.close()
        self._process.wait()

    def start(self, module: list[str], folder: str, environ: dict[str, str], streams: tuple[int, int, int]) -> int:
        """Starts a fork; returns its process id."""
        socket.send_fds(self._socket, [json.dumps([module, folder, environ]).encode()], streams)
        return int(self._socket.recv(100))


_LOCK = threading.Lock()


@cache
def _starter(module: str) -> _Starter:
    return _Starter(module)


@contextmanager
def _subreaper() -> Iterator[None]:
    """Makes this process the parent of its orphaned grandchildren while the context is active."""
    prctl = ctypes.CDLL(None).prctl
    prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    yield
    prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


# --- in the waiting process -------------------------------------------------------------------------------------


def _import_awstape() -> None:
    import awstape
    from awstape.catalog.hosts import is_recorded_host
    from awstape.catalog.service_models import load_models

    for module in pkgutil.walk_packages(awstape.__path__, "awstape."):
        if not module.name.endswith(("__main__", "pytest_plugin")):
            importlib.import_module(module.name)
    is_recorded_host("iam.amazonaws.com")
    load_models()


def _import_pytest() -> None:
    """Imports pytest without its plugins, such as awstape's: pytest itself must import those."""
    import boto3
    import execnet
    import mitmproxy.addons
    import mitmproxy.master
    import moto
    import pytest

    from support import botocore_files

    botocore_files.read_once(setattr)
    boto3.client("iam", region_name="us-east-1")
    boto3.client("accessanalyzer", region_name="us-east-1")
    boto3.DEFAULT_SESSION = None
    assert execnet and mitmproxy and moto and pytest


def _wait(asked: socket.socket) -> list[str]:
    """Forks for each request; returns in the fork, with the module to run and its arguments."""
    while True:
        message, streams, _, _ = socket.recv_fds(asked, _LARGEST, 3)
        if not message:
            sys.exit()
        reading, writing = os.pipe()
        if not (between := os.fork()):
            if os.fork():
                os._exit(0)
            os.setsid()
            os.write(writing, str(os.getpid()).encode())
            for descriptor in (reading, writing, asked.detach()):
                os.close(descriptor)
            return _become(message, streams)
        os.waitpid(between, 0)  # from here on, the requesting process is the parent
        asked.send(os.read(reading, 100))
        for descriptor in (reading, writing, *streams):
            os.close(descriptor)


def _become(message: bytes, streams: list[int]) -> list[str]:
    """Sets streams, folder and environment of the program; returns the module and its arguments."""
    module, folder, environ = json.loads(message)
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(folder)
    sys.path.insert(0, folder)
    os.environ.clear()
    os.environ.update(environ)
    return list(module)


def run_and_exit(run: Callable[[], object]) -> None:
    """Runs a function and ends this process like Python's shutdown, but without freeing its objects.

    Freeing them would take a tenth of a second, since it writes to memory pages of the fork, which are copied then.
    """
    try:
        run()
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


def _main() -> None:
    asked = socket.socket(fileno=int(sys.argv[1]))
    sys.path[0] = str(Path(__file__).parents[1])
    gc.disable()
    {"awstape": _import_awstape, "pytest": _import_pytest}[sys.argv[2]]()
    del sys.path[0]
    gc.freeze()
    gc.enable()
    module, *sys.argv[1:] = _wait(asked)
    run_and_exit(partial(runpy.run_module, module, run_name="__main__", alter_sys=True))


if __name__ == "__main__":
    _main()

"""A program that awstape runs, as if it ran by itself.

1. It shares our process group, terminal, streams, folder, umask and priority. So Ctrl-Z, `fg` and the window's size
   reach it as they reach us, and nothing is in its way.
2. What people end programs with is blocked in all our threads, from before the program starts until all is written
   (`undisturbed`); one thread takes it and passes it on. Only Ctrl-C and Ctrl-\\ are not passed on: the terminal sends
   them to the whole group, so the program has them already. Whether it ends is its decision.
3. A second SIGTERM, a second or more after the first, kills the program; who sends both at once, as `timeout` does to
   a process and its group, means one.
4. Its end is ours: its exit status, or death by its signal, so that a shell knows to stop its script. A program that
   isn't there is 127, one that can't be run 126, as for shells, env and timeout.
5. When we are gone, so is the program: on Linux, it gets SIGTERM when we are killed. If we fail meanwhile, it gets
   SIGTERM and, five seconds later, SIGKILL.
6. What the program leaves running is the program's business.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from asyncio.subprocess import Process
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from awstape.errors import UserError

if sys.platform != "win32":
    import resource

    #: What ends a program that doesn't expect it.
    _ENDING = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2})
    _KEYBOARD = (signal.SIGINT, signal.SIGQUIT)
_PATIENCE = 5.0  # seconds to end in when asked to
_NOT_THERE, _NOT_RUNNABLE = 127, 126

#: linux/prctl.h
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4


@contextmanager
def undisturbed() -> Iterator[None]:
    """Holds signals back that would end us; those that came meanwhile count afterwards."""
    if sys.platform == "win32":  # where signals can't be held back
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


async def run(command: Sequence[str], environ: Mapping[str, str], say: Callable[[str], object]) -> int:
    """Runs a program to its end; its exit status, or -N if signal N ended it.

    Raises UserError, with the status that shells give, if it can't be started.
    """
    if sys.platform == "win32":
        raise UserError(
            "awstape runs no programs on Windows: it could not pass signals on to them",
            "leave out what follows --, and start the program with the variables that awstape prints",
            _NOT_RUNNABLE,
        )
    with undisturbed():
        came = {number for number in signal.sigpending() & _ENDING if signal.getsignal(number) != signal.SIG_IGN}
        if came:  # before there was a program to take them: they end it here
            return -int(signal.sigwait(came))
        process = await _start(command, environ)
        try:
            with _passing_on(process, say):
                return await process.wait()
        finally:
            await _end(process)


def end_as(status: int) -> int:
    """Ends this process as a program ended: a status is returned, a signal is died of, without a second core dump."""
    if status >= 0:
        return status
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    _prctl(_PR_SET_DUMPABLE, 0)
    with suppress(OSError):  # SIGKILL has no other handling
        signal.signal(-status, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {-status})
    os.kill(os.getpid(), -status)
    return 128 - status  # where it is blocked for good, as for the first process of a container


async def _start(command: Sequence[str], environ: Mapping[str, str]) -> Process:
    # In the event loop's thread, the main one: the program is told of the end of the thread that started it.
    try:
        return await asyncio.create_subprocess_exec(
            *command, env=_without_our_locale(environ), preexec_fn=partial(_become_a_program, os.getpid())
        )
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UserError(
            f"{command[0]}: can't be started: {reason}",
            "what follows -- is the program to run",
            _NOT_THERE if isinstance(error, FileNotFoundError) else _NOT_RUNNABLE,
        ) from None


def _without_our_locale(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without the LC_CTYPE that Python gives itself where there is no locale (PEP 538)."""
    with suppress(OSError):
        given = Path("/proc/self/environ").read_bytes().split(b"\0")
        if not any(variable.startswith(b"LC_CTYPE=") for variable in given):
            return {name: value for name, value in environ.items() if name != "LC_CTYPE"}
    return dict(environ)


def _become_a_program(parent: int) -> None:
    """In the child, before it is the program: signals as they were, and not without us."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _passing_on(process: Process, say: Callable[[str], object]) -> Iterator[None]:
    """Passes signals on to a program, meanwhile."""
    loop = asyncio.get_running_loop()
    asked_at: float | None = None
    is_over = threading.Event()

    def pass_on(number: signal.Signals) -> None:
        nonlocal asked_at
        if number == signal.SIGTERM:
            now = time.monotonic()
            if asked_at is not None and now - asked_at >= 1:
                say(f"SIGTERM came again: the program, process {process.pid}, is killed")
                number = signal.SIGKILL
            asked_at = asked_at or now
        _send(process, number)

    def take() -> None:
        while True:
            number, from_keyboard = _next_signal()
            if is_over.is_set():
                return
            if not from_keyboard:
                loop.call_soon_threadsafe(pass_on, number)

    thread = threading.Thread(target=take, name="awstape signals", daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        assert thread.ident
        signal.pthread_kill(thread.ident, signal.SIGUSR2)
        thread.join()


def _next_signal() -> tuple[signal.Signals, bool]:
    """Waits for a signal; it, and whether it is the keyboard's."""
    if hasattr(signal, "sigwaitinfo"):
        info = signal.sigwaitinfo(_ENDING)
        number = signal.Signals(info.si_signo)
        return number, number in _KEYBOARD and info.si_code > 0  # sigaction(2): > 0 is the kernel's, not a process's
    number = signal.Signals(signal.sigwait(_ENDING))
    return number, number in _KEYBOARD and _is_in_foreground()


def _is_in_foreground() -> bool:
    """Whether what is typed on the terminal is for our process group."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


async def _end(process: Process) -> None:
    """Ends a program that still runs when we can't go on."""
    if process.returncode is None:
        _send(process, signal.SIGTERM)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _PATIENCE)
    if process.returncode is None:
        _send(process, signal.SIGKILL)
        await process.wait()


def _send(process: Process, number: signal.Signals) -> None:
    # Not `Process.send_signal`, which may take the exit status from asyncio, which then says 255.
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):  # it ended just now; or it is somebody else's since
            os.kill(process.pid, number)


def _prctl_of_libc() -> Callable[[int, int], object]:
    if sys.platform != "linux":
        return lambda option, value: None
    import ctypes

    prctl = ctypes.CDLL(None).prctl
    return lambda option, value: prctl(option, ctypes.c_ulong(value), *map(ctypes.c_ulong, (0, 0, 0)))


_prctl = _prctl_of_libc()  # looked up before there is a child, which may not wait for locks

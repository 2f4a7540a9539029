"""Runs a program as a child process that behaves as if it ran without awstape.

1. It shares our process group, terminal, streams, folder, umask and priority. So Ctrl-Z, `fg` and the size of the
   window reach it as they reach us.
2. The signals that end programs are blocked in all our threads, from before the program starts until everything is
   written (`signals_blocked`); one thread waits for them and forwards them. Only Ctrl-C and Ctrl-\\ are not forwarded:
   the terminal sends them to the whole group, so the program has received them. The program decides whether it ends.
3. A second SIGTERM kills the program if it comes a second or more after the first. Two at once count as one: `timeout`
   sends SIGTERM to a process and to its group.
4. We end as the program ended: with its exit status, or killed by its signal, so that a shell knows to stop its
   script. A program that is missing is status 127, one that can't be executed 126, as in shells, env and timeout.
5. The program does not outlive us: on Linux, it gets SIGTERM when we are killed. If we fail while it runs, it gets
   SIGTERM and, five seconds later, SIGKILL.
6. Processes that the program leaves running are left alone.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from asyncio.subprocess import Process
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from awstape import clock
from awstape.errors import UserError
from awstape.program.environment import Variables

if sys.platform != "win32":
    import resource

    #: Signals that end a program by default.
    _ENDING_SIGNALS = frozenset(
        {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2}
    )
    _KEYBOARD_SIGNALS = (signal.SIGINT, signal.SIGQUIT)
_TERMINATION_TIME = 5.0  # seconds between SIGTERM and SIGKILL
_NOT_FOUND, _NOT_EXECUTABLE = 127, 126

#: linux/prctl.h
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4


@contextmanager
def signals_blocked() -> Iterator[None]:
    """Blocks the signals that would end us; those that arrive meanwhile take effect afterwards."""
    if sys.platform == "win32":  # it has no signal masks
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


async def run_program(command: Sequence[str], environ: Mapping[str, str], warn: Callable[[str], object]) -> int:
    """Runs a program to its end; returns its exit status, or -N if signal N ended it.

    warn: shows a line to the user. Raises UserError, with the status that shells use, if it can't be started.
    """
    if sys.platform == "win32":
        raise UserError(
            "awstape runs no programs on Windows, where it cannot forward signals to them",
            "leave out -- COMMAND, and start the program with the variables that awstape prints",
            _NOT_EXECUTABLE,
        )
    with signals_blocked():
        pending = {
            number for number in signal.sigpending() & _ENDING_SIGNALS if signal.getsignal(number) != signal.SIG_IGN
        }
        if pending:  # they arrived before the program started: it ends here
            return -int(signal.sigwait(pending))
        process = await _start(command, environ)
        try:
            with _forwarding_signals(process, warn):
                return await process.wait()
        finally:
            await _terminate(process)


def exit_like(status: int) -> int:
    """Ends this process as a program ended: returns a status, or dies of signal -status, without a second core dump."""
    if status >= 0:
        return status
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    _find_prctl()(_PR_SET_DUMPABLE, 0)
    with suppress(OSError):  # SIGKILL can't have a handler
        signal.signal(-status, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {-status})
    os.kill(os.getpid(), -status)
    return 128 - status  # reached where signals have no effect, as on the first process of a container


async def _start(command: Sequence[str], environ: Mapping[str, str]) -> Process:
    # In the event loop's thread, which is the main one: PDEATHSIG is sent when the thread that forked ends.
    prepare = partial(_prepare_child, os.getpid(), _find_prctl())
    try:
        return await asyncio.create_subprocess_exec(*command, env=_without_coerced_locale(environ), preexec_fn=prepare)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "an argument holds a NUL, or no Unicode"
        raise UserError(
            f"{command[0]}: can't be started: {reason}",
            "what follows -- is the program to run",
            _NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_EXECUTABLE,
        ) from None


def _without_coerced_locale(environ: Mapping[str, str]) -> Variables[str]:
    """The environment without the LC_CTYPE that Python sets for itself where there is no locale (PEP 538)."""
    with suppress(OSError):
        if b"\0LC_CTYPE=" not in b"\0" + Path("/proc/self/environ").read_bytes():
            return Variables({name: value for name, value in environ.items() if name != "LC_CTYPE"})
    return Variables(environ)


def _prepare_child(parent: int, prctl: Callable[[int, int], object]) -> None:
    """Runs in the child before `exec`: restores signals, and makes the child end when we end.

    prctl: found before the fork, since the child must not wait for locks.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING_SIGNALS)
    prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _forwarding_signals(process: Process, warn: Callable[[str], object]) -> Iterator[None]:
    """Forwards signals to a program until the context ends."""
    loop = asyncio.get_running_loop()
    terminated_at: float | None = None
    has_ended = threading.Event()

    def forward(number: signal.Signals) -> None:
        nonlocal terminated_at
        if number == signal.SIGTERM:
            now = clock.monotonic()
            if terminated_at is not None and now - terminated_at >= 1:
                warn(f"second SIGTERM: killing the program, process {process.pid}")
                number = signal.SIGKILL
            terminated_at = terminated_at or now
        _send(process, number)

    def wait_for_signals() -> None:
        while True:
            number, from_keyboard = _next_signal()
            if has_ended.is_set():
                return
            if not from_keyboard:
                loop.call_soon_threadsafe(forward, number)

    thread = threading.Thread(target=wait_for_signals, name="awstape signals", daemon=True)
    thread.start()
    try:
        yield
    finally:
        has_ended.set()
        assert thread.ident
        signal.pthread_kill(thread.ident, signal.SIGUSR2)
        thread.join()


def _next_signal() -> tuple[signal.Signals, bool]:
    """Waits for a signal; returns it, and whether it comes from the keyboard."""
    if hasattr(signal, "sigwaitinfo"):
        info = signal.sigwaitinfo(_ENDING_SIGNALS)
        number = signal.Signals(info.si_signo)
        return number, number in _KEYBOARD_SIGNALS and info.si_code > 0  # sigaction(2): > 0 if the kernel sent it
    number = signal.Signals(signal.sigwait(_ENDING_SIGNALS))
    return number, number in _KEYBOARD_SIGNALS and _keyboard_is_ours()


def _keyboard_is_ours() -> bool:
    """Whether keys such as Ctrl-C reach us: our process group is in the foreground of the terminal that controls it."""
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


async def _terminate(process: Process) -> None:
    """Ends a program that still runs after an error of ours."""
    if process.returncode is None:
        _send(process, signal.SIGTERM)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _TERMINATION_TIME)
    if process.returncode is None:
        _send(process, signal.SIGKILL)
        await process.wait()


def _send(process: Process, number: signal.Signals) -> None:
    # Not `Process.send_signal`: it may reap the process, and asyncio would then report exit status 255.
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):  # it has just ended, or its user has changed
            os.kill(process.pid, number)


def _find_prctl() -> Callable[[int, int], object]:
    """prctl of the C library; on other systems a function that does nothing."""
    if sys.platform != "linux":
        return lambda option, value: None
    import ctypes

    prctl = ctypes.CDLL(None).prctl
    return lambda option, value: prctl(option, ctypes.c_ulong(value), *map(ctypes.c_ulong, (0, 0, 0)))

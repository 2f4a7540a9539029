"""Runs the command line without the features that Windows lacks: modules, signals, signal handlers of event loops.

    python as_on_windows.py [COMMAND]...

Modules of the standard library that use these features are imported beforehand, since the test is not about them.
"""

from __future__ import annotations

import asyncio
import logging.handlers
import multiprocessing.synchronize
import os
import signal
import subprocess
import sys
import tempfile
from importlib import import_module

LACKING_MODULES = ("fcntl", "resource", "pwd", "grp", "pty", "termios", "tty")
LACKING_SIGNALS = ("SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGKILL", "SIGPIPE")
LACKING_CALLS = ("pthread_sigmask", "pthread_kill", "sigwait", "sigwaitinfo", "sigpending")
LACKING_OF_OS = (
    "O_NONBLOCK",
    "O_NOFOLLOW",
    "O_CLOEXEC",
    "O_NOCTTY",
    "fork",
    "getpgrp",
    "tcgetpgrp",
    "killpg",
    "setsid",
)
NEEDED_BEFORE = (asyncio, logging.handlers, multiprocessing.synchronize, subprocess, tempfile)


def refuse(*_: object) -> None:
    """Raises NotImplementedError, as event loops on Windows do."""
    raise NotImplementedError


if __name__ == "__main__":
    for module in ("botocore.session", "click", "rich.console", "yaml"):  # their dependencies check the platform
        import_module(module)
    for module in LACKING_MODULES:
        sys.modules[module] = None  # type: ignore[assignment]
    for name in (*LACKING_SIGNALS, *LACKING_CALLS):
        delattr(signal, name)
    for name in LACKING_OF_OS:
        delattr(os, name)
    asyncio.SelectorEventLoop.add_signal_handler = refuse  # type: ignore[method-assign, assignment]
    sys.platform = "win32"

    from awstape.cli.main import main

    sys.exit(main(sys.argv[1:]))

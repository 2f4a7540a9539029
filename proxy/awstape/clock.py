"""The system's clocks, for what runs inside tests that freeze or patch the clocks of Python.

1. freezegun replaces functions of `time` and the classes of `datetime` wherever they were imported; time-machine
   changes what they return. Neither changes the monotonic clock of `clock_gettime`, or the times of files.
2. On a frozen clock, no wait of an event loop ends. So all event loops of awstape are `EventLoop`s, and a wait in an
   event loop of the user is a `sleep`.

May import: nothing.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from typing import Any

#: Windows has no `clock_gettime`: there, it is the performance counter as it was when this module was imported.
_monotonic: Callable[[], float] = (
    partial(time.clock_gettime, time.CLOCK_MONOTONIC) if hasattr(time, "clock_gettime") else partial(time.perf_counter)
)
_PlatformLoop: Any = getattr(asyncio, "ProactorEventLoop", asyncio.SelectorEventLoop)


def monotonic() -> float:
    """Seconds since some moment, whatever `time.monotonic` says."""
    return _monotonic()


def now() -> datetime:
    """The current time, whatever `datetime.now` says: that of a new file. Raises OSError."""
    import tempfile

    with tempfile.TemporaryFile() as file:
        return datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)


class EventLoop(_PlatformLoop):  # type: ignore[misc]  # depends on the platform
    """An event loop whose waits end when they should, whatever `time.monotonic` says."""

    time = staticmethod(_monotonic)


def fast_event_loop() -> asyncio.AbstractEventLoop:
    """The event loop for a server in a process of its own: uvloop's where it is installed, else an `EventLoop`.

    uvloop has a clock of its own, which nothing freezes.
    """
    with suppress(ImportError):
        made: asyncio.AbstractEventLoop = import_module("uvloop").new_event_loop()
        return made
    return EventLoop()


async def sleep(seconds: float) -> None:
    """As `asyncio.sleep`, also in an event loop whose clock is frozen."""
    loop = asyncio.get_running_loop()
    is_over = asyncio.Event()
    timer = threading.Timer(min(seconds, threading.TIMEOUT_MAX), lambda: loop.call_soon_threadsafe(is_over.set))
    timer.daemon = True
    timer.start()
    try:
        await is_over.wait()
    finally:
        timer.cancel()

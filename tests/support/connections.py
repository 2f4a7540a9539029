"""Connections of asyncio that tests make."""

from __future__ import annotations

import asyncio
from contextlib import suppress


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Closes a connection and waits for it: one that is left to the garbage collector warns in some later test."""
    writer.close()
    with suppress(OSError):  # of the other side, which may have gone first
        await writer.wait_closed()

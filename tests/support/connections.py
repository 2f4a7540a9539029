"""Closing of asyncio connections that tests open."""

from __future__ import annotations

import asyncio
from contextlib import suppress


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Closes a connection and waits until it is closed: the garbage collector would warn of it in some later test."""
    writer.close()
    with suppress(OSError):  # the other side may have closed the connection first
        await writer.wait_closed()

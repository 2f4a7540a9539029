"""Servers for a program: when they end. What they serve is tested with the endpoint, the proxy and the command line."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from awstape.program import servers


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_ends_at_a_signal(number: signal.Signals) -> None:
    async def main() -> None:
        waiting = asyncio.create_task(servers.wait_for_interrupt())
        await asyncio.sleep(0.01)
        assert not waiting.done()
        os.kill(os.getpid(), number)
        await asyncio.wait_for(waiting, 5)

    asyncio.run(main())

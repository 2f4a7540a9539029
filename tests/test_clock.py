"""The system's clocks under frozen and patched clocks of Python, and that the servers run on them."""

from __future__ import annotations

import asyncio
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import freezegun
import pytest
import time_machine

from awstape import clock
from awstape.core.aws.wire import Reply, Response
from awstape.inprocess import botocore_wire
from awstape.opening import open_for_replay
from awstape.program import servers
from awstape.proxying import proxy_server
from proxying.test_proxy_server_odd_responses import BODY, OK, PLAIN, Odd, OddServer, ask
from proxying.test_proxy_server_relaying import proxying
from support.in_process import CASSETTES, ENVIRON

PAST, FUTURE = "2012-01-14", "2112-01-14"
Freeze = Callable[[str], AbstractContextManager[Any]]


@contextmanager
def patched(at: str) -> Iterator[None]:
    """Patches functions as tests do by hand."""
    seconds = datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("time", "monotonic", "perf_counter"):
            patch.setattr(time, name, lambda: seconds)
        yield


FREEZERS: dict[str, Freeze] = {
    "freezegun": freezegun.freeze_time,
    "time-machine": lambda at: time_machine.travel(at, tick=False),
    "patched": patched,
}
each_freezer = pytest.mark.parametrize("freeze", FREEZERS.values(), ids=FREEZERS)


@each_freezer
@pytest.mark.parametrize("at", [PAST, FUTURE])
def test_the_clocks_are_those_of_the_system(freeze: Freeze, at: str) -> None:
    before, began = datetime.now(UTC), clock.monotonic()
    with freeze(at):
        shown, now, moment = datetime.fromtimestamp(time.time(), UTC), clock.now(), clock.monotonic()
    assert shown.isoformat() == f"{at}T00:00:00+00:00"
    assert before - timedelta(seconds=2) < now <= datetime.now(UTC) + timedelta(seconds=2)
    assert began <= moment <= clock.monotonic()


@each_freezer
def test_waits_of_our_event_loops_end(freeze: Freeze) -> None:
    async def main() -> bool:
        await asyncio.sleep(0.01)
        try:
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        except TimeoutError:
            return True
        return False

    with freeze(PAST), asyncio.Runner(loop_factory=clock.EventLoop) as runner:
        assert runner.run(main())


@each_freezer
def test_a_delayed_reply_arrives_in_any_event_loop(freeze: Freeze) -> None:
    async def main() -> int:
        with freeze(PAST):
            reply = Reply(Response(200, (), b""), delay=0.01)
            return (await botocore_wire.deliver_async("http://127.0.0.1/", reply)).status_code

    assert asyncio.run(main()) == 200


def test_a_wait_that_is_cancelled_leaves_no_timer() -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(clock.sleep(3600), 0.01)

    asyncio.run(main())


@each_freezer
def test_the_endpoint_gives_a_delayed_response(freeze: Freeze) -> None:
    tape = open_for_replay([CASSETTES / "roles.yaml"], ENVIRON, faults=["slow ListRoles seconds=0.05"])
    with (
        freeze(PAST),
        servers.run_in_background(servers.serve_endpoint(tape, 0)) as running,
        urllib.request.urlopen(running.url, b"Action=ListRoles&Version=2010-05-08", 20) as response,
    ):
        assert response.status == 200
    assert tape.player and not tape.player.misses and not tape.player.unused_faults()


@pytest.fixture(scope="module")
def data_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def server() -> Iterator[OddServer]:
    running = OddServer()
    running.response = Odd(OK + PLAIN, 200)
    yield running
    running.close()


@pytest.mark.parametrize(("freezer", "at"), [("time-machine", PAST), ("time-machine", FUTURE), ("patched", PAST)])
def test_the_proxy_records(
    freezer: str, at: str, data_home: Path, server: OddServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its certificates are valid now, not at the time at which the test's clock stands; all runs have the same CA.

    tests/pytest_plugin/test_tapes.py does this with freezegun, in a process of its own: modules that are imported on
    the way keep some of the classes that freezegun has put in place.
    """
    monkeypatch.setenv("XDG_DATA_HOME", str(data_home))
    file = data_home / "awstape" / "ca.pem"
    authority = file.read_bytes() if file.exists() else None
    with FREEZERS[freezer](at), proxying(tmp_path, f"http://127.0.0.1:{server.port}", "none") as proxy:
        assert ask(proxy, b"Action=ListUsers&Version=2010-05-08") == (200, BODY)
        assert proxy.tape.live_recorder and proxy.tape.live_recorder.recorded_so_far == 1
    assert authority in (None, file.read_bytes())


@each_freezer
def test_an_idle_connection_is_found_and_a_busy_one_is_not(freeze: Freeze) -> None:
    async def main() -> None:
        idle, busy = asyncio.Event(), asyncio.Event()

        async def set_busy() -> None:
            busy.set()

        async def set_idle() -> None:
            idle.set()

        one, other = (proxy_server.connection_server.TimeoutWatchdog(0, each) for each in (set_idle, set_busy))
        with other.disarm():
            tasks = [asyncio.create_task(each.watch()) for each in (one, other)]
            await idle.wait()
            assert not busy.is_set()
        await busy.wait()
        await asyncio.gather(*tasks)

    with freeze(PAST), asyncio.Runner(loop_factory=clock.EventLoop) as runner:
        runner.run(main())


def test_a_server_in_a_process_of_its_own_uses_uvloop_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    made = clock.EventLoop()
    monkeypatch.setitem(sys.modules, "uvloop", SimpleNamespace(new_event_loop=lambda: made))
    assert clock.fast_event_loop() is made
    monkeypatch.setitem(sys.modules, "uvloop", None)
    other = clock.fast_event_loop()
    assert type(other) is clock.EventLoop
    other.close()
    made.close()

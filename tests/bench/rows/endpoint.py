"""The endpoint of `awstape replay`, in a process of its own, beside bare servers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from bench.frame import Contender, Goal, Row, Setting
from bench.references import clients, servers
from bench.traffic import cassette_text, form, page

TRACKS, ROLES, CONNECTIONS = 10, 5, 16


@contextmanager
def rows(setting: Setting) -> Iterator[Iterator[Row]]:
    file = setting.folder / "roles.yaml"
    file.write_text(cassette_text(TRACKS, ROLES), "utf-8")
    pages = {form(f"/p{number}/"): page(number, ROLES).body.decode() for number in range(TRACKS)}
    wired = {form(f"%2Fp{number}%2F"): body for number, body in enumerate(pages.values())}  # as botocore encodes it
    with ExitStack() as stack:
        running = {
            "awstape": stack.enter_context(servers.endpoint(file)),
            "a bare responder": stack.enter_context(servers.responder(wired, setting.folder)),
            "a bare matching responder": stack.enter_context(servers.responder(wired, setting.folder, "--matching")),
        }
        yield _rows(setting, running, list(map(clients.message, wired)), stack)


def _rows(
    setting: Setting, running: dict[str, servers.Server], messages: list[bytes], stack: ExitStack
) -> Iterator[Row]:
    calls, requests = setting.size(100, quick=20), setting.size(3000, quick=400)
    called, loaded, one_by_one = [], [], []
    goals = {"a bare responder": Goal(1.05)}, {"a bare matching responder": Goal(1 / 0.8)}
    for name, server in running.items():
        client = clients.iam(server.url)
        load, single = (clients.Load(server.address, messages, number) for number in (CONNECTIONS, 1))
        stack.callback(load.close)
        stack.callback(single.close)
        on = [server.process]
        called.append(Contender(name, partial(clients.call, client, calls), goals[0].get(name), calls, on))
        loaded.append(Contender(name, partial(load.run, requests), goals[1].get(name), requests, on))
        one_by_one.append(Contender(name, partial(single.run, requests // 4), None, requests // 4, on))
    yield Row("boto3 call over the endpoint", called[0], called[1:])
    yield Row("request to the endpoint, without boto3", one_by_one[0], one_by_one[1:])
    yield Row(f"request among {CONNECTIONS} connections", loaded[0], loaded[1:])

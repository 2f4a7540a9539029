"""`awstape replay` in processes of its own, as endpoint and as proxy, beside bare servers and other tools.

awstape runs in asyncio's event loop, as all bare servers do. With uvloop, it has a row of its own: there the servers
differ in their event loops, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import cycle, islice
from typing import Any

from bench.frame import Contender, Goal, Row, Setting
from bench.references import clients, servers
from bench.references.in_process import listing_forms
from bench.references.proxies import Client
from bench.traffic import cassette_text

TRACKS, ROLES, CONNECTIONS = 10, 5, 16
BARE, MATCHING, TALKBACK = "a bare responder", "a bare matching responder", "talkback"
#: Goals by reference: of a call, of the throughput, of a call through the proxy.
CALL, THROUGHPUT, PROXIED = {BARE: Goal(1.05)}, {MATCHING: Goal(1 / 0.8), TALKBACK: Goal(1)}, {BARE: Goal(1.25)}
UVLOOP, WORKERS = "awstape with uvloop", 2
PROXY_THROUGHPUT = {"mitmproxy's server replay": Goal(1 / 8)}


@contextmanager
def rows(setting: Setting) -> Iterator[Iterator[Row]]:
    with ExitStack() as stack:
        yield _rows(Running(setting, stack))


class Running:
    """Servers in use. missing: peer → why it can't run."""

    def __init__(self, setting: Setting, stack: ExitStack) -> None:
        self.setting = setting
        self.forms = listing_forms(TRACKS, ROLES)
        cassette = setting.folder / "roles.yaml"
        cassette.write_text(cassette_text(TRACKS, ROLES), "utf-8")
        use, folder, peers = stack.enter_context, setting.folder, setting.peers
        self.missing = {
            TALKBACK: servers.missing_program(peers, "talkback", "node"),
            "WireMock": servers.missing_program(peers, "wiremock", "java"),
        }
        self.servers = {
            "awstape": use(servers.endpoint(cassette)),
            BARE: use(servers.responder(self.forms, folder)),
            MATCHING: use(servers.responder(self.forms, folder, "--matching")),
        }
        if not self.missing[TALKBACK]:
            self.servers[TALKBACK] = use(servers.talkback(self.forms, folder, peers))
        if not self.missing["WireMock"]:
            self.servers["WireMock"] = use(servers.wiremock(self.forms, folder, peers))
        python = servers.python_with(peers, "uvloop")
        if python:
            self.servers[UVLOOP] = use(servers.endpoint(cassette, python=python))
        self.several_takes = folder / "takes.yaml"
        self.several_takes.write_text(cassette_text(1, ROLES, takes=2), "utf-8")
        self.one = use(servers.endpoint(self.several_takes))
        self.workers = use(servers.endpoint(self.several_takes, "--workers", str(WORKERS)))
        self.proxy = use(servers.replaying_proxy(cassette))
        self.mitmproxy = use(servers.mitmproxy_replay(self.forms, folder))

    def load(self, name: str, connections: int, count: int, goal: Goal | None) -> Contender:
        """A contender that sends so many requests to a server."""
        server = self.servers[name]
        run = partial(clients.send, messages=list(map(clients.message, self.forms)), count=count)
        within = partial(clients.connected, server.address, connections)
        return Contender(name, run, goal, count, [server.process], within)

    def row(self, name: str, contenders: list[Contender]) -> Row:
        """A row of these contenders, the first of which is awstape, and of the missing ones."""
        missing = [Contender(peer, missing=why) for peer, why in self.missing.items() if why]
        return Row(name, contenders[0], [*contenders[1:], *missing])


def _rows(running: Running) -> Iterator[Row]:
    calls, requests = running.setting.size(100, quick=20), running.setting.size(3000, quick=400)
    called, loaded, one_by_one = [], [], []
    for name, server in running.servers.items():
        if name == UVLOOP:
            continue
        called.append(_calls(name, clients.iam(server.url), calls, CALL, [server.process]))
        loaded.append(running.load(name, CONNECTIONS, requests, THROUGHPUT.get(name)))
        one_by_one.append(running.load(name, 1, requests // 4, None))
    yield running.row("boto3 call over the endpoint", called)
    yield running.row("request to the endpoint, without boto3", one_by_one)
    yield running.row(f"request among {CONNECTIONS} connections", loaded)
    yield from _with_uvloop(running, requests)
    yield _in_sessions(running, requests // 4)
    yield from _proxied(running, calls)


def _with_uvloop(running: Running, requests: int) -> Iterator[Row]:
    if UVLOOP in running.servers:
        work = running.load(UVLOOP, CONNECTIONS, requests, None)
        beside = [running.load(name, CONNECTIONS, requests, THROUGHPUT.get(name)) for name in (BARE, MATCHING)]
        yield Row(f"request among {CONNECTIONS} connections, with uvloop", work, beside)


def _in_sessions(running: Running, requests: int) -> Row:
    """Requests whose answers depend on the session, so that none is known; each connection has its session."""
    form = next(iter(running.forms))
    messages = [clients.message(form, path=f"/~{number}") for number in range(CONNECTIONS)]
    run = partial(clients.send_own, messages=messages, count=requests)

    def contender(name: str, server: servers.Server, processes: Sequence[int]) -> Contender:
        return Contender(name, run, None, requests, processes, partial(clients.connected, server.address, CONNECTIONS))

    several = contender("awstape", running.workers, servers.processes_of(running.workers))
    one = contender("awstape in one process", running.one, [running.one.process])
    return Row(f"request in {CONNECTIONS} sessions, {WORKERS} workers", several, [one])


def _proxied(running: Running, calls: int) -> Iterator[Row]:
    called, asked = [], []
    forms = [form.encode() for form in running.forms]
    for name, proxy in (("awstape", running.proxy), ("mitmproxy's server replay", running.mitmproxy)):
        client = clients.proxied_iam(proxy.url, proxy.ca)
        called.append(_calls(name, client, calls, PROXIED, [proxy.process]))
        raw = Client(proxy.process, proxy.address, ("iam.amazonaws.com", 443), proxy.ca)
        run = partial(raw.ask_all, list(islice(cycle(forms), calls)))
        asked.append(Contender(name, run, PROXY_THROUGHPUT.get(name), calls, [proxy.process]))
    bare = running.servers[BARE]
    called.append(_calls(BARE, clients.iam(bare.url), calls, PROXIED, [bare.process]))
    yield Row("boto3 call over the proxy", called[0], called[1:])
    yield Row("request to the proxy, without boto3", asked[0], asked[1:])


def _calls(name: str, client: Any, calls: int, goals: dict[str, Goal], processes: list[int]) -> Contender:
    return Contender(name, partial(clients.call, client, calls), goals.get(name), calls, processes)

"""Each kind of fault has its effect on a client, in each way in which the client can be served."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ProxyConnectionError, ReadTimeoutError
from mitmproxy import http
from mitmproxy.test import tflow

import awstape
from awstape.catalog.response_parser import parse_response
from awstape.core.cassette.faults import KINDS
from awstape.opening import open_for_replay
from awstape.program import servers
from awstape.proxying.flow_conversion import response_of
from awstape.proxying.interceptor import Interceptor
from e2e.harness import AWSTAPE, Machine
from support import in_process
from support.exchanges import operation

#: Each kind of fault strikes an operation of its own.
STRUCK = dict(
    zip(
        KINDS,
        """
        ListUsers ListRoles ListGroups ListPolicies ListAccountAliases ListInstanceProfiles ListSAMLProviders
        ListOpenIDConnectProviders ListServerCertificates ListVirtualMFADevices GetAccountSummary
        """.split(),
        strict=False,
    )
)
FAULTS = [f"{kind} {name} times=always" for kind, name in STRUCK.items()]
OTHER = "GetAccountPasswordPolicy"
TAKES = "".join(
    f"---\nservice: iam\noperation: {name}\nidentity: {{}}\npages:\n- output: {{}}\n"
    for name in (*STRUCK.values(), OTHER)
)
TIMEOUT = 0.5  # seconds that a client waits for a delayed response; without `seconds=`, the delay is longer

Ask = Callable[[str, float], str]
"""(operation, read timeout) → what the client got: `answered`, the code of an error, `closed` or `late`."""


def ask(client: Any, name: str) -> str:
    try:
        getattr(client, xform_name(name))()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    except (ConnectionClosedError, ProxyConnectionError):  # the latter if it was closed inside a proxy's tunnel
        return "closed"
    except ReadTimeoutError:
        return "late"
    return "answered"


def client(timeout: float, url: str | None = None, proxy: str | None = None, ca: str | None = None) -> Any:
    config = Config(
        retries={"total_max_attempts": 1}, read_timeout=timeout, proxies={"https": proxy} if proxy else None
    )
    session = boto3.Session(**in_process.FAKE_KEYS, region_name="us-east-1")
    return session.client("iam", endpoint_url=url, config=config, verify=ca)


@contextmanager
def endpoint(machine: Machine, path: Path) -> Iterator[Ask]:
    tape = open_for_replay([path], machine.environ, faults=FAULTS)
    with servers.run_in_background(servers.serve_endpoint(tape, 0)) as server:
        yield lambda name, timeout: ask(client(timeout, server.url), name)


@contextmanager
def workers(machine: Machine, path: Path) -> Iterator[Ask]:
    """Connections go to the workers in turn; one of the two passes requests without a session on to the other."""
    options = [word for fault in FAULTS for word in ("--fault", fault)]
    with machine.process(*AWSTAPE, "replay", path, "--workers", "2", "--json", *options) as process:
        assert process.stdout
        url = json.loads(process.stdout.readline())["address"]

        yield lambda name, timeout: " or ".join({ask(client(timeout, url), name) for _ in range(2)})


@contextmanager
def proxy(machine: Machine, path: Path) -> Iterator[Ask]:
    tape = open_for_replay([path], machine.environ, faults=FAULTS)
    with servers.run_in_background(servers.serve_proxy(tape, {}, 0)) as server:
        ca = server.changes["AWS_CA_BUNDLE"]
        yield lambda name, timeout: ask(client(timeout, None, server.url, ca), name)


@contextmanager
def flows_of_mitmproxy(machine: Machine, path: Path) -> Iterator[Ask]:
    """As the addon answers in mitmproxy, and the proxy of a recording that keeps what was recorded."""
    interceptor = Interceptor(open_for_replay([path], machine.environ, faults=FAULTS))

    def ask_with_flow(name: str, timeout: float) -> str:
        request = http.Request.make("POST", "https://iam.amazonaws.com/", f"Action={name}&Version=2010-05-08")
        request.headers["content-type"] = "application/x-www-form-urlencoded"
        flow = tflow.tflow(req=request)

        async def answer() -> None:
            await asyncio.wait_for(interceptor.request(flow), timeout)

        try:
            asyncio.run(answer())
        except TimeoutError:
            return "late"
        if flow.response is None:
            return "closed" if flow.error else "sent to AWS"
        parsed = parse_response(operation(name), response_of(flow.response))
        return str(parsed.get("Error", {}).get("Code", "answered"))

    yield ask_with_flow


@contextmanager
def process_of_the_client(_: Machine, path: Path) -> Iterator[Ask]:
    with awstape.replay(path, faults=FAULTS):
        yield lambda name, timeout: ask(client(timeout), name)


WAYS: list[Callable[[Machine, Path], AbstractContextManager[Ask]]] = [
    endpoint,
    workers,
    proxy,
    flows_of_mitmproxy,
    process_of_the_client,
]


def effect_of(kind: str) -> str:
    """What a client gets where a kind of fault strikes, by its row in the table of kinds."""
    row = KINDS[kind]
    code = row.failure(operation(STRUCK[kind])).code if row.failure else None
    (effect,) = filter(None, (code, row.drops and "closed", row.delay and "late"))
    return str(effect)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_every_kind_has_its_effect(
    way: Callable[[Machine, Path], AbstractContextManager[Ask]],
    machine: Machine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "tape.yaml"
    path.write_text(f"version: 1\n{TAKES}")
    in_process.isolate(monkeypatch, tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(machine.data_home))
    assert STRUCK.keys() == KINDS.keys()
    with way(machine, path) as ask:
        got = {kind: ask(name, TIMEOUT if KINDS[kind].delay else 60) for kind, name in STRUCK.items()}
        assert ask(OTHER, 60) == "answered"
    assert got == {kind: effect_of(kind) for kind in KINDS}

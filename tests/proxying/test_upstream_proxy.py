"""Recording through a company's proxy: what goes through it, and how its refusals are reported."""

from __future__ import annotations

import asyncio
import http.client
import os
import socket
import ssl
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from awstape.opening import open_for_recording
from awstape.program import servers
from awstape.proxying.proxy_settings import proxy_from_environment
from awstape.proxying.upstream_proxy import UpstreamProxy
from awstape.tape import Tape
from support.company import WHO, Company
from support.standin import StandIn

IAM = "iam.amazonaws.com"
LIST_USERS = "Action=ListUsers&Version=2010-05-08"


@pytest.fixture(scope="module")
def aws() -> Iterator[StandIn]:
    with StandIn() as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def data_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


Ask = Callable[[str], tuple[int, str]]
Record = Callable[..., AbstractContextManager[tuple[Ask, Tape]]]


@pytest.fixture
def record(
    tmp_path: Path, data_home: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Iterator[tuple[Ask, Tape]]]:
    """Records with the environment of a company, and sends requests as a program does."""

    @contextmanager
    def recording(
        company: Company, address: tuple[str, int], scheme: str = "http", **more: str
    ) -> Iterator[tuple[Ask, Tape]]:
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            monkeypatch.delenv(name)
        user = quote(more.pop("who", WHO), safe=":")
        environ = {"HTTPS_PROXY": "{}://{}@{}:{}".format(scheme, user, *address), "AWS_CA_BUNDLE": str(company.ca)}
        for name, value in {
            **environ,
            "XDG_DATA_HOME": str(data_home),
            "AWSTAPE_KEY": "a fake key of 16",
            **more,
        }.items():
            monkeypatch.setenv(name, value)
        tape = open_for_recording(tmp_path / "tape.yaml", "all", os.environ)
        warnings.filterwarnings("ignore", category=DeprecationWarning)  # what mitmproxy uses
        with servers.run_in_background(servers.serve_proxy(tape, {}, 0)) as (url, changes):
            trusting = ssl.create_default_context(cafile=changes["AWS_CA_BUNDLE"])
            trusting.verify_flags &= ~ssl.VERIFY_X509_STRICT
            port = int(url.rpartition(":")[2])

            def ask(host: str) -> tuple[int, str]:
                connection = http.client.HTTPSConnection("127.0.0.1", port, context=trusting, timeout=60)
                connection.set_tunnel(host, 443)
                try:
                    connection.request("POST", "/", LIST_USERS, {"Content-Type": "application/x-www-form-urlencoded"})
                    response = connection.getresponse()
                    return response.status, response.read().decode()
                except OSError as error:
                    return 0, str(error)
                finally:
                    connection.close()

            yield ask, tape

    return recording


def behind(aws: StandIn) -> tuple[str, int]:
    return "127.0.0.1", int(aws.url.rpartition(":")[2])


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_everything_leaves_through_the_proxy(tmp_path: Path, aws: StandIn, record: Record, scheme: str) -> None:
    with Company(tmp_path, behind(aws), secure=scheme == "https") as company:
        with record(company, company.address, scheme) as (ask, tape):
            status, body = ask(IAM)
            assert (status, "<ListUsersResult>" in body) == (200, True)
            assert ask("elsewhere.example")[0] == 200
            recording = tape.close()
        assert recording
        assert [take.track.operation for take in recording.cassette.takes] == ["ListUsers"]
        assert company.tunnels.keys() == {"iam.amazonaws.com:443", "elsewhere.example:443"}


@pytest.mark.parametrize(
    ("who", "verdict", "reason"),
    [("kim:hush", "", "407 Proxy Authentication Required"), (WHO, "403 Not here", "403 Not here")],
)
def test_a_refusal_by_the_proxy_is_reported_to_the_program(
    tmp_path: Path, aws: StandIn, record: Record, who: str, verdict: str, reason: str
) -> None:
    with Company(tmp_path, behind(aws), verdict=verdict) as company:
        told = "the proxy {}:{} (HTTPS_PROXY) refuses {}:443: {}"
        with record(company, company.address, who=who) as (ask, tape):
            status, body = ask(IAM)
            assert status == 400
            assert f"<Message>{told.format(*company.address, IAM, reason)}</Message>" in body
            status, error = ask("elsewhere.example")
            assert f"Tunnel connection failed: {reason[:3]}" in error
            recording = tape.close()
        assert recording
        assert not recording.cassette.takes
        assert not company.tunnels


def test_an_unreachable_proxy_is_reported(tmp_path: Path, aws: StandIn, record: Record) -> None:
    with socket.socket() as taken, Company(tmp_path, behind(aws)) as company:
        taken.bind(("127.0.0.1", 0))  # and doesn't listen
        with record(company, taken.getsockname()) as (ask, _):
            status, body = ask(IAM)
            assert (status, "can't be reached: Connection refused" in body) == (400, True)
            assert "Tunnel connection failed: 502" in ask("elsewhere.example")[1]
        assert not company.asked


def test_no_proxy_bypasses_the_proxy(
    tmp_path: Path, aws: StandIn, record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Company(tmp_path, behind(aws)) as company:
        resolve = asyncio.BaseEventLoop.getaddrinfo

        async def stand_in(
            loop: asyncio.BaseEventLoop, host: str, port: int, **kwargs: Any
        ) -> Any:  # the company's own name server
            address = company.tls if host in (IAM, "elsewhere.example") else (host, port)
            return await resolve(loop, *address, **kwargs)

        monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", stand_in)
        with record(company, company.address, NO_PROXY=".amazonaws.com") as (ask, _):
            assert ask(IAM)[0] == 200
            assert ask("elsewhere.example")[0] == 200
        assert company.tunnels.keys() == {"elsewhere.example:443"}


@pytest.mark.parametrize("said", [b"", b"220 mail.example ESMTP\r\n", b"HTTP/1.1 200", b"\x15\x03\x01\0\x02\x02\x46"])
def test_a_server_that_is_not_a_proxy_is_reported(said: bytes, tmp_path: Path) -> None:
    async def main() -> str | None:
        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readline()
            writer.write(said)
            writer.close()

        async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
            host, port = server.sockets[0].getsockname()
            proxy = proxy_from_environment({"HTTPS_PROXY": f"http://{host}:{port}"})
            assert proxy
            refusal = await UpstreamProxy(proxy, {}, tmp_path, lambda _: True).refusal(IAM, 443)
            return refusal.text if refusal else None

    told = asyncio.run(main())
    assert told
    assert told.endswith("can't be reached: it sends no valid response to CONNECT")

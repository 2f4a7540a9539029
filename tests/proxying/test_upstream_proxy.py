"""Recording through a company's proxy: which proxy applies, for which hosts, and how its refusals are reported."""

from __future__ import annotations

import asyncio
import http.client
import os
import socket
import ssl
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from awstape.errors import UserError
from awstape.opening import open_for_recording
from awstape.program import servers
from awstape.proxying.upstream_proxy import UpstreamProxy, bypasses_proxy, proxy_from_environment
from awstape.tape import Tape
from support.company import WHO, Company
from support.standin import StandIn

LIST_USERS = "Action=ListUsers&Version=2010-05-08"

# --- which proxy ---


@pytest.mark.parametrize(
    ("environ", "variable", "scheme", "address"),
    [
        ({"HTTPS_PROXY": "http://proxy.example:3128"}, "HTTPS_PROXY", "http", ("proxy.example", 3128)),
        ({"HTTPS_PROXY": "http://a", "https_proxy": "https://b/"}, "https_proxy", "https", ("b", 443)),
        ({"ALL_PROXY": "http://a", "HTTPS_PROXY": "b:8080"}, "HTTPS_PROXY", "http", ("b", 8080)),
        ({"all_proxy": "http://[::1]:8080"}, "all_proxy", "http", ("::1", 8080)),
        ({"ALL_PROXY": "http://a", "HTTP_PROXY": "http://b"}, "ALL_PROXY", "http", ("a", 80)),
    ],
)
def test_the_proxy_is_the_first_that_is_set(
    environ: Mapping[str, str], variable: str, scheme: str, address: tuple[str, int]
) -> None:
    proxy = proxy_from_environment(environ)
    assert proxy
    assert (proxy.variable, proxy.scheme, proxy.address, proxy.authorization) == (variable, scheme, address, None)


@pytest.mark.parametrize("environ", [{}, {"HTTP_PROXY": "http://a"}, {"https_proxy": "", "ALL_PROXY": "http://a"}])
def test_there_may_be_none(environ: Mapping[str, str]) -> None:
    assert proxy_from_environment(environ) is None


def test_user_and_password_are_decoded_and_not_shown() -> None:
    proxy = proxy_from_environment({"HTTPS_PROXY": f"http://{quote(WHO, safe=':')}@proxy.example"})
    assert proxy
    assert proxy.authorization == "Basic a2ltOnBhc3Mgd29yZA=="  # printf 'kim:pass word' | base64
    assert "a2lt" not in repr(proxy)


@pytest.mark.parametrize(
    "url",
    ["socks5://kim:hush@a:1", "socks5h://kim:hush@a", "ftp://kim:hush@a", "http://kim:hush@a:port", "http://", "a b"],
)
def test_what_is_no_http_proxy_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(UserError, match="ALL_PROXY") as caught:
        proxy_from_environment({"ALL_PROXY": url})
    assert "hush" not in f"{caught.value.problem}{caught.value.tip}"
    assert ("SOCKS" in caught.value.problem) == url.startswith("socks")


# --- for which hosts ---

IAM = "iam.amazonaws.com"


@pytest.mark.parametrize(
    ("no_proxy", "host", "expected"),
    [
        ("", IAM, False),
        ("*", IAM, True),
        ("a.example,*", IAM, True),
        ("amazonaws.com", IAM, True),
        (".amazonaws.com", IAM, True),
        ("*.amazonaws.com", IAM, True),
        ("AMAZONAWS.com", "IAM.amazonaws.com.", True),
        ("a.example, iam.amazonaws.com:443 b.example", IAM, True),
        ("iam.amazonaws.com:8443", IAM, False),
        ("azonaws.com,iam,amazonaws.com.example", IAM, False),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8,192.168.1.7", "192.168.1.7", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("fd00::/8", "fd00::1", True),
        ("10.0.0.0/8", IAM, False),
        ("", "localhost", True),
        ("", "127.0.0.2", True),
        ("", "::1", True),
    ],
)
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_hosts_that_bypass_the_proxy(name: str, no_proxy: str, host: str, expected: bool) -> None:
    assert bypasses_proxy({name: no_proxy}, host, 443) is expected


# --- what passes, and what doesn't ---


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

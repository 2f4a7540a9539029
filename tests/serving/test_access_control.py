"""The rules of access control: listen addresses, requests from web pages, hosts that the proxy relays to."""

from __future__ import annotations

import asyncio

import pytest

from awstape.catalog.hosts import is_service_endpoint
from awstape.core.aws.wire import Request
from awstape.errors import UserError
from awstape.program import servers
from awstape.serving.access_control import (
    AccessPolicy,
    is_loopback,
    record_exposure_warning,
    replay_exposure_warning,
    resolve_listen_address,
    url_of,
)
from support.tips import Tip

HERE, ELSEWHERE = "127.0.0.1", "192.0.2.9"
#: Hosts that AWS gives to somebody: a bucket, a machine, a balancer, and names that only look like AWS's.
SOMEBODYS = (
    "a-bucket.s3.amazonaws.com",
    "ec2-192-0-2-1.compute-1.amazonaws.com",
    "name-1.us-east-1.elb.amazonaws.com",
    "iam.amazonaws.com.evil.example",
    "eviliam.amazonaws.com",
    "evil.example",
    "amazonaws.com",
    "127.0.0.1",
    "169.254.169.254",
    "localhost",
    "",
)


# --- listening ---


@pytest.mark.parametrize(
    ("host", "address"), [("127.0.0.1", "127.0.0.1"), ("127.0.0.2", "127.0.0.2"), ("::1", "::1"), ("[::1]", "::1")]
)
def test_loopback_needs_no_permission(host: str, address: str) -> None:
    assert resolve_listen_address(host, allow_remote=False) == address
    assert is_loopback(address)


def test_a_name_is_looked_up() -> None:
    assert is_loopback(resolve_listen_address("localhost", allow_remote=False))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "0", "192.0.2.1", "[2001:db8::1]", "::ffff:192.0.2.1"])
def test_an_address_that_other_machines_reach_must_be_allowed(host: str) -> None:
    with pytest.raises(UserError, match="other machines could reach it") as caught:
        servers.resolve_listen_options(host, allow_remote=False)
    assert "--allow-remote" in caught.value.tip
    assert not is_loopback(servers.resolve_listen_options(host, allow_remote=True).address)


@pytest.mark.parametrize("host", ["", "[]", "no such host", "a" * 300, "127.0.0.1:80", "\0", "*"])
def test_a_host_that_does_not_exist_is_refused(host: str) -> None:
    with pytest.raises(UserError, match="there is no such address"):
        resolve_listen_address(host, allow_remote=True)


@pytest.mark.parametrize(
    ("address", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("::1", "http://[::1]:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("192.0.2.1", "http://192.0.2.1:80"),
    ],
)
def test_the_url_can_be_connected_to(address: str, url: str) -> None:
    assert url_of(address, 80) == url


def test_the_warnings_about_exposure() -> None:
    assert "192.0.2.1 can read the cassettes" in replay_exposure_warning("192.0.2.1")
    assert "this machine, by any of its addresses, can talk to AWS as" in record_exposure_warning("0.0.0.0", "local")
    assert "any public host" in record_exposure_warning("0.0.0.0", "all")


# --- asking ---


def asked(host: str, **headers: str) -> str | None:
    fields = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return AccessPolicy(frozenset({"ci.corp.example"})).request_refusal(Request("POST", host, "/", headers=fields))


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "[::1]", "::1", "192.0.2.1", "localhost", "LOCALHOST.", "a.localhost", ""),
        *("awstape", "my_service", "host.docker.internal", "iam.amazonaws.com", "STS.us-east-1.amazonaws.com."),
        *("Ci.corp.example.", "111122223333.ci.corp.example", "111122223333.127.0.0.1", "zap-111122223333.10.0.0.1"),
    ],
)
def test_host_names_that_no_web_page_can_have_are_accepted(host: str) -> None:
    assert asked(host) is None


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "evil.example.", "xlocalhost.example"),
        *("iam.amazonaws.com.evil.example", "evilamazonaws.com", "internal.example", "corp.example", "127.1"),
        *("xci.corp.example", "ci.corp.example.evil.example", "127.0.0.1x"),
    ],
)
def test_public_host_names_are_refused(host: str) -> None:
    tip = Tip(
        "awstape does not accept requests for this host name, which a web page could point to this machine\n"
        "use the address or localhost, or start awstape with this name: --host NAME"
    )
    assert tip.take(asked(host) or "", "--host .*") == "--host NAME"


def test_a_host_name_that_awstape_is_started_with_is_accepted() -> None:
    """`--host NAME`, as the refusal says."""
    assert AccessPolicy(frozenset({"corp.example"})).request_refusal(Request("POST", "corp.example", "/")) is None


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:3000",
        "https://127.0.0.1",
        "http://[::1]:9",
        "http://web:80",
        "http://10.0.0.7",
        "http://x.localhost",
    ],
)
def test_pages_of_this_machine_are_accepted(origin: str) -> None:
    assert asked("127.0.0.1", Origin=origin, Sec_Fetch_Site="cross-site") is None
    assert asked("127.0.0.1", Sec_Fetch_Site="same-origin") is None


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"origin": "null"},
        {"Origin": ""},
        {"Origin": "http://localhost", "ORIGIN": "https://evil.example"},
        {"Origin": "http://93.184.216.34"},
        {"Origin": "https://a-bucket.s3.amazonaws.com"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost@evil.example"},
        {"Origin": "http://[::1"},
        {"Sec_Fetch_Site": "cross-site"},
    ],
)
def test_pages_of_other_sites_are_refused(headers: dict[str, str]) -> None:
    assert "pages of other sites" in (asked("127.0.0.1", **headers) or "")


# --- leading ---


@pytest.mark.parametrize(
    "host",
    [
        *("iam.amazonaws.com", "IAM.amazonaws.com.", "sts.amazonaws.com", "sts-fips.us-east-1.amazonaws.com"),
        *("portal.sso.eu-central-1.amazonaws.com", "oidc.us-east-1.amazonaws.com", "sts.cn-north-1.amazonaws.com.cn"),
        *("access-analyzer.us-east-1.api.aws", "iam.us-gov.amazonaws.com"),
    ],
)
@pytest.mark.parametrize("client", [HERE, ELSEWHERE])
def test_every_client_may_connect_to_aws(host: str, client: str) -> None:
    assert is_service_endpoint(host)
    policy = AccessPolicy()
    assert [policy.relay_refusal(host, port, client) is None for port in (443, 80, 22, 53)] == [
        True,
        True,
        False,
        False,
    ]
    assert asyncio.run(policy.connect_address(host, 443, client)) == host


@pytest.mark.parametrize("host", SOMEBODYS)
def test_pass_through_decides_who_may_connect_to_other_hosts(host: str) -> None:
    may = {
        (passes, client): AccessPolicy(pass_through=passes).relay_refusal(host, 443, client) is None
        for passes in ("none", "local", "all")
        for client in (HERE, "::1", "::ffff:127.0.0.1", ELSEWHERE)
    }
    assert {key for key, value in may.items() if not value} == {
        *(("none", client) for client in (HERE, "::1", "::ffff:127.0.0.1", ELSEWHERE)),
        ("local", ELSEWHERE),
    }


def test_upstreams_are_reached_at_their_port_only() -> None:
    policy = AccessPolicy(upstreams=frozenset({("127.0.0.1", 5000)}))
    assert policy.relay_refusal("127.0.0.1", 5000, ELSEWHERE) is None
    assert asyncio.run(policy.connect_address("127.0.0.1", 5000, ELSEWHERE)) == "127.0.0.1"
    assert policy.relay_refusal("127.0.0.1", 5001, ELSEWHERE)


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "::1", "::ffff:127.0.0.1", "0.0.0.0", "169.254.169.254", "fe80::1", "10.0.0.1"),
        *("fd00:ec2::254", "100.100.100.200", "127.1", "2130706433", "no such host", "224.0.0.1"),
    ],
)
def test_clients_on_other_machines_reach_no_private_address(host: str) -> None:
    """Whatever the name: it is resolved once, and the connection goes to the address that was checked."""
    policy = AccessPolicy(pass_through="all")
    assert asyncio.run(policy.connect_address(host, 80, ELSEWHERE)) is None
    assert asyncio.run(policy.connect_address(host, 80, HERE)) == host
    assert asyncio.run(policy.connect_address("1.1.1.1", 80, ELSEWHERE)) == "1.1.1.1"


@pytest.mark.parametrize(
    ("dest", "is_asked"), [("empty", True), ("document", True), ("image", False), ("iframe", False)]
)
def test_requests_for_parts_of_pages_are_refused(dest: str, is_asked: bool) -> None:
    """Such as the icon for the page of a refusal, which a browser requests as part of this site."""
    headers = (("host", "127.0.0.1:1"), ("sec-fetch-site", "same-origin"), ("sec-fetch-dest", dest))
    asked = Request("GET", "127.0.0.1", "/favicon.ico", "", headers, b"")
    assert (AccessPolicy().request_refusal(asked) is None) == is_asked

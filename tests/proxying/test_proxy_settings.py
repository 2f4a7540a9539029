"""Which proxy the environment names, and the hosts that bypass it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import pytest

from awstape.errors import UserError
from awstape.proxying.proxy_settings import bypasses_proxy, proxy_from_environment
from support.company import WHO
from support.tips import Tip

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


@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
@pytest.mark.parametrize(
    ("url", "tip"),
    [
        ("socks5h://a", Tip("set {} to an HTTP proxy")),
        ("ftp://a", Tip("set {} to http://[USER:PASSWORD@]HOST:PORT")),
    ],
)
def test_following_the_advice_on_a_proxy(variable: str, url: str, tip: Tip) -> None:
    environ = {variable: url}
    with pytest.raises(UserError) as caught:
        proxy_from_environment(environ)
    environ[tip.take(caught.value.tip, "set (.*) to")] = "http://kim:hush@proxy.example:8080"
    proxy = proxy_from_environment(environ)
    assert proxy and proxy.address == ("proxy.example", 8080)


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

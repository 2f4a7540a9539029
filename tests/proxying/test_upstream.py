"""The URLs of upstreams, and why an upstream can't be reached."""

from __future__ import annotations

import asyncio
import socket
from typing import NoReturn

import pytest

from awstape.errors import UserError
from awstape.proxying.upstream import address_of, connect_problem, parse_upstream


def test_an_upstream_that_listens_has_no_problem() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert asyncio.run(connect_problem(*server.getsockname())) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_reason_names_no_address(host: str) -> None:
    """Also that of a name with several addresses, for which asyncio joins the errors of all."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert asyncio.run(connect_problem(host, port)) == "Connection refused"


def test_a_name_that_does_not_exist_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> NoReturn:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert asyncio.run(connect_problem("stand-in.example", 80)) == "Name or service not known"
    assert asyncio.run(connect_problem("a" * 64 + ".example", 80)) in (
        "Name or service not known",
        "not a valid address",
    )


def test_urls_are_parsed() -> None:
    parsed = parse_upstream(["iam=http://127.0.0.1:5000/x", "accessanalyzer=https://stand-in.example"])
    assert {name: address_of(url) for name, url in parsed.items()} == {
        "iam": ("127.0.0.1", 5000),
        "accessanalyzer": ("stand-in.example", 443),
    }
    for spec in ("iam", "s3=http://127.0.0.1", "iam=ftp://127.0.0.1", "iam=http://127.0.0.1:99999", "iam=http://"):
        with pytest.raises(UserError, match="is not SERVICE=URL"):
            parse_upstream([spec])

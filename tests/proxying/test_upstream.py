"""The URLs of upstreams, and why an upstream can't be reached."""

from __future__ import annotations

import asyncio
import gzip
import socket
from typing import NoReturn

import pytest
from mitmproxy import http
from mitmproxy.test import tflow

from awstape.catalog.botocore_data import DEFAULT_SERVICES
from awstape.catalog.service_models import load_models
from awstape.core.aws.wire import Request, Response
from awstape.errors import UserError
from awstape.proxying.upstream import address_of, connect_problem, find_upstream, lead_back, parse_upstream


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
    specs = ["iam=http://127.0.0.1:5000/x", "accessanalyzer=https://stand-in.example"]
    parsed = parse_upstream(specs, DEFAULT_SERVICES)
    assert {name: address_of(url) for name, url in parsed.items()} == {
        "iam": ("127.0.0.1", 5000),
        "accessanalyzer": ("stand-in.example", 443),
    }
    for spec in ("iam", "=http://127.0.0.1", "iam=ftp://127.0.0.1", "iam=http://127.0.0.1:99999", "http://"):
        with pytest.raises(UserError, match="is neither URL nor SERVICE=URL"):
            parse_upstream([spec], DEFAULT_SERVICES)


def test_a_url_alone_is_for_all_services_but_those_that_are_named() -> None:
    parsed = parse_upstream(["http://127.0.0.1:5000/?a=b", "sts=http://127.0.0.1:6000"], DEFAULT_SERVICES)
    found = {name: find_upstream(parsed, name) for name in DEFAULT_SERVICES}
    assert {name: url and url.port for name, url in found.items()} == {"iam": 5000, "accessanalyzer": 5000, "sts": 6000}


def test_an_upstream_of_a_service_that_is_not_recorded_is_refused() -> None:
    with pytest.raises(UserError) as caught:
        parse_upstream(["s3=http://127.0.0.1:5000"], DEFAULT_SERVICES)
    assert caught.value.problem.endswith("is for a service that is not recorded")
    assert caught.value.tip == "to record it as well: --service iam --service accessanalyzer --service sts --service s3"
    with pytest.raises(UserError) as caught:
        parse_upstream(["aim=http://127.0.0.1:5000"], DEFAULT_SERVICES)
    assert caught.value.tip == "did you mean iam?"


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_the_queue_urls_of_an_upstream_lead_to_the_proxy(encoding: str) -> None:
    """A client would send its next request to the upstream itself, past the proxy."""
    body = b'{"QueueUrl":"http://127.0.0.1:5000/111122223333/jobs"}'
    body = gzip.compress(body) if encoding == "gzip" else body
    headers = (("X-Amz-Target", "AmazonSQS.GetQueueUrl"), ("Content-Type", "application/x-amz-json-1.0"))
    asked = Request("POST", "sqs.eu-west-1.amazonaws.com", "/", "", headers, b"{}")
    answered = Response(200, (("Content-Encoding", encoding),), body)
    flow = tflow.tflow(resp=http.Response.make(200, body, dict(answered.headers)))
    expected = b'{"QueueUrl":"https://sqs.eu-west-1.amazonaws.com/111122223333/jobs"}'
    assert lead_back(load_models(("sqs",)), flow, asked, answered).body == expected
    assert flow.response and flow.response.content == expected
    assert flow.response.headers["content-length"] == str(len(flow.response.raw_content or b""))


def test_other_answers_of_an_upstream_stay() -> None:
    answered = Response(200, (), b"<ListUsersResponse/>")
    flow = tflow.tflow(resp=http.Response.make(200, answered.body))
    form = (("Content-Type", "application/x-www-form-urlencoded"),)
    asked = Request("POST", "iam.amazonaws.com", "/", "", form, b"Action=ListUsers&Version=2010-05-08")
    for each in (asked, Request("PUT", "iam.amazonaws.com", "/", "", form, b"Action=ListUsers")):
        assert lead_back(load_models(), flow, each, answered) is answered

"""The mitmproxy addon, hook by hook: recording, replay, refusals, and flows that it does not change."""
# mypy: disable-error-code="no-untyped-call"

from __future__ import annotations

import asyncio
import gzip
import io
import logging
import os
import ssl
import threading
import zlib
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from urllib.parse import urlsplit

import brotli
import pytest
from mitmproxy import connection, http, tls
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.exceptions import OptionsError
from mitmproxy.io import FlowWriter
from mitmproxy.options import Options
from mitmproxy.proxy import context, server_hooks
from mitmproxy.test import taddons, tflow

from awstape.addon import Awstape
from awstape.catalog.botocore_data import DEFAULT_SERVICES
from awstape.errors import UserError
from awstape.opening import open_for_recording, open_for_replay
from awstape.proxying import upstream_checks
from awstape.proxying.interceptor import Interceptor
from awstape.proxying.upstream import parse_upstream
from awstape.tape import Tape
from support.exchanges import restored

ENVIRON = {"AWSTAPE_KEY": "an example key of some length"}
FOREIGN = ("sqs.us-east-1.amazonaws.com", "example.com", "iam.amazonaws.com.example.com", "127.0.0.1")
OURS = ("iam.amazonaws.com", "IAM.amazonaws.com", "access-analyzer.eu-central-1.amazonaws.com")
USERS = b"""\
<ListUsersResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">
  <ListUsersResult>
    <IsTruncated>false</IsTruncated>
    <Users>
      <member>
        <Path>/</Path>
        <UserName>alice-example</UserName>
        <UserId>AIDAZREALZREALZREALZ</UserId>
        <Arn>arn:aws:iam::111122223333:user/alice-example</Arn>
        <CreateDate>2026-03-02T09:14:11Z</CreateDate>
      </member>
    </Users>
  </ListUsersResult>
  <ResponseMetadata>
    <RequestId>00000000-0000-0000-0000-000000000000</RequestId>
  </ResponseMetadata>
</ListUsersResponse>
"""


@pytest.fixture(autouse=True)
def every_upstream_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    async def reached(*_: object) -> None:
        pass

    monkeypatch.setattr(upstream_checks, "connect_problem", reached)


@pytest.fixture
def cassette(tmp_path: Path) -> Path:
    return tmp_path / "users.yaml"


@pytest.fixture
def recording(cassette: Path) -> Interceptor:
    return Interceptor(open_for_recording(cassette, "all", ENVIRON))


@pytest.fixture
def replaying(cassette: Path, recording: Interceptor) -> Interceptor:
    pass_through(recording, flow_of("ListUsers"))
    close(recording)
    return Interceptor(open_for_replay([cassette], ENVIRON))


def flow_of(action: str, host: str = "iam.amazonaws.com", url: str = "https://{}/") -> http.HTTPFlow:
    request = http.Request.make("POST", url.format(host), f"Action={action}&Version=2010-05-08")
    request.headers["content-type"] = "application/x-www-form-urlencoded"
    return tflow.tflow(req=request)


def signed_flow(host: str, service: str = "iam") -> http.HTTPFlow:
    flow = flow_of("ListUsers", host)
    credential = f"Credential=AKIAEXAMPLE000000000/20260102/us-east-1/{service}/aws4_request"
    flow.request.headers["authorization"] = f"AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=00"
    return flow


def foreign_flow(host: str) -> http.HTTPFlow:
    return tflow.tflow(req=http.Request.make("GET", f"https://{host}/"))


def response(body: bytes = USERS, encoding: str | None = None) -> http.Response:
    """Returns a response with exactly this body, also if it doesn't match the content encoding."""
    made = http.Response.make(200, body, {"content-type": "text/xml"})
    if encoding:
        made.headers["content-encoding"] = encoding
    return made


def without_wait(hook: Coroutine[None, None, None]) -> None:
    """Runs a hook that awaits nothing, inside or outside an event loop."""
    with pytest.raises(StopIteration):
        hook.send(None)


def pass_through(addon: Interceptor, flow: http.HTTPFlow, answer: http.Response | None = None) -> http.HTTPFlow:
    """Passes a flow through the hooks as mitmproxy does: the upstream responds unless the addon did."""
    without_wait(addon.request(flow))
    if flow.response is None:
        flow.response = answer or response()
        without_wait(addon.response(flow))
    return flow


def close(addon: Interceptor) -> dict[str, int]:
    """Ends the recording; returns the number of skipped exchanges by reason."""
    assert addon.tape
    finished = addon.tape.close()
    assert finished
    return finished.skipped


def status_of(flow: http.HTTPFlow) -> int | None:
    return flow.response.status_code if flow.response else None


# --- recording ---


def test_an_exchange_is_recorded_redacted_and_not_touched(recording: Interceptor, cassette: Path) -> None:
    flow = pass_through(recording, flow_of("ListUsers"))
    assert flow.response
    assert flow.response.raw_content == USERS
    assert flow.request.pretty_url == "https://iam.amazonaws.com/"
    assert close(recording) == {}
    text = cassette.read_text()
    assert "operation: ListUsers" in text
    assert "CreateDate: '2026-03-02T09:14:11Z'" in text
    for secret in ("111122223333", "alice-example", "AIDAZREALZREALZREALZ"):
        assert secret not in text


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(USERS)),
        ("deflate", zlib.compress(USERS)),
        ("br", brotli.compress(USERS)),
        ("identity", USERS),
        ("gzip", USERS),
    ],
    ids=["gzip", "deflate", "br", "identity", "a header without an encoding"],
)
def test_an_encoded_body_is_recorded_decoded(
    encoding: str, body: bytes, recording: Interceptor, cassette: Path
) -> None:
    flow = pass_through(recording, flow_of("ListUsers"), response(body, encoding))
    assert flow.response
    assert flow.response.raw_content == body
    assert close(recording) == {}
    assert "operation: ListUsers" in cassette.read_text()


BOMB = gzip.compress(bytes(2**24 + 1), 1)


@pytest.mark.parametrize(
    ("encoding", "body", "problem"),
    [
        ("gzip", b"\0" + USERS, "not compressed as its header says"),
        ("gzip", gzip.compress(USERS)[:60], "cut off"),
        ("odd", b"\0" + USERS, "content encoding of the body is not supported"),
        ("gzip", BOMB, "larger than 16 MiB"),
        ("gzip, gzip", gzip.compress(BOMB), "larger than 16 MiB"),
    ],
    ids=["not gzip", "half of it", "unknown", "a bomb", "a bomb in a bomb"],
)
def test_a_body_that_cannot_be_decoded_is_passed_on_and_counted(
    encoding: str, body: bytes, problem: str, recording: Interceptor, cassette: Path
) -> None:
    flow = pass_through(recording, flow_of("ListUsers"), response(body, encoding))
    assert flow.response
    assert flow.response.raw_content == body
    (reason,) = close(recording)
    assert problem in reason
    assert not cassette.exists()


def test_bytes_that_are_not_text_do_not_stop_a_recording(recording: Interceptor, cassette: Path) -> None:
    odd = flow_of("ListUsers")
    odd.request.data.path = b"/?PathPrefix=\xff"
    odd.request.headers.fields += ((b"x-odd\xff", b"\xff\xfe"), (b"authorization", b"Credential=\xff"))
    answer = response()
    answer.headers.fields += ((b"x-amzn-errortype", b"\xff\x1b"),)
    pass_through(recording, odd, answer)
    pass_through(recording, flow_of("ListUsers"), answer)
    assert recording.failure is None
    assert close(recording) == {"a percent-encoded text is not UTF-8": 1}
    assert "operation: ListUsers" in cassette.read_text()


def test_mitmproxy_can_save_the_flows_that_are_recorded(recording: Interceptor) -> None:
    """mitmproxy logs options that it can't save, with all their content."""
    saved = io.BytesIO()
    FlowWriter(saved).add(pass_through(recording, flow_of("ListUsers")))
    assert b"ListUsers" in saved.getvalue()


@pytest.mark.parametrize("host", FOREIGN)
def test_requests_to_other_hosts_are_not_touched(host: str, recording: Interceptor, cassette: Path) -> None:
    recording.upstream = parse_upstream(["iam=http://127.0.0.1:5000"], DEFAULT_SERVICES)
    before = foreign_flow(host).request.get_state()
    flow = pass_through(recording, foreign_flow(host))
    after = flow.request.get_state()
    assert {**after, "timestamp_start": 0, "timestamp_end": 0} == {**before, "timestamp_start": 0, "timestamp_end": 0}
    assert recording.tape and recording.tape.passed.total() == 1
    pass_through(recording, signed_flow(host, "sqs"))
    assert close(recording) == {}
    assert not cassette.exists()


@pytest.mark.parametrize("host", [host for host in FOREIGN if not host.endswith(".amazonaws.com")])
def test_calls_under_another_host_are_recognised_by_their_signature(
    host: str, recording: Interceptor, cassette: Path
) -> None:
    """As behind a reverse proxy, or with an endpoint that has a name of its own."""
    flow = pass_through(recording, signed_flow(host))
    assert flow.request.pretty_host == host, "it is not redirected"
    assert close(recording) == {}
    assert "operation: ListUsers" in cassette.read_text()


def test_a_call_without_an_answer_is_counted(recording: Interceptor) -> None:
    flow = flow_of("ListUsers")
    without_wait(recording.request(flow))
    flow.error = tflow.terr()
    without_wait(recording.error(flow))
    assert recording.failure is None
    assert recording.tape and (recorder := recording.tape.live_recorder) and recorder.journal
    assert restored(recorder.journal.contents()).finish().failed == {"no response: the connection broke": 1}


def test_other_requests_go_on_while_the_disk_writes(recording: Interceptor, monkeypatch: pytest.MonkeyPatch) -> None:
    is_written = threading.Event()

    async def run() -> None:
        answered, *others = [flow_of(name) for name in ("ListUsers", "ListGroups", "ListRoles")]
        await recording.request(answered)
        await recording.request(others[0])
        monkeypatch.setattr(os, "fsync", lambda _: is_written.wait(20))
        answered.response = response()
        answering = asyncio.ensure_future(recording.response(answered))
        await asyncio.sleep(0)
        await recording.request(others[1])
        assert not answering.done()
        is_written.set()
        await answering

    asyncio.run(run())
    assert recording.failure is None


def test_an_error_of_another_host_is_ignored(recording: Interceptor) -> None:
    flow = foreign_flow("example.com")
    without_wait(recording.request(flow))
    without_wait(recording.error(flow))
    assert close(recording) == {}


@pytest.mark.parametrize(
    ("url", "target", "expected"),
    [
        ("https://{}/?a=b", "iam=http://127.0.0.1:5000", "http://127.0.0.1:5000/?a=b"),
        ("https://{}/", "iam=https://stand-in.example", "https://stand-in.example/"),
        ("https://{}:8443/?a", "iam=http://stand-in.example/prefix/", "http://stand-in.example/prefix/?a"),
        ("https://{}/", "accessanalyzer=http://127.0.0.1:5000", "https://iam.amazonaws.com/"),
    ],
)
def test_requests_go_to_the_upstream_that_was_named(
    url: str, target: str, expected: str, recording: Interceptor, cassette: Path
) -> None:
    recording.upstream = parse_upstream([target], DEFAULT_SERVICES)
    flow = pass_through(recording, flow_of("ListUsers", url=url))
    request = flow.request
    assert request.url == expected
    assert (request.scheme, request.host) == (urlsplit(expected).scheme, urlsplit(expected).hostname)
    assert close(recording) == {}
    assert "operation: ListUsers" in cassette.read_text()


class Failing(Tape):
    """A tape that raises an unexpected exception."""

    def record(self, *_: object, **__: object) -> None:
        raise ZeroDivisionError("alice-example")


def test_after_an_internal_error_all_calls_to_aws_are_refused(cassette: Path) -> None:
    tape = open_for_recording(cassette, "all", ENVIRON)
    addon = Interceptor(Failing(tape.path, tape.cassette, tape.live_recorder, tape.player))
    first, second = (pass_through(addon, flow_of("ListUsers")) for _ in range(2))
    assert addon.failure
    assert addon.failure.problem.startswith("awstape stopped: ZeroDivisionError in test_addon.py")
    for flow in (first, second):
        assert flow.response
        assert flow.response.status_code == 400, "SDKs don't ask again"
        assert f"<Message>{addon.failure.problem}</Message>" in (flow.response.text or "")
        assert "alice-example" not in (flow.response.text or "")
    foreign = foreign_flow("example.com")
    without_wait(addon.request(foreign))
    assert foreign.response is None
    signed = pass_through(addon, signed_flow("127.0.0.1"))
    assert status_of(signed) == 400, "also a call to AWS under another host"


# --- replay ---


def test_a_request_is_answered_from_the_tape(replaying: Interceptor) -> None:
    first, second = flow_of("ListUsers"), flow_of("ListUsers")
    for flow in (first, second):
        without_wait(replaying.request(flow))
        assert status_of(flow) == 200
    assert first.response
    assert second.response
    assert first.response.raw_content == second.response.raw_content
    assert "date" not in first.response.headers
    assert b"<UserName>alias-" in (first.response.raw_content or b"")


@pytest.mark.parametrize("flow", [flow_of("ListRoles"), flow_of("Nothing"), *map(foreign_flow, FOREIGN)])
def test_an_unrecorded_request_is_a_miss_and_is_not_forwarded(flow: http.HTTPFlow, replaying: Interceptor) -> None:
    without_wait(replaying.request(flow))
    assert flow.response
    assert flow.response.status_code == 400
    assert flow.response.headers["x-awstape-miss"] == "true"
    assert replaying.tape
    assert replaying.tape.player
    assert len(replaying.tape.player.misses) == 1


def test_replay_opens_no_connection(replaying: Interceptor, recording: Interceptor) -> None:
    for addon, error in ((replaying, "awstape replay opens no connection"), (recording, None)):
        data = server_hooks.ServerConnectionHookData(tflow.tserver_conn(), tflow.tclient_conn())
        without_wait(addon.server_connect(data))
        assert data.server.error == error


@pytest.mark.parametrize("host", [*FOREIGN, *OURS])
def test_replay_refuses_tunnels_to_other_hosts(host: str, replaying: Interceptor, recording: Interceptor) -> None:
    is_refused = host in FOREIGN and host != "sqs.us-east-1.amazonaws.com"
    for addon, status in ((replaying, 403 if is_refused else None), (recording, None)):
        flow = tflow.tflow(req=http.Request.make("CONNECT", f"https://{host}:443"))
        addon.http_connect(flow)
        assert status_of(flow) == status


# --- TLS ---


def client_hello(sni: str | None, address: str | None) -> tls.ClientHelloData:
    """Returns OpenSSL's ClientHello on a connection to an address."""
    context_ = ssl.create_default_context()
    context_.check_hostname = False
    sent = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        context_.wrap_bio(ssl.MemoryBIO(), sent, server_hostname=sni).do_handshake()
    headers = 5 + 4  # of the record and of the handshake
    found = context.Context(tflow.tclient_conn(), Options())
    found.server = connection.Server(address=(address, 443) if address else None)
    return tls.ClientHelloData(found, tls.ClientHello(sent.read()[headers:]))


@pytest.mark.parametrize(
    ("sni", "address", "is_recorded"),
    [
        *((host, host, True) for host in OURS),
        *(
            (host, host, False)
            for host in ("sqs.us-east-1.amazonaws.com", "example.com", "iam.amazonaws.com.example.com")
        ),
        ("iam.amazonaws.com", "192.0.2.1", True),
        ("example.com", "iam.amazonaws.com", False),
        (None, "iam.amazonaws.com", True),
        (None, "192.0.2.1", False),
        (None, None, False),
    ],
)
def test_tls_is_intercepted_for_recorded_hosts_and_in_replay_for_all_of_aws(
    sni: str | None, address: str | None, is_recorded: bool, recording: Interceptor, replaying: Interceptor
) -> None:
    in_replay = is_recorded or sni == "sqs.us-east-1.amazonaws.com"
    for addon, opened in ((recording, is_recorded), (replaying, in_replay), (Interceptor(), False)):
        data = client_hello(sni, address)
        addon.tls_clienthello(data)
        assert data.ignore_connection is not opened
        assert not data.establish_server_tls_first


# --- the addon loaded by mitmproxy ---


def in_mitmproxy(scenario: Callable[[taddons.context, Awstape], Awaitable[None]]) -> Awstape:
    """Runs a scenario with the addon loaded."""
    addon = Awstape()

    async def main() -> None:
        with taddons.context(Proxyserver(), addon) as mitmproxy:
            await scenario(mitmproxy, addon)

    asyncio.run(main())
    return addon


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWSTAPE_KEY", ENVIRON["AWSTAPE_KEY"])


def test_a_whole_recording_and_its_replay(cassette: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def record(mitmproxy: taddons.context, addon: Awstape) -> None:
        mitmproxy.configure(addon, awstape_cassette=str(cassette))
        addon.running()
        flow = flow_of("ListUsers")
        flow.response = response()
        await addon.request(flow)
        await addon.response(flow)
        assert mitmproxy.options.connection_strategy == "eager"
        addon.done()

    async def replay(mitmproxy: taddons.context, addon: Awstape) -> None:
        mitmproxy.configure(addon, awstape_replay=[str(cassette.parent)])
        addon.running()
        assert mitmproxy.options.connection_strategy == "lazy"
        assert mitmproxy.options.upstream_cert is False
        flow = flow_of("ListUsers")
        await mitmproxy.cycle(addon, flow)
        assert status_of(flow) == 200
        addon.done()

    in_mitmproxy(record)
    assert f"recorded {cassette}: 1 track, 1 page, 1 item" in caplog.messages
    in_mitmproxy(replay)


def test_options_choose_what_is_recorded(cassette: Path) -> None:
    async def record(mitmproxy: taddons.context, addon: Awstape) -> None:
        mitmproxy.configure(
            addon,
            awstape_cassette=str(cassette),
            awstape_operation=["List*"],
            awstape_upstream=["iam=http://127.0.0.1:5000"],
        )
        addon.running()
        assert mitmproxy.options.connection_strategy == "lazy"
        for action in ("ListUsers", "GetAccountSummary", "DeleteRole"):
            flow = pass_through(addon, flow_of(action), response(USERS.replace(b"ListUsers", action.encode())))
            assert flow.request.pretty_url == "http://127.0.0.1:5000/"
        addon.done()

    in_mitmproxy(record)
    assert cassette.read_text().count("operation: ") == 1


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (
            {"awstape_cassette": "{}/a.yaml", "awstape_replay": ["{}"]},
            "either awstape_cassette or awstape_replay, not both",
        ),
        ({"awstape_cassette": "{}/a.yaml", "awstape_mode": "sometimes"}, "awstape_mode"),
        (
            {"awstape_cassette": "{}/a.yaml", "awstape_upstream": ["s3=http://127.0.0.1"]},
            "is for a service that is not recorded",
        ),
        ({"awstape_cassette": "{}/bad.yaml"}, r"bad\.yaml:1: a cassette begins with"),
        ({"awstape_cassette": "{}"}, "can't be read: Is a directory"),
        ({"awstape_replay": ["{}/missing.yaml"]}, r"missing\.yaml: can't be read"),
        ({"awstape_replay": ["{}/empty"]}, "no cassettes in this folder"),
    ],
)
def test_invalid_options_are_refused(options: dict[str, str | list[str]], problem: str, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("no cassette\n")
    (tmp_path / "empty").mkdir()
    given = {
        name: value.format(tmp_path) if isinstance(value, str) else [item.format(tmp_path) for item in value]
        for name, value in options.items()
    }

    async def configure(mitmproxy: taddons.context, addon: Awstape) -> None:
        with pytest.raises(OptionsError, match=problem):
            mitmproxy.configure(addon, **given)

    addon = in_mitmproxy(configure)
    assert not (tmp_path / "a.yaml").exists()
    assert addon.tape is None


def test_without_options_it_logs_a_hint_and_does_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def idle(mitmproxy: taddons.context, addon: Awstape) -> None:
        mitmproxy.configure(addon, listen_host="127.0.0.1")
        addon.running()
        pass_through(addon, flow_of("ListUsers"))
        addon.done()

    in_mitmproxy(idle)
    assert caplog.messages == ["awstape: set awstape_cassette or awstape_replay"]


def test_a_cassette_that_cannot_be_written_is_an_error(
    cassette: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def close(_: Tape) -> None:
        raise UserError("users.yaml: can't be written: No space left on device", "the file was not changed")

    async def record(mitmproxy: taddons.context, addon: Awstape) -> None:
        mitmproxy.configure(addon, awstape_cassette=str(cassette))
        monkeypatch.setattr(Tape, "close", close)
        addon.done()

    in_mitmproxy(record)
    (logged,) = caplog.records
    assert logged.levelno == logging.ERROR
    assert "users.yaml: can't be written: No space left on device" in logged.getMessage()
    assert "the file was not changed" in logged.getMessage()

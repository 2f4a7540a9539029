"""The layer that replays behind the proxy's TLS: it answers bytes as the endpoint does, in mitmproxy's terms."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
from mitmproxy import connection, options
from mitmproxy.proxy import commands, context, events, layer, layers

from awstape.core.aws.wire import Reply, Request, Response
from awstape.core.cassette.cassette import Cassette
from awstape.errors import UserError
from awstape.proxying.interceptor import Interceptor
from awstape.proxying.replay_layer import ReplayLayers
from awstape.serving.access_control import AccessPolicy
from awstape.tape import Tape
from support.exchanges import player

HOST = "iam.amazonaws.com"
GET = f"GET /x HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"


class Driven:
    """A layer with its client. asked: the requests that were answered anew."""

    def __init__(self, reply: Callable[[Request], Reply]) -> None:
        self.asked: list[Request] = []

        def answer(request: Request) -> Reply:
            self.asked.append(request)
            return reply(request)

        self.layers = ReplayLayers(answer)
        self.connect()

    def connect(self) -> None:
        self.context = a_context()
        self.layer = self.layers.make(self.context)
        self.send(events.Start())

    def send(self, event: events.Event) -> list[commands.Command]:
        return list(self.layer.handle_event(event))

    def receive(self, data: bytes) -> list[commands.Command]:
        return self.send(events.DataReceived(self.context.client, data))


def a_context() -> context.Context:
    client = connection.Client(peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2), sni=HOST)
    made = context.Context(client, options.Options())
    made.server.address = (HOST, 443)
    return made


def sent(of: list[commands.Command]) -> bytes:
    return b"".join(command.data for command in of if isinstance(command, commands.SendData))


def path_of(request: Request) -> Reply:
    return Reply(Response(200, body=request.path.encode().ljust(4, b".")), serve_again=lambda: True)


@pytest.fixture(autouse=True)
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A running loop, as in the proxy."""
    made = asyncio.new_event_loop()
    asyncio._set_running_loop(made)
    yield made
    asyncio._set_running_loop(None)
    made.close()


def test_requests_are_answered_in_order_and_known_on_all_connections() -> None:
    driven = Driven(path_of)
    assert sent(driven.receive(GET)) == ANSWER + b"/x.."
    assert sent(driven.receive(GET + GET.replace(b"/x", b"/y"))) == ANSWER + b"/x.." + ANSWER + b"/y.."
    assert driven.receive(GET[:20]) == []
    assert sent(driven.receive(GET[20:])) == ANSWER + b"/x.."
    assert len(driven.asked) == 4
    driven.connect()
    assert sent(driven.receive(GET)) == ANSWER + b"/x.."
    assert len(driven.asked) == 4


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x16\x03\x01 no HTTP\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/2.0\r\n\r\n", b"505"),
    ],
)
def test_what_is_no_request_is_refused_and_the_connection_closed(data: bytes, status: bytes) -> None:
    driven = Driven(path_of)
    came = driven.receive(data)
    assert sent(came).split()[1] == status
    assert isinstance(came[-1], commands.CloseConnection)
    assert driven.receive(GET) == []
    assert driven.asked == []


def test_a_request_without_a_host_is_for_the_host_of_its_connection_and_never_known() -> None:
    driven = Driven(path_of)
    for _ in range(2):
        came = driven.receive(b"GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert sent(came).endswith(b"/x..")
    assert [request.host for request in driven.asked] == [HOST, HOST]


def test_a_dropped_connection_is_closed_without_a_response() -> None:
    came = Driven(lambda _: Reply(None)).receive(GET)
    assert [type(command) for command in came] == [commands.CloseConnection]


def test_a_delayed_reply_is_sent_when_its_time_has_come(loop: asyncio.AbstractEventLoop) -> None:
    driven = Driven(lambda request: Reply(Response(200, body=b"late"), delay=0.01))
    asked = driven.receive(GET)
    assert [type(command) for command in asked] == [commands.RequestWakeup]
    assert isinstance(asked[0], commands.RequestWakeup)
    assert driven.layers.is_busy
    assert driven.receive(GET) == []  # waits for its turn
    early = driven.send(events.Wakeup(asked[0]))
    assert [type(command) for command in early] == [commands.RequestWakeup]
    asyncio._set_running_loop(None)
    loop.run_until_complete(asyncio.sleep(0.02))
    asyncio._set_running_loop(loop)
    assert isinstance(early[0], commands.RequestWakeup)
    assert sent(driven.send(events.Wakeup(early[0]))).startswith(ANSWER + b"late")


def test_a_client_that_closes_its_connection_is_forgotten() -> None:
    driven = Driven(lambda _: Reply(Response(200), delay=60))
    driven.receive(GET)
    came = driven.send(events.ConnectionClosed(driven.context.client))
    assert [type(command) for command in came] == [commands.CloseConnection]
    assert not driven.layers.is_busy


def decided(interceptor: Interceptor, *, is_decrypted: bool) -> layer.Layer | None:
    """The layer that the interceptor chooses for what follows CONNECT, or TLS."""
    of = a_context()
    if is_decrypted:
        layers.ServerTLSLayer(of)
        layers.ClientTLSLayer(of)
    else:
        layers.modes.HttpProxy(of)
    asked = layer.NextLayer(of)
    interceptor.next_layer(asked)
    return asked.layer


def test_only_what_was_decrypted_is_replayed_without_flows() -> None:
    replaying = Tape(None, Cassette(), None, player(Cassette()))
    interceptor = Interceptor(replaying, policy=AccessPolicy())
    assert decided(interceptor, is_decrypted=True) is not None
    assert decided(interceptor, is_decrypted=False) is None
    assert decided(Interceptor(replaying), is_decrypted=True) is None  # in the addon, other addons expect flows


def test_after_an_error_of_the_tape_each_request_gets_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    replaying = Tape(None, Cassette(), None, player(Cassette()))
    interceptor = Interceptor(replaying, policy=AccessPolicy())

    def fail(*_: object) -> None:
        raise UserError("it fails", "a tip")

    monkeypatch.setattr(replaying, "answer", fail)
    driven = Driven(interceptor._answer)
    for _ in range(2):
        assert b"CassetteStopped" in sent(driven.receive(GET))
    assert interceptor.failure
    assert len(driven.asked) == 2

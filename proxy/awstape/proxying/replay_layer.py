"""Replay behind the proxy's TLS: a layer of mitmproxy that answers decrypted requests as the endpoint does.

1. mitmproxy takes the connection, the CONNECT request and TLS; then this layer is in the place of its HTTP layer, which
   makes a flow of each request and passes it through its addons. That takes several times as long as all else.
2. Requests are parsed, known again and answered by the same `serving.connection` as on the endpoint; so the limits and
   refusals of the endpoint apply, except for its time limits: idle connections are closed by mitmproxy's watchdog.
3. A request without a Host header, as of HTTP/1.0, is for the host that the client connected to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from mitmproxy.proxy import commands, context, events, layer

from awstape.core.aws.wire import Reply, Request
from awstape.core.replay.known_replies import KnownReplies
from awstape.serving.connection import Connection, State
from awstape.serving.endpoint import Endpoint
from awstape.serving.known_requests import MAX_KEPT


class ReplayLayers:
    """The layers of a proxy that answer decrypted requests; they share the requests that are known."""

    def __init__(self, answer: Callable[[Request], Reply]) -> None:
        self._answer = answer
        self._known = KnownReplies[bytes](MAX_KEPT)
        self._connections: set[Connection] = set()

    @property
    def is_busy(self) -> bool:
        """Whether a request waits for its response."""
        return any(connection.state is State.ANSWERING for connection in self._connections)

    def make(self, of: context.Context) -> layer.Layer:
        """A layer for a client's connection."""
        host = of.client.sni or (of.server.address[0] if of.server.address else "")
        endpoint = Endpoint(partial(_answer_for, self._answer, host), self._known)
        return ReplayLayer(of, endpoint, self._connections)


def _answer_for(answer: Callable[[Request], Reply], host: str, request: Request) -> Reply:
    """The reply to a request to a host; it is known by its bytes only if they name the host."""
    return answer(request) if request.host else replace(answer(replace(request, host=host)), serve_again=None)


class _Pipe(asyncio.Transport):
    """The transport of a connection: what is written waits for the layer, which passes it on."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self._is_open = True

    def write(self, data: Any) -> None:
        self.written.append(data)

    def write_eof(self) -> None:
        self._is_open = False

    close = abort = write_eof

    def is_closing(self) -> bool:
        return not self._is_open

    def get_write_buffer_size(self) -> int:
        return 0

    def is_reading(self) -> bool:
        return True

    def pause_reading(self) -> None:
        """Does nothing: mitmproxy reads on, and the connection keeps requests until their turn comes."""

    resume_reading = pause_reading


class ReplayLayer(layer.Layer):
    """Answers the requests of one client. connections: those of all layers."""

    def __init__(self, of: context.Context, endpoint: Endpoint, connections: set[Connection]) -> None:
        super().__init__(of)
        self._pipe = _Pipe()
        self._connection = Connection(endpoint)
        self._connections = connections
        self._is_waiting = self._is_closed = False

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        if isinstance(event, events.DataReceived):
            self._connection.data_received(event.data)
        elif isinstance(event, events.Start):
            self._connection.connection_made(self._pipe)
            self._connections.add(self._connection)
        elif isinstance(event, events.ConnectionClosed):
            self._connections.discard(self._connection)
            self._connection.connection_lost(None)
            self._pipe.close()
        elif isinstance(event, events.Wakeup):
            self._is_waiting = False
        yield from self._pass_on()

    def _pass_on(self) -> layer.CommandGenerator[None]:
        """Sends what was written; asks to be woken up for a reply that waits for its delay."""
        if self._pipe.written and not self._is_closed:
            data = b"".join(self._pipe.written)
            self._pipe.written.clear()
            yield commands.SendData(self.context.client, data)
        if self._pipe.is_closing():
            if not self._is_closed:
                self._is_closed = True
                yield commands.CloseConnection(self.context.client)
        elif (delay := self._connection.delay) is not None and not self._is_waiting:
            self._is_waiting = True
            yield commands.RequestWakeup(delay + 0.001)  # the reply is written by a timer of its own

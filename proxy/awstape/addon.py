"""The mitmproxy addon: records or replays what passes through mitmproxy, mitmdump or mitmweb.

    mitmdump -s "$(awstape addon)" --set awstape_cassette=team.yaml

It only translates: flows to `awstape.core.wire` values, and mitmproxy options to a `Tape`. TLS connections to other
hosts are never opened.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from weakref import WeakKeyDictionary, WeakSet

from mitmproxy import connection, ctx, exceptions, http, tls
from mitmproxy.addonmanager import Loader
from mitmproxy.proxy import layer, layers
from mitmproxy.proxy.layers.http import HTTPMode
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from awstape import catalog
from awstape.core.wire import Request, Response
from awstape.errors import UserError, place_of
from awstape.exposure import Guard
from awstape.flow_values import request_of
from awstape.report import recording_lines, replay_lines
from awstape.serve import Upstream, parse_upstream
from awstape.tape import RECORD_MODES, Tape, open_for_recording, open_for_replay

MAX_CONNECTIONS = 500

_log = logging.getLogger(__name__)


class Interceptor:
    """Puts a `Tape` between client and upstream.

    guard: who may ask it for what; None where mitmproxy's own options say that. failure: the first bug of ours that
    came up; from then on every request is refused, so that nothing goes unrecorded without notice.
    """

    def __init__(self, tape: Tape | None = None, upstream: Upstream | None = None, guard: Guard | None = None) -> None:
        self.tape = tape
        self.upstream: Upstream = upstream or {}
        self.guard = guard
        self.failure: str | None = None
        # Not in the flow's metadata: mitmproxy couldn't save the flow, and would log the request for it.
        self._asked: WeakKeyDictionary[http.HTTPFlow, Request] = WeakKeyDictionary()
        self._under_way: WeakSet[http.HTTPFlow] = WeakSet()
        self._clients = 0

    @property
    def is_busy(self) -> bool:
        """Whether a request waits for its answer."""
        return any(flow.live for flow in self._under_way)

    def client_connected(self, client: connection.Client) -> None:
        self._clients += 1
        if self.guard and self._clients > MAX_CONNECTIONS:
            client.error = "too many connections"

    def client_disconnected(self, client: connection.Client) -> None:
        self._clients -= 1

    def next_layer(self, data: layer.NextLayer) -> None:
        """Reads what goes to a host of ours and is no TLS as HTTP, whatever it is: else it would pass unrecorded."""
        address = data.context.server.address
        if self.guard and isinstance(data.layer, layers.TCPLayer):
            names = (data.context.client.sni or "", address[0] if address else "")
            if any(map(catalog.service_of_host, names)):
                data.layer = layers.HttpLayer(data.context, HTTPMode.transparent)

    def tls_clienthello(self, data: tls.ClientHelloData) -> None:
        address = data.context.server.address
        host = data.client_hello.sni or (address[0] if address else "")
        data.ignore_connection = self.tape is None or catalog.service_of_host(host) is None

    def http_connect(self, flow: http.HTTPFlow) -> None:
        if self._replays_only and catalog.service_of_host(flow.request.host) is None:
            assert self.tape
            flow.response = _refusal(403, self.tape.refuse(catalog.shown(flow.request.host)).text)
        elif refused := self._guarded(flow):
            flow.response = refused

    async def server_connect(self, data: ServerConnectionHookData) -> None:
        if self._replays_only:
            data.server.error = "awstape replay opens no connection"
        elif self.guard and data.server.address:
            # Whatever way led here.
            host, port = data.server.address[:2]
            client = _address_of(data.client)
            allowed = None if self.guard.forbidden(host, port, client) else await self.guard.pinned(host, port, client)
            if allowed is None:
                data.server.error = "awstape does not lead there"
            elif allowed != host:
                data.server.address = (allowed, port)

    async def request(self, flow: http.HTTPFlow) -> None:
        request = request_of(flow)
        if refused := self._guarded(flow):
            flow.response = refused
            return
        self._under_way.add(flow)
        if self.tape is None or (not self._replays_only and self._is_foreign(request)):
            return
        if self.failure:
            flow.response = _refusal(502, f"awstape stopped: {self.failure}")
            return
        try:
            reply = self.tape.answer(request)
        except Exception as error:
            self._stop(flow, error)
            return
        if reply is not None:
            if reply.delay:
                await asyncio.sleep(reply.delay)
            if (response := reply.response) is None:
                flow.kill()
                return
            flow.response = http.Response.make(response.status, response.body, dict(response.headers))
            if request.method == "HEAD":
                flow.response.raw_content = b""  # the header says how long it would be
            return
        self._asked[flow] = request
        self._redirect(flow, request)

    def response(self, flow: http.HTTPFlow) -> None:
        request = self._asked.get(flow)
        if self.tape is None or request is None or flow.response is None:
            return
        try:
            body = flow.response.get_content(strict=True) or b""
        except ValueError:
            self._skip("the body's content encoding can't be undone")
            return
        try:
            headers = tuple(flow.response.headers.items(multi=True))
            self.tape.feed(request, Response(flow.response.status_code, headers, body))
        except Exception as error:
            self._stop(flow, error)

    def error(self, flow: http.HTTPFlow) -> None:
        request = self._asked.get(flow)
        if self.tape and request:
            try:
                self.tape.feed(request, None)
            except Exception as error:
                self._stop(flow, error)

    @property
    def _replays_only(self) -> bool:
        return self.tape is not None and self.tape.recorder is None

    def _guarded(self, flow: http.HTTPFlow) -> http.Response | None:
        """The refusal of what the guard does not let through."""
        request, client = flow.request, flow.client_conn
        if self.guard is None:
            return None
        if request.scheme == "http" and request.port == client.sockname[1]:  # as a page in a browser asks: it is for us
            here = "this is a proxy: set HTTPS_PROXY to its address"
            reason = self.guard.stranger(request_of(flow)) if self._replays_only else here
            return _refused(421, reason) if reason else None
        if self._replays_only:
            return None
        if catalog.service_of_host(request.host) and not catalog.service_of_host(request.pretty_host):
            return _refused(421, "the Host of the request is another than it goes to")  # it would pass unrecorded
        if self._is_redirected(request.host):
            return None
        reason = self.guard.forbidden(request.host, request.port, _address_of(client))
        return _refused(403, reason) if reason else None

    def _is_redirected(self, host: str) -> bool:
        found = catalog.service_of_host(host)
        return found is not None and found[0].name in self.upstream

    def _is_foreign(self, request: Request) -> bool:
        return catalog.service_of_host(request.host) is None

    def _skip(self, reason: str) -> None:
        if self.tape and self.tape.recorder:
            self.tape.recorder.skip(reason)

    def _stop(self, flow: http.HTTPFlow, error: Exception) -> None:
        self.failure = self.failure or place_of(error)
        flow.response = _refusal(502, f"awstape stopped: {self.failure}")

    def _redirect(self, flow: http.HTTPFlow, request: Request) -> None:
        found = catalog.service_of_host(request.host)
        url = self.upstream.get(found[0].name) if found else None
        if url is not None:
            flow.request.scheme = url.scheme
            flow.request.host = url.hostname or ""
            flow.request.port = url.port or (443 if url.scheme == "https" else 80)
            flow.request.path = url.path.rstrip("/") + flow.request.path


class Awstape(Interceptor):
    """The addon as mitmproxy loads it: set up by mitmproxy's options, written when mitmproxy ends."""

    def load(self, loader: Loader) -> None:
        add = loader.add_option
        add("awstape_cassette", str, "", "Record into this cassette.")
        add("awstape_replay", Sequence[str], [], "Replay these cassettes or folders; nothing goes upstream.")
        add("awstape_paging", str, "recorded", "How replay cuts pages: recorded, client, N, torture, torture:SEED.")
        add("awstape_fault", Sequence[str], [], "Let replayed requests fail, as 'throttle ListRoles page=2 times=1'.")
        add("awstape_mode", str, "all", "How to record.", RECORD_MODES)
        add("awstape_operation", Sequence[str], [], "Record only operations that match one of these globs.")
        add("awstape_include_writes", bool, False, "Record operations that write, too.")
        add("awstape_upstream", Sequence[str], [], "SERVICE=URL: send a service's requests to a stand-in.")

    def configure(self, updated: set[str]) -> None:
        if not any(name.startswith("awstape_") for name in updated):
            return
        options = ctx.options
        if options.awstape_cassette and options.awstape_replay:
            raise exceptions.OptionsError("awstape_cassette and awstape_replay exclude each other")
        if options.awstape_mode not in RECORD_MODES:
            raise exceptions.OptionsError(f"awstape_mode is one of {', '.join(RECORD_MODES)}")
        self.done()
        try:
            self.upstream = parse_upstream(options.awstape_upstream)
            if options.awstape_replay:
                paths = [Path(path) for path in options.awstape_replay]
                self.tape = open_for_replay(paths, os.environ, options.awstape_paging, options.awstape_fault)
            elif options.awstape_cassette:
                self.tape = open_for_recording(
                    Path(options.awstape_cassette),
                    options.awstape_mode,
                    os.environ,
                    options.awstape_operation,
                    options.awstape_include_writes,
                )
        except UserError as error:
            raise exceptions.OptionsError(_told(error)) from None
        if self._replays_only or self.upstream:
            # Otherwise mitmproxy asks the real host for its certificate before there is a request to answer.
            options.update(connection_strategy="lazy", upstream_cert=False)

    def running(self) -> None:
        if self.tape is None:
            _log.warning("awstape: set awstape_cassette or awstape_replay")

    def done(self) -> None:
        """Writes what was recorded, or tells what was missed; also before other options begin to count."""
        tape, self.tape = self.tape, None
        failure, self.failure = self.failure, None
        if tape is None:
            return
        if failure:
            _log.error(f"awstape stopped, and nothing is written: {failure}")
            return
        try:
            recording = tape.close()
        except UserError as error:
            _log.error(f"awstape: {_told(error)}")
            return
        if recording:
            lines = recording_lines(str(tape.path), recording)
        else:
            assert tape.player
            lines = replay_lines(tape.player)
        for line in lines:
            _log.warning(line)


def _told(error: UserError) -> str:
    return f"{error.problem} ({error.tip})" if error.tip else error.problem


def _address_of(client: connection.Client) -> str:
    return str(client.peername[0])


def _refused(status: int, text: str) -> http.Response:
    return http.Response.make(status, f"awstape: {text}\n", {"content-type": "text/plain"})


def _refusal(status: int, text: str) -> http.Response:
    return http.Response.make(status, text + "\n", {"content-type": "text/plain", "x-awstape-miss": "true"})


addons = [Awstape()]

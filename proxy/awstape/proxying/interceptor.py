"""`Interceptor`: a tape in mitmproxy, between clients and upstreams.

1. What goes to a recorded service is read and asked of the tape; what the tape has no answer for goes upstream. TLS
   connections to other hosts are never opened: they pass through, or are refused.
2. Nothing passes unrecorded: what is no HTTP is read as if it were, a Host that says another service than the one that
   is asked is refused, and once the tape fails, so is everything.
3. No request goes to an upstream that doesn't prove itself, nor, in replay, to any.
4. What the tape refuses is said in the service's own format, for SDKs show nothing else; what the `Guard` refuses is
   said in plain text, for it is no SDK that asks.
"""

from __future__ import annotations

import asyncio
from urllib.parse import SplitResult
from weakref import WeakKeyDictionary, WeakSet

from mitmproxy import connection, http, tls
from mitmproxy.proxy import layer, layers
from mitmproxy.proxy.layers.http import HTTPMode
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from awstape.catalog import catalog
from awstape.core.aws.wire import Reply, Request, Response, WireError
from awstape.core.replay.misses import HEADER, error_response
from awstape.errors import UserError, as_user_error
from awstape.proxying.mitmproxy_flows import body_of, headers_of, request_of
from awstape.proxying.upstream import Upstream, address_of
from awstape.proxying.upstream_proxy import CorporateProxy
from awstape.serving.access_control import Guard
from awstape.serving.endpoint import MAX_CONNECTIONS
from awstape.tape import Tape


class Interceptor:
    """Puts a `Tape` between client and upstream.

    guard: who may ask it for what; None where mitmproxy's own options say that. tip: what to do about an upstream whose
    certificate is not trusted. corporate: the proxy between us and AWS. failure: why it can't go on.
    """

    tip = "--upstream-ca FILE adds a CA"

    def __init__(
        self,
        tape: Tape | None = None,
        upstream: Upstream | None = None,
        guard: Guard | None = None,
        corporate: CorporateProxy | None = None,
    ) -> None:
        self.tape = tape
        self.upstream: Upstream = upstream or {}
        self.guard = guard
        self.corporate = corporate
        self.failure: UserError | None = None
        # Not in the flow's metadata: mitmproxy couldn't save the flow, and would log the request for it.
        self._asked: WeakKeyDictionary[http.HTTPFlow, Request] = WeakKeyDictionary()
        # Address of an upstream that did not prove itself → what to say to the one who asks for it again.
        self._unproven: dict[tuple[str, int], str] = {}
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
            flow.response = _plain(403, self.tape.refuse_host(catalog.shown(flow.request.host)).text, HEADER)
        elif refused := self._guarded(flow):
            flow.response = refused

    async def server_connect(self, data: ServerConnectionHookData) -> None:
        if self._replays_only:
            data.server.error = "awstape replay opens no connection"
        elif self.guard and data.server.address:
            # Whatever way led here.
            host, port = data.server.address[:2]
            client = _address_of(data.client)
            reason = self.guard.forbidden(host, port, client)
            allowed = None if reason else await self.guard.pinned(host, port, client)
            if allowed is None:
                data.server.error = reason or "awstape leads clients on other machines to public addresses only"
            elif allowed != host:
                data.server.address = (allowed, port)

    def tls_failed_server(self, data: tls.TlsData) -> None:
        """An upstream that doesn't prove itself gets no request.

        mitmproxy answers with a page of HTML, of which SDKs show nothing; but they ask again.
        """
        if self.tape and isinstance(data.conn, connection.Server) and data.conn.address:
            host, port = data.conn.address[:2]
            reason = (data.conn.error or "TLS failed").removesuffix(".")
            is_proof_wrong = reason.startswith("Certificate verify failed")
            tip = f"; {self.tip}" if is_proof_wrong else ""
            told = f"the upstream {data.conn.sni or host} did not prove itself: {reason[:1].lower()}{reason[1:]}{tip}"
            self._unproven[host, port] = told
            self._skip(told)

    async def request(self, flow: http.HTTPFlow) -> None:
        request = request_of(flow)
        if refused := self._guarded(flow):
            flow.response = refused
            return
        self._under_way.add(flow)
        if self.tape is None or (not self._replays_only and catalog.service_of_host(request.host) is None):
            return
        try:
            if self.failure:
                raise self.failure
            reply = self.tape.answer(request)
        except Exception as error:
            self._stop(flow, request, error)
            return
        if reply is not None:
            await _give(flow, reply)
            return
        self._redirect(flow, request)
        if told := self._unproven.pop((flow.request.host, flow.request.port), None):
            flow.response = _told_to(request, "UpstreamNotVerified", told)
        elif told := await self._no_way_out(flow, request):
            self._skip(f"the company's proxy: {told}")
            flow.response = _told_to(request, "ProxyRefusal", told)
        else:
            self._asked[flow] = request

    def response(self, flow: http.HTTPFlow) -> None:
        request = self._asked.get(flow)
        if self.tape is None or request is None or flow.response is None:
            return
        try:
            body = body_of(flow.response)
        except WireError as error:
            self._skip(str(error))
            return
        try:
            self.tape.feed(request, Response(flow.response.status_code, headers_of(flow.response), body))
        except Exception as error:
            self._stop(flow, request, error)

    def error(self, flow: http.HTTPFlow) -> None:
        request = self._asked.get(flow)
        if self.tape and request:
            try:
                self.tape.feed(request, None)
            except Exception as error:
                self._stop(flow, request, error)

    @property
    def _replays_only(self) -> bool:
        return self.tape is not None and self.tape.recorder is None

    def _guarded(self, flow: http.HTTPFlow) -> http.Response | None:
        """The refusal of what the guard does not let through."""
        request, client = flow.request, flow.client_conn
        if self.guard is None:
            return None
        if request.scheme == "http" and request.port == client.sockname[1]:  # as a page in a browser asks: it is for us
            here = "this is the proxy of awstape: set HTTPS_PROXY to its address"
            reason = self.guard.stranger(request_of(flow)) if self._replays_only else here
            return _plain(421, reason) if reason else None
        if self._replays_only:
            return None
        if catalog.service_of_host(request.host) and not catalog.service_of_host(request.pretty_host):
            return _plain(421, "awstape sends no request to a host that its Host header doesn't name")
        if self._stand_in(request.host):
            return None
        reason = self.guard.forbidden(request.host, request.port, _address_of(client))
        return _plain(403, reason) if reason else None

    def _stand_in(self, host: str) -> SplitResult | None:
        """Where requests for a host go instead of to AWS."""
        found = catalog.service_of_host(host)
        return self.upstream.get(found[0].name) if found else None

    def _skip(self, reason: str) -> None:
        if self.tape and self.tape.recorder:
            self.tape.recorder.skip(reason)

    def _stop(self, flow: http.HTTPFlow, request: Request, error: Exception) -> None:
        assert self.tape
        self.failure = self.failure or as_user_error(error)
        flow.response = _told_to(request, "CassetteStopped", str(self.failure))

    def _redirect(self, flow: http.HTTPFlow, request: Request) -> None:
        if url := self._stand_in(request.host):
            flow.request.scheme = url.scheme
            flow.request.host, flow.request.port = address_of(url)
            flow.request.path = url.path.rstrip("/") + flow.request.path
            flow.server_conn.via = None

    async def _no_way_out(self, flow: http.HTTPFlow, request: Request) -> str | None:
        """Why there is no way to AWS, if that is known beforehand."""
        if self.corporate is None or self._stand_in(request.host):
            return None
        refusal = await self.corporate.refusal(flow.request.host, flow.request.port)
        return refusal.text if refusal else None


async def _give(flow: http.HTTPFlow, reply: Reply) -> None:
    """Gives a client what a tape answers."""
    if reply.delay:
        await asyncio.sleep(reply.delay)
    if reply.response is None:
        flow.kill()
        return
    flow.response = _made(reply.response)
    if flow.request.method == "HEAD":
        flow.response.raw_content = b""  # the header says how long it would be


def _told_to(request: Request, code: str, text: str) -> http.Response:
    """An error in the service's own format that no SDK retries."""
    return _made(error_response(catalog.models(), request, code, text))


def _made(response: Response) -> http.Response:
    return http.Response.make(response.status, response.body, dict(response.headers))


def _address_of(client: connection.Client) -> str:
    return str(client.peername[0])


def _plain(status: int, text: str, *headers: tuple[str, str]) -> http.Response:
    return http.Response.make(status, f"{text}\n", {"content-type": "text/plain", **dict(headers)})

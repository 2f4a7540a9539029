"""`Interceptor`: the mitmproxy addon that puts a tape between clients and upstreams.

1. A request to a recorded service is answered by the tape, or sent upstream if the tape returns no reply. It is
   recognised by its host or, where another host is decrypted or needs no decryption, by its signature: behind a reverse
   proxy, or at an endpoint with a name of its own.
2. While recording, TLS connections to other hosts are never decrypted: they pass through. In replay, all hosts of AWS
   are intercepted, since SDKs retry a refused connection for minutes and show no reason; other hosts are refused.
3. No traffic of a recorded service passes unrecorded: what isn't HTTP is parsed as HTTP, a request whose Host header
   names another host than the one it is sent to is refused, and once the tape fails, so is every request.
4. No request is sent to an upstream whose certificate can't be verified; in replay, none is sent to any upstream.
5. What can't be recorded passes as it comes, whatever its size (`proxying.streaming`).
6. In replay, requests that were decrypted are answered without flows (`proxying.replay_layer`), except in the addon.
7. Refusals by the tape have the service's own format, since SDKs show nothing else. Refusals by the access policy are
   plain text, since the client is not an SDK.
"""

from __future__ import annotations

import asyncio
from urllib.parse import SplitResult
from weakref import WeakKeyDictionary, WeakSet

from mitmproxy import connection, http, tls
from mitmproxy.proxy import layer, layers
from mitmproxy.proxy.layers.http import HTTPMode
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from awstape.catalog.hosts import anonymise_host, find_host, is_aws_host
from awstape.catalog.service_models import load_models
from awstape.core.aws.error_codes import NO_RESPONSE
from awstape.core.aws.model import Models
from awstape.core.aws.routing import put_bucket_into_path, try_find_service
from awstape.core.aws.wire import Reply, Request, Response
from awstape.core.replay.misses import HEADER, error_response
from awstape.errors import UserError, as_user_error
from awstape.proxying.flow_conversion import request_of
from awstape.proxying.replay_layer import ReplayLayers
from awstape.proxying.streaming import (
    is_too_large,
    may_stream,
    read_cut_response,
    read_head,
    read_request,
    read_response,
    stream_response,
)
from awstape.proxying.upstream import Upstream, address_of, find_upstream, lead_back
from awstape.proxying.upstream_checks import REFUSED, UNREACHABLE, UpstreamChecks
from awstape.proxying.upstream_proxy import UpstreamProxy
from awstape.serving.access_control import AccessPolicy
from awstape.serving.endpoint import MAX_CONNECTIONS
from awstape.tape import Tape


class Interceptor:
    """Puts a `Tape` between client and upstream.

    policy: the access policy; None in the addon, where mitmproxy's own options apply.
    upstream_proxy: the proxy between this machine and AWS.
    failure: the error that stopped it; all later requests are refused.
    """

    def __init__(
        self,
        tape: Tape | None = None,
        upstream: Upstream | None = None,
        policy: AccessPolicy | None = None,
        upstream_proxy: UpstreamProxy | None = None,
    ) -> None:
        self.tape = tape
        self.upstream: Upstream = upstream or {}
        self.policy = policy
        self.upstream_proxy = upstream_proxy
        self.failure: UserError | None = None
        # Not in the flow's metadata: mitmproxy couldn't save the flow, and would log the request for it.
        self._sent_upstream: WeakKeyDictionary[http.HTTPFlow, tuple[Request, int]] = WeakKeyDictionary()
        self._checks = UpstreamChecks(upstream_proxy)
        self._flows: WeakSet[http.HTTPFlow] = WeakSet()
        # Without a policy, in the addon, other addons expect flows.
        self._replay_layers = ReplayLayers(self._answer) if policy and self.replays_only else None
        # Those that were admitted, or refused, when only their headers were there.
        self._admitted: WeakSet[http.HTTPFlow] = WeakSet()
        self._clients = 0

    @property
    def is_busy(self) -> bool:
        """Whether a request waits for its response."""
        is_replaying = self._replay_layers is not None and self._replay_layers.is_busy
        return is_replaying or any(flow.live for flow in self._flows)

    def client_connected(self, client: connection.Client) -> None:
        self._clients += 1
        if self.policy and self._clients > MAX_CONNECTIONS:
            client.error = "too many connections"

    def client_disconnected(self, client: connection.Client) -> None:
        self._clients -= 1

    def next_layer(self, data: layer.NextLayer) -> None:
        """Parses as HTTP what isn't TLS and goes to a recorded host: it would pass unrecorded otherwise.

        In replay, what was decrypted is answered without flows.
        """
        if self._replay_layers and isinstance(data.context.layers[-1], layers.ClientTLSLayer):
            data.layer = self._replay_layers.make(data.context)
            return
        address = data.context.server.address
        if self.policy and isinstance(data.layer, layers.TCPLayer):
            names = (data.context.client.sni or "", address[0] if address else "")
            if any(map(self._is_recorded, names)):
                data.layer = layers.HttpLayer(data.context, HTTPMode.transparent)

    def tls_clienthello(self, data: tls.ClientHelloData) -> None:
        address = data.context.server.address
        host = data.client_hello.sni or (address[0] if address else "")
        data.ignore_connection = not self.intercepts(host)
        if data.ignore_connection:
            self._note_passed(host)

    def intercepts(self, host: str) -> bool:
        """Whether TLS connections to a host are decrypted."""
        return self.tape is not None and (self._is_recorded(host) or (self.replays_only and is_aws_host(host)))

    def http_connect(self, flow: http.HTTPFlow) -> None:
        if self.replays_only and not self.intercepts(flow.request.host):
            assert self.tape
            flow.response = _plain(403, self.tape.refuse_host(anonymise_host(flow.request.host)).text, HEADER)
        elif refusal := self._refuse(flow):
            flow.response = refusal

    async def server_connect(self, data: ServerConnectionHookData) -> None:
        if self.replays_only:
            data.server.error = "awstape replay opens no connection"
        elif self.policy and data.server.address:
            host, port = data.server.address[:2]
            client = _address_of(data.client)
            reason = self.policy.relay_refusal(host, port, client)
            address = None if reason else await self.policy.connect_address(host, port, client)
            if address is None:
                data.server.error = reason or "awstape relays clients on other machines to public addresses only"
            elif address != host:
                data.server.address = (address, port)

    def tls_failed_server(self, data: tls.TlsData) -> None:
        """Notes an upstream whose certificate can't be verified, so that the next request for it gets an error."""
        if self.tape and isinstance(data.conn, connection.Server) and data.conn.address:
            self._count_skipped(self._checks.note_unverified(data.conn, data.conn.address[:2], self.tape.advice.trust))

    async def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Admits a request whose body may pass as it comes (`proxying.streaming`)."""
        if self.replays_only or not may_stream(flow.request):
            flow.request.stream = False
            return
        self._admitted.add(flow)
        head = read_head(self._models, flow)
        if self._accepts(flow, head):
            await self._direct(flow, head)
            flow.request.stream = flow.response is None and is_too_large(head)
        else:
            flow.request.stream = flow.response is None

    async def request(self, flow: http.HTTPFlow) -> None:
        sent = self._sent_upstream.get(flow)
        request = read_request(flow, sent[0] if sent else None)
        if not (sent if flow in self._admitted else self._accepts(flow, request)):
            return
        assert self.tape
        try:
            reply = self.tape.answer(request)
        except Exception as error:
            self._stop(flow, request, error)
            return
        if reply is not None:
            self._sent_upstream.pop(flow, None)
            await _send_reply(flow, reply)
        elif sent:
            self._sent_upstream[flow] = request, self.tape.recorded_so_far
        else:
            await self._direct(flow, request)

    def _accepts(self, flow: http.HTTPFlow, request: Request) -> bool:
        """Whether a request is one for the tape; if not, it is refused, or passes unrecorded."""
        if refusal := self._refuse(flow):
            flow.response = refusal
            return False
        self._flows.add(flow)
        if self.tape is None:
            return False
        if not self.replays_only and not try_find_service(self.tape.models, request):
            self._note_passed(request.host)
            return False
        if self.failure:
            self._stop(flow, request, self.failure)
            return False
        return True

    async def _direct(self, flow: http.HTTPFlow, request: Request) -> None:
        """Directs a request to the upstream; answers it if it can't be sent there."""
        assert self.tape
        self._redirect(flow, request)
        url = self._upstream_url(request.host)
        is_recorded = self.policy is not None and self._is_recorded(request.host)
        problem = await self._checks.find_problem(flow, url, is_recorded=is_recorded)
        if problem is None:
            self._sent_upstream[flow] = request, self.tape.recorded_so_far
            return
        if problem.code == UNREACHABLE:
            await self._record(flow, request, None, no_response=problem.text)
        elif problem.code == REFUSED:
            self._count_skipped(f"upstream proxy: {problem.text}")
        flow.response = flow.response or _aws_error(request, problem.code, problem.text)

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        if sent := self._sent_upstream.get(flow):
            stream_response(self._models, flow, sent[0])
        elif flow in self._flows and flow.response and not self.replays_only:  # of another service
            flow.response.stream = True

    async def response(self, flow: http.HTTPFlow) -> None:
        sent = self._sent_upstream.pop(flow, None)
        if sent and flow.response:
            request, recorded_before = sent
            response = read_response(self._models, flow, request)
            if self._upstream_url(request.host):
                response = lead_back(self._models, flow, request, response)
            await self._record(flow, request, response, recorded_before)

    async def error(self, flow: http.HTTPFlow) -> None:
        if sent := self._sent_upstream.pop(flow, None):
            request, recorded_before = sent
            await self._record(flow, request, read_cut_response(self._models, flow, request), recorded_before)

    def server_connected(self, data: ServerConnectionHookData) -> None:
        self._checks.note_connection(data.server, is_open=True)

    def server_connect_error(self, data: ServerConnectionHookData) -> None:
        self._checks.note_connection(data.server, is_open=False)

    async def _record(
        self,
        flow: http.HTTPFlow,
        request: Request,
        response: Response | None,
        recorded_before: int | None = None,
        no_response: str = NO_RESPONSE,
    ) -> None:
        """Records an exchange, while other requests go on; if that fails, the client gets the error."""
        if self.tape:
            try:
                self.tape.record(request, response, recorded_before, no_response)
                if self._sent_upstream:
                    await asyncio.to_thread(self.tape.sync)
                else:  # no other request would gain by a thread
                    self.tape.sync()
            except Exception as error:
                self._stop(flow, request, error)

    def _note_passed(self, host: str) -> None:
        """Counts what passes through to a host."""
        match = find_host(host)
        if self.tape:
            self.tape.passed[match.names[0] if match else ""] += 1

    @property
    def _models(self) -> Models:
        return self.tape.models if self.tape else load_models()

    def _is_recorded(self, host: str) -> bool:
        """Whether a host is that of a recorded or replayed service."""
        return self._models.recognises_host(host)

    @property
    def replays_only(self) -> bool:
        """Whether no request is sent upstream."""
        return self.tape is not None and self.tape.replays_only

    def _refuse(self, flow: http.HTTPFlow) -> http.Response | None:
        """The refusal of a request by the access policy; None if it is accepted."""
        request, client = flow.request, flow.client_conn
        if self.policy is None:
            return None
        if request.scheme == "http" and request.port == client.sockname[1]:  # a request to the proxy itself
            here = "this is the proxy of awstape: set HTTPS_PROXY to its address"
            reason = self.policy.request_refusal(request_of(flow)) if self.replays_only else here
            return _plain(421, reason) if reason else None
        if self.replays_only:
            return None
        if self._is_recorded(request.host) and not self._is_recorded(request.pretty_host):
            return _plain(421, "awstape refuses a request whose Host header names another host than its URL")
        if self._upstream_url(request.host):
            return None
        reason = self.policy.relay_refusal(request.host, request.port, _address_of(client))
        return _plain(403, reason) if reason else None

    def _upstream_url(self, host: str) -> SplitResult | None:
        """The URL that requests for a host are sent to instead of AWS, if any."""
        found = find_host(host)
        names = [name for name in self._models.names if found and name in found.names]
        return next((url for name in names if (url := find_upstream(self.upstream, name))), None)

    def _count_skipped(self, reason: str) -> None:
        if self.tape and self.tape.live_recorder:
            self.tape.live_recorder.skip(reason)

    def _answer(self, request: Request) -> Reply:
        """The tape's reply in replay; once that fails, an error."""
        assert self.tape
        try:
            if self.failure:
                raise self.failure
            reply = self.tape.answer(request)
        except Exception as error:
            self.failure = self.failure or as_user_error(error)
            return Reply(error_response(load_models(), request, "CassetteStopped", str(self.failure)))
        assert reply
        return reply

    def _stop(self, flow: http.HTTPFlow, request: Request, error: Exception) -> None:
        assert self.tape
        self.failure = self.failure or as_user_error(error)
        if flow.response and flow.response.stream:  # the client has it but for its end
            flow.kill()
        else:
            flow.response = _aws_error(request, "CassetteStopped", str(self.failure))

    def _redirect(self, flow: http.HTTPFlow, request: Request) -> None:
        if url := self._upstream_url(request.host):
            flow.request.scheme = url.scheme
            flow.request.host, flow.request.port = address_of(url)
            bucket = put_bucket_into_path(self._models, request).path.removesuffix(request.path)
            flow.request.path = url.path.rstrip("/") + bucket + flow.request.path
            flow.server_conn.via = None


async def _send_reply(flow: http.HTTPFlow, reply: Reply) -> None:
    """Sends a tape's reply to the client, after its delay."""
    if reply.delay:
        await asyncio.sleep(reply.delay)
    if reply.response is None:
        flow.kill()
        return
    flow.response = _to_mitmproxy(reply.response)
    if flow.request.method == "HEAD":
        flow.response.raw_content = b""  # the Content-Length header stays


def _aws_error(request: Request, code: str, text: str) -> http.Response:
    """An error response in the service's own format that no SDK retries."""
    return _to_mitmproxy(error_response(load_models(), request, code, text))


def _to_mitmproxy(response: Response) -> http.Response:
    made = http.Response.make(response.status, response.body, dict(response.headers))
    if length := response.header("content-length"):  # of a response to HEAD, it is not that of the body
        made.headers["content-length"] = length
    return made


def _address_of(client: connection.Client) -> str:
    return str(client.peername[0])


def _plain(status: int, text: str, *headers: tuple[str, str]) -> http.Response:
    return http.Response.make(status, f"{text}\n", {"content-type": "text/plain", **dict(headers)})

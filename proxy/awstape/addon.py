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
from weakref import WeakKeyDictionary

from mitmproxy import connection, ctx, exceptions, http, tls
from mitmproxy.addonmanager import Loader
from mitmproxy.proxy.server_hooks import ServerConnectionHookData

from awstape import catalog
from awstape.core.misses import refusal
from awstape.core.wire import Request, Response, WireError
from awstape.corporate import CorporateProxy
from awstape.errors import UserError, failure_of
from awstape.flow_values import body_of, headers_of, request_of
from awstape.report import recording_lines, replay_lines
from awstape.serve import Upstream, parse_upstream
from awstape.tape import RECORD_MODES, Tape, open_for_recording, open_for_replay

_log = logging.getLogger(__name__)


class Interceptor:
    """Puts a `Tape` between client and upstream.

    failure: why it can't go on; from then on every request is refused, so that nothing goes unrecorded without notice.
    corporate: the proxy between us and AWS.
    """

    tip = "--upstream-ca FILE adds a CA"
    corporate: CorporateProxy | None = None

    def __init__(self, tape: Tape | None = None, upstream: Upstream | None = None) -> None:
        self.tape = tape
        self.upstream: Upstream = upstream or {}
        self.failure: UserError | None = None
        # Not in the flow's metadata: mitmproxy couldn't save the flow, and would log the request for it.
        self._asked: WeakKeyDictionary[http.HTTPFlow, Request] = WeakKeyDictionary()
        # Address of an upstream that was not let in → what to say to the one who asks for it again.
        self._not_let_in: dict[tuple[str, int], str] = {}

    def tls_clienthello(self, data: tls.ClientHelloData) -> None:
        address = data.context.server.address
        host = data.client_hello.sni or (address[0] if address else "")
        data.ignore_connection = self.tape is None or catalog.service_of_host(host) is None

    def http_connect(self, flow: http.HTTPFlow) -> None:
        if self._replays_only and catalog.service_of_host(flow.request.host) is None:
            assert self.tape
            flow.response = _refusal(403, self.tape.refuse(catalog.shown(flow.request.host)).text)

    def server_connect(self, data: ServerConnectionHookData) -> None:
        if self._replays_only:
            data.server.error = "awstape replay opens no connection"

    def tls_failed_server(self, data: tls.TlsData) -> None:
        """An upstream that doesn't prove itself gets no request.

        mitmproxy answers with a page of HTML, of which SDKs show nothing; but they ask again.
        """
        if self.tape and isinstance(data.conn, connection.Server) and data.conn.address:
            host, port = data.conn.address[:2]
            reason = (data.conn.error or "TLS failed").removesuffix(".")
            is_proof_wrong = reason.startswith("Certificate verify failed")
            tip = f"; {self.tip}" if is_proof_wrong else ""
            told = f"the upstream {data.conn.sni or host} was not let in: {reason[:1].lower()}{reason[1:]}{tip}"
            self._not_let_in[host, port] = told
            self._skip(told)

    async def request(self, flow: http.HTTPFlow) -> None:
        request = request_of(flow)
        if self.tape is None or (not self._replays_only and self._is_foreign(request)):
            return
        try:
            if self.failure:
                raise self.failure
            reply = self.tape.answer(request)
        except Exception as error:
            self._stop(flow, request, error)
            return
        if reply is not None:
            if reply.delay:
                await asyncio.sleep(reply.delay)
            if (response := reply.response) is None:
                flow.kill()
                return
            flow.response = _made(response)
            if request.method == "HEAD":
                flow.response.raw_content = b""  # the header says how long it would be
            return
        is_stand_in = self._redirect(flow, request)
        if told := self._not_let_in.pop((flow.request.host, flow.request.port), None):
            flow.response = _told_to(request, "UpstreamNotVerified", told)
        elif not is_stand_in and (refused := await self._refusal(flow)):
            self.tape.feed(request, None)
            flow.response = _told_to(request, "ProxyRefusal", refused)
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

    def _is_foreign(self, request: Request) -> bool:
        return catalog.service_of_host(request.host) is None

    def _skip(self, reason: str) -> None:
        if self.tape and self.tape.recorder:
            self.tape.recorder.skip(reason)

    def _stop(self, flow: http.HTTPFlow, request: Request, error: Exception) -> None:
        assert self.tape
        self.failure = self.failure or failure_of(error)
        flow.response = _told_to(request, "CassetteStopped", str(self.failure))

    def _redirect(self, flow: http.HTTPFlow, request: Request) -> bool:
        """Sends a request to the stand-in for its service, if there is one."""
        found = catalog.service_of_host(request.host)
        url = self.upstream.get(found[0].name) if found else None
        if url is None:
            return False
        flow.request.scheme = url.scheme
        flow.request.host = url.hostname or ""
        flow.request.port = url.port or (443 if url.scheme == "https" else 80)
        flow.request.path = url.path.rstrip("/") + flow.request.path
        flow.server_conn.via = None
        return True

    async def _refusal(self, flow: http.HTTPFlow) -> str | None:
        """Why there is no way to AWS, if that is known beforehand."""
        if self.corporate is None:
            return None
        refusal = await self.corporate.refusal(flow.request.host, flow.request.port)
        return refusal.text if refusal else None


class Awstape(Interceptor):
    """The addon as mitmproxy loads it: set up by mitmproxy's options, written when mitmproxy ends."""

    tip = "--set ssl_verify_upstream_trusted_ca=FILE names the CAs to trust"

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
        for line in self.tape.recovered if self.tape else ():
            _log.warning(line)
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
            _log.error(f"awstape: {_told(failure)}")
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


def _told_to(request: Request, code: str, text: str) -> http.Response:
    """An error in the service's own format that no SDK retries."""
    return _made(refusal(catalog.models(), request, code, text))


def _made(response: Response) -> http.Response:
    return http.Response.make(response.status, response.body, dict(response.headers))


def _refusal(status: int, text: str) -> http.Response:
    return http.Response.make(status, text + "\n", {"content-type": "text/plain", "x-awstape-miss": "true"})


addons = [Awstape()]

"""A stand-in for AWS IAM and IAM Access Analyzer. It is not AWS, as every response states (header `x-stand-in`).

The tests can't reach AWS, so the stand-in serves the bytes that AWS is known to send: hand-written XML and JSON text
(`standin_data`), not a rendering of a service model. It must not share assumptions about AWS with the code under test,
so it imports neither awstape nor botocore.

Rules:
1. An item is served as written. The stand-in cuts pages and fills in RequestId, IsTruncated, Marker and nextToken.
2. The length of a page is the smaller of the client's limit and the listing's page size, so short pages occur. A GAP in
   the data gives an empty page that is not the last one.
3. A marker is random and new on every request. It is valid while the stand-in runs, and only for its own listing. Any
   other marker gets a 400.
4. The service is chosen by the path, never by Host: `Action=…` on `/` is IAM, everything else Access Analyzer.
5. The stand-in keeps no changes: CreateRole and DeleteRole get AWS's response and have no effect.
6. Requests that the stand-in can't answer get an error, never a guess: unknown actions, entities, filters.

    with StandIn(throttle={"ListRoles": 1}) as aws:
        boto3.client("iam", endpoint_url=aws.url)

or, in tests/, `python -m support.standin [--port N] [--throttle OPERATION=N] [--fail OPERATION=N]`.
"""

import argparse
import base64
import gzip
import json
import re
import secrets
import signal
import socket
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import takewhile
from textwrap import indent
from typing import Any, Final, NamedTuple, Self, TypeVar
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from support import standin_data as data

GZIP_ABOVE: Final = 2000
"""Bodies with more bytes than this are compressed if Accept-Encoding allows it."""

Input = dict[str, Any]
Answer = tuple[int, dict[str, str], str]  # status, headers and body
Handler = Callable[[Input, "Pager"], str]
Item = TypeVar("Item")


class ServiceError(Exception):
    """An error with the code, message and members of the service; the envelope is added later."""

    def __init__(self, status: int, code: str, message: str, **members: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.members = status, code, message, members


class InvalidError(Exception):
    """Input that both services reject with a 400, with different codes and messages."""


# --- Pages -----------------------------------------------------------------------------------------------------------
class Pager:
    """Cuts listings into pages and keeps the listing and position of each marker."""

    tokens: Final = {"Marker", "nextToken"}
    limits: Final = {"MaxItems", "maxResults"}

    def __init__(self) -> None:
        self._places: dict[str, tuple[str, int]] = {}

    def cut(self, asked: Input, items: Sequence[Item | None], size: int) -> tuple[list[Item], str | None]:
        """Returns the requested page and the next marker. A GAP ends the page before it and is an empty page itself."""
        token, limit, start = None, size, 0
        listing: Input = {}
        for name, value in asked.items():
            if name in self.tokens:
                token = value
            elif name not in self.limits:
                listing[name] = value
            elif not (str(value).isdigit() and 1 <= (limit := int(value)) <= 1000):
                raise InvalidError(f"Value '{value}' at '{name}' failed to satisfy constraint")
        origin = json.dumps(listing, sort_keys=True)
        if token is not None:
            known, start = self._places.get(token, ("", 0))
            if known != origin:
                raise InvalidError("Invalid Marker.")
        ahead = takewhile(lambda item: item is not data.GAP, items[start : start + min(size, limit)])
        page = [item for item in ahead if item is not None]
        end = start + (len(page) or 1)
        if end >= len(items):
            return page, None
        marker = base64.b64encode(secrets.token_bytes(66)).decode()
        self._places[marker] = (origin, end)
        return page, marker


def _need(asked: Input, name: str) -> str:
    if not asked.get(name):
        raise InvalidError(f"Value null at '{name}' failed to satisfy constraint: Member must not be null")
    return str(asked[name])


# --- IAM: XML --------------------------------------------------------------------------------------------------------
def _element(name: str, text: str) -> str:
    return f"<{name}>\n{indent(text, '  ')}\n</{name}>" if text else f"<{name}/>"


def _xml_list(size: int, **lists: Callable[[Input], Iterable[str | None]]) -> Handler:
    """Returns a handler of pages over one or more lists: IsTruncated, the first list, Marker, the other lists."""

    def page_of(asked: Input, pages: Pager) -> str:
        if "Filter.member.1" in asked:
            raise InvalidError("the stand-in for AWS does not support Filter")
        prefix = asked.get("PathPrefix", "/")
        items = [
            item if item is data.GAP else (name, item)
            for name, fragments in lists.items()
            for item in fragments(asked)
            if item is data.GAP or prefix == "/" or f"<Path>{prefix}" in item or f":policy{prefix}" in item
        ]
        page, marker = pages.cut(asked, items, size)
        parts = [_element(name, "\n".join(_element("member", i) for n, i in page if n == name)) for name in lists]
        if marker:
            parts.insert(1, f"<Marker>{marker}</Marker>")
        return "\n".join([f"<IsTruncated>{str(bool(marker)).lower()}</IsTruncated>", *parts])

    return page_of


def _versions(asked: Input) -> dict[str, tuple[str, str]]:
    arn = _need(asked, "PolicyArn")
    if arn not in data.POLICY_VERSIONS:
        raise ServiceError(404, "NoSuchEntity", f"Policy {arn} was not found.")
    return data.POLICY_VERSIONS[arn]


def _get_policy_version(asked: Input, _: Pager) -> str:
    versions, name = _versions(asked), _need(asked, "VersionId")
    if name not in versions:
        message = f"Policy {asked['PolicyArn']} version {name} does not exist or is not attachable."
        raise ServiceError(404, "NoSuchEntity", message)
    return _element("PolicyVersion", "<Document>{}</Document>\n{}".format(*versions[name]))


def _role(asked: Input) -> str:
    name = _need(asked, "RoleName")
    if name not in data.ROLES:
        raise ServiceError(404, "NoSuchEntity", f"The role with name {name} cannot be found.")
    return name


def _get_role(asked: Input, _: Pager) -> str:
    name = _role(asked)
    return _element("Role", f"{data.ROLE_EXTRAS.get(name, data.NEVER_USED)}\n{data.ROLES[name]}")


def _create_role(asked: Input, _: Pager) -> str:
    name, path = _need(asked, "RoleName"), asked.get("Path", "/")
    document = quote(_need(asked, "AssumeRolePolicyDocument"), safe="-._~")
    return _element("Role", data.CREATED_ROLE.format(name=escape(name), path=escape(path), document=document))


def _iam_success(operation: str, result: str) -> Answer:
    text = indent(_element(f"{operation}Result", result), "  ") + "\n" if result else ""
    return _xml(200, data.IAM_SUCCESS, operation=operation, result=text)


def _iam_error(refusal: ServiceError) -> Answer:
    fault = "Receiver" if refusal.status >= 500 else "Sender"
    return _xml(refusal.status, data.IAM_ERROR, fault=fault, code=refusal.code, message=escape(refusal.message))


def _xml(status: int, template: str, **parts: str) -> Answer:
    request_id = str(uuid.uuid4())
    headers = {"x-amzn-RequestId": request_id, "Content-Type": "text/xml"}
    return status, headers, template.format(request_id=request_id, **parts)


# --- Access Analyzer: JSON -------------------------------------------------------------------------------------------
def _chosen(items: Iterable[str], asked: Input, *members: str) -> list[str]:
    """Returns the items that match the named inputs and a filter of the form {member: {eq: [values]}}."""
    criteria = dict(asked.get("filter") or {}) | {name: {"eq": [asked[name]]} for name in members if name in asked}
    if any(set(criterion) != {"eq"} for criterion in criteria.values()):
        raise InvalidError("the stand-in for AWS supports only eq in a filter")
    return [item for item in items if all(json.loads(item).get(k) in c["eq"] for k, c in criteria.items())]


def _json_list(size: int, name: str, items: Callable[[Input], Sequence[str]]) -> Handler:
    return lambda asked, pages: _json_page(asked, pages, size, name, items(asked))


def _json_page(asked: Input, pages: Pager, size: int, name: str, items: Sequence[str], repeated: str = "") -> str:
    page, token = pages.cut(asked, items, size)
    members = [repeated, f'"{name}":[{",".join(page)}]', f'"nextToken":"{token}"' if token else ""]
    return "{" + ",".join(filter(None, members)) + "}"


def _findings(asked: Input, by_analyzer: Mapping[str, Sequence[str]]) -> list[str]:
    arn = _need(asked, "analyzerArn")
    if arn not in {data.EXTERNAL, data.UNUSED}:
        raise _not_found("analyzer", arn)
    return _chosen(by_analyzer.get(arn, ()), asked)


def _not_found(kind: str, name: str) -> ServiceError:
    message = f"The {kind} with id {name} cannot be found."
    return ServiceError(404, "ResourceNotFoundException", message, resourceId=name, resourceType=kind)


def _get_finding_v2(asked: Input, pages: Pager) -> str:
    name = _need(asked, "id")
    known = [json.loads(item)["id"] for item in _findings(asked, data.FINDINGS_V2)]
    if name not in known or name not in data.FINDING_DETAILS:
        raise _not_found("finding", name)
    repeated, details = data.FINDING_DETAILS[name]
    return _json_page(asked, pages, 2, "findingDetails", details, repeated)


def _analyzer_error(refusal: ServiceError) -> Answer:
    body = {"message": refusal.message, **refusal.members}
    headers = {"x-amzn-errortype": refusal.code}
    if refusal.code == "ValidationException":
        body["reason"] = "other"
    elif refusal.status in {429, 500}:
        headers["Retry-After"] = "0"
    return _json(refusal.status, json.dumps(body, separators=(",", ":")), **headers)


def _json(status: int, body: str, **headers: str) -> Answer:
    common = {
        "content-type": "application/json",
        "x-amzn-requestid": str(uuid.uuid4()),
        "x-amz-apigw-id": base64.b64encode(secrets.token_bytes(11)).decode(),
        "x-amzn-trace-id": f"Root=1-{secrets.token_hex(4)}-{secrets.token_hex(12)}",
    }
    return status, common | headers, body


# --- The two services ------------------------------------------------------------------------------------------------
class Service(NamedTuple):
    """The envelopes, errors and operations of a service. refusals: kind → status, code, message."""

    success: Callable[[str, str], Answer]
    error: Callable[[ServiceError], Answer]
    refusals: Mapping[str, tuple[int, str, str]]
    operations: Mapping[str, Handler]


IAM: Final = Service(
    _iam_success,
    _iam_error,
    data.IAM_REFUSALS,
    {
        "CreateRole": _create_role,
        "DeleteRole": lambda asked, _: _need(asked, "RoleName") and "",
        "GetAccountAuthorizationDetails": _xml_list(
            3,
            UserDetailList=lambda _: data.USER_DETAILS,
            GroupDetailList=lambda _: data.GROUP_DETAILS,
            RoleDetailList=lambda _: data.ROLE_DETAILS,
            Policies=lambda _: data.POLICY_DETAILS,
        ),
        "GetAccountSummary": lambda _, __: _element("SummaryMap", data.ACCOUNT_SUMMARY),
        "GetCredentialReport": lambda _, __: data.CREDENTIAL_REPORT,
        "GetPolicyVersion": _get_policy_version,
        "GetRole": _get_role,
        "ListAttachedRolePolicies": _xml_list(2, AttachedPolicies=lambda q: data.ATTACHED_POLICIES.get(_role(q), ())),
        "ListGroups": _xml_list(2, Groups=lambda _: data.GROUPS),
        "ListPolicyVersions": _xml_list(2, Versions=lambda asked: [rest for _, rest in _versions(asked).values()]),
        "ListRoles": _xml_list(3, Roles=lambda _: data.ROLES.values()),
        "ListUsers": _xml_list(100, Users=lambda _: ()),
    },
)

ACCESS_ANALYZER: Final = Service(
    lambda _, result: _json(200, result),
    _analyzer_error,
    data.ANALYZER_REFUSALS,
    {
        "GetFindingV2": _get_finding_v2,
        "ListAnalyzers": _json_list(50, "analyzers", lambda asked: _chosen(data.ANALYZERS, asked, "type")),
        "ListFindings": _json_list(2, "findings", lambda asked: _findings(asked, data.FINDINGS)),
        "ListFindingsV2": _json_list(2, "findings", lambda asked: _findings(asked, data.FINDINGS_V2)),
        "ListPolicyGenerations": _json_list(
            2, "policyGenerations", lambda asked: _chosen(data.POLICY_GENERATIONS, asked, "principalArn")
        ),
    },
)

ROUTES: Final = {
    "GetFindingV2": re.compile("GET /findingv2/(?P<id>[^/]+)"),
    "ListAnalyzers": re.compile("GET /analyzer"),
    "ListFindings": re.compile("POST /finding"),
    "ListFindingsV2": re.compile("POST /findingv2"),
    "ListPolicyGenerations": re.compile("GET /policy/generation"),
}


def understand(method: str, target: str, body: bytes) -> tuple[Service, str, Input]:
    """Returns service, operation and input of a request. An unknown operation keeps the name in the request."""
    url = urlsplit(target)
    asked: Input = dict(parse_qsl(url.query, keep_blank_values=True))
    if url.path in {"", "/"}:
        asked |= parse_qsl(body.decode(), keep_blank_values=True)
        return IAM, str(asked.get("Action", "")), asked
    asked |= json.loads(body or "{}")
    for operation, route in ROUTES.items():
        if found := route.fullmatch(f"{method} {url.path}"):
            labels = {name: unquote(value) for name, value in found.groupdict().items()}
            return ACCESS_ANALYZER, operation, asked | labels | {"operation": operation}
    return ACCESS_ANALYZER, f"{method} {url.path}", asked


# --- The server ------------------------------------------------------------------------------------------------------
class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "_Server"

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, headers, text = self.server.owner.answer(self.command, self.path, body)
        content = text.encode()
        self.send_response_only(status)
        self.send_header("Date", self.date_time_string())
        self.send_header("x-stand-in", "awstape tests")
        for name, value in headers.items():
            self.send_header(name, value)
        if len(content) > GZIP_ABOVE:
            self.send_header("Vary", "Accept-Encoding")
            if "gzip" in self.headers.get("Accept-Encoding", ""):
                self.send_header("Content-Encoding", "gzip")
                content = gzip.compress(content)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _serve  # noqa: N815  http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing: the output of a test must not contain the stand-in's log."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 128

    def __init__(self, owner: "StandIn", port: int) -> None:
        self.owner = owner
        self.connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self.connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep the exception for the test; a closed connection is no error."""
        error = sys.exception()
        if isinstance(error, Exception) and not isinstance(error, ConnectionError):
            self.owner.errors.append(error)


class StandIn:
    """A running stand-in. url: its address; calls: operation → number of calls; errors: its own exceptions.

    throttle, fail: operation → the number of first calls that get a throttling error, or an internal error.
    expire: operation → the number of calls that are answered before the credentials have expired.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        throttle: Mapping[str, int] | None = None,
        fail: Mapping[str, int] | None = None,
        expire: Mapping[str, int] | None = None,
    ) -> None:
        self.calls: Counter[str] = Counter()
        self.errors: list[Exception] = []
        self._pages = Pager()
        self._faults = {"throttled": Counter(throttle or {}), "failed": Counter(fail or {})}
        self._expire = dict(expire or {})
        self._lock = threading.Lock()
        self._server = _Server(self, port)
        self.url: Final = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, method: str, target: str, body: bytes) -> Answer:
        """Return the service's response to one request."""
        service, operation, asked = understand(method, target, body)
        try:
            with self._lock:
                self.calls[operation] += 1
                for fault, left in self._faults.items():
                    if left[operation] > 0:
                        left[operation] -= 1
                        raise ServiceError(*service.refusals[fault])
                if self.calls[operation] > self._expire.get(operation, self.calls[operation]):
                    raise ServiceError(403, "ExpiredToken", "The security token included in the request is expired")
            if operation not in service.operations:
                raise ServiceError(*service.refusals["unknown"])
            return service.success(operation, service.operations[operation](asked, self._pages))
        except InvalidError as invalid:
            status, code, message = service.refusals["invalid"]
            return service.error(ServiceError(status, code, message.format(invalid)))
        except ServiceError as refusal:
            return service.error(refusal)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Stop listening and close all connections, so that no client keeps using one; then raise kept errors."""
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self._server.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        if self.errors and kind is None:
            raise ExceptionGroup("the stand-in for AWS failed", self.errors)


def _fault(text: str) -> tuple[str, int]:
    operation, _, times = text.partition("=")
    return operation, int(times)


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(description="A stand-in for AWS IAM and IAM Access Analyzer (not AWS).")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    for name in "throttle", "fail":
        parser.add_argument(f"--{name}", type=_fault, action="append", default=[], metavar="OPERATION=N")
    options = parser.parse_args()
    stop = threading.Event()
    for signum in signal.SIGINT, signal.SIGTERM:
        signal.signal(signum, lambda *_: stop.set())
    with StandIn(options.port, throttle=dict(options.throttle), fail=dict(options.fail)) as aws:
        print(f"stand-in for AWS (not AWS) on {aws.url}", flush=True)
        stop.wait()


if __name__ == "__main__":
    main()

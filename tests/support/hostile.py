"""Properties that must hold for arbitrary bytes at each entry point: used by Hypothesis tests and by `make fuzz`.

Each property takes bytes. It raises AssertionError if the bytes violate it; unexpected exceptions propagate.
"""

from __future__ import annotations

import asyncio
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, cast

from awstape import recovery
from awstape.catalog.response_parser import parse_response
from awstape.core.aws.conform import output_misfits
from awstape.core.aws.model import Operation
from awstape.core.aws.protocols.dispatch import read_response, write_response
from awstape.core.aws.routing import recognise_call
from awstape.core.aws.wire import Request, Response, WireError
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.yaml.documents import DocumentError
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import dump_document, write_cassette
from awstape.core.check import findings
from awstape.core.recording.recorder import Recorder
from awstape.core.redaction.aliases import key_fingerprint
from awstape.core.redaction.project_rules import Rules
from awstape.core.redaction.redactor import Redactor
from awstape.core.replay.known_replies import KnownReplies
from awstape.core.replay.player import Player
from awstape.errors import UserError
from awstape.files.encrypted_lines import LineCipher
from awstape.formats.importing import read_entries, record_entries
from awstape.formats.imports.entries import ImportOptions
from awstape.serving import control_api, endpoint
from awstape.serving.access_control import AccessPolicy
from awstape.serving.connection import Connection
from awstape.tape import Tape
from support import exchanges, wire_cases
from support.exchanges import ACCOUNT, KEY, MODELS
from support.paths import ROOT

CASSETTES = sorted((ROOT / "cassettes").glob("*.yaml"))
OPERATIONS = [operation for service in MODELS.recognised for operation in service.operations.values()]
STATUSES = (200, 200, 200, 204, 400, 404, 429, 500, 503)
FORM = "application/x-www-form-urlencoded"


# --- responses of the upstream ----------------------------------------------------------------------------------


def decode_(data: bytes) -> None:
    """Decodes a response. data: a byte for the operation, one for the status, a line with the error type, the body."""
    operation, status = OPERATIONS[int.from_bytes(data[:1]) % len(OPERATIONS)], STATUSES[int.from_bytes(data[1:2]) % 9]
    kind, _, body = data[2:].partition(b"\n")
    response = Response(status, (("x-amzn-errortype", kind.decode("latin-1")),), body)
    _assert_recordable(operation, response)
    try:
        answer = read_response(operation, response)
        if any(not misfit.unknown for misfit in output_misfits(operation, answer.output)):
            return
        again = read_response(operation, write_response(operation, answer, "id"))
        assert read_response(operation, write_response(operation, again, "id")) == again
    except WireError:
        return


def _assert_recordable(operation: Operation, response: Response) -> None:
    """Asserts that the recording of a response can be read and contains no account id."""
    members = operation.input.members if operation.input else {}
    labels = {name: "label" for name, member in members.items() if member.location == "uri"}
    recorder = Recorder(MODELS, Redactor(KEY), parse_response, include_writes=True)
    recorder.feed(exchanges.request(operation.name, labels), response)
    _assert_readable(recorder)


def _assert_readable(recorder: Recorder) -> None:
    merged = recorder.finish().merged
    text = write_cassette(merged)
    assert read_cassette(text, MODELS) == merged
    assert not re.search(rf"(?<!\d){ACCOUNT}(?!\d)", text)


def decode_seeds() -> Iterator[bytes]:
    for case in wire_cases.load():
        index = next(i for i, each in enumerate(OPERATIONS) if each.name == case.operation)
        if index < 256:
            code = dict(case.response_headers).get("x-amzn-errortype", "").encode()
            yield (
                bytes((index, STATUSES.index(case.status) if case.status in STATUSES else 0))
                + code
                + b"\n"
                + (case.response_body)
            )


# --- requests ---------------------------------------------------------------------------------------------------


def request(data: bytes) -> None:
    """Answers a request. data: a line with method and target, a line each with host and authorization, the body."""
    line, host, authorization, body = (data.split(b"\n", 3) + [b""] * 3)[:4]
    method, _, target = line.decode("latin-1").partition(" ")
    path, _, query = target.partition("?")
    kind = "application/json" if body[:1] in (b"{", b"[") else FORM
    headers = (("content-type", kind), ("authorization", authorization.decode("latin-1")))
    asked = Request(method, host.decode("latin-1"), path, query, headers, body)
    with suppress(WireError):
        recognise_call(MODELS, asked)
    reply = player().answer(asked)
    assert reply.response is not None
    assert not any("\n" in value or "\r" in value for _, value in reply.response.headers)


def request_seeds() -> Iterator[bytes]:
    for case in wire_cases.load():
        host, _, target = case.url.removeprefix("https://").partition("/")
        signed = dict(case.request_headers).get("authorization", "")
        yield f"{case.method} /{target}\n{host}\n{signed}\n".encode() + case.request_body


@cache
def player() -> Player:
    cassette = read_cassette(CASSETTES[-1].read_text("utf-8"), MODELS)
    return Player(MODELS, cassette, Redactor(KEY), has_key=True)


# --- cassettes --------------------------------------------------------------------------------------------------


def document_(data: bytes) -> None:
    """Reads a cassette. Either reading fails and a check reports it, or writing and reading it changes nothing."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return
    found = findings.check_text(text, MODELS)
    try:
        cassette = read_cassette(text, MODELS)
    except DocumentError:
        assert any(finding.kind == findings.FORMAT for finding in found)
        return
    if len(cassette.keys) > 1:
        return
    written = write_cassette(cassette)
    assert read_cassette(written, MODELS) == cassette
    assert write_cassette(read_cassette(written, MODELS)) == written


def document_seeds() -> Iterator[bytes]:
    for path in CASSETTES:
        head, *takes = path.read_bytes().split(b"---\n")
        yield from (head + b"---\n" + take for take in takes)


# --- the endpoint -----------------------------------------------------------------------------------------------


def endpoint_(data: bytes) -> None:
    """Serves a client. data: the bytes that it sends; two NUL bytes separate pieces that arrive one after the other."""
    asyncio.run(_converse(data.split(b"\0\0")))


async def _converse(pieces: list[bytes]) -> None:
    failures: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context))
    tape = Tape(None, Cassette(), None, player())
    answer = partial(control_api.answer, tape, AccessPolicy())
    connection = Connection(endpoint.Endpoint(answer, KnownReplies(endpoint.MAX_KEPT)))
    transport = _Transport()
    connection.connection_made(cast(asyncio.Transport, transport))
    for piece in pieces:
        if not transport.closed:
            connection.data_received(piece)
    assert failures == []
    assert transport.sent == b"" or transport.sent.startswith(b"HTTP/1.1 ")
    assert b"HTTP/1.1 500 " not in transport.sent
    for state in list(player().sessions.by_name):
        player().reset(state)
    player().sessions.by_name.clear()


class _Transport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.sent, self.closed, self.reading = b"", False, True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.sent += data

    def write_eof(self) -> None:
        pass

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def is_reading(self) -> bool:
        return self.reading

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True

    def get_write_buffer_size(self) -> int:
        return 0


def endpoint_seeds() -> Iterator[bytes]:
    for case in wire_cases.load():
        host, _, target = case.url.removeprefix("https://").partition("/")
        headers = {"host": host, "content-length": str(len(case.request_body)), **dict(case.request_headers)}
        lines = [f"{case.method} /{target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        yield "\r\n".join(lines).encode() + case.request_body
    for path in ("/~/health", "/~/misses", "/~a/~/reset", "/~%00/", "/~a/../~/health"):
        yield f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


# --- recordings of other tools ----------------------------------------------------------------------------------


def import_(data: bytes) -> None:
    """Imports a file. data: a byte that chooses its name, then its content."""
    name = ("x.json", "x.toml", "iam.ListRoles_1.json", "x.yaml")[int.from_bytes(data[:1]) % 4]
    recorder = Recorder(MODELS, Redactor(KEY), parse_response, include_writes=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(data[1:])
        try:
            record_entries(recorder, read_entries([path], None, ImportOptions(skip_reason=recorder.reason_to_skip)))
        except UserError as error:
            if error.tip == "please report this":  # an internal error of awstape, reported to the user
                raise AssertionError(error.problem) from error
            return
    _assert_readable(recorder)


def import_seeds() -> Iterator[bytes]:
    iam = "https://iam.amazonaws.com/"
    form = "Action=ListRoles&Version=2010-05-08"
    body = next(case.response_body for case in wire_cases.load() if case.operation == "ListRoles").decode()
    quoted = dump_document({"x": body})[3:].encode()
    yield (
        b'\0{"log":{"entries":[{"request":{"method":"POST","url":"%s?%s","headers":[]},"response":{"status":200,'
        % (
            iam.encode(),
            form.encode(),
        )
        + b'"headers":[],"content":{"text":"<a/>","encoding":"","size":4}}}]}}'
    )
    yield (
        b"\3interactions:\n- request: {body: '%s', headers: {content-type: [%s]}, method: POST, uri: '%s'}\n"
        b"  response:\n    headers: {}\n    status: {code: 200, message: OK}\n    body:\n      string: %s"
        % (form.encode(), FORM.encode(), iam.encode(), quoted)
    )
    yield b'\2{"status_code": 200, "data": {"Roles": [{"RoleName": "x", "CreateDate": {"__class__": "datetime"}}]}}'
    yield b'\0[{"service": "iam", "method": "get_role", "expected_params": {"RoleName": "x"}, "service_response": {}}]'
    yield (
        b"\1[[interactions]]\nrecorded_at = '1'\n[interactions.request]\nmethod = 'POST'\nuri = '%s?%s'\n"
        b"[interactions.response]\nstatus = 200\nbody_type = 'text'\nbody_content = '<a/>'\n"
        % (iam.encode(), form.encode())
    )
    yield b"\0" + b"18:4:type;4:http;}"


# --- the journal of an aborted recording ------------------------------------------------------------------------


def journal_(data: bytes) -> None:
    """Recovers a journal. data: after NUL, the bytes of a journal; after another byte, texts of lines to encrypt."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "team.yaml")
        (file := Path(folder, "team.yaml.journal")).write_bytes(data[1:])
        if data[:1] != b"\0":
            cipher = LineCipher(KEY, _journal_head())
            file.write_bytes(cipher.head + b"\n" + b"".join(map(cipher.encrypt, data[1:].split(b"\n\0\n"))))
        try:
            recovery.recover_journals(path, KEY, Rules())
        except UserError as error:
            assert error.tip != "please report this", error.problem  # noqa: PT017 - the fuzzer's own process
            assert file.exists()
        else:
            assert not file.exists()
        if path.exists():
            read_cassette(path.read_text("utf-8"), MODELS)


def _journal_head() -> bytes:
    return json.dumps({"awstape journal": 4, "key": key_fingerprint(KEY), "pid": 1, "id": "x"}).encode()


def journal_seeds() -> Iterator[bytes]:
    contents = exchanges.journalled(*exchanges.listing("ListGroups", {}, [{"Groups": []}, {"Groups": []}]))
    cipher = LineCipher(KEY, _journal_head())
    yield b"\0" + cipher.head + b"\n" + b"".join(map(cipher.encrypt, contents))
    yield b"\0" + cipher.head + b"\n"
    yield b"\1" + b"\n\0\n".join(contents)
    denied = exchanges.fail("ListGroups", 403, "AccessDenied", "no")
    yield b"\1" + b"".join(exchanges.journalled((exchanges.request("ListGroups"), denied)))


TARGETS: Mapping[str, tuple[Callable[[bytes], None], Callable[[], Iterator[bytes]]]] = {
    "decode": (decode_, decode_seeds),
    "request": (request, request_seeds),
    "document": (document_, document_seeds),
    "endpoint": (endpoint_, endpoint_seeds),
    "import": (import_, import_seeds),
    "journal": (journal_, journal_seeds),
}

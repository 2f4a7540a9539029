"""Helpers for the tests of in-process replay: a process without AWS settings, and requests for a cassette's pages."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import botocore
import botocore.handlers
import pytest

from awstape.catalog.botocore_values import to_botocore
from awstape.core.aws.model import Operation, Value
from awstape.core.aws.wire import Request, Response
from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.redaction.aliases import Key
from awstape.core.text.hidden import Hidden
from awstape.files import cassette_files
from support import botocore_files, exchanges, wire_cases
from support.exchanges import MODELS
from support.paths import ROOT

CASSETTES = ROOT / "cassettes"
POLICY = "arn:aws:iam::000611752023:policy/alias-srrm4262kR"
LISTING: dict[str, Any] = {"PolicyArn": POLICY}
VERSIONS = ["v5", "v4", "v3", "v2", "v1"]
PAGINGS = {"recorded": [2, 2, 1], "client": [5], "4": [4, 1], "torture": [0, 1, 3, 1, 0]}
ENVIRON = {"AWSTAPE_KEY": "a key for tests, not a secret"}
FAKE_KEYS: dict[str, Any] = {"aws_access_key_id": "FAKE", "aws_secret_access_key": "fake"}


def isolate(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Removes the machine's settings of AWS and awstape: environment variables and the user's folders."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "AWSTAPE_"))]:
        patch.delenv(name)
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        patch.setenv(name, str(folder / "home"))


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """Reads botocore's data once for each module that imports this fixture."""
    with pytest.MonkeyPatch.context() as patch:
        botocore_files.read_once(patch.setattr)
        yield


def cut_off(patch: pytest.MonkeyPatch) -> list[object]:
    """Makes every connection attempt fail; returns a list that collects the addresses."""
    tried: list[object] = []

    def refuse(_: object, address: object, *__: object) -> NoReturn:
        tried.append(address)
        raise OSError("the tests are offline")

    for name in ("connect", "connect_ex"):
        patch.setattr(socket.socket, name, refuse)
    return tried


def handlers() -> Sequence[object]:
    """Returns the handlers that botocore registers with every new session."""
    return list(botocore.handlers.BUILTIN_HANDLERS)


def handler_counts(client: Any) -> list[int]:
    """Counts the handlers that a client calls when it receives a response, and before it signs."""
    emit = client.meta.events.emit
    answered = [emit(f"response-received.{name}.Any", response_dict=None) for name in MODELS.names]
    return [len(responses) for responses in (*answered, emit("choose-signer.iam.Any", context={}, signing_name=""))]


# --- cassettes --------------------------------------------------------------------------------------------------


def save(path: Path, recorded: Cassette) -> Path:
    path.write_text(write_cassette(recorded), encoding="utf-8")
    return path


def wire_pairs() -> list[exchanges.Exchange]:
    """Returns the exchanges of all literal wire cases."""
    pairs = []
    for case in wire_cases.load():
        url = urlsplit(case.url)
        asked = Request(case.method, url.hostname or "", url.path, url.query, case.request_headers, case.request_body)
        pairs.append((asked, Response(case.status, case.response_headers, case.response_body)))
    return pairs


def of_wire_cases(path: Path) -> Path:
    """Writes a cassette of all literal wire cases, recorded with `ENVIRON`'s key. None comes after another one.

    Those that are not signed have the caller of all others, too.
    """
    key = Key(ENVIRON["AWSTAPE_KEY"].encode())
    pairs = [(replace(asked, caller=Hidden("AKIAIOSFODNN7EXAMPLE")), answered) for asked, answered in wire_pairs()]
    recorded = exchanges.record(*pairs, key=key, include_writes=True).cassette
    return save(path, Cassette.of((replace(take, after=None) for take in recorded.takes), recorded.keys))


def with_takes(path: Path, count: int) -> Path:
    """Writes a cassette with `count` takes of ListRoles; the description of the only role is the number of the take."""
    roles: list[dict[str, Value]] = [
        {"Roles": [{"RoleName": "Fake", "Description": f"take {i}"}]} for i in range(count)
    ]
    pairs = [pair for role in roles for pair in exchanges.listing("ListRoles", {}, [role])]
    return save(path, exchanges.cassette(*pairs))


@pytest.fixture(autouse=True)
def tried(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[object]]:
    """A process without account, key and default session, and, where nothing listens for it, without a network."""
    isolate(monkeypatch, tmp_path)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    tried = [] if "aws" in request.fixturenames else cut_off(monkeypatch)
    yield tried
    assert not tried


def questions(path: Path) -> list[tuple[Operation, str | None, Mapping[str, Any]]]:
    """Returns operation, region and input of the first page of each take."""
    found = []
    for take in cassette_files.load(path, MODELS).takes:
        operation = MODELS.operation(take.track.service, take.track.operation)
        identity = to_botocore(dict(take.track.identity), operation.input)
        found.append((operation, take.track.region, identity))
    return found


def next_page(operation: Operation, response: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the input member that requests the next page; empty if there is none."""
    token = response.get(operation.paging.output_token) if operation.paging else None
    return {operation.paging.token: token} if operation.paging and token else {}

"""Requests for each page of a cassette, and the responses that clients get from a replay or an exported recording."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

import awstape
from awstape.catalog.botocore_values import to_botocore
from awstape.core.cassette.cassette import Cassette, Track
from awstape.core.view.selectors import select
from awstape.files import cassette_files
from awstape.formats.exporting import Export, export_tracks
from support import in_process
from support.exchanges import MODELS
from support.in_process import CASSETTES, FAKE_KEYS

if TYPE_CHECKING:
    import mitmproxy.http

SHIPPED = sorted(path.name for path in CASSETTES.glob("*.yaml"))
ONCE = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
REGION = "us-east-1"


@dataclass(frozen=True)
class Question:
    """The input with which a client requests a page."""

    track: Track
    input: dict[str, Any]
    limit: str | None

    @property
    def method(self) -> str:
        return xform_name(self.track.operation)


def questions(cassette: Cassette) -> Iterator[Question]:
    """Yields a question for each page of a cassette, in its order."""
    for take in cassette.takes:
        operation = MODELS.operation(take.track.service, take.track.operation)
        for page in take.pages:
            paging = operation.paging
            input_ = to_botocore(dict(take.track.identity), operation.input)
            if paging and page.token:
                input_[paging.token] = page.token
            if paging and paging.limit and page.limit:
                input_[paging.limit] = page.limit
            yield Question(take.track, input_, paging.limit if paging else None)


def answer(client: Any, question: Question) -> dict[str, Any]:
    """Returns the response that a client gets, also if it is an error."""
    try:
        response = getattr(client, question.method)(**question.input)
    except ClientError as error:
        response = error.response
    assert isinstance(response, dict)
    metadata = response.pop("ResponseMetadata", {})
    return {**response, "RequestId": metadata.get("RequestId")}


def answers(clients: Callable[[str, str], Any], asked: Iterable[Question]) -> list[dict[str, Any]]:
    """Returns the response to each question. clients: service and region → client."""
    return [answer(clients(q.track.service, q.track.region or REGION), q) for q in asked]


def replayed(path: Path) -> list[dict[str, Any]]:
    """Returns the responses of an in-process replay to the questions for all its pages."""
    with awstape.replay(path, strict=False):
        return answers(new_clients(), questions(cassette_files.load(path, MODELS)))


def new_clients() -> Callable[[str, str], Any]:
    """Returns a function (service, region) → client that creates each client of a session once."""
    session = boto3.Session(**FAKE_KEYS)
    return cache(lambda service, region: session.client(service, region_name=region, config=ONCE))


def exported(cassette: Cassette, form: str, *selectors: str) -> Export:
    return export_tracks(select(MODELS, cassette, selectors), form)


def headers_from_har(response: mitmproxy.http.Response) -> tuple[tuple[str, str], ...]:
    """Returns the headers of a response that mitmproxy read from a HAR, without the length that mitmproxy 12 adds."""
    added = ("content-length", str(len(response.content or b"")))
    return tuple(header for header in response.headers.items() if header != added)


def of(name: str, folder: Path) -> Path:
    """Returns the path of a shipped cassette, or writes a cassette of all literal wire cases into the folder."""
    if name in SHIPPED:
        return CASSETTES / name
    (path := folder / name).write_text(_wire_cases(), "utf-8")
    return path


@cache
def _wire_cases() -> str:
    with TemporaryDirectory() as folder:
        return in_process.of_wire_cases(Path(folder) / "made.yaml").read_text("utf-8")

"""Cassettes of VCR.py, which it replays to boto3.

VCR plays each interaction once, in order: the takes of a track follow each other. By default it matches on the URL
alone, which is the same for all calls of IAM; it must be told to match on the body as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from awstape.core.aws.model import Value
from awstape.core.aws.wire import Headers
from awstape.core.cassette.yaml.document import dump
from awstape.core.recording.recorder import is_retryable
from awstape.core.view.selectors import Chosen
from awstape.formats.exports.exchanges import Exchange, Note, exchanges, limit_note

#: The version of the format: vcr/serialize.py, CASSETTE_FORMAT_VERSION.
_VERSION = 1


def part(chosen: Chosen, note: Note) -> list[Value]:
    """The interactions of a track."""
    for said in _notes(chosen):
        note(said)
    return [_interaction(exchange) for exchange in exchanges(chosen)]


def whole(parts: Sequence[list[Value]]) -> str:
    """The cassette, in YAML."""
    return dump({"interactions": list(chain.from_iterable(parts)), "version": _VERSION})


def _notes(chosen: Chosen) -> Iterator[str]:
    """Where playback is not what replay would be."""
    if len(chosen.numbers) > 1:
        yield f"its {len(chosen.numbers)} takes are played one after the other; the first with allow_playback_repeats"
    yield from limit_note(chosen, "VCR answers only who asks so")
    pages = list(exchanges(chosen))
    shape = pages[0].operation.input
    for name, member in (shape.members if shape else {}).items():
        if member.idempotency_token:
            yield f"SDKs make up {name} for each call; what VCR matches on must leave it out"
    if any(is_retryable(page.page.answer) for page in pages):
        yield "SDKs retry its error, and VCR plays it once unless it has allow_playback_repeats"


def _interaction(exchange: Exchange) -> Value:
    request, response = exchange.request, exchange.response
    return {
        "request": {
            "method": request.method,
            "uri": exchange.url,
            "headers": _headers(request.headers),
            "body": request.body.decode() or None,
        },
        "response": {
            "status": {"code": response.status, "message": exchange.reason},
            "headers": _headers(response.headers),
            "body": {"string": response.body.decode()},
        },
    }


def _headers(headers: Headers) -> dict[str, Value]:
    return {name: [value for other, value in headers if other == name] for name, _ in headers}

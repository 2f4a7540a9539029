"""Exports cassettes of VCR.py, which replays them to boto3.

VCR plays each interaction once, in order: the takes of a track follow each other. By default it matches on method and
URL, which all calls of IAM share; `match_on` must name the body as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from awstape.core.aws.error_codes import is_retried
from awstape.core.aws.model import Value
from awstape.core.aws.wire import Headers
from awstape.core.cassette.yaml.writer import dump_document
from awstape.core.view.selectors import SelectedTrack
from awstape.formats.exports.exported_pages import AddNote, ExportedPage, exported_pages, limit_notes

#: The version of the format: vcr/serialize.py, CASSETTE_FORMAT_VERSION.
_VERSION = 1


def convert_track(chosen: SelectedTrack, add_note: AddNote) -> list[Value]:
    """The interactions of a track."""
    for note in _notes(chosen):
        add_note(note)
    return [_interaction(exported) for exported in exported_pages(chosen)]


def assemble(parts: Sequence[list[Value]]) -> str:
    """The cassette, in YAML."""
    return dump_document({"interactions": list(chain.from_iterable(parts)), "version": _VERSION})


def _notes(chosen: SelectedTrack) -> Iterator[str]:
    """Notes on the differences between VCR's playback and replay."""
    if len(chosen.numbers) > 1:
        yield f"its {len(chosen.numbers)} takes are played in order; with allow_playback_repeats, only the first"
    yield from limit_notes(chosen, "VCR answers only requests with this limit")
    pages = list(exported_pages(chosen))
    shape = pages[0].operation.input
    for name, member in (shape.members if shape else {}).items():
        if member.is_incidental:
            yield f"SDKs choose {name} by themselves; VCR must not match on it"
    if any(error and is_retried(error) for page in pages for error in [page.page.answer.error]):
        yield "SDKs retry its error, which VCR plays only once without allow_playback_repeats"


def _interaction(exported: ExportedPage) -> Value:
    request, response = exported.request, exported.response
    return {
        "request": {
            "method": request.method,
            "uri": exported.url,
            "headers": _headers(request.headers),
            "body": request.body.decode() or None,
        },
        "response": {
            "status": {"code": response.status, "message": exported.status_text},
            "headers": _headers(response.headers),
            "body": {"string": response.body.decode()},
        },
    }


def _headers(headers: Headers) -> dict[str, Value]:
    return {name: [value for other, value in headers if other == name] for name, _ in headers}

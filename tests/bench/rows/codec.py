"""The work of a recording without sockets: decoding, redaction, folding, the journal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from awstape.catalog.response_parser import parse_response
from awstape.core.aws.protocols.dispatch import read_response, write_response
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.recording.capture import read as read_capture
from awstape.core.recording.capture import write as write_capture
from awstape.core.recording.folding import Recording
from awstape.core.recording.recorder import Recorder
from awstape.core.redaction.aliases import Key
from awstape.core.redaction.redactor import Redactor
from awstape.files.journal import Journal
from bench.frame import Goal, Row, Setting, row
from bench.traffic import LIST_ROLES, MODELS, page, request


@contextmanager
def rows(setting: Setting) -> Iterator[Iterator[Row]]:
    yield _rows(setting)


def _rows(setting: Setting) -> Iterator[Row]:
    traffic = Traffic(setting.size(10, quick=2))
    count = len(traffic.pages)
    fed = traffic.feed()
    captures, merged = fed[1], traffic.finish(*fed).merged

    def append() -> None:
        journal = Journal.create(setting.folder / "x.yaml", Key(b"key"))
        for capture in captures:
            journal.append(capture)
        journal.close(remove=True)

    for name, work, goal in (
        ("decode a page of 100 roles", traffic.decode, None),
        ("encode it", traffic.encode, None),
        ("redact it", traffic.redact, Goal(1.0)),
        ("record it, without a proxy", lambda: traffic.finish(*traffic.feed()), None),
    ):
        yield row(name, work, traffic.parse, "botocore parsing it", goal, count)
    yield row("fold its capture at the end", lambda: traffic.finish(*fed), lambda: write_cassette(merged),
              "writing it", Goal(2.0), count)  # fmt: skip
    yield row("append its capture to a journal", append, traffic.feed, "feeding it", count=count)
    yield row("recover it from its capture", lambda: restore(captures), traffic.feed, "feeding it", count=count)


class Traffic:
    """Pages of 100 roles, and what is done with them."""

    def __init__(self, pages: int) -> None:
        self.pages = [page(number, 100) for number in range(pages)]
        self._requests = [request(f"/p{number}/") for number in range(pages)]
        self._answers = [read_response(LIST_ROLES, response) for response in self.pages]

    def decode(self) -> None:
        for response in self.pages:
            read_response(LIST_ROLES, response)

    def encode(self) -> None:
        for answer in self._answers:
            write_response(LIST_ROLES, answer, "id")

    def parse(self) -> None:
        for response in self.pages:
            parse_response(LIST_ROLES, response)

    def redact(self) -> None:
        redactor = Redactor(Key(b"key"))
        for answer in self._answers:
            redactor.redact_answer(LIST_ROLES, answer)

    def feed(self) -> tuple[Recorder, list[str]]:
        """Returns a recorder that was fed, and the texts of its captures."""
        recorder = new_recorder()
        fed = [recorder.feed(*exchange) for exchange in zip(self._requests, self.pages, strict=True)]
        return recorder, [write_capture(capture) for capture in fed if capture]

    def finish(self, recorder: Recorder, captures: list[str]) -> Recording:
        return recorder.finish(read_capture(capture, MODELS, is_own=True) for capture in captures)


def restore(captures: list[str]) -> None:
    """Recovers an interrupted recording."""
    new_recorder().finish(read_capture(capture, MODELS) for capture in captures)


def new_recorder() -> Recorder:
    return Recorder(MODELS, Redactor(Key(b"key")), parse_response)

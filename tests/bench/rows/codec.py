"""The work of a recording without sockets: decoding, redaction, folding, the journal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from awstape.catalog.response_parser import parse_response
from awstape.core.aws.protocols.dispatch import read_response, write_response
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.recording.recorder import Recorder
from awstape.core.recording.recording_filter import RecordingFilter
from awstape.core.redaction.aliases import Key
from awstape.core.redaction.redactor import Redactor
from awstape.files.journal import Journal
from awstape.live_recorder import LiveRecorder
from awstape.merging import rare_garbage_collection
from bench.frame import Goal, Row, Setting, row
from bench.other_pages import pages
from bench.traffic import LIST_ROLES, MODELS, page, request


@contextmanager
def rows(setting: Setting) -> Iterator[Iterator[Row]]:
    yield _rows(setting)


def _rows(setting: Setting) -> Iterator[Row]:
    traffic = Traffic(setting.size(10, quick=2))
    count = len(traffic.pages)
    recorder = traffic.feed()
    merged = recorder.finish().merged

    def fold() -> None:
        with rare_garbage_collection():
            recorder.finish()

    def keep() -> None:
        path, which = setting.folder / "x.yaml", RecordingFilter(MODELS)
        live = LiveRecorder(path, Key(b"key"), which, new_recorder, lambda: Journal.create(path, Key(b"key")))
        for exchange in traffic.exchanges:
            live.write(*exchange)
        assert live.journal
        live.journal.close(remove=True)

    for name, work, goal in (
        ("decode a page of 100 roles", traffic.decode, None),
        ("encode it", traffic.encode, None),
        ("redact it", traffic.redact, Goal(1.0)),
        ("record it, without a proxy", lambda: traffic.feed().finish(), None),
    ):
        yield row(name, work, traffic.parse, "botocore parsing it", goal, count)
    yield _row_of_redaction("redact 50 roles and their policies", "iam", "GetAccountAuthorizationDetails", count)
    yield _row_of_redaction("redact 100 instances", "ec2", "DescribeInstances", count)
    yield row("fold it at the end", fold, lambda: write_cassette(merged), "writing it", Goal(2.0), count)
    yield row("write it into a journal", keep, traffic.feed, "redacting it", count=count)


def _row_of_redaction(name: str, service: str, operation: str, count: int) -> Row:
    op, responses = pages(service, operation, count)
    answers = [read_response(op, response) for response in responses]

    def redact() -> None:
        redactor = Redactor(Key(b"key"))
        for answer in answers:
            redactor.redact_answer(op, answer)

    def parse() -> None:
        for response in responses:
            parse_response(op, response)

    return row(name, redact, parse, "botocore parsing them", count=count)


class Traffic:
    """Pages of 100 roles, and what is done with them."""

    def __init__(self, pages: int) -> None:
        self.pages = [page(number, 100) for number in range(pages)]
        self.exchanges = [(request(f"/p{number}/"), self.pages[number]) for number in range(pages)]
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

    def feed(self) -> Recorder:
        """Returns a recorder that was fed."""
        recorder = new_recorder()
        for exchange in self.exchanges:
            recorder.feed(*exchange)
        return recorder


def new_recorder() -> Recorder:
    return Recorder(MODELS, Redactor(Key(b"key")), parse_response)

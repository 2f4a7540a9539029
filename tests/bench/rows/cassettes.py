"""Cassettes as text: reading, writing, and the work of the commands."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import yaml

from awstape.cli.terminal.styled_text import Terminal
from awstape.cli.terminal.tables import track_table
from awstape.core.cassette.cassette import Take, Track
from awstape.core.cassette.yaml.preserving_writer import rewrite_cassette
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.source_text import CassetteText
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.check.findings import check_text
from awstape.core.compare.cassette_diff import diff_cassettes
from awstape.core.editing.edits import set_value
from awstape.core.redaction.aliases import Key
from awstape.core.redaction.redactor import Redactor
from awstape.core.view.selectors import select
from awstape.core.view.track_statistics import TrackStatistics, track_statistics
from awstape.workbench.html_page import PageSource, render_page
from bench.frame import Amount, Goal, Row, Setting, row
from bench.traffic import MODELS, cassette


@contextmanager
def rows(setting: Setting) -> Iterator[Iterator[Row]]:
    yield _rows(setting)


def _rows(setting: Setting) -> Iterator[Row]:
    kept = cassette(setting.size(20), 100)
    text = write_cassette(kept)
    documents = list(yaml.load_all(text, Loader=yaml.CSafeLoader))
    size = f"{len(text) / 1e6:.1f} MB"

    def load() -> object:
        return list(yaml.load_all(text, Loader=yaml.CSafeLoader))

    def peak() -> Amount:
        tracemalloc.start()
        read = read_cassette(text, MODELS)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(read.takes) == len(kept.takes)
        return Amount(most)

    yield row(f"read a cassette of {size}", lambda: read_cassette(text, MODELS), load, "PyYAML loading it")
    yield row("write it", lambda: write_cassette(kept), lambda: yaml.dump_all(documents, Dumper=yaml.CSafeDumper),
              "PyYAML dumping it")  # fmt: skip
    yield row("peak memory while reading it", peak, lambda: Amount(len(text)), "its text", unit="B")
    yield from _commands(setting)


def _commands(setting: Setting) -> Iterator[Row]:
    redacted = Redactor(Key(b"key")).redact_cassette(MODELS, cassette(setting.size(20), 20))
    text = "# a comment\n" + write_cassette(redacted)
    edited = set_value(MODELS, redacted, select(MODELS, redacted, ["1"]), "pages[].output.Roles[0].Path", "/")

    def statistics(group: tuple[Track, tuple[Take, ...]]) -> TrackStatistics:
        return track_statistics(1, *group, MODELS)

    for name, work, goal in (
        ("check a cassette", lambda: check_text(text, MODELS), Goal(5.0)),
        ("compare it with an edited copy", lambda: list(diff_cassettes(MODELS, redacted, edited)), None),
        (
            "rewrite it after an edit",
            lambda: rewrite_cassette(MODELS, [CassetteText.read([text], MODELS)], edited),
            None,
        ),
        ("render its HTML page", lambda: render_page([PageSource("it", redacted)], "it"), None),
        (
            "list it",
            lambda: [*track_table(Terminal.of_output(), "it", [*map(statistics, redacted.tracks())], MODELS)],
            None,
        ),
    ):
        yield row(name, work, lambda: read_cassette(text, MODELS), "reading it", goal)

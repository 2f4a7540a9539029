"""Plants public words of AWS wherever they may stand in traffic, and counts those that redaction changes.

The opposite of `canaries`: actions, condition keys, ARNs, managed policies and other words that identify nobody, from
the packages that publish them. Each plant is recorded, and its words are looked up in the recording. A second column
counts private words that stayed: customers' names in ARNs, and the same public words in the places of names and
secrets. So an engine that replaces nothing doesn't pass either.

    python tests/vocabulary.py --limit 5
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from awstape.catalog.response_parser import parse_response
from awstape.core.cassette.cassette import Cassette
from awstape.core.recording.recorder import Recorder
from awstape.core.redaction.redactor import Redactor
from support import arn_vocabulary, policy_vocabulary, text_vocabulary
from support.exchanges import KEY, MODELS
from support.marked_text import FORMATTING, Outcome, compare
from support.policy_vocabulary import MANAGED
from support.vocabulary_plants import Plant

EXAMPLES = 3
KINDS = {**policy_vocabulary.KINDS, **arn_vocabulary.KINDS, **text_vocabulary.KINDS}
#: Rows besides those of `KINDS`.
DOCUMENTS, FORMATTINGS = f"{MANAGED}: whole documents", "formatting of documents"


@dataclass
class Tally:
    """The counts of a row: public words that were planted and changed, private ones that were planted and stayed.

    changes: what words became; stays: words of which private parts stayed. Some of both, as examples.
    """

    planted: int = 0
    changed: int = 0
    private: int = 0
    stayed: int = 0
    changes: list[tuple[str, str]] = field(default_factory=list)
    stays: list[str] = field(default_factory=list)

    def count(self, outcome: Outcome) -> None:
        self.planted += outcome.has_public
        self.changed += outcome.is_changed
        self.private += len(outcome.private)
        self.stayed += len(outcome.stayed)
        if outcome.is_changed:
            self.changes.append((outcome.word, "(nothing)" if outcome.redacted is None else outcome.redacted))
        if outcome.stayed:
            self.stays.append(f"{outcome.stayed[0]} in {outcome.word}")

    def add(self, other: Tally) -> None:
        self.planted, self.changed = self.planted + other.planted, self.changed + other.changed
        self.private, self.stayed = self.private + other.private, self.stayed + other.stayed
        self.changes += other.changes
        self.stays += other.stays


Tallies = dict[str, Tally]
MakeRedactor = Callable[[], Redactor]


def make_redactor() -> Redactor:
    return Redactor(KEY)


def measure(plants: Iterable[Plant], make: MakeRedactor = make_redactor) -> Tallies:
    """Records each plant by itself; returns row → tally."""
    tallies: Tallies = {}
    for plant in plants:
        outcomes = list(compare(plant.members, recorded(plant, make())))
        for outcome in outcomes:
            row = FORMATTINGS if outcome.word == FORMATTING else plant.kind
            tallies.setdefault(row, Tally()).count(outcome)
        if plant.kind == MANAGED:
            is_changed = any(outcome.is_changed for outcome in outcomes)
            whole = Outcome(plant.about, "(altered)" if is_changed else plant.about, True, is_changed, (), ())
            tallies.setdefault(DOCUMENTS, Tally()).count(whole)
    return tallies


def recorded(plant: Plant, redactor: Redactor) -> object:
    """Returns what stands in a recording in the place of a plant's members; None if that take was set aside."""
    recorder = Recorder(MODELS, redactor, parse_response, include_writes=True)
    for request, response in plant.exchanges():
        recorder.feed(request, response)
    return _members(recorder.finish().cassette, plant)


def _members(cassette: Cassette, plant: Plant) -> object:
    takes = [take for take in cassette.takes if take.track.operation == plant.operation]
    answers = [page.answer for take in takes for page in take.pages if page.hole is None]
    if plant.side == "input":
        return takes[0].track.identity if takes else None
    if not answers:
        return None
    return {"message": answers[0].error.message} if answers[0].error else answers[0].output


def plants(limit: int | None = None) -> Iterator[Plant]:
    """Yields the plants of all kinds. limit: how many of each kind, None for all."""
    for make in KINDS.values():
        yield from islice(make(), limit)


def run(limit: int | None = None, make: MakeRedactor = make_redactor) -> Tallies:
    """Measures all kinds in this process; returns row → tally."""
    return measure(plants(limit), make)


def run_in_processes(limit: int | None, workers: int = 2) -> Tallies:
    tallies: Tallies = {}
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        for part in pool.imap_unordered(measure, _batches(plants(limit), 10)):
            for row, tally in part.items():
                tallies.setdefault(row, Tally()).add(tally)
    return tallies


def _batches(every: Iterator[Plant], size: int) -> Iterator[list[Plant]]:
    while batch := list(islice(every, size)):
        yield batch


def table(tallies: Tallies) -> Iterator[str]:
    """Yields the lines of the table, and for each row some words that changed."""
    yield f"{'':40} {'planted':>8} {'changed':>8}   {'private':>8} {'stayed':>8}"
    for row in rows():
        tally = tallies.get(row, Tally())
        yield f"{row:40} {tally.planted:8,} {tally.changed or '-':>8}   {tally.private:8,} {tally.stayed or '-':>8}"
        for word, redacted in _spread(tally.changes):
            yield f"      {_short(word)} → {_short(redacted)}"
        yield from (f"      stayed: {_short(word)}" for word in _spread(tally.stays))


def rows() -> list[str]:
    """Returns the rows of the table, in its order."""
    first, *others = KINDS
    return [DOCUMENTS, first, *others, FORMATTINGS]


def _spread(examples: list[Any]) -> list[Any]:
    examples = sorted(set(examples))
    return examples[:: max(len(examples) // EXAMPLES, 1)][:EXAMPLES]


def _short(text: str) -> str:
    return text if len(text) <= 90 else f"{text[:89]}…"


def main() -> int:
    parser = argparse.ArgumentParser(description="Plant public words in traffic and count what redaction changes.")
    parser.add_argument("--limit", type=int, help="how many exchanges to record of each kind")
    parser.add_argument("--changes", metavar="FILE", help="write every change to a file, as lines of JSON")
    args = parser.parse_args()
    begin = time.monotonic()
    tallies = run_in_processes(args.limit)
    print(*table(tallies), sep="\n")
    print(f"{time.monotonic() - begin:.0f} s")
    if args.changes:
        with open(args.changes, "w", encoding="utf-8") as file:
            for row, tally in sorted(tallies.items()):
                file.writelines(json.dumps([row, *change]) + "\n" for change in sorted(set(tally.changes)))
                file.writelines(json.dumps([row, "stayed", stay]) + "\n" for stay in sorted(set(tally.stays)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

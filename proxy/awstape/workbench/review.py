"""Reviews cassette files: what `awstape check` finds in each, and the texts that stay readable, by place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from awstape import progress
from awstape.catalog.service_models import load_models
from awstape.core.check.findings import FORMAT, Finding, Review, check_file_name, review_text
from awstape.core.check.free_texts import FreeText
from awstape.errors import UserError
from awstape.files import limited_reading, project_settings

Places = Mapping[str, Mapping[str, Sequence[tuple[str, int]]]]
"""Place → text → (file, line) of each occurrence, all sorted."""


def review_file(file: Path, names: Sequence[str] | None = None) -> Review:
    """Reviews a file by the rules of its project; a file that can't be read is a finding.

    names: as in `check_file_name`, by default the file's own. Raises UserError for rules that can't be used.
    """
    rules = project_settings.load_rules(file)
    of_name = tuple(check_file_name([file.stem] if names is None else names, rules))
    try:
        text = limited_reading.read_text(file)
        with progress.begin(file.name, text.count("\n"), "lines") as work:
            review = review_text(text, load_models(), rules, work.reach)
    except UserError as error:  # the other files are still reviewed
        return Review((*of_name, Finding(1, "", FORMAT, error.problem.removeprefix(f"{file}: "))))
    return Review((*of_name, *review.findings), review.texts)


def group_by_place(texts: Iterable[tuple[str, FreeText]]) -> Places:
    """The texts of some files by place. texts: (file, text)."""
    places = defaultdict[str, defaultdict[str, list[tuple[str, int]]]](lambda: defaultdict(list))
    for file, found in texts:
        places[found.place][found.text].append((file, found.line))
    return {place: dict(sorted(by_text.items())) for place, by_text in sorted(places.items())}


def count_texts(places: Places) -> int:
    """The number of different texts, each counted once for each place."""
    return sum(map(len, places.values()))

"""Reviews cassette files: what `awstape check` finds, the texts that stay readable, and the values that are kept."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from awstape import progress
from awstape.catalog.service_models import load_models
from awstape.core.check.findings import FORMAT, IN_GIT, Finding, Review, review_file_name, review_text
from awstape.core.check.other_files import review_other_text
from awstape.core.check.value_search import KeptValue
from awstape.core.text.advice import shell_path
from awstape.core.text.counting import count
from awstape.core.view.kind_names import kind_name
from awstape.errors import UserError
from awstape.files import journal, limited_reading, project_settings, quarantine
from awstape.files.git_index import find_tracked, git_command_for

#: Places of a text, and allowed values, that a line or a summary names.
_MOST_PLACES, _MOST_ALLOWED = 3, 10


@dataclass(frozen=True)
class ListedText:
    """A text that stays readable, or a value that is kept.

    kept: what lets a value stay, as in `kept by team/pyproject.toml (keep)`; empty for a free text. kind: the kind of
    such a value. places: (member, file, line) of each occurrence, sorted.
    """

    text: str
    places: tuple[tuple[str, str, int], ...]
    kept: str = ""
    kind: str = ""

    @property
    def where(self) -> str:
        """The place that comes first, and the members."""
        members = [*dict.fromkeys(member for member, _, _ in self.places)]
        more = f" and {len(members) - _MOST_PLACES} more" if len(members) > _MOST_PLACES else ""
        _, file, line = self.places[0]
        return f"{file}:{line}: {', '.join(members[:_MOST_PLACES])}{more}"


def review_file(file: Path, names: Sequence[str] | None = None, *, exceptions: bool = True) -> Review:
    """Reviews a file by the rules of its project; a file that can't be read is a finding.

    names: as in `review_file_name`, by default the file's own. exceptions: whether values may be kept. Raises UserError
    for rules that can't be used.
    """
    rules = project_settings.load_rules(file)
    rules = rules if exceptions else rules.without_keep()
    of_name = review_file_name([file.stem] if names is None else names, rules)
    try:
        text = limited_reading.read_text(file)
        with progress.begin(file.name, text.count("\n"), "lines") as work:
            review = review_text(text, load_models(), rules, work.reach, exceptions=exceptions)
    except UserError as error:  # the other files are still reviewed
        review = Review((_unreadable(file, error),))
    kept = (*of_name.kept, *review.kept)
    return Review((*of_name.findings, *review.findings), review.texts, tuple(_with_settings(file, kept)))


def review_other_file(file: Path, *, exceptions: bool = True) -> Review:
    """As `review_file`, for a YAML file that is no cassette."""
    try:
        text = limited_reading.read_bytes(file, tip="a larger file is not searched").decode("utf-8", "replace")
    except UserError as error:
        return Review((_unreadable(file, error),))
    review = review_other_text(text, project_settings.load_rules(file), exceptions=exceptions)
    return replace(review, kept=tuple(_with_settings(file, review.kept)))


def is_encrypted(path: Path) -> bool:
    """Whether a path is named as a journal or quarantine, which `review_encrypted_files` reviews."""
    return journal.is_journal(path) or quarantine.is_quarantine(path)


def review_encrypted_files(paths: Sequence[Path]) -> list[tuple[str, Review]]:
    """(file, review) of each journal and quarantine of some cassettes and folders that git tracks."""
    found = [file for path in paths for file in (*journal.find_journals(path), *quarantine.find_quarantines(path))]
    return [(str(file), Review((_in_git(file),))) for file in sorted(find_tracked(found))]


def _in_git(file: Path) -> Finding:
    cassette = journal.cassette_of(file) if journal.is_journal(file) else quarantine.cassette_of(file)
    # What git would commit may be older than the file, and is not in a commit: git refuses that without -f.
    remove = f"{git_command_for(file)} rm -f --cached {shell_path(f'./{file.name}')}"
    tip = f"{remove} && awstape recover {shell_path(cassette)}, and write *.journal and *.quarantine into .gitignore"
    return Finding(1, "", IN_GIT, "it holds real values, encrypted, and git tracks it", tip)


def _unreadable(file: Path, error: UserError) -> Finding:
    return Finding(1, "", FORMAT, error.problem.removeprefix(f"{file}: "))


def _with_settings(file: Path, kept: Sequence[KeptValue]) -> Iterator[KeptValue]:
    """The kept values of a file, with the settings that keep them: `team/pyproject.toml (keep)`."""
    path = project_settings.find_settings(file) if any(each.kept_by for each in kept) else None
    yield from (replace(each, kept_by=f"{path} ({each.kept_by})") if each.kept_by else each for each in kept)


# --- what stays readable ----------------------------------------------------------------------------------------

Reviews = Sequence[tuple[str, Review]]
"""(file, its review)."""


def list_texts(reviews: Reviews) -> list[ListedText]:
    """The free texts of some files, each once, by the first of their members."""
    places = defaultdict[str, list[tuple[str, str, int]]](list)
    for file, review in reviews:
        for found in review.texts:
            places[found.text].append((found.place, file, found.line))
    listed = [ListedText(text, tuple(sorted(found))) for text, found in places.items()]
    return sorted(listed, key=lambda each: (each.places[0][0], each.text))


def list_kept_values(reviews: Reviews) -> list[ListedText]:
    """The values in some files that are kept, each once, by what lets them stay."""
    places = defaultdict[tuple[str, str, str], list[tuple[str, str, int]]](list)
    for file, review in reviews:
        for found in review.kept:
            places[_what_keeps(found), kind_name(found.kind), found.value].append((found.place, file, found.line))
    by_rule = sorted(places.items(), key=lambda item: (item[0][0].startswith("allowed"), item[0]))
    return [ListedText(value, tuple(sorted(at)), kept, kind) for (kept, kind, value), at in by_rule]


def kept_findings(reviews: Reviews) -> list[tuple[str, Finding]]:
    """(file, finding) of each value that is kept, for formats that list what is suppressed."""
    found: dict[tuple[str, Finding], None] = {}
    for file, review in reviews:
        for kept in review.kept:
            problem = f"{kind_name(kept.kind)}, {_what_keeps(kept)}"
            finding = Finding(kept.line, kept.place, kept.kind, problem, level="kept" if kept.kept_by else "allowed")
            found[file, finding] = None
    return [*found]


def kept_lines(reviews: Reviews) -> Iterator[str]:
    """How many values are kept, by which rules, and each comment that allows some; without the values."""
    kinds = defaultdict[str, Counter[str]](Counter)
    for each in list_kept_values(reviews):
        if each.kept.startswith("kept"):
            kinds[each.kept][each.kind] += 1
    for kept, numbers in kinds.items():
        yield f"{_count_values(numbers.total())} {kept}: {', '.join(count(n, kind) for kind, n in numbers.items())}"
    allowed = Counter((file, each.line, each.reason) for file, review in reviews for each in review.kept if each.reason)
    for (file, line, reason), number in sorted(allowed.items())[:_MOST_ALLOWED]:
        yield f"{_count_values(number)} allowed by a comment: {file}:{line} {reason}"
    if len(allowed) > _MOST_ALLOWED:
        yield f"and {count(len(allowed) - _MOST_ALLOWED, 'more comment')} that allow values"


def _what_keeps(kept: KeptValue) -> str:
    return f"kept by {kept.kept_by}" if kept.kept_by else f"allowed by a comment: {kept.reason}"


def _count_values(number: int) -> str:
    return f"{count(number, 'value')} {'is' if number == 1 else 'are'}"

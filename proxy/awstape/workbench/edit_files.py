"""Edits of cassette files: planned completely, then written whole or not at all.

The plan redacts every new page under the key at hand, as a recording does; a page that the file has already stays.
Without the cassette's key, an edit that brings in a value that looks real is refused.
"""

from __future__ import annotations

import re
import secrets
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import compress
from pathlib import Path

from awstape import progress
from awstape.catalog.hosts import is_region_of_aws
from awstape.catalog.service_models import load_models
from awstape.core.aws.routing import REGION_TIP
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.core.cassette.takes import normalise_takes
from awstape.core.cassette.yaml.comments import Comment
from awstape.core.cassette.yaml.preserving_writer import rewrite_cassette
from awstape.core.cassette.yaml.source_text import CassetteText
from awstape.core.check.allowed_values import AllowedText, find_allowed_texts
from awstape.core.check.findings import Finding, find_warnings
from awstape.core.editing.edits import EditError
from awstape.core.redaction.aliases import Key
from awstape.core.redaction.leak_search import find_seen_values
from awstape.core.redaction.redactor import Redactor
from awstape.core.redaction.string_walk import StringContext, edit_account, edit_take_strings
from awstape.core.text.advice import shell_path
from awstape.core.view.kind_names import kind_name
from awstape.errors import UserError
from awstape.files import atomic_writes, cassette_files, project_settings
from awstape.workbench.selected_tracks import redactor_for


@dataclass(frozen=True)
class PlannedEdit:
    """The result of an edit, before it is written.

    old: the text of the file, None for a new one. lost_comments: comments that have no place in the new text.
    removed_comments: comments of removed takes. redacted: kind → number of replaced values. notes: lines on takes that
    come after writes.
    """

    path: Path
    before: Cassette
    after: Cassette
    old: CassetteText | None
    new: CassetteText
    lost_comments: tuple[Comment, ...] = ()
    removed_comments: tuple[Comment, ...] = ()
    redacted: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def has_changes(self) -> bool:
        return self.old is not self.new and (self.old is None or self.old.text != self.new.text)

    def new_warnings(self) -> list[Finding]:
        """The warnings of `awstape check` that the edit brings in."""
        if not self.has_changes:
            return []
        changed = _changed_tracks(self.before, self.after)
        known = Counter(map(_finding_key, warnings_in(self.old, changed)))
        new = []
        for finding in warnings_in(self.new, changed):
            known[_finding_key(finding)] -= 1
            if known[_finding_key(finding)] < 0:
                new.append(finding)
        return new

    def save(self) -> None:
        """Writes the file, if there is a change. Raises UserError if that fails; the file is unchanged then."""
        if self.has_changes:
            atomic_writes.write_text(self.path, self.new.text)


def _changed_tracks(before: Cassette, after: Cassette) -> set[Track]:
    """The tracks that an edit changes, those that come after a changed write, and the writes that these come after."""
    old, new = dict(before.tracks()), dict(after.tracks())
    changed = {track for track in old.keys() | new.keys() if old.get(track) != new.get(track)}
    reads = [take for take in (*before.takes, *after.takes) if take.after]
    changed |= {take.track for take in reads if take.after and take.after.track in changed}
    return changed | {take.after.track for take in reads if take.after and take.track in changed}


def _finding_key(finding: Finding) -> tuple[str, str]:
    """What a warning is about: its kind and member, without indices, which an edit may shift."""
    return finding.kind, re.sub(r"\[\d+\]", "[]", finding.member)


def warnings_in(text: CassetteText | None, tracks: Collection[Track]) -> list[Finding]:
    """The warnings of `awstape check` about some tracks of a cassette."""
    return find_warnings(text.entries(tracks), load_models()) if text else []


def plan_edit(path: Path, change: Callable[[Cassette], Cassette], environ: Mapping[str, str]) -> PlannedEdit:
    """Plans an edit of a cassette file.

    Raises UserError if the file can't be read, the edit can't be made, or it brings in a real value.
    """
    text = cassette_files.load_text(path, load_models())
    return plan_write(path, text, run_edit(lambda: change(text.cassette)), [text], environ)


def plan_redaction(path: Path, environ: Mapping[str, str]) -> PlannedEdit:
    """Plans the redaction of everything in a cassette file, as a recording does it: only values change.

    Raises UserError.
    """
    text = cassette_files.load_text(path, load_models())
    plan = plan_write(path, None, text.cassette, [text], environ, in_place=True)
    new = text if plan.after == text.cassette else plan.new
    return replace(plan, before=text.cassette, old=text, new=new)


def run_edit(change: Callable[[], Cassette]) -> Cassette:
    """The result of an edit. Raises UserError for an edit that can't be made."""
    try:
        return change()
    except EditError as error:
        raise UserError(str(error), error.tip) from None


def plan_write(
    path: Path,
    old: CassetteText | None,
    after: Cassette,
    texts: Sequence[CassetteText],
    environ: Mapping[str, str],
    redacted_takes: Iterable[Take] = (),
    *,
    in_place: bool = False,
) -> PlannedEdit:
    """Plans the write of a cassette to `path`; new takes are redacted.

    old: the text of the file, None for a new file. texts: the texts that the takes come from; their formatting and
    comments are kept. redacted_takes: takes of other cassettes, which are redacted already. in_place: as in
    `rewrite_cassette`.
    Raises UserError if a real value can't be hidden.
    """
    before = old.cassette if old else Cassette()
    with progress.begin(f"rewriting {path.name}"):
        allowed = {
            each for text in texts for part in text.parts for each in find_allowed_texts(part.body, load_models())
        }
        safe, redacted = _redact_new_takes(path, [*before.takes, *redacted_takes], after, allowed, environ)
        texts = sorted(texts, key=lambda text: text is not old)  # the formatting of the file itself comes first
        if old and safe == before and texts == [old]:
            return PlannedEdit(path, before, before, old, old)
        rewritten = rewrite_cassette(load_models(), texts, safe, in_place=in_place)
        comments = rewritten.lost_comments, rewritten.removed_comments
        return PlannedEdit(path, before, safe, old, rewritten.written, *comments, redacted)


def _redact_new_takes(
    path: Path,
    before: Iterable[Take],
    after: Cassette,
    allowed: Collection[AllowedText],
    environ: Mapping[str, str],
) -> tuple[Cassette, Mapping[str, int]]:
    """The cassette with its new takes redacted, and the number of replaced values by kind. allowed: texts that stay."""
    models = load_models()
    known = _KnownTakes(list(before))
    keyed = redactor_for([path], after, environ)
    redactor = keyed or Redactor(Key(secrets.token_bytes(32)), project_settings.load_rules(path))
    new = [None if take in known else known.find_new_pages(take) for take in after.takes]
    for take in (take for take, pages in zip(after.takes, new, strict=True) if pages is not None):
        region = take.track.region
        if region and not is_region_of_aws(region):
            raise UserError(f"{path}: not changed: AWS has no such region", REGION_TIP)

    def redact(text: str, context: StringContext) -> str:
        return text if (context.place.names, text) in allowed else redactor.redact_string(text, context)

    changed = sum(pages is not None for pages in new)
    with progress.begin(f"redacting {path.name}", changed, "takes") as work:
        safe = _edit_new_pages(
            lambda takes: edit_take_strings(models, work.over(takes), redact, redact), after.takes, new
        )
    if keyed is None:
        if safe != list(after.takes):
            kinds = ", ".join(map(kind_name, redactor.count_by_kind()))
            tip = "set AWSTAPE_KEY to the key of the cassette, or use aliases"
            raise UserError(f"{path}: not changed: the new values look real ({kinds})", tip)
        return after, {}
    named = _edit_new_pages(lambda takes: redactor.replace_names_in_takes(models, takes), safe, new)
    account = edit_account(after.account, redactor.redact_string)
    result = _replace_takes(replace(after, account=account), named)
    # Without a new value there is nothing to search for in the other takes.
    searched = result if redactor.count_by_kind() else Cassette.of(t for t in result.takes if t not in known)
    if leaks := find_seen_values(models, _leave_out(allowed, searched), redactor):
        raise UserError(f"{path}: not changed: a real value is left: {leaks[0]}", f"awstape redact {shell_path(path)}")
    if redactor.count_by_kind() and not result.keys:
        result = replace(result, keys=frozenset({redactor.key_fingerprint}))
    return replace(result, apart=redactor.apart), redactor.count_by_kind()


def _leave_out(allowed: Collection[AllowedText], cassette: Cassette) -> Cassette:
    """The cassette without the allowed texts."""

    def edit(text: str, context: StringContext) -> str:
        return "" if (context.place.names, text) in allowed else text

    return Cassette.of(edit_take_strings(load_models(), cassette.takes, edit, edit)) if allowed else cassette


@dataclass(frozen=True)
class _KnownTakes:
    """Takes, found by identity: most takes of an edited cassette are the very ones that were read. Else by content."""

    takes: Sequence[Take]

    def __contains__(self, take: Take) -> bool:
        return id(take) in self._ids or (take.track, take.fingerprint) in self._contents

    def find_new_pages(self, take: Take) -> list[bool]:
        """For each page of a take, whether it is in no known take of the track, whatever its token."""
        return [_page_content(page) not in self._pages_of.get(take.track, ()) for page in take.pages]

    @cached_property
    def _pages_of(self) -> Mapping[Track, set[str]]:
        pages = defaultdict[Track, set[str]](set)
        for take in self.takes:
            pages[take.track].update(map(_page_content, take.pages))
        return pages

    @cached_property
    def _ids(self) -> set[int]:
        return set(map(id, self.takes))

    @cached_property
    def _contents(self) -> set[tuple[Track, str]]:
        return {(take.track, take.fingerprint) for take in self.takes}


def _page_content(page: Page) -> str:
    return repr((page.answer, page.hole))


def _edit_new_pages(
    edit: Callable[[Iterable[Take]], Iterator[Take]], takes: Sequence[Take], new: Sequence[list[bool] | None]
) -> list[Take]:
    """The takes with an edit applied to their identities and new pages. new: as `find_new_pages`; None: stays."""
    edited = edit(
        replace(take, pages=tuple(compress(take.pages, pages)))
        for take, pages in zip(takes, new, strict=True)
        if pages is not None
    )
    result: list[Take] = []
    for take, pages in zip(takes, new, strict=True):
        if pages is None:
            result.append(take)
            continue
        part = next(edited)
        its_pages = iter(part.pages)
        whole = (next(its_pages) if is_new else page for page, is_new in zip(take.pages, pages, strict=True))
        result.append(replace(part, pages=tuple(whole)))
    return result


def _replace_takes(cassette: Cassette, takes: Sequence[Take]) -> Cassette:
    """The cassette with its takes replaced one by one; takes whose track was renamed get new page tokens."""
    result: list[Take] = []
    renamed = defaultdict[Track, list[Take]](list)
    for was, take in zip(cassette.takes, takes, strict=True):
        if was.track == take.track:
            result.append(take)
        else:
            renamed[take.track].append(take)
    kept = {take.track for take in result}
    for track, same in renamed.items():
        if track in kept:
            raise UserError(f"{track}: the cassette already has this track", "remove one of the two with awstape rm")
        result += normalise_takes(load_models().operation(track.service, track.operation), track, same)
    return cassette.with_takes(result)

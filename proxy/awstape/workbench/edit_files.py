"""Edits of cassette files: planned completely, then written whole or not at all.

The plan redacts every new take under the key at hand, as a recording does. Without the cassette's key, an edit that
brings in a value that looks real is refused.
"""

from __future__ import annotations

import re
import secrets
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from awstape.catalog.hosts import host_of, is_recorded_host
from awstape.catalog.service_models import load_models
from awstape.core.cassette.cassette import Cassette, Take, Track
from awstape.core.cassette.takes import normalise_takes
from awstape.core.cassette.yaml.comments import Comment
from awstape.core.cassette.yaml.parser import DocumentError
from awstape.core.cassette.yaml.preserving_writer import rewrite_cassette
from awstape.core.check.findings import Finding, find_warnings
from awstape.core.editing.edits import EditError
from awstape.core.redaction.aliases import CollisionError, Key
from awstape.core.redaction.redactor import Redactor
from awstape.errors import UserError
from awstape.files import atomic_writes, cassette_files, limited_reading, project_settings
from awstape.report import kind_name
from awstape.workbench.selected_tracks import redactor_for


@dataclass(frozen=True)
class PlannedEdit:
    """The result of an edit, before it is written.

    old_text: the text of the file, empty for a new one. lost_comments: comments that have no place in the new text.
    removed_comments: comments of removed takes. redacted: kind → number of replaced values.
    """

    path: Path
    before: Cassette
    after: Cassette
    old_text: str
    new_text: str
    lost_comments: tuple[Comment, ...] = ()
    removed_comments: tuple[Comment, ...] = ()
    redacted: Mapping[str, int] = field(default_factory=dict)

    @property
    def has_changes(self) -> bool:
        return self.new_text != self.old_text

    def new_warnings(self) -> list[Finding]:
        """The warnings of `awstape check` that the edit brings in."""
        if not self.has_changes:
            return []
        known = Counter(map(_finding_key, warnings_in(self.old_text)))
        new = []
        for finding in warnings_in(self.new_text):
            known[_finding_key(finding)] -= 1
            if known[_finding_key(finding)] < 0:
                new.append(finding)
        return new

    def save(self) -> None:
        """Writes the file, if there is a change. Raises UserError if that fails; the file is unchanged then."""
        if self.has_changes:
            atomic_writes.write_text(self.path, self.new_text)


def _finding_key(finding: Finding) -> tuple[str, str]:
    """What a warning is about: its kind and member, without indices, which an edit may shift."""
    return finding.kind, re.sub(r"\[\d+\]", "[]", finding.member)


def warnings_in(text: str) -> list[Finding]:
    """The warnings of `awstape check` about a cassette's text; none for a text that can't be read."""
    try:
        return find_warnings(text, load_models())
    except DocumentError:
        return []


def plan_edit(path: Path, change: Callable[[Cassette], Cassette], environ: Mapping[str, str]) -> PlannedEdit:
    """Plans an edit of a cassette file.

    Raises UserError if the file can't be read, the edit can't be made, or it brings in a real value.
    """
    text = limited_reading.read_text(path)
    before = cassette_files.parse(path, text, load_models())
    return plan_write(path, before, run_edit(lambda: change(before)), text, [text], environ)


def plan_redaction(path: Path, environ: Mapping[str, str]) -> PlannedEdit:
    """Plans the redaction of everything in a cassette file, as a recording does it. Raises UserError."""
    text = limited_reading.read_text(path)
    before = cassette_files.parse(path, text, load_models())
    plan = plan_write(path, Cassette(), before, "", [text], environ)
    new_text = text if plan.after == before else plan.new_text
    return replace(plan, before=before, old_text=text, new_text=new_text)


def run_edit(change: Callable[[], Cassette]) -> Cassette:
    """The result of an edit. Raises UserError for an edit that can't be made."""
    try:
        return change()
    except EditError as error:
        raise UserError(str(error), error.tip) from None


def plan_write(
    path: Path,
    before: Cassette,
    after: Cassette,
    old_text: str,
    texts: Sequence[str],
    environ: Mapping[str, str],
    redacted_takes: Iterable[Take] = (),
) -> PlannedEdit:
    """Plans the write of a cassette to `path`; new takes are redacted.

    before, old_text: the cassette in the file and its text, empty for a new file. texts: the texts that the takes come
    from; their formatting and comments are kept. redacted_takes: takes of other cassettes, which are redacted already.
    Raises UserError if a real value can't be hidden.
    """
    safe, redacted = _redact_new_takes(path, [*before.takes, *redacted_takes], after, environ)
    texts = sorted(texts, key=lambda text: text != old_text)  # the formatting of the file itself comes first
    if safe == before and texts == [old_text]:
        return PlannedEdit(path, before, before, old_text, old_text)
    rewritten = rewrite_cassette(load_models(), texts, safe)
    comments = rewritten.lost_comments, rewritten.removed_comments
    return PlannedEdit(path, before, safe, old_text, rewritten.text, *comments, redacted)


def _redact_new_takes(
    path: Path, before: Iterable[Take], after: Cassette, environ: Mapping[str, str]
) -> tuple[Cassette, Mapping[str, int]]:
    """The cassette with its new takes redacted, and the number of replaced values by kind."""
    models = load_models()
    known = defaultdict[Track, list[Take]](list)
    for take in before:
        known[take.track].append(take)
    keyed = redactor_for(after, environ)
    redactor = keyed or Redactor(Key(secrets.token_bytes(32)), project_settings.load_rules())
    new = [take not in known[take.track] for take in after.takes]
    for take in (t for t, n in zip(after.takes, new, strict=True) if n):
        region = take.track.region
        if region and not is_recorded_host(host_of(take.track.service, region)):
            raise UserError(f"{path}: not changed: AWS has no such region", "regions are spelled as in eu-west-1")
    safe = [
        redactor.redact_cassette(models, Cassette((t,))).takes[0] if n else t
        for t, n in zip(after.takes, new, strict=True)
    ]
    if keyed is None:
        if safe != list(after.takes):
            kinds = ", ".join(map(kind_name, redactor.count_by_kind()))
            tip = "set AWSTAPE_KEY to the key of the cassette, or use aliases"
            raise UserError(f"{path}: not changed: the new values look real ({kinds})", tip)
        return after, {}
    named = [
        redactor.replace_known_names(models, Cassette((t,))).takes[0] if n else t
        for t, n in zip(safe, new, strict=True)
    ]
    result = _replace_takes(after, named)
    if leaks := redactor.find_leaks(models, result):
        raise UserError(f"{path}: not changed: a real value is left: {leaks[0]}", f"awstape redact {path}")
    if collisions := redactor.collided_kinds():
        raise UserError(f"{path}: not changed: {CollisionError(collisions[0])}", "rekey it with another AWSTAPE_KEY")
    if redactor.count_by_kind() and not result.keys:
        result = replace(result, keys=frozenset({redactor.key_fingerprint}))
    return result, redactor.count_by_kind()


def _replace_takes(cassette: Cassette, takes: Sequence[Take]) -> Cassette:
    """The cassette with its takes replaced one by one; takes whose track was renamed get new page tokens."""
    result: list[Take] = []
    renamed = defaultdict[Track, list[Take]](list)
    for was, take in zip(cassette.takes, takes, strict=True):
        if was.track == take.track:
            result.append(take)
        else:
            renamed[take.track].append(take)
    for track, same in renamed.items():
        if any(take.track == track for take in result):
            raise UserError(f"{track}: the cassette already has this track", "remove one of the two with awstape rm")
        result += normalise_takes(load_models().operation(track.service, track.operation), track, same)
    return Cassette.of(result, cassette.keys)

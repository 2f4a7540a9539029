"""Cassette files, edited: read, changed, redacted, and written whole or not at all.

What people put into a cassette is redacted under the key at hand as a recording is. Without the cassette's key nothing
that looks real gets in.
"""

from __future__ import annotations

import re
import secrets
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from awstape.catalog import catalog
from awstape.core.cassette.cassette import Cassette, Take, Track
from awstape.core.cassette.takes import retold
from awstape.core.cassette.yaml.comments import Comment
from awstape.core.cassette.yaml.document import DocumentError
from awstape.core.cassette.yaml.hand_edits import rewrite
from awstape.core.check.findings import Finding, suspicions
from awstape.core.editing.edits import EditError
from awstape.core.redaction.aliases import CollisionError
from awstape.core.redaction.redactor import Redactor
from awstape.errors import UserError
from awstape.files import cassette_files, project_settings
from awstape.report import kind_name
from awstape.workbench.selected_tracks import redactor_for


@dataclass(frozen=True)
class Edited:
    """What an edit comes to, before it is written.

    old: the text that is there, empty for a new file. lost: comments whose place is gone; gone: those of takes that are
    gone. redacted: kind → number of values replaced.
    """

    path: Path
    before: Cassette
    after: Cassette
    old: str
    text: str
    lost: tuple[Comment, ...] = ()
    gone: tuple[Comment, ...] = ()
    redacted: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_change(self) -> bool:
        return self.text != self.old

    def warnings(self) -> list[Finding]:
        """What is suspicious after the edit and was not before, as `awstape check` tells it."""
        if not self.is_change:
            return []
        left = Counter(map(_pattern, lint(self.old)))
        new = []
        for finding in lint(self.text):
            left[_pattern(finding)] -= 1
            if left[_pattern(finding)] < 0:
                new.append(finding)
        return new

    def save(self) -> None:
        """Writes it, if there is a change. Raises UserError; the file is as it was then."""
        if self.is_change:
            cassette_files.write_whole(self.path, self.text.encode("utf-8"))


def _pattern(finding: Finding) -> tuple[str, str]:
    """What a warning is about, wherever the edit moved it to."""
    return finding.kind, re.sub(r"\[\d+\]", "[]", finding.member)


def lint(text: str) -> list[Finding]:
    """The warnings about a cassette's text; none for one that can't be read."""
    try:
        return suspicions(text, catalog.models())
    except DocumentError:
        return []


def edited(path: Path, change: Callable[[Cassette], Cassette], environ: Mapping[str, str]) -> Edited:
    """A cassette file, changed. Raises UserError if it can't be read, the edit can't be made or a real value got in."""
    text = cassette_files.load_text(path)
    before = cassette_files.parsed(path, text, catalog.models())
    return put_together(path, before, changed(lambda: change(before)), text, [text], environ)


def redacted(path: Path, environ: Mapping[str, str]) -> Edited:
    """A cassette file with everything in it redacted, as a recording is. Raises UserError."""
    text = cassette_files.load_text(path)
    before = cassette_files.parsed(path, text, catalog.models())
    made = put_together(path, Cassette(), before, "", [text], environ)
    return replace(made, before=before, old=text, text=text if made.after == before else made.text)


def changed(change: Callable[[], Cassette]) -> Cassette:
    """What an edit makes. Raises UserError for one that can't be made."""
    try:
        return change()
    except EditError as error:
        raise UserError(str(error), error.tip) from None


def put_together(
    path: Path,
    before: Cassette,
    after: Cassette,
    old: str,
    texts: Sequence[str],
    environ: Mapping[str, str],
    known: Iterable[Take] = (),
) -> Edited:
    """A cassette to be written to `path`, what is new in it redacted, as text out of those that its takes come from.

    before, old: what is there, and its text; nothing for a new file. known: takes of other cassettes, redacted already.
    Raises UserError if a real value can't be hidden.
    """
    safe, redacted = _redacted(path, [*before.takes, *known], after, environ)
    texts = sorted(texts, key=lambda text: text != old)  # what is there is spelled as it is
    if safe == before and texts == [old]:
        return Edited(path, before, before, old, old)
    made = rewrite(catalog.models(), texts, safe)
    return Edited(path, before, safe, old, made.text, made.lost, made.gone, redacted)


def _redacted(
    path: Path, before: Iterable[Take], after: Cassette, environ: Mapping[str, str]
) -> tuple[Cassette, Mapping[str, int]]:
    """The cassette with what is new in it redacted, and how many values that were, by kind."""
    models = catalog.models()
    known = defaultdict[Track, list[Take]](list)
    for take in before:
        known[take.track].append(take)
    ours = redactor_for(after, environ)
    redactor = ours or Redactor(secrets.token_bytes(32), project_settings.rules())
    new = [take not in known[take.track] for take in after.takes]
    for take in (t for t, n in zip(after.takes, new, strict=True) if n):
        region = take.track.region
        if region and catalog.service_of_host(catalog.host_of(take.track.service, region)) is None:
            raise UserError(f"{path}: not changed: AWS has no such region", "regions are spelled as in eu-west-1")
    safe = [redactor.again(models, Cassette((t,))).takes[0] if n else t for t, n in zip(after.takes, new, strict=True)]
    if ours is None:
        if safe != list(after.takes):
            kinds = ", ".join(map(kind_name, redactor.counts()))
            tip = "set AWSTAPE_KEY to the key that the cassette was made with, or say aliases"
            raise UserError(f"{path}: not changed: what would stand there looks real ({kinds})", tip)
        return after, {}
    named = [redactor.with_names(models, Cassette((t,))).takes[0] if n else t for t, n in zip(safe, new, strict=True)]
    result = _retold(after, named)
    if leaks := redactor.leaks(models, result):
        raise UserError(f"{path}: not changed: a real value is left: {leaks[0]}", f"awstape redact {path}")
    if collisions := redactor.collisions():
        raise UserError(f"{path}: not changed: {CollisionError(collisions[0])}", "rekey it with another AWSTAPE_KEY")
    if redactor.counts() and not result.keys:
        result = replace(result, keys=frozenset({redactor.key_fingerprint}))
    return result, redactor.counts()


def _retold(cassette: Cassette, takes: Sequence[Take]) -> Cassette:
    """The cassette with these takes for its own; the tokens of a track that is called otherwise now are named anew."""
    result: list[Take] = []
    renamed = defaultdict[Track, list[Take]](list)
    for was, take in zip(cassette.takes, takes, strict=True):
        if was.track == take.track:
            result.append(take)
        else:
            renamed[take.track].append(take)
    for track, same in renamed.items():
        if any(take.track == track for take in result):
            raise UserError(f"{track} is there already", "awstape rm takes one of the two away")
        result += retold(catalog.models().operation(track.service, track.operation), track, same)
    return Cassette.of(result, cassette.keys)

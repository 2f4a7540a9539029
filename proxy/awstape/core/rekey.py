"""Another key for a cassette: every alias in it is renewed, wherever it stands.

1. What an alias stands for can't be known without the real value. So an alias is renewed from itself, and the same
   alias becomes the same new one in every cassette: what agreed before agrees after.
2. For real values that somebody names, who has the old key too, the alias becomes the one that the new key gives the
   value. Only these match real values afterwards; the rest match as aliases.
3. Aliases in encoded text are renewed as well. Page tokens, which are made from the track, are named anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from awstape.core.alias import Aliases, CollisionError, fingerprint, replace_aliases
from awstape.core.arn import redact_path, redact_provider
from awstape.core.cassette import Cassette, Page, Take, Track
from awstape.core.conform import unmodelled
from awstape.core.embedded import edit_literals, is_json, rewrite_runs
from awstape.core.members import Place, edit_failure, edit_members
from awstape.core.model import Models, Operation
from awstape.core.pages import named
from awstape.core.redact import Redactor
from awstape.core.rules import NO_RULES, Rules
from awstape.core.scan import redact_text


@dataclass
class Renewal:
    """Renews aliases under a key. `made`: old alias → new one; `matched`: the real values that were found by them."""

    key: bytes
    rules: Rules = NO_RULES
    made: dict[str, str] = field(default_factory=dict)
    matched: set[str] = field(default_factory=set)
    _known: dict[str, str] = field(default_factory=dict)
    _values: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._aliases = Aliases(self.key)
        self._redactor = Redactor(self.key, self.rules)
        self._fresh: set[str] = set()

    def know(self, values: Iterable[str], old_key: bytes) -> None:
        """Takes note of real values: identifiers, texts that hold some, or names."""
        old, new = Aliases(old_key), Aliases(self.key)
        for value in values:
            for aliases in (old, new):
                redact_text(value, aliases)
                aliases.name("name", value)
                aliases.secret("secret", value)
                redact_path(value, aliases)
                redact_provider(value, aliases)
                if value.isalnum() and value.isupper():
                    aliases.unique_id(value)
        for made, alias in old.made.items():
            if made in new.made:
                self._known[alias] = new.made[made]
                self._known[_ending(alias)] = _ending(new.made[made])
                self._values |= {alias: made[1], _ending(alias): made[1]}

    def alias(self, old: str) -> str:
        """The new alias for an old one; a new one stays. Raises CollisionError."""
        if old in self._fresh or _ending(old) in self._fresh:
            return old
        if old not in self.made:
            head, _, ending = old.rpartition("-")
            known = self._known.get(old) or (ending in self._known and f"{head}-{self._known[ending]}")
            new = known or self._aliases.renewed(old)
            if known:
                self.matched.add(self._values.get(old) or self._values[ending])
            if new in self.made.values():
                raise CollisionError("account" if old.isdigit() else "name")
            self.made[old] = new
            self._fresh |= {new, _ending(new)}
        return self.made[old]

    def text(self, text: str) -> str:
        """A text with every alias in it renewed, in whatever encoding it stands there."""
        if is_json(text):
            return edit_literals(text, lambda literal: self.text(literal.text))
        # First as it stands: `\\role-…` is an alias after a backslash, not the escape of a carriage return.
        return rewrite_runs(replace_aliases(text, self.alias), self.text)

    def cassette(self, models: Models, cassette: Cassette) -> Cassette:
        """The cassette under the new key."""
        takes = []
        for old, same in cassette.tracks():
            operation = models.services[old.service].operations[old.operation]
            identity = edit_members(old.identity, operation.input, self._edit)
            track = Track(old.service, old.operation, old.region, identity)
            for number, take in enumerate(same, 1):
                pages = [self._page(operation, page) for page in take.pages]
                takes.append(Take(track, named(operation, track, number, pages)))
        return Cassette.of(takes, [fingerprint(self.key)])

    def _page(self, operation: Operation, page: Page) -> Page:
        answer = page.answer
        if answer.error:
            return replace(
                page, answer=replace(answer, error=edit_failure(operation.service, answer.error, self._edit))
            )
        output = edit_members(answer.output or {}, operation.output, self._edit)
        unknown = unmodelled(operation, output) if answer.unmodelled else ()
        return replace(page, answer=replace(answer, output=output, unmodelled=unknown))

    def _edit(self, text: str, place: Place) -> str:
        return self._redactor.edit(self.text(text), place)  # what somebody wrote into it by hand is replaced as well


def _ending(alias: str) -> str:
    """What of a name's alias is keyed; of another alias, all of it."""
    return alias.removesuffix("@example.com").rpartition("-")[2]

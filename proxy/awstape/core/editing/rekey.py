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

from awstape.core.aws.model import Models
from awstape.core.cassette.cassette import Cassette, Take, Track
from awstape.core.cassette.tokens import name_tokens
from awstape.core.redaction.alias_grammar import EMAIL_DOMAIN, replace_aliases
from awstape.core.redaction.aliases import Aliases, CollisionError, key_fingerprint, renew_alias
from awstape.core.redaction.project_rules import NO_RULES, Rules
from awstape.core.redaction.redactor import Redactor
from awstape.core.redaction.string_walk import StringContext, edit_cassette_strings
from awstape.core.redaction.text.arn import redact_path, redact_provider
from awstape.core.redaction.text.free_text import redact_text
from awstape.core.text.encoded_text import everywhere


@dataclass
class Renewal:
    """Renews aliases under a key. `made`: old alias → new one; `matched`: the real values that were found by them."""

    key: bytes
    rules: Rules = NO_RULES
    made: dict[str, str] = field(default_factory=dict)
    matched: set[str] = field(default_factory=set)
    _known: dict[str, tuple[str, str]] = field(default_factory=dict)  # old alias, or ending → new one, real value

    def __post_init__(self) -> None:
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
        for made, alias in old.by_value.items():
            if made in new.by_value:
                self._known[alias] = new.by_value[made], made[1]
                self._known[_ending(alias)] = _ending(new.by_value[made]), made[1]

    def alias(self, old: str) -> str:
        """The new alias for an old one; a new one stays. Raises CollisionError."""
        if old in self._fresh or _ending(old) in self._fresh:
            return old
        if old not in self.made:
            new = self._of_known(old) or renew_alias(old, self.key)
            if new in self.made.values():
                raise CollisionError("account" if old.isdigit() else "name")
            self.made[old] = new
            self._fresh |= {new, _ending(new)}
        return self.made[old]

    def _of_known(self, old: str) -> str | None:
        """The new alias of the real value that an old one stands for, if somebody named it."""
        head, _, ending = old.rpartition("-")
        if found := self._known.get(old) or self._known.get(ending):
            self.matched.add(found[1])
            return found[0] if old in self._known else f"{head}-{found[0]}"
        return None

    def text(self, text: str) -> str:
        """A text with every alias in it renewed, in whatever encoding it stands there."""
        return everywhere(text, lambda plain: replace_aliases(plain, self.alias))

    def cassette(self, models: Models, cassette: Cassette) -> Cassette:
        """The cassette under the new key."""
        takes: list[Take] = []
        for track, same in edit_cassette_strings(models, cassette, self._edit, self._edit).tracks():
            operation = models.operation(track.service, track.operation)
            takes += [
                replace(take, pages=name_tokens(operation, track, n, take.pages)) for n, take in enumerate(same, 1)
            ]
        return Cassette.of(takes, [key_fingerprint(self.key)])

    def track(self, models: Models, take: Take) -> Track:
        """What the track of a take is called under the new key."""
        return self.cassette(models, Cassette((replace(take, pages=take.pages[:1]),))).takes[0].track

    def _edit(self, text: str, place: StringContext) -> str:
        return self._redactor.redact_string(
            self.text(text), place
        )  # what somebody wrote into it by hand is replaced as well


def _ending(alias: str) -> str:
    """What of a name's alias is keyed; of another alias, all of it."""
    return alias.removesuffix(EMAIL_DOMAIN).rpartition("-")[2]

"""Rekeying: every alias in a cassette is replaced by one under another key.

1. The real value of an alias is unknown. So an alias is renewed from itself, and the same alias becomes the same new
   one in every cassette: aliases that agreed before agree after.
2. Real values can be given together with the old key. Their aliases become the ones that the new key gives the values.
   Only these match real values in a replay afterwards; all others match as aliases. The marks under the old key go.
   Names are renewed code by code, so that a name that is made of others is made of the new aliases of these.
3. Aliases in encoded text are renewed as well. Page tokens, which are computed from the track, are named again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field, replace
from itertools import count

from awstape.core.aws.access_keys import replace_account
from awstape.core.aws.model import Models
from awstape.core.cassette.cassette import Cassette, Take, Track
from awstape.core.cassette.page_tokens import name_tokens
from awstape.core.redaction.alias_grammar import (
    account_in_alias,
    find_aliases,
    keyed_parts,
    replace_aliases,
    respell_alias,
)
from awstape.core.redaction.aliases import Aliases, Key, key_fingerprint
from awstape.core.redaction.name_codes import respell_codes, spell_code_of_account
from awstape.core.redaction.project_rules import NO_RULES, Rules
from awstape.core.redaction.redactor import Redactor
from awstape.core.redaction.string_walk import StringContext, edit_cassette_strings
from awstape.core.redaction.text.arn import redact_path, redact_provider
from awstape.core.redaction.text.free_text import redact_text
from awstape.core.text.encoded_text import rewrite_everywhere


@dataclass
class AliasRenewer:
    """Renews aliases under a key. renewed: old alias → new one.

    No two aliases of the texts in `keep_apart` become one: where two would, the second one met gets another.
    """

    key: Key
    rules: Rules = NO_RULES
    renewed: dict[str, str] = field(default_factory=dict)
    _known: dict[str, str] = field(default_factory=dict)  # keyed part of an alias of a learned value → new one
    _learned: dict[str, list[list[str]]] = field(default_factory=dict)  # value → its aliases, as one thing and another

    def __post_init__(self) -> None:
        self._redactor = Redactor(self.key, self.rules)
        self._parts: dict[str, str] = {}  # keyed part of an alias → the new one
        self._new: set[str] = set()
        self._old: set[str] = set()

        self._accounts_by_code: dict[str, str] = {}  # the code of an account in names → its alias

    def keep_apart(self, text: str) -> None:
        """Notes the aliases of a text that is to be renewed, so that no other one becomes one of them."""
        self._old.update(part for alias in find_aliases(text) for part in keyed_parts(alias))
        self._accounts_by_code |= {spell_code_of_account(part): part for part in self._old if part.isdigit()}

    def learn(self, values: Iterable[str], old_key: Key, apart: Set[str] = frozenset()) -> None:
        """Learns the old and new aliases of real values: identifiers, texts with identifiers, or names.

        apart: the marks in the cassettes, under the old key.
        """
        old, new = Aliases(old_key, apart=apart), Aliases(self.key)
        for value in values:
            self._learned[value] = [find_aliases(form) for form in _redact_as_all(value, old)]
            for _ in _redact_as_all(value, new):
                pass
        for kind_and_value, alias in old.by_value.items():
            if new_alias := new.by_value.get(kind_and_value):
                pairs = zip(keyed_parts(alias), keyed_parts(new_alias), strict=True)
                self._known |= dict(pairs)
        self._redactor = Redactor(self.key, self.rules, new.marks.known)

    @property
    def matched(self) -> set[str]:
        """The learned values of which all aliases were renewed, as whatever one takes them for."""
        return {
            value
            for value, forms in self._learned.items()
            if any(aliases and self.renewed.keys() >= set(aliases) for aliases in forms)
        }

    def count_matching(self) -> int:
        """The number of renewed aliases that the new key gives their real values: these match requests."""
        return sum(all(part in self._known for part in keyed_parts(old)) for old in self.renewed)

    def renew_alias(self, old: str) -> str:
        """The new alias for an old one. An alias that is new already stays."""
        parts = keyed_parts(old)
        if self._new.issuperset(parts):
            return old
        if old not in self.renewed:
            self.renewed[old] = self._renew_part(old) if parts == [old] else respell_codes(old, self._renew_part)
            if account := account_in_alias(old):
                self.renewed[old] = replace_account(self.renewed[old], self.renew_alias(account))
                self._new.add(self.renewed[old])
        return self.renewed[old]

    def _renew_part(self, part: str) -> str:
        """The new form of a code, or of an alias that is no name's."""
        if found := self._known.get(part):
            self._parts.setdefault(part, found)
        if account := self._accounts_by_code.get(part.lower()):
            self._parts[part] = spell_code_of_account(self.renew_alias(account))
        if part not in self._parts:
            made = (renew_alias(part, self.key, attempt) for attempt in count())
            self._parts[part] = next(new for new in made if new not in self._new and new not in self._old)
        self._new.add(self._parts[part])
        return self._parts[part]

    def renew_text(self, text: str) -> str:
        """A text with every alias in it renewed, in any encoding."""
        return rewrite_everywhere(text, lambda plain: replace_aliases(plain, self.renew_alias))

    def rekey_cassette(self, models: Models, cassette: Cassette) -> Cassette:
        """The cassette under the new key."""
        renewed = edit_cassette_strings(models, cassette, self._renew_string, self._renew_string)
        result: list[Take] = []
        for track, takes in renewed.tracks():
            operation = models.operation(track.service, track.operation)
            for number, take in enumerate(takes, 1):
                result.append(replace(take, pages=name_tokens(operation, track, number, take.pages)))
        return Cassette.of(result, [key_fingerprint(self.key)], renewed.account, self._redactor.apart)

    def rekey_track(self, models: Models, take: Take) -> Track:
        """The track of a take under the new key."""
        return self.rekey_cassette(models, Cassette((replace(take, pages=take.pages[:1]),))).takes[0].track

    def _renew_string(self, text: str, context: StringContext) -> str:
        # Real values that were written into the cassette by hand are redacted as well.
        return self._redactor.redact_string(self.renew_text(text), context)


def _redact_as_all(value: str, aliases: Aliases) -> Iterator[str]:
    """A value with its aliases as a text with identifiers, and as each thing that it may name."""
    yield redact_text(value, aliases)
    yield aliases.name("name", value)
    yield aliases.secret("secret", value)
    yield redact_path(value, aliases)
    yield redact_provider(value, aliases)
    if value.isalnum() and value.isupper():
        yield aliases.unique_id(value)


def renew_alias(alias: str, key: Key, attempt: int = 0) -> str:
    """The alias under `key` that replaces an alias under another key: only its keyed characters change.

    attempt: another number gives another alias.
    """
    purpose = f"again {attempt}" if attempt else "again"
    return respell_alias(alias, lambda keyed: key.digest(purpose, keyed))

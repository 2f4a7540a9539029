"""Redaction of identities, answers and cassettes under one key, with what a recording has seen so far.

1. Every string is redacted by its context (`core.redaction.string_redaction`).
2. An identity is redacted by itself, without knowledge of other traffic, so a live request is redacted to the same.
3. When a recording ends, names that were seen anywhere are replaced wherever they are a word of free text, in
   identities, too (`core.redaction.text.names_in_text`). A live request has no other traffic to learn names from:
   there, a word is a name if its alias is one of those in the cassette's identities, and a text is a recorded one if
   that has the aliases of what stands in their places.
4. An error's text is searched for the names in its request, however short they are.
5. A real page token is replaced in the errors of its exchange, where it stands as a whole. One that is long enough is
   searched for in the end, unless it is a name, too: that has its own alias.
6. Before anything is written, `core.redaction.leak_search` searches all of it for the real values seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from awstape.core.aws.call import Answer
from awstape.core.aws.model import Models, Operation, Value
from awstape.core.cassette.cassette import Cassette, Take
from awstape.core.redaction.alias_grammar import find_aliases, is_alias, is_code_alias, is_name_alias, keyed_parts
from awstape.core.redaction.aliases import Aliases, Key, key_fingerprint
from awstape.core.redaction.marks import MARK_ENDING, mark_ending
from awstape.core.redaction.members.member_kinds import (
    find_name_kind,
    is_denied,
    is_free_text,
    is_free_text_member,
    is_public,
)
from awstape.core.redaction.project_rules import NO_RULES, Rules
from awstape.core.redaction.services.default_deny import holds_name
from awstape.core.redaction.string_redaction import fit_length, is_prose, redact_string
from awstape.core.redaction.string_walk import (
    StringContext,
    edit_answer_strings,
    edit_cassette_strings,
    edit_member_strings,
    edit_principal,
    edit_take_strings,
)
from awstape.core.redaction.text.identifier_search import redact_accounts
from awstape.core.redaction.text.identifiers import OWN_PAGE_TOKEN
from awstape.core.redaction.text.names_in_text import KnownNames, edit_possible_names, find_aliased_names, has_become
from awstape.core.redaction.value_kinds import PAGE_TOKEN
from awstape.core.text.encoded_text import decoded_variants
from awstape.core.text.hidden import Hidden
from awstape.core.text.lazy_pattern import lazy_pattern
from awstape.core.text.substrings import Substrings

if TYPE_CHECKING:  # a replay writes nothing, and so searches for nothing before it
    from awstape.core.redaction.leak_search import Leak, RealValueSearch

#: Replaces a real page token in an error message.
_TOKEN_ALIAS = "page-token"
_SHORTEST_TOKEN = 6
_WORD = lazy_pattern(r"[A-Za-z_-]+")
_SHORTEST_SEARCHED_TOKEN = 16
_SHORT_ORGANIZATION_ID = lazy_pattern(r"[rp]-[a-z0-9]{4,32}")


class CassetteAliases:
    """The keyed parts of the aliases in cassettes, in lower case. A cassette is searched when they are asked for."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Models, Cassette]] = []
        self._parts: set[str] = set()

    def add(self, models: Models, cassette: Cassette) -> None:
        self._waiting.append((models, cassette))

    def __contains__(self, part: object) -> bool:
        return part in self._parts or self._finds(str(part)) or part in self.parts()

    def _finds(self, part: str) -> bool:
        """Whether a cassette whose takes are not read has a part in the takes that hold it as a text."""
        for models, cassette in self._waiting:
            for take in cassette.find_takes(part) if cassette.find_takes else ():
                edit_cassette_strings(models, Cassette.of([take]), self._note, self._note)
                if part in self._parts:
                    return True
        return False

    def parts(self) -> Set[str]:
        while self._waiting:
            models, cassette = self._waiting.pop()
            edit_cassette_strings(models, cassette, self._note, self._note)
        return self._parts

    def _note(self, text: str, _: StringContext) -> str:
        for variant in decoded_variants(text):
            whole = [variant] if is_alias(variant) or is_code_alias(variant) else []
            for alias in (*whole, *find_aliases(variant)):
                self._parts.update(part.lower() for part in keyed_parts(alias))
        return text


def find_ambiguous_alias(models: Models, cassettes: Sequence[Cassette]) -> tuple[int, int, str] | None:
    """The keyed part of an alias in one cassette that may stand for another value in a second one, with their indices.

    The second one has a mark of a value that would have the same alias; the first one has it not.
    """
    owners = {mark: number for number, cassette in enumerate(cassettes) for mark in cassette.apart}
    for number, cassette in enumerate(cassettes):
        endings = {mark[-MARK_ENDING:]: owner for mark, owner in owners.items() if mark not in cassette.apart}
        if not endings:
            continue
        aliases = CassetteAliases()
        aliases.add(models, cassette)
        for part in sorted(aliases.parts()):
            owner = endings.get(mark_ending(part))
            if owner is not None and cassettes[owner].keys & cassette.keys:
                return number, owner, part
    return None


class Redactor:
    """Redacts identities and answers under one key, and remembers the values seen until `forget`.

    apart: the marks in the header of the cassette at hand.
    """

    def __init__(self, key: Key, rules: Rules = NO_RULES, apart: Set[str] = frozenset()) -> None:
        self.key_fingerprint = key_fingerprint(key)
        self._aliases = Aliases(key, rules, apart=apart)
        self._apart = apart
        self._known = CassetteAliases()
        self._tokens: set[str] = set()

    def know(self, models: Models, cassette: Cassette) -> None:
        """Adds a cassette at hand: from now on only its aliases, and those given out, count as aliases in real data."""
        self._known.add(models, cassette)
        self._aliases.known = self._known
        self._apart |= cassette.apart
        self._aliases.marks.known.update(cassette.apart)

    @property
    def apart(self) -> frozenset[str]:
        """The marks for the header of a cassette: those that were there, and those of values seen."""
        return frozenset(self._aliases.marks.known)

    def forget(self) -> None:
        """Forgets the values seen. Aliases don't change by it, but for the second of two that would share one."""
        if self._aliases.has_history:
            self._aliases = self._aliases.without_history(self._apart)
        self._tokens.clear()

    def redact_string(self, text: str, context: StringContext) -> str:
        return redact_string(text, context, self._aliases)

    def redact_identity(self, operation: Operation, identity: dict[str, Value]) -> dict[str, Value]:
        return edit_member_strings(identity, operation.input, self.redact_string)

    def recorded_forms(self, text: str, context: StringContext, known: Set[str]) -> Iterator[str]:
        """The forms in which a recording may hold a string of a request, the most likely ones first.

        known: the aliases of the names that the recording recognised in the free text of its identities. Another
        version of the service model has other enums and other marks of what is sensitive: the last forms are the
        aliases of a recording that was made with one.
        """
        replace_name = partial(self._replace_known_name, known)
        for each in (context, _without_marks(context)):
            yield self.redact_string(text, each)
            if known and is_free_text_member(text, each):
                # Before and after redaction: a name may contain an identifier.
                named = edit_possible_names(text, replace_name)
                yield edit_possible_names(self.redact_string(named, each), replace_name)
        if context.shape and context.shape.type == "string":
            yield self._aliases.password(text)

    def find_recorded(self, text: str, context: StringContext, recorded: Iterable[str]) -> str | None:
        """The first recorded text that is this one, redacted with what a recording knew in the end; None if none is."""
        live = dict.fromkeys((text, self.redact_string(text, context)))
        return next((each for each in recorded if any(has_become(form, each, self._aliases) for form in live)), None)

    def _replace_known_name(self, known: Set[str], word: str) -> str:
        """The alias of a name that is in `known`; any other word stays."""
        if is_name_alias(word):
            return word
        spell = self._aliases.organization_id if _SHORT_ORGANIZATION_ID.fullmatch(word) else self._aliases.spell_name
        return next((alias for alias in (self._aliases.spell_name(word), spell(word)) if alias in known), word)

    def redact_answer(
        self,
        operation: Operation,
        answer: Answer,
        tokens: Iterable[str] = (),
        identity: dict[str, Value] | None = None,
    ) -> Answer:
        """The answer, redacted. tokens: real page tokens of the exchange. identity: of the request, not redacted."""
        # Tokens that a replay gave out name a position only and stay.
        real = [token for token in tokens if len(token) >= _SHORTEST_TOKEN and not OWN_PAGE_TOKEN.fullmatch(token)]
        searched = [token for token in real if len(token) >= _SHORTEST_SEARCHED_TOKEN]
        self._tokens.update(searched)
        if answer.error is None:
            return edit_answer_strings(operation, answer, self.redact_string, self._aliases.redacted_strings)
        request_names = self._find_names(operation, identity or {})
        in_error = [token for token in real if token in searched or not _WORD.fullmatch(token)]

        def redact(text: str, context: StringContext) -> str:
            if not is_public(text, context):
                text = request_names.replace_in(text)
            for token in in_error:
                text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(token)}(?![A-Za-z0-9])", _TOKEN_ALIAS, text)
            return self.redact_string(text, context)

        return edit_answer_strings(operation, answer, redact)

    def redact_caller(self, access_key_id: Hidden[str] | None) -> str | None:
        """The account of a track, for the access key id of its request; None if that is unknown."""
        return self._aliases.caller(access_key_id) if access_key_id else None

    def redact_principal(self, principal: str) -> str:
        """The principal of a track, for that of a request."""
        return edit_principal(principal, self.redact_string)

    def redact_accounts(self, text: str) -> str:
        """A text of awstape's own, such as a note, with aliases for the account ids in it."""
        return redact_accounts(text, self._aliases)

    def digest(self, text: str) -> str:
        """A keyed digest of a text that is compared and never shown, such as a page token."""
        return self._aliases.digest(text)

    def redact_cassette(self, models: Models, cassette: Cassette) -> Cassette:
        """The cassette, redacted once more: only values that were written into it by hand change."""
        return edit_cassette_strings(models, cassette, self.redact_string, self.redact_string)

    def find_names(self, models: Models, cassette: Cassette) -> set[str]:
        """The aliases in a cassette of names that free text is searched for: whole names, and names in free text."""
        names: set[str] = set()

        def note(text: str, context: StringContext) -> str:
            if is_denied(context.place):
                is_named = holds_name(context.place)
            else:
                is_named = bool(context.shape and find_name_kind(context.shape, context.siblings))
            if is_named:
                names.add(text)
            elif is_prose(text, context):
                names.update(find_aliased_names(text))
            return text

        edit_cassette_strings(models, cassette, note, note)
        return set(filter(is_name_alias, names))

    def replace_known_names(self, models: Models, cassette: Cassette, known: Set[str] = frozenset()) -> Cassette:
        """A redacted cassette with the names that were seen anywhere replaced in its free text.

        known: aliases of names in another cassette.
        """
        if not cassette.takes:
            return cassette
        return cassette.with_takes(self.replace_names_in_takes(models, cassette.takes, known))

    def replace_names_in_takes(
        self, models: Models, takes: Iterable[Take], known: Set[str] = frozenset()
    ) -> Iterator[Take]:
        """As `replace_known_names`, for single takes, in their order."""
        names = KnownNames.from_aliases(self._aliases, known)

        def edit_answer(text: str, context: StringContext) -> str:
            if not is_free_text(text, context):
                return text
            return fit_length(text, names.replace_in(text), context, self._aliases)

        def edit_identity(text: str, context: StringContext) -> str:
            return names.replace_in(text) if is_free_text(text, context) else text

        return edit_take_strings(models, takes, edit_identity, edit_answer)

    def find_leaks(self, models: Models, cassette: Cassette) -> list[Leak]:
        """Real values that are still in the cassette."""
        from awstape.core.redaction.leak_search import find_leaks

        return list(find_leaks(models, cassette, self.real_value_search())) if cassette.takes else []

    def real_value_search(self, known: Iterable[tuple[str, str]] = ()) -> RealValueSearch:
        """A search for the values seen so far, and for (kind, value) pairs known besides."""
        from awstape.core.redaction.leak_search import RealValueSearch

        names = set().union(*self._aliases.real_values.values())
        seen = {kind: set(values) for kind, values in self._aliases.real_values.items()}
        seen[PAGE_TOKEN] = self._tokens - names
        for kind, value in known:
            seen.setdefault(kind, set()).add(value)
        # A kept name that looks random, or a part of one, is taken for a secret elsewhere.
        every = Substrings({value: value for values in seen.values() for value in values if value})
        in_kept = {value for kept in self._aliases.kept_values for _, _, value in every.find(kept)}
        real = {kind: values - in_kept for kind, values in seen.items()}
        return RealValueSearch(real, self._aliases.rules)

    def search_for(self, values: Iterable[tuple[str, str]]) -> RealValueSearch:
        """A search for values of which the kinds are known, except for those that the project keeps."""
        from awstape.core.redaction.leak_search import RealValueSearch

        real: dict[str, set[str]] = {}
        for kind, value in values:
            real.setdefault(kind, set()).add(value)
        return RealValueSearch(real, self._aliases.rules)

    def replace_real_values(self, models: Models, takes: Iterable[Take], search: RealValueSearch) -> Iterator[Take]:
        """The takes with aliases in place of the real values that a search finds."""

        def alias(kind: str, value: str) -> str:
            if kind == PAGE_TOKEN:
                return _TOKEN_ALIAS
            known = self._aliases.by_value.get((kind, value)) or self._aliases.names.get(value)
            return known or self._aliases.secret("masked", value)

        def edit(text: str, context: StringContext) -> str:
            is_free = is_free_text(text, context)
            if search.find(text, is_free) is None:
                return redact_accounts(text, self._aliases)
            return fit_length(text, search.replace(text, is_free, alias), context, self._aliases)

        return edit_take_strings(models, takes, edit, edit)

    def mask_identity(
        self, operation: Operation, identity: dict[str, Value], search: RealValueSearch
    ) -> dict[str, Value]:
        """An identity with an alias for each text that has a real value in it."""

        def mask(text: str, context: StringContext) -> str:
            found = search.find(text, is_free_text(text, context))
            return self._aliases.secret("masked", text) if found else text

        return edit_member_strings(identity, operation.input, mask)

    @property
    def names(self) -> dict[str, str]:
        """Real name → its alias, in the order in which the names were met: those of roles, users, buckets, …"""
        return self._aliases.names_of_things

    def count_by_kind(self) -> dict[str, int]:
        """The number of different values that were replaced, by kind."""
        return self._aliases.count_by_kind()

    def count_existing_aliases(self) -> int:
        """The number of values that looked like aliases when they came, and stayed."""
        return len(self._aliases.existing_aliases)

    def _find_names(self, operation: Operation, identity: dict[str, Value]) -> KnownNames:
        """The names in an identity, however short."""
        names: dict[str, str] = {}

        def note(text: str, context: StringContext) -> str:
            redacted = self.redact_string(text, context)
            if redacted != text and not is_free_text(text, context):
                names[text] = redacted
            return redacted

        edit_member_strings(identity, operation.input, note)
        return KnownNames(names, shortest=1)


def _without_marks(context: StringContext) -> StringContext:
    """The context of a string in a service model that has no enum for it and doesn't mark it as sensitive."""
    shape = context.shape
    if shape is None:
        return context
    place = context.place.data("unmarked", replace(shape, enum=(), sensitive=False))
    return StringContext(place, context.path, context.siblings, context.key)

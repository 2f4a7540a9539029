"""The entry to redaction: redacts identities, answers and cassettes under one key.

1. Every string is redacted by its context (`core.redaction.string_redaction`).
2. An identity is redacted by itself, without knowledge of other traffic: a live request is redacted to the same.
3. When a recording ends, the names that it has seen are replaced in free text, too, in that of identities as well
   (`core.redaction.text.names_in_text`). A live request has no other traffic to learn names from: its texts are
   compared with the recorded ones (`core.replay.matching`).
4. The text of an error is searched for the names in its request, however short they are.
5. A real page token is replaced in the errors of its exchange, where it stands as a whole. A long token is noted as
   well: the search before a write finds it everywhere, unless it is also a name, which has its own alias.
6. Before anything is written, all of it is searched for the real values seen (`core.redaction.leak_search`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set

from awstape.core.aws.call import Answer
from awstape.core.aws.model import Models, Operation, Value
from awstape.core.cassette.cassette import Cassette, Take
from awstape.core.redaction.alias_grammar import is_name_alias
from awstape.core.redaction.aliases import Aliases, Key, key_fingerprint
from awstape.core.redaction.cassette_aliases import CassetteAliases
from awstape.core.redaction.members.member_kinds import find_name_kind, is_denied, is_free_text, is_public
from awstape.core.redaction.project_rules import NO_RULES, Rules
from awstape.core.redaction.services.treatments import holds_name
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
from awstape.core.redaction.text.identifiers import OWN_PAGE_TOKEN, TOKEN_ALIAS
from awstape.core.redaction.text.names_in_text import KnownNames, find_aliased_names
from awstape.core.text.hidden import Hidden
from awstape.core.text.lazy_pattern import lazy_pattern

_SHORTEST_TOKEN = 6
_WORD = lazy_pattern(r"[A-Za-z_-]+")
_SHORTEST_SEARCHED_TOKEN = 16


class Redactor:
    """Redacts identities and answers under one key, and remembers the values seen until `forget`.

    apart: the marks in the header of the cassette at hand.
    """

    def __init__(self, key: Key, rules: Rules = NO_RULES, apart: Set[str] = frozenset()) -> None:
        self.key_fingerprint = key_fingerprint(key)
        self.aliases = Aliases(key, rules, apart=apart)
        self.page_tokens: set[str] = set()
        """The real page tokens seen that are long enough to be searched for."""
        self._apart = apart
        self._known = CassetteAliases()

    def know(self, models: Models, cassette: Cassette) -> None:
        """Adds a cassette at hand: from now on only its aliases, and those given out, count as aliases in real data."""
        self._known.add(models, cassette)
        self.aliases.known = self._known
        self._apart |= cassette.apart
        self.aliases.marks.known.update(cassette.apart)

    @property
    def apart(self) -> frozenset[str]:
        """The marks for the header of a cassette: the marks it had, and those of values seen."""
        return frozenset(self.aliases.marks.known)

    def forget(self) -> None:
        """Forgets the values seen. Aliases stay the same, but for the second of two values that would share one."""
        if self.aliases.has_history:
            self.aliases = self.aliases.without_history(self._apart)
        self.page_tokens.clear()

    def redact_string(self, text: str, context: StringContext) -> str:
        return redact_string(text, context, self.aliases)

    def redact_identity(self, operation: Operation, identity: dict[str, Value]) -> dict[str, Value]:
        return edit_member_strings(identity, operation.input, self.redact_string)

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
        self.page_tokens.update(searched)
        if answer.error is None:
            return edit_answer_strings(operation, answer, self.redact_string, self.aliases.redacted_strings)
        request_names = self._find_request_names(operation, identity or {})
        in_error = [token for token in real if token in searched or not _WORD.fullmatch(token)]

        def redact(text: str, context: StringContext) -> str:
            if not is_public(text, context):
                text = request_names.replace_in(text)
            for token in in_error:
                text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(token)}(?![A-Za-z0-9])", TOKEN_ALIAS, text)
            return self.redact_string(text, context)

        return edit_answer_strings(operation, answer, redact)

    def redact_caller(self, access_key_id: Hidden[str] | None) -> str | None:
        """The account of a track, for the access key id of its request; None if that is unknown."""
        return self.aliases.caller(access_key_id) if access_key_id else None

    def redact_principal(self, principal: str) -> str:
        """The principal of a track, for the principal of a request."""
        return edit_principal(principal, self.redact_string)

    def redact_accounts(self, text: str) -> str:
        """A text of awstape's own, such as a note, with aliases for the account ids in it."""
        return redact_accounts(text, self.aliases)

    def digest(self, text: str) -> str:
        """A keyed digest of a text that is compared and never shown, such as a page token."""
        return self.aliases.digest(text)

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
        names = KnownNames.from_aliases(self.aliases, known)

        def edit_answer(text: str, context: StringContext) -> str:
            if not is_free_text(text, context):
                return text
            return fit_length(text, names.replace_in(text), context, self.aliases)

        def edit_identity(text: str, context: StringContext) -> str:
            return names.replace_in(text) if is_free_text(text, context) else text

        return edit_take_strings(models, takes, edit_identity, edit_answer)

    @property
    def names(self) -> dict[str, str]:
        """Real name → its alias, for roles, users, buckets and the like, in the order in which they were met."""
        return self.aliases.names_of_things

    def count_by_kind(self) -> dict[str, int]:
        """The number of different values that were replaced, by kind."""
        return self.aliases.count_by_kind()

    def count_existing_aliases(self) -> int:
        """The number of values that looked like aliases when they came, and stayed."""
        return len(self.aliases.existing_aliases)

    def _find_request_names(self, operation: Operation, identity: dict[str, Value]) -> KnownNames:
        """The names in an identity, however short."""
        names: dict[str, str] = {}

        def note(text: str, context: StringContext) -> str:
            redacted = self.redact_string(text, context)
            if redacted != text and not is_free_text(text, context):
                names[text] = redacted
            return redacted

        edit_member_strings(identity, operation.input, note)
        return KnownNames(names, shortest=1)

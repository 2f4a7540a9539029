"""Redaction by shape: what becomes of each string of a decoded value.

1. A member whose shape is a name, path, id or provider (`awstape.core.members`) becomes the alias of that kind; a
   secret one, or one that the model marks sensitive, becomes a stand-in.
2. Every other string is searched for identifiers (`awstape.core.scan`), policy documents, messages, descriptions,
   tags and map keys included. Enums and numbers stay; in public vocabulary only identifiers are replaced, not names.
3. Names of AWS-managed policies stay where an AWS-owned ARN stands beside them; so do AWSServiceRoleFor… and
   service principals.
4. Strings of members that the model doesn't know are replaced whole, unless they are numbers, booleans or times.
5. An identity is redacted by itself, knowing nothing of other traffic: a live request then redacts to the same.
6. When a recording ends, names that were seen anywhere are replaced wherever they stand as a word in free text, in
   identities, too (`awstape.core.words`). A live request has no other traffic to learn names from: there, a word is a
   name where its alias is one of those in the cassette's identities. An error speaks of the names in its request.
7. Whatever a string is, twelve digits in a row that are no alias do not stay in it.
8. Real page tokens are words of the answers that speak of them, and replaced there.
9. A text that its aliases make longer or shorter than its member may be becomes one alias.
10. The project's rules (`awstape.core.rules`) keep identifiers or mask more of the text.
11. Before anything is written, `awstape.core.residual` searches all of it for the real values seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

from awstape.core.alias import NAME_ENDING, Aliases, ending_of, fingerprint, holds_alias, is_alias, is_name_alias
from awstape.core.answer import Answer
from awstape.core.arn import redact_name
from awstape.core.cassette import Cassette
from awstape.core.conform import MapKey
from awstape.core.embedded import variants
from awstape.core.identifiers import UUID
from awstape.core.members import (
    PATHS,
    SPELLED,
    Place,
    edit_answer,
    edit_cassette,
    edit_members,
    is_for_free_text,
    is_free_text,
    is_public,
    name_kind,
)
from awstape.core.model import Models, Operation, Shape, Value
from awstape.core.residual import Leak, leaks
from awstape.core.rules import NO_RULES, Rules
from awstape.core.scan import redact_accounts, redact_condition, redact_text
from awstape.core.words import Words, edit_words, redact_masked

#: A certificate's thumbprint: public, though it looks made by chance.
_THUMBPRINT = re.compile(r"[0-9A-Fa-f]{40}")
_PAGE_TOKEN = re.compile(r"(?:take-\d+\.)?page-\d+\.[a-z2-7]{4}|page-token|token", re.ASCII)
_ARN_SHAPE = re.compile(r"[aA]rn|^ownerIdType$|^ResourceNameType$|^Resource$")
_BARE_NAME = re.compile(r"[^\s*?:]*[A-Za-z][^\s*?:]*")
#: How a simulation names a policy that the client sent.
_INPUT_LIST = re.compile(r"(?:Permissions\w{8})?PolicyInputList\.\d{1,4}|ResourcePolicy", re.ASCII)
_HARMLESS = re.compile(
    r"|true|false|-?\d{1,11}(?:\.\d{1,9})?|\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?Z", re.ASCII
)
_PUBLIC_KEY_POLICY = "default"
#: What stands for a real page token in an error message.
_TOKEN = "page-token"
_SHORTEST_TOKEN = 6
_FILTER_WORD = re.compile(rf"[A-Z][A-Z_]+|AWS::\w+::\w+|true|false|{UUID}")
#: What a filter may look at and compare with words of the service.
_PUBLIC_CRITERIA = frozenset({"action", "findingType", "id", "isPublic", "resourceType", "status"})
_SHORT_ORGANIZATION_ID = re.compile(r"[rp]-[a-z0-9]{4,32}")
#: Members of a filter's criterion: whatever the client looks for.
_FILTERS = frozenset({"eq", "neq", "contains"})
#: Member of a simulation's input: values of conditions, which in an identity no other traffic can tell to be names.
_CONTEXT = "ContextKeyValues"


class Redactor:
    """Redacts identities and answers under one key, and remembers what it saw until the recording ends."""

    def __init__(self, key: bytes, rules: Rules = NO_RULES) -> None:
        self._key = key
        self._aliases = Aliases(key, rules)
        self._tokens: set[str] = set()

    @property
    def key_fingerprint(self) -> str:
        return fingerprint(self._key)

    def forget(self) -> None:
        """Forgets what it saw. The aliases stay what they are: they are made of the key and the value alone."""
        if self._aliases.has_seen:
            self._aliases = self._aliases.unseen()
        self._tokens.clear()

    def identity(self, operation: Operation, identity: dict[str, Value]) -> dict[str, Value]:
        return edit_members(identity, operation.input, self.edit)

    def identity_among(
        self, operation: Operation, identity: dict[str, Value], known: Mapping[str, str]
    ) -> dict[str, Value]:
        """An identity in a normal form, for a live request and a recorded one alike.

        Names, and words whose alias is `known` by its ending, are that ending and nothing else: what kind of name it
        was, and whether the recording knew it for one, does not count.
        """
        ours = self._aliases

        @cache  # a word comes again and again, as a part of others
        def known_ending(word: str) -> str | None:
            if is_name_alias(word):
                return ending_of(word)
            endings = [ours.ending(word)]
            if _SHORT_ORGANIZATION_ID.fullmatch(word):
                endings.append(ending_of(ours.organization_id(word)))
            return next((ending for ending in endings if ending in known), None)

        def edit(text: str, place: Place) -> str:
            if not is_for_free_text(text, place):
                return self.edit(text, place)
            # First as it is: a name may hold an identifier.
            named = edit_words(text, lambda word: f"name-{end}" if (end := known_ending(word)) else word)
            return edit_words(self.edit(named, place), lambda word: f"name-{e}" if (e := known_ending(word)) else word)

        return edit_members(identity, operation.input, edit)

    def answer(
        self,
        operation: Operation,
        answer: Answer,
        tokens: Iterable[str] = (),
        identity: dict[str, Value] | None = None,
    ) -> Answer:
        """The answer, redacted. `tokens`: real page tokens of the exchange; `identity`: what was asked, as it was."""
        # What a replay gave out says its position and nothing else: it is no real token.
        known = [token for token in tokens if len(token) >= _SHORTEST_TOKEN and not _PAGE_TOKEN.fullmatch(token)]
        self._tokens.update(known)
        asked = self._names_in(operation, identity or {}) if answer.error else None

        def edit(text: str, place: Place) -> str:
            for token in known:
                text = text.replace(token, _TOKEN)
            if asked and not is_public(text, place):
                text = asked.replace(text)
            return self.edit(text, place)

        return edit_answer(operation, answer, edit)

    def accounts(self, text: str) -> str:
        """A text of our own with aliases for the account ids in it."""
        return redact_accounts(text, self._aliases)

    def digest(self, text: str) -> str:
        """What stands for a text that is compared and never shown, such as a page token."""
        return self._aliases.digest(text)

    def again(self, models: Models, cassette: Cassette) -> Cassette:
        """A cassette redacted once more: what was redacted stays, what somebody wrote into it by hand doesn't."""
        return edit_cassette(models, cassette, self.edit, self.edit)

    def with_names(self, models: Models, cassette: Cassette, known: Mapping[str, str] | None = None) -> Cassette:
        """A redacted cassette with the names that were seen anywhere replaced in its free text.

        known: ending → alias, of names that another cassette has.
        """
        words = Words.of(self._aliases, known)
        of_requests = words.without_phrases()  # no live request could tell them

        def edit(text: str, place: Place) -> str:
            return self._fitted(text, words.replace(text), place) if is_free_text(text, place) else text

        def edit_asked(text: str, place: Place) -> str:
            return of_requests.replace(text) if is_free_text(text, place) else text

        return edit_cassette(models, cassette, edit_asked, edit)

    def counts(self) -> dict[str, int]:
        """How many different values were replaced, by kind."""
        return self._aliases.counts()

    def leaks(self, models: Models, cassette: Cassette) -> list[Leak]:
        """Real values that are still in the cassette."""
        # A kept name of chance characters, or a part of one, is taken for a secret elsewhere.
        kept = "\n".join(self._aliases.kept)
        seen = {**self._aliases.real, "page token": self._tokens}
        real = {kind: {value for value in values if value not in kept} for kind, values in seen.items()}
        return list(leaks(models, cassette, real, self._aliases.rules))

    def collisions(self) -> list[str]:
        """The kinds of which two values share an alias."""
        return self._aliases.collisions()

    def already(self) -> int:
        """How many values looked like aliases when they came, and were kept."""
        return len(self._aliases.already)

    def edit(self, text: str, place: Place) -> str:
        """One string, redacted as its place asks."""
        redacted = self._by_shape(text, place)
        is_left = redacted == text or is_free_text(text, place)  # a name has its own alias, unless it was kept
        if text and is_left and self._is_masked(place) and not is_public(text, place):
            return self._aliases.secret("masked", text)
        return self._fitted(text, redact_accounts(redacted, self._aliases), place)

    def _is_masked(self, place: Place) -> bool:
        return self._aliases.rules.masks(place.path) and (place.shape is None or place.shape.type == "string")

    def _fitted(self, text: str, redacted: str, place: Place) -> str:
        """The redacted text, or one alias for all of it where the text had room and its aliases have not."""
        if place.shape is None or _has_room(place.shape, redacted) or not _has_room(place.shape, text):
            return redacted
        if place.shape.name in PATHS:
            return f"/{self._aliases.secret('path', text)}/"
        kind = "text".ljust((place.shape.min or 0) - NAME_ENDING, "x")
        return self._aliases.secret(kind, text)

    def _names_in(self, operation: Operation, identity: dict[str, Value]) -> Words:
        """The names in an identity, however short: an error speaks of them."""
        names: dict[str, str] = {}

        def note(text: str, place: Place) -> str:
            redacted = self.edit(text, place)
            if redacted != text and not is_free_text(text, place):
                names[text] = redacted
            return redacted

        edit_members(identity, operation.input, note)
        return Words(names, shortest=1)

    def _by_shape(self, text: str, place: Place) -> str:
        aliases, shape = self._aliases, place.shape
        if shape is None:
            return text if _HARMLESS.fullmatch(text) or is_alias(text) else aliases.secret("text", text)
        if not text or text in shape.enum or (shape.name == "thumbprintType" and _THUMBPRINT.fullmatch(text)):
            return text
        if spell := SPELLED.get(shape.name):
            return spell(aliases, text)
        if shape.sensitive:
            return aliases.password(text)
        if kind := name_kind(shape, place.siblings):
            return self._name(kind, text, place.siblings)
        return self._search(text, place)

    def _search(self, text: str, place: Place) -> str:
        """A text that is not one name or id as a whole."""
        aliases = self._aliases
        if _PAGE_TOKEN.fullmatch(text):
            return text
        is_arn = place.shape is not None and _ARN_SHAPE.search(place.shape.name) is not None
        redacted = redact_condition(place.key, text, aliases) if place.key or is_arn else redact_text(text, aliases)
        if not is_public(text, place):
            redacted = redact_masked(redacted, aliases)
        if redacted != text or is_public(text, place) or any(map(holds_alias, variants(text))):
            return redacted
        if place.shape and place.shape.name == "serialNumberType" and not text.startswith("arn:"):
            return aliases.name("serial", text)
        if is_arn and _BARE_NAME.fullmatch(text):  # what should have been an ARN
            return aliases.name("resource", text)
        criterion = next((step for step in reversed(place.path) if isinstance(step, MapKey)), "")
        is_public_criterion = criterion in _PUBLIC_CRITERIA or criterion.endswith("At")
        if (
            place.member in _FILTERS
            and not is_public_criterion
            and not _FILTER_WORD.fullmatch(text)
            and not is_alias(text)
        ):
            return aliases.secret("filter", text)
        if place.member == _CONTEXT and not _HARMLESS.fullmatch(text) and not is_alias(text):
            return aliases.secret("value", text)
        return text

    def _name(self, kind: str, text: str, siblings: Mapping[str, Value]) -> str:
        if kind == "policy" and (_is_aws_owned(text, siblings) or _INPUT_LIST.fullmatch(text)):
            return text
        if kind == "key-policy" and text == _PUBLIC_KEY_POLICY:
            return text
        return redact_text(text, self._aliases) if text.startswith("arn:") else redact_name(kind, text, self._aliases)


def _has_room(shape: Shape, text: str) -> bool:
    return (shape.min or 0) <= len(text) and (shape.max is None or len(text) <= shape.max)


def _is_aws_owned(policy: str, siblings: Mapping[str, Value]) -> bool:
    """Whether the ARN of a policy of AWS with that name stands beside it."""
    arn = re.compile(rf"arn:aws[a-z-]*:iam::aws:policy/(?:\S+/)?{re.escape(policy)}")
    return any(isinstance(value, str) and arn.fullmatch(value) for value in siblings.values())

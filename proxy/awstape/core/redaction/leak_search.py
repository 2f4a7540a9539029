"""Leak search: looks for real values in a redacted cassette, before it is written.

1. Identifiers and secrets are searched for anywhere in a string, in every encoding. Where the redaction demands borders
   (an account id is no part of a longer number), so does the search. A secret is found in other forms as well, unless
   it is a public word (`core.redaction.private_values.known_secrets`), but not in the skeleton of an ARN.
2. Names are searched for as whole words of free text, by the same tokeniser that replaces them.
3. Whatever looks like an account id and is no alias is a leak, even if the recording never saw it.
4. A page token that is a whole string of the cassette is a name that stays there, not a leak.
5. What the search finds is replaced: only what then still stands is a leak that sets its take aside
   (`core.recording.set_aside`).
6. A leak names places and kinds; its value stays inside the program.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

from awstape.core.aws.member_paths import path_pattern
from awstape.core.aws.model import Models, Operation, Value
from awstape.core.cassette.cassette import Cassette, Take, Track
from awstape.core.redaction.documentation_names import is_searched_name
from awstape.core.redaction.members.member_kinds import is_free_text
from awstape.core.redaction.private_values.known_secrets import borders_of_secret, is_searched_secret, secret_forms
from awstape.core.redaction.project_rules import Rules
from awstape.core.redaction.redactor import Redactor
from awstape.core.redaction.string_redaction import fit_length
from awstape.core.redaction.string_walk import (
    ACCOUNT_CONTEXT,
    StringContext,
    StringEdit,
    edit_member_strings,
    edit_page_strings,
    edit_take_strings,
)
from awstape.core.redaction.text.identifier_search import find_account, redact_accounts
from awstape.core.redaction.text.identifiers import DOCUMENTATION_EMAIL, KINDS, TOKEN_ALIAS
from awstape.core.redaction.text.names_in_text import edit_possible_names
from awstape.core.redaction.value_kinds import PAGE_TOKEN, ValueKind
from awstape.core.text.encoded_text import decoded_variants, rewrite_everywhere
from awstape.core.text.lazy_pattern import lazy_pattern
from awstape.core.text.substrings import Substrings, rewrite_spans

_String = tuple[str, StringContext, bool]
"""A string or a map key, its context, and whether it is free text."""
#: The kinds of secrets, which stand in texts in other forms, too.
_SECRETS = frozenset({"password", "secret"})
_SKELETON = lazy_pattern(r"arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9*-]*:")
#: What a part of base64 is a part of.
_BEFORE, _BEHIND = lazy_pattern(r"[A-Za-z0-9+/_-]*\Z"), lazy_pattern(r"[A-Za-z0-9+/_-]*={0,2}")
#: The kind of a value whose kind has no row.
_NAME = ValueKind("name", borders=None)


@dataclass(frozen=True)
class Leak:
    """A real value that redaction left: its kind and where it is.

    take: counted from 1.
    page: counted from 1, 0 for the identity.
    member: its path without indices, such as `Roles[].Description`; `identity.…` in an identity, `after.identity.…` in
        the identity of the write before a take; empty for text that belongs to no member.
    value: never shown.
    rule: the project rule that would hide the value, or empty.
    is_whole: whether the value is the whole string.
    """

    track: Track = field(repr=False)
    take: int
    page: int
    member: str
    kind: str
    value: str = field(repr=False)
    rule: str = ""
    is_whole: bool = False

    def __str__(self) -> str:
        page = f"page {self.page}, " if self.page else ""
        track = f"{self.track.service} {self.track.operation}"
        return f"{self.kind} in {self.member or 'some member'} of {page}take {self.take} of {track}"


def find_leaks(models: Models, cassette: Cassette, search: RealValueSearch) -> Iterator[Leak]:
    """The places where the cassette has a real value, or an account id that is no alias."""
    leaks = list(_find_leaks(models, cassette, search))
    names = {leak.value for leak in leaks if leak.kind == PAGE_TOKEN and leak.is_whole}
    yield from _find_leaks(models, cassette, search.without(names)) if names else leaks


def _find_leaks(models: Models, cassette: Cassette, search: RealValueSearch) -> Iterator[Leak]:
    from awstape.core.cassette.yaml.writer import take_document  # not at the top: a replay needs no PyYAML

    for track, takes in cassette.tracks():
        operation = models.operation(track.service, track.operation)
        of_identity = _collect_strings(partial(edit_member_strings, track.identity, operation.input))
        of_track = [(track.account, ACCOUNT_CONTEXT, False)] if track.account else []
        for number, take in enumerate(takes, 1):
            found = [replace(leak, take=number) for leak in _leaks_in(track, 0, of_identity, search)]
            found += [replace(leak, take=number) for leak in _leaks_in(track, 0, of_track, search, "")]
            if take.after:
                write = models.operation(take.after.track.service, take.after.track.operation)
                of_write = _collect_strings(partial(edit_member_strings, take.after.track.identity, write.input))
                leaks = _leaks_in(track, 0, of_write, search, "after.identity.")
                found += [replace(leak, take=number) for leak in leaks]
            for page_number, page in enumerate(take.pages, 1):
                of_page = _collect_strings(partial(edit_page_strings, operation, page))
                found += [replace(leak, take=number) for leak in _leaks_in(track, page_number, of_page, search)]
            if not found and (account := search.find_any_account(take_document(take))):
                found.append(Leak(track, number, 0, "", "account", account))
            yield from found


def _leaks_in(
    track: Track,
    page: int,
    strings: Iterable[_String],
    search: RealValueSearch,
    prefix: str = "identity.",
) -> Iterator[Leak]:
    prefix = "" if page else prefix
    for text, context, is_free in strings:
        if found := search.find(text, is_free):
            kind, value = found
            yield Leak(
                track, 0, page, prefix + path_pattern(context.path), kind, value, suggest_rule(context), text == value
            )


def suggest_rule(context: StringContext) -> str:
    """The line of `[tool.awstape]` that masks a member, or an empty text if the model doesn't know the member."""
    names = context.place.names
    return f'mask-members = ["{".".join(names[-2:])}"]' if names and context.shape is not None else ""


def find_seen_values(models: Models, cassette: Cassette, redactor: Redactor) -> list[Leak]:
    """The places where the cassette still has a value that a redactor has seen."""
    return list(find_leaks(models, cassette, search_seen_values(redactor))) if cassette.takes else []


def replace_real_values(
    models: Models, takes: Iterable[Take], redactor: Redactor, search: RealValueSearch
) -> Iterator[Take]:
    """The takes with aliases in place of the real values that a search finds."""
    aliases = redactor.aliases

    def alias(kind: str, value: str) -> str:
        if kind == PAGE_TOKEN:
            return TOKEN_ALIAS
        known = aliases.by_value.get((kind, value)) or aliases.names.get(value)
        return known or aliases.secret("masked", value)

    def edit(text: str, context: StringContext) -> str:
        is_free = is_free_text(text, context)
        if search.find(text, is_free) is None:
            return redact_accounts(text, aliases)
        return fit_length(text, search.replace(text, is_free, alias), context, aliases)

    return edit_take_strings(models, takes, edit, edit)


def mask_identity(
    operation: Operation, identity: dict[str, Value], redactor: Redactor, search: RealValueSearch
) -> dict[str, Value]:
    """An identity with an alias for each text that has a real value in it."""

    def mask(text: str, context: StringContext) -> str:
        found = search.find(text, is_free_text(text, context))
        return redactor.aliases.secret("masked", text) if found else text

    return edit_member_strings(identity, operation.input, mask)


# --- strings --------------------------------------------------------------------------------------------------------


class _Found(NamedTuple):
    """What is found: a real value, or a form of it. is_part: as of a `SecretForm`."""

    kind: str
    value: str
    borders: frozenset[str]
    is_part: bool = False

    def stands_apart(self, text: str, begin: int, end: int) -> bool:
        """Whether what is found at a place of a text is no part of anything else there."""
        if set(text[max(begin - 1, 0) : begin] + text[end : end + 1]) & self.borders:
            return False
        return self.kind not in _SECRETS or not any(
            match.start() <= begin and end <= match.end() for match in _SKELETON.finditer(text)
        )


def _forms_of_secret(kind: str, secret: str) -> Iterator[tuple[str, _Found]]:
    if is_searched_secret(secret):
        borders = borders_of_secret(secret)
        for form in secret_forms(secret):
            yield form.text, _Found(kind, secret, borders, form.is_part)


class RealValueSearch:
    """Searches strings for real values: kind → values."""

    _SHORTEST = 6  # shorter identifiers are in other texts by chance

    def __init__(self, real: Mapping[str, Iterable[str]], rules: Rules) -> None:
        self.rules = rules
        self._real = {kind: set(values) for kind, values in real.items()}
        self._names: dict[str, tuple[str, str]] = {}  # folded name → kind, name
        self._searched: dict[tuple[str, bool], tuple[str, str] | None] = {}
        self._without_account: set[str] = set()
        identifiers: dict[str, _Found] = {}
        for name, values in self._real.items():
            kind = KINDS.get(name, _NAME)
            for value in values:
                if name == "e-mail" and DOCUMENTATION_EMAIL.fullmatch(value):
                    continue
                if name in _SECRETS:
                    identifiers.update(_forms_of_secret(name, value))
                elif kind.borders is not None:
                    if not (kind.may_be_kept and rules.keeps(value)) and len(value) >= self._SHORTEST:
                        identifiers[value] = _Found(name, value, kind.borders)
                elif kind.is_searched and is_searched_name(value):
                    self._names[value.casefold()] = name, value
        self._identifiers = Substrings(identifiers)

    @classmethod
    def of_values(cls, values: Iterable[tuple[str, str]], rules: Rules) -> RealValueSearch:
        """A search for (kind, value) pairs, except for values that the project keeps."""
        real = defaultdict[str, set[str]](set)
        for kind, value in values:
            real[kind].add(value)
        return cls(real, rules)

    def without(self, names: Set[str]) -> RealValueSearch:
        """The same search without page tokens that are names."""
        real = {kind: values - names if kind == PAGE_TOKEN else values for kind, values in self._real.items()}
        return RealValueSearch(real, self.rules)

    def find(self, text: str, is_free: bool) -> tuple[str, str] | None:
        """The kind of a real value that is in the text in some encoding, and the value; None if there is none."""
        if (text, is_free) not in self._searched:
            found = (found for variant in decoded_variants(text) if (found := self._find_identifier(variant)))
            self._searched[text, is_free] = next(found, None) or (self._find_name(text) if is_free else None)
        return self._searched[text, is_free]

    def replace(self, text: str, is_free: bool, alias: Callable[[str, str], str]) -> str:
        """The text with `alias` of their kind and value in place of the real values in it, in every encoding."""

        def replace_identifiers(plain: str) -> str:
            return rewrite_spans(plain, self._find_spans(plain), lambda _, found: alias(found.kind, found.value))

        def replace_name(word: str) -> str:
            name = self._names.get(word.casefold())
            return word if name is None or self.rules.keeps(word) else alias(name[0], word)

        text = rewrite_everywhere(text, replace_identifiers)
        return edit_possible_names(text, replace_name) if is_free else text

    def find_any_account(self, document: Value) -> str | None:
        """What looks like an account id in a text of the document and is no alias; None if nothing does."""
        texts: list[str] = []
        _collect_texts(document, texts)
        for text in texts:
            if text not in self._without_account:
                if account := find_account(text, self.rules):
                    return account
                self._without_account.add(text)
        return None

    def _find_identifier(self, text: str) -> tuple[str, str] | None:
        return next(((found.kind, found.value) for _, _, found in self._find_spans(text)), None)

    def _find_spans(self, text: str) -> Iterator[tuple[int, int, _Found]]:
        """The begin and the end of each real value in a text, of one in base64 with what is encoded around it."""
        done = 0
        apart = (match for match in self._identifiers.find(text) if match[2].stands_apart(text, *match[:2]))
        for begin, end, found in sorted(apart, key=lambda match: (match[0], -match[1])):
            if end <= done:
                continue
            if found.is_part:
                begin -= len(_BEFORE.search(text[done:begin])[0])  # type: ignore[index]  # it matches the empty text
                end = _BEHIND.match(text, end).end()  # type: ignore[union-attr]
            yield max(begin, done), end, found
            done = end

    def _find_name(self, text: str) -> tuple[str, str] | None:
        found: list[tuple[str, str]] = []

        def note(word: str) -> str:
            name = self._names.get(word.casefold())
            if name is not None and not self.rules.keeps(word):
                found.append(name)
            return word

        edit_possible_names(text, note)
        return found[0] if found else None


def search_seen_values(redactor: Redactor, known: Iterable[tuple[str, str]] = ()) -> RealValueSearch:
    """A search for the values that a redactor has seen, and for (kind, value) pairs known besides."""
    aliases = redactor.aliases
    names = set().union(*aliases.real_values.values())
    values = {(kind, value) for kind, values in aliases.real_values.items() for value in values}
    values |= {(PAGE_TOKEN, token) for token in redactor.page_tokens - names}
    values.update(known)
    # A kept name that looks random, or a part of one, is taken for a secret elsewhere.
    every = Substrings({value: value for _, value in values if value})
    in_kept = {value for kept in aliases.kept_values for _, _, value in every.find(kept)}
    return RealValueSearch.of_values(((kind, value) for kind, value in values if value not in in_kept), aliases.rules)


def _collect_texts(value: Value, texts: list[str]) -> None:
    """Adds every text, number and key in a value, as the text of a cassette has it."""
    if isinstance(value, str):
        texts.append(value)
    elif isinstance(value, dict):
        texts += value
        for each in value.values():
            _collect_texts(each, texts)
    elif isinstance(value, list):
        for each in value:
            _collect_texts(each, texts)
    else:
        texts.append(base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else str(value))


def _collect_strings(walk: Callable[[StringEdit], object]) -> list[_String]:
    """The strings and map keys that a walk visits."""
    found: list[_String] = []

    def note(text: str, context: StringContext) -> str:
        found.append((text, context, is_free_text(text, context)))
        return text

    walk(note)
    return found

"""Names in free text: words of descriptions, tags and messages that other traffic, or the request, identifies as names.

1. A name is a word, or a part of one between dots, dashes and other joints: alice in `alice-laptop`. In other case
   (`ALICE`) it is a name, too, as it is to IAM, with an alias of its own.
2. Names with characters that no word has (blanks, slashes), and secrets, are searched for as phrases.
3. A name that contains an identifier or looks like a secret was replaced in part before; that form is known as well.
4. ARNs, policy variables, condition keys, regions, service principals and the service of an action (`lambda:`) are no
   names. Nor is the vocabulary of policies in JSON, or the header of a credential report.
5. A name that only an older cassette has is recognised by its alias, which is computed from the name.
6. A number of thirteen digits with a known account id in it, or of eleven that is one without its zero, holds an alias
   instead.
7. A password is no name, nor is a part of it: the search before a write replaces it as a whole.
8. A live request has no other traffic. A live text is a recorded one if each alias in the recorded text stands for what
   the live text has in its place (`has_become`): a name of any kind, or what the search before a write replaced.
9. The project's `mask` patterns are searched for in the same texts; each word that a match touches is hidden.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from itertools import islice

from awstape.core.redaction.alias_grammar import edit_outside_aliases, is_alias, is_name_alias, split_at_aliases
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.documentation_names import SHORTEST_SEARCHED_NAME, is_searched_name
from awstape.core.redaction.policies.grammar import edit_user_texts
from awstape.core.redaction.private_values.known_secrets import is_searched_secret
from awstape.core.redaction.text.addresses import redact_address
from awstape.core.redaction.text.arn import ARN, is_service_principal
from awstape.core.redaction.text.free_text import REPORT_HEADER, redact_text
from awstape.core.redaction.text.identifiers import redact_whole_identifier
from awstape.core.text.encoded_text import (
    Rewrite,
    rewrite_between,
    rewrite_encoded_runs,
    rewrite_outside_encoded_runs,
)
from awstape.core.text.lazy_pattern import lazy_pattern
from awstape.core.text.substrings import Substrings, rewrite_spans

_CHARACTERS = "A-Za-z0-9À-ɏ_+=,.@-"
#: A word, or (`other`) a policy variable, condition key, region or the service of an action.
_TOKEN = lazy_pattern(
    r"(?P<other>\$\{[^{}]*\}|\baws:[A-Za-z][\w/]*|\b[a-z]{2}(?:-[a-z]+){1,2}-\d[a-z]?\b|\b[a-z][a-z0-9-]{0,40}:(?=[A-Z*]))"
    rf"|[{_CHARACTERS}]+"
)
_SINGLE_WORD = lazy_pattern(rf"[{_CHARACTERS}]+")
_JOINT = lazy_pattern(r"([,=@._+-])")
#: A number that may hold an account id.
_LONG_NUMBER = lazy_pattern(r"(?<!\d)(?:\d{11}|\d{13})(?!\d)", re.ASCII)
_MOST_REMEMBERED = 1000
_SHORTEST_PHRASE = 6
#: The most parts and joints of a name within a word.
_MOST_PARTS = 25
#: The most characters that an alias stands for in a live text, and how many ends of them are tried.
_LONGEST_REAL, _MOST_ENDS = 500, 50
_MASKED_WORD = lazy_pattern(r"[\w-]+")


class KnownNames:
    """Names to search for: real name → alias.

    aliases: also makes aliases of the same names in other case. known: aliases of names that are recognised by these
    alone.
    """

    def __init__(
        self,
        names: Mapping[str, str],
        shortest: int = SHORTEST_SEARCHED_NAME,
        aliases: Aliases | None = None,
        known: Set[str] = frozenset(),
    ) -> None:
        self._aliases, self._known = aliases, known
        self._replaced: dict[str, str] = {}
        self._names = {name: alias for name, alias in names.items() if len(name) >= shortest}
        self._folded: set[str] = set()
        phrases = []
        for name, alias in self._names.items():
            if not _SINGLE_WORD.fullmatch(name) and (shortest == 1 or len(name) >= _SHORTEST_PHRASE):
                phrases.append(name)
            if is_name_alias(alias):
                self._folded.add(name.casefold())
        self._phrases = Substrings({_fold(phrase): None for phrase in phrases}) if phrases else None
        self._kept: Set[str] = aliases.kept_values if aliases else frozenset()
        passwords = aliases.real_values.get("password", ()) if aliases else ()
        long = {value: None for value in passwords if len(value) >= _SHORTEST_PHRASE and is_searched_secret(value)}
        self._passwords = Substrings(long) if long else None
        self._accounts: Set[str] = aliases.real_values.get("account", frozenset()) if aliases else frozenset()

    @classmethod
    def from_aliases(cls, aliases: Aliases, known: Set[str] = frozenset()) -> KnownNames:
        """All names that were aliased, and their forms in which identifiers are replaced."""
        fresh = aliases.without_history()
        redacted = {redact_text(name, fresh): alias for name, alias in aliases.names.items()}
        kept = {redact_text(name, fresh): name for name in aliases.kept_values}
        looks_secret = {text: name for text, name in kept.items() if is_alias(text)}
        secrets = {value: aliases.by_value["secret", value] for value in aliases.real_values.get("secret", ())}
        # A name that is an address of documentation, which stays in text unless it is a name.
        emails = {value: aliases.by_value["e-mail", value] for value in aliases.real_values.get("e-mail", ())}
        return cls({**looks_secret, **secrets, **emails, **redacted, **aliases.names}, aliases=aliases, known=known)

    def replace_in(self, text: str) -> str:
        """The text with an alias for every name in it."""
        if text not in self._replaced:
            if len(self._replaced) >= _MOST_REMEMBERED:
                self._replaced.clear()
            self._replaced[text] = edit_plain_text(text, self._replace_in_plain_text)
        return self._replaced[text]

    def _replace_in_plain_text(self, text: str) -> str:
        if not self._passwords:
            return self._replace_outside_passwords(text)
        passwords = self._passwords.find_apart(text)
        return rewrite_spans(text, passwords, lambda password, _: password, self._replace_outside_passwords)

    def _replace_outside_passwords(self, text: str) -> str:
        if phrases := self._phrases:
            text = edit_outside_aliases(text, lambda piece: self._replace_phrases(piece, phrases))
        if self._accounts:
            text = _LONG_NUMBER.sub(lambda match: self._replace_account(match[0]), text)
        return _edit_words(text, self._replace_name, self._kept)

    def _replace_account(self, number: str) -> str:
        windows = [(f"0{number}", 0)] if len(number) == 11 else [(number[:-1], 0), (number[1:], 1)]
        for account, at in windows:
            if self._aliases is not None and account in self._accounts:
                return number[:at] + self._aliases.account(account) + number[at + 12 :]
        return number

    def _replace_phrases(self, text: str, phrases: Substrings[None]) -> str:
        return rewrite_spans(text, phrases.find_apart(_fold(text)), lambda name, _: self._replace_name(name))

    def _replace_name(self, word: str) -> str:
        if word in self._names:
            return self._names[word]
        if self._aliases is None or is_alias(word):
            return word
        if word.casefold() in self._folded:
            # The same name to IAM, but another string: it gets its own alias.
            return self._aliases.name("name", word)
        if self._known and is_searched_name(word) and (alias := self._aliases.spell_name(word)) in self._known:
            return alias
        return word


def _fold(text: str) -> str:
    """The text in lower case, character by character."""
    folded = text.lower()
    return folded if len(folded) == len(text) else "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def edit_possible_names(text: str, edit: Rewrite) -> str:
    """Applies `edit` to each word of a text that could be a name."""
    return edit_plain_text(text, lambda plain: _edit_words(plain, edit))


def find_aliased_names(text: str) -> set[str]:
    """The aliases in a text that stand where names are searched for."""
    found: set[str] = set()

    def note(word: str) -> str:
        if not is_alias(word) or word.isdigit() or not word[-1].isalnum():
            return word
        found.add(word)
        return ""

    edit_possible_names(text, note)
    return found


def edit_plain_text(text: str, edit: Rewrite) -> str:
    """Applies `edit` to the plain parts of a text: literals of JSON, decoded runs, and the rest outside ARNs.

    The vocabulary of policies and the keys of JSON are no plain text.
    """
    document = edit_user_texts(text, lambda literal: edit_plain_text(literal, edit))
    if document is not None:
        return document
    if text.startswith(REPORT_HEADER):
        header, end, rows = text.partition("\n")
        return header + end + edit_plain_text(rows, edit)
    text = rewrite_encoded_runs(text, lambda inner: edit_plain_text(inner, edit))
    return rewrite_outside_encoded_runs(text, lambda piece: rewrite_between(ARN.finditer(piece), piece, edit))


def _edit_words(text: str, edit: Rewrite, kept: Set[str] = frozenset()) -> str:
    return _TOKEN.sub(lambda match: match[0] if match["other"] else _edit_word(match[0], edit, kept), text)


def _edit_word(word: str, edit: Rewrite, kept: Set[str]) -> str:
    """A word with `edit` applied to the parts between its joints: the longest that `edit` changes, from the left.

    kept: names that stay as a whole, whatever their parts are.
    """
    if is_service_principal(word.strip(".,-")):
        return word
    parts = _JOINT.split(word)
    out, start = [], 0
    while start < len(parts):
        for end in range(min(len(parts), start + _MOST_PARTS), start, -1):
            candidate = "".join(parts[start:end])
            edited = edit(candidate) if candidate else ""
            # The parts of an alias are no names.
            is_whole = candidate in kept or (is_alias(candidate) and candidate[-1].isalnum())
            if edited != candidate or end == start + 1 or is_whole:
                out.append(edited)
                start = end
                break
    return "".join(out)


# --- live texts -------------------------------------------------------------------------------------------------


def has_become(text: str, redacted: str, aliases: Aliases) -> bool:
    """Whether a text was redacted to this: each alias stands for what the text has in its place."""
    first, *others = split_at_aliases(redacted)
    if not others or not text.startswith(first) or not text.endswith(others[-1]):
        return False
    at = len(first)
    for i in range(0, len(others), 2):
        alias, literal = others[i], others[i + 1]
        is_last = i == len(others) - 2
        ends = iter((len(text) - len(literal),)) if is_last else islice(_find_all(literal, text, at + 1), _MOST_ENDS)
        end = next((end for end in ends if at < end <= at + _LONGEST_REAL and _is_of(alias, text[at:end], aliases)), 0)
        if not end:
            return False
        at = end + len(literal)
    return at == len(text)


def _find_all(part: str, text: str, start: int) -> Iterator[int]:
    while (start := text.find(part, start)) >= 0:
        yield start
        start += 1


def _is_of(alias: str, value: str, aliases: Aliases) -> bool:
    return value == alias or alias in _spell_all(value, aliases.without_history())


def _spell_all(value: str, aliases: Aliases) -> Iterator[str]:
    """The aliases that a value may have."""
    yield aliases.spell_name(value)
    yield aliases.secret("any", value)
    yield from (spell(value) for spell in (aliases.password, aliases.email))
    if value.startswith(("r-", "p-")):  # too short to be recognised everywhere
        yield aliases.organization_id(value)
    yield redact_whole_identifier(value, aliases) or ""
    yield redact_address(value, aliases) or ""
    if value.isdigit():
        yield aliases.account(value.zfill(12))


# --- masks ------------------------------------------------------------------------------------------------------


def redact_masked(text: str, aliases: Aliases) -> str:
    """A redacted text with an alias for each word that one of the project's `mask` patterns touches."""
    if not aliases.rules.mask or aliases.is_alias(text):
        return text
    return edit_plain_text(
        text, lambda plain: aliases.edit_outside_aliases(plain, lambda piece: _mask_words(piece, aliases))
    )


def _mask_words(text: str, aliases: Aliases) -> str:
    spans = [match.span() for pattern in aliases.rules.mask for match in pattern.finditer(text)]

    def mask(word: re.Match[str]) -> str:
        return aliases.secret("masked", word[0]) if _overlaps(word.span(), spans) else word[0]

    return _MASKED_WORD.sub(mask, text) if spans else text


def _overlaps(word: tuple[int, int], spans: list[tuple[int, int]]) -> bool:
    return any(start < word[1] and word[0] < end for start, end in spans)

"""Redaction of JSON documents: policies by the places of their grammar, everything else literal by literal.

1. Public by place: Version, Effect, actions, operators, condition keys, service principals, and booleans, numbers and
   dates where they are compared. Only identifiers in them become aliases. A text without the
   form of its place is redacted as the value of its key, or as free text.
2. A Sid or an Id that consists of words with few numbers between them, such as `VisualEditor0` or `AllowS3ForEC2`,
   stays: it is its author's text. Identifiers in it become aliases here, names that are known from the same recording
   in the end (`core.redaction.text.names_in_text`). Any other is free text; UUIDs stay. What holds no word in sixteen
   characters or more is a secret.
3. Principals go by their type: accounts, ARNs and unique ids, providers, canonical ids. What stands in the place of a
   service and is in no domain of AWS is a name.
4. Resources go by the grammar of ARNs, values of conditions by their key. Where it says nothing they are free text.
5. A text that recurs in a place is redacted once: most texts of policies are vocabulary.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.policies.condition_keys import redact_condition_key, redact_word
from awstape.core.redaction.policies.condition_values import redact_address_value, redact_condition_value
from awstape.core.redaction.policies.grammar import (
    ACTION,
    ADDRESS,
    CONDITION,
    CONDITION_KEY,
    LABEL,
    MEMBER,
    OPERAND,
    PRINCIPAL,
    WORD,
    LiteralPlace,
    Texts,
    edit_document,
)
from awstape.core.redaction.text.arn import redact_literal_parts, redact_name
from awstape.core.redaction.text.identifier_search import redact_whole_arn
from awstape.core.redaction.text.identifiers import SHORTEST_SECRET
from awstape.core.text.lazy_pattern import lazy_pattern

#: A text's redaction as free text, or as the value of the member with that name.
RedactMember = Callable[[str, str], str]
#: Domains of service principals.
SERVICE = lazy_pattern(
    r"[\w.*-]*\.(?:amazonaws\.(?:com(?:\.cn)?|eu)|(?:aws\.)?amazon\.com|aws\.internal|s?c2s\.\w+\.gov)|\*"
)
#: Element of public vocabulary → the form of its texts. With few numbers: a name of AWS or of an author is no digest.
_FORMS: Mapping[str, re.Pattern[str]] = {
    element: lazy_pattern(form, re.ASCII | re.IGNORECASE | re.DOTALL)
    for element, form in {
        WORD.element: r"[a-z:]{1,64}|\d{4}-\d\d-\d\d",
        LABEL.element: r"(?!(?:\D*\d+){3}|.*--)[\w -]{1,512}",
        ACTION.element: r"(?:[\w-]{1,63}|[\w*?-]*[*?]):(?!(?:\D*\d){5})[\w*?]{1,128}|[*?]+",
        CONDITION_KEY.element: r"[\w-]{1,63}:[^:].*|(?:[\w-]+\.)+[a-z]{2,}\S*:\w+",
        OPERAND: r"true|false|-?[\d.]+|\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-][\d:]+)?)?",
    }.items()
}
_LABEL = _FORMS[LABEL.element]
#: A text that holds no word, such as a token or its digest. UUIDs and numbers do not count.
_DIGEST = lazy_pattern(
    r"(?!\d+\Z)(?:[0-9a-fA-F]{16,}|(?!.*[A-Za-z][a-z]{3})(?!.*[A-Z]{4})(?!.*-.*-)[\w+/=-]{16,})", re.ASCII | re.DOTALL
)
#: Most words: they need no search.
_PLAIN_ACTION = lazy_pattern(r"(?!o-|ou-)[a-z]+[0-9]{0,2}(?:-[a-z]+)*:[A-Z][a-z]+[A-Za-z]*\*?")
#: Three letters or more that can be of a word: with a vowel, and none beside another that no word has there. In 2,746
#: Sids of AWS-managed policies these are a third or more of the letters, in 1 of 500 random texts of 32 characters.
_WORDS = lazy_pattern(
    r"(?<![a-z])(?=[a-z]*[aeiou])"
    r"(?![a-z]*(?:[b-df-hj-np-tv-xz]{5}|[jqvz][b-df-hj-np-tv-xz]|[b-df-hj-np-tv-xz][jqxz]|[aeiou]{4}))[a-z]{3,}"
)
_LEAST_SHARE_OF_WORDS = 0.3
_MOST_REMEMBERED = 30_000  # in each place; AWS has 20,000 actions


def redact_document(text: str, aliases: Aliases, redact_member: RedactMember) -> str | None:
    """The JSON text with aliases; None for a text that is no JSON object or array.

    redact_member: redacts what is no element of a policy, by its member, and free text, whose member is empty.
    """

    if aliases.document_edits is None:
        aliases.document_edits = _DocumentEdits(aliases, redact_member)
    return edit_document(text, aliases.document_edits)


class _DocumentEdits(dict[tuple[str, str], dict[str, str]]):
    """The redactions of texts by their place. redact_member: does not change."""

    def __init__(self, aliases: Aliases, redact_member: RedactMember) -> None:
        self._aliases, self._redact_member = aliases, redact_member

    def __missing__(self, place: tuple[str, str]) -> dict[str, str]:
        aliases, redact_member, literal_place = self._aliases, self._redact_member, LiteralPlace(*place)
        edits = Texts(lambda text: redact_literal(literal_place, text, aliases, redact_member), _MOST_REMEMBERED)
        self[place] = edits
        return edits


def redact_literal(place: LiteralPlace, text: str, aliases: Aliases, redact_member: RedactMember) -> str:
    """A literal of a document, redacted by its place."""
    if not text or (place == ACTION and _PLAIN_ACTION.fullmatch(text)):
        return text
    form = _FORMS.get(place.element)
    if form and form.fullmatch(text) and (place != LABEL or _has_words(text)):
        return redact_condition_key(text, aliases) if place == CONDITION_KEY else redact_word(text, aliases)
    if place.element == MEMBER:
        return redact_member(place.key, text)
    redacted: str | None = None
    if place == ADDRESS:
        redacted = redact_address_value(text, aliases)
    elif place.element in (CONDITION, OPERAND):
        redacted = redact_condition_value(place.key, text, aliases)
    elif place.element == PRINCIPAL:
        redacted = _redact_principal(place.key, text, aliases)
    if redacted is None:
        redacted = redact_whole_arn(text, aliases)
    redacted = redact_member("", text) if redacted is None else redacted
    # A label of its form that comes here has no words.
    is_secret = (place.element != CONDITION and _DIGEST.fullmatch(text)) or (place == LABEL and _LABEL.fullmatch(text))
    if redacted == text and is_secret and not aliases.contains_alias(text):
        return aliases.secret("secret", text)
    return redacted


def _has_words(label: str) -> bool:
    """Whether a label is too short for a secret, or has words in it."""
    if len(label) < SHORTEST_SECRET or label.isupper():
        return True
    return sum(map(len, _WORDS.findall(label))) >= _LEAST_SHARE_OF_WORDS * len(label)


def _redact_principal(kind: str, text: str, aliases: Aliases) -> str | None:
    if kind == "service":
        if SERVICE.fullmatch(text):
            return redact_word(text, aliases)
        return redact_literal_parts(text, lambda piece: redact_name("principal", piece, aliases))
    return redact_condition_value(kind, text, aliases) if kind == "federated" else None

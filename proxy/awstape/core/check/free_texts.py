"""Finds the texts of a cassette that stay readable: what a reviewer reads before it is committed.

1. A text is listed if something is left of it besides aliases, ARNs and punctuation: words, numbers and dates, since a
   tag may be a birthday.
2. Public vocabulary is not listed: enums, times of the model, service principals, awstape's own page tokens, keywords
   and actions of policies. Truth values and UUIDs are listed in tags, maps and documents only; services make them, too.
3. Of a JSON document, its texts, numbers and keys are listed one by one; of a policy what a customer chose: the ids of
   statements, values of conditions, and keys and values of tags in these.
4. A name, path or id that is no alias is AWS's own, or kept (`core.check.value_search`), and not listed here. So is a
   word of a service that is redacted by default-deny. But numbers and dates stay in every place, and are listed.
5. The keys of tags and maps, and the names of filters, are listed: they stay, and a customer chose those of tags.
6. A place is an operation and a member, without the indices of lists and the keys of maps. The identity of the write
   before a take is one place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from awstape.core.aws.model import Models
from awstape.core.cassette.yaml.documents import Document
from awstape.core.cassette.yaml.validation import find_operation
from awstape.core.check.document_strings import edit_document_strings, place_of
from awstape.core.redaction.alias_grammar import replace_aliases
from awstape.core.redaction.members.member_kinds import is_denied, is_free_text_member, is_key, is_public
from awstape.core.redaction.policies.grammar import (
    ACTION,
    CONDITION_KEY,
    OPERAND,
    PRINCIPAL,
    WORD,
    Texts,
    edit_document,
)
from awstape.core.redaction.services.treatments import find_treatment
from awstape.core.redaction.string_walk import StringContext
from awstape.core.redaction.text.arn import ARN, is_service_principal
from awstape.core.redaction.text.identifiers import OWN_PAGE_TOKEN, UUID

#: What services make, too.
_COMMON = re.compile(rf"true|false|{UUID}", re.ASCII)
#: A number or a date; an instant is a service's.
_NUMBER = re.compile(r"(?!\d{4}-\d\d-\d\dT)(?=.*\d)[-+\d.,:/\s]{1,40}", re.ASCII)
#: A condition key with the key of a tag.
_OF_TAG = re.compile(r"[A-Za-z0-9-]+:\w*Tag/.+", re.DOTALL)
#: Elements of a policy in which words are public, whatever their key.
_VOCABULARY = frozenset({WORD.element, ACTION.element})
#: Member of a catch-all shape → the words in it, or in the keys and values of its map, that are public.
_WORDS = {
    "members": re.compile(r"Type|Code|code|__type|Sender|Receiver"),
    "principal": re.compile(r"AWS|CanonicalUser|Federated|Service"),
    "condition": re.compile(r"[a-z][a-z0-9-]+:[A-Za-z]+"),
    "serviceNamespace": re.compile(r"[a-z0-9-]+"),
}
_CONTENT = re.compile(r"[^\W_]")
#: Keys of a document that hold data; the format's own words are in the others.
_WITH_DATA = frozenset({"identity", "pages"})
_OF_WRITE = ("after", "identity")


@dataclass(frozen=True, order=True)
class FreeText:
    """A text that stays readable. place: `iam ListRoles Roles[].Description`. line: where it begins, from 1."""

    place: str
    text: str
    line: int


def find_free_texts(document: Document, models: Models) -> Iterator[FreeText]:
    """The texts of a document that stay readable, each time they occur."""
    operation = find_operation(document.value, models)
    if operation is None:
        return
    found: list[FreeText] = []

    def note(text: str, context: StringContext) -> str:
        member = _find_member(text, context)
        if member and (parts := _find_content(text, is_of_customer=_is_of_customer(context))):
            line = document.line(context.path)
            found.extend(FreeText(f"{operation.service.name} {operation.name} {member}", part, line) for part in parts)
        return text

    edit_document_strings(document.value, operation, note)
    yield from found


def _find_member(text: str, context: StringContext) -> str:
    """The member that a text is in, if it may be a free text; else empty."""
    path = context.path
    if path[:2] == _OF_WRITE:
        is_name = isinstance(path[-1], str) and path[-1] == text
        return "" if is_name or len(path) == len(_OF_WRITE) else ".".join(map(str, _OF_WRITE))
    is_data = path[:1] and path[0] in _WITH_DATA
    return place_of(context) if is_data and not _is_vocabulary(text, context) else ""


def _is_vocabulary(text: str, context: StringContext) -> bool:
    shape = context.shape
    if is_public(text, context) or (shape and shape.type == "timestamp"):
        return True
    if OWN_PAGE_TOKEN.fullmatch(text) and not _is_of_customer(context):
        return True
    if (words := _WORDS.get(context.member)) and words.fullmatch(text):
        return True
    if is_free_text_member(text, context) or is_key(context):
        return False
    if is_denied(context.place) and find_treatment(context.place) == "key":
        return False
    # A name, or a word of the service.
    return not (_NUMBER.fullmatch(text) or (_is_of_customer(context) and _COMMON.fullmatch(text)))


def _is_of_customer(context: StringContext) -> bool:
    """Whether a customer wrote what is in a place: the value of a tag or of a map."""
    return bool(context.key) or context.place.step == "*"


@lru_cache(2**12)  # most texts recur
def _find_content(text: str, *, is_of_customer: bool) -> tuple[str, ...]:
    """The texts of a JSON document, or the text itself, if something is left of them that could be a customer's."""
    parts: list[str] = []

    def add(part: str, *, is_of_customer: bool = True) -> str:
        if _has_content(part, is_of_customer=is_of_customer):
            parts.append(part)
        return part

    if edit_document(text, _ReadableTexts(add)) is None:
        add(text, is_of_customer=is_of_customer)
    return tuple(parts)


class _ReadableTexts(dict[tuple[str, str], dict[str, str]]):
    """The literals of a document by their place: calls `add` for those that a customer chose."""

    def __init__(self, add: Callable[[str], str]) -> None:
        self._add = add

    def __missing__(self, place: tuple[str, str]) -> dict[str, str]:
        element, key = place
        if element in _VOCABULARY or place == (PRINCIPAL, "service"):
            return Texts(str)
        if element == CONDITION_KEY.element or (element == OPERAND and not _OF_TAG.fullmatch(key)):
            return Texts(lambda text: self._add(text) if _OF_TAG.fullmatch(text) else text)
        return Texts(self._add)


def _has_content(text: str, *, is_of_customer: bool) -> bool:
    """Whether something is left of a text that could be a customer's."""
    if is_service_principal(text) or (not is_of_customer and _COMMON.fullmatch(text)):
        return False
    return _CONTENT.search(replace_aliases(ARN.sub(" ", text), lambda _: " ")) is not None

"""Finds the texts of a cassette that stay readable: what a reviewer reads before it is committed.

1. A text is listed if something is left of it besides aliases, ARNs, numbers and punctuation.
2. Public vocabulary is not listed: enums, times, booleans, service principals, UUIDs that a service made, awstape's own
   page tokens, the keywords and actions of policies. Of a JSON document, its texts are listed one by one.
3. A name, path or id that is no alias is AWS's own, and not listed, unless a rule of the project keeps it.
4. The keys of tags and maps are listed: they stay, and a customer chose those of tags.
5. A place is an operation and a member, without the indices of lists and the keys of maps.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from awstape.core.aws.member_paths import path_pattern
from awstape.core.aws.model import Models
from awstape.core.cassette.yaml.documents import Document
from awstape.core.cassette.yaml.validation import find_operation
from awstape.core.check.document_strings import edit_document_strings
from awstape.core.redaction.alias_grammar import replace_aliases
from awstape.core.redaction.aliases import Aliases, Key
from awstape.core.redaction.member_kinds import is_free_text_member, is_key, is_public
from awstape.core.redaction.policies.grammar import edit_user_texts
from awstape.core.redaction.project_rules import NO_RULES, Rules
from awstape.core.redaction.string_redaction import OWN_PAGE_TOKEN, redact_string
from awstape.core.redaction.string_walk import StringContext
from awstape.core.redaction.text.arn import ARN, is_service_principal
from awstape.core.redaction.text.identifiers import UUID

_DISCARDED_KEY = Key(b"thrown away")
_HARMLESS = re.compile(rf"true|false|[-+\d.,:\s]{{1,11}}|{UUID}", re.ASCII)
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
_BEFORE_MEMBER = re.compile(r"^pages\[\]\.(?:output\.)?")


@dataclass(frozen=True, order=True)
class FreeText:
    """A text that stays readable. place: `iam ListRoles Roles[].Description`. line: where it begins, from 1."""

    place: str
    text: str
    line: int


def find_free_texts(document: Document, models: Models, rules: Rules = NO_RULES) -> Iterator[FreeText]:
    """The texts of a document that stay readable, each time they occur."""
    operation = find_operation(document.value, models)
    if operation is None:
        return
    found: list[FreeText] = []

    def note(text: str, context: StringContext) -> str:
        is_data = context.path[:1] and context.path[0] in _WITH_DATA
        if is_data and not _is_vocabulary(text, context, rules) and (parts := _find_content(text)):
            line = document.line(context.path)
            member = _BEFORE_MEMBER.sub("", path_pattern(context.path))
            place = f"{operation.service.name} {operation.name} {member}"
            found.extend(FreeText(place, part, line) for part in parts)
        return text

    edit_document_strings(document.value, operation, note)
    yield from found


def _is_vocabulary(text: str, context: StringContext, rules: Rules) -> bool:
    shape = context.shape
    if is_public(text, context) or OWN_PAGE_TOKEN.fullmatch(text) or (shape and shape.type == "timestamp"):
        return True
    if (words := _WORDS.get(context.member)) and words.fullmatch(text):
        return True
    if not is_free_text_member(text, context) and not is_key(context):  # a name
        return rules == NO_RULES or redact_string(text, context, Aliases(_DISCARDED_KEY)) == text
    return False


@lru_cache(2**12)  # most texts recur
def _find_content(text: str) -> tuple[str, ...]:
    """The texts of a JSON document, or the text itself, if something is left of them that could be a customer's."""
    parts: list[str] = []

    def add(part: str) -> str:
        if _has_content(part):
            parts.append(part)
        return part

    if edit_user_texts(text, add) is None:
        add(text)
    return tuple(parts)


def _has_content(text: str) -> bool:
    """Whether something is left of a text that could be a customer's."""
    if _HARMLESS.fullmatch(text) or is_service_principal(text):
        return False
    return _CONTENT.search(replace_aliases(ARN.sub(" ", text), lambda _: " ")) is not None

"""Texts with marks for what is private in them, and what redaction did to each of their words.

1. A mark surrounds what is private: a customer's name in an ARN. All other text is public.
2. A text that is a JSON document is compared literal by literal, any other one as a whole: these are the words.
3. The public parts of a word must come out to the letter, with something else in the place of each private part.
4. A private part stayed if it stands in its place, or, where the public parts changed, anywhere as a word.
5. In a document, the names of policy elements and all that is no literal belong to the formatting, one word of its own.
6. The values of `positions.FILLER`, which stand where a request needs some value, are no words.
7. Map keys are words if they are marked with `public` or `private`; other keys are names of members.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from support.positions import FILLER

_BEGIN, _END, _PUBLIC = "\ue000", "\ue001", "\ue002"
_MARK = re.compile(f"[{_BEGIN}{_END}{_PUBLIC}]")
_PRIVATE = re.compile(f"{_BEGIN}([^{_END}]*){_END}")
_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
_DOCUMENT = re.compile(r"\s*[\[{][\s\S]*[\]}]\s*")
#: Words of the grammar of policies.
_GRAMMAR = frozenset(
    """
    * Version Id Statement Sid Effect Allow Deny Principal NotPrincipal Action NotAction Resource NotResource Condition
    2008-10-17 2012-10-17 AWS Service Federated CanonicalUser
    """.split()
)
FORMATTING = "formatting"


@dataclass(frozen=True)
class Outcome:
    """What became of a word: whether its public parts changed, and which of its private parts stayed.

    redacted: the word as it came out; None if nothing is in its place, since its take was set aside or its document
    replaced.
    """

    word: str
    redacted: str | None
    has_public: bool
    is_changed: bool
    private: tuple[str, ...]
    stayed: tuple[str, ...]


def private(text: str) -> str:
    """Returns the text, marked as private."""
    return f"{_BEGIN}{text}{_END}"


def public(key: str) -> str:
    """Returns a map's key, marked as a word."""
    return f"{_PUBLIC}{key}"


def plain(value: Any) -> Any:
    """Returns a value without the marks in it."""
    if isinstance(value, str):
        return _MARK.sub("", value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    return {plain(key): plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def compare(planted: Any, redacted: Any) -> Iterator[Outcome]:
    """Yields the outcome of each word of a planted value. redacted: what stands in its place now; None for nothing."""
    if isinstance(planted, str) and planted in FILLER:
        return
    if isinstance(planted, str):
        document = _DOCUMENT.fullmatch(planted) is not None
        text = redacted if isinstance(redacted, str) else None
        yield from _compare_documents(planted, text) if document else [_compare_words(planted, text)]
    elif isinstance(planted, list):
        items = redacted if isinstance(redacted, list) and len(redacted) == len(planted) else []
        for item, other in zip_longest(planted, items):
            yield from compare(item, other)
    elif isinstance(planted, dict):
        yield from _compare_maps(planted, redacted if isinstance(redacted, dict) else {})


def _compare_maps(planted: Mapping[str, Any], redacted: Mapping[str, Any]) -> Iterator[Outcome]:
    kept = {plain(key) for key in planted}
    changed = iter([key for key in redacted if key not in kept])
    for key, value in planted.items():
        found = plain(key) if plain(key) in redacted else next(changed, None)
        if _MARK.search(key):
            yield _compare_words(key, found)
        yield from compare(value, None if found is None else redacted[found])


def _compare_documents(planted: str, redacted: str | None) -> Iterator[Outcome]:
    words, others = _words(planted), _words(redacted or "")
    is_same_shape = len(words) == len(others)
    for word, other in zip_longest(words, others) if is_same_shape else ((word, None) for word in words):
        yield _compare_words(word, other)
    is_formatted = is_same_shape and redacted is not None and _frame(planted) == _frame(redacted)
    yield Outcome(FORMATTING, None, True, not is_formatted, (), ())


def _words(document: str) -> list[str]:
    return [word for word in _LITERAL.findall(document) if word not in _GRAMMAR]


def _frame(document: str) -> str:
    return _LITERAL.sub(lambda match: match[0] if match[1] in _GRAMMAR else '""', document)


def _compare_words(word: str, redacted: str | None) -> Outcome:
    text, parts = plain(word), _PRIVATE.split(word.replace(_PUBLIC, ""))
    publics, privates = parts[::2], tuple(parts[1::2])
    has_public = any(c.isalnum() or c == "*" for part in publics for c in part)
    if redacted is None:
        return Outcome(text, None, has_public, has_public, privates, ())
    match = re.fullmatch("(.+?)".join(map(re.escape, publics)), redacted, re.DOTALL)
    if match:
        stayed = [part for part, other in zip(privates, match.groups(), strict=True) if part == other]
    else:
        rest = "\n".join(publics)
        stayed = [part for part in privates if _count(part, redacted) > _count(part, rest)]
    return Outcome(text, redacted, has_public, has_public and not match, privates, tuple(stayed))


def _count(part: str, text: str) -> int:
    return len(re.findall(rf"(?<![\w-]){re.escape(part)}(?![\w-])", text))

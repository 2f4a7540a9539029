"""Splits the resource of an ARN into what stays and what a customer named, by the forms in `resource_forms`.

1. A word is a type by its position only: the role `role`, the bucket `app` and the load balancer `net` are names.
2. A form that spells the whole resource goes before one that takes a name for a type.
3. A resource may end after any name of its form (`function:NAME` of `function:NAME:QUALIFIER`), and a wildcard or a
   policy variable stands for any segment.
4. Where no form fits, a first word in lower case before a separator is a type, a word that is a type in any form is one
   between a name and a separator, and everything else is a name, or a version behind a name. More segments than
   `_MOST_SEGMENTS` are one text behind their type.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import translate
from functools import cache
from typing import NamedTuple

from awstape.core.redaction.text.resource_forms import FORMS, MORE_TYPES
from awstape.core.text.lazy_pattern import lazy_pattern

_TYPE = lazy_pattern(r"[a-z]+(?:-[a-z]+)*(?:-?v\d)?")
_WILD = lazy_pattern(r"\$\{[^{}]*\}|[*?]+")
#: Segments that no form has, in one resource: aliases of more would be longer than ARNs are.
_MOST_SEGMENTS = 8
#: Kinds of the names in slots; other slots have the type before them as their kind.
_KINDS = {"BUCKET": "bucket", "OBJECT": "object", "ROLE": "role", "SESSION": "session", "USER": "user"}


class Piece(NamedTuple):
    """A part of a resource. slot: what it holds, such as NAME; empty for what stays. kind: the kind of a name."""

    text: str
    slot: str = ""
    kind: str = ""


@dataclass(slots=True)
class _Node:
    """What may follow the segments before it: words with their nodes, or a slot."""

    words: dict[str, _Node] = field(default_factory=dict)
    slot: str = ""
    after_slot: _Node | None = None
    is_end: bool = False


def split_segments(text: str) -> list[str]:
    """Segments and separators in turn. The first and the last item is a segment; `${aws:username}` is not split."""
    if "${" not in text:
        return _SEPARATOR.split(text)
    parts = [""]
    for token in _TOKEN.findall(text):
        if token in ("/", ":"):
            parts += [token, ""]
        else:
            parts[-1] += token
    return parts


_SEPARATOR = lazy_pattern("([/:])")
_TOKEN = lazy_pattern(r"\$\{[^{}]*\}|[/:]|[^/:$]+|\$")


def split_resource(service: str, resource: str) -> list[Piece]:
    """The pieces of an ARN's resource, in their order; together they are the whole of it."""
    root = _roots().get(service, _NO_FORMS)
    if (pieces := _fit_whole_rest(root, resource)) is not None:
        return pieces
    segments = split_segments(resource)
    exact = _fit_exactly(root, segments, 0, "", after_slot=False)
    return exact if exact is not None else _fit_beginning(root, segments)


def _fit_whole_rest(root: _Node, resource: str) -> list[Piece] | None:
    """As `_fit_exactly`, for most resources: a type and one slot for all behind it, as in `role/team/Deployer`."""
    word, _, rest = resource.partition("/")
    node = root.words.get(word)
    if not rest or node is None or node.words or not node.slot.endswith("…") or ":" in rest or "${" in rest:
        return None
    return [Piece(word), Piece("/"), _fill(node.slot, rest, word, after_slot=False)]


def split_last_segment(text: str) -> tuple[str, str]:
    """What is before the last segment, with the separator at its end, and the last segment."""
    if "${" in text:
        *before, name = split_segments(text)
        return "".join(before), name
    begin = max(text.rfind("/"), text.rfind(":")) + 1
    return text[:begin], text[begin:]


def _fit_exactly(node: _Node, segments: list[str], at: int, kind: str, *, after_slot: bool) -> list[Piece] | None:
    """The pieces from the index `at` on, if a form spells them all."""
    segment = segments[at]
    for word, following in _matching_words(node, segments, at):
        inner = word if after_slot or not kind else kind
        if (rest := _continue(following, segments, at + 1, inner, after_slot=False)) is not None:
            return [Piece(segment), *rest]
    if node.after_slot is not None:
        end = _end_of_slot(node, segments, at)
        rest = _continue(node.after_slot, segments, end, kind, after_slot=True)
        if rest is not None:
            return [_fill(node.slot, "".join(segments[at:end]), kind, after_slot=after_slot), *rest]
    return None


def _continue(node: _Node, segments: list[str], at: int, kind: str, *, after_slot: bool) -> list[Piece] | None:
    if at >= len(segments):
        return [] if node.is_end or after_slot or _is_wild(segments[-1]) else None
    rest = _fit_exactly(node, segments, at + 1, kind, after_slot=after_slot)
    return None if rest is None else [Piece(segments[at]), *rest]


def _fit_beginning(node: _Node, segments: list[str]) -> list[Piece]:
    """The pieces as far as a form goes, and the rest by the rule for what is in no form."""
    pieces: list[Piece] = []
    at, kind, after_slot = 0, "", False
    while at < len(segments):
        words = list(_matching_words(node, segments, at))
        if words:
            (word, node), end = words[0], at + 1
            kind = word if after_slot or not kind else kind
            pieces.append(Piece(segments[at]))
        elif node.after_slot is not None:
            end = _end_of_slot(node, segments, at)
            pieces.append(_fill(node.slot, "".join(segments[at:end]), kind, after_slot=after_slot))
            node = node.after_slot
        else:
            return [*pieces, *_fit_without_form(segments, at, kind, after_slot=after_slot)]
        after_slot = not words
        pieces += [Piece(separator) for separator in segments[end : end + 1]]
        at = end + 1
    return pieces


def _fit_without_form(segments: list[str], at: int, kind: str, *, after_slot: bool) -> list[Piece]:
    if len(segments) - at > 2 * _MOST_SEGMENTS:
        is_type = segments[at] in _type_words() or (at == 0 and _is_type(segments[at]))
        types = [Piece(text) for text in segments[at : at + 2]] if is_type else []
        return [*types, _fill("REST", "".join(segments[at + len(types) :]), kind, after_slot=after_slot)]
    pieces: list[Piece] = []
    for i in range(at, len(segments)):
        text, is_last = segments[i], i + 1 == len(segments)
        if i % 2 or not text:
            pieces.append(Piece(text))
        elif not is_last and (_is_type(text) if i == 0 else after_slot and text in _type_words()):
            kind, after_slot = text, False
            pieces.append(Piece(text))
        else:
            pieces.append(_fill("VERSION" if after_slot else "NAME", text, kind, after_slot=after_slot))
            after_slot = True
    return pieces


def _matching_words(node: _Node, segments: list[str], at: int) -> list[tuple[str, _Node]]:
    """The words that a segment may be. A word with wildcards before a separator may be a type, such as `loadb*/x`."""
    segment = segments[at]
    if word := node.words.get(segment):
        return [(segment, word)]
    if not node.words or not ("*" in segment or "?" in segment or "${" in segment):
        return []
    if _WILD.sub("", segment) and (node.after_slot is not None and at + 1 == len(segments)):
        return []
    if _is_wild(segment):
        return [] if node.after_slot is not None else [("", following) for following in node.words.values()]
    pattern = re.compile(translate(_WILD.sub("*", segment)))
    return [(word, following) for word, following in node.words.items() if pattern.match(word)]


def _end_of_slot(node: _Node, segments: list[str], at: int) -> int:
    if node.slot.endswith("……"):
        return len(segments)
    end = at + 1
    while node.slot.endswith("…") and end < len(segments) and segments[end] == "/":
        if segments[end + 2 : end + 3] == [":"] and node.after_slot and segments[end + 1] in node.after_slot.words:
            return end  # `sha256:` after the name of a repository
        end += 2
    return end


def _fill(slot: str, text: str, kind: str, *, after_slot: bool) -> Piece:
    slot = slot.rstrip("…")
    return Piece(text, slot, _KINDS.get(slot) or ("part" if after_slot else kind))


def _is_wild(text: str) -> bool:
    return bool(text) and not _WILD.sub("", text)


def _is_type(text: str) -> bool:
    bare = _WILD.sub("", text).strip("-")
    return text in _type_words() or (not bare and bool(text)) or _TYPE.fullmatch(bare) is not None


@cache
def _roots() -> dict[str, _Node]:
    """Service → the tree of its forms."""
    roots: dict[str, _Node] = {}
    for line in FORMS.split("\n"):
        service, _, form = line.strip().partition(" ")
        if form:
            _add(roots.setdefault(service, _Node()), _SEPARATOR.split(form)[::2])
    return roots


def _add(node: _Node, segments: list[str]) -> None:
    if not segments:
        node.is_end = True
        return
    segment, *rest = segments
    if segment.rstrip("…").isupper():
        if node.slot not in ("", segment):
            raise ValueError(f"two slots in one place: {node.slot} and {segment}")
        node.slot, node.after_slot = segment, node.after_slot or _Node()
        _add(node.after_slot, rest)
        return
    for word in segment.split("|"):
        _add(node.words.setdefault(word, _Node()), rest)


@cache
def _type_words() -> frozenset[str]:
    """The words before a slot in any form, and others that name types."""
    return frozenset(MORE_TYPES.union(*map(_types, _roots().values())))


def _types(node: _Node) -> set[str]:
    """The words before a slot."""
    own = {word for word, following in node.words.items() if word and following.after_slot is not None}
    children = [*node.words.values(), *([node.after_slot] if node.after_slot else [])]
    return own.union(*map(_types, children))


_NO_FORMS = _Node()

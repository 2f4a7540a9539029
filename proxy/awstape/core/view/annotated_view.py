"""A cassette laid out for a reader: plain data, ready for JSON, with every alias told from the text around it.

1. Numbers and other literals are their own spelling: no reader of JSON rounds them.
2. A text is a string where nothing is special in it. Else it is `{"t": pieces}`, a piece being a string, the number of
   an alias, or a list with the escape of a character that can't be seen: one that turns the direction of what follows,
   for example, which a reviewer must not fall for.
3. Everything else says what it is by its only key: `{"m": pairs}` a mapping (keys in their order, twice if they stand
   there twice), `{"l": items}` a list, `{"n": spelling}` a literal, `{"d": value}` a text that is a JSON document,
   `{"b": size, "t": pieces}` binary.
4. A place is one occurrence of an alias in an identity or an answer. Tokens and faults are awstape's own words.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from itertools import groupby
from typing import Any

from awstape.core.aws.model import Models, Operation, Value
from awstape.core.aws.paging import count_items, is_last_page, next_token
from awstape.core.cassette.cassette import Cassette, Page, Take
from awstape.core.redaction.alias_grammar import (
    EMAIL_DOMAIN,
    find_aliases,
    is_name_alias,
    name_alias_ending,
    replace_aliases,
)
from awstape.core.redaction.member_kinds import is_public
from awstape.core.redaction.string_walk import StringContext, edit_cassette_strings
from awstape.core.redaction.text.arn import ARN, is_service_principal
from awstape.core.text.encoded_text import edit_literals, is_json
from awstape.core.text.printable import is_printable, printable

Node = str | dict[str, Any]

#: Deeper documents stay text: nobody reads them, and browsers lay them out slowly.
_DEEPEST_DOCUMENT = 100
_WORD = re.compile(r"[^\W\d_]{3,}")
_TOKEN = re.compile(r"(?:take-\d+\.)?page-\d+\.[a-z2-7]{4}")
_ORGANIZATION = frozenset({"o", "r", "p", "ou"})
#: Members that name an item best, by their ending.
_NAMING = ("Name", "name", "Id", "id", "Arn", "arn")


class _Literal(str):
    """A number or constant of a JSON document, as it is spelled."""

    __slots__ = ()


class _Pairs(list[tuple[str, Any]]):
    """An object of a JSON document."""

    __slots__ = ()


def outline(cassette: Cassette, models: Models) -> dict[str, Any]:
    """`tracks` with their takes, pages and items; `aliases`, `texts` that are none, `counts`, `keys`."""
    nodes = _Nodes()
    tracks = []
    for track, takes in cassette.tracks():
        operation = models.operation(track.service, track.operation)
        tracks.append(
            {
                "service": track.service,
                "operation": track.operation,
                "region": track.region and printable(track.region),
                "identity": nodes.members(track.identity),
                "paged": operation.paging is not None,
                "takes": [_take(take, operation, nodes) for take in takes],
            }
        )
    found = texts(cassette, models)
    return {
        "keys": sorted(cassette.keys),
        "counts": _counts(tracks),
        "aliases": nodes.aliases(),
        "texts": [[member, [[nodes.text(text), n] for text, n in said]] for member, said in found],
        "tracks": tracks,
    }


def texts(cassette: Cassette, models: Models) -> list[tuple[str, list[tuple[str, int]]]]:
    """Words that somebody wrote and that are no alias: member → its texts and how often each stands there.

    Left out are ARNs, service principals, and what the model or the language of policies gives the words for.
    """
    found: dict[str, Counter[str]] = {}

    def note(text: str, place: StringContext) -> str:
        is_name = place.path[:1] == ("members",) and text == place.path[-1]  # of a member of an error
        is_time = place.shape is not None and place.shape.type == "timestamp"
        if is_name or is_time or is_public(text, place) or _TOKEN.fullmatch(text):
            return text
        if is_json(text):
            edit_literals(text, lambda literal: add(literal.text, place.member) if literal.is_free else literal.text)
        else:
            add(text, place.member)
        return text

    def add(text: str, member: str) -> str:
        known = found.setdefault(member, Counter())
        if text in known or _is_words(text):
            known[text] += 1
        return text

    edit_cassette_strings(models, cassette, note, note)
    return [(member, sorted(counter.items())) for member, counter in sorted(found.items()) if counter]


def _is_words(text: str) -> bool:
    beside = replace_aliases(ARN.sub(" ", text), lambda _: " ") if _WORD.search(text) else ""
    return _WORD.search(beside) is not None and not is_service_principal(text)


def kind_of(alias: str) -> str:
    """What an alias stands for, as it tells by itself: `role`, `account id`."""
    if alias.endswith(EMAIL_DOMAIN):
        return "e-mail address"
    if alias.isdigit():
        return "account id" if len(alias) == 12 else "canonical user id"
    prefix = alias.rpartition("-")[0]
    if alias.partition("-")[0] in _ORGANIZATION:
        return "organization id"
    if is_name_alias(alias):
        return prefix.replace("-", " ")
    if prefix:
        return f"{prefix} id"
    return "canonical user id" if len(alias) == 64 else "unique id"


# --- takes and pages --------------------------------------------------------------------------------------------


def _take(take: Take, operation: Operation, nodes: _Nodes) -> dict[str, Any]:
    answer = take.pages[-1].answer
    beyond = next_token(operation, answer.output) if answer.output else None
    end = "error" if answer.error else "complete" if is_last_page(operation, answer) else "unfinished"
    return {
        "faults": [str(fault) for fault in take.faults],
        "end": end,
        "beyond": beyond and printable(beyond),
        "pages": [_page(page, operation, nodes) for page in take.pages],
    }


def _page(page: Page, operation: Operation, nodes: _Nodes) -> dict[str, Any]:
    answer = page.answer
    token, unmodelled = page.token and printable(page.token), [printable(name) for name in answer.unmodelled]
    shown: dict[str, Any] = {"token": token, "limit": page.limit, "unmodelled": unmodelled}
    if failure := answer.error:
        said: dict[str, Value] = {"status": failure.status, "code": failure.code, "message": failure.message}
        members = {name: value for name, value in said.items() if value is not None} | failure.members
        error = f"{failure.status} {printable(failure.code or '')}".strip()
        return {**shown, "error": error, "rest": nodes.members(members)}
    output = answer.output or {}
    lists = {name: value for name in operation.lists if isinstance(value := output.get(name), list)}
    return {
        **shown,
        "count": count_items(operation, output),
        "lists": [[name, [_item(item, nodes) for item in items]] for name, items in lists.items()],
        "rest": nodes.members({name: value for name, value in output.items() if name not in lists}),
    }


def _item(item: Value, nodes: _Nodes) -> dict[str, Any]:
    """An item and which of its members, by number, names it best; None where it is no structure."""
    name = None
    if isinstance(item, dict):
        texts = [i for i, value in enumerate(item.values()) if isinstance(value, str) and value]
        members = list(item)
        naming = (i for ending in _NAMING for i in texts if members[i].endswith(ending))
        name = next(naming, texts[0] if texts else None)
    return {"name": name, "value": nodes.value(item)}


def _counts(tracks: list[dict[str, Any]]) -> dict[str, int]:
    takes = [take for track in tracks for take in track["takes"]]
    pages = [(track, page) for track in tracks for take in track["takes"] for page in take["pages"]]
    return {
        "tracks": len(tracks),
        "retaken": len(takes) - len(tracks),
        "pages": len(pages),
        "items": sum(page.get("count", 0) for _, page in pages),
        "empty": sum(track["paged"] and page.get("count") == 0 for track, page in pages),
        "errors": sum("error" in page for _, page in pages),
        "unfinished": sum(take["end"] == "unfinished" for take in takes),
    }


# --- values -----------------------------------------------------------------------------------------------------


class _Nodes:
    """Makes nodes of values, and numbers the aliases in the order in which they come."""

    def __init__(self) -> None:
        self._places: Counter[str] = Counter()
        self._numbers: dict[str, int] = {}
        self._made: dict[tuple[str, bool], tuple[Node, list[str]]] = {}  # most texts stand there many times

    def aliases(self) -> list[dict[str, Any]]:
        """What each number stands for. `name` is what all aliases of a name share."""
        return [
            {
                "text": alias,
                "kind": kind_of(alias),
                "places": self._places[alias],
                "name": name_alias_ending(alias.removesuffix(EMAIL_DOMAIN))
                if is_name_alias(alias.removesuffix(EMAIL_DOMAIN))
                else "",
            }
            for alias in self._numbers
        ]

    def members(self, members: Mapping[str, Value]) -> Node:
        return {"m": [[self._counted(name), self.value(value)] for name, value in members.items()]}

    def value(self, value: Value) -> Node:
        """The node of a decoded value."""
        match value:
            case str():
                document = _document(value)
                return self._counted(value) if document is None else {"d": self._in_document(document)}
            case bytes():
                node = self._counted(value.decode("latin-1"))
                return {"b": len(value), "t": node["t"] if isinstance(node, dict) else [node]}
            case list():
                return {"l": [self.value(item) for item in value]}
            case dict():
                return self.members(value)
        return {"n": json.dumps(value)}

    def text(self, text: str) -> Node:
        """The node of a text, which is no place."""
        return self._text(text, find_aliases(text), quoted=False)

    def _text(self, text: str, aliases: list[str], *, quoted: bool) -> Node:
        """The node of a text that is shown as it is or, if `quoted`, as JSON spells it."""
        pieces: list[Any] = []
        rest = text
        for alias in aliases:
            before, _, rest = rest.partition(alias)
            pieces += [*_pieces(before, quoted=quoted), self._numbers.setdefault(alias, len(self._numbers))]
        pieces += _pieces(rest, quoted=quoted)
        if all(isinstance(piece, str) for piece in pieces):
            return "".join(pieces)
        return {"t": pieces}

    def _counted(self, text: str, *, quoted: bool = False) -> Node:
        if (text, quoted) not in self._made:
            aliases = find_aliases(text)
            self._made[text, quoted] = self._text(text, aliases, quoted=quoted), aliases
        node, aliases = self._made[text, quoted]
        self._places.update(aliases)
        return node

    def _in_document(self, value: Any) -> Node:
        match value:
            case _Literal():
                return {"n": str(value)}
            case str():
                return self._counted(value, quoted=True)
            case _Pairs():
                return {"m": [[self._counted(name, quoted=True), self._in_document(item)] for name, item in value]}
            case list():
                return {"l": [self._in_document(item) for item in value]}
        return {"n": json.dumps(value)}


def _document(text: str) -> Any:
    """The value of a JSON document, its numbers and the order and number of its keys kept; None for other texts."""
    if not is_json(text) or text.count("{") + text.count("[") > 20_000:
        return None
    spelled: dict[str, Any] = dict.fromkeys(("parse_int", "parse_float", "parse_constant"), _Literal)
    value = json.loads(text, object_pairs_hook=_Pairs, **spelled)
    return value if _is_flat([value], _DEEPEST_DOCUMENT) else None


def _is_flat(level: list[Any], depth: int) -> bool:
    """Whether values nest no deeper than that."""
    below = [[item for _, item in value] if isinstance(value, _Pairs) else value for value in level]
    below = [item for value in below if isinstance(value, list) for item in value]
    return not below or (depth > 0 and _is_flat(below, depth - 1))


def _pieces(text: str, *, quoted: bool) -> list[Any]:
    """A text without aliases, with what can't be seen in it apart."""
    if not text:
        return []
    if is_printable(text):
        return [_spelled(text, quoted)]
    runs = [(is_seen, "".join(run)) for is_seen, run in groupby(text, _is_seen)]
    return [_spelled(run, quoted) if is_seen else [printable(run)] for is_seen, run in runs]


def _is_seen(character: str) -> bool:
    return character in "\n\t" or is_printable(character)


def _spelled(text: str, quoted: bool) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1] if quoted else text

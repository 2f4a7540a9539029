"""HTML page data: a cassette as plain data for JSON, in which aliases are separated from the text around them.

1. Numbers and other literals are strings with their spelling, so that no JSON reader rounds them.
2. A text is a string if nothing in it is special. Else it is `{"t": pieces}`. A piece is a string, the number of an
   alias, or a list with the escape of a character that is not visible, such as one that changes the direction of text;
   a reviewer must see it.
3. Every other node is an object, and its only key names the kind: `{"m": pairs}` is a mapping (keys in their order,
   repeated keys repeated), `{"l": items}` a list, `{"n": spelling}` a literal, `{"d": value}` a text that is a JSON
   document. `{"b": size, "t": pieces}` is binary data.
4. `places` counts the occurrences of an alias in identities and answers. Page tokens and faults hold no aliases.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from awstape.core.aws.member_paths import value_at, without_values
from awstape.core.aws.model import Models, Operation, Value
from awstape.core.aws.paging import count_items, next_token
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.core.cassette.page_tokens import find_repeated_page
from awstape.core.redaction.alias_grammar import (
    EMAIL_DOMAIN,
    find_aliases,
    is_name_alias,
)
from awstape.core.text.encoded_text import is_json
from awstape.core.text.printable import is_printable, printable
from awstape.core.view.labels import Detail, identity_label
from awstape.core.view.timeline import timeline_of

Node = str | dict[str, Any]

#: Documents with more levels stay text: browsers show them slowly.
_MOST_LEVELS = 100
_TIMELINE_LABEL = Detail(60, whole_arns=False, required_names=False)
_ORGANIZATION = frozenset({"o", "r", "p", "ou"})
#: Endings of the members that name an item, the best first.
_NAMING = ("Name", "name", "Id", "id", "Arn", "arn")


class _Literal(str):
    """A number or constant of a JSON document, as the document spells it."""

    __slots__ = ()


class _Pairs(list[tuple[str, Any]]):
    """An object of a JSON document, as pairs, so that repeated keys stay."""

    __slots__ = ()


def html_page_data(
    cassettes: Sequence[tuple[str, Cassette]],
    models: Models,
    texts: Iterable[tuple[str, int, str]] = (),
    kept: Iterable[tuple[str, Iterable[tuple[str, int, str]]]] = (),
) -> dict[str, Any]:
    """`tracks` with their takes, pages and items; `timelines`; `aliases`; `texts`; `kept` values by what keeps them;
    `counts`; `keys`.

    cassettes: with the name of their file. texts: (text, number of occurrences, where). kept: (heading, texts).
    """
    nodes = _Nodes()
    tracks = []
    for (name, cassette), (track, takes) in ((each, found) for each in cassettes for found in each[1].tracks()):
        operation = models.operation(track.service, track.operation)
        several = len(cassette.callers) > 1
        tracks.append(
            {
                "file": printable(name) if len(cassettes) > 1 else None,
                "service": track.service,
                "operation": track.operation,
                "region": track.region and printable(track.region),
                "caller": track.caller if several else None,
                "identity": nodes.members(track.identity),
                "paged": operation.paging is not None,
                "takes": [_take(take, operation, nodes) for take in takes],
            }
        )
    timelines = _timelines(cassettes, models, nodes)
    shown_texts = [[nodes.text(text), n, printable(where)] for text, n, where in texts]
    shown_kept = [
        [printable(heading), [[nodes.text(text), n, printable(where)] for text, n, where in found]]
        for heading, found in kept
    ]
    return {
        "keys": sorted({key for _, cassette in cassettes for key in cassette.keys}),
        "counts": _counts(tracks),
        "aliases": nodes.aliases(),
        "texts": shown_texts,
        "kept": shown_kept,
        "tracks": tracks,
        "timelines": timelines,
    }


def alias_kind(alias: str) -> str:
    """The kind of value that an alias stands for, by its form: `name`, `account id`."""
    if alias.endswith(EMAIL_DOMAIN):
        return "e-mail address"
    if alias.isdigit():
        return "account id" if len(alias) == 12 else "canonical user id"
    prefix = alias.rpartition("-")[0]
    if alias.partition("-")[0] in _ORGANIZATION:
        return "organization id"
    if is_name_alias(alias):
        return "name"
    if prefix == "caller":
        return prefix
    if prefix:
        return f"{prefix} id"
    return "canonical user id" if len(alias) == 64 else "unique id"


# --- the timelines ----------------------------------------------------------------------------------------------


def _timelines(cassettes: Sequence[tuple[str, Cassette]], models: Models, nodes: _Nodes) -> list[dict[str, Any]]:
    """The timelines of the cassettes in which an answer changed. Tracks are named by their numbers on the page."""
    numbers: list[dict[Track, int]] = []
    for _, cassette in cassettes:
        first = sum(map(len, numbers))
        numbers.append({track: first + i for i, (track, _) in enumerate(cassette.tracks())})
    elsewhere = {track: number for each in reversed(numbers) for track, number in each.items()}

    def label(track: Track) -> Node:
        input_ = models.operation(track.service, track.operation).input
        documents = {name for name, value in track.identity.items() if isinstance(value, str) and is_json(value)}
        short = {name: value for name, value in track.identity.items() if name not in documents}
        return nodes.text(identity_label(short, input_, _TIMELINE_LABEL))

    result = []
    for (name, cassette), own in zip(cassettes, numbers, strict=True):
        timeline = timeline_of(cassette, models)
        if timeline.lanes:
            result.append(
                {
                    "file": printable(name),
                    "writes": [
                        {
                            "operation": write.track.operation,
                            "label": label(write.track),
                            "take": write.take,
                            "track": own.get(write.track, elsewhere.get(write.track)),
                            "here": write.track in own,
                        }
                        for write in timeline.writes
                    ],
                    "lanes": [[own[lane.track], label(lane.track), list(lane.epochs)] for lane in timeline.lanes],
                    "unmoved": timeline.unmoved,
                    "silent": [own[track] for track in timeline.silent],
                }
            )
    return result


# --- takes and pages --------------------------------------------------------------------------------------------


def _take(take: Take, operation: Operation, nodes: _Nodes) -> dict[str, Any]:
    answer = take.pages[-1].answer
    is_repeated = find_repeated_page(operation, take.pages) is not None
    open_token = next_token(operation, answer.output) if answer.output and not is_repeated else None
    is_missing = answer.error or take.pages[-1].hole is not None
    end = "error" if is_missing else "complete" if open_token is None else "unfinished"
    return {
        "after": take.after and printable(f"after {take.after.track}, take {take.after.take}"),
        "faults": [str(fault) for fault in take.faults],
        "end": end,
        "beyond": open_token and printable(open_token),
        "pages": [_page(page, operation, nodes) for page in take.pages],
    }


def _page(page: Page, operation: Operation, nodes: _Nodes) -> dict[str, Any]:
    answer = page.answer
    token, unmodelled = page.token and printable(page.token), [printable(name) for name in answer.unmodelled]
    shown: dict[str, Any] = {"token": token, "limit": page.limit, "unmodelled": unmodelled}
    if page.hole is not None:
        return {**shown, "error": "hole", "rest": nodes.members({"hole": page.hole})}
    if failure := answer.error:
        fields: dict[str, Value] = {"status": failure.status, "code": failure.code, "message": failure.message}
        members = {name: value for name, value in fields.items() if value is not None} | failure.members
        error = f"{failure.status} {printable(failure.code or '')}".strip()
        return {**shown, "error": error, "rest": nodes.members(members)}
    output = answer.output or {}
    lists = {name: value for name in operation.lists if isinstance(value := value_at(output, name), list)}
    return {
        **shown,
        "count": count_items(operation, output),
        "lists": [[name, [_item(item, nodes) for item in items]] for name, items in lists.items()],
        "rest": nodes.members(without_values(output, lists)),
    }


def _item(item: Value, nodes: _Nodes) -> dict[str, Any]:
    """An item, and the number of the member that names it best; None for a scalar."""
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
    """Converts values to nodes, and numbers the aliases in the order of their first occurrence."""

    def __init__(self) -> None:
        self._places: Counter[str] = Counter()
        self._numbers: dict[str, int] = {}
        self._converted: dict[tuple[str, bool], tuple[Node, list[str]]] = {}  # most texts occur many times

    def aliases(self) -> list[dict[str, Any]]:
        """The aliases by number."""
        return [{"text": alias, "kind": alias_kind(alias), "places": self._places[alias]} for alias in self._numbers]

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
        """The node of a text, without counting its aliases."""
        return self._text(text, find_aliases(text), quoted=False)

    def _text(self, text: str, aliases: list[str], *, quoted: bool) -> Node:
        """The node of a text; quoted: as JSON spells it."""
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
        if (text, quoted) not in self._converted:
            aliases = find_aliases(text)
            self._converted[text, quoted] = self._text(text, aliases, quoted=quoted), aliases
        node, aliases = self._converted[text, quoted]
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
    """The value of a JSON document, with spelled numbers and all keys in their order; None for other texts."""
    if not is_json(text) or text.count("{") + text.count("[") > 20_000:
        return None
    spelled: dict[str, Any] = dict.fromkeys(("parse_int", "parse_float", "parse_constant"), _Literal)
    value = json.loads(text, object_pairs_hook=_Pairs, **spelled)
    return value if _has_levels_up_to([value], _MOST_LEVELS) else None


def _has_levels_up_to(level: list[Any], depth: int) -> bool:
    """Whether values have at most so many levels below them."""
    below = [[item for _, item in value] if isinstance(value, _Pairs) else value for value in level]
    below = [item for value in below if isinstance(value, list) for item in value]
    return not below or (depth > 0 and _has_levels_up_to(below, depth - 1))


def _pieces(text: str, *, quoted: bool) -> list[Any]:
    """The pieces of a text without aliases: runs of visible characters, and lists with the escapes of others."""
    if not text:
        return []
    if is_printable(text):
        return [_spelled(text, quoted)]
    runs = [(is_visible, "".join(run)) for is_visible, run in groupby(text, _is_visible)]
    return [_spelled(run, quoted) if is_visible else [printable(run)] for is_visible, run in runs]


def _is_visible(character: str) -> bool:
    return character in "\n\t" or is_printable(character)


def _spelled(text: str, quoted: bool) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1] if quoted else text

"""Item pairing: finds the items of two lists that are the same thing.

1. Items that mean the same are a pair; of several such items, the first with the first.
2. Of the other items, those with the same `Arn` are a pair, then those with the same id: the member `Id`, or the first
   `…Id` of the shape. Further members may identify other things (the `UserName` of an access key) and do not count.
3. Items without Arn and id are identified by all their names together: `…Arn`, `…Name`, keys and the like.
4. An identifying value that several items of one list share pairs none of them. Such items, and those that nothing
   identifies, are a pair if half of their members mean the same: the most similar first, then the nearest in position.
5. Exchanging the two lists exchanges the sides of each pair and changes nothing else.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from awstape.core.aws.model import Shape, Value, child_shape
from awstape.core.compare.equality import canonical_text

_NAME = re.compile(r"\w*(?:Arn|Name|Namespace|SerialNumber)|name|[Kk]ey|Sid|action|account")
#: Members, in lower case, that distinguish the items of a listing, besides ids and ARNs named after the shape.
_UNIQUE_MEMBERS = ("arn", "id", "serialnumber", "key", "jobid", "rulename")
#: Similarity is quadratic: with more candidate pairs than these, no items are paired by it.
_MOST_COMPARED = 100_000

_Choose = Callable[[list[int], list[int]], Iterable[tuple[int, int]]]
Pair = tuple[int | None, int | None]
"""The positions of an item in the two lists; None for a list that lacks it."""


def pair_items(before: Sequence[Value], after: Sequence[Value], shape: Shape | None) -> list[Pair]:
    """The items of two lists in the order of the first, then those that only the second has. shape: of an item."""
    pairing = _Pairing(before, after, shape)
    pairing.pair_by(repr, _pair_in_order)  # fast, for items that are the same to the letter
    pairing.pair_by(lambda item: canonical_text(item, shape), _pair_in_order)
    pairing.pair_by(lambda item: _item_ids(item, shape).arn, _pair_unique)
    pairing.pair_by(lambda item: _item_ids(item, shape).id, _pair_unique)
    pairing.pair_by(lambda item: _item_ids(item, shape).whole, _pair_unique)
    pairing.pair_by(lambda item: _item_ids(item, shape).whole or (), pairing.pair_similar)
    found = pairing.found
    removed: list[Pair] = [(i, found.get(i)) for i in range(len(before))]
    taken = set(found.values())
    return [*removed, *((None, j) for j in range(len(after)) if j not in taken)]


def item_label(item: Value, shape: Shape | None) -> str:
    """The name, ARN or id that people call an item by; empty if nothing identifies it."""
    return _item_ids(item, shape).label


def _pair_unique(olds: list[int], news: list[int]) -> Iterable[tuple[int, int]]:
    return [(olds[0], news[0])] if len(olds) == len(news) == 1 else ()


def _pair_in_order(olds: list[int], news: list[int]) -> Iterable[tuple[int, int]]:
    return zip(olds, news, strict=False)


@dataclass
class _Pairing:
    """Two lists and the pairs found so far. found: position in the first list → position in the second."""

    before: Sequence[Value]
    after: Sequence[Value]
    shape: Shape | None
    found: dict[int, int] = field(default_factory=dict)

    def pair_by(self, key: Callable[[Value], Hashable], choose: _Choose) -> None:
        """Pairs items that are in no pair yet and have the same key, which may not be None.

        choose: pairs the positions of the items with one key.
        """
        taken = set(self.found.values())
        groups: defaultdict[Hashable, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        for i, item in enumerate(self.before):
            if i not in self.found and (shared := key(item)) is not None:
                groups[shared][0].append(i)
        for j, item in enumerate(self.after):
            if j not in taken and (shared := key(item)) is not None:
                groups[shared][1].append(j)
        for left, right in groups.values():
            if left and right:
                self.found.update(choose(left, right))

    def pair_similar(self, olds: list[int], news: list[int]) -> Iterator[tuple[int, int]]:
        """Pairs of structures in which half of the members mean the same."""
        if len(olds) * len(news) > _MOST_COMPARED:
            return
        left = {i: _members(self.before[i], self.shape) for i in olds}
        right = {j: _members(self.after[j], self.shape) for j in news}
        ranked = []
        for i, old in left.items():
            for j, new in right.items():
                names = old.keys() | new.keys()
                same = sum(old.get(name) == new.get(name) for name in names)
                if names and (2 * same >= len(names) or len(names) == 1):
                    ranked.append((-same, abs(i - j), i + j, i, j))
        for _, _, _, i, j in sorted(ranked):
            if i in left and j in right:
                del left[i], right[j]
                yield i, j


def _members(item: Value, shape: Shape | None) -> dict[str, str]:
    if not isinstance(item, dict):
        return {}
    return {name: canonical_text(part, child_shape(shape, name)) for name, part in item.items() if part is not None}


# --- identifying members of an item -----------------------------------------------------------------------------


@dataclass(frozen=True)
class _ItemIds:
    """The identifying values of an item.

    arn, id: its own, not those of things that it refers to. whole: all of them, None if nothing identifies the item.
    label: the text that people call it by.
    """

    arn: str | None = None
    id: str | None = None
    whole: tuple[str, ...] | None = None
    label: str = ""


def _item_ids(item: Value, shape: Shape | None) -> _ItemIds:
    if not isinstance(item, dict):
        return _ItemIds()
    order = list(shape.members) if shape and shape.members else sorted(item)
    texts = {name: text for name in order if isinstance(text := item.get(name), str) and text}
    arn = next((texts[name] for name in texts if name.lower() == "arn"), None)
    # The id member is chosen by the shape, so that it is the same for items that lack it.
    of_id = next((name for name in order if name.lower() == "id"), next((n for n in order if n.endswith("Id")), ""))
    id_ = texts.get(of_id)
    if own := tuple(text for text in (arn, id_) if text):
        name = f"{of_id[:-2]}Name" if len(of_id) > len("Id") else "name"
        return _ItemIds(arn, id_, own, texts.get(name, own[0]))
    names = [name for name in texts if _NAME.fullmatch(name)]
    if not names:
        return _ItemIds()
    # An `…Arn` beside the `…Name` of the same thing is left out of the label.
    shown = [name for name in names if not (name.endswith("Arn") and f"{name[:-3]}Name" in names)]
    whole = tuple(f"{name}={texts[name]}" for name in names)
    return _ItemIds(whole=whole, label=" ".join(texts[name] for name in shown))


def unique_member(shape: Shape) -> str | None:
    """The member whose value no two items of a listing share: `Arn`, `id`, …, or `PolicyArn` of AttachedPolicy.

    None if no member is certain; stricter than the pairing of items, which may guess.
    """
    for known in _UNIQUE_MEMBERS:
        for name in shape.members:
            if name.lower() == known:
                return name
    for name in shape.members:
        stem = name.removesuffix("Arn").removesuffix("Id")
        if stem != name and stem.lower() in shape.name.lower():
            return name
    return None

"""Pairing: which items of two lists are the same thing.

1. Items that say the same are a pair, in their order if there are several.
2. Of the rest, those with the same `Arn` are, then those with the same id: the `Id`, or the first `…Id` of the shape.
   Others may say other things' ids (an access key's `UserName`), and don't count.
3. Items without Arn and id are known by all of their names together: `…Arn`, `…Name`, keys and the like.
4. A value that several items of a side share pairs none of them. What then is left, and what nothing identifies, pairs
   if half of its members say the same: those that are most alike first, then those that stand nearest.
5. It is the same from both sides.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from awstape.core.aws.model import Shape, Value, child_shape
from awstape.core.compare.equality import meaning

_NAME = re.compile(r"\w*(?:Arn|Name|Namespace|SerialNumber)|name|[Kk]ey|Sid|action|account")
#: What tells an item of a listing from the others, besides ids and ARNs that its shape is named after.
_KEYS = ("arn", "id", "serialnumber", "key", "jobid", "rulename")
#: Looking alike takes time; of more pairs than these none is tried.
_MOST_COMPARED = 100_000

_Choose = Callable[[list[int], list[int]], Iterable[tuple[int, int]]]
Pair = tuple[int | None, int | None]
"""The positions of an item in the lists; one that is in one list only has None in the other."""


def pairs(before: Sequence[Value], after: Sequence[Value], shape: Shape | None) -> list[Pair]:
    """The items of two lists in the order of the first, then those that are new. shape: that of an item."""
    table = _Table(before, after, shape)
    table.take(repr, _in_order)  # what is the same to the letter is found quickly
    table.take(lambda item: meaning(item, shape), _in_order)
    table.take(lambda item: _identity(item, shape).arn, _only)
    table.take(lambda item: _identity(item, shape).id, _only)
    table.take(lambda item: _identity(item, shape).whole, _only)
    table.take(lambda item: _identity(item, shape).whole or (), table.alike)
    found = table.found
    removed: list[Pair] = [(i, found.get(i)) for i in range(len(before))]
    taken = set(found.values())
    return [*removed, *((None, j) for j in range(len(after)) if j not in taken)]


def label(item: Value, shape: Shape | None) -> str:
    """What people call an item, empty if nothing identifies it."""
    return _identity(item, shape).label


def _only(olds: list[int], news: list[int]) -> Iterable[tuple[int, int]]:
    return [(olds[0], news[0])] if len(olds) == len(news) == 1 else ()


def _in_order(olds: list[int], news: list[int]) -> Iterable[tuple[int, int]]:
    return zip(olds, news, strict=False)


@dataclass
class _Table:
    """Two lists, and the pairs that were found."""

    before: Sequence[Value]
    after: Sequence[Value]
    shape: Shape | None
    found: dict[int, int] = field(default_factory=dict)

    def take(self, mark: Callable[[Value], Hashable], choose: _Choose) -> None:
        """Pairs items that aren't in a pair and share a mark; None is no mark. choose: which of those that do."""
        taken = set(self.found.values())
        groups: defaultdict[Hashable, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
        for i, item in enumerate(self.before):
            if i not in self.found and (shared := mark(item)) is not None:
                groups[shared][0].append(i)
        for j, item in enumerate(self.after):
            if j not in taken and (shared := mark(item)) is not None:
                groups[shared][1].append(j)
        for left, right in groups.values():
            if left and right:
                self.found.update(choose(left, right))

    def alike(self, olds: list[int], news: list[int]) -> Iterator[tuple[int, int]]:
        """Pairs of structures of which half the members say the same."""
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
    return {name: meaning(part, child_shape(shape, name)) for name, part in item.items() if part is not None}


# --- what identifies an item ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Identity:
    """arn, id: its own. whole: all that identifies it, None if nothing does. label: what people call it."""

    arn: str | None = None
    id: str | None = None
    whole: tuple[str, ...] | None = None
    label: str = ""


def _identity(item: Value, shape: Shape | None) -> _Identity:
    if not isinstance(item, dict):
        return _Identity()
    order = list(shape.members) if shape and shape.members else sorted(item)
    texts = {name: text for name in order if isinstance(text := item.get(name), str) and text}
    arn = next((texts[name] for name in texts if name.lower() == "arn"), None)
    # The first of the shape, also where this item lacks it.
    of_id = next((name for name in order if name.lower() == "id"), next((n for n in order if n.endswith("Id")), ""))
    id_ = texts.get(of_id)
    if own := tuple(text for text in (arn, id_) if text):
        name = f"{of_id[:-2]}Name" if len(of_id) > len("Id") else "name"
        return _Identity(arn, id_, own, texts.get(name, own[0]))
    names = [name for name in texts if _NAME.fullmatch(name)]
    if not names:
        return _Identity()
    # An Arn beside the name of the same thing says nothing new to people.
    shown = [name for name in names if not (name.endswith("Arn") and f"{name[:-3]}Name" in names)]
    whole = tuple(f"{name}={texts[name]}" for name in names)
    return _Identity(whole=whole, label=" ".join(texts[name] for name in shown))


def key_of(shape: Shape) -> str | None:
    """The member that no two items of a listing share: `Arn`, `id`, …, or of AttachedPolicy its PolicyArn.

    Stricter than what pairs items: whoever says that two are the same must be sure of it.
    """
    for known in _KEYS:
        for name in shape.members:
            if name.lower() == known:
                return name
    for name in shape.members:
        stem = name.removesuffix("Arn").removesuffix("Id")
        if stem != name and stem.lower() in shape.name.lower():
            return name
    return None

"""What of an identity or an item a line has room for: the members that tell it from others.

1. Of an ARN the end tells: `policy/team/Deploy`; with `aws:` before it, if the resource is AWS's own.
2. Of an item its name, its id, its first date, its words (such as a status) and what is true of it, and its ARN, if
   that says more than the name does, tell, in this order. Where it has no name, id or ARN, its first members do.
3. A structure around a single structure is told by what is in it; where that has no name, with its own, as of a union.
4. What is too long keeps its beginning and its end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, get_args

from awstape.core.aws.model import Shape, Value, child_shape
from awstape.core.text.printable import printable

_ID = re.compile(r"id|.*I[dD]", re.DOTALL)
_MEMBERS_SHOWN = 3
_LONGEST_CELL = 80
_LONGEST = 200

_Sort = Literal["name", "id", "arn", "word", "date"]


@dataclass(frozen=True)
class Detail:
    """How much is said of an identity. room: for all of it. names: of members that the service insists on, too."""

    room: int = 10_000
    whole_arns: bool = True
    names: bool = True


def identity_words(identity: Mapping[str, Value], input_: Shape | None, detail: Detail) -> str:
    """An identity in one line; empty for one that is empty. Where there is no room, its longest values are cropped."""
    required = input_.required if input_ and not detail.names else ()
    names = ["" if name in required else f"{printable(name)}=" for name in identity]
    values = [said_in_short(value, _LONGEST, detail.whole_arns) for value in identity.values()]
    longest = _fair_share(list(map(len, values)), detail.room - len(names) + 1 - sum(map(len, names)))
    return " ".join(name + cropped(value, max(longest, 3)) for name, value in zip(names, values, strict=True))


def _fair_share(lengths: Sequence[int], room: int) -> int:
    """How long each may be that all fit, when the short ones leave their room to the long ones."""
    for i, length in enumerate(sorted(lengths)):
        share = room // (len(lengths) - i)
        if length > share:
            return share
        room -= length
    return max(lengths, default=0)


def said_in_short(value: Value, longest: int = _LONGEST_CELL, whole_arns: bool = False) -> str:
    """A value in one line."""
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)
    said = said if whole_arns else arn_end(said)
    # what can't be printed gets longer when it is spelled out
    return cropped(printable(cropped(said, 2 * longest)), longest)


def cropped(text: str, longest: int) -> str:
    """The text, or its beginning and its end."""
    if len(text) <= longest:
        return text
    end = (longest - 1) // 2
    return f"{text[: longest - 1 - end]}…{text[len(text) - end :]}"


def cut(sizes: Iterable[int]) -> str:
    """How items are cut into pages: `3+2`, and `4×100+7` for equal pages in a row."""
    runs = [(size, len(list(same))) for size, same in groupby(sizes)]
    return "+".join(f"{n}×{size}" if n > 2 else "+".join([str(size)] * n) for size, n in runs)


def arn_end(text: str) -> str:
    """What tells in an ARN; other text as it is."""
    parts = text.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return text
    return f"aws:{parts[5]}" if parts[4] == "aws" else parts[5]


def telling(item: Value, shape: Shape | None) -> tuple[str, ...]:
    """An item in cells, which may be empty: name, id, date, words, end of the ARN. Printable."""
    kind = ""
    while isinstance(item, dict) and len(item) == 1 and isinstance(inner := next(iter(item.values())), dict):
        kind = next(iter(item))
        item, shape = inner, child_shape(shape, kind)
    if not isinstance(item, dict):
        return (said_in_short(item),)
    found: dict[_Sort, list[str]] = {sort: [] for sort in get_args(_Sort)}
    for name, value in item.items():
        if sort := _sort(name, value, child_shape(shape, name)):
            found[sort].append(said_in_short(name if value is True else value))
    names, arn = found["name"], _first(found["arn"])
    if not arn.startswith("aws:") and arn.partition("/")[2] in names:
        arn = ""
    if not (names or found["id"] or arn):
        return (f"{printable(kind)} {first_members(item)}".lstrip(),)
    words = " ".join([*names[1:], *found["word"]][:_MEMBERS_SHOWN])
    return (_first(names), _first(found["id"]), _first(found["date"]).partition("T")[0], words, arn)


def _sort(name: str, value: Value, shape: Shape | None) -> _Sort | None:
    """What a member is good for; None for one that tells nothing in a line."""
    if value is True:
        return "word"
    if not isinstance(value, str) or not value:
        return None
    if shape and (shape.type == "timestamp" or shape.enum):
        return "date" if shape.type == "timestamp" else "word"
    if value.startswith("arn:"):
        return "arn"
    return "name" if name.lower().endswith("name") else "id" if _ID.fullmatch(name) else None


def first_members(item: Mapping[str, Value], most: int = _MEMBERS_SHOWN) -> str:
    """The first members of a mapping with their names."""
    shown = [f"{printable(name)}={said_in_short(value)}" for name, value in list(item.items())[:most]]
    return " ".join(shown) + (" …" if len(item) > most else "")


def _first(texts: list[str]) -> str:
    return texts[0] if texts else ""

"""What of an identity or an item a line has room for: the members that tell it from others.

1. Of an ARN the end tells: `policy/team/Deploy`; and before it `aws:`, if the resource is AWS's own.
2. Of an item its name, its id, its ARN if that says more than the name does, its words (such as a status) and what is
   true of it, and its first date tell, in this order. Where it has none of these, its first members do.
3. A structure around a single structure, such as a union, is told by what is in it.
4. What is too long keeps its beginning and its end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from awstape.core.layout import printable
from awstape.core.model import Shape, Value

_ID = re.compile(r"id|.*I[dD]", re.DOTALL)
_MEMBERS_SHOWN = 3
_LONGEST_CELL = 80

_Sort = Literal["name", "id", "arn", "word", "date"]


@dataclass(frozen=True)
class Detail:
    """How much is said of an identity. longest: of a value. names: of members that the service doesn't insist on."""

    longest: int = 200
    whole_arns: bool = True
    names: bool = True


def identity_words(identity: Mapping[str, Value], input_: Shape | None, detail: Detail) -> str:
    """An identity in one line; empty for one that is empty."""
    required = input_.required if input_ else ()
    return " ".join(
        _word(said_in_short(value, detail), name if detail.names or name not in required else "")
        for name, value in identity.items()
    )


def _word(said: str, name: str) -> str:
    return f"{printable(name)}={said}" if name else said


def said_in_short(value: Value, detail: Detail) -> str:
    """A value in one line, at most as long as `detail` says."""
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)
    if not detail.whole_arns:
        said = arn_end(said)
    # what can't be printed gets longer when it is spelled out
    return cropped(printable(cropped(said, 2 * detail.longest)), detail.longest)


def cropped(text: str, longest: int) -> str:
    """The text, or its beginning and its end."""
    if len(text) <= longest:
        return text
    end = (longest - 1) // 2
    return f"{text[: longest - 1 - end]}…{text[len(text) - end :]}"


def arn_end(text: str) -> str:
    """What tells in an ARN; other text as it is."""
    parts = text.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return text
    return f"aws:{parts[5]}" if parts[4] == "aws" else parts[5]


def telling(item: Value, shape: Shape | None) -> tuple[str, ...]:
    """An item in cells, which may be empty: name, id, end of the ARN, words, date. Printable."""
    kind = ""
    while isinstance(item, dict) and len(item) == 1 and isinstance(inner := next(iter(item.values())), dict):
        kind = next(iter(item))
        item, shape = inner, _below(shape, kind)
    if not isinstance(item, dict):
        return (_cell(item),)
    found: dict[_Sort, list[str]] = {sort: [] for sort in get_args(_Sort)}
    for name, value in item.items():
        if sort := _sort(name, value, _below(shape, name)):
            found[sort].append(_cell(name if value is True else value))
    names, words, dates = found["name"], [*found["word"], *filter(None, [printable(kind)])], found["date"]
    arn = _first(found["arn"])
    if arn.split("/")[1:] == names[:1]:
        arn = ""
    further = " ".join([*names[1:], *words][:_MEMBERS_SHOWN])
    cells = (_first(names), _first(found["id"]), arn, further, _first(dates).partition("T")[0])
    return cells if any(cells) else (first_members(item),)


def _below(shape: Shape | None, name: str) -> Shape | None:
    return shape.members[name].shape if shape and name in shape.members else None


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


def first_members(item: Mapping[str, Value]) -> str:
    """The first members of a mapping with their names."""
    shown = [_word(_cell(value), name) for name, value in list(item.items())[:_MEMBERS_SHOWN]]
    return " ".join(shown) + (" …" if len(item) > _MEMBERS_SHOWN else "")


def _first(texts: list[str]) -> str:
    return texts[0] if texts else ""


def _cell(value: Value) -> str:
    return said_in_short(value, Detail(_LONGEST_CELL, whole_arns=False))

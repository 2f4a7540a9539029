"""One-line labels: the members that distinguish an identity or an item.

1. An ARN is shown by its end: `policy/team/Deploy`; with `aws:` before it, if AWS owns the resource.
2. An item is shown by its name, its id, its first date, its words (a status, the names of its true members) and its
   ARN, in this order. An ARN that ends with the name is left out. An item without name, id and ARN is shown by its
   first members.
3. A structure around a single structure is shown by the inner one; if that has no name, id or ARN, with the name of the
   member that holds it, as in a union.
4. A label that is too long keeps its beginning and its end.
5. All labels are printable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from awstape.core.aws.model import Shape, Value, child_shape
from awstape.core.text.printable import printable
from awstape.core.text.shortening import shorten_middle

_ID = re.compile(r"id|.*I[dD]", re.DOTALL)
_MEMBERS_SHOWN = 3
_LONGEST_CELL = 80
_LONGEST = 200

_Role = Literal["name", "id", "arn", "word", "date"]
"""The role of a member in a label."""


@dataclass(frozen=True)
class Detail:
    """How much of an identity is shown.

    width: the characters for all of it. required_names: whether the names of members that the service requires are
    shown.
    """

    width: int = 10_000
    whole_arns: bool = True
    required_names: bool = True


def identity_label(identity: Mapping[str, Value], input_: Shape | None, detail: Detail) -> str:
    """An identity in one line, `Name=value Name=value`; empty for an empty identity.

    input_: the shape of the operation's input. If the line is too long, the longest values are shortened.
    """
    required = input_.required if input_ and not detail.required_names else ()
    names = ["" if name in required else f"{printable(name)}=" for name in identity]
    values = [value_label(value, _LONGEST, detail.whole_arns) for value in identity.values()]
    longest = _fair_share(list(map(len, values)), detail.width - len(names) + 1 - sum(map(len, names)))
    return " ".join(name + shorten_middle(value, max(longest, 3)) for name, value in zip(names, values, strict=True))


def _fair_share(lengths: Sequence[int], width: int) -> int:
    """The length to which texts are shortened so that all fit; texts below it leave their width to the longer ones."""
    for i, length in enumerate(sorted(lengths)):
        share = width // (len(lengths) - i)
        if length > share:
            return share
        width -= length
    return max(lengths, default=0)


def value_label(value: Value, longest: int = _LONGEST_CELL, whole_arns: bool = False) -> str:
    """A value in one line: text without quotes, other values as JSON."""
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)
    text = text if whole_arns else arn_end(text)
    # Shortened before and after `printable`, which makes text longer, so that a huge value takes no time.
    return shorten_middle(printable(shorten_middle(text, 2 * longest)), longest)


def arn_end(text: str) -> str:
    """The resource of an ARN, with `aws:` before it if AWS owns it; any other text as it is."""
    parts = text.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn":
        return text
    return f"aws:{parts[5]}" if parts[4] == "aws" else parts[5]


def item_cells(item: Value, shape: Shape | None) -> tuple[str, ...]:
    """An item as table cells, which may be empty: name, id, date, words, end of the ARN.

    A single cell for a scalar and for an item without name, id and ARN.
    """
    member = ""
    while isinstance(item, dict) and len(item) == 1 and isinstance(inner := next(iter(item.values())), dict):
        member = next(iter(item))
        item, shape = inner, child_shape(shape, member)
    if not isinstance(item, dict):
        return (value_label(item),)
    found: dict[_Role, list[str]] = {role: [] for role in get_args(_Role)}
    for name, value in item.items():
        if role := _role(name, value, child_shape(shape, name)):
            found[role].append(value_label(name if value is True else value))
    names, arn = found["name"], _first(found["arn"])
    if not arn.startswith("aws:") and arn.partition("/")[2] in names:
        arn = ""
    if not (names or found["id"] or arn):
        return (f"{printable(member)} {first_members(item)}".lstrip(),)
    words = " ".join([*names[1:], *found["word"]][:_MEMBERS_SHOWN])
    return (_first(names), _first(found["id"]), _first(found["date"]).partition("T")[0], words, arn)


def _role(name: str, value: Value, shape: Shape | None) -> _Role | None:
    """The role of a member in a label; None for a member that is left out."""
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
    """The first members of a mapping, `Name=value Name=value …`."""
    shown = [f"{printable(name)}={value_label(value)}" for name, value in list(item.items())[:most]]
    return " ".join(shown) + (" …" if len(item) > most else "")


def _first(texts: list[str]) -> str:
    return texts[0] if texts else ""

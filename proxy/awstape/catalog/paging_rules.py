"""How each operation pages: from botocore's paginators, and for operations without one from their shapes.

1. An entry of `paginators-1.json` names members, paths such as `DistributionList.NextMarker`, or the key of the last
   item: `NextMarker || Contents[-1].Key`. Any other expression, and a token that is a number, is not paged.
2. An operation without an entry pages if a member of its input is a token by its name, and the output has a member of
   that name, or of that name behind `Next`. Where the output has both, the one with `Next` leads on; the other repeats
   the token of the request.
3. Then its items are the lists of the output or, if there is none, the one list in a structure of the output.
4. A limit that an entry does not name is found by its name.
5. Pages can be cut anew if all that a page has more than others is lists of items.

Sources: botocore/paginate.py, for the entries; Smithy's trait `paginated` (https://smithy.io/2.0/spec/behavior-traits.html)
for what a token is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from awstape.core.aws.member_paths import shape_at
from awstape.core.aws.model import Paging, Shape
from awstape.core.text.lazy_pattern import lazy_pattern

_TOKEN = lazy_pattern(
    "(next)?(page|pagination|continuation)?marker|(next|page|pagination|continuation)+token|position", re.I
)
_LIMIT = lazy_pattern("(max_?(items|results|records|entities)|(page_?)?(limit|size))", re.IGNORECASE)
_MORE = lazy_pattern("is_?truncated", re.IGNORECASE)
_COUNTS = frozenset({"Count", "KeyCount", "Quantity", "ScannedCount"})
_PATH = lazy_pattern(r"\w+(?:\.\w+)*")
_LAST_KEY = lazy_pattern(r"(?:(?P<given>[\w.]+) \|\| )?(?P<list>[\w.]+)\[-1\]\.(?P<key>\w+)")


def build_paging(entry: Mapping[str, Any] | None, input_: Shape | None, output: Shape | None) -> Paging | None:
    """How an operation pages. entry: its paginator in botocore, if it has one. None if it does not page."""
    if input_ is None or output is None:
        return None
    return _of_entry(entry, input_, output) if entry else _of_shapes(input_, output)


def _of_entry(entry: Mapping[str, Any], input_: Shape, output: Shape) -> Paging | None:
    token, *others = _texts(entry["input_token"])
    given, *others_given = _texts(entry["output_token"])
    last_key = None
    if match := _LAST_KEY.fullmatch(given):
        last_key = (match["list"], match["key"])
        given = match["given"] or ""
    elif not all(map(_PATH.fullmatch, (given, *others_given))):
        return None
    shape = input_.members[token].shape if token in input_.members else None
    if shape is None or shape.type not in ("string", "map"):
        return None
    keys = _texts(entry.get("result_key", ()))
    shapes = {key: found for key in keys if _PATH.fullmatch(key) and (found := shape_at(output, key))}
    items = tuple(key for key, found in shapes.items() if found.type == "list")
    more = entry.get("more_results")
    return Paging(
        token=token,
        output_token=given or f"Next{token}",
        limit=entry.get("limit_key") or _limit(input_),
        more=more,
        items=items,
        further_tokens=tuple(zip(others, others_given, strict=True)),
        echo=_echo(token, given, output),
        last_key=last_key,
        counts=tuple(_counts(items, output)),
        is_cuttable=bool(items) and all(key in items or shapes[key].type == "integer" for key in shapes),
    )


def _of_shapes(input_: Shape, output: Shape) -> Paging | None:
    for token, member in input_.members.items():
        if member.shape.type != "string" or not _TOKEN.fullmatch(token):
            continue
        given = next((name for name in (*_next_names(token), token) if _is_string(output, name)), None)
        if given is None:
            continue
        items = _lists(output)
        return Paging(
            token=token,
            output_token=given,
            limit=_limit(input_),
            more=next((name for name in output.members if _MORE.fullmatch(name)), None),
            items=items,
            echo=_echo(token, given, output),
            counts=tuple(_counts(items, output)),
            is_cuttable=bool(items),
        )
    return None


def _next_names(token: str) -> tuple[str, str]:
    """The names of the output's token for one of the input, before its own: `pageToken` → `nextPageToken`."""
    capital = token[0].upper() + token[1:]
    return f"Next{capital}", f"next{capital}"


def _is_string(shape: Shape, name: str) -> bool:
    return name in shape.members and shape.members[name].shape.type == "string"


def _echo(token: str, given: str, output: Shape) -> str | None:
    """The member of the output that repeats the token of the request."""
    return token if token != given and _is_string(output, token) else None


def _limit(input_: Shape) -> str | None:
    numbers = (name for name, member in input_.members.items() if member.shape.type in ("integer", "long"))
    return next((name for name in numbers if _LIMIT.fullmatch(name)), None)


def _lists(output: Shape) -> tuple[str, ...]:
    """The lists of an output; if there is none, the one list in a structure of it."""
    if direct := tuple(name for name, member in output.members.items() if member.shape.type == "list"):
        return direct
    nested = [
        f"{name}.{inner}"
        for name, member in output.members.items()
        for inner, of in member.shape.members.items()
        if of.shape.type == "list"
    ]
    return tuple(nested) if len(nested) == 1 else ()


def _counts(items: Sequence[str], output: Shape) -> Iterator[str]:
    """The numbers beside the lists that count the items of a page."""
    for parent in dict.fromkeys(path.rpartition(".")[0] for path in items):
        shape = shape_at(output, parent) if parent else output
        for name, member in (shape.members if shape else {}).items():
            if name in _COUNTS and member.shape.type == "integer":
                yield f"{parent}.{name}" if parent else name


def _texts(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)

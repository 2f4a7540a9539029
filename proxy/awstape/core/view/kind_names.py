"""The kinds of real values (`core.redaction.value_kinds`), as people call them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache

from awstape.core.text.counting import count


@cache
def _nouns() -> Mapping[str, str]:
    from awstape.core.redaction.text.identifiers import KINDS  # not at the top: a listing has no real values to count

    return {kind.name: kind.noun or kind.name for kind in KINDS.values()}


def kind_name(kind: str) -> str:
    """What a kind of real value is called, as a noun in the singular."""
    words = kind.replace("-", " ")
    return _nouns().get(kind) or (words if words.endswith((" id", " name", " token")) else f"{words} name")


def count_kinds(numbers: Mapping[str, int]) -> str:
    """`2 account ids, 1 role name`. numbers: kind → number of values; kinds of one name are counted together."""
    by_name = Counter[str]()
    for kind, number in numbers.items():
        by_name[kind_name(kind)] += number
    return ", ".join(count(number, name) for name, number in sorted(by_name.items(), key=_in_any_case))


def _in_any_case(item: tuple[str, int]) -> str:
    return item[0].lower()

"""Numbers of things, in words."""

from __future__ import annotations

_ES = ("s", "x", "z", "ch", "sh")


def count(number: object, noun: str) -> str:
    """`1 page`, `3 pages`, `2 entities`, `5 IP addresses`."""
    return f"{number} {noun if number == 1 else _plural(noun)}"


def _plural(noun: str) -> str:
    if noun.endswith("y") and noun[-2:-1] not in tuple("aeiou"):
        return f"{noun[:-1]}ies"
    return f"{noun}{'es' if noun.endswith(_ES) else 's'}"

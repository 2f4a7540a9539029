"""Text that a terminal may be given.

What doesn't print is told by its number, `\\u001b`: no escape sequence of a cassette reaches a terminal, nothing turns
the direction of a line, and a line stays one.
"""

from __future__ import annotations

import json

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def printable(text: str) -> str:
    """The text, with what doesn't print spelled out."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _SHORT.get(c) or _escape(ord(c)) for c in text)


def printable_json(text: str) -> str:
    """A JSON text that says the same, printable; its lines stay."""
    lines = text.split("\n")
    if all(line.isprintable() for line in lines):
        return text
    return "\n".join("".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line) for line in lines)


def _escape(number: int) -> str:
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"

"""Makes text safe to display, on a terminal or in a browser.

Invisible characters are written as their code point, `\\u001b`: no escape sequence in a cassette reaches a terminal, no
character changes the direction of a line or hides in it, and one line stays one line.
"""

from __future__ import annotations

import json

_SHORT_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
#: Printable for Python, but invisible: fillers, a joiner and an empty Braille cell.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u2800\u3164\uffa0")


def printable(text: str) -> str:
    """The text with invisible characters escaped."""
    return text if is_printable(text) else "".join(c if is_printable(c) else _escape(c) for c in text)


def is_printable(text: str) -> bool:
    """Whether every character of a text is visible."""
    return text.isprintable() and _INVISIBLE.isdisjoint(text)


def printable_json(text: str) -> str:
    """An equal JSON text with invisible characters escaped; its line breaks stay."""
    lines = text.split("\n")
    if all(map(is_printable, lines)):
        return text
    return "\n".join("".join(c if is_printable(c) else json.dumps(c)[1:-1] for c in line) for line in lines)


def _escape(character: str) -> str:
    number = ord(character)
    return _SHORT_ESCAPES.get(character) or (f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}")

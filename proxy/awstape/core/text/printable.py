"""Text that people may be given, on a terminal or in a browser.

What can't be seen is told by its number, `\\u001b`: no escape sequence of a cassette reaches a terminal, nothing turns
the direction of a line or hides in it, and a line stays one.
"""

from __future__ import annotations

import json

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
#: Printable to Python, and nothing to see: fillers, a joiner and an empty Braille cell.
_BLANK = frozenset("\u034f\u115f\u1160\u2800\u3164\uffa0")


def printable(text: str) -> str:
    """The text, with what can't be seen spelled out."""
    return text if is_printable(text) else "".join(c if is_printable(c) else _spelled(c) for c in text)


def is_printable(text: str) -> bool:
    """Whether all of a text can be seen."""
    return text.isprintable() and _BLANK.isdisjoint(text)


def printable_json(text: str) -> str:
    """A JSON text that says the same, printable; its lines stay."""
    lines = text.split("\n")
    if all(map(is_printable, lines)):
        return text
    return "\n".join("".join(c if is_printable(c) else json.dumps(c)[1:-1] for c in line) for line in lines)


def _spelled(character: str) -> str:
    number = ord(character)
    return _SHORT.get(character) or (f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}")

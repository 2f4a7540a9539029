"""Parses documents that are written as awstape writes them, without PyYAML and several times as fast.

1. A plain document is a mapping in block style. Each member is in a line of its own, but a text of several lines, which
   is a literal block. Keys and other texts have no quotes, single ones, or double ones without escapes. The only
   brackets are `[]` and `{}`. Comments have lines of their own.
2. What is read here is what `core.cassette.yaml.parser` reads, value by value. Any other text is refused: one with
   anchors, tags, duplicate keys or another style, and every text with an error.
3. For an outline, the items of the lists in one column become empty mappings. They can be counted, and the lines below
   them are not parsed.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

from awstape.core.aws.model import Value
from awstape.core.cassette.yaml.documents import CHARACTERS_OF_A_VALUE, MAX_DEPTH, MAX_TEXT, MAX_VALUES
from awstape.core.text.lazy_pattern import lazy_pattern

#: Names of members that are kept to be shared.
_MOST_NAMES = 4096
#: Python refuses to read integers of more digits.
_MAX_DIGITS = 4300

#: Names as `aws:ResourceTag/team`, and texts in quotes. YAML has keys of up to 1,024 characters.
_KEY = r"[A-Za-z0-9_][\w./@+-]{0,99}+(?::[\w./@+-]{1,99}+){0,8}+|'[^'\n]{1,99}+'"
#: The end of a key before its value; a value may be on the lines that follow.
_COLON = r":(?: |(?=\n))"
_QUOTED = r"""'[^'\n]*+(?:''[^'\n]*+)*+'|"[^"\\\n]*+\""""
#: A text without quotes ends before `: ` and ` #`.
_UNQUOTED = r"-?[A-Za-z0-9_/.~+($\x80-\U0010ffff][^\n: ]*+(?:(?::(?![ \n])| (?![#\n]))[^\n: ]*+)*+"
#: The value in a line; nothing if it is on the lines that follow.
_SCALAR = rf"(?:{_UNQUOTED}|{_QUOTED}|\[\]|\{{\}}|)"
#: The lines of a literal block begin with the blanks that its first one begins with, or are empty.
_BLOCK = r"\|[-+]?\n( ++)[^ \n][^\n]*+(?:\n(?:\5[^\n]*+)?(?=\n))*+"
_COMMENTS = r"(?: *+(?:#[^\n]*+)?\n)*+"
#: A line, with the comments below it: its indentation, its dashes, its key, and its scalar or block. Otherwise, one
#: character, so that nothing is skipped.
_LINE = lazy_pattern(rf"( *+)((?:- )*+)(?:({_KEY}){_COLON})?({_SCALAR}|{_BLOCK})\n{_COMMENTS}|.", re.ASCII | re.DOTALL)
_BEGIN = lazy_pattern(rf"(?:---\n)?{_COMMENTS}")
_JSON_NUMBER = lazy_pattern(r"-?(?:0|[1-9]\d*)(?P<fraction>\.\d+)?(?P<exponent>[eE][+-]?\d+)?", re.ASCII)
_CONSTANTS: dict[str, Value] = {"": None, "~": None, "null": None, "true": True, "false": False}
#: The first characters of scalars without quotes that may be no texts.
_FIRST_OF_OTHERS = frozenset("-0123456789~ntf")

_Line = tuple[str, str, str, str, str]


def parse_plain(text: str, outlined: int | None = None) -> dict[str, Value] | None:
    """The value of a plain document, None for any other text. outlined: the column of the lists of an outline."""
    # Tabs, further ends of lines and what YAML does not allow are not printable.
    if not text.endswith("\n") or not text.replace("\n", "").isprintable():
        return None
    begin = _BEGIN.match(text)
    text = text[begin.end() :] if begin else text
    if outlined is not None:
        text = _items_in(outlined).sub(f"{' ' * outlined}- {{}}\n", text)
    lines: list[_Line] = _LINE.findall(text)
    if 2 * len(lines) > max(MAX_VALUES, len(text) // CHARACTERS_OF_A_VALUE):
        return None
    if len(text) > MAX_TEXT and any(len(line[3]) > MAX_TEXT for line in lines):
        return None
    try:
        return _build(lines) or None
    except _NotPlainError:
        return None


class _NotPlainError(ValueError):
    """Raised for lines that are no plain document."""


@cache
def _items_in(column: int) -> re.Pattern[str]:
    """The items in a column that have several lines."""
    line = rf"(?:- )*+(?:(?:{_KEY}){_COLON})?{_SCALAR}\n"
    block = rf"( {{{column + 1},}}+)(?:{_KEY}): \|[-+]?\n(\1 ++)[^ \n][^\n]*+\n(?:(?:\2[^\n]*+)?\n)*+"
    return re.compile(rf"^ {{{column}}}- {line}(?: {{{column + 1},}}+{line}|{block})++", re.ASCII | re.MULTILINE)


def _build(lines: list[_Line]) -> dict[str, Value]:
    """The value of lines. Raises _NotPlainError."""
    document: dict[str, Value] = {}
    open_: _Open = [(0, document)]
    waiting: Any = None  # for a value on the lines that follow: a mapping, whose member is `name`, or a list
    name = ""
    for indentation, dashes, key, scalar, blanks in lines:
        column = len(indentation)
        while open_[-1][0] > column:
            open_.pop()
        for _ in dashes[::2]:
            waiting = _list_at(column, open_, waiting, name)
            column += 2
        if key:
            mapping = _mapping_at(column, open_, waiting, name)
            name = _parse_key(key)
            if name in mapping:
                raise _NotPlainError
            mapping[name] = _parse_scalar(scalar, blanks, column) if scalar else None
            waiting = None if scalar else mapping
        elif scalar and dashes:
            waiting.append(_parse_scalar(scalar, blanks, column - 2))
            waiting = None
        else:
            raise _NotPlainError
    return document


@lru_cache(_MOST_NAMES)
def _parse_key(text: str) -> str:
    """The name that a key is. Equal names are one object: most of them come from a service model, many times."""
    return text[1:-1] if text[0] == "'" else text


_Open = list[tuple[int, Any]]
"""The collections that the next line may continue, each with its column."""


def _list_at(column: int, open_: _Open, waiting: Any, name: str) -> Any:
    """The list that a dash in a column continues or begins."""
    if open_[-1][0] != column or open_[-1][1].__class__ is not list:
        _begin([], column, open_, waiting, name)
    return open_[-1][1]


def _mapping_at(column: int, open_: _Open, waiting: Any, name: str) -> Any:
    """The mapping that a key in a column continues or begins."""
    if open_[-1][0] == column and open_[-1][1].__class__ is list:
        open_.pop()
    if open_[-1][0] != column:
        _begin({}, column, open_, waiting, name)
    return open_[-1][1]


def _begin(collection: Any, column: int, open_: _Open, waiting: Any, name: str) -> None:
    """Begins a collection as the value that is waited for."""
    if waiting is not open_[-1][1] or len(open_) >= MAX_DEPTH:
        raise _NotPlainError
    if waiting.__class__ is list:
        waiting.append(collection)
    else:
        waiting[name] = collection
    open_.append((column, collection))


def _parse_scalar(text: str, blanks: str, column: int) -> Value:
    """The value of a scalar or block. blanks: before the lines of a block. column: that its lines must be behind."""
    first = text[0]
    if first == "'":
        return text[1:-1].replace("''", "'")
    if first == '"':
        return text[1:-1]
    if first == "|":
        if len(blanks) <= column:
            raise _NotPlainError
        return _parse_block(text, blanks)
    if first in "[{":
        return [] if first == "[" else {}
    return parse_unquoted(text) if first in _FIRST_OF_OTHERS else text


def _parse_block(text: str, blanks: str) -> str:
    head, _, lines = text.partition("\n")
    content = f"\n{lines}\n".replace(f"\n{blanks}", "\n")[1:]
    return content if head == "|+" else content.rstrip("\n") + ("\n" if head == "|" else "")


def parse_unquoted(text: str) -> Value:
    """The value of a scalar without quotes: null, boolean and number as in JSON, anything else is text."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    match = _JSON_NUMBER.fullmatch(text)
    if not match:
        return text
    if not match["fraction"] and not match["exponent"]:
        return int(text) if len(text) < _MAX_DIGITS else text
    # The writer leaves text such as 1e5 without quotes, because in YAML 1.1 it is text.
    return float(text) if match["fraction"] and (not match["exponent"] or "+" in text or "-" in text[1:]) else text

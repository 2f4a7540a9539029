"""The comments in a YAML text, found exactly: what stands between the tokens and begins with `#`.

Lines are YAML 1.1's, which end at U+0085, U+2028 and U+2029 as well: those that the parser counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import yaml

_BREAKS = "\r\n\x85\u2028\u2029"
_BREAK = re.compile(f"\r\n|[{_BREAKS}]")
_COMMENT = re.compile(f"#[^{_BREAKS}]*")
_BLOCK_SCALAR = re.compile(f"[|>][^\\s#]*[ \t]+(#[^{_BREAKS}]*)")


@dataclass(frozen=True)
class Comment:
    """line: counted from 1. text: from the `#` on.

    is_alone: whether it is about what comes next, as nothing but `---` or `-` stands before it on its line. One between
    a key and its text is about the key.
    """

    line: int
    text: str
    is_alone: bool


def count_line_breaks(text: str) -> int:
    """How many lines end in a text."""
    return len(_BREAK.findall(text))


def find_comments(text: str) -> Iterator[Comment]:
    """Every comment, in order. Raises yaml.YAMLError for what is no YAML."""
    text = text.removeprefix("\ufeff")
    for token, after in pairwise(yaml.scan(text, Loader=yaml.CSafeLoader)):
        begin, end = token.start_mark.index, token.end_mark.index
        if isinstance(token, yaml.ScalarToken) and (match := _BLOCK_SCALAR.match(text, begin, end)):
            yield Comment(token.start_mark.line + 1, match[1].rstrip(), is_alone=False)
        is_of_key = isinstance(token, yaml.ValueToken) and isinstance(after, yaml.ScalarToken)
        line = token.end_mark.line + 1
        for match in _COMMENT.finditer(text, end, after.start_mark.index):
            line += count_line_breaks(text[end : match.start()])
            end = match.start()
            before = _BREAK.split(text[text.rfind("\n", 0, end) + 1 : end])[-1]
            yield Comment(line, match[0].rstrip(), not is_of_key and not before.strip(" \t-"))

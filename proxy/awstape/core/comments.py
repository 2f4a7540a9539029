"""The comments in a YAML text, found exactly: what stands between the tokens and begins with `#`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import yaml

_COMMENT = re.compile(r"#[^\r\n]*")
_BLOCK_SCALAR = re.compile(r"[|>][^\s#]*[ \t]+(#[^\r\n]*)")


@dataclass(frozen=True)
class Comment:
    """line: counted from 1. text: from the `#` on. is_alone: nothing else stands on its line, but for a `---`."""

    line: int
    text: str
    is_alone: bool


def comments(text: str) -> Iterator[Comment]:
    """Every comment, in order. Raises yaml.YAMLError for what is no YAML."""
    text = text.removeprefix("\ufeff")
    for token, after in pairwise(yaml.scan(text, Loader=yaml.CSafeLoader)):
        begin, end = token.start_mark.index, token.end_mark.index
        if isinstance(token, yaml.ScalarToken) and (match := _BLOCK_SCALAR.match(text, begin, end)):
            yield _comment(text, match.start(1), match[1])
        for match in _COMMENT.finditer(text, end, after.start_mark.index):
            yield _comment(text, match.start(), match[0])


def _comment(text: str, at: int, said: str) -> Comment:
    begin = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
    return Comment(text.count("\n", 0, at) + 1, said.rstrip(), text[begin:at].strip() in ("", "---"))

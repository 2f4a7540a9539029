"""Finds the comments in a YAML text, and re-attaches them to a text written anew.

1. A comment begins with `#` and is between two tokens of the YAML scanner.
2. A comment behind something on its line is about the last thing before it; a comment on a line of its own is about the
   first thing after it, or about the end of its document.
3. Lines are those of YAML 1.1, as the parser counts them: they also end at U+0085, U+2028 and U+2029.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

import yaml

from awstape.core.aws.member_paths import Path
from awstape.core.cassette.yaml.documents import BREAK, BREAKS
from awstape.core.text.lazy_pattern import lazy_pattern

#: A path that is in no document.
GONE: Path = ("",)

_COMMENT = lazy_pattern(f"#[^{BREAKS}]*")
_BLOCK_SCALAR = lazy_pattern(f"[|>][^\\s#]*[ \t]+(#[^{BREAKS}]*)")


class Comment(NamedTuple):
    """A comment. line: counted from 1. text: from the `#` on.

    is_alone: whether it is about what follows: only `---` or `-` precede it on its line. A comment between a key and
    its value is about the key.
    """

    line: int
    text: str
    is_alone: bool


def find_comments(text: str) -> Iterator[Comment]:
    """Every comment, in order. Raises yaml.YAMLError for a text that is not YAML, unless it has no `#`."""
    if "#" not in text:
        return
    text = text.removeprefix("\ufeff")
    for token, after in pairwise(yaml.scan(text, Loader=yaml.CSafeLoader)):
        begin, end = token.start_mark.index, token.end_mark.index
        if isinstance(token, yaml.ScalarToken) and (match := _BLOCK_SCALAR.match(text, begin, end)):
            yield Comment(token.start_mark.line + 1, match[1].rstrip(), is_alone=False)
        is_of_key = isinstance(token, yaml.ValueToken) and isinstance(after, yaml.ScalarToken)
        line, line_begin = token.end_mark.line + 1, end - token.end_mark.column
        for match in _COMMENT.finditer(text, end, after.start_mark.index):
            for line_break in BREAK.finditer(text, end, match.start()):
                line, line_begin = line + 1, line_break.end()
            end = match.start()
            before = text[line_begin:end]
            yield Comment(line, match[0].rstrip(), not is_of_key and not before.strip(" \t-"))


def map_comments(
    comments: Iterable[Comment], lines: Mapping[Path, int], new_paths: Mapping[Path, Path]
) -> Iterator[tuple[Comment, Path | None]]:
    """Each comment of a document with the path that it is about in the new document.

    lines: the line of each path in the old document. new_paths: old path → new path. The path is None for the end of
    the document, and `GONE` if the place is not in the new document.
    """
    begins = defaultdict[int, list[Path]](list)
    for path, line in lines.items():
        begins[line].append(path)
    numbers = sorted(begins)
    for comment in comments:
        at = bisect_right(numbers, comment.line)
        if comment.is_alone and at == len(numbers):
            yield comment, None
            continue
        if comment.is_alone:
            path = min(begins[numbers[at]], key=lambda path: (not path, len(path)))
        else:
            path = max(begins[numbers[at - 1]], key=len)
        while path not in new_paths and lines.get(path[:-1]) == lines[path]:
            path = path[:-1]  # its parent begins on the same line
        yield comment, new_paths.get(path, GONE)

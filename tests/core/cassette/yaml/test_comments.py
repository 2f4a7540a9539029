"""Comments in a YAML text are found exactly."""

from __future__ import annotations

import pytest

from awstape.core.cassette.yaml.comments import Comment, find_comments

TEXT = """\
# top
version: 1  # one
# before
---  # at the mark
service: iam # a # in it
a: |  # at a block
  text # none

  more
# after a block
b: 'x # none'
c: "y # none
  # none" # yes
d: [1, # in a flow
 2]
e#f: g#h
- é: ü # ü 😀
# end"""
BREAKS = """a: 'x\u2028 y' # a\u2028# b\x85c: # c
  d
e: \t # e\r# f\r\n# g
  - # h
    i
"""


def test_comments_are_found_exactly() -> None:
    text = TEXT.replace("- é", "é")
    assert list(find_comments(text)) == [
        Comment(1, "# top", True),
        Comment(2, "# one", False),
        Comment(3, "# before", True),
        Comment(4, "# at the mark", True),
        Comment(5, "# a # in it", False),
        Comment(6, "# at a block", False),
        Comment(10, "# after a block", True),
        Comment(13, "# yes", False),
        Comment(14, "# in a flow", False),
        Comment(17, "# ü 😀", False),
        Comment(18, "# end", True),
    ]


@pytest.mark.parametrize("text", ["", "# alone", "a: 1", "\ufeff# after a byte order mark\na: 1", "a: 1\r\n# b\r\n"])
def test_odd_texts(text: str) -> None:
    assert [comment.text for comment in find_comments(text)] == [
        line for line in text.removeprefix("\ufeff").splitlines() if line.startswith("#")
    ]


def test_lines_are_those_that_the_parser_counts() -> None:
    assert list(find_comments(BREAKS)) == [
        Comment(2, "# a", False),
        Comment(3, "# b", True),
        Comment(4, "# c", False),
        Comment(6, "# e", False),
        Comment(7, "# f", True),
        Comment(8, "# g", True),
        Comment(9, "# h", True),
    ]

"""Comments in a YAML text: found exactly."""

from __future__ import annotations

import pytest

from awstape.core.comments import Comment, comments

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


def test_comments_are_found_exactly() -> None:
    text = TEXT.replace("- é", "é")
    assert list(comments(text)) == [
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
    assert [comment.text for comment in comments(text)] == [
        line for line in text.removeprefix("\ufeff").splitlines() if line.startswith("#")
    ]

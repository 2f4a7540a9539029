"""`# awstape: allow REASON` keeps one value; a comment that allows nothing is a finding."""

from __future__ import annotations

import pytest

from awstape.core.check.findings import check_text
from support.exchanges import MODELS

TEXT = """version: 1
---
service: iam
operation: GetRole
identity: {RoleName: alias-Tsr76sms7l}
pages:
- output:
    Role:
      RoleName: alias-Tsr76sms7l
      Description: |
        two lines

        ask 314159265358
      Path: /
"""
WHY = "# awstape: allow the number of a ticket"


def findings(old: str, new: str) -> list[tuple[int, str, str]]:
    assert TEXT.count(old) == 1
    return [(found.line, found.kind, found.problem) for found in check_text(TEXT.replace(old, new), MODELS)]


def test_without_a_comment_it_is_found() -> None:
    assert findings("two", "two") == [(13, "account", "")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Description: |\n", f"Description: |  {WHY}\n"),
        ("      Description: |\n", f"      {WHY}\n      Description: |\n"),
        ("      Description: |\n", f"      {WHY}\n\n      # of ours\n      Description: |\n"),
        ("      Description: |\n", "      Description: |  #awstape: allow: a ticket\n"),
    ],
)
def test_a_value_with_a_reason_is_kept(old: str, new: str) -> None:
    assert findings(old, new) == []


def test_it_is_one_value() -> None:
    new = f"Path: /\n      Arn: arn:aws:iam::314159265358:role/alias-Tsr76sms7l  {WHY}\n"
    assert findings("Path: /\n", new) == [(13, "account", "")]


@pytest.mark.parametrize("comment", ["# awstape: allow", "# awstape: allow: "])
def test_without_a_reason_nothing_is_allowed(comment: str) -> None:
    assert findings("Description: |\n", f"Description: |  {comment}\n") == [
        (10, "allow", "it allows nothing: it has no reason"),
        (13, "account", ""),
    ]


@pytest.mark.parametrize("line", ["Path: /", "RoleName: alias-Tsr76sms7l\n"])
def test_a_comment_that_allows_nothing_is_found(line: str) -> None:
    old = "Path: /\n" if line.startswith("Path") else "      RoleName: alias-Tsr76sms7l\n"
    new = old.replace("\n", f"  {WHY}\n")
    number = TEXT[: TEXT.index(old)].count("\n") + 1
    found = check_text(TEXT.replace(old, new).replace("314159265358", "her"), MODELS)
    assert [(each.line, each.kind, each.level) for each in found] == [(number, "allow", "error")]


def test_the_reason_itself_is_searched() -> None:
    assert findings("Description: |\n", f"Description: |  {WHY}, not 271828182845\n") == [(10, "account", "")]


def test_in_a_text_that_is_not_yaml_nothing_is_allowed() -> None:
    found = findings("Description: |\n", f"Description: |  {WHY}\n  - }}\n")
    assert (14, "account", "") in found

"""Values that look real and are no findings, since the project keeps them or a comment allows them: all are listed."""

from __future__ import annotations

import pytest

from awstape.core.check.findings import review_file_name, review_text
from awstape.core.redaction.project_rules import NO_RULES, Rules
from support.exchanges import MODELS

ROLE = """version: 1
---
service: iam
operation: GetRole
identity: {RoleName: vogel-x7}
pages:
- output:
    Role:
      Arn: arn:aws:iam::314159265358:role/vogel-x7
      Description: of 3141-5926-5358
      # 314159265358
"""
KEEP = Rules(keep=("314159265358", "vogel-*"))
Kept = set[tuple[str, str, str, int]]


def kept_in(text: str, rules: Rules) -> Kept:
    return {(each.kept_by, each.kind, each.place, each.line) for each in review_text(text, MODELS, rules).kept}


def test_each_value_that_a_glob_keeps_is_listed_where_it_is() -> None:
    assert review_text(ROLE, MODELS, KEEP).findings == ()
    assert kept_in(ROLE, KEEP) == {
        ("keep", "role", "iam GetRole identity.RoleName", 5),
        ("keep", "account", "iam GetRole Role.Arn", 9),
        ("keep", "role", "iam GetRole Role.Arn", 9),
        ("keep", "account", "iam GetRole Role.Description", 10),
        ("keep", "account", "a comment", 11),
    }


def test_of_two_values_in_one_text_the_kept_one_is_listed_and_the_other_found() -> None:
    review = review_text(ROLE, MODELS, Rules(keep=("vogel-*",)))
    assert {(each.kind, each.value) for each in review.kept} == {("role", "vogel-x7")}
    assert {found.kind for found in review.findings} == {"account"}


def test_names_that_all_are_kept_are_listed() -> None:
    rules = Rules(keep=("314159265358",), keep_names=True)
    assert {each[:2] for each in kept_in(ROLE, rules)} == {("keep", "account"), ("keep-names", "role")}


@pytest.mark.parametrize("name", ["alias-Tsr76sms7l", "AWSServiceRoleForSupport", "ReadOnlyRole"])
def test_what_would_stay_anyway_is_not_listed(name: str) -> None:
    text = ROLE.replace("vogel-x7", name).replace("314159265358", "111122223333").replace("3141-5926-5358", "her")
    assert kept_in(text, Rules(keep=("*e*", "*a*", "111*"), keep_names=True)) == set()


@pytest.mark.parametrize("rules", [NO_RULES, Rules(mask_members=(("Description",),))])
def test_without_such_rules_nothing_is_kept(rules: Rules) -> None:
    assert kept_in(ROLE, rules) == set()


def test_a_comment_that_allows_a_value_is_listed_with_its_reason() -> None:
    text = ROLE.replace("5358\n      #", "5358  # awstape: allow a ticket's number\n      #")
    (allowed,) = [each for each in review_text(text, MODELS).kept if each.reason]
    assert (allowed.reason, allowed.kind, allowed.line) == ("a ticket's number", "account", 10)


def test_a_reason_that_looks_real_is_not_shown() -> None:
    text = ROLE.replace("5358\n      #", "5358  # awstape: allow 271828182845\n      #")
    assert [each.reason for each in review_text(text, MODELS).kept] == ["its reason looks real and is not shown"]


def test_without_exceptions_all_are_findings() -> None:
    text = ROLE.replace("5358\n      #", "5358  # awstape: allow a ticket's number\n      #")
    review = review_text(text, MODELS, KEEP, exceptions=False)
    assert review.kept == ()
    assert {found.line for found in review.findings} == {5, 9, 10, 11}


def test_a_kept_name_of_a_file_is_listed() -> None:
    review = review_file_name(["of-314159265358"], KEEP)
    assert (review.findings, [(each.kind, each.place) for each in review.kept]) == (
        (),
        [("account", "the file's name")],
    )

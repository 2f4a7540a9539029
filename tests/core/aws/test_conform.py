"""Suggestions for misspelt names."""

from __future__ import annotations

import pytest

from awstape.catalog.service_models import load_models
from awstape.core.aws.conform import did_you_mean

OPERATIONS = load_models().services["iam"].operations


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("ListPolicys", "ListPolicies"),
        ("ListPolicysGrantingServiceAccess", "ListPoliciesGrantingServiceAccess"),
        ("GetPolicies", "GetPolicy"),
        ("listroles", "ListRoles"),
        ("ListRole", "ListRoles"),
        ("LisRoles", "ListRoles"),
        ("ListPolicyTag", "ListPolicyTags"),
    ],
)
def test_a_name_in_the_wrong_number_or_case_is_the_one_that_is_meant(written: str, meant: str) -> None:
    assert did_you_mean(written, OPERATIONS) == f"; did you mean {meant}?"


@pytest.mark.parametrize("name", OPERATIONS)
def test_no_operation_stands_for_another(name: str) -> None:
    assert did_you_mean(name, OPERATIONS) == f"; did you mean {name}?"


def test_a_strange_word_has_no_suggestion() -> None:
    assert did_you_mean("xyzzy", OPERATIONS) == ""

"""The texts that stay readable in a cassette, by place."""

from __future__ import annotations

import pytest

from awstape.core.check.findings import review_text
from awstape.core.redaction.project_rules import Rules
from support.exchanges import MODELS

HEAD = "version: 1\n---\nservice: iam\noperation: GetRole\nidentity: {RoleName: alias-Tsr76sms7l}\npages:\n"


def texts_in(text: str, rules: Rules | None = None) -> list[tuple[str, str, int]]:
    review = review_text(text, MODELS, rules) if rules else review_text(text, MODELS)
    return [(found.place, found.text, found.line) for found in review.texts]


def in_role(members: str, rules: Rules | None = None) -> list[tuple[str, str, int]]:
    return texts_in(f"{HEAD}- output:\n    Role:\n      RoleName: alias-Tsr76sms7l\n      {members}\n", rules)


def test_every_text_has_its_place_and_line() -> None:
    document = (
        '{"Statement": [{"Sid": "Ours", "Effect": "Allow", "Action": "sts:AssumeRole", '
        '"Principal": {"Service": "ec2.amazonaws.com"}}]}'
    )
    members = f"Description: of alias-Tsr76sms7l, ask Bob\n      AssumeRolePolicyDocument: '{document}'"
    assert in_role(f"{members}\n      Tags: [{{Key: team, Value: v1}}]") == [
        ("iam GetRole Role.Description", "of alias-Tsr76sms7l, ask Bob", 10),
        ("iam GetRole Role.AssumeRolePolicyDocument", "Ours", 11),
        ("iam GetRole Role.Tags[].Key", "team", 12),
        ("iam GetRole Role.Tags[].Value", "v1", 12),
    ]


@pytest.mark.parametrize(
    "members",
    [
        "Description: alias-Tsr76sms7l",
        "Description: arn:aws:iam::000611752023:role/alias-Tsr76sms7l",
        "Description: 000611752023 / alias-6t2tt7lm7l@example.com",
        "Description: ''",
        "Description: '42'",
        "Description: 'true'",
        "Description: ec2.amazonaws.com",
        "CreateDate: '2016-08-23T19:23:16Z'",
        "MaxSessionDuration: 3600",
        "PermissionsBoundary: {PermissionsBoundaryType: PermissionsBoundaryPolicy}",
        "Path: /",
    ],
)
def test_aliases_and_public_vocabulary_are_not_listed(members: str) -> None:
    assert in_role(members) == []


def test_errors_are_listed_by_their_message() -> None:
    error = "{status: 404, code: NoSuchEntity, message: The role is gone., members: {Type: Sender}}"
    assert texts_in(f"{HEAD}- error: {error}\n") == [("iam GetRole error.message", "The role is gone.", 7)]


def test_the_keys_of_maps_are_no_part_of_the_place() -> None:
    text = (
        "version: 1\n---\nservice: accessanalyzer\noperation: GetAnalyzer\nregion: eu-west-1\n"
        "identity: {analyzerName: alias-Tsr76sms7l}\npages:\n- output: {analyzer: {tags: {cost: x9}}}\n"
    )
    assert texts_in(text) == [
        ("accessanalyzer GetAnalyzer analyzer.tags.*", "cost", 8),
        ("accessanalyzer GetAnalyzer analyzer.tags.*", "x9", 8),
    ]


def test_a_name_that_a_rule_keeps_is_listed() -> None:
    text = HEAD.replace("alias-Tsr76sms7l", "demo") + "- output: {Role: {RoleName: demo}}\n"
    assert texts_in(text, Rules(keep=("demo",))) == [
        ("iam GetRole identity.RoleName", "demo", 5),
        ("iam GetRole Role.RoleName", "demo", 7),
    ]

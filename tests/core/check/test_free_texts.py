"""The texts that stay readable in a cassette, by place."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.check.findings import review_text
from support.exchanges import MODELS

HEAD = "version: 1\n---\nservice: iam\noperation: GetRole\nidentity: {RoleName: alias-Tsr76sms7l}\npages:\n"


def texts_in(text: str) -> list[tuple[str, str, int]]:
    return [(found.place, found.text, found.line) for found in review_text(text, MODELS).texts]


def in_role(members: str) -> list[tuple[str, str, int]]:
    return texts_in(f"{HEAD}- output:\n    Role:\n      RoleName: alias-Tsr76sms7l\n      {members}\n")


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


# --- what looks like vocabulary, and may be a customer's ---


@pytest.mark.parametrize(
    "value",
    ["884177", "185000", "1974-03-02", "2024-88213", "12:30", "42", "true", "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"],
)
def test_every_value_of_a_tag_is_listed(value: str) -> None:
    listed = in_role(f"Tags: [{{Key: pin, Value: '{value}'}}]")
    assert [text for place, text, _ in listed if place.endswith("Value")] == [value]


@given(st.text("abz0179 -.:/_=+@", min_size=1, max_size=30) | st.sampled_from(["token", "page-2.abcd", "AWS", "Code"]))
def test_whatever_the_value_of_a_tag_is_it_is_listed(value: str) -> None:
    listed = [
        text for place, text, _ in in_role(f"Tags: [{{Key: pin, Value: {json.dumps(value)}}}]") if "Value" in place
    ]
    assert listed == [value] or not any(map(str.isalnum, value))


def test_every_value_of_a_tag_is_listed_in_services_without_rules_of_their_own() -> None:
    text = (
        "version: 1\n---\nservice: ec2\noperation: DescribeTags\nregion: eu-west-1\nidentity: {}\npages:\n"
        "- output: {Tags: [{Key: pin, Value: '884177'}, {Key: ok, Value: 'true'}]}\n"
    )
    assert [text for _, text, _ in texts_in(text)] == ["pin", "884177", "ok", "true"]


@pytest.mark.parametrize(
    ("member", "value"),
    [("Description", "42"), ("Description", "1974-03-02"), ("RoleName", "1974"), ("Unknown", "884177")],
)
def test_numbers_and_dates_are_listed_in_every_place(member: str, value: str) -> None:
    text = f"{HEAD}- output:\n    Role:\n      {member}: '{value}'\n  unmodelled: [Role.Unknown]\n"
    assert ("iam GetRole Role." + member.replace("Unknown", "*"), value, 9) in texts_in(text)


def test_of_a_policy_what_a_customer_chose_is_listed() -> None:
    condition = (
        '{"StringEquals": {"aws:PrincipalTag/salary-band": "7", "aws:SourceVpce": "*"}, "Bool": '
        '{"aws:SecureTransport": "true"}, "NumericEquals": {"aws:ResourceTag/pin": "884177", "s3:max-keys": "10"}}'
    )
    document = f'{{"Statement": [{{"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {condition}}}]}}'
    listed = [text for _, text, _ in in_role(f"AssumeRolePolicyDocument: '{document}'")]
    assert listed == ["aws:PrincipalTag/salary-band", "7", "aws:ResourceTag/pin", "884177"]


def test_of_other_documents_keys_and_numbers_are_listed() -> None:
    listed = in_role("""Description: '{"Bob": 884177, "x": [true]}'""")
    assert [text for _, text, _ in listed] == ["Bob", "884177", "x"]


def test_comments_are_listed() -> None:
    found = in_role("Path: /  # Bob's pin is 884177\n      # awstape: allow nothing")
    assert found == [("a comment", "Bob's pin is 884177", 10)]


def test_texts_of_the_write_before_a_take_are_listed() -> None:
    identity = "{Description: of Bob, RoleName: alias-Tsr76sms7l}"
    after = f"after: {{service: iam, operation: CreateRole, identity: {identity}, take: 1}}\n"
    text = HEAD.replace("pages:\n", f"{after}pages:\n") + "- output: {Role: {Path: /}}\n"
    assert texts_in(text) == [("iam GetRole after.identity", "of Bob", 6)]

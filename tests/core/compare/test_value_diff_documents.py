"""Policy documents and other JSON in texts: compared by their meaning, changes named by their path."""

from __future__ import annotations

import json

import pytest

from awstape.core.aws.model import Value
from awstape.core.compare.change_lines import change_lines
from awstape.core.compare.value_diff import diff_values

ALLOW = '{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}'
OTHERS = '{"Effect": "Deny", "NotAction": ["s3:*"], "NotResource": ["a", "b"]}'
DENY = '{"Effect": "Deny", "Action": ["s3:*"], "Resource": ["a", "b"]}'


def policy(*statements: str, version: str = "2012-10-17") -> str:
    return f'{{"Version": "{version}", "Statement": [{", ".join(statements)}]}}'


def diff_text(old: str, new: str) -> list[str]:
    return [line.removeprefix("  ") for line in list(change_lines(diff_values(old, new, None, ("Document",))))[1:]]


def with_condition(value: str) -> str:
    return policy(f'{{"Effect": "Allow", "Condition": {{"StringEquals": {{"aws:k": {value}}}}}}}')


def with_principal(value: str) -> str:
    return policy(f'{{"Effect": "Allow", "Principal": {value}}}')


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (policy(ALLOW, DENY), json.dumps(json.loads(policy(ALLOW, DENY)), indent=4)),
        (policy(ALLOW), '{"Statement": [' + ALLOW + '], "Version": "2012-10-17"}'),
        (policy(ALLOW, DENY), policy(DENY, ALLOW)),
        (policy(ALLOW), f'{{"Version": "2012-10-17", "Statement": {ALLOW}}}'),
        (policy(ALLOW), policy(ALLOW.replace('"s3:GetObject"', '["s3:GetObject"]'))),
        (policy(DENY), policy(DENY.replace('"a", "b"', '"b", "a"'))),
        (policy(DENY), policy(DENY.replace('"a", "b"', '"b", "a", "b"'))),
        (policy(OTHERS), policy(OTHERS.replace('["s3:*"]', '"s3:*"').replace('"a", "b"', '"b", "a"'))),
        (with_condition('["a", "b"]'), with_condition('["b", "a"]')),
        (with_condition('["a"]'), with_condition('"a"')),
        (
            with_principal('{"AWS": ["a", "b"], "Service": "c"}'),
            with_principal('{"Service": ["c"], "AWS": ["b", "a"]}'),
        ),
        ('{"a": "\\u00e4", "b": 1}', '{ "b":1, "a":"ä" }'),
    ],
)
def test_documents_of_the_same_meaning(old: str, new: str) -> None:
    assert diff_text(old, new) == []
    assert list(diff_values([old], [new], None)) == [], "as items of a list, too"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (policy(ALLOW), policy(ALLOW, version="2008-10-17"), ['~ Document.Version: "2012-10-17" → "2008-10-17"']),
        (policy(ALLOW), policy(ALLOW, DENY), [f"+ Document.Statement[1]: {DENY}"]),
        (
            policy(ALLOW, DENY),
            policy(DENY, ALLOW.replace('"s3:GetObject"', '["s3:PutObject", "s3:GetObject"]')),
            ['+ Document.Statement[1].Action: "s3:PutObject"'],
        ),
        (
            policy(DENY),
            policy(DENY.replace('"b"', '"c"')),
            ['- Document.Statement[0].Resource: "b"', '+ Document.Statement[0].Resource: "c"'],
        ),
        (
            policy(ALLOW.replace("{", '{"Sid": "Read", '), DENY),
            policy(DENY, '{"Sid": "Read", "Effect": "Deny", "NotAction": "a"}'),
            [
                '~ Document.Statement[Read].Effect: "Allow" → "Deny"',
                '- Document.Statement[Read].Action: ["s3:GetObject"]',
                '- Document.Statement[Read].Resource: ["*"]',
                '+ Document.Statement[Read].NotAction: ["a"]',
            ],
        ),
        (
            with_condition('"a"'),
            with_condition('["a", "b"]'),
            ['+ Document.Statement[0].Condition.StringEquals.aws:k: "b"'],
        ),
        (
            with_condition("true"),
            with_condition("1"),
            [
                "- Document.Statement[0].Condition.StringEquals.aws:k: true",
                "+ Document.Statement[0].Condition.StringEquals.aws:k: 1",
            ],
        ),
        (
            with_principal('"*"'),
            with_principal('{"AWS": "*"}'),
            ['~ Document.Statement[0].Principal: "*" → {"AWS": ["*"]}'],
        ),
        ('{"list": [1, 2]}', '{"list": [2, 1]}', ["~ Document.list: in another order"]),
        ('{"a": true}', '{"a": 1}', ["~ Document.a: true → 1"]),
    ],
)
def test_documents_that_differ(old: str, new: str, expected: list[str]) -> None:
    assert diff_text(old, new) == expected


DEEP = '{"a": ' * 70 + "1" + "}" * 70


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (policy(ALLOW), "no policy"),
        (policy(ALLOW), policy(ALLOW)[:-1]),
        ('{"a": 1, "a": 2}', '{"a": 3, "a": 2}'),
        ("[1, 2]", "[1,2]"),
        (DEEP, DEEP.replace(" ", "")),
        ('{"a": ' * 100_000, '{"b": ' * 100_000),
        ('{"a": ' + "1" * 5000 + "}", '{"a":' + "1" * 5000 + "}"),
    ],
    ids=["no JSON", "cut off", "a key twice", "no object", "deep", "too deep for Python", "a long number"],
)
def test_other_texts_are_compared_as_texts(old: str, new: str) -> None:
    (change,) = diff_values(old, new, None)
    assert (change.before, change.after) == (old, new)


def test_a_policy_replaced_by_another_document() -> None:
    value: list[Value] = [change.after for change in diff_values(policy(ALLOW), '{"Other": 1}', None)]
    assert value == [None, None, 1]

"""Policy documents: what is public in a place stays to the letter, what is private in another becomes an alias."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import given
from moto.iam.aws_managed_policies import aws_managed_policies_data

from awstape.core.redaction.alias_grammar import is_alias
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.text.free_text import redact_text
from support.exchanges import ACCOUNT, KEY
from support.strategies import few, made

PUBLIC_ARN = "arn:aws:iam::aws:policy/ReadOnlyAccess"


def redact(document: Any) -> Any:
    return json.loads(redact_text(json.dumps(document), Aliases(KEY)))


def statement(**elements: Any) -> dict[str, Any]:
    return {"Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"} | elements]}


def redact_element(name: str, value: Any) -> Any:
    return redact(statement(**{name: value}))["Statement"][0][name]


def redact_condition(key: str, value: Any, operator: str = "StringLike") -> Any:
    ((_, redacted),) = redact_element("Condition", {operator: {key: value}})[operator].items()
    return redacted


# --- AWS's own policies -----------------------------------------------------------------------------------------


@cache
def managed() -> dict[str, str]:
    found = {name: json.dumps(each["Document"]) for name, each in json.loads(aws_managed_policies_data).items()}
    assert len(found) > 1_000
    return found


def literals(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield f"{place} key", key
            yield from literals(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from literals(item, place)
    else:
        yield place, str(value)


def test_nothing_but_a_few_arns_is_altered_in_managed_policies() -> None:
    aliases, altered = Aliases(KEY), set()
    for name, document in managed().items():
        redacted = redact_text(document, aliases)
        if redacted != document:
            pairs = zip(literals(json.loads(document)), literals(json.loads(redacted)), strict=True)
            altered |= {(name, *old) for old, new in pairs if new != old and not old[1].startswith("arn:")}
    assert altered == set()


# --- one string, public in one place and private in another -----------------------------------------------------


def test_an_action_stays_and_a_name_that_is_spelled_like_it_does_not() -> None:
    action = "mgn:GetChannelCommandsForMgn"
    assert redact_element("Action", [action, "iam:PassRole"]) == [action, "iam:PassRole"]
    assert redact_element("NotAction", action) == action
    assert is_alias(redact_condition("sts:ExternalId", "iam:PassRole"))
    assert is_alias(redact_condition("aws:username", "iam:PassRole"))


def test_true_stays_and_another_value_of_a_secret_s_tag_does_not() -> None:
    for operator in ("Bool", "BoolIfExists", "ForAllValues:Bool", "Null"):
        assert redact_condition("aws:ResourceTag/Secret", "true", operator) == "true"
    for tag in ("IsAppStudioSecret", "Secret", "SecretsRotation"):
        assert redact_condition(f"aws:ResourceTag/{tag}", "true", "StringEquals") == "true"
    assert is_alias(redact_condition("aws:ResourceTag/Secret", "truth", "StringEquals"))
    assert is_alias(redact_condition("aws:ResourceTag/IsAppStudioSecret", "hunter22", "StringEquals"))


def test_a_service_principal_stays_and_a_user_of_that_name_does_not() -> None:
    principal = "ec2.eu-west-1.amazonaws.com"
    assert redact_element("Principal", {"Service": principal}) == {"Service": principal}
    assert redact_condition("kms:ViaService", principal) == principal
    assert redact_condition("iam:PassedToService", ["s3.*.amazonaws.com"]) == ["s3.*.amazonaws.com"]
    assert is_alias(redact_condition("aws:username", principal))
    assert is_alias(redact_element("Principal", {"Service": "billing-of-corp"})["Service"])


def test_a_word_of_a_provider_stays_and_a_session_of_that_name_does_not() -> None:
    assert redact_condition("x:sub", "repo:*:environment:*") == "repo:*:environment:*"
    assert is_alias(redact_condition("sts:RoleSessionName", "environment"))


def test_a_wildcard_range_stays_and_a_part_of_it_does_not() -> None:
    for key in ("aws:SourceIp", "aws:VpcSourceIp"):
        assert redact_condition(key, "10.0.0.0/8", "IpAddress") == "10.0.0.0/8"
        assert is_alias(redact_condition(key, "10.20.0.0/16", "NotIpAddressIfExists"))


def test_a_statement_that_is_a_text_makes_no_policy() -> None:
    document = {"Statement": "SELECT", "Sid": "bob@corp.example", "Condition": {"StringEquals": "x"}}
    redacted = redact(document)
    assert redacted == document | {"Sid": redacted["Sid"]} and is_alias(redacted["Sid"])


SECRETS = """
wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzExamples1
180aada35e088c7713c6f2fa78f25fa4b30a1c34
kYgzLHKUDLxfsX7gL1ftIzkZoiuejbBA
""".split()


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_has_the_form_of_no_word(secret: str) -> None:
    for name in ("Sid", "Effect", "Action", "Principal", "Resource"):
        assert redact_element(name, secret) != secret
    assert redact({"Version": secret, **statement()})["Version"] != secret
    assert secret not in json.dumps(redact(statement(Condition={secret: {"aws:username": "*"}})))
    assert secret not in json.dumps(redact(statement(Condition={"Bool": {"aws:SecureTransport": secret}})))


# --- elements ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sid", ["VisualEditor0", "AllowS3", "AnalyzerEC2ResourceSgTag", "S3GetActionConditionalTagAndADX"]
)
def test_words_of_an_author_stay(sid: str) -> None:
    assert redact_element("Sid", sid) == sid
    assert redact({"Id": sid, **statement()})["Id"] == sid


@pytest.mark.parametrize(
    "token", ["3TtwbcrPUUdWuluhpkHgubKAhESmNyXi", "KqxzvtbcdrWpgmklHnstTbvcxzLq", "RtbcdfGhjklMnpqrsTvwxzBcdfgH"]
)
def test_a_sid_without_words_is_a_secret(token: str) -> None:
    """Letters in rows are no words if nobody can say them."""
    assert redact_element("Sid", token) == Aliases(KEY).secret("secret", token)


def test_a_sid_may_hold_the_option_of_a_command() -> None:
    assert re.fullmatch("run --token <alias-.*>", redact_element("Sid", "run --token oo4cjkAAWRHDECmG"))


@pytest.mark.parametrize("text", [f"Account{ACCOUNT}", "bob@corp.example", "AIDAEXAMPLEID1234567"])
def test_identifiers_go_whatever_their_place(text: str) -> None:
    for document in (
        {"Id": text, **statement()},
        *(statement(**{name: text}) for name in ("Sid", "Effect", "Action", "Resource", "Principal", "Other")),
        statement(Condition={text: {"aws:username": "*"}}),
        statement(Condition={"StringEquals": {f"aws:ResourceTag/{text}": "*"}}),
        statement(Condition={"StringEquals": {"aws:ResourceTag/x": text}}),
        statement(Condition={"Bool": {"aws:SecureTransport": text}}),
    ):
        assert text.removeprefix("Account") not in json.dumps(redact(document))


def test_principals_go_by_their_type() -> None:
    redacted = redact_element(
        "Principal",
        {
            "AWS": [ACCOUNT, "*", f"arn:aws:iam::{ACCOUNT}:root", "AROAEXAMPLEID1234567"],
            "CanonicalUser": "0123456789abcdef" * 4,
            "Federated": ["login.corp.example", f"arn:aws:iam::{ACCOUNT}:saml-provider/corp"],
        },
    )
    account, anyone, root, unique = redacted["AWS"]
    assert is_alias(account) and anyone == "*" and is_alias(unique)
    assert root == f"arn:aws:iam::{account}:root"
    assert is_alias(redacted["CanonicalUser"])
    assert "corp" not in json.dumps(redacted)
    assert redact_element("NotPrincipal", "*") == "*"


def test_elements_count_in_any_letters_and_single_values_are_lists_of_one() -> None:
    document = {"statement": {"EFFECT": "Allow", "action": "mgn:GetChannelCommandsForMgn", "RESOURCE": PUBLIC_ARN}}
    assert redact(document) == document


def test_policies_within_other_documents_are_policies() -> None:
    action = "mgn:GetChannelCommandsForMgn"
    inner = statement(Action=action, Condition={"StringEquals": {"sts:ExternalId": "blue-whale"}})
    for document in (
        [inner],
        {"PolicyVersion": {"Document": inner}},
        {"Document": json.dumps(inner)},
        [{"Effect": "Allow", "NotAction": [action], "Resource": "*"}],
    ):
        redacted = json.dumps(redact(document))
        assert action in redacted
        assert "blue-whale" not in redacted


def test_deep_documents_are_redacted_as_text() -> None:
    deep = "[" * 500 + json.dumps(statement(Principal={"AWS": ACCOUNT})) + "]" * 500
    assert ACCOUNT not in redact_text(deep, Aliases(KEY))


# --- spelling ---------------------------------------------------------------------------------------------------

ODD = (
    '{ "Statement":[\r\n\t{"Effect" : "Allow","Effect":"Deny","Action":["s3:\\u0047etObject"  ,"iam:PassRole"],\n'
    '"Resource": "arn:aws:s3:::\\u002a",\n'
    '"Condition":{"StringEquals":{"aws:username":"%s" , "aws:username":"x\\/*"}}\n}] }'
)


def test_formatting_repeated_keys_and_escapes_survive() -> None:
    redacted = redact_text(ODD % "bob", Aliases(KEY))
    alias = re.search(r'"aws:username":"([^"]*)" ,', redacted)
    assert alias and is_alias(alias[1])
    rest = re.search(r'"aws:username":"([^"]*)\*"', redacted)
    assert rest
    assert redacted.replace(alias[1], "%s").replace(rest[1], "x\\/") == ODD


def test_an_account_that_is_a_number_becomes_a_text() -> None:
    assert is_alias(redact_element("Principal", {"AWS": int(ACCOUNT)})["AWS"])


# --- random policies --------------------------------------------------------------------------------------------

#: Condition key → values, in which {} is a planted name.
PLANTED = {
    "sts:ExternalId": "{}",
    "aws:username": "{}*",
    "sts:RoleSessionName": "{}",
    "aws:SourceIdentity": "{}",
    "aws:userid": "*:{}",
    "s3:prefix": "{}/${aws:username}/*",
    "aws:PrincipalArn": "*:role/{}",
    "aws:SourceArn": "arn:aws:s3:::{}",
    "x.corp.example:sub": "project_path:{}/{}:ref_type:branch:ref:{}",
    "token.actions.githubusercontent.com:sub": "repo:{}/{}:pull_request",
    "x.corp.example:aud": "{}",
    "saml:sub": "{}",
    "dynamodb:LeadingKeys": "{}",
    "aws:PrincipalTag/password": "{}",
}
#: Condition key → values that stay.
KEPT = {
    "aws:RequestedRegion": "eu-west-1",
    "ec2:InstanceType": "t3.micro",
    "s3:x-amz-acl": "bucket-owner-full-control",
    "s3:x-amz-server-side-encryption": "aws:kms",
    "kms:GrantOperations": "GenerateDataKeyWithoutPlaintext",
    "ec2:CreateAction": "RunInstances",
    "aws:CalledVia": "cloudformation.amazonaws.com",
    "aws:TagKeys": "CostCenter",
    "aws:ResourceTag/CostCenter": "Production",
    "aws:ResourceAccount": "${aws:PrincipalAccount}",
    "cloudwatch:namespace": "AWS/SSM/JustInTimeAccess",
    "saml:aud": "https://signin.aws.amazon.com/saml",
    "iam:PolicyARN": PUBLIC_ARN,
    "aws:SourceIp": "0.0.0.0/0",
    "aws:CurrentTime": "2024-01-02T03:04:05Z",
}


def random_policy(random: Random) -> tuple[str, list[str], list[str]]:
    """A policy, the names planted in it, and its public texts."""
    planted: list[str] = []
    public = ["2012-10-17", "Allow"]

    def plant(template: str) -> str:
        while "{}" in template:
            planted.append(f"zreal{random.randrange(10**6)}x")
            template = template.replace("{}", planted[-1], 1)
        return template

    def keep(text: str) -> str:
        public.append(text)
        return text

    def some(values: list[str]) -> str | list[str]:
        return values[0] if len(values) == 1 and random.random() < 0.5 else values

    def condition() -> dict[str, Any]:
        key = random.choice([*PLANTED, *KEPT])
        values = [plant(PLANTED[key]) for _ in range(random.randint(1, 3))] if key in PLANTED else [keep(KEPT[key])]
        return {random.choice([key, key.lower()]): some(values)}

    names = random.choice([("Action", "Resource"), ("NotAction", "NotResource"), ("action", "RESOURCE")])
    actions = [
        keep(random.choice(["s3:Get*", "*", "mgn:GetChannelCommandsForMgn"])) for _ in range(random.randint(1, 3))
    ]
    statements = [
        {
            "Sid": keep(random.choice(["VisualEditor0", "AllowAll", "KMSDataKeyForEC2Permissions"])),
            "Effect": "Allow",
            "Principal": random.choice(["*", {"AWS": plant(f"arn:aws:iam::{ACCOUNT}:role/{{}}")}]),
            names[0]: some(actions),
            names[1]: some([plant(random.choice(["arn:aws:s3:::{}/*", f"arn:aws:iam::{ACCOUNT}:user/{{}}"]))]),
            "Condition": {
                random.choice(["StringEquals", "ForAnyValue:StringLike", "StringNotLikeIfExists"]): condition()
            },
        }
        for _ in range(random.randint(1, 3))
    ]
    policy = {"Version": "2012-10-17", "Statement": statements[0] if len(statements) == 1 else statements}
    return json.dumps(policy, indent=random.choice([None, 2])), planted, public


@few(300)
@given(made(random_policy))
def test_all_planted_names_go_and_all_vocabulary_stays(drawn: tuple[str, list[str], list[str]]) -> None:
    policy, planted, public = drawn
    aliases = Aliases(KEY)
    redacted = redact_text(policy, aliases)
    assert [name for name in planted if name in redacted] == []
    kept = [text for _, text in literals(json.loads(redacted))]
    assert [text for text in public if text not in kept] == []
    assert re.sub(r'"[^"]*"', '""', redacted) == re.sub(r'"[^"]*"', '""', policy)
    assert redact_text(redacted, aliases) == redact_text(redacted, Aliases(KEY)) == redacted

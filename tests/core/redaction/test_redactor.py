"""Redaction: what is replaced, in which encodings, and what stays unchanged."""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.aws.call import Answer, Failure
from awstape.core.aws.model import Value
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.core.redaction.alias_grammar import is_alias
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.redactor import Redactor
from awstape.core.redaction.text.free_text import redact_text
from awstape.core.redaction.text.names_in_text import KnownNames
from awstape.core.text.encoded_text import decoded_variants
from support import strategies
from support.exchanges import ACCOUNT, KEY, MODELS, OTHER_KEY, operation

_ALIAS = Aliases(KEY)
A = _ALIAS.account(ACCOUNT)
B = _ALIAS.account("444455556666")


def alias(kind: str, name: str) -> str:
    return Aliases(KEY).name(kind, name)


def text(real: str) -> str:
    """A text, redacted. Redacting the result again changes nothing, under any key."""
    redacted = redact_text(real, Aliases(KEY))
    assert redact_text(redacted, Aliases(KEY)) == redacted
    assert redact_text(redacted, Aliases(OTHER_KEY)) == redacted
    return redacted


def output(name: str, real: dict[str, Value]) -> dict[str, Value]:
    """An output, redacted. Redacting it again changes nothing."""
    redacted = Redactor(KEY).redact_answer(operation(name), Answer(real))
    assert Redactor(OTHER_KEY).redact_answer(operation(name), redacted) == redacted
    assert redacted.output is not None
    return redacted.output


def with_names(redactor: Redactor, name: str, answer: Answer) -> Answer:
    """The answer with the names replaced that the redactor saw."""
    op = operation(name)
    take = Take(Track(op.service.name, name, None, {}), (Page(None, None, answer),))
    return redactor.replace_known_names(MODELS, Cassette((take,))).takes[0].pages[0].answer


def identity(name: str, real: dict[str, Value]) -> dict[str, Value]:
    redacted = Redactor(KEY).redact_identity(operation(name), real)
    assert Redactor(OTHER_KEY).redact_identity(operation(name), redacted) == redacted
    return redacted


# --- ARNs -------------------------------------------------------------------------------------------------------


ARNS = {
    # each <…> becomes the alias of its kind
    "arn:aws:iam::{A}:user/<user:bob>": 0,
    "arn:aws:iam::{A}:user/<user:bob.>": 0,
    "arn:aws:iam::{A}:user/<path:a(b)|c>/<user:bob>": 0,
    "arn:aws-us-gov:iam::{A}:group/<group:admins>": 0,
    "arn:aws-cn:iam::{A}:role/<path:division>/<path:team>/<role:Deployer>": 0,
    "arn:aws:iam::{A}:role/service-role/<role:Deployer>": 0,
    "arn:aws:iam::{A}:role/<role:dev->*": 0,
    "arn:aws:iam::{A}:mfa/<mfa:bob>": 0,
    "arn:aws:iam::{A}:saml-provider/<saml-provider:Okta>": 0,
    "arn:aws:iam::{A}:oidc-provider/<oidc-provider:oidc.example.com/id/12AB>": 0,
    "arn:aws:iam::{A}:server-certificate/<path:x>/<server-certificate:web>": 0,
    "arn:aws:iam::{A}:user/<user:Ärger>": 0,
    "arn:aws:sts::{A}:assumed-role/<role:Deployer>/<session:bob>": 0,
    "arn:aws:sts::{A}:federated-user/<user:bob>": 0,
    "arn:aws:s3:::<bucket:finance>": 0,
    "arn:aws:s3:::<bucket:app>": 0,
    "arn:aws:s3:::<bucket:table>/<object:logs>/*": 0,
    "arn:aws:s3:::<bucket:finance>/<object:home>/${aws:username}/<object:x->${aws:userid}": 0,
    "arn:aws:s3:eu-west-1:{A}:accesspoint/<accesspoint:finance>": 0,
    "arn:aws:kms:eu-west-1:{A}:key/<key:12345678-abcd-4bcd-9bcd-1234567890ab>": 0,
    "arn:aws:kms:eu-west-1:{A}:alias/<alias:finance>": 0,
    "arn:aws:lambda:us-east-1:{A}:function:<function:resize>:7": 0,
    "arn:aws:lambda:us-east-1:{A}:function:<function:resize>:$LATEST": 0,
    "arn:aws:secretsmanager:us-east-1:{A}:secret:<secret:prod/db-AbCdEf>": 0,
    "arn:aws:sns:us-east-1:{A}:<sns:alerts>": 0,
    "arn:aws:ec2:eu-west-1:{A}:instance/<instance:my-instance>": 0,
    "arn:aws:logs:us-east-1:{A}:log-group:/aws/lambda/<part:resize>:*": 0,
    "arn:aws:access-analyzer:eu-west-1:{A}:analyzer/<analyzer:guard>": 0,
    "arn:aws:rds:us-east-1:{A}:db:<db:orders>": 0,
}


@pytest.mark.parametrize("template", ARNS)
def test_an_arn_keeps_its_public_segments_and_is_redacted_once(template: str) -> None:
    real = re.sub(r"<[a-z-]+:(.*?)>", r"\1", template).replace("{A}", ACCOUNT)
    aliased = re.sub(r"<([a-z0-9-]+):(.*?)>", lambda m: alias(m[1], m[2]), template).replace("{A}", A)
    assert text(real) == aliased
    assert identity("GetContextKeysForPrincipalPolicy", {"PolicySourceArn": real}) == {"PolicySourceArn": aliased}
    assert text(f"\n  {aliased}\n ") == f"\n  {aliased}\n "


@pytest.mark.parametrize(
    "public",
    [
        "arn:aws:iam::aws:policy/ReadOnlyAccess",
        "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
        "arn:aws:iam::*:role/*",
        "arn:aws:s3:::*/*",
        "arn:aws:iam::${aws:PrincipalAccount}:root",
        "*",
        "ec2.amazonaws.com",
        "AWSServiceRoleForSupport",
        "12345678-abcd-4bcd-9bcd-1234567890ab",
        "1111222233334444",
        "2026-03-02T09:14:11Z",
        "aws:PrincipalArn",
        "us-east-1",
        "s3:GetObject",
        "Öffentlich, 100 % public",
        "{not json",
        "%zz%",
        "dGhpcyBpcyBub2JvZHkncyBpbiBiYXNlNjQ=",
    ],
)
def test_public_values_stay(public: str) -> None:
    assert text(public) == public


def test_a_service_linked_role_stays_with_its_path() -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/support.amazonaws.com/AWSServiceRoleForSupport"
    role: dict[str, Value] = {
        "Path": "/aws-service-role/support.amazonaws.com/",
        "RoleName": "AWSServiceRoleForSupport",
        "Arn": arn,
    }
    assert output("GetRole", {"Role": role}) == {"Role": {**role, "Arn": arn.replace(ACCOUNT, A)}}


def test_a_name_agrees_with_the_arn_that_ends_in_it() -> None:
    role: dict[str, Value] = {
        "Path": "/division/",
        "RoleName": "Deployer",
        "RoleId": "AROAEXAMPLEID12345678",
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/division/Deployer",
    }
    redacted = output("GetRole", {"Role": role})["Role"]
    assert isinstance(redacted, dict)
    assert redacted["Arn"] == f"arn:aws:iam::{A}:role{redacted['Path']!s}{redacted['RoleName']!s}"
    assert redacted["RoleId"] == Aliases(KEY).unique_id("AROAEXAMPLEID12345678")


@pytest.mark.parametrize(
    ("name", "member", "kind"),
    [
        ("GetUser", "UserName", "user"),
        ("GetGroup", "GroupName", "group"),
        ("GetInstanceProfile", "InstanceProfileName", "instance-profile"),
        ("GetServerCertificate", "ServerCertificateName", "server-certificate"),
        ("GetAnalyzer", "analyzerName", "analyzer"),
        ("GetArchiveRule", "ruleName", "archive-rule"),
    ],
)
def test_an_entity_name_in_an_identity(name: str, member: str, kind: str) -> None:
    assert identity(name, {member: "zreal-111122223333"}) == {member: alias(kind, "zreal-111122223333")}


def test_names_of_policies_of_aws_stay_beside_their_arn_only() -> None:
    managed: dict[str, Value] = {"PolicyName": "ReadOnlyAccess", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
    job: dict[str, Value] = {
        "PolicyName": "Billing",
        "PolicyArn": "arn:aws:iam::aws:policy/job-function/Billing",
    }
    own: dict[str, Value] = {
        "PolicyName": "ReadOnlyAccess",
        "PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/ReadOnlyAccess",
    }
    other: dict[str, Value] = {"PolicyName": "mine", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
    name = alias("policy", "ReadOnlyAccess")
    assert output("ListAttachedRolePolicies", {"AttachedPolicies": [managed, job, own, other]}) == {
        "AttachedPolicies": [
            managed,
            job,
            {"PolicyName": name, "PolicyArn": f"arn:aws:iam::{A}:policy/{name}"},
            {"PolicyName": alias("policy", "mine"), "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
        ]
    }


# --- other identifiers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("real", "aliased"),
    [
        (ACCOUNT, A),
        ("1111-2222-3333", A),
        (f"account/{ACCOUNT},444455556666 (prod)", f"account/{A},{B} (prod)"),
        (f"logs-{ACCOUNT}-eu", f"logs-{A}-eu"),
        ("bob@corp.example", _ALIAS.email("bob@corp.example")),
        ("<bob@corp.example>, al@x.co.uk", f"<{_ALIAS.email('bob@corp.example')}>, {_ALIAS.email('al@x.co.uk')}"),
        ("AIDAEXAMPLEID12345678", _ALIAS.unique_id("AIDAEXAMPLEID12345678")),
        (
            "AROAEXAMPLEID12345678:bob@corp.example",
            f"{_ALIAS.unique_id('AROAEXAMPLEID12345678')}:{_ALIAS.email('bob@corp.example')}",
        ),
        (
            "o-exampleorg1/r-ab12/ou-ab12-exampleunit/",
            f"{_ALIAS.organization_id('o-exampleorg1')}/{_ALIAS.organization_id('r-ab12')}"
            f"/{_ALIAS.organization_id('ou-ab12-exampleunit')}/",
        ),
        (f"id={'a1' * 32}", f"id={_ALIAS.canonical_id('a1' * 32)}"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMIIEXAMPLE\n-----END RSA PRIVATE KEY-----\n",
            Aliases(KEY).secret("pem", "-----BEGIN RSA PRIVATE KEY-----\nMIIEXAMPLE\n-----END RSA PRIVATE KEY-----")
            + "\n",
        ),
        (
            "The role with name Auditor cannot be found.",
            f"The role with name {alias('role', 'Auditor')} cannot be found.",
        ),
        (
            f"User: arn:aws:iam::{ACCOUNT}:user/bob is not authorized to perform: iam:GetRole on resource: "
            f"arn:aws:iam::{ACCOUNT}:role/Auditor.",
            f"User: arn:aws:iam::{A}:user/{alias('user', 'bob')} is not authorized to perform: "
            f"iam:GetRole on resource: arn:aws:iam::{A}:role/{alias('role', 'Auditor')}.",
        ),
        (
            f"'arn:aws:iam::{ACCOUNT}:user/bob','arn:aws:iam::444455556666:user/al'",
            f"'arn:aws:iam::{A}:user/{alias('user', 'bob')}','arn:aws:iam::{B}:user/{alias('user', 'al')}'",
        ),
    ],
)
def test_in_plain_text(real: str, aliased: str) -> None:
    assert text(real) == aliased
    # The same in the encodings that AWS uses.
    assert text(quote(real, safe="")) == quote(aliased, safe="")
    assert text(quote(quote(real, safe=""), safe="")) == quote(quote(aliased, safe=""), safe="")
    assert text(f"see: {quote(real, safe='')} !") == f"see: {quote(aliased, safe='')} !"
    assert json.loads(text(json.dumps({"k": [real], real: 1}, indent=3))) == {"k": [aliased], aliased: 1}
    assert json.loads(json.loads(text(json.dumps([json.dumps([real])])))[0]) == [aliased]


def test_in_base64() -> None:
    real, aliased = f"arn:aws:iam::{ACCOUNT}:user/bob", f"arn:aws:iam::{A}:user/{alias('user', 'bob')}"
    encoded = base64.b64encode(real.encode()).decode()
    assert base64.b64decode(text(encoded)).decode() == aliased
    assert text(f"data: {encoded}, {encoded}").count(text(encoded)) == 2
    twice = base64.b64encode(encoded.encode()).decode()
    assert base64.b64decode(base64.b64decode(text(twice))).decode() == aliased
    url_safe = base64.urlsafe_b64encode(f"?>{real}?>".encode()).decode().rstrip("=")
    assert text(url_safe).count("=") == 0
    assert ACCOUNT not in str(list(decoded_variants(text(url_safe))))


def test_a_credential_report() -> None:
    real = (
        "user,arn,user_creation_time,password_enabled\n"
        f"<root_account>,arn:aws:iam::{ACCOUNT}:root,2019-01-02T03:04:05+00:00,not_supported\n"
        f"bob,arn:aws:iam::{ACCOUNT}:user/bob,2019-01-02T03:04:05+00:00,N/A\r\n"
        "\n"
        f"{ACCOUNT},arn:aws:iam::{ACCOUNT}:user/x/{ACCOUNT},no_information,true"
    )
    bob, digits = alias("user", "bob"), A
    assert output("GetCredentialReport", {"Content": real, "ReportFormat": "text/csv"})["Content"] == (
        "user,arn,user_creation_time,password_enabled\n"
        f"<root_account>,arn:aws:iam::{A}:root,2019-01-02T03:04:05+00:00,not_supported\n"
        f"{bob},arn:aws:iam::{A}:user/{bob},2019-01-02T03:04:05+00:00,N/A\r\n"
        "\n"
        f"{digits},arn:aws:iam::{A}:user/{alias('path', 'x')}/{digits},no_information,true"
    )


# --- policy documents -------------------------------------------------------------------------------------------


def test_a_policy_keeps_its_formatting() -> None:
    real = (
        '{ "Version":"2012-10-17",\n\t"Statement" : [ {"Effect":"Allow", "Action": ["s3:*" , "iam:PassRole"],\r\n'
        f'"Principal":{{"AWS" : {ACCOUNT}, "Service":"lambda.amazonaws.com"}},'
        f'  "Resource":"arn:aws:s3:::finance\\/*", "Sid":"\\u00d6 {ACCOUNT}",\n'
        '"Condition":{"StringLike":{"sts:ExternalId":["uniqüe*1"],"aws:username":"bob"},\n'
        '            "StringEquals": {"aws:PrincipalOrgID": "o-exampleorg1"},"NumericLessThan":{"x":1.50e2}}}]}\n\n'
    )
    redacted = text(real)
    wanted = (
        real.replace(f": {ACCOUNT},", f': "{A}",')
        .replace("arn:aws:s3:::finance\\/*", f"arn:aws:s3:::{alias('bucket', 'finance')}/*")
        .replace(f"\\u00d6 {ACCOUNT}", f"\\u00d6 {A}")
        .replace("uniqüe*1", f"{alias('external-id', 'uniqüe')}*1")
        .replace('"bob"', f'"{alias("user", "bob")}"')
        .replace("o-exampleorg1", Aliases(KEY).organization_id("o-exampleorg1"))
    )
    wanted = wanted.replace("*1", "*" + alias("external-id", "1"))
    assert redacted == wanted
    json.loads(redacted)


@strategies.few(60)
@given(strategies.policy_documents())
def test_any_policy_stays_json_with_its_formatting(document: str) -> None:
    redacted = text(document)
    literal = re.compile(r'"(?:[^"\\]|\\.)*"')
    assert literal.sub('""', redacted) == literal.sub('""', document)
    assert _keys(json.loads(redacted)) == _keys(json.loads(document))
    assert strategies.identifiers_in(redacted) == []


def _keys(value: object) -> object:
    if isinstance(value, dict):
        return {key: _keys(item) for key, item in value.items()}
    return [_keys(item) for item in value] if isinstance(value, list) else None


# --- by shape ---------------------------------------------------------------------------------------------------


def test_secrets_are_replaced_whole() -> None:
    key: dict[str, Value] = {
        "UserName": "bob",
        "AccessKeyId": "AKIAEXAMPLEID1234567",
        "SecretAccessKey": "wJalrXUtnFEMI/EXAMPLEKEY",
        "Status": "Active",
    }
    redacted = output("CreateAccessKey", {"AccessKey": key})["AccessKey"]
    assert isinstance(redacted, dict)
    assert redacted["SecretAccessKey"] == Aliases(KEY).password("wJalrXUtnFEMI/EXAMPLEKEY")
    assert redacted["Status"] == "Active"
    assert "wJalr" not in str(redacted)


def test_unknown_members_are_replaced_whole_and_their_keys_are_searched() -> None:
    unknown: dict[str, Value] = {
        "Note": "anything at all",
        "When": "2026-03-02T09:14:11Z",
        "Yes": "true",
        "Count": "12",
        "Number": 111122223333,
        "Few": 12,
        "By": {ACCOUNT: {"bob@corp.example": ["x", None]}},
        "Raw": b"\xff\x00",
    }
    redacted = output("GetUser", {"User": {"UserName": "bob", "New": unknown}})["User"]
    assert isinstance(redacted, dict)
    new = redacted["New"]
    assert isinstance(new, dict)
    assert [new[k] for k in ("When", "Yes", "Count", "Few")] == ["2026-03-02T09:14:11Z", "true", "12", 12]
    assert all(isinstance(new[k], str) and is_alias(str(new[k])) for k in ("Note", "Number"))
    by = new["By"]
    assert isinstance(by, dict)
    assert list(by) == [A]
    assert "corp.example" not in str(new)
    assert isinstance(new["Raw"], bytes)
    assert b"\x00" not in new["Raw"]


def test_a_failure() -> None:
    failure = Failure(
        400,
        "ValidationException",
        f"Value 'bob@corp.example' of {ACCOUNT}",
        {"Type": "Sender", "fieldList": [{"name": "x", "message": f"no {ACCOUNT}"}], "More": {"Of": [ACCOUNT]}},
    )
    redactor = Redactor(KEY)
    answer = redactor.redact_answer(operation("GetFinding"), Answer(error=failure))
    assert answer.error == Failure(
        400,
        "ValidationException",
        f"Value '{_ALIAS.email('bob@corp.example')}' of {A}",
        {"Type": "Sender", "fieldList": [{"name": "x", "message": f"no {A}"}], "More": {"Of": [A]}},
    )


def test_a_filter() -> None:
    real: dict[str, Value] = {
        "filter": {
            "status": {"eq": ["ACTIVE"]},
            "resourceType": {"neq": ["AWS::S3::Bucket"]},
            "resourceOwnerAccount": {"eq": [ACCOUNT]},
            "resource": {"contains": ["finance", f"arn:aws:s3:::finance-{ACCOUNT}"]},
            "isPublic": {"exists": True, "eq": ["true"]},
        }
    }
    redacted = identity("ListFindings", real)["filter"]
    assert isinstance(redacted, dict)
    assert list(redacted) == ["status", "resourceType", "resourceOwnerAccount", "resource", "isPublic"]
    assert redacted["status"] == {"eq": ["ACTIVE"]}
    assert redacted["resourceType"] == {"neq": ["AWS::S3::Bucket"]}
    assert redacted["resourceOwnerAccount"] == {"eq": [A]}
    assert redacted["isPublic"] == {"exists": True, "eq": ["true"]}
    assert "finance" not in str(redacted)


def test_the_values_of_a_simulated_context_are_redacted_by_their_key() -> None:
    values = {
        "aws:username": "true",
        "aws:MultiFactorAuthPresent": "true",
        "s3:max-keys": "10",
        "aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:root",
        "aws:RequestTag/secret": "hunter22",
    }
    entries: list[Value] = [{"ContextKeyName": key, "ContextKeyValues": [value]} for key, value in values.items()]
    redacted: Any = identity("SimulateCustomPolicy", {"ContextEntries": entries, "ActionNames": ["iam:GetUser"]})
    made = {entry["ContextKeyName"]: entry["ContextKeyValues"][0] for entry in redacted["ContextEntries"]}
    user, password = made.pop("aws:username"), made.pop("aws:RequestTag/secret")
    assert is_alias(user)
    assert is_alias(password)
    assert made == {
        "aws:MultiFactorAuthPresent": "true",
        "s3:max-keys": "10",
        "aws:PrincipalArn": f"arn:aws:iam::{A}:root",
    }
    assert redacted["ActionNames"] == ["iam:GetUser"]


def test_a_tag_of_a_pair_is_redacted_as_a_tag_of_a_map() -> None:
    tags: list[Value] = [{"Key": "db-password", "Value": "hunter22"}, {"Key": "team", "Value": "hunter22"}]
    redacted: Any = identity("TagRole", {"RoleName": "x", "Tags": tags})
    secret, word = redacted["Tags"]
    assert is_alias(secret["Value"])
    assert word == tags[1]


@given(st.permutations(["password", "team", "Owner", "db-secret"]), st.booleans())
def test_what_is_known_of_a_string_holds_for_its_key_and_its_siblings(keys: list[str], is_managed: bool) -> None:
    """A redactor that has seen the same strings before, in other places, redacts them as one that has not."""
    policy: dict[str, Value] = {"PolicyName": "ReadOnlyAccess", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
    own: dict[str, Value] = {
        "PolicyName": "ReadOnlyAccess",
        "PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/ReadOnlyAccess",
    }
    tags: list[Value] = [{"Key": key, "Value": "hunter22 x"} for key in keys]
    answers: list[tuple[str, dict[str, Value]]] = [
        ("ListRoleTags", {"Tags": tags}),
        ("ListAttachedRolePolicies", {"AttachedPolicies": [policy, own] if is_managed else [own, policy]}),
        ("GetRole", {"Role": {"RoleName": "hunter22 x", "Description": "hunter22 x", "Path": "/"}}),
    ]
    redactor = Redactor(KEY)
    for name, members in (*answers, *reversed(answers)):
        fresh = Redactor(KEY).redact_answer(operation(name), Answer(members))
        assert redactor.redact_answer(operation(name), Answer(members)) == fresh
    assert text("hunter22 x") == "hunter22 x"


def test_a_criterion_is_redacted_as_the_condition_key_or_the_member_that_it_names() -> None:
    criteria: dict[str, Value] = {
        "condition.iam:PolicyArn": {"exists": True},
        "condition.login.corp.example:sub": {"exists": True},
        "principal.Service": {"eq": ["data.jobs.iot.amazonaws.com", "finance"]},
        "action": {"eq": ["comprehendmedical:ListICD10CMInferenceJobs"]},
    }
    redacted: Any = identity("ListFindings", {"filter": criteria})["filter"]
    key, provider_key, service, action = redacted
    assert (key, service, action) == ("condition.iam:PolicyArn", "principal.Service", "action")
    assert re.fullmatch(r"condition\.alias-\S+:sub", provider_key)
    assert redacted[action] == criteria["action"]
    public, name = redacted[service]["eq"]
    assert public == "data.jobs.iot.amazonaws.com"
    assert is_alias(name)


def test_a_service_stays_in_the_place_of_a_group_s_name() -> None:
    for name in ("es.amazonaws.com", "custom.rds-preview.amazonaws.com"):
        assert identity("CreateServiceLinkedRole", {"AWSServiceName": name}) == {"AWSServiceName": name}
        assert identity("GetGroup", {"GroupName": name}) != {"GroupName": name}


def test_actions_in_members_are_redacted_as_those_of_a_policy() -> None:
    actions: list[Value] = ["payment-cryptography:GenerateAs2805KekValidation", "9mK2xQ7vL4pR8sT1wY5zB3nC6dF0gH2jAbCd"]
    redacted: Any = output("GetAnalyzedResource", {"resource": {"actions": actions}})
    public, random = redacted["resource"]["actions"]
    assert public == actions[0]
    assert is_alias(random)


def test_what_belongs_to_a_policy_of_aws_stays() -> None:
    """The same name, path and id belong to a customer's policy, in which they are replaced."""
    managed: dict[str, Value] = {
        "PolicyName": "AmazonS3ReadOnlyAccess",
        "PolicyId": "ANPAEXAMPLEMANAGED00X",
        "Path": "/job-function/",
        "Arn": "arn:aws:iam::aws:policy/job-function/AmazonS3ReadOnlyAccess",
    }
    own = managed | {"Arn": f"arn:aws:iam::{ACCOUNT}:policy/job-function/AmazonS3ReadOnlyAccess"}
    output: Any = Redactor(KEY).redact_answer(operation("ListPolicies"), Answer({"Policies": [managed, own]})).output
    redacted_managed, redacted_own = output["Policies"]
    assert redacted_managed == managed
    assert all(redacted_own[name] != value for name, value in own.items())


def test_policy_ids_of_a_simulation_stay() -> None:
    def source(policy: str) -> Value:
        statements: list[Value] = [{"SourcePolicyId": policy, "SourcePolicyType": "IAM Policy"}]
        redacted = output("SimulateCustomPolicy", {"EvaluationResults": [{"MatchedStatements": statements}]})
        return redacted["EvaluationResults"][0]["MatchedStatements"][0]["SourcePolicyId"]  # type: ignore

    assert source("PolicyInputList.1") == "PolicyInputList.1"
    assert source("user_bob_inline") == alias("policy", "user_bob_inline")


# --- names in free text -----------------------------------------------------------------------------------------


def test_names_seen_anywhere_are_replaced_as_words_of_free_text() -> None:
    redactor = Redactor(KEY)
    redactor.redact_identity(operation("GetUser"), {"UserName": "bob"})
    redactor.redact_identity(operation("GetRole"), {"RoleName": "lambda"})
    redactor.redact_identity(operation("GetRole"), {"RoleName": "aws"})
    redactor.redact_identity(operation("GetRole"), {"RoleName": "x1"})
    bob, role = alias("user", "bob"), alias("role", "lambda")
    cases = {
        "bob": bob,
        "of bob.": f"of {bob}.",
        "al,bob,eve and owner=bob, bob@home": f"al,{bob},eve and owner={bob}, {bob}@home",
        "bobby, rebob, bob's": f"bobby, rebob, {bob}'s",
        "bob-laptop of bob_2, x-bob-y, -bob-": f"{bob}-laptop of {bob}_2, x-{bob}-y, -{bob}-",
        "lambda in eu-west-1a, not bobby-2": f"{role} in eu-west-1a, not bobby-2",
        quote("für bob!"): quote(f"für {bob}!"),
        "a lambda for x1": f"a {role} for x1",
        # Within ARNs, actions, condition keys and service names a word is no name.
        "arn:aws:lambda:us-east-1:000025203980:function:alias-krtsmt37k6": None,
        "lambda:InvokeFunction and lambda:* of lambda.amazonaws.com by aws:SourceArn": None,
        '{"Statement": [{"Action": "lambda:InvokeFunction", "Principal": {"Service": "lambda.amazonaws.com"}}]}': None,
        '{"lambda": "bob"}': f'{{"lambda": "{bob}"}}',
        '{"Effect": "bob", "Action": "bob", "Sid": "bob"}': f'{{"Effect": "bob", "Action": "bob", "Sid": "{bob}"}}',
        '{"Action": "bob"}': f'{{"Action": "{bob}"}}',
    }
    for real, aliased in cases.items():
        answer = redactor.redact_answer(operation("GetPolicy"), Answer({"Policy": {"Description": real}}))
        named = with_names(redactor, "GetPolicy", answer)
        assert named.output == {"Policy": {"Description": real if aliased is None else aliased}}
        assert with_names(redactor, "GetPolicy", named) == named


def test_a_longer_number_that_holds_a_known_account_id_is_replaced() -> None:
    redactor = Redactor(KEY)
    redactor.redact_identity(operation("GetRole"), {"RoleName": "arn:aws:iam::111122223333:role/x"})
    redactor.redact_identity(operation("GetRole"), {"RoleName": "arn:aws:iam::012345678901:role/x"})
    first, zero = Aliases(KEY).account("111122223333"), Aliases(KEY).account("012345678901")
    cases = {
        "ticket 9111122223333": f"ticket 9{first}",
        "ticket 1111222233334": f"ticket {first}4",
        "id 12345678901": f"id {zero}",
        "at 1700000000000": "at 1700000000000",
        "no 99111122223333": "no 99111122223333",
    }
    for real, aliased in cases.items():
        answer = redactor.redact_answer(operation("GetPolicy"), Answer({"Policy": {"Description": real}}))
        named = with_names(redactor, "GetPolicy", answer)
        assert named.output == {"Policy": {"Description": aliased}}
        assert with_names(redactor, "GetPolicy", named) == named


def test_keys_of_tags_and_maps_stay_though_they_are_names_elsewhere() -> None:
    """Programs look them up; in the values, the same words are names."""
    redactor = Redactor(KEY)
    redactor.redact_identity(operation("GetUser"), {"UserName": "terraform"})
    listed = Answer({"Tags": [{"Key": "Terraform", "Value": "terraform"}]})
    [tag] = with_names(redactor, "ListRoleTags", listed).output["Tags"]  # type: ignore
    assert tag == {"Key": "Terraform", "Value": alias("user", "terraform")}
    mapped = Answer({"tags": {"terraform": "by terraform"}})
    assert with_names(redactor, "ListTagsForResource", mapped).output == {
        "tags": {"terraform": f"by {alias('user', 'terraform')}"}
    }
    conditions = {"aws:TagKeys": "terraform", "aws:RequestTag/terraform": "terraform"}
    document = json.dumps({"Statement": [{"Effect": "Allow", "Condition": {"StringEquals": conditions}}]})
    made: Any = with_names(redactor, "GetRolePolicy", Answer({"PolicyDocument": document})).output
    [statement] = json.loads(made["PolicyDocument"])["Statement"]
    assert statement["Condition"]["StringEquals"] == conditions | {
        "aws:RequestTag/terraform": alias("user", "terraform")
    }


def test_names_stay_in_members_that_are_no_free_text() -> None:
    redactor = Redactor(KEY)
    redactor.redact_identity(operation("GetUser"), {"UserName": "Active"})
    redactor.redact_identity(operation("GetUser"), {"UserName": "v1x"})
    real: dict[str, Value] = {"UserName": "eve", "Status": "Active", "AccessKeyId": "AKIAEXAMPLEID1234567"}
    answer = redactor.redact_answer(operation("ListAccessKeys"), Answer({"AccessKeyMetadata": [real]}))
    assert with_names(redactor, "ListAccessKeys", answer) == answer


# --- any text ---------------------------------------------------------------------------------------------------


@strategies.few(300)
@given(st.one_of(strategies.prose, st.text(), strategies.policy_documents()))
def test_any_text_can_be_redacted_once_and_for_all(real: str) -> None:
    redacted = text(real)
    assert strategies.identifiers_in(redacted) == []
    assert bool(redacted) == bool(real)


@strategies.few(100)
@given(st.text(), st.dictionaries(strategies.names, st.just("user-x"), max_size=3))
def test_text_without_names_stays_when_names_are_replaced(real: str, names: dict[str, str]) -> None:
    assert KnownNames(names).replace_in(real) == real


def test_half_a_surrogate_pair_in_a_policy() -> None:
    """Every JSON parser accepts the escape, but UTF-8 cannot encode the character."""
    for real in (
        '{"sts:ExternalId": "\\ud800"}',
        '{"a": "\\ud800%41 111122223333"}',
        f'["\\udfff arn:aws:iam::{ACCOUNT}:root"]',
    ):
        redacted = text(real)
        assert ACCOUNT not in redacted
        json.loads(redacted)


#: The length of a hostile text.
LONG = 60_000 if strategies.SHARE == 1 else 20_000


@pytest.mark.parametrize(
    ("before", "piece", "after"),
    [
        *(
            ("", piece, "")
            for piece in ("%", "%a", "a", "a.", "a@", "arn:aws:", "arn:aws:iam::${", "-----BEGIN A-----")
        ),
        *(
            ("", piece, "")
            for piece in ("eyJaaaaaaaa.", "1111-", "o-aaaaaaaaaa", "AIDA", "{", "role with name ", "aws:")
        ),
        *(("", piece, "") for piece in ("-eyJ", "arn:aws:s3:::${", "arn:aws:a:a:${", "${")),
        ("", "A", "!"),
        ("", "a-", ":"),
        ('["', "\\\\", '"]'),
    ],
)
def test_long_texts_that_almost_match_are_redacted_in_bounded_time(before: str, piece: str, after: str) -> None:
    """Patterns that try every start of such a text with every end would take hours."""
    hostile = before + piece * (LONG // len(piece)) + after
    redacted = KnownNames({"nobody": "user-x"}).replace_in(redact_text(hostile, Aliases(KEY)))
    assert redact_text(redacted, Aliases(KEY)) == redacted
    assert hostile in decoded_variants(hostile)

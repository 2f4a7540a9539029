"""Values of conditions: what each key makes of them, to the letter of the words that stay."""

from __future__ import annotations

import re

import pytest

from awstape.core.redaction.alias_grammar import is_alias
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.policies.condition_keys import redact_condition_key
from awstape.core.redaction.policies.condition_values import redact_condition_value
from support.exchanges import ACCOUNT, KEY

UUID = "12345678-abcd-4bcd-9bcd-1234567890ab"
#: (key, value): in the value, what is in angle brackets becomes an alias and the rest stays.
CASES = [
    ("sts:ExternalId", "<blue-whale-77>"),
    ("STS:EXTERNALID", "<blue-whale-77>"),
    ("sts:ExternalId", "${aws:PrincipalAccount}:workspace/${aws:PrincipalTag/WorkspaceId}"),
    ("aws:username", "<jane.doe>*"),
    ("aws:username", "${aws:PrincipalTag/team, '<payments>'}"),
    ("sts:RoleSessionName", "<jane.doe>"),
    ("aws:SourceIdentity", "<jane>"),
    ("token.actions.githubusercontent.com:sub", "repo:<acme>/<shop>:ref:refs/heads/main"),
    ("token.actions.githubusercontent.com:sub", "repo:<main>/<master>:ref:refs/heads/<live>"),
    ("token.actions.githubusercontent.com:sub", "repo:<acme>/*:environment:<prod>"),
    ("token.actions.githubusercontent.com:sub", "repo:<acme>/<shop>:pull_request"),
    ("token.actions.githubusercontent.com:repository", "<acme>/<shop>"),
    ("token.actions.githubusercontent.com:ref_type", "branch"),
    ("gitlab.com:sub", "project_path:<acme>/<group>/<shop>:ref_type:branch:ref:main"),
    ("app.terraform.io:sub", "organization:<acme>:project:<shop>:workspace:<live>:run_phase:apply"),
    ("oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE:sub", "system:serviceaccount:<payments>:<api>"),
    ("oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE:sub", "system:serviceaccount:kube-system:<api>"),
    ("api.bitbucket.org/x:sub", f"{{<{UUID}>}}:{{<{UUID}>}}"),
    ("oidc.circleci.com/org/x:sub", f"org/<{UUID}>/project/<{UUID}>/user/<{UUID}>"),
    ("agent.buildkite.com:sub", "organization:<acme>:pipeline:<shop>:ref:refs/heads/main:commit:*:step:<build>"),
    ("x.corp.example:sub", "repo:*"),
    ("x.corp.example:aud", "sts.amazonaws.com"),
    ("x.corp.example:aud", "<payments-client>"),
    ("x.corp.example:amr", "authenticated"),
    ("cognito-identity.amazonaws.com:aud", f"<us-east-1:{UUID}>"),
    ("cognito-identity.amazonaws.com:amr", "unauthenticated"),
    ("accounts.google.com:sub", "<1234567890>"),
    ("saml:aud", "https://signin.aws.amazon.com/saml"),
    ("saml:aud", "https://signin.amazonaws-us-gov.com/saml"),
    ("saml:iss", "<https://idp.corp.example/saml>"),
    ("saml:sub", "<jane>"),
    ("saml:sub_type", "persistent"),
    ("aws:SourceIp", "0.0.0.0/0"),
    ("aws:SourceIp", "<52.1.2.0/24>"),
    ("aws:VpcSourceIp", "<10.1.2.3>"),
    ("aws:SourceIp", "<52.1.2.>*"),
    ("aws:PrincipalOrgID", "<o-exampleorg1>"),
    ("aws:PrincipalOrgPaths", "<o-exampleorg1>/<r-ab12>/<ou-ab12-11112222>/*"),
    ("aws:ResourceOrgPaths", "<o-exampleorg1>/*/ou-<ab12>-*"),
    ("aws:PrincipalArn", f"arn:aws:iam::<{ACCOUNT}>:role/*"),
    ("aws:PrincipalArn", "*:role/<Deployer>"),
    ("aws:PrincipalArn", "arn:aws:iam::*:role/<Deployer>*"),
    ("aws:SourceArn", f"arn:aws:sns:eu-west-1:<{ACCOUNT}>:*"),
    ("iam:PolicyARN", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
    ("iam:PermissionsBoundary", f"arn:aws:iam::<{ACCOUNT}>:policy/<Boundary>"),
    ("aws:userid", "<AROAEXAMPLEID1234567>:<jane>"),
    ("aws:userid", "*:<jane>"),
    ("aws:userid", "<AIDAEXAMPLEID1234567>"),
    ("s3:prefix", "<home>/${aws:username}/*"),
    ("s3:prefix", "AWSLogs/*"),
    ("s3:x-amz-copy-source", "<finance>/<team>/*"),
    ("s3:prefix", ""),
    ("s3:prefix", "true"),
    ("iam:PassedToService", "ec2.amazonaws.com"),
    ("codestar-connections:PassedToService", "proton.amazonaws.com"),
    ("kms:ViaService", "ec2.eu-west-1.amazonaws.com"),
    ("iam:AWSServiceName", "autoscaling.amazonaws.com"),
    ("ec2:InstanceType", "t3.micro"),
    ("aws:RequestedRegion", "eu-*"),
    ("ec2:CreateAction", "RunInstances"),
    ("kms:GrantOperations", "GenerateDataKeyWithoutPlaintext"),
    ("s3:x-amz-acl", "bucket-owner-full-control"),
    ("s3:x-amz-server-side-encryption", "aws:kms"),
    ("dynamodb:LeadingKeys", "<customer-4711>"),
    ("cloudwatch:namespace", "AWS/SSM/JustInTimeAccess"),
    ("ssm:resourceTag/password", "<hunter22>"),
    ("Federated", "<login.corp.example>"),
]
#: Keys with values that are free text.
FREE = "aws:TagKeys aws:RequestTag/team ec2:ResourceTag/CostCenter dynamodb:Attributes aws:SourceAccount x:y".split()


@pytest.mark.parametrize(("key", "template"), CASES)
def test_only_what_a_customer_named_becomes_an_alias(key: str, template: str) -> None:
    aliases = Aliases(KEY)
    text = re.sub("[<>]", "", template)
    redacted = redact_condition_value(key, text, aliases) if text else text
    assert redacted is not None
    parts = re.split("<[^>]*>", template)
    match = re.fullmatch("(.+)".join(map(re.escape, parts)), redacted)
    assert match, redacted
    for alias, real in zip(match.groups(), re.findall("<([^>]*)>", template), strict=True):
        assert alias != real and is_alias(alias), alias
    assert (redact_condition_value(key, redacted, aliases) or redacted) == redacted


@pytest.mark.parametrize("key", FREE)
def test_values_of_other_keys_are_free_text(key: str) -> None:
    assert redact_condition_value(key, "Production", Aliases(KEY)) is None


def test_a_name_has_one_alias_in_a_subject_and_elsewhere() -> None:
    aliases = Aliases(KEY)
    first = redact_condition_value("x.corp.example:sub", "repo:acme/shop", aliases)
    second = redact_condition_value("y.corp.example:sub", "project_path:acme", aliases)
    assert first and second
    assert first.split(":")[1].split("/")[0] == second.split(":")[1]


@pytest.mark.parametrize(
    "key",
    """
    aws:username aws:ResourceTag/CostCenter kms:EncryptionContext:aws:s3:arn token.actions.x:y aws:RequestTag/a@b
    ec2:ResourceTag/DevOps-Guru-Analysis cognito-identity.amazonaws.com:aud saml:edupersonorgdn
    securityhub:ASFFSyntaxPath/Workflow.Status
    """.split(),
)
def test_condition_keys_stay(key: str) -> None:
    redacted = redact_condition_key(key, Aliases(KEY))
    assert redacted == key or (key.startswith("token.") and redacted.endswith(":y"))


def test_identifiers_and_hosts_of_a_company_in_keys_go() -> None:
    aliases = Aliases(KEY)
    assert is_alias(redact_condition_key("login.corp.example:sub", aliases).removesuffix(":sub"))
    assert ACCOUNT not in redact_condition_key(f"aws:ResourceTag/{ACCOUNT}", aliases)
    assert "bob" not in redact_condition_key("aws:ResourceTag/bob@corp.example", aliases)

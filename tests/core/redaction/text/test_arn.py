"""ARNs by segment: what is public in one place is private in another, and what a customer named is left nowhere."""

from __future__ import annotations

import re
import string
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.redaction.alias_grammar import replace_aliases
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.text import resource_grammar
from awstape.core.redaction.text.arn import (
    ARN,
    WHOLE_ARN,
    redact_arn,
    redact_name,
    redact_path,
    redact_provider,
    trim_punctuation,
)
from awstape.core.redaction.text.resource_forms import FORMS
from awstape.core.redaction.text.resource_grammar import split_segments
from support.exchanges import ACCOUNT, KEY
from support.strategies import few, made

A = Aliases(KEY).account(ACCOUNT)


def redact(arn: str, aliases: Aliases | None = None) -> str:
    match = WHOLE_ARN.fullmatch(arn)
    assert match, arn
    return redact_arn(match, aliases or Aliases(KEY))


def alias(kind: str, name: str) -> str:
    return Aliases(KEY).name(kind, name)


def in_account(service: str, resource: str) -> str:
    return f"arn:aws:{service}:eu-west-1:{ACCOUNT}:{resource}"


# --- twins ------------------------------------------------------------------------------------------------------

#: (an ARN in which the word is public, an ARN in which a customer gave it, the word)
TWINS = [
    (
        in_account("elasticloadbalancing", "loadbalancer/app/*/*"),
        in_account("elasticloadbalancing", "loadbalancer/app"),
        "app",
    ),
    (in_account("sns", "app/GCM/*"), in_account("sns", "app"), "app"),
    (in_account("iam", "role/*"), in_account("iam", "role/role"), "role"),
    (in_account("dynamodb", "table/*/index/*"), in_account("dynamodb", "table/index"), "index"),
    (in_account("lambda", "function:*"), "arn:aws:s3:::function", "function"),
    (in_account("s3", "accesspoint/*"), "arn:aws:s3:::accesspoint", "accesspoint"),
    (in_account("s3", "accesspoint/*/object/*"), "arn:aws:s3:::x/object", "object"),
    (in_account("logs", "log-group:*:log-stream:*"), in_account("logs", "log-group:log-stream"), "log-stream"),
    (in_account("logs", "log-group:/aws/lambda/*"), in_account("logs", "log-group:/lambda/x"), "lambda"),
    (in_account("logs", "log-group:aws-controltower/*"), in_account("logs", "log-group:x/aws-controltower"), "aws-c"),
    (in_account("ecr", "repository/*/sha256:*"), in_account("ecr", "repository/sha256/x"), "sha256"),
    (in_account("ssm", "opsmetadata/aws/ssm/*/appmanager"), in_account("ssm", "opsmetadata/aws/ssm/ssm/x"), "ssm/ssm"),
    (in_account("ssm", "parameter/aws/service/eks"), in_account("ssm", "parameter/service/x"), "service"),
    (in_account("ssm", "document/AWS-RunShellScript"), in_account("ecs", "cluster/AWS-RunShellScript"), "RunShell"),
    (in_account("kms", "alias/aws/ebs"), in_account("kms", "alias/ebs"), "ebs"),
    (in_account("events", "rule/SSMExplorerManagedRule"), in_account("sqs", "SSMExplorerManagedRule"), "SSMExplorer"),
    (in_account("lambda", "function:*:$LATEST"), in_account("sqs", "LATEST"), "LATEST"),
    (in_account("ecs", "task-definition/*:7"), in_account("sqs", "task-definition-7"), "task-definition"),
    (in_account("execute-api", "*/*/GET/*"), in_account("execute-api", "*/GET/POST/*"), "GET"),
    ("arn:aws:iam::aws:policy/ReadOnlyAccess", in_account("iam", "policy/ReadOnlyAccess"), "ReadOnlyAccess"),
    ("arn:aws:s3:::elasticbeanstalk-*", in_account("sqs", "elasticbeanstalk-x"), "elasticbeanstalk"),
    (
        in_account("iam", "role/aws-service-role/ec2.amazonaws.com/*"),
        in_account("iam", "user/ec2.amazonaws.com"),
        "ec2.amazonaws.com",
    ),
    (
        in_account("iam", "role/AWSServiceRoleForSupport"),
        in_account("iam", "user/AWSServiceRoleForSupport"),
        "AWSServiceRoleForSupport",
    ),
    (
        in_account("iam", "role/OrganizationAccountAccessRole"),
        in_account("iam", "group/OrganizationAccountAccessRole"),
        "OrganizationAccountAccessRole",
    ),
    (
        in_account("iam", "oidc-provider/gitlab.com"),
        in_account("iam", "saml-provider/gitlab.com"),
        "gitlab",
    ),
    (
        in_account("iam", "oidc-provider/oidc.circleci.com/org/*"),
        in_account("iam", "oidc-provider/oidc.circleci.com/org/org"),
        "org/org",
    ),
]


@pytest.mark.parametrize(("public", "private", "word"), TWINS)
def test_a_word_is_public_in_its_place_only(public: str, private: str, word: str) -> None:
    assert redact(public) == public.replace(ACCOUNT, A)
    left = replace_aliases(redact(private), lambda _: "")
    assert left.count(word) < private.count(word)


def test_the_joint_before_the_name_of_a_log_group_stays_before_its_alias() -> None:
    assert redact(in_account("logs", "log-group:/payments")) == (
        f"arn:aws:logs:eu-west-1:{A}:log-group:/{alias('part', 'payments')}"
    )


def test_a_role_that_aws_began_has_room_for_its_rest() -> None:
    """The rest has one code if codes of its parts would be too long, wherever the name is."""
    name = "AWSServiceRoleForBedrockAgentCoreGatewayNetwork_payments-api"
    short = "AWSServiceRoleForX_payments-api"
    assert re.fullmatch(
        r"AWSServiceRoleForBedrockAgentCoreGatewayNetwork_alias-\w{10}", made := redact_name("role", name, Aliases(KEY))
    )
    assert len(made) <= 64
    assert redact(in_account("iam", f"role/{name}")).endswith(f"role/{made}")
    assert redact_name("role", short, Aliases(KEY)) == f"AWSServiceRoleForX_{alias('suffix', 'payments-api')}"


# --- forms ------------------------------------------------------------------------------------------------------

#: What stays in each kind of slot; other slots get a customer's name.
STAYING = {
    "ACCOUNT": ACCOUNT,
    "ESPATH": "_search",
    "MODEL": "anthropic.claude-v2",
    "ORG": "organization",
    "PRINCIPAL": "ec2.amazonaws.com",
    "QUALIFIER": "$LATEST",
    "QUOTA": "L-0263D0A3",
    "TIME": "2024-01-02T03:04:05.678",
    "VERB": "GET",
    "VERSION": "7",
    "WORD": "Word",
}
LETTERS = string.ascii_letters + string.digits


def fill(form: str, random: Random) -> str:
    """Returns a resource of the form, with random names of a customer."""

    def replace(match: re.Match[str]) -> str:
        slot = match[0].rstrip("…")
        return STAYING.get(slot) or "zreal" + "".join(random.choices(LETTERS, k=8))

    words = re.sub(r"[^/:]*\|[^/:]*", lambda match: random.choice(match[0].split("|")), form)
    return re.sub(r"(?<![^/:])[A-Z]{2,}…*(?![^/:])", lambda m: m[0] if m[0] in ("AWS",) else replace(m), words)


LINES = [line.split(" ", 1) for line in FORMS.strip().splitlines()]


@pytest.mark.parametrize(("service", "form"), LINES)
def test_of_each_form_the_types_stay_and_the_names_go(service: str, form: str) -> None:
    account = "" if service == "s3" else ACCOUNT
    for seed in range(5):
        resource = fill(form, Random(seed))
        arn = f"arn:aws:{service.partition(':')[0]}:eu-west-1:{account}:{resource}"
        aliases = Aliases(KEY)
        redacted = redact(arn, aliases)
        assert "zreal" not in redacted.lower()
        assert ACCOUNT not in redacted
        before, after = split_segments(resource), split_segments(redacted.split(":", 5)[5])
        assert len(before) == len(after)
        pairs = zip(before, after, strict=True)
        assert all(new == old for old, new in pairs if "zreal" not in old and old != ACCOUNT), redacted
        assert redact(redacted, aliases) == redacted


@pytest.mark.parametrize(("service", "form"), LINES)
def test_a_resource_without_names_stays(service: str, form: str) -> None:
    words = form.replace("|", "\0")
    words = re.sub(r"([^/:\0]*)\0[^/:]*", r"\1", words)
    resource = re.sub(r"(?<![^/:])(?!AWS)[A-Z]{2,}…*(?![^/:])", "*", words)
    arn = f"arn:aws:{service.partition(':')[0]}:*:{'' if service == 's3' else '*'}:{resource}"
    assert redact(arn) == arn


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("widget/zreal", "widget/<widget:zreal>"),
        ("widget:zreal:7", "widget:<widget:zreal>:7"),
        ("fancy-widget/zreal/zother", "fancy-widget/<x:zreal>/<x:zother>"),
        ("widget/widget/version/zother", "widget/<x:widget>/version/<x:zother>"),
        ("widget/zreal/version/zother", "widget/<x:zreal>/version/<x:zother>"),
        ("Zreal/x-y", "<x:Zreal>/<x:x-y>"),
        ("zreal", "<x:zreal>"),
        ("widget", "<x:widget>"),
        ("w*/*", "w*/*"),
        ("widget/*zreal*", "widget/*<x:zreal>*"),
    ],
)
def test_the_resource_of_an_unknown_service(resource: str, expected: str) -> None:
    aliases = Aliases(KEY)
    redacted = redact(in_account("unheard-of", resource), aliases).partition(f"{A}:")[2]
    pattern = re.sub(r"<\w+:([\w-]+)>", lambda _: r"([\w-]+?)", re.escape(expected).replace(r"\-", "-"))
    match = re.fullmatch(pattern, redacted)
    assert match, redacted
    names = re.findall(r"<\w+:([\w-]+)>", expected)
    assert not set(match.groups()) & set(names)


# --- segments ---------------------------------------------------------------------------------------------------

SERVICES = sorted({line[0].partition(":")[0] for line in LINES})
_SEGMENT_TEXT = st.sampled_from(["*", "?", "${aws:username}", "${aws:PrincipalTag/team}", ""])


@few(60)
@given(st.sampled_from(LINES), made(lambda random: random))
def test_fields_in_front_of_the_resource_stay(line: list[str], random: Random) -> None:
    service, form = line
    partition = random.choice(["aws", "aws-cn", "aws-us-gov", "aws*", "*", "${aws:Partition}"])
    region = random.choice(["*", "us-*", "eu-west-1", "", "${aws:RequestedRegion}"])
    account = random.choice([ACCOUNT, "*", "${aws:PrincipalAccount}", "aws", "1111*"])
    arn = f"arn:{partition}:{service.partition(':')[0]}:{region}:{account}:{fill(form, random)}"
    redacted = redact(arn)
    fields, after = split_fields(arn), split_fields(redacted)
    assert after[:4] == fields[:4]
    assert after[4] == {ACCOUNT: A}.get(account, account)


def split_fields(arn: str) -> list[str]:
    match = WHOLE_ARN.fullmatch(arn)
    assert match
    return ["arn", *match.groups()]


@few(60)
@given(st.sampled_from(LINES), st.lists(_SEGMENT_TEXT, min_size=1, max_size=6))
def test_wildcards_and_variables_stay_in_any_segment(line: list[str], segments: list[str]) -> None:
    arn = f"arn:aws:{line[0].partition(':')[0]}:*:*:{'/'.join(segments)}"
    assert redact(arn) == arn


@few(100)
@given(
    st.text("abcAZ09-_./:*?${}", max_size=60), st.sampled_from(sorted({line[0].partition(":")[0] for line in LINES}))
)
def test_redacting_any_resource_twice_changes_nothing(resource: str, service: str) -> None:
    aliases = Aliases(KEY)
    redacted = redact(f"arn:aws:{service}:eu-west-1:{ACCOUNT}:{resource}", aliases)
    assert redact(redacted, aliases) == redacted


def test_wildcards_stay_beside_names() -> None:
    assert redact("arn:aws:iam::*:role/zreal-*-${aws:PrincipalTag/team}") == (
        f"arn:aws:iam::*:role/{alias('role', 'zreal-')}*-${{aws:PrincipalTag/team}}"
    )


def test_a_search_in_text_finds_the_same_arn() -> None:
    arn = in_account("elasticloadbalancing", "loadbalancer/app/zreal/50dc6c495c0c9188")
    match = ARN.search(f"not allowed: {arn}, sorry")
    assert match and trim_punctuation(match[0]) == arn


# --- names of AWS -----------------------------------------------------------------------------------------------


def test_the_rest_of_a_bucket_that_aws_began_goes() -> None:
    aliases = Aliases(KEY)
    bucket = redact_name("bucket", f"elasticbeanstalk-eu-west-1-{ACCOUNT}", aliases)
    assert bucket == f"elasticbeanstalk-eu-west-1-{A}"
    name = redact_name("bucket", "aws-cloudtrail-logs-zreal", aliases)
    assert name == f"aws-cloudtrail-logs-{aliases.name('part', 'zreal')}"
    assert redact_name("bucket", name, aliases) == name
    assert aliases.names["aws-cloudtrail-logs-zreal"] == name


def test_the_suffix_of_a_service_linked_role_goes() -> None:
    aliases = Aliases(KEY)
    role = "AWSServiceRoleForAutoScaling"
    assert redact_name("role", role, aliases) == role
    assert redact_name("role", f"{role}_zreal", aliases) == f"{role}_{aliases.name('suffix', 'zreal')}"
    public = "AWSServiceRoleForApplicationAutoScaling_DynamoDBTable"
    assert redact_name("role", public, aliases) == public
    path = "role/aws-service-role/autoscaling.amazonaws.com"
    expected = redact_name("role", f"{role}_zreal", aliases)
    assert redact(in_account("iam", f"{path}/{role}_zreal"), aliases).endswith(f"{path}/{expected}")


def test_a_role_of_the_identity_center_keeps_its_prefix_and_path() -> None:
    aliases = Aliases(KEY)
    name = "AWSReservedSSO_zreal_0123456789abcdef"
    redacted = redact_name("role", name, aliases)
    permission_set, code = aliases.name("part", "zreal"), aliases.name("part", "0123456789abcdef")
    assert redacted == f"AWSReservedSSO_{permission_set}_{code}"
    path = "role/aws-reserved/sso.amazonaws.com/eu-west-1"
    assert redact(in_account("iam", f"{path}/{name}"), aliases).endswith(f"{path}/{redacted}")
    assert redact_path("/aws-reserved/sso.amazonaws.com/eu-west-1/", aliases) == (
        "/aws-reserved/sso.amazonaws.com/eu-west-1/"
    )


def test_names_agree_with_the_arns_that_end_in_them() -> None:
    aliases = Aliases(KEY)
    for kind, name in (
        ("role", "ecsInstanceRole"),
        ("role", "cdk-hnb659fds-deploy-role"),
        ("role", "zreal"),
        ("instance-profile", "aws-elasticbeanstalk-ec2-role"),
        ("policy", "zreal"),
    ):
        assert redact(in_account("iam", f"{kind}/{name}"), aliases).endswith(
            f":{kind}/{redact_name(kind, name, aliases)}"
        )


@pytest.mark.parametrize(
    ("provider", "private"),
    [
        ("token.actions.githubusercontent.com", ""),
        ("gitlab.com", ""),
        ("accounts.google.com", ""),
        ("app.terraform.io", ""),
        ("agent.buildkite.com", ""),
        ("api.bitbucket.org/2.0/workspaces/zreal/pipelines-config/identity/oidc", "zreal"),
        ("oidc.circleci.com/org/12345678-abcd-4bcd-9bcd-1234567890ab", "12345678-abcd-4bcd-9bcd-1234567890ab"),
        ("vstoken.dev.azure.com/zreal", "zreal"),
        ("sts.windows.net/zreal/", "zreal"),
        ("oidc.eks.eu-west-1.amazonaws.com/id/ZREAL123", "ZREAL123"),
        ("token.actions.githubusercontent.com/zreal", "zreal"),
    ],
)
def test_of_a_shared_identity_provider_the_customers_part_goes(provider: str, private: str) -> None:
    aliases = Aliases(KEY)
    expected = provider.replace(private, aliases.name("part", private)) if private else provider
    assert redact_provider(provider, aliases) == expected
    assert redact_provider(f"https://{provider}", aliases) == f"https://{expected}"
    assert redact_name("oidc-provider", provider, aliases) == expected
    assert redact(in_account("iam", f"oidc-provider/{provider}"), aliases).endswith(f"oidc-provider/{expected}")


def test_wildcards_in_a_shared_identity_provider_leave_its_host() -> None:
    for provider in ("oidc.eks.*.amazonaws.com/id/*", "cognito-idp.*.amazonaws.com/*", "app.terraform.io/*"):
        arn = f"arn:aws:iam::*:oidc-provider/{provider}"
        assert redact(arn) == arn
    assert "zreal" not in redact("arn:aws:iam::*:oidc-provider/*.zreal.org/id/*")


def test_a_user_pool_is_called_alike_as_a_provider_and_as_a_resource() -> None:
    pool = f"eu-west-1_{alias('part', 'zreal')}"
    provider = redact_provider("cognito-idp.eu-west-1.amazonaws.com/eu-west-1_zreal", Aliases(KEY))
    assert provider == f"cognito-idp.eu-west-1.amazonaws.com/{pool}"
    assert redact(in_account("cognito-idp", "userpool/eu-west-1_zreal")).endswith(f"userpool/{pool}")


def test_another_identity_provider_is_one_name() -> None:
    assert redact_provider("https://oidc.zreal.org/x", Aliases(KEY)) == (
        f"https://{alias('oidc-provider', 'oidc.zreal.org/x')}"
    )


@given(st.sampled_from(sorted({line.split()[0] for line in FORMS.split("\n") if line.strip()})), st.data())
def test_a_type_with_one_slot_behind_it_is_split_as_any_other_resource(service: str, data: st.DataObject) -> None:
    """What is behind most types is one slot, which is not searched for forms."""
    words = sorted(
        {form.split()[1].partition("/")[0] for form in FORMS.split("\n") if form.strip().startswith(service)}
    )
    types = [word for each in words for word in each.split("|")]
    rest = st.text(alphabet="ab/:*?-${}", max_size=8)
    resource = f"{data.draw(st.sampled_from(types))}{data.draw(st.sampled_from('/:'))}{data.draw(rest)}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resource_grammar, "_fit_whole_rest", lambda *_: None)
        expected = resource_grammar.split_resource(service, resource)
    assert resource_grammar.split_resource(service, resource) == expected


@given(st.text(alphabet="ab/:*$", max_size=8) | st.just("a/${aws:username}/b:c"))
def test_the_last_segment_is_split_off(text: str) -> None:
    *before, last = split_segments(text)
    assert resource_grammar.split_last_segment(text) == ("".join(before), last)

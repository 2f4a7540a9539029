"""Traffic as AWS and its users really write it: cases that a grid of canaries misses.

Each case comes from a review: ARNs with blanks and wildcards, documents that are no JSON, names in sentences, names
that are words of the protocol, requests that name people.
"""

from __future__ import annotations

import json

import pytest

from awstape.core.aws.model import Value
from awstape.core.aws.wire import Response
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.check.findings import check_text
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.text.free_text import redact_text
from awstape.core.replay.misses import Miss
from awstape.core.replay.replies import ServedPage
from support import exchanges
from support.exchanges import ACCOUNT, KEY, MODELS, OTHER_KEY, Exchange

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYExample7"
#: Text → the words in it that must not stay.
TEXTS: dict[str, str] = {
    f"arn:aws:dynamodb:*:{ACCOUNT}:table/customers-acme": "customers acme",
    f"arn:*:iam::{ACCOUNT}:role/AcmeAdmin": "AcmeAdmin",
    f"arn:aws*:iam::{ACCOUNT}:role/AcmeAdmin": "AcmeAdmin",
    f"arn:${{aws:Partition}}:ec2:${{aws:RequestedRegion}}:{ACCOUNT}:volume/acme-vol": "acme-vol",
    '{"Resource": "arn:aws:s3:::acme-bucket/Project Falcon/plans/*"}': "acme Project Falcon plans",
    """{"Resource": "arn:aws:s3:::b/${aws:username, 'nobody at acme'}/*"}""": "nobody acme",
    "see arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E2QEXAMPLE0000 now": "E2QEXAMPLE0000",
    f"arn:aws:iam::{ACCOUNT}:user/4711": "4711",
    "arn:aws:s3:::root/x": "root",
    "arn:aws:s3:::us-east-1": "us-east-1",
    f"arn:aws:iam::{ACCOUNT}:oidc-provider/acme-oidc.s3.amazonaws.com": "acme oidc.s3",
    f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/acme-prod/uuid": "acme uuid",
    f'x "arn:aws:iam::{ACCOUNT}:role\\/Payroll"': "Payroll",
    f"role\u00a0arn:aws:iam::{ACCOUNT}:role/Payroll\u00a0x": "Payroll",
    '{ // x\n "sts:ExternalId": "acme-77", "login.acme.com:sub": ["repo:acme/infra:*"]}': "acme-77 login infra",
    'Condition {"StringEquals":{"sts:ExternalId":"acme-77"}} is invalid': "acme",
    'Bad {\\"sts:ExternalId\\":\\"acme-77\\"}': "acme",
    "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE:sub": "EXAMPLED539",
    '{"login.acme.com:repository": "acme/infra", "saml:iss": "https://sso.acme.com"}': "acme infra",
    f'{{"aws:userid": "{ACCOUNT}:fedalice"}}': "fedalice",
    '{"Federated": "login.acme.com"}': "acme",
    '{"aws:RequestTag/db_password": "hunter2hunter2"}': "hunter2",
    "1111 2222 3333": "1111",
    "1111_2222_3333": "1111",
    "org-trail-o-a1b2c3d4e5": "a1b2c3d4e5",
    "sg-for-vpc-0a1b2c3d4e5f67890": "0a1b2c3d4e5f67890",
    "vpce-svc-0a1b2c3d4e5f67890": "0a1b2c3d4e5f67890",
    "keyAKIAIOSFODNN7EXAMPLF": "IOSFODNN7",
    "jürgen@corp.example": "jürgen",
    "alice@münchen.example.de": "alice münchen",
    "*@acme.example": "acme",
    f"old {SECRET} new applications/production/secrets/backend/payments/Zk9Q3vT7xLmP2sR8wYbN4cHd": "wJalr Zk9Q3v",
    "account\u00a0111122223333": ACCOUNT,
    "call +41 79 555 12 34 at night": "79 12",
    "on call: +442079460123": "442079460123",
    "+1 (415) 867-5309": "415 867 5309",
    "key in /home/bsmith/.ssh/id_rsa": "bsmith",
    "copied from C:\\Users\\bob.smith\\keys or /Users/ann/keys": "bob smith ann",
    "as AWSReservedSSO_BillingTeam_0123456789abcdef": "BillingTeam 0123456789abcdef",
    r"Syntax errors in policy: {\"a\": \"\\u0061lice@corp.example\"}": "corp",
    r'denied: {"a":"x\nAROAEXAMPLEID12345678"}': "EXAMPLEID",
    "&amp;#97;lice&commat;corp.example": "corp",
    "see https://12345678-abcd-4bcd-9bcd-1234567890ab.tokens.sts.global.api.aws": "12345678-abcd",
    "user,arn,user_creation_time\nsmith,bob,arn:aws:iam::111122223333:user/smith,bob,2019-01-02T03:04:05+00:00,x\n": (
        "smith bob"
    ),
}
EMOJI = ['see {"a": "\\ud83d\\ude00"}', "x \\ud83d", "\\ud83d\\ud83d\\u0041"]


@pytest.mark.parametrize("text", TEXTS)
def test_nothing_real_stays(text: str) -> None:
    redacted = redact_text(text, Aliases(KEY))
    assert not [part for part in (*TEXTS[text].split(), ACCOUNT) if part in redacted]
    assert redact_text(redacted, Aliases(OTHER_KEY)) == redacted


@pytest.mark.parametrize("text", EMOJI)
def test_escapes_of_invalid_characters_are_harmless(text: str) -> None:
    assert redact_text(text, Aliases(KEY)) == text


@pytest.mark.parametrize(
    "text", ["\\" * 30_000, "\\x" * 15_000, '"a":[ ' * 8_000, "${" * 15_000, "a-_" * 15_000, "&a" * 15_000]
)
def test_unusual_texts_take_bounded_time(text: str) -> None:
    """Each of these once took minutes; now a test that hangs would be noticed."""
    assert redact_text(text, Aliases(KEY)) == text


# --- names in sentences -----------------------------------------------------------------------------------------


def role(name: str, **members: Value) -> Exchange:
    known: dict[str, Value] = {"RoleName": name, "Arn": f"arn:aws:iam::{ACCOUNT}:role/{name}"}
    return exchanges.request("GetRole", {"RoleName": name}), exchanges.respond(
        "GetRole", {"Role": {**known, **members}}
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("alice", "owner:Alice; Alice's role, ALICE"),
        ("alice", "用户alice的角色 alice에게 ユーザーaliceさん用"),
        ("acme-data", "in acme-data.s3.amazonaws.com"),
        ("deploy-bot", "deploy-bot_old alice+deploy-bot -deploy-bot-"),
        (f"acme-{ACCOUNT}", f"the role acme-{ACCOUNT} of acme-{ACCOUNT}."),
        ("prod-api-LambdaExecutionRole-1OZ2K7X9QW3E", "of prod-api-LambdaExecutionRole-1OZ2K7X9QW3E"),
        ("Ana.Lee+x", "[x,Ana.Lee+x,y]"),
    ],
)
def test_a_known_name_is_found_in_every_spelling(name: str, text: str) -> None:
    written = write_cassette(exchanges.record(role(name, Description=text)).cassette)
    assert name.casefold() not in written.casefold()
    assert check_text(written, MODELS) == []
    alias = Aliases(KEY).name("role", name)
    assert written.count(alias) >= 3, "the same in identity, output and text"


@pytest.mark.parametrize(
    ("name", "input_", "message"),
    [
        ("GetUser", {"UserName": "jo"}, "Login Profile for User jo cannot be found."),
        ("GetRole", {"RoleName": "My Acme Role"}, "Value 'My Acme Role' at 'roleName' failed to satisfy constraint"),
        ("ListRoles", {"PathPrefix": "/my acme/"}, "Value '/my acme/' at 'pathPrefix' failed"),
        ("GetPolicy", {"PolicyArn": "acme-policy"}, "ARN acme-policy is not valid."),
        (
            "GetOpenIDConnectProvider",
            {"OpenIDConnectProviderArn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/login.acme.com/oauth2"},
            f"Provider arn:aws:iam::{ACCOUNT}:oidc-provider/login.acme.com/oauth2 not found",
        ),
    ],
)
def test_an_error_that_names_the_request_is_redacted(name: str, input_: dict[str, Value], message: str) -> None:
    failed = exchanges.fail(name, 400, "ValidationError", message)
    written = write_cassette(exchanges.record((exchanges.request(name, input_), failed)).cassette)
    assert not [part for part in ("acme", "Acme", "User jo ", ACCOUNT) if part in written]


# --- identities -------------------------------------------------------------------------------------------------


def test_names_in_an_identity_s_text_are_replaced_and_still_match() -> None:
    policy = json.dumps(
        {"Statement": [{"Sid": "mallory", "Condition": {"StringLike": {"aws:PrincipalTag/o": "mallory"}}}]}
    )
    request = exchanges.request("SimulateCustomPolicy", {"PolicyInputList": [policy], "ActionNames": ["s3:Get*"]})
    user = exchanges.respond("GetUser", {"User": {"UserName": "mallory"}})
    recorded = exchanges.cassette(
        (request, exchanges.respond("SimulateCustomPolicy")), (exchanges.request("GetUser"), user)
    )
    assert "mallory" not in write_cassette(recorded)
    assert isinstance(exchanges.player(recorded).answer(request), ServedPage)
    (track,) = (take.track for take in recorded.takes if take.track.operation == "SimulateCustomPolicy")
    by_alias = exchanges.request("SimulateCustomPolicy", track.identity)
    assert isinstance(exchanges.player(recorded, key=None).answer(by_alias), ServedPage)
    other = json.loads(policy.replace("mallory", "somebody"))
    wrong = exchanges.request(
        "SimulateCustomPolicy", {"PolicyInputList": [json.dumps(other)], "ActionNames": ["s3:Get*"]}
    )
    assert isinstance(exchanges.player(recorded).answer(wrong), Miss)


def test_a_name_that_is_known_later_is_replaced_in_the_old_tracks_too() -> None:
    old = exchanges.cassette(role("Deployer", Description="owned by mallory"))
    assert "mallory" in write_cassette(old)
    user = exchanges.respond("GetUser", {"User": {"UserName": "mallory"}})
    recording = exchanges.recorder((exchanges.request("GetUser"), user)).finish(old)
    assert len(recording.merged.takes) == 2
    assert "mallory" not in write_cassette(recording.merged)


# --- agreement and length---------------------------------------------------------------------------------------


def test_the_report_of_last_access_names_entities_by_their_type() -> None:
    info: dict[str, Value] = {
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/x1",
        "Name": "x1",
        "Type": "ROLE",
        "Id": "AROAEXAMPLEID123456",
    }
    output: dict[str, Value] = {"EntityDetailsList": [{"EntityInfo": info}]}
    name = "GetServiceLastAccessedDetailsWithEntities"
    (take,) = exchanges.record((exchanges.request(name), exchanges.respond(name, output))).cassette.takes
    listed = take.pages[0].answer.output
    assert listed
    written = json.dumps(listed)
    assert written.count(Aliases(KEY).name("role", "x1")) == 2


def test_a_text_has_room_for_its_names() -> None:
    cassette = exchanges.record(role("bob", Description=("bob " * 250)[:998])).cassette
    output = cassette.takes[0].pages[0].answer.output
    assert output
    assert isinstance(output["Role"], dict)
    assert len(str(output["Role"]["Description"])) <= 1000


def test_many_values_with_one_ending_are_searched_in_bounded_time() -> None:
    users: list[Value] = [
        {"UserName": f"user{i}", "Arn": f"arn:aws:iam::{ACCOUNT}:user/u{i}@google.com"} for i in range(500)
    ]
    recording = exchanges.record((exchanges.request("ListUsers"), exchanges.respond("ListUsers", {"Users": users})))
    assert "google" not in write_cassette(recording.cassette)


# --- requests that name people ---------------------------------------------------------------------------------


def user(*names: str) -> Exchange:
    users: list[Value] = [{"UserName": name} for name in names]
    return exchanges.request("ListUsers"), exchanges.respond("ListUsers", {"Users": users})


def create(description: str) -> Exchange:
    """A CreateRole exchange with free text in its request."""
    request = exchanges.request(
        "CreateRole", {"RoleName": "Role1", "AssumeRolePolicyDocument": "{}", "Description": description}
    )
    return request, exchanges.respond("CreateRole", {"Role": {"RoleName": "Role1"}})


def profile(name: str) -> Exchange:
    request = exchanges.request("GetInstanceProfile", {"InstanceProfileName": name})
    return request, exchanges.respond("GetInstanceProfile", {"InstanceProfile": {"InstanceProfileName": name}})


def bucket(name: str) -> Exchange:
    document = json.dumps({"Statement": [{"Resource": f"arn:aws:s3:::acme/{name}/*"}]})
    request = exchanges.request("SimulateCustomPolicy", {"PolicyInputList": [document], "ActionNames": ["s3:Get*"]})
    return request, exchanges.respond("SimulateCustomPolicy")


CDK = "prod-api-LambdaExecutionRole-1OZ2K7X9QW3E"
REQUESTS: dict[str, tuple[list[Exchange], str]] = {
    "a name of two kinds": ([role("web"), profile("web")], "for web"),
    "a part of an ARN": ([user("mallory"), bucket("reports")], "reports of mallory"),
    "a name of two letters": ([role("qa"), user("mallory")], "qa of mallory"),
    "after an escape": ([user("mallory")], "Owner:\nmallory"),
    "among characters without gaps": ([user("mallory")], "用户mallory"),
    "percent-encoded": ([user("mallory")], "see%20%22mallory%22"),
    "base64": ([user("mallory")], "x b3duZXIgaXMgbWFsbG9yeSBpbmRlZWQ="),
    "with an account id": ([role(f"acme-{ACCOUNT}")], f"like acme-{ACCOUNT} ok"),
    "made by a template": ([role(CDK)], f"like {CDK} ok"),
    "too long": ([user("bob")], "bob " * 249),
    "in other letters": ([user("mallory")], "MALLORY and Mallory"),
    "a root of an organization": ([create("o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/"), user("bob")], "root r-ab12 of bob"),
    "a common word": ([user("aws", "root", "user")], "the user root of aws"),
}


@pytest.mark.parametrize("case", REQUESTS)
def test_a_request_with_names_of_others_matches(case: str) -> None:
    traffic, description = REQUESTS[case]
    exchange = create(description)
    recorded = exchanges.cassette(*traffic, exchange, include_writes=True)
    assert isinstance(exchanges.player(recorded).answer(exchange[0]), ServedPage)
    assert exchanges.cassette(exchange, *reversed(traffic), include_writes=True) == recorded, "in any order"
    for take in recorded.takes:
        by_alias = exchanges.request(take.track.operation, take.track.identity)
        assert isinstance(exchanges.player(recorded, key=None).answer(by_alias), ServedPage)


def test_a_name_that_only_the_old_cassette_knows_is_replaced() -> None:
    old = exchanges.cassette(user("mallory"))
    exchange = create("owned by mallory")
    merged = (
        exchanges.recorder(role("r2x", Description="owned by mallory"), exchange, include_writes=True)
        .finish(old)
        .merged
    )
    assert "mallory" not in write_cassette(merged)
    assert isinstance(exchanges.player(merged).answer(exchange[0]), ServedPage)


def test_two_tracks_that_become_one_are_one() -> None:
    user_alias = Aliases(KEY).name("user", "mallory")
    old = exchanges.cassette(create("for mallory"), create(f"for {user_alias}"), include_writes=True)
    assert len(old.takes) == 2
    merged = exchanges.recorder(user("mallory")).finish(old).merged
    assert [take.track.operation for take in merged.takes] == ["CreateRole", "CreateRole", "ListUsers"]
    assert merged.takes[0].track == merged.takes[1].track


def test_a_member_that_the_model_does_not_know_can_be_read_back_after_another_recording() -> None:
    """The name was edited by hand, or only another recording knows it."""
    body = f"<x><GetRoleResult><Role><RoleName>r1x</RoleName></Role><N{ACCOUNT}>x</N{ACCOUNT}></GetRoleResult></x>"
    answer = Response(200, (("content-type", "text/xml"),), body.encode())
    old = exchanges.cassette((exchanges.request("GetRole"), answer))
    alias = old.takes[0].pages[0].answer.unmodelled[0]
    edited = read_cassette(write_cassette(old).replace(alias, "Mallory"), MODELS)
    merged = exchanges.recorder(user("Mallory")).finish(edited).merged
    assert read_cassette(write_cassette(merged), MODELS) == merged
    assert "Mallory" not in write_cassette(merged)


# --- what stays -------------------------------------------------------------------------------------------------


def test_words_of_the_protocol_stay_even_if_they_are_names() -> None:
    groups: list[Value] = [{"GroupName": name} for name in ("team", "username", "policy", "aws", "eu-west-1")]
    compared = {"aws:ResourceTag/team": "${aws:PrincipalTag/team}", "aws:x": "${aws:username}"}
    document = json.dumps({"Condition": {"StringLike": compared}})
    finding: dict[str, Value] = {"principal": {"AWS": ACCOUNT}, "condition": {"aws:RequestedRegion": "eu-west-1"}}
    recorded = exchanges.cassette(
        (exchanges.request("ListGroups"), exchanges.respond("ListGroups", {"Groups": groups})),
        role("r1x", AssumeRolePolicyDocument=document, Description="x,arn:aws:iam::aws:policy/job-function/Billing"),
        (exchanges.request("GetFinding", {"id": "x"}), exchanges.respond("GetFinding", {"finding": finding})),
        (
            exchanges.request("ListPolicies"),
            exchanges.respond("ListPolicies", {"Policies": [{"PolicyName": "Billing"}]}),
        ),
    )
    text = write_cassette(recorded)
    assert document in text
    assert "x,arn:aws:iam::aws:policy/job-function/Billing" in text
    assert "AWS: '000" in text
    assert "aws:RequestedRegion: eu-west-1" in text


@pytest.mark.parametrize(
    "text",
    [
        *("v1.2:release", "s3.amazonaws.com:foo", "https://signin.aws.amazon.com/saml"),
        *("+1-555-0100", "at 10:00:00+01:00", "1.2.3+20240101", "x=+12345678901", "+5", "build/2024+1234567890"),
        *("/home/ec2-user/app", "/home/ubuntu", "C:\\Users\\Public\\x", "/home/", "/home/${aws:username}/*"),
        *("arn:aws:kms:us-east-1::alias/aws/s3", "arn:aws:ssm:eu-west-1::parameter/aws/service/x"),
        '{"SAML:aud": "https://signin.aws.amazon.com/saml", "x.example:aud": "sts.amazonaws.com"}'.replace(
            "x.example", "saml"
        ),
    ],
)
def test_aws_owned_values_stay(text: str) -> None:
    assert redact_text(text, Aliases(KEY)) == text


def test_filters_for_public_words_stay() -> None:
    criteria: dict[str, Value] = {
        "findingType": {"eq": ["ExternalAccess"]},
        "action": {"contains": ["s3:GetObject"]},
        "createdAt": {"eq": ["2026-01-02"]},
        "resourceOwnerAccount": {"eq": ["acme"]},
    }
    request = exchanges.request(
        "ListFindings", {"analyzerArn": f"arn:aws:access-analyzer:eu-west-1:{ACCOUNT}:analyzer/a1b", "filter": criteria}
    )
    text = write_cassette(exchanges.cassette((request, exchanges.respond("ListFindings"))))
    assert all(word in text for word in ("ExternalAccess", "s3:GetObject", "2026-01-02"))
    assert "acme" not in text


@pytest.mark.parametrize("joint", ["-", "+", "_"])
def test_an_address_right_after_another_is_replaced(joint: str) -> None:
    assert "bob" not in redact_text(f"ana@corp.example{joint}bob@corp.example", Aliases(KEY))


def test_a_long_credential_report_takes_bounded_time() -> None:
    redact_text("user,arn,user_creation_time\n" + "a,arn:" * 20_000 + "\n", Aliases(KEY))

"""No findings in public values; no crash and no missed value in a text that is no cassette."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.aws.model import Value
from awstape.core.cassette.yaml.documents import DocumentError
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import write_cassette
from awstape.core.check.findings import FORMAT, Finding, check_text
from support import exchanges
from support.exchanges import MODELS
from support.planting import cassettes
from support.strategies import few, inputs, outputs

ACCOUNT = "314159265358"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Payroll"
HEADER = "version: 1\n"
TAKE = "---\nservice: iam\noperation: GetRole\nidentity: {RoleName: alias-S4t6r3rrlT}\n"
PAGE = "pages:\n- error: {status: 404, code: NoSuchEntity}\n"
LEAK = TAKE.replace("alias-S4t6r3rrlT", "Payroll") + f"pages:\n- error: {{status: 404, message: 'No {ROLE}'}}\n"


def found_in(text: str) -> list[Finding]:
    return check_text(text, MODELS)


def leaks(text: str) -> list[Finding]:
    return [finding for finding in found_in(text) if finding.kind != FORMAT and finding.level == "error"]


# --- no false alarms ---


@pytest.mark.parametrize("name", cassettes())
def test_shipped_cassettes_are_clean(name: str) -> None:
    assert found_in(cassettes()[name]) == []


@pytest.mark.parametrize(
    "name",
    """
    ListRoles ListPolicies GetAccountAuthorizationDetails GetCredentialReport CreateSAMLProvider CreateAccessKey
    SimulatePrincipalPolicy GetServiceLastAccessedDetails ListVirtualMFADevices GetContextKeysForCustomPolicy
    ListFindings ListFindingsV2 ListAnalyzers GetAccessPreview CreateAccessPreview ListPolicyGenerations GetArchiveRule
    GetGeneratedPolicy ValidatePolicy UploadServerCertificate
    """.split(),
)
@few(20)
@given(data=st.data())
def test_recordings_are_clean(name: str, data: st.DataObject) -> None:
    operation = exchanges.operation(name)
    input_, output = data.draw(inputs(operation)), data.draw(outputs(operation))
    exchange = (exchanges.request(name, input_), exchanges.respond(name, output))
    text = write_cassette(exchanges.record(exchange, include_writes=True).cassette)
    assert [finding for finding in found_in(text) if finding.level == "error"] == [], text


VOCABULARY = """
    s3:GetObject iam:PassRole sts:AssumeRoleWithWebIdentity access-analyzer:ListFindingsV2 dynamodb:BatchGetItem
    elasticloadbalancing:DescribeLoadBalancerAttributes s3:* *:* kms:GenerateDataKeyPairWithoutPlaintext
    arn:aws:iam::aws:policy/AdministratorAccess arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole
    arn:aws-us-gov:iam::aws:policy/job-function/ViewOnlyAccess
    arn:aws:iam::aws:policy/aws-service-role/AWSSupportServiceRolePolicy
    arn:aws:iam::aws:policy/AmazonSSMManagedEC2InstanceDefaultPolicy arn:aws:s3:::* arn:aws:iam::*:role/*
    lambda.amazonaws.com ec2.amazonaws.com.cn support.amazonaws.com sso.amazonaws.com AWSServiceRoleForSupport
    aws:PrincipalOrgID sts:ExternalId aws:RequestTag/Team ${aws:username} ${aws:PrincipalTag/team} aws:SourceIp
    00000000-0000-4000-9000-000000000011 7f8a2c1e-3b4d-4e5f-8a9b-0c1d2e3f4a5b 7F8A2C1E-3B4D-1E5F-8A9B-0C1D2E3F4A5B
    2024-05-02T03:04:05.678Z 2024-05-02 20240502T030405Z 2012-10-17 1714618800 1714618800.123 03:04:05
    us-east-1 eu-west-3 ap-southeast-2 us-gov-west-1 cn-north-1 me-central-1
    AWS::IAM::Role AWS::S3Express::DirectoryBucket AWS::SecretsManager::Secret UnusedPermission IN_PROGRESS
    awstape.example.com user@example 127.0.0.1 10.0.0.0/8 2001:db8::1 https://docs.aws.amazon.com/IAM/latest/UserGuide/
    sts.amazonaws.com cognito-identity.amazonaws.com accounts.google.com graph.facebook.com
    page-2.qljy v1 v12 true null 3600 000000000000000 99999999999 1234567890123 NoSuchEntity AccessDeniedException
    IAMAccessAnalyzerGeneratedPolicyValidationException GetServiceLastAccessedDetailsWithEntitiesResponse
    """.split()  # fmt: skip
CONTEXTS: dict[str, Callable[[str], str]] = {
    "text": lambda word: cassettes()["roles"].replace("Description: ''", f"Description: 'Use {word} here'"),
    "alone": lambda word: cassettes()["roles"].replace("Description: ''", f"Description: '{word}'"),
    "comment": lambda word: f"# {word}, as {word} said\n" + cassettes()["roles"],
    "block": lambda word: cassettes()["roles"].replace(
        "Description: ''", f"Description: |-\n        Use\n        {word}"
    ),
    "no cassette": lambda word: f"- {word}\n",
}


@pytest.mark.parametrize("context", CONTEXTS)
def test_standard_vocabulary_is_clean(context: str) -> None:
    found = {word: leaks(CONTEXTS[context](word)) for word in VOCABULARY}
    assert {word: each for word, each in found.items() if each} == {}


def test_thumbprints_are_clean_where_they_belong() -> None:
    prints: list[Value] = ["9e99a48a9960b14926bb7f3b02e22da2b0ab7280", "6938FD4D98BAB03FAADB97B34396831E3780AEA1"]
    name = "GetOpenIDConnectProvider"
    request = exchanges.request(name, {"OpenIDConnectProviderArn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/a.example"})
    text = write_cassette(exchanges.cassette((request, exchanges.respond(name, {"ThumbprintList": prints}))))
    assert all(str(each) in text for each in prints)
    assert found_in(text) == []


def test_a_policy_of_standard_vocabulary_is_clean() -> None:
    policy = (
        '{"Version":"2012-10-17","Statement":[{"Sid":"AllowAll","Effect":"Deny","Principal":{"Service":'
        '"ec2.amazonaws.com"},"NotAction":["iam:*","s3:GetObject"],"Resource":"*","Condition":{"Bool":'
        '{"aws:MultiFactorAuthPresent":"false"},"DateLessThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"},'
        '"IpAddress":{"aws:SourceIp":["10.0.0.0/8"]},"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/*"}}}]}'
    )
    assert found_in(cassettes()["roles"].replace("Description: ''", f"Description: '{policy}'")) == []


# --- no cassettes ---

#: Name → (text, line of the `format` finding).
NO_CASSETTES = {
    "empty": ("", 1),
    "blank": ("\n \n", 1),
    "comment only": ("# nothing\n", 1),
    "list": ("- a\n- b\n", 1),
    "prose": ("Dear Sir,\n\tyours: faithfully: x\n", 1),
    "other version": ("version: 2\n", 1),
    "no header": (TAKE.removeprefix("---\n") + PAGE, 1),
    "unknown service": (HEADER + TAKE.replace("iam", "s4") + PAGE, 3),
    "unknown operation": (HEADER + TAKE.replace("GetRole", "GetRoel") + PAGE, 4),
    "unknown member": (HEADER + TAKE + "pages:\n- output:\n    Role: {Nmae: 1}\n", 8),
    "member of another type": (HEADER + TAKE + "pages:\n- output:\n    Role: []\n", 8),
    "no pages": (HEADER + TAKE, 3),
    "broken chain": (HEADER + TAKE + PAGE + "- token: page-2.abcd\n  error: {status: 404}\n", 7),
    "unclosed": (HEADER + TAKE + "pages: [\n", 7),
    "tab": (HEADER + "---\nservice:\n\t- iam\n", 4),
    "tag": (HEADER + TAKE + "pages: !pages []\n", 6),
    "key twice": (HEADER + TAKE + "identity: {}\n" + PAGE, 6),
    "anchor": (HEADER + TAKE + "pages: &a []\n", 6),
    "alias": (HEADER + TAKE + "pages: *a\n", 6),
    "key that is a list": (HEADER + TAKE + "[a]: b\n", 6),
    "no base64": (HEADER + TAKE + "pages: !!binary 'ä'\n", 6),
    "too deep": (HEADER + TAKE + "pages: " + "[" * 100 + "]" * 100 + "\n", 6),
    "much too deep": (HEADER + TAKE + "pages: " + "[" * 50_000, 6),
    "NUL": (HEADER + TAKE + "pages: \0\n", 6),
    "control character": (HEADER + TAKE + "pages: \x07\n", 6),
    "surrogate": (HEADER + TAKE + '"\\ud800": x\n', 6),
    "lone surrogate": (HEADER + TAKE + "\udcff: x\n", 6),
    "null document": (HEADER + "---\n" + TAKE + PAGE, 3),
}
each_of_no_cassettes = pytest.mark.parametrize("name", NO_CASSETTES)


@each_of_no_cassettes
def test_errors_of_the_format_have_their_line(name: str) -> None:
    text, line = NO_CASSETTES[name]
    every = found_in(text)
    assert {finding.kind for finding in every} == {FORMAT}
    assert every[0].problem
    assert every[0].line == line


@each_of_no_cassettes
@pytest.mark.parametrize("where", ["before", "after", "comment"])
def test_leaks_are_found_where_the_format_is_broken(name: str, where: str) -> None:
    text, _ = NO_CASSETTES[name]
    header, _, rest = text.partition("---\n")
    match where:
        case "before":
            text = f"{header}{LEAK}---\n{rest}" if rest else f"leak: {ROLE}\n---\n{text}"
        case "after":
            text += f"\n{LEAK}"
        case _:
            text += f"\n# {ROLE}\n"
    assert {"account", "role"} <= {finding.kind for finding in leaks(text)}


@pytest.mark.parametrize(
    "directive", [f"%TAG !e! tag:ana@corp.example,2024:{ACCOUNT}", f"%OWNER ana@corp.example {ACCOUNT}"]
)
def test_a_leak_is_found_in_a_directive(directive: str) -> None:
    assert {"account", "e-mail"} <= {finding.kind for finding in leaks(f"{directive}\n---\n{cassettes()['roles']}")}


@pytest.mark.parametrize("mark", ["&", "!"])
def test_a_leak_is_found_in_an_anchor_and_a_tag(mark: str) -> None:
    text = cassettes()["roles"].replace("Description: ''", f"Description: {mark}AKIA{'QRJG7B2R6L3ONFAP'} ''")
    assert [finding.kind for finding in leaks(text)] == ["unique id"]


def test_a_leak_is_found_in_the_document_that_is_broken() -> None:
    for bad in ("&a b", "*a", "!tag b", "!!binary ä", "[[{" * 40 + "}]]" * 40, "{a: b, a: c}", "{[a]: b}"):
        text = f"{HEADER}{TAKE}bad: {bad}\npages:\n- error: {{status: 404, message: 'No {ROLE}'}}\n"
        assert {"account", "role"} <= {finding.kind for finding in leaks(text)}, bad


@pytest.mark.parametrize("bad", ["service", "operation", "identity", "pages", "key", "tag", "anchor"])
def test_errors_of_the_format_do_not_quote_real_values(bad: str) -> None:
    """No account id, name or address is quoted, wherever it is."""
    value = '"ana.payroll@corp.example"'
    text = {
        "service": HEADER + TAKE.replace("iam", value) + PAGE,
        "operation": HEADER + TAKE.replace("GetRole", value) + PAGE,
        "identity": HEADER + TAKE.replace("alias-S4t6r3rrlT", f"{{{value}: x}}") + PAGE,
        "pages": HEADER + TAKE + f"pages:\n- error: {{status: 404, {value}: x}}\n",
        "key": HEADER + TAKE + PAGE + f"{value}: x\n{value}: x\n",
        "tag": HEADER + TAKE + "pages: !ana.payroll@corp.example x\n",
        "anchor": HEADER + TAKE + f"pages: {{{value}: &ana x}}\n",
    }[bad]
    every = found_in(text)
    assert FORMAT in {finding.kind for finding in every}
    assert not re.search("payroll|corp", repr(every))


# --- whatever the text ---

_PIECES = st.one_of(
    st.text(max_size=10), st.sampled_from(["- ", ": ", "\n", "\n  ", "---\n", "'", '"', "|", "#", ROLE])
)


@few(300)
@given(st.one_of(st.text(), st.lists(_PIECES).map("".join)))
def test_any_text_is_searched(text: str) -> None:
    _assert_sound(text)


@few(300)
@given(st.data())
def test_any_mutation_of_a_cassette_is_searched(data: st.DataObject) -> None:
    text = cassettes()[data.draw(st.sampled_from(sorted(cassettes())))]
    for _ in range(data.draw(st.integers(1, 3))):
        start, end = sorted((data.draw(st.integers(0, len(text))), data.draw(st.integers(0, len(text)))))
        end = min(end, start + data.draw(st.integers(0, 30)))
        text = text[:start] + data.draw(_PIECES) + text[end:]
    _assert_sound(text)


def _assert_sound(text: str) -> None:
    every = found_in(text)
    assert every == sorted(every)
    assert all(1 <= finding.line <= len(text.splitlines()) + 1 for finding in every)
    assert all(bool(finding.problem) == (finding.kind == FORMAT or finding.level == "warning") for finding in every)
    try:
        read_cassette(text, MODELS)
        assert FORMAT not in {finding.kind for finding in every}
    except DocumentError:
        assert FORMAT in {finding.kind for finding in every}


# --- bounded time ---


@pytest.mark.parametrize("spell", ["# TEXT", "- [\nTEXT", "a: TEXT", HEADER + TAKE + "pages: 'TEXT'\n"], ids=range(4))
@pytest.mark.parametrize(
    "piece", ["\\", "%25", "&", "x ", "a-", "1", "arn:", "eyJ", "-----BEGIN ", "QUJD", "x@a.", "{", " #"]
)
def test_long_lines_take_linear_time(piece: str, spell: str) -> None:
    """A tenth of a second at most; quadratic time would take a hundred times as long."""
    text = spell.replace("TEXT", piece * (40_000 // len(piece)))
    start = time.perf_counter()
    found_in(text)
    assert time.perf_counter() - start < 2


@pytest.mark.slow
def test_many_lines_take_linear_time() -> None:
    many = HEADER + TAKE + "pages:\n- output:\n    Role:\n      Description: |\n" + f"        of {ROLE}\n" * 3000
    start = time.process_time()
    assert len(leaks(many)) == 6000
    assert time.process_time() - start < 10

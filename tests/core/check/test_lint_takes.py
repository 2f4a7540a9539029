"""Probable mistakes in readable cassettes: each warning with its line, its member and what to do.

That recordings give no warnings is tested in `core/aws/test_aws_generated.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.check.findings import FORMAT, Finding, check_text
from awstape.core.check.lint_takes import KINDS, PAGING, UNFINISHED
from awstape.core.redaction.project_rules import Rules
from awstape.workbench.check_formats import FORMATS
from support.exchanges import MODELS

START = "version: 1\n---\n"
POLICIES = """\
service: iam
operation: ListAttachedRolePolicies
identity:
  RoleName: alias-Tsr76sms7l
  PathPrefix: /
pages:
- limit: 2
  output:
    IsTruncated: true
    AttachedPolicies:
    - PolicyName: ReadOnlyAccess
      PolicyArn: arn:aws:iam::aws:policy/ReadOnlyAccess
    - PolicyName: alias-srrm4262kR
      PolicyArn: arn:aws:iam::000611752023:policy/alias-srrm4262kR
    Marker: page-2.l3kn
- token: page-2.l3kn
  output:
    IsTruncated: false
    AttachedPolicies:
    - PolicyName: AWSLambdaBasicExecutionRole
      PolicyArn: arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole
"""
VERSIONS = """\
service: iam
operation: ListPolicyVersions
identity:
  PolicyArn: arn:aws:iam::000611752023:policy/alias-srrm4262kR
pages:
- output:
    Versions:
    - VersionId: v2
      CreateDate: 2026-03-02T09:14:11Z
      Document: '{"Version": "2012-10-17"}'
    - VersionId: v1
      CreateDate: '2026-03-02T09:14:11.123Z'
      Document: '{"Version": "2012-10-17"}'
"""
FINDINGS = """\
service: accessanalyzer
operation: ListFindings
region: eu-west-1
identity:
  analyzerArn: arn:aws:access-analyzer:eu-west-1:000611752023:analyzer/alias-2sss4rmklm-stk3ktlrlt
  filter: {status: {eq: [ACTIVE]}}
  sort: {attributeName: createdAt, orderBy: ASC}
pages:
- output:
    findings:
    - id: 00000000-0000-4000-9000-000000000001
      status: ACTIVE
    nextToken: page-2.kgra
- token: page-2.kgra
  output:
    findings: []
"""
SIMULATION = """\
service: iam
operation: SimulateCustomPolicy
identity:
  PolicyInputList: ['{}']
  ActionNames: [s3:GetObject]
pages:
- output:
    EvaluationResults:
    - EvalActionName: s3:GetObject
      EvalDecision: allowed
    - {EvalActionName: s3:GetObject, EvalDecision: explicitDeny}
"""
ROLE = """\
service: iam
operation: GetRole
identity:
  RoleName: alias-Tsr76sms7l
faults: [throttle page=1, slow]
pages:
- error: {status: 404}
"""
CREATED = """\
service: accessanalyzer
operation: CreateAnalyzer
identity:
  analyzerName: alias-2sss4rmklm-stk3ktlrlt
  type: ACCOUNT
pages:
- output: {arn: 'arn:aws:access-analyzer:eu-west-1:000611752023:analyzer/alias-2sss4rmklm-stk3ktlrlt'}
"""
TEXTS = (POLICIES, VERSIONS, FINDINGS, SIMULATION, ROLE, CREATED)


def warned(text: str) -> list[Finding]:
    """The warnings of a readable text."""
    every = check_text(text, MODELS, Rules(keep=("111122223333",)))
    read_cassette(text, MODELS)
    return [finding for finding in every if finding.level == "warning"]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text.split()[3])
def test_correct_cassettes_give_no_warning(text: str) -> None:
    assert warned(START + text) == []
    assert check_text(START + text, MODELS) == []


@dataclass(frozen=True)
class Case:
    """An edit of a take and its warning; the line is counted in the take, from 1."""

    text: str
    old: str
    new: str
    line: int
    member: str
    kind: str
    problem: str
    tip: str = ""


CASES = {
    "after a write that is missing": Case(
        ROLE,
        "faults: [throttle page=1, slow]",
        "after: {service: iam, operation: DeleteRole, identity: {RoleName: alias-Tsr76sms7l}, take: 1}",
        5,
        "after",
        "missing write",
        "the write is not in this cassette: without another one that has it, replay skips this take",
        "record both again, or leave it out",
    ),
    "a hole": Case(
        CREATED,
        "- output: {arn: 'arn:aws:access-analyzer:eu-west-1:000611752023:analyzer/alias-2sss4rmklm-stk3ktlrlt'}",
        "- hole: 'set aside: a secret in arn'",
        7,
        "pages[0].hole",
        "hole",
        "the page is missing: replay misses here",
        "awstape recover, once a rule settles it",
    ),
    # the identity
    "misspelt": Case(
        POLICIES,
        "PathPrefix",
        "PathPerfix",
        5,
        "identity.PathPerfix",
        "unknown member",
        "ListAttachedRolePolicies has no such member; did you mean PathPrefix?",
    ),
    "unknown": Case(
        POLICIES,
        "PathPrefix",
        "Whatever",
        5,
        "identity.*",
        "unknown member",
        "ListAttachedRolePolicies has no such member",
    ),
    "misspelt below": Case(
        FINDINGS,
        "attributeName",
        "atributeName",
        7,
        "identity.sort.atributeName",
        "unknown member",
        "SortCriteria has no such member; did you mean attributeName?",
    ),
    "of an operation without input": Case(
        "service: iam\noperation: GetAccountSummary\nidentity: {}\npages: [output: {}]\n",
        "identity: {}",
        "identity: {Role: x}",
        3,
        "identity.*",
        "unknown member",
        "GetAccountSummary has no such member",
    ),
    "missing": Case(
        POLICIES,
        "  RoleName: alias-Tsr76sms7l\n",
        "",
        3,
        "identity",
        "missing member",
        "ListAttachedRolePolicies needs RoleName",
    ),
    "missing below": Case(
        CREATED,
        "  type: ACCOUNT",
        "  type: ACCOUNT\n  archiveRules: [{filter: {}}]",
        6,
        "identity.archiveRules[0]",
        "missing member",
        "InlineArchiveRule needs ruleName",
    ),
    "a limit": Case(
        POLICIES,
        "  PathPrefix: /",
        "  MaxItems: 7",
        5,
        "identity.MaxItems",
        "part of no identity",
        "a limit belongs to its page: no request matches the track",
        "remove it",
    ),
    "a token": Case(
        POLICIES,
        "PathPrefix: /",
        "Marker: x",
        5,
        "identity.Marker",
        "part of no identity",
        "a page token belongs to its page: no request matches the track",
        "remove it",
    ),
    "an idempotency token": Case(
        CREATED,
        "  type",
        "  clientToken: x\n  type",
        5,
        "identity.clientToken",
        "part of no identity",
        "SDKs set it by themselves: it does not count",
        "remove it",
    ),
    "null": Case(
        POLICIES,
        "PathPrefix: /",
        "PathPrefix:",
        5,
        "identity.PathPrefix",
        "part of no identity",
        "null equals a missing member: no request matches the track",
        "remove it",
    ),
    "null in a map": Case(
        FINDINGS,
        "{eq: [ACTIVE]}",
        "",
        6,
        "identity.filter.*",
        "part of no identity",
        "null equals a missing member: no request matches the track",
        "remove it",
    ),
    "too short": Case(
        POLICIES,
        "RoleName: alias-Tsr76sms7l",
        "RoleName: ''",
        4,
        "identity.RoleName",
        "out of bounds",
        "expected text of at least 1 and at most 64 characters",
        "the service would refuse it",
    ),
    "too long": Case(
        POLICIES,
        "alias-Tsr76sms7l",
        "x" * 65,
        4,
        "identity.RoleName",
        "out of bounds",
        "expected text of at least 1 and at most 64 characters",
        "the service would refuse it",
    ),
    "too few": Case(
        FINDINGS,
        "[ACTIVE]",
        "[]",
        6,
        "identity.filter.*.eq",
        "out of bounds",
        "expected at least 1 and at most 20 items",
        "the service would refuse it",
    ),
    "too much": Case(
        "service: iam\noperation: UpdateAccountPasswordPolicy\nidentity: {MaxPasswordAge: 1}\npages: [output: {}]\n",
        "1}",
        "1096}",
        3,
        "identity.MaxPasswordAge",
        "out of bounds",
        "expected a number of at least 1 and at most 1095",
        "the service would refuse it",
    ),
    "no number": Case(
        "service: iam\noperation: UpdateAccountPasswordPolicy\nidentity: {MaxPasswordAge: 1}\npages: [output: {}]\n",
        "1}",
        "'1'}",
        3,
        "identity.MaxPasswordAge",
        "out of bounds",
        "expected an integer, got text",
        "the service would refuse it",
    ),
    "of another form": Case(
        POLICIES,
        "PathPrefix: /",
        "PathPrefix: a",
        5,
        "identity.PathPrefix",
        "out of bounds",
        "expected text of the pattern ((/[A-Za-z0-9\\.,\\+@=_-]+)*)/",
        "the service would refuse it",
    ),
    # values
    "enum": Case(
        FINDINGS,
        "status: ACTIVE",
        "status: ACTVE",
        12,
        "pages[0].output.findings[0].status",
        "unknown value",
        "the service model has no such value; did you mean ACTIVE?",
        "known: ACTIVE, ARCHIVED, RESOLVED",
    ),
    "enum in other letters": Case(
        FINDINGS,
        "orderBy: ASC",
        "orderBy: asc",
        7,
        "identity.sort.orderBy",
        "unknown value",
        "the service model has no such value; did you mean ASC?",
        "known: ASC, DESC",
    ),
    "a date": Case(
        VERSIONS,
        "CreateDate: 2026-03-02T09:14:11Z",
        "CreateDate: 2026-03-02",
        9,
        "pages[0].output.Versions[0].CreateDate",
        "no timestamp",
        "not a timestamp",
        "as AWS writes it: 2026-03-02T09:14:11Z",
    ),
    "policy": Case(
        VERSIONS,
        '\'{"Version": "2012-10-17"}\'\n    - V',
        "'{\"Version\": }'\n    - V",
        10,
        "pages[0].output.Versions[0].Document",
        "no policy document",
        "the policy document is not JSON",
    ),
    "policy in an identity": Case(
        SIMULATION,
        "['{}']",
        "\n  - '{}'\n  - '%7B%7D'",
        6,
        "identity.PolicyInputList[1]",
        "no policy document",
        "the policy document is not JSON",
    ),
    # paging
    "no token": Case(
        POLICIES,
        "IsTruncated: false",
        "IsTruncated: true",
        18,
        "pages[1].output.IsTruncated",
        "odd paging",
        "true, but there is no Marker: the listing ends here",
    ),
    "a token too many": Case(
        POLICIES,
        "IsTruncated: false",
        "IsTruncated: false\n    Marker: x",
        19,
        "pages[1].output.Marker",
        "odd paging",
        "a token, although IsTruncated is false: clients stop here",
    ),
    "empty token": Case(
        POLICIES,
        "IsTruncated: false",
        "Marker: ''",
        18,
        "pages[1].output.Marker",
        "odd paging",
        "an empty token is no token",
        "remove it",
    ),
    "empty token and more": Case(
        POLICIES,
        "IsTruncated: false",
        "{IsTruncated: true, Marker: ''".replace("{", "IsTruncated: true\n    Marker: ''\n    # "),
        19,
        "pages[1].output.Marker",
        "odd paging",
        "an empty token is no token",
        "remove it",
    ),
    "unfinished": Case(
        POLICIES,
        "IsTruncated: false",
        "Marker: page-3.l3kn",
        18,
        "pages[1].output.Marker",
        "unfinished listing",
        "no page has this token: the listing is unfinished",
        "record it to its end",
    ),
    "unfinished without a flag": Case(
        FINDINGS,
        "findings: []",
        "nextToken: page-3.l3kn",
        16,
        "pages[1].output.nextToken",
        "unfinished listing",
        "no page has this token: the listing is unfinished",
        "record it to its end",
    ),
    "loop": Case(
        POLICIES,
        "IsTruncated: false",
        "Marker: page-2.l3kn",
        18,
        "pages[1].output.Marker",
        "odd paging",
        "the token leads back to the page in line 18: the listing never ends",
    ),
    "over its limit": Case(
        POLICIES, "limit: 2", "limit: 1", 7, "pages[0].limit", "odd paging", "the page has 2 items, more than its limit"
    ),
    "same key": Case(
        POLICIES,
        "PolicyArn: arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
        "PolicyArn: arn:aws:iam::aws:policy/ReadOnlyAccess",
        21,
        "pages[1].output.AttachedPolicies[0].PolicyArn",
        "same item",
        "an item with this PolicyArn is in the listing already, in line 14",
    ),
    "same item": Case(
        SIMULATION,
        "explicitDeny}",
        "allowed}",
        11,
        "pages[0].output.EvaluationResults[1]",
        "same item",
        "the item is in the listing already, in line 11",
    ),
    "same text": Case(
        "service: iam\noperation: ListAccountAliases\nidentity: {}\npages: [output: {AccountAliases: [a]}]\n",
        "[a]",
        "[a, b, a]",
        4,
        "pages[0].output.AccountAliases[2]",
        "same item",
        "the item is in the listing already, in line 6",
    ),
    # faults
    "after the last page": Case(
        ROLE,
        "throttle page=1",
        "throttle page=2",
        5,
        "faults[0]",
        "unused fault",
        "the take ends with page 1: in recorded paging the fault never occurs",
    ),
    "after one that never tires": Case(
        ROLE,
        "[throttle page=1",
        "[drop times=always",
        5,
        "faults[1]",
        "unused fault",
        "the fault in line 7 always applies first",
    ),
    "after one of its page": Case(
        POLICIES,
        "pages:",
        "faults:\n- slow page=2 times=always\n- drop\n- denied page=2\npages:",
        9,
        "faults[2]",
        "unused fault",
        "the fault in line 9 always applies first",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_mistake_gives_its_warning(case: Case) -> None:
    assert case.text.count(case.old) == 1
    text = START + case.text.replace(case.old, case.new)
    (finding,) = warned(text)
    assert finding == Finding(case.line + 2, case.member, case.kind, case.problem, case.tip, "warning")


def test_each_kind_has_a_case_and_a_headline() -> None:
    assert {case.kind for case in CASES.values()} | {"same take"} == set(KINDS)


FINE = {
    "an identity that was refused": (
        POLICIES.partition("pages")[0] + "pages: [error: {status: 400}]\n",
        "alias-Tsr76sms7l",
        "''",
    ),
    "required, and refused": (ROLE, "RoleName: alias-Tsr76sms7l", "{}"),
    "a new enum value in free text": (POLICIES, "PolicyName: ReadOnlyAccess", "PolicyName: ACTVE"),
    "the root user's id": (
        "service: iam\noperation: GetUser\nidentity: {}\npages: [output: {User: {UserId: '000611752023'}}]\n",
        "'000611752023'",
        "'000611752023', UserName: ''",
    ),
    "an offset": (VERSIONS, "09:14:11.123Z", "09:14:11+00:00"),
    "seconds since 1970": (FINDINGS, "status: ACTIVE\n", "createdAt: 1772442851.5\n"),
    "a masked policy": (VERSIONS, '\'{"Version": "2012-10-17"}\'\n    - V', "alias-Tsr76sms7l\n    - V"),
    "short pages": (POLICIES, "limit: 2", "limit: 1000"),
    "an error on the way": (POLICIES, "  output:\n    IsTruncated: false", "  error: {status: 403}\n# "),
    "items without their key": (SIMULATION, "EvalDecision: allowed\n", "EvalDecision: implicitDeny\n"),
    "a fault that tires before": (ROLE, "throttle page=1, slow", "slow, throttle page=1, drop times=always"),
    "flow style, other order": (ROLE, "- error: {status: 404}", "  [{error: {message: x, status: 404}}]"),
}


@pytest.mark.parametrize("name", FINE)
def test_a_harmless_edit_gives_no_warning(name: str) -> None:
    text, old, new = FINE[name]
    assert text.count(old) == 1
    if name == "an error on the way":
        new, text = new.rstrip(), text[: text.index("    AttachedPolicies:\n    - PolicyName: AWSLambda")]
    assert warned(START + text.replace(old, new)) == []


# --- takes of a track ---


def takes(*texts: str) -> str:
    return START + "---\n".join(texts)


def test_repeated_takes_give_a_warning() -> None:
    def problems_of(*texts: str) -> list[tuple[int, str, str]]:
        found = warned(takes(*texts))
        assert {finding.kind for finding in found} <= {"same take", UNFINISHED}
        return [(f.line, f.problem, f.tip) for f in found if f.kind == "same take"]

    other = POLICIES.replace("page-2", "take-2.page-2")
    same = (25, "the take equals the one before it, in line 3", "remove one of the two")
    assert problems_of(POLICIES, other) == [same]
    assert problems_of(POLICIES, other.replace("limit: 2\n", "limit: 9\n")) == [same]
    assert problems_of(POLICIES, ROLE, other.replace("ReadOnly", "ReadMost")) == []
    assert problems_of(POLICIES, other.replace("pages:", "faults: [drop]\npages:")) == []
    begun = other.partition("- token")[0]
    assert problems_of(POLICIES, begun) == [
        (25, "the take is only the beginning of the one before it, in line 3", "remove it")
    ]
    assert problems_of(begun, POLICIES) == [
        (3, "the take is only the beginning of the one after it, in line 19", "remove it")
    ]
    assert [line for line, *_ in problems_of(ROLE, ROLE, ROLE)] == [11, 19]
    # The takes of a track are neighbours wherever they are in the file.
    assert [line for line, *_ in problems_of(ROLE, VERSIONS, ROLE)] == [25]


def test_a_token_of_another_take_gives_a_warning() -> None:
    begun = POLICIES.partition("- token")[0].replace("ReadOnly", "ReadMost")
    (finding,) = warned(takes(begun, POLICIES))
    assert (finding.line, finding.kind) == (17, PAGING)
    assert finding.problem == "the token leads to a page of another take, in line 34"


def test_an_unreadable_take_hides_no_warning_of_a_readable_one() -> None:
    text = takes(ROLE.replace("404", "200"), POLICIES.replace("limit: 2", "limit: 1")) + "---\n[\n"
    assert [(f.line, f.level) for f in check_text(text, MODELS)] == [(9, "error"), (17, "warning"), (34, "error")]


# --- no finding quotes a value ---

#: A text with an error or a warning in nearly every line, and VALUE in each.
LEAKY = """\
version: 1
---
service: iam
operation: ListAttachedRolePolicies
identity:
  VALUE: x
  PathPrefix: VALUE VALUE
  RoleName: {VALUE: VALUE}
VALUE: x
pages:
- output: {VALUE: []}
---
service: iam
operation: VALUE
identity: VALUE
faults: [VALUE, throttle VALUE, drop page=VALUE]
pages: []
---
service: iam
operation: ListAttachedRolePolicies
identity:
  VALUE: x
  MaxItems: VALUE
  PathPrefix: VALUE VALUE
  RoleName:
pages:
- limit: 1
  output:
    IsTruncated: true
    AttachedPolicies:
    - PolicyArn: VALUE
    - PolicyArn: VALUE
    Marker: VALUE
- token: VALUE
  output:
    IsTruncated: false
    Marker: VALUE
---
service: iam
operation: ListAttachedRolePolicies
identity:
  VALUE: x
  MaxItems: VALUE
  PathPrefix: VALUE VALUE
  RoleName:
pages:
- output: {Marker: take-2.VALUE, AttachedPolicies: [{PolicyArn: VALUE}, {PolicyArn: VALUE}]}
---
service: accessanalyzer
operation: ListFindings
identity:
  analyzerArn: VALUE.VALUE
  filter: {VALUE: , VALUE2: {eq: [], VALUE: VALUE}}
  sort: {orderBy: VALUE, attributeName: VALUE}
pages:
- output:
    findings:
    - {id: VALUE, status: VALUE, createdAt: VALUE, condition: {VALUE: VALUE}}
    - {id: VALUE, status: VALUE, createdAt: VALUE, condition: {VALUE: VALUE}}
    nextToken: VALUE
---
service: iam
operation: ListPolicyVersions
identity: {PolicyArn: VALUE}
pages:
- output: {Versions: [{VersionId: VALUE, CreateDate: VALUE, Document: '{VALUE'}]}
---
service: iam
operation: SimulateCustomPolicy
identity: {PolicyInputList: [VALUE], ActionNames: []}
pages: [output: {EvaluationResults: [{EvalActionName: VALUE}, {EvalActionName: VALUE}]}]
---
service: iam
operation: GetUser
identity: {UserName: VALUE}
after: {service: iam, operation: DeleteUser, identity: {UserName: VALUE}, take: 7}
pages: [hole: VALUE]
"""


@pytest.mark.parametrize("real", ["314159265358.a", "arn:aws:iam::314159265358:role/Payroll", "PayrollDeploy"])
def test_no_finding_quotes_a_value(real: str) -> None:
    """A bare name isn't recognised in place of a key of the format or a fault: these are skipped for names."""
    text = LEAKY.replace("VALUE", real)
    if real.isalpha():
        text = text[: text.index("---")] + text[text.index("---\nservice: iam\noperation: ListA", 20) :]
    found = check_text(text, MODELS)
    warned = {finding.kind for finding in found if finding.level == "warning"}
    assert {FORMAT} <= {finding.kind for finding in found} or real.isalpha()
    assert warned >= set(KINDS) - {"unused fault", "missing member", "same take"}
    for form in FORMATS.values():
        formatted = form([("a.yaml", finding) for finding in found], 1)
        assert not [part for part in (real, "3141", "Payroll") if part in formatted]


def test_items_without_a_name_may_be_equal() -> None:
    finding = "{findingType: ERROR, findingDetails: x, locations: []}"
    identity = "{policyDocument: '{}', policyType: IDENTITY_POLICY}"
    take = f"service: accessanalyzer\noperation: ValidatePolicy\nregion: us-east-1\nidentity: {identity}"
    text = f"version: 1\n---\n{take}\npages: [output: {{findings: [{finding}, {finding}]}}]\n"
    assert check_text(text, MODELS) == []

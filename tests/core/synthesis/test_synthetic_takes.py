"""Synthetic takes of every operation: they fit the service model, can be read and replayed, and hold no real values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from awstape.catalog.botocore_values import to_botocore
from awstape.catalog.response_parser import operation_model
from awstape.catalog.service_models import load_models
from awstape.core.aws.model import Member, Operation, Shape, Value
from awstape.core.cassette.cassette import Cassette, Take
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import SCHEMA_LINE, write_cassette
from awstape.core.check.findings import check_text
from awstape.core.redaction.project_rules import Rules
from awstape.core.replay.replies import ServedPage
from awstape.core.synthesis.synthetic_takes import SynthesisError, item_lists, synthesise_take
from support.exchanges import MODELS, operation, player, request
from support.paging import follow, items, recorded_items, size
from support.strategies import few

OPERATIONS = [
    operation
    for service in load_models(("iam", "accessanalyzer")).recognised
    for operation in service.operations.values()
]
PAGED = [operation for operation in OPERATIONS if operation.paging]
each_paged = pytest.mark.parametrize("op", PAGED, ids=lambda op: op.name)
ALIASED_ROLE = "alias-Tsr76sms7l"
ALIASED_POLICY = "arn:aws:iam::000611752023:policy/alias-2rk7tll6t4-lrlk23k6t7/alias-3Tl7R4rs44"


def synthesise(name: str, asked: Mapping[str, Value] | None = None, **options: Any) -> Take:
    op = operation(name)
    return synthesise_take(op, asked or {}, region="us-east-1" if op.service.regional else None, **options)


@cache
def cached_take(name: str) -> Take:
    """A take with seven items in pages of three, or without paging with the default number."""
    return synthesise(name, items=7, page_size=3) if operation(name).paging else synthesise(name)


def text_of(take: Take) -> str:
    return write_cassette(Cassette.of([take]))


def outputs(take: Take) -> Iterator[dict[str, Any]]:
    for page in take.pages:
        assert page.answer.output is not None
        yield page.answer.output


def all_items(take: Take) -> list[Any]:
    lists = item_lists(operation(take.track.operation))
    return [item for output in outputs(take) for name in lists for item in output.get(name) or ()]


def structures(value: Value) -> Iterator[dict[str, Any]]:
    """Every mapping in a value."""
    if isinstance(value, dict):
        yield value
        for below in value.values():
            yield from structures(below)
    elif isinstance(value, list):
        for below in value:
            yield from structures(below)


# --- every operation ---


def test_synthetic_cassettes_hold_no_real_values() -> None:
    for op in OPERATIONS:
        text = text_of(cached_take(op.name))
        assert read_cassette(text, MODELS) == Cassette.of([cached_take(op.name)])
        assert (op.name, check_text(text, MODELS)) == (op.name, [])


def test_every_member_keeps_the_limits_of_its_shape() -> None:
    for op in OPERATIONS:
        assert list(beyond(cached_take(op.name).track.identity, op.input)) == []
        for output in outputs(cached_take(op.name)):
            assert list(beyond(output, op.output)) == []


def test_botocore_accepts_input_and_output() -> None:
    """Required members are present, numbers are in range, unions have one member."""
    for op in OPERATIONS:
        plan, take = operation_model(op), cached_take(op.name)
        sides = [(take.track.identity, op.input, plan.input_shape)]
        sides += [(output, op.output, plan.output_shape) for output in outputs(take)]
        for value, shape, known in sides:
            if known is not None:
                report = ParamValidator().validate(to_botocore(value, shape), known)
                assert not report.has_errors(), f"{op.name}: {report.generate_report()}"


def test_a_request_with_the_identity_is_answered() -> None:
    playing = player(Cassette.of(cached_take(op.name) for op in OPERATIONS), key=None)
    for op in OPERATIONS:
        served = playing.answer(request(op.name, cached_take(op.name).track.identity, region="us-east-1"))
        assert isinstance(served, ServedPage), op.name


def beyond(value: Any, shape: Shape | None) -> Iterator[str]:
    """The places where a value breaks enum, length or pattern of its shape; checked independently of the core."""
    if shape is None:
        return
    for item, below in parts(value, shape):
        yield from beyond(item, below)
    measured = value if isinstance(value, int | float) else len(value)
    if (shape.min or 0) > measured or (shape.max is not None and measured > shape.max):
        yield f"{shape.name}: {measured} is not between {shape.min} and {shape.max}"
    if isinstance(value, str) and shape.enum and value not in shape.enum:
        yield f"{shape.name}: {value} is not in the enum"
    pattern = re.sub(r"\\p\{([LNZ])\}", lambda match: r"\s" if match[1] == "Z" else r"\w", shape.pattern or "")
    if isinstance(value, str) and pattern and not re.fullmatch(pattern, value):
        yield f"{shape.name}: {value} is not {shape.pattern}"


def parts(value: Any, shape: Shape) -> Iterator[tuple[Any, Shape]]:
    if isinstance(value, dict):
        for name, item in value.items():
            if shape.key and shape.value:
                yield from ((name, shape.key.shape), (item, shape.value.shape))
            else:
                yield item, shape.members[name].shape
    elif isinstance(value, list) and shape.member:
        yield from ((item, shape.member.shape) for item in value)


# --- pages ---


@each_paged
def test_a_client_gets_the_items_page_by_page(op: Operation) -> None:
    take = cached_take(op.name)
    pages = list(follow(player(Cassette.of([take]), key=None), op.name, take.track.identity))
    assert [size(op.name, page.parsed) for page in pages] == [3, 3, 1]
    assert items(op.name, [page.parsed for page in pages]) == recorded_items(take)


@each_paged
def test_no_item_is_repeated(op: Operation) -> None:
    said = [json.dumps(item) for item in all_items(synthesise(op.name, items=30, page_size=30))]
    assert len(said) == 30
    several = {"findingDetails", "recommendedSteps", "EvaluationResults"} | {"findings"}
    if not several & set(item_lists(op)):  # two findings of one kind in a policy are two
        assert len(set(said)) == 30


def test_each_of_several_lists_has_items() -> None:
    take = synthesise("GetAccountAuthorizationDetails", items=10, page_size=4)
    lists = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    assert [sum(len(output[name]) for output in outputs(take)) for name in lists] == [3, 3, 2, 2]
    assert [sum(len(output[name]) for name in lists) for output in outputs(take)] == [4, 4, 2]


@pytest.mark.parametrize(
    ("name", "asked", "full"),
    [
        ("GetAccountAuthorizationDetails", {"Filter": ["Role", "LocalManagedPolicy"]}, {"RoleDetailList", "Policies"}),
        ("ListEntitiesForPolicy", {"PolicyArn": ALIASED_POLICY, "EntityFilter": "User"}, {"PolicyUsers"}),
    ],
)
def test_a_filter_leaves_lists_empty(name: str, asked: dict[str, Value], full: set[str]) -> None:
    (output,) = outputs(synthesise(name, asked, items=4))
    assert {list_ for list_ in item_lists(operation(name)) if output[list_]} == full


def test_no_items_are_one_empty_page() -> None:
    (output,) = outputs(synthesise("ListRoles", items=0))
    assert output == {"IsTruncated": False, "Roles": []}


def test_the_default_numbers_of_items() -> None:
    assert [len(output["Roles"]) for output in outputs(synthesise("ListRoles"))] == [10, 10, 5]
    assert [len(output["SAMLProviderList"]) for output in outputs(synthesise("ListSAMLProviders"))] == [3]


@pytest.mark.parametrize(
    ("name", "options", "problem"),
    [
        ("ListRoles", {"page_size": 1001}, "iam ListRoles has pages of at most 1000 items"),
        ("ListRoleTags", {"page_size": 51}, "iam ListRoleTags has pages of at most 50 items"),
        ("GetRole", {"page_size": 2}, "iam GetRole has no paging: there is one page"),
        ("GetRole", {"items": 2}, "the response of iam GetRole has no list for items"),
        ("GetSAMLProvider", {"items": 3}, "iam GetSAMLProvider has pages of at most 2 items"),
    ],
)
def test_sizes_that_the_service_does_not_allow(name: str, options: dict[str, int], problem: str) -> None:
    with pytest.raises(SynthesisError, match=problem) as caught:
        synthesise(name, **options)
    assert caught.value.tip.startswith(("--", "leave out --"))


# --- seeds ---


@few(3)
@given(st.sampled_from(["ListRoles", "GetAccountAuthorizationDetails", "ListFindings", "ListPolicies"]), st.text())
def test_seeds_have_different_cassettes(name: str, seed: str) -> None:
    text = text_of(synthesise(name, items=4, page_size=2, seed=seed))
    assert text == text_of(synthesise(name, items=4, page_size=2, seed=seed))
    assert text != text_of(synthesise(name, items=4, page_size=2, seed=f"{seed}'"))
    assert check_text(text, MODELS) == []
    op = operation(name)
    (take,) = read_cassette(text, MODELS).takes
    assert [problem for output in outputs(take) for problem in beyond(output, op.output)] == []


def test_the_cassette_names_no_key() -> None:
    assert text_of(cached_take("ListRoles")).startswith(f"{SCHEMA_LINE}version: 1\n---\n")


def test_one_seed_has_one_account() -> None:
    text = "".join(map(text_of, map(cached_take, ("ListRoles", "ListAnalyzers", "ListPolicyVersions"))))
    assert len(set(re.findall(r":(\d{12}):(?:role|analyzer|policy)/", text))) == 1


def test_names_that_the_project_keeps_are_not_replaced() -> None:
    rules = Rules.from_settings({"keep-names": True}, MODELS)
    assert re.search(r"RoleName: [a-z]+-[a-z]+-01\n", text_of(synthesise("ListRoles", items=2, rules=rules)))


# --- plausible values ---

#: Members in the order of their dates, in one structure.
ORDER = [
    ("CreateDate", "UpdateDate"),
    ("CreateDate", "PasswordLastUsed"),
    ("CreateDate", "ExpirationDate"),
    ("CreateDate", "ValidUntil"),
    ("UploadDate", "Expiration"),
    ("createdAt", "updatedAt"),
    ("updatedAt", "analyzedAt"),
    ("startedOn", "completedOn"),
    ("startedAt", "completedAt"),
    ("startTime", "endTime"),
    ("JobCreationDate", "JobCompletionDate"),
]


def test_dates_are_in_order_and_past() -> None:
    for thing in things():
        dates = {name: datetime.fromisoformat(text) for name, text in thing.items() if is_date(text)}
        used = thing.get("RoleLastUsed") or {}
        if "LastUsedDate" in used:
            assert dates["CreateDate"] < datetime.fromisoformat(used["LastUsedDate"])
        assert [pair for pair in ORDER if set(pair) <= set(dates) and dates[pair[0]] > dates[pair[1]]] == []
        assert all(date.year < 2026 for name, date in dates.items() if not name.startswith(("Expir", "Valid")))


def things() -> Iterator[dict[str, Any]]:
    """Every structure in the takes of every operation."""
    for op in OPERATIONS:
        for output in outputs(cached_take(op.name)):
            yield from structures(output)


def is_date(value: Value) -> bool:
    return isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", value) is not None


def test_a_report_is_younger_than_its_subjects() -> None:
    for output in outputs(cached_take("GetServiceLastAccessedDetails")):
        used = [item["LastAuthenticated"] for item in output["ServicesLastAccessed"] if "LastAuthenticated" in item]
        assert all(date < output["JobCreationDate"] for date in used)


def test_names_paths_and_arns_agree() -> None:
    for thing in things():
        names = [thing[name] for name in ("RoleName", "UserName", "GroupName", "PolicyName", "Name") if name in thing]
        if "Arn" in thing and "Path" in thing and names:
            assert thing["Arn"].endswith(f"{thing['Path']}{names[0]}")
        if "PolicyArn" in thing:
            assert thing["PolicyArn"].endswith(f"/{thing['PolicyName']}")
        for name, prefix in (("RoleId", "AROA"), ("UserId", "AIDA"), ("GroupId", "AGPA"), ("PolicyId", "ANPA")):
            assert thing.get(name, prefix).startswith(prefix)


def test_policies_are_policies() -> None:
    texts = [r["AssumeRolePolicyDocument"] for r in all_items(synthesise("ListRoles", items=30))]
    texts += [
        p["PolicyDocument"]
        for p in structures(all_items(synthesise("GetAccountAuthorizationDetails")))
        if "PolicyDocument" in p
    ]
    for policy in map(json.loads, texts):
        assert policy["Version"] == "2012-10-17"
        for statement in policy["Statement"]:
            assert statement["Effect"] == "Allow"
            assert statement["Action"]
            assert "Principal" in statement or "Resource" in statement
    assert len(set(texts)) > 10


def test_versions_of_a_policy_begin_with_the_newest_and_one_is_the_default() -> None:
    versions = all_items(synthesise("ListPolicyVersions", items=5))
    assert [version["VersionId"] for version in versions] == ["v5", "v4", "v3", "v2", "v1"]
    assert sum(version["IsDefaultVersion"] for version in versions) == 1
    dates = [version["CreateDate"] for version in versions]
    assert dates == sorted(dates, reverse=True)


def test_the_number_of_versions_of_a_policy_agrees() -> None:
    policies = all_items(synthesise("GetAccountAuthorizationDetails", {"Filter": ["LocalManagedPolicy"]}, items=9))
    assert len({len(policy["PolicyVersionList"]) for policy in policies}) > 1
    for policy in policies:
        versions = {version["VersionId"]: version for version in policy["PolicyVersionList"]}
        assert [v for v in versions if versions[v]["IsDefaultVersion"]] == [policy["DefaultVersionId"]]
        assert versions["v1"]["CreateDate"] == policy["CreateDate"]
        assert max(version["CreateDate"] for version in versions.values()) == policy["UpdateDate"]


def test_aws_policies_are_among_the_attached_policies() -> None:
    arns = [policy["PolicyArn"] for policy in all_items(synthesise("ListAttachedRolePolicies", items=9))]
    assert [arn.startswith("arn:aws:iam::aws:policy/") for arn in arns] == [True, False, False] * 3


@pytest.mark.parametrize(("scope", "accounts"), [("AWS", {"aws"}), ("Local", {"000"}), ("All", {"aws", "000"})])
def test_the_scope_selects_the_policies(scope: str, accounts: set[str]) -> None:
    arns = [policy["Arn"] for policy in all_items(synthesise("ListPolicies", {"Scope": scope}, items=40))]
    assert {arn.split(":")[4][:3] for arn in arns} == accounts
    assert len(set(arns)) == 40


def test_the_answer_is_in_the_partition_of_the_request() -> None:
    arn = "arn:aws-cn:iam::000611752023:policy/alias-3Tl7R4rs44"
    (output,) = outputs(synthesise("GetPolicy", {"PolicyArn": arn}))
    assert output["Policy"]["Arn"] == arn


def test_the_answer_has_the_values_of_the_request() -> None:
    asked: dict[str, Value] = {"RoleName": ALIASED_ROLE}
    (output,) = outputs(synthesise("GetRole", asked))
    assert output["Role"]["RoleName"] == ALIASED_ROLE
    (output,) = outputs(synthesise("GetPolicy", {"PolicyArn": ALIASED_POLICY}))
    policy = output["Policy"]
    assert (policy["Arn"], policy["Path"], policy["PolicyName"]) == (
        ALIASED_POLICY,
        "/alias-2rk7tll6t4-lrlk23k6t7/",
        "alias-3Tl7R4rs44",
    )
    profiles = all_items(synthesise("ListInstanceProfilesForRole", asked, items=3))
    assert {role["RoleName"] for profile in profiles for role in profile["Roles"]} == {ALIASED_ROLE}
    roles = all_items(synthesise("ListRoles", {"PathPrefix": "/alias-2rk7tll6t4-lrlk23k6t7/"}, items=5))
    assert all(role["Path"].startswith("/alias-2rk7tll6t4-lrlk23k6t7/") for role in roles)
    keys = all_items(synthesise("ListAccessKeys", items=3))
    assert len({key["UserName"] for key in keys}) == 1
    resources = all_items(synthesise("ListAnalyzedResources", {"resourceType": "AWS::KMS::Key"}, items=3))
    assert all(":kms:" in resource["resourceArn"] for resource in resources)
    assert (
        synthesise("GetRole", asked).pages != synthesise("GetRole", {"RoleName": "alias-rl732m2klm-tm3rls33kr"}).pages
    )


def test_listings_leave_out_the_members_that_aws_leaves_out() -> None:
    """API reference of ListRoles: it doesn't return PermissionsBoundary, RoleLastUsed and Tags."""
    listed = {name for role in all_items(synthesise("ListRoles", items=30)) for name in role}
    told = {
        name for i in range(30) for output in outputs(synthesise("GetRole", seed=str(i))) for name in output["Role"]
    }
    assert told - listed == {"PermissionsBoundary", "RoleLastUsed", "Tags"}


def test_findings_are_about_resources_of_their_type() -> None:
    found = all_items(synthesise("ListFindingsV2", items=40))
    assert len({finding["findingType"] for finding in found}) > 3
    for finding in found:
        if finding["findingType"] == "UnusedIAMRole":
            assert finding["resourceType"] == "AWS::IAM::Role"
        service = finding["resourceType"].split("::")[1].lower()
        assert finding["resource"].startswith(f"arn:aws:{service}:")


def test_arns_of_regional_resources_have_the_region() -> None:
    op = operation("ListAnalyzers")
    take = synthesise_take(op, {}, items=2, region="eu-west-1")
    assert take.track.region == "eu-west-1"
    assert all(":eu-west-1:" in analyzer["arn"] for analyzer in all_items(take))


# --- models with new members ---


def test_a_new_member_is_generated_by_its_shape_or_refused() -> None:
    op = operation("ListRoles")
    assert op.output
    count = Shape("NewCount", "integer", min=5, max=6)
    assert make_with(op, count) in (5, 6)
    assert make_with(op, Shape("NewWord", "string", enum=("A",))) == "A"
    assert make_with(op, Shape("NewText", "string", min=3, pattern="[a-z]+")) == "example"
    assert make_with(op, Shape("NewText", "string", pattern="#{9}")) == "#########"
    with pytest.raises(SynthesisError, match=r"has no value for the member ListRolesResponse\.New"):
        make_with(op, Shape("NewText", "string", pattern="(?=#)x"))


def make_with(op: Operation, shape: Shape) -> Value:
    """The value of an additional member of an operation's output."""
    assert op.output
    output = replace(op.output, members={**op.output.members, "New": Member("New", shape)})
    take = synthesise_take(replace(op, output=output), {}, items=1)
    return next(outputs(take))["New"]  # type: ignore[no-any-return]

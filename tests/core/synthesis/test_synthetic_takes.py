"""Made-up takes: of every operation, as the service model has it, readable, replayable, and nothing real in them."""

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

from awstape.catalog import catalog
from awstape.catalog.botocore_values import for_botocore
from awstape.core.aws.model import Member, Operation, Shape, Value
from awstape.core.cassette.cassette import Cassette, Take
from awstape.core.cassette.yaml import document
from awstape.core.cassette.yaml.document import SCHEMA_LINE
from awstape.core.check.findings import check_text
from awstape.core.redaction.project_rules import Rules
from awstape.core.replay.replies import ServedPage
from awstape.core.synthesis.synthetic_takes import SynthesisError, item_lists, synthesise_take
from support.exchanges import MODELS, operation, player, request
from support.paging import follow, items, recorded_items, size
from support.strategies import few

OPERATIONS = [operation for service in MODELS.services.values() for operation in service.operations.values()]
PAGED = [operation for operation in OPERATIONS if operation.paging]
each_paged = pytest.mark.parametrize("op", PAGED, ids=lambda op: op.name)
ALIASED_ROLE = "role-yqmy4ayihgou"
ALIASED_POLICY = "arn:aws:iam::000611752023:policy/path-7f3femk2d6b2/policy-lbqrvfrt7g2w"


def make(name: str, asked: Mapping[str, Value] | None = None, **options: Any) -> Take:
    op = operation(name)
    return synthesise_take(op, asked or {}, region="us-east-1" if op.service.regional else None, **options)


@cache
def made(name: str) -> Take:
    """Of a paged operation seven items in pages of three, of another what there is."""
    return make(name, items=7, page_size=3) if operation(name).paging else make(name)


def text_of(take: Take) -> str:
    return document.write(Cassette.of([take]))


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


def test_what_is_made_is_a_cassette_without_anything_real() -> None:
    for op in OPERATIONS:
        text = text_of(made(op.name))
        assert document.read(text, MODELS) == Cassette.of([made(op.name)])
        assert (op.name, check_text(text, MODELS)) == (op.name, [])


def test_every_member_keeps_the_limits_of_its_shape() -> None:
    for op in OPERATIONS:
        assert list(beyond(made(op.name).track.identity, op.input)) == []
        for output in outputs(made(op.name)):
            assert list(beyond(output, op.output)) == []


def test_botocore_accepts_input_and_output() -> None:
    """Required members are there, numbers in range, of a union is one member."""
    for op in OPERATIONS:
        plan, take = catalog.plan(op), made(op.name)
        sides = [(take.track.identity, op.input, plan.input_shape)]
        sides += [(output, op.output, plan.output_shape) for output in outputs(take)]
        for value, shape, known in sides:
            if known is not None:
                report = ParamValidator().validate(for_botocore(value, shape), known)
                assert not report.has_errors(), f"{op.name}: {report.generate_report()}"


def test_a_client_that_asks_for_the_identity_is_answered() -> None:
    playing = player(Cassette.of(made(op.name) for op in OPERATIONS), key=None)
    for op in OPERATIONS:
        served = playing.answer(request(op.name, made(op.name).track.identity, region="us-east-1"))
        assert isinstance(served, ServedPage), op.name


def beyond(value: Any, shape: Shape | None) -> Iterator[str]:
    """Where a value leaves what the model says of enum, length and pattern; by a reading of its own."""
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
    take = made(op.name)
    pages = list(follow(player(Cassette.of([take]), key=None), op.name, take.track.identity))
    assert [size(op.name, page.parsed) for page in pages] == [3, 3, 1]
    assert items(op.name, [page.parsed for page in pages]) == recorded_items(take)


@each_paged
def test_no_item_is_there_twice(op: Operation) -> None:
    said = [json.dumps(item) for item in all_items(make(op.name, items=30, page_size=30))]
    assert len(said) == 30
    several = {"findingDetails", "recommendedSteps", "EvaluationResults"} | {"findings"}
    if not several & set(item_lists(op)):  # two findings of one kind in a policy are two
        assert len(set(said)) == 30


def test_each_of_several_lists_has_items() -> None:
    take = make("GetAccountAuthorizationDetails", items=10, page_size=4)
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
    (output,) = outputs(make(name, asked, items=4))
    assert {list_ for list_ in item_lists(operation(name)) if output[list_]} == full


def test_no_items_are_one_empty_page() -> None:
    (output,) = outputs(make("ListRoles", items=0))
    assert output == {"IsTruncated": False, "Roles": []}


def test_a_few_items_if_nobody_says_how_many() -> None:
    assert [len(output["Roles"]) for output in outputs(make("ListRoles"))] == [10, 10, 5]
    assert [len(output["SAMLProviderList"]) for output in outputs(make("ListSAMLProviders"))] == [3]


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
def test_sizes_that_the_service_does_not_have(name: str, options: dict[str, int], problem: str) -> None:
    with pytest.raises(SynthesisError, match=problem) as caught:
        make(name, **options)
    assert caught.value.tip.startswith(("--", "leave out --"))


# --- seeds ---


@few(3)
@given(st.sampled_from(["ListRoles", "GetAccountAuthorizationDetails", "ListFindings", "ListPolicies"]), st.text())
def test_every_seed_makes_a_cassette_of_its_own(name: str, seed: str) -> None:
    text = text_of(make(name, items=4, page_size=2, seed=seed))
    assert text == text_of(make(name, items=4, page_size=2, seed=seed))
    assert text != text_of(make(name, items=4, page_size=2, seed=f"{seed}'"))
    assert check_text(text, MODELS) == []
    op = operation(name)
    (take,) = document.read(text, MODELS).takes
    assert [problem for output in outputs(take) for problem in beyond(output, op.output)] == []


def test_no_key_is_said_to_be_the_cassettes() -> None:
    assert text_of(made("ListRoles")).startswith(f"{SCHEMA_LINE}version: 1\n---\n")


def test_one_seed_has_one_account() -> None:
    text = "".join(map(text_of, map(made, ("ListRoles", "ListAnalyzers", "ListPolicyVersions"))))
    assert len(set(re.findall(r":(\d{12}):(?:role|analyzer|policy)/", text))) == 1


def test_names_that_the_project_keeps_are_made_up_as_they_are() -> None:
    rules = Rules.from_settings({"keep-names": True}, MODELS)
    assert re.search(r"RoleName: [a-z]+-[a-z]+-01\n", text_of(make("ListRoles", items=2, rules=rules)))


# --- plausible ---

#: What comes before what, in one thing.
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


def test_dates_are_in_order_and_over() -> None:
    for thing in things():
        dates = {name: datetime.fromisoformat(text) for name, text in thing.items() if is_date(text)}
        used = thing.get("RoleLastUsed") or {}
        if "LastUsedDate" in used:
            assert dates["CreateDate"] < datetime.fromisoformat(used["LastUsedDate"])
        assert [pair for pair in ORDER if set(pair) <= set(dates) and dates[pair[0]] > dates[pair[1]]] == []
        assert all(date.year < 2026 for name, date in dates.items() if not name.startswith(("Expir", "Valid")))


def things() -> Iterator[dict[str, Any]]:
    """Every structure in what is made of every operation."""
    for op in OPERATIONS:
        for output in outputs(made(op.name)):
            yield from structures(output)


def is_date(value: Value) -> bool:
    return isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", value) is not None


def test_a_report_is_younger_than_what_it_tells() -> None:
    for output in outputs(made("GetServiceLastAccessedDetails")):
        used = [item["LastAuthenticated"] for item in output["ServicesLastAccessed"] if "LastAuthenticated" in item]
        assert all(date < output["JobCreationDate"] for date in used)


def test_names_paths_and_arns_speak_of_one_thing() -> None:
    for thing in things():
        names = [thing[name] for name in ("RoleName", "UserName", "GroupName", "PolicyName", "Name") if name in thing]
        if "Arn" in thing and "Path" in thing and names:
            assert thing["Arn"].endswith(f"{thing['Path']}{names[0]}")
        if "PolicyArn" in thing:
            assert thing["PolicyArn"].endswith(f"/{thing['PolicyName']}")
        for name, prefix in (("RoleId", "AROA"), ("UserId", "AIDA"), ("GroupId", "AGPA"), ("PolicyId", "ANPA")):
            assert thing.get(name, prefix).startswith(prefix)


def test_policies_are_policies() -> None:
    texts = [r["AssumeRolePolicyDocument"] for r in all_items(make("ListRoles", items=30))]
    texts += [
        p["PolicyDocument"]
        for p in structures(all_items(make("GetAccountAuthorizationDetails")))
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
    versions = all_items(make("ListPolicyVersions", items=5))
    assert [version["VersionId"] for version in versions] == ["v5", "v4", "v3", "v2", "v1"]
    assert sum(version["IsDefaultVersion"] for version in versions) == 1
    dates = [version["CreateDate"] for version in versions]
    assert dates == sorted(dates, reverse=True)


def test_the_versions_of_a_policy_are_those_that_it_has() -> None:
    policies = all_items(make("GetAccountAuthorizationDetails", {"Filter": ["LocalManagedPolicy"]}, items=9))
    assert len({len(policy["PolicyVersionList"]) for policy in policies}) > 1
    for policy in policies:
        versions = {version["VersionId"]: version for version in policy["PolicyVersionList"]}
        assert [v for v in versions if versions[v]["IsDefaultVersion"]] == [policy["DefaultVersionId"]]
        assert versions["v1"]["CreateDate"] == policy["CreateDate"]
        assert max(version["CreateDate"] for version in versions.values()) == policy["UpdateDate"]


def test_policies_of_aws_are_among_those_that_are_attached() -> None:
    arns = [policy["PolicyArn"] for policy in all_items(make("ListAttachedRolePolicies", items=9))]
    assert [arn.startswith("arn:aws:iam::aws:policy/") for arn in arns] == [True, False, False] * 3


@pytest.mark.parametrize(("scope", "accounts"), [("AWS", {"aws"}), ("Local", {"000"}), ("All", {"aws", "000"})])
def test_the_policies_of_whom_are_asked_for(scope: str, accounts: set[str]) -> None:
    arns = [policy["Arn"] for policy in all_items(make("ListPolicies", {"Scope": scope}, items=40))]
    assert {arn.split(":")[4][:3] for arn in arns} == accounts
    assert len(set(arns)) == 40


def test_the_answer_is_in_the_partition_that_is_asked_about() -> None:
    arn = "arn:aws-cn:iam::000611752023:policy/policy-lbqrvfrt7g2w"
    (output,) = outputs(make("GetPolicy", {"PolicyArn": arn}))
    assert output["Policy"]["Arn"] == arn


def test_the_answer_speaks_of_what_was_asked() -> None:
    asked: dict[str, Value] = {"RoleName": ALIASED_ROLE}
    (output,) = outputs(make("GetRole", asked))
    assert output["Role"]["RoleName"] == ALIASED_ROLE
    (output,) = outputs(make("GetPolicy", {"PolicyArn": ALIASED_POLICY}))
    policy = output["Policy"]
    assert (policy["Arn"], policy["Path"], policy["PolicyName"]) == (
        ALIASED_POLICY,
        "/path-7f3femk2d6b2/",
        "policy-lbqrvfrt7g2w",
    )
    profiles = all_items(make("ListInstanceProfilesForRole", asked, items=3))
    assert {role["RoleName"] for profile in profiles for role in profile["Roles"]} == {ALIASED_ROLE}
    roles = all_items(make("ListRoles", {"PathPrefix": "/path-7f3femk2d6b2/"}, items=5))
    assert all(role["Path"].startswith("/path-7f3femk2d6b2/") for role in roles)
    keys = all_items(make("ListAccessKeys", items=3))
    assert len({key["UserName"] for key in keys}) == 1
    resources = all_items(make("ListAnalyzedResources", {"resourceType": "AWS::KMS::Key"}, items=3))
    assert all(":kms:" in resource["resourceArn"] for resource in resources)
    assert make("GetRole", asked).pages != make("GetRole", {"RoleName": "role-jnqbykus7k7m"}).pages


def test_lists_leave_out_what_aws_leaves_out() -> None:
    """API reference of ListRoles: it doesn't return PermissionsBoundary, RoleLastUsed and Tags."""
    listed = {name for role in all_items(make("ListRoles", items=30)) for name in role}
    told = {name for i in range(30) for output in outputs(make("GetRole", seed=str(i))) for name in output["Role"]}
    assert told - listed == {"PermissionsBoundary", "RoleLastUsed", "Tags"}


def test_findings_are_about_resources_of_their_type() -> None:
    found = all_items(make("ListFindingsV2", items=40))
    assert len({finding["findingType"] for finding in found}) > 3
    for finding in found:
        if finding["findingType"] == "UnusedIAMRole":
            assert finding["resourceType"] == "AWS::IAM::Role"
        service = finding["resourceType"].split("::")[1].lower()
        assert finding["resource"].startswith(f"arn:aws:{service}:")


def test_what_is_of_aws_in_a_region_says_so() -> None:
    op = operation("ListAnalyzers")
    take = synthesise_take(op, {}, items=2, region="eu-west-1")
    assert take.track.region == "eu-west-1"
    assert all(":eu-west-1:" in analyzer["arn"] for analyzer in all_items(take))


# --- models that are new to it ---


def test_a_new_member_is_made_by_its_shape_or_refused() -> None:
    op = operation("ListRoles")
    assert op.output
    count = Shape("NewCount", "integer", min=5, max=6)
    assert make_with(op, count) in (5, 6)
    assert make_with(op, Shape("NewWord", "string", enum=("A",))) == "A"
    assert make_with(op, Shape("NewText", "string", min=3, pattern="[a-z]+")) == "example"
    with pytest.raises(SynthesisError, match=r"has no value for the member ListRolesResponse\.New"):
        make_with(op, Shape("NewText", "string", pattern="#{9}"))


def make_with(op: Operation, shape: Shape) -> Value:
    """What an operation answers in a member that it has besides."""
    assert op.output
    output = replace(op.output, members={**op.output.members, "New": Member("New", shape)})
    take = synthesise_take(replace(op, output=output), {}, items=1)
    return next(outputs(take))["New"]  # type: ignore[no-any-return]

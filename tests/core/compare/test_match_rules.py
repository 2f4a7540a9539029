"""The table `[tool.awstape.match]`: what it may say, and what is wrong with other rules."""

from __future__ import annotations

from decimal import Decimal

import pytest

from awstape.catalog.service_models import load_models
from awstape.core.compare.match_rules import MatchRules, write_rule
from awstape.core.compare.request_times import IGNORED, RELATIVE, TimeRule
from awstape.core.redaction.project_rules import RuleError

MODELS = load_models()
EVENTS = MODELS.operation("cloudtrail", "LookupEvents")
COSTS = MODELS.operation("ce", "GetCostAndUsage")


def read(table: object) -> MatchRules:
    return MatchRules.from_settings(table, MODELS)


def test_rules_are_those_of_the_operation_and_its_members() -> None:
    rules = read(
        {
            "cloudtrail LookupEvents StartTime": "relative",
            "cloudtrail LookupEvents EndTime": {"within": "1d12h"},
            "cloudtrail LookupEvents EventCategory": "ignore",
            "ce Get* TimePeriod.Start": "relative",
        }
    )
    assert rules.for_operation(EVENTS) == {
        ("StartTime",): RELATIVE,
        ("EndTime",): TimeRule("within", Decimal(36 * 3600)),
        ("EventCategory",): IGNORED,
    }
    assert rules.for_operation(COSTS) == {("TimePeriod", "Start"): RELATIVE}
    assert not rules.for_operation(MODELS.operation("iam", "ListRoles"))


def test_of_several_rules_for_a_member_the_first_counts() -> None:
    table = {"ce GetCostAndUsage TimePeriod.Start": "ignore", "ce GetCost* TimePeriod.Start": "relative"}
    assert read(table).for_operation(COSTS) == {("TimePeriod", "Start"): IGNORED}
    table = dict(reversed(table.items()))
    assert read(table).for_operation(COSTS) == {("TimePeriod", "Start"): RELATIVE}


@pytest.mark.parametrize("duration", ["30s", "15m", "1h", "7d", "1d12h"])
def test_a_rule_is_written_as_it_is_read(duration: str) -> None:
    key = "ce GetCostAndUsage TimePeriod.Start"
    (rule,) = read({key: {"within": duration}}).for_operation(COSTS).values()
    assert write_rule(COSTS, ("TimePeriod", "Start"), rule) == f'"{key}" = {{within = "{duration}"}}'
    assert write_rule(COSTS, ("TimePeriod", "Start"), RELATIVE) == f'"{key}" = "relative"'


@pytest.mark.parametrize(
    "key",
    [
        "logs FilterLogEvents startTime",  # a long integer
        "ce GetCostAndUsage TimePeriod.Start",  # text
        "s3 ListObjectsV2 StartAfter",  # a text named like one: its values decide
        "cloudwatch Get*Data StartTime",
        "ec2 DescribeSpotPriceHistory StartTime",
    ],
)
def test_times_have_all_rules(key: str) -> None:
    for rule in ("relative", "ignore", {"within": "1h"}):
        assert read({key: rule}).rules


@pytest.mark.parametrize(
    ("key", "rule", "problem", "tip"),
    [
        ("LookupEvents", "ignore", "'LookupEvents' doesn't name a service, an operation and a member", "a rule is"),
        (
            "cloudtrial LookupEvents StartTime",
            "ignore",
            "no service is called cloudtrial; did you mean cloudtrail?",
            "",
        ),
        (
            "cloudtrail LookupEvent StartTime",
            "ignore",
            "no operation of cloudtrail matches LookupEvent; did you mean LookupEvents?",
            "globs are allowed",
        ),
        (
            "cloudtrail LookupEvents Starttime",
            "ignore",
            "cloudtrail LookupEvents has no member Starttime; did you mean StartTime?",
            "known: LookupAttributes, StartTime, EndTime",
        ),
        (
            "ce GetCostAndUsage TimePeriod.Begin",
            "ignore",
            "ce GetCostAndUsage TimePeriod has no member Begin",
            "known: Start, End",
        ),
        ("sts GetCallerIdentity X", "ignore", "sts GetCallerIdentity has no member X", "no members to compare"),
        ("cloudtrail LookupEvents NextToken", "ignore", "NextToken of cloudtrail LookupEvents never counts", "tokens"),
        (
            "cloudtrail LookupEvents MaxResults",
            "ignore",
            "MaxResults of cloudtrail LookupEvents never counts",
            "limits",
        ),
        ("ec2 RunInstances ClientToken", "ignore", "ClientToken of ec2 RunInstances never counts", "what SDKs set"),
        (
            "iam SimulatePrincipalPolicy CallerArn",
            "relative",
            "CallerArn of iam SimulatePrincipalPolicy is not a time",
            'any other member can be set to "ignore"',
        ),
        ("cloudwatch GetMetricStatistics Period", "relative", "is not a time", "ignore"),
        ("ce GetCostAndUsage TimePeriod", "relative", "TimePeriod of ce GetCostAndUsage is not a time", ""),
        ("ce GetCostAndUsage Granularity", {"within": "1h"}, "Granularity of ce GetCostAndUsage is not a time", ""),
        ("cloudtrail LookupEvents StartTime", {"within": "1 hour"}, "'1 hour' is not a duration", '"1h"'),
        ("cloudtrail LookupEvents StartTime", {"within": "0h"}, "'0h' is not a duration", '"1h"'),
        ("cloudtrail LookupEvents StartTime", {"within": 3600}, "3600 is not a duration", '"1h"'),
        ("cloudtrail LookupEvents StartTime", "relativ", "no such rule; did you mean relative?", "a rule is"),
        ("cloudtrail LookupEvents StartTime", {"whithin": "1h"}, "no such rule", 'within = "1h"'),
        ("cloudtrail LookupEvents StartTime", True, "no such rule", "a rule is"),
    ],
)
def test_a_wrong_rule_is_explained(key: str, rule: object, problem: str, tip: str) -> None:
    with pytest.raises(RuleError) as caught:
        read({"iam ListRoles PathPrefix": "ignore", key: rule})
    assert problem in caught.value.problem
    assert tip in caught.value.tip
    assert caught.value.tip
    assert (caught.value.name, caught.value.value) == ("match", key)


@pytest.mark.parametrize("table", [1, "ignore", ["iam ListRoles PathPrefix"]])
def test_what_is_no_table_is_refused(table: object) -> None:
    with pytest.raises(RuleError, match="match: expected a table"):
        read(table)

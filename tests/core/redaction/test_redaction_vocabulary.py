"""The vocabulary counts what it plants: words that change, private words that stay, and takes that are set aside."""

from __future__ import annotations

import json
from functools import cache

import pytest

from awstape.core.redaction.project_rules import Rules
from awstape.core.redaction.redactor import Redactor
from awstape.core.redaction.string_walk import StringContext
from support.arn_forms import ArnForm, forms_of_patterns, forms_of_policies
from support.exchanges import KEY
from support.marked_text import Outcome, compare, plain, private, public
from support.public_words import actions, condition_keys, examples, managed_policies, service_principals, sids
from support.vocabulary_plants import Plant
from vocabulary import KINDS, Tallies, Tally, measure, plants, recorded, rows, table

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("vocabulary")]  # one worker plants the words
LIMIT = 4
#: Rows without private words, and the row of what is around the words.
WITHOUT_TWINS = {"managed policies", "managed policies: whole documents", "formatting of documents"}


class Identity(Redactor):
    """Replaces nothing, and finds no leaks."""

    def redact_string(self, text: str, context: StringContext) -> str:
        return text


class Upheaval(Redactor):
    """Replaces everything."""

    def redact_string(self, text: str, context: StringContext) -> str:
        return text.swapcase() + "~"


@cache
def some() -> tuple[Plant, ...]:
    return tuple(plants(LIMIT))


def outcomes(planted: object, redacted: object) -> list[Outcome]:
    return list(compare(planted, redacted))


# --- the whole run ----------------------------------------------------------------------------------------------


def test_every_row_counts_public_and_private_words() -> None:
    tallies = measure(some())
    assert set(tallies) == set(rows())
    for row, tally in tallies.items():
        assert tally.planted > 0, row
        assert tally.private > 0 or row in WITHOUT_TWINS, row
        assert tally.changed <= tally.planted and tally.stayed <= tally.private, row
    lines = list(table(tallies))
    assert all(any(line.startswith(row) for line in lines) for row in rows())


def test_no_public_word_changes_and_no_private_one_stays() -> None:
    for row, tally in measure(some()).items():
        assert tally.changed == 0, (row, tally.changes[:3])
        assert tally.stayed == 0, (row, tally.stays[:3])


def test_an_engine_that_replaces_everything_changes_every_public_word() -> None:
    for row, tally in measure(some()[::2], lambda: Upheaval(KEY)).items():
        assert (tally.changed, tally.stayed) == (tally.planted, 0), row


def test_an_engine_that_replaces_nothing_changes_no_word_and_every_private_one_stays() -> None:
    for row, tally in measure(some()[::2], lambda: Identity(KEY, Rules(keep=("*",)))).items():
        assert (tally.changed, tally.stayed) == (0, tally.private), (row, tally.changes[:3])


def test_limits_take_the_first_plants_of_each_kind() -> None:
    assert {plant.kind for plant in some()} == set(KINDS)
    assert [(plant.kind, str(plant.members)) for plant in plants(1)] == [
        (plant.kind, str(plant.members)) for plant in some()[::LIMIT]
    ]


def test_tallies_of_several_processes_add_up() -> None:
    whole, both = measure(some()[:8]), Tallies()
    for part in (measure(some()[:3]), measure(some()[3:8])):
        for row, tally in part.items():
            both.setdefault(row, Tally()).add(tally)
    assert both == whole


def test_a_take_that_is_set_aside_has_changed_words() -> None:
    plant = Plant("x", "GetRole", "output", {"Role": {"Description": "public"}})
    assert [o.is_changed for o in compare(plant.members, recorded(plant, Redactor(KEY)))] == [False]
    assert [o.is_changed for o in compare(plant.members, None)] == [True]


# --- single words -----------------------------------------------------------------------------------------------

ARN = f"arn:aws:ec2:eu-west-1:{private('444455556666')}:launch-template/{private('launch-template')}"


@pytest.mark.parametrize(
    ("redacted", "is_changed", "stayed"),
    [
        ("arn:aws:ec2:eu-west-1:000055556666:launch-template/x-abc", False, []),
        ("arn:aws:ec2:eu-west-1:444455556666:launch-template/x-abc", False, ["444455556666"]),
        ("arn:aws:ec2:eu-west-1:000055556666:launch-template/launch-template", False, ["launch-template"]),
        ("arn:aws:ec2:eu-west-1:000055556666:ec2-abc/x-abc", True, []),
        ("arn:aws:ec2:eu-west-1:444455556666:ec2-abc/x-abc", True, ["444455556666"]),
        ("arn:aws:ec2:eu-west-1:000055556666:launch-template/", True, []),
    ],
)
def test_an_arn_changes_by_its_public_parts_only(redacted: str, is_changed: bool, stayed: list[str]) -> None:
    [outcome] = outcomes(ARN, redacted)
    assert (outcome.is_changed, list(outcome.stayed)) == (is_changed, stayed)
    assert outcome.has_public and outcome.private == ("444455556666", "launch-template")


def test_a_document_is_compared_literal_by_literal() -> None:
    planted = json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "A", "Action": ["s3:Get*", "a:B"]}]})
    assert [o.word for o in outcomes(planted, planted)] == ["A", "s3:Get*", "a:B", "formatting"]
    assert not any(o.is_changed for o in outcomes(planted, planted))
    assert [o.word for o in outcomes(planted, planted.replace("a:B", "a:x")) if o.is_changed] == ["a:B"]
    for other in (planted.replace(": [", ":["), planted.replace("Sid", "Id"), planted.replace("2012", "2008")):
        assert [o.word for o in outcomes(planted, other) if o.is_changed] == ["formatting"]
    assert all(o.is_changed for o in outcomes(planted, planted.replace('"A"', '"A", "B"')))
    assert all(o.is_changed for o in outcomes(planted, None))


def test_keys_of_maps_are_words_where_they_are_marked() -> None:
    planted = {"condition": {public("aws:SourceIp"): "*", private("team"): "blue"}}
    assert plain(planted) == {"condition": {"aws:SourceIp": "*", "team": "blue"}}
    same, changed = outcomes(planted, plain(planted)), outcomes(planted, {"condition": {"x": "*", "y": "blue"}})
    assert [(o.word, o.is_changed, o.stayed) for o in same] == [
        ("aws:SourceIp", False, ()),
        ("*", False, ()),
        ("team", False, ("team",)),
        ("blue", False, ()),
    ]
    assert [(o.is_changed, o.stayed) for o in changed] == [(True, ()), (False, ()), (False, ()), (False, ())]


# --- sources ----------------------------------------------------------------------------------------------------


def test_the_packages_publish_what_is_planted() -> None:
    assert len(managed_policies()) > 1_500 and len(sids()) > 4_000
    assert {"iam:GetRole", "s3:GetObject", "mgn:GetChannelCommandsForMgn", "ec2:DescribeInstances"} <= set(actions())
    assert {"aws:SourceIp", "iam:PassedToService", "sts:ExternalId"} <= set(condition_keys())
    assert {"lambda.amazonaws.com", "ec2.amazonaws.com.cn"} <= set(service_principals())
    assert len(examples()) > 10_000


@pytest.mark.parametrize(
    ("pattern", "resources"),
    [
        (r"arn:aws[a-z-]*:ec2:[a-z0-9-]+:\d{12}:launch-template/lt-[0-9a-f]{17}", {"launch-template/NAME"}),
        (
            r"^arn:(aws|aws-cn):x:[^:]+:\d{12}:(app|net)/[\w-]+(/\w+)?$",
            {"app/NAME", "app/NAME/NAME", "net/NAME", "net/NAME/NAME"},
        ),
        (r"arn:aws:lambda:[^:]+:[0-9]{12}:function:[\w-]+:[0-9]+", {"function:NAME:N"}),
        (r"arn:aws:x::\d{12}:owner/\d{12}/scan/.+", {"owner/ACCOUNT/scan/NAME"}),
        (r"arn:aws:[^:]+:[^:]*:\d{12}:.*", set()),
        (r"(\p{Upper}", set()),
    ],
)
def test_a_pattern_has_the_forms_that_it_spells_out(pattern: str, resources: set[str]) -> None:
    assert {form.resource for form in forms_of_patterns([("x", pattern)])} == resources


@pytest.mark.parametrize(
    ("resource", "form"),
    [
        ("arn:aws:ssm:*:*:automation-definition/AWS-Stop*:*", ArnForm("ssm", "automation-definition/NAME:NAME")),
        (
            "arn:aws:elb:*:*:loadbalancer/app/*/*",
            ArnForm("elb", "loadbalancer/app/NAME/NAME"),
        ),
        ("arn:aws:logs:*:*:log-group:/aws/lambda/*:*", ArnForm("logs", "log-group:/aws/lambda/NAME:*")),
        ("arn:aws:ssm:*:*:parameter/billing/*", ArnForm("ssm", "parameter/NAME/NAME")),
        ("arn:aws:iam::*:role/${aws:username}", ArnForm("iam", "role/NAME", region=False)),
        ("arn:aws:s3:::aws-logs-*/*", None),
        ("arn:aws:sqs:*:*:queue-of-a-customer", None),
    ],
)
def test_a_resource_of_a_policy_has_a_form_if_it_has_a_wildcard(resource: str, form: ArnForm | None) -> None:
    assert list(forms_of_policies([resource])) == ([form] if form else [])

"""Rules of matching in replay: which track a request finds, and what a miss says."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.catalog.botocore_values import build_request
from awstape.catalog.service_models import load_models
from awstape.core.aws.call import Answer
from awstape.core.aws.model import Value
from awstape.core.aws.timestamps import read_epoch_seconds
from awstape.core.cassette.cassette import Cassette, Page, Take, Track
from awstape.core.compare.match_rules import MatchRules
from awstape.core.compare.request_times import TOLERANCE
from awstape.core.redaction.aliases import Key
from awstape.core.redaction.redactor import Redactor
from awstape.core.replay.misses import Miss
from awstape.core.replay.nearest_track import identity_differences, suggest_rules
from awstape.core.replay.player import Player
from awstape.core.replay.replies import ServedPage
from awstape.report import replay_facts
from support.exchanges import KEY, REGION
from support.tips import Tip

MODELS = load_models(("cloudtrail", "ce", "logs", "iam", "cloudwatch", "dynamodb"))
EVENTS = MODELS.operation("cloudtrail", "LookupEvents")
Identity = Mapping[str, Value]
LAST_WEEK = {"cloudtrail LookupEvents StartTime": "relative", "cloudtrail LookupEvents EndTime": "relative"}
NOVEMBER = {"StartTime": "2026-11-01T00:00:00Z", "EndTime": "2026-11-08T00:00:00Z"}
DECEMBER = {"StartTime": "2026-12-01T00:00:00Z", "EndTime": "2026-12-08T00:00:00Z"}
EIGHT_DAYS = {"StartTime": "2026-12-01T00:00:00Z", "EndTime": "2026-12-09T00:00:00Z"}


class Played:
    """A player of tracks of one operation, each of one empty page."""

    def __init__(
        self, name: str, *identities: Identity, rules: object = None, key: Key | None = KEY, **tracks: Any
    ) -> None:
        service, operation = name.split()
        self.operation = MODELS.operation(service, operation)
        self.rules = MatchRules.from_settings(rules or {}, MODELS)
        regions = tracks.get("regions") or [REGION] * len(identities)
        made = [Track(service, operation, at, dict(each)) for each, at in zip(identities, regions, strict=True)]
        self.tracks = dict(enumerate(made))
        self.player = Player(
            MODELS,
            Cassette.of(Take(track, (Page(None, None, Answer({})),)) for track in made),
            Redactor(key or Key(b"thrown away")),
            has_key=key is not None,
            match_rules=self.rules,
        )

    def ask(self, identity: Identity, region: str = REGION) -> ServedPage | Miss:
        reply = self.player.answer(build_request(self.operation, dict(identity), region))
        assert isinstance(reply, ServedPage | Miss)
        return reply

    def find(self, identity: Identity, region: str = REGION) -> int | None:
        """Returns the number of the track that answers a request; None for a miss."""
        reply = self.ask(identity, region)
        if isinstance(reply, Miss):
            return None
        return next(number for number, track in self.tracks.items() if track == reply.track)


# --- the rules ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [KEY, None], ids=["with the key", "without a key"])
def test_the_last_seven_days_match_next_month(key: Key | None) -> None:
    assert Played("cloudtrail LookupEvents", NOVEMBER, key=key).find(DECEMBER) is None
    playing = Played("cloudtrail LookupEvents", NOVEMBER, rules=LAST_WEEK, key=key)
    assert playing.find(DECEMBER) == 0
    assert playing.find(EIGHT_DAYS) is None
    assert playing.find({"StartTime": "2026-12-01T00:00:00Z"}) is None, "one time less is another request"
    assert playing.find({**DECEMBER, "EventCategory": "insight"}) is None


def test_a_single_relative_time_may_be_any() -> None:
    playing = Played("cloudtrail LookupEvents", {"StartTime": "2026-11-01T00:00:00Z"}, rules=LAST_WEEK)
    assert playing.find({"StartTime": "2031-05-05T01:02:03Z"}) == 0
    assert playing.find({}) is None


def test_dates_of_cost_explorer_are_times() -> None:
    def week(start: str, end: str, **more: Value) -> Identity:
        return {"TimePeriod": {"Start": start, "End": end}, "Granularity": "DAILY", "Metrics": ["Cost"], **more}

    rules = {"ce Get* TimePeriod.Start": "relative", "ce Get* TimePeriod.End": "relative"}
    playing = Played("ce GetCostAndUsage", week("2026-11-01", "2026-11-08"), rules=rules)
    assert playing.find(week("2027-01-28", "2027-02-04")) == 0
    assert playing.find(week("2027-01-28", "2027-02-05")) is None
    assert playing.find(week("2027-01-28", "2027-02-04", Granularity="HOURLY")) is None


def test_milliseconds_of_logs_are_times() -> None:
    recorded: Identity = {"logGroupName": "alias-srrm4262kR", "startTime": 1793534400000}
    playing = Played("logs FilterLogEvents", recorded, rules={"logs FilterLogEvents startTime": {"within": "1h"}})
    assert playing.find({**recorded, "startTime": 1793538000000}) == 0
    assert playing.find({**recorded, "startTime": 1793530800000}) == 0
    assert playing.find({**recorded, "startTime": 1793538000001}) is None


def test_real_names_match_with_the_key_beside_times_that_differ() -> None:
    real: Identity = {"logGroupName": "zreal-group", "startTime": 1793534400000, "endTime": 1793538000000}
    later = {**real, "startTime": 1796126400000, "endTime": 1796130000000}
    recorded = Redactor(KEY).redact_identity(MODELS.operation("logs", "FilterLogEvents"), dict(real))
    assert recorded["logGroupName"] != "zreal-group"
    rules = {"logs Filter* startTime": "relative", "logs Filter* endTime": "relative"}
    assert Played("logs FilterLogEvents", recorded, rules=rules).find(later) == 0
    keyless = Played("logs FilterLogEvents", recorded, rules=rules, key=None)
    assert keyless.find(later) is None
    assert keyless.find({**later, "logGroupName": recorded["logGroupName"]}) == 0


def test_what_is_no_time_must_be_equal() -> None:
    recorded: Identity = {"logGroupName": "alias-srrm4262kR", "startTime": 5}
    playing = Played("logs FilterLogEvents", recorded, rules={"logs FilterLogEvents startTime": {"within": "1h"}})
    assert playing.find(recorded) == 0
    assert playing.find({**recorded, "startTime": 6}) is None
    assert playing.find({**recorded, "startTime": 1793534400000}) is None


@pytest.mark.parametrize("key", [KEY, None], ids=["with the key", "without a key"])
def test_an_ignored_member_counts_as_absent(key: Key | None) -> None:
    rules = {"iam SimulateCustomPolicy CallerArn": "ignore"}
    simulation: Identity = {"PolicyInputList": ["{}"], "ActionNames": ["s3:Get*"]}
    caller = {"CallerArn": "arn:aws:iam::111122223333:user/zreal"}
    for recorded, asked in ((simulation, {**simulation, **caller}), ({**simulation, **caller}, simulation)):
        assert Played("iam SimulateCustomPolicy", recorded, key=key).find(asked) is None
        playing = Played("iam SimulateCustomPolicy", recorded, key=key, rules=rules)
        assert playing.find(asked) == 0
        assert playing.find({**asked, "ActionNames": ["s3:Put*"]}) is None


def test_a_nested_member_is_a_path_without_lists() -> None:
    rules = {"cloudtrail LookupEvents LookupAttributes.AttributeValue": "ignore"}

    def events_of(*users: str) -> Identity:
        return {"LookupAttributes": [{"AttributeKey": "Username", "AttributeValue": user} for user in users]}

    playing = Played("cloudtrail LookupEvents", events_of("one"), rules=rules)
    assert playing.find(events_of("two")) == 0
    assert playing.find(events_of("one", "two")) is None
    assert playing.find({"LookupAttributes": [{"AttributeKey": "Username"}]}) == 0


def order(id_: str, time: str, **more: str) -> Identity:
    made = {"pk": "open", "id": id_, "createdAt": time, **more}
    return {"TableName": "default", "Item": {key: {"S": value} for key, value in made.items()}}


ORDER = order("00000000-6b34-4326-8d72-743773336caa", "2026-11-01T10:00:00Z")
NEXT_ORDER = order("5f0c7a52-1f0e-4c7a-9d55-0a3b1c9d2e7f", "2026-12-01T10:00:00Z")


def test_a_path_may_go_through_a_map_by_its_key() -> None:
    rules = {"dynamodb PutItem Item.id": "ignore", "dynamodb PutItem Item.createdAt.S": "relative"}
    playing = Played("dynamodb PutItem", ORDER, rules=rules)
    assert playing.find(NEXT_ORDER) == 0
    assert playing.find({**NEXT_ORDER, "TableName": "primary"}) is None
    assert playing.find(order("x", "2026-12-01T10:00:00Z", status="open")) is None
    assert playing.find(order("x", "today")) is None
    assert Played("dynamodb PutItem", ORDER, rules={"dynamodb PutItem Item.S": "ignore"}).find(NEXT_ORDER) == 0


IN_MAPS = Tip("ids or times in a map differ; to match them, add to pyproject.toml: [tool.awstape.match]")


def test_a_miss_shows_the_rules_for_ids_and_times_in_a_map() -> None:
    text = missed(Played("dynamodb PutItem", ORDER), NEXT_ORDER).text
    shown = [line.strip() for line in text.partition(IN_MAPS)[2].splitlines()][1:3]
    assert sorted(shown) == [f'"dynamodb PutItem Item.{key}" = "ignore"' for key in ("createdAt", "id")]
    settings = tomllib.loads("\n".join([IN_MAPS.take(text, r"\[.*"), *shown]))
    assert Played("dynamodb PutItem", ORDER, rules=settings["tool"]["awstape"]["match"]).find(NEXT_ORDER) == 0


def test_no_rule_is_shown_where_other_values_of_a_map_differ() -> None:
    for asked in (order("x", "2026-12-01T10:00:00Z"), {**NEXT_ORDER, "TableName": "primary"}):
        assert "in a map differ" not in missed(Played("dynamodb PutItem", ORDER), asked).text


# --- several tracks -------------------------------------------------------------------------------------------------


def start(day: int, hour: int = 0, **more: Value) -> Identity:
    return {"StartTime": f"2026-11-{day:02}T{hour:02}:00:00Z", **more}


def test_of_several_matches_the_exact_one_counts_then_the_nearest_then_the_later_one() -> None:
    rules = {"cloudtrail LookupEvents StartTime": {"within": "30d"}}
    playing = Played("cloudtrail LookupEvents", start(3), start(1), start(7), rules=rules)
    assert playing.find(start(1)) == 1
    assert playing.find(start(4)) == 0
    assert playing.find(start(6)) == 2
    assert playing.find(start(2)) == 0, "equally near: the later one"
    assert playing.find(start(5)) == 2
    assert playing.find({"StartTime": "2027-01-01T00:00:00Z"}) is None


def test_exact_distances_come_before_near_times() -> None:
    windows = [
        {"StartTime": f"2026-11-{day:02}T00:00:00Z", "EndTime": f"2026-11-{day:02}T01:00:{second:02}Z"}
        for day, second in ((1, 0), (9, 2))
    ]
    playing = Played("cloudtrail LookupEvents", *windows, rules=LAST_WEEK)
    assert playing.find({"StartTime": "2026-11-10T00:00:00Z", "EndTime": "2026-11-10T01:00:00Z"}) == 0
    assert playing.find({"StartTime": "2026-11-02T00:00:00Z", "EndTime": "2026-11-02T01:00:02Z"}) == 1


def test_of_tracks_that_differ_in_what_is_ignored_the_equal_one_counts_then_the_last() -> None:
    rules = {"cloudtrail LookupEvents StartTime": "ignore"}
    playing = Played("cloudtrail LookupEvents", start(1), start(3), start(7), rules=rules)
    assert [playing.find(start(day)) for day in (1, 3, 7, 9)] == [0, 1, 2, 2]
    assert playing.find({}) == 2


def test_the_order_of_lists_counts_where_it_was_recorded_both_ways() -> None:
    rules = {"ce GetCostAndUsage TimePeriod.Start": "relative", "ce GetCostAndUsage TimePeriod.End": "relative"}

    def costs(day: int, *keys: str) -> Identity:
        period: Value = {"Start": f"2026-11-{day:02}", "End": f"2026-11-{day + 1:02}"}
        groups: Value = [{"Type": "DIMENSION", "Key": key} for key in keys]
        return {"TimePeriod": period, "Granularity": "DAILY", "Metrics": ["Cost"], "GroupBy": groups}

    playing = Played("ce GetCostAndUsage", costs(1, "SERVICE", "REGION"), costs(3, "REGION", "SERVICE"), rules=rules)
    assert playing.find(costs(9, "SERVICE", "REGION")) == 0, "though the other one is nearer"
    assert playing.find(costs(9, "REGION", "SERVICE")) == 1


def test_a_track_of_the_own_region_comes_before_a_nearer_one_of_another() -> None:
    regions = ["us-east-1", REGION]
    playing = Played("cloudtrail LookupEvents", start(8), start(1), rules=LAST_WEEK, regions=regions)
    assert playing.find(start(8)) == 1
    assert playing.find(start(1), region="us-east-1") == 0
    assert playing.find(start(1), region="eu-north-1") is None


def test_among_many_tracks_the_nearest_is_found() -> None:
    def window(minute: int) -> Identity:
        instants = {"StartTime": 1793534400 + 60 * minute, "EndTime": 1793534400 + 60 * minute + 3600}
        return {name: read_epoch_seconds(instant) for name, instant in instants.items()}

    playing = Played("cloudtrail LookupEvents", *(window(3 * i) for i in range(3_000)), rules=LAST_WEEK)
    for minute in (1, 2, 4_499, 4_501, 8_990):
        assert playing.find(window(minute)) == round(minute / 3)
    assert playing.find(window(10**6)) == 2_999


# --- the rule, and what a miss says -----------------------------------------------------------------------------------

_STARTS = st.integers(10**9, 2 * 10**9)
_LENGTHS = st.integers(0, 10**6)


def events(begin: int, length: int) -> dict[str, Value]:
    return {"StartTime": read_epoch_seconds(begin), "EndTime": read_epoch_seconds(begin + length)}


@given(_STARTS, _LENGTHS, _STARTS, _LENGTHS)
def test_relative_times_match_exactly_where_their_distances_are_equal(
    begin: int, length: int, other: int, other_length: int
) -> None:
    playing = Played("cloudtrail LookupEvents", events(begin, length), rules=LAST_WEEK)
    assert playing.find(events(other, length)) == 0
    assert (playing.find(events(other, other_length)) == 0) == (abs(length - other_length) <= TOLERANCE)


@given(st.lists(st.tuples(_STARTS, st.sampled_from([60, 63, 3600])), min_size=1, max_size=6), _STARTS)
def test_the_match_is_the_best_of_all_that_do_not_differ(recorded: list[tuple[int, int]], begin: int) -> None:
    windows = [events(*each) for each in dict.fromkeys(recorded)]
    playing = Played("cloudtrail LookupEvents", *windows, rules=LAST_WEEK)
    asked = events(begin, 60)
    fitting = [
        number
        for number, track in playing.tracks.items()
        if not identity_differences(playing.operation, asked, track, playing.rules)
    ]

    def rank(number: int) -> tuple[object, ...]:
        first, length = list(dict.fromkeys(recorded))[number]
        return abs(length - 60), max(abs(first - begin), abs(first + length - begin - 60)), -first

    assert playing.find(asked) == (min(fitting, key=rank) if fitting else None)


def missed(playing: Played, identity: Identity) -> Miss:
    reply = playing.ask(identity)
    assert isinstance(reply, Miss)
    return reply


def test_a_miss_shows_the_difference_under_the_rule() -> None:
    playing = Played("cloudtrail LookupEvents", NOVEMBER, rules=LAST_WEEK)
    text = missed(playing, EIGHT_DAYS).text
    assert (
        'EndTime: request has "2026-12-09T00:00:00Z" / cassette has "2026-11-08T00:00:00Z"'
        " (8d from StartTime, in the cassette 7d)"
    ) in text
    assert "StartTime: request has" not in text
    assert "times differ" not in text, "the rule is there"
    (miss,) = replay_facts(playing.player)["misses"]  # type: ignore[misc]  # facts are JSON
    assert [(each["member"], each["rule"]) for each in miss["differences"]] == [  # type: ignore[index]
        ("EndTime", "8d from StartTime, in the cassette 7d")
    ]


def test_a_miss_shows_a_member_once_with_all_times_in_it_that_differ() -> None:
    def period(start: str, end: str) -> Identity:
        return {"TimePeriod": {"Start": start, "End": end}, "Granularity": "DAILY", "Metrics": ["Cost"]}

    rules = {f"ce GetCostAndUsage TimePeriod.{name}": {"within": "1d"} for name in ("Start", "End")}
    playing = Played("ce GetCostAndUsage", period("2026-11-01", "2026-11-08"), rules=rules)
    (difference,) = missed(playing, period("2026-11-04", "2026-11-10")).differences
    assert difference.member == "TimePeriod"
    assert difference.rule == "Start 3d apart, at most 1d match; End 2d apart, at most 1d match"


def test_a_miss_names_the_track_that_is_nearest_in_time() -> None:
    rules = {"cloudtrail LookupEvents StartTime": {"within": "1h"}}
    miss = missed(Played("cloudtrail LookupEvents", start(1), start(9), start(4), rules=rules), start(8, 20))
    assert miss.nearest
    assert miss.nearest.identity == start(9)
    assert "(4h apart, at most 1h match)" in miss.text


def test_a_miss_names_the_track_with_the_nearest_distances() -> None:
    def days(count: int) -> Identity:
        return {"StartTime": "2026-11-01T00:00:00Z", "EndTime": f"2026-11-{count + 1:02}T00:00:00Z"}

    playing = Played("cloudtrail LookupEvents", *(days(count) for count in (2, 20, 9, 1)), rules=LAST_WEEK)
    for asked, nearest in ((28, 20), (16, 20), (8, 9), (0, 1)):
        miss = missed(playing, days(asked))
        assert miss.nearest
        assert miss.nearest.identity == days(nearest)


TIP = Tip("times differ; to match them, add to pyproject.toml: [tool.awstape.match]")


@pytest.mark.parametrize(
    ("asked", "lines"),
    [
        (DECEMBER, [f'"cloudtrail LookupEvents {name}" = "relative"' for name in ("StartTime", "EndTime")]),
        (
            {**NOVEMBER, "EndTime": "2026-11-08T00:40:00Z"},
            ['"cloudtrail LookupEvents EndTime" = {within = "1h"}'],
        ),
        (
            {**NOVEMBER, "StartTime": "2026-10-01T00:00:00Z"},
            ['"cloudtrail LookupEvents StartTime" = "ignore"'],
        ),
    ],
)
def test_a_miss_shows_the_rule_under_which_the_times_match(asked: Identity, lines: list[str]) -> None:
    text = missed(Played("cloudtrail LookupEvents", NOVEMBER), asked).text
    shown = [line.strip() for line in text.partition(TIP)[2].splitlines()]
    assert shown[1 : len(lines) + 1] == lines
    settings = tomllib.loads("\n".join([TIP.take(text, r"\[.*"), *shown[1:-1]]))
    rules = settings["tool"]["awstape"]["match"]
    assert Played("cloudtrail LookupEvents", NOVEMBER, rules=rules).find(asked) == 0


@given(_STARTS, _LENGTHS, st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6))
def test_under_the_rule_that_a_miss_shows_the_request_matches(begin: int, length: int, moved: int, more: int) -> None:
    recorded, asked = events(begin, length), events(begin + moved, length + more)
    track = Track("cloudtrail", "LookupEvents", REGION, recorded)
    lines = suggest_rules(EVENTS, asked, track, MatchRules())
    assert bool(lines) == (recorded != asked)
    rules = MatchRules.from_settings(tomllib.loads("\n".join(lines)), MODELS)
    assert not identity_differences(EVENTS, asked, track, rules)


@pytest.mark.parametrize(
    "asked", [{**DECEMBER, "EventCategory": "insight"}, {"StartTime": DECEMBER["StartTime"]}, {}], ids=repr
)
def test_no_rule_is_shown_where_more_differs_than_times(asked: Identity) -> None:
    assert "times differ" not in missed(Played("cloudtrail LookupEvents", NOVEMBER), asked).text


def test_a_rule_for_the_rest_of_the_times_is_shown() -> None:
    rules = {"cloudtrail LookupEvents StartTime": "relative"}
    text = missed(Played("cloudtrail LookupEvents", NOVEMBER, rules=rules), DECEMBER).text
    assert '"cloudtrail LookupEvents EndTime" = "relative"' in text
    assert '"cloudtrail LookupEvents StartTime"' not in text


def test_clocks_that_are_read_twice_match() -> None:
    assert Decimal(1) <= TOLERANCE < 10
    late = {**DECEMBER, "EndTime": "2026-12-08T00:00:01Z"}
    assert Played("cloudtrail LookupEvents", NOVEMBER, rules=LAST_WEEK).find(late) == 0

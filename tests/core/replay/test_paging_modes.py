"""Paging modes: the same listing in other pages, whatever limits a client sends."""

from __future__ import annotations

from dataclasses import replace
from itertools import cycle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.catalog.botocore_values import to_botocore
from awstape.catalog.response_parser import parse_response
from awstape.core.aws.model import Operation, Value
from awstape.core.cassette.cassette import Cassette, Take
from awstape.core.replay.misses import Miss
from awstape.core.replay.paging_modes import Listing, PagingError, PagingMode, Position
from awstape.core.replay.replies import ServedPage
from support import strategies
from support.exchanges import MODELS, operation, player, request
from support.paging import (
    CUT,
    ERROR,
    MODES,
    End,
    Got,
    follow,
    items,
    names,
    recorded_items,
    recording,
    size,
    traversal,
    users,
)

PAGINATED = [op for service in MODELS.recognised for op in service.operations.values() if op.paging]
ENDS: tuple[End, ...] = ("complete", "error", "unfinished")
ANALYZER = "arn:aws:access-analyzer:eu-west-1:000000000000:analyzer/made-up"

each_paginated = pytest.mark.parametrize("op", PAGINATED, ids=lambda op: op.name)
each_mode = pytest.mark.parametrize("mode", MODES)

limits_asked = st.lists(st.none() | st.integers(1, 5), min_size=1, max_size=5)
ends = st.sampled_from(ENDS)


# --- whatever was recorded, and whatever is asked for -----------------------------------------------------------


@st.composite
def recordings(draw: st.DrawFn, op: Operation) -> tuple[dict[str, Value], Cassette]:
    """An input, and the takes of its track: some pages empty, some takes not read to their end."""
    input_ = draw(strategies.inputs(op))
    pages = st.lists(strategies.outputs(op), min_size=1, max_size=4)
    takes = draw(st.lists(st.tuples(pages, ends), min_size=1, max_size=2))
    return input_, recording(op.name, input_, *takes)


@each_paginated
def test_every_mode_serves_every_listing(op: Operation) -> None:
    @strategies.few(6)
    @given(recordings(op), limits_asked, st.sampled_from(CUT[-3:]), st.sampled_from(CUT[1:-3]))
    def check(recorded: tuple[dict[str, Value], Cassette], limits: list[int | None], torture: str, number: str) -> None:
        input_, cassette = recorded
        for mode in ("recorded", "client", number, torture):
            playing = player(cassette, key=None, paging=mode)
            for take in cassette.takes:
                pages = list(follow(playing, op.name, input_, cycle(limits)))
                assert_is(op, take, pages)
                if mode == "recorded":
                    assert_are_the_recorded(op, take, pages)
                elif op.paging and op.paging.limit:
                    for page, limit in zip(pages, cycle(limits), strict=False):
                        assert size(op.name, page.parsed) <= (limit or 100)
            assert playing.takes_not_replayed() == []
            assert [miss.kind for miss in playing.misses] == ["end"] * sum(not is_finished(t) for t in cassette.takes)

    check()


def assert_is(op: Operation, take: Take, pages: list[Got]) -> None:
    """The pages are those of a traversal of the take."""
    assert op.paging
    parsed = [page.parsed for page in pages]
    assert items(op.name, parsed) == recorded_items(take)
    assert [page.served.page for page in pages] == list(range(1, len(pages) + 1))
    if take.pages[-1].answer.error:
        assert pages[-1].response.status == 403
        assert parsed.pop()["Error"]["Code"] == ERROR
    assert all(page.response.status == 200 for page in pages[: len(parsed)])
    if op.paging.more:
        assert [page[op.paging.more] for page in parsed] == [op.paging.output_token in page for page in parsed]
    paged = {op.paging.token, op.paging.more, *op.paging.items}
    outputs = [to_botocore(page.answer.output or {}, op.output) for page in take.pages]
    for name in {name for page in parsed for name in page} - paged:
        assert all(page[name] in [output.get(name) for output in outputs] for page in parsed if name in page)
    for name in outputs[0].keys() - paged:
        assert parsed[0][name] == outputs[0][name], "the first page says what the first recorded one says"


def assert_are_the_recorded(op: Operation, take: Take, pages: list[Got]) -> None:
    outputs = [page.answer.output for page in take.pages if page.answer.output is not None]
    assert [page.parsed for page in pages][: len(outputs)] == [to_botocore(output, op.output) for output in outputs]


def is_finished(take: Take) -> bool:
    output = take.pages[-1].answer.output
    return output is None or not any(name in output for name in ("Marker", "nextToken"))


@strategies.few(200)
@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=7),
    ends,
    st.sampled_from(MODES),
    st.lists(limits_asked, max_size=1),
)
def test_long_listings_are_served_whole_and_their_pages_are_played_when_they_are_reached(
    sizes: list[int], end: End, mode: str, limits: list[list[int | None]]
) -> None:
    cassette = recording("ListUsers", {}, (users(*sizes), end))
    (take,) = cassette.takes
    playing = player(cassette, paging=mode)
    got: list[Got] = []
    for page in follow(playing, "ListUsers", {}, cycle(limits[0]) if limits else ()):
        got.append(page)
        count = sum(size("ListUsers", page.parsed) for page in got)
        ahead = sum(sum(sizes[:i]) >= count and n > 0 for i, n in enumerate(sizes)) + (
            end == "error" and "Error" not in page.parsed
        )
        assert sum(pages for _, _, pages in playing.takes_not_replayed()) >= ahead
    assert_is(operation("ListUsers"), take, got)
    assert playing.takes_not_replayed() == []


@strategies.few(100)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=5), st.integers(0, 9), limits_asked, st.data())
def test_torture_has_all_kinds_of_pages(
    sizes: list[int], seed: int, limits: list[int | None], data: st.DataObject
) -> None:
    sizes = sizes if sum(sizes) > 1 else [*sizes, 2]
    cassette = recording("ListUsers", {}, users(*sizes))
    asked = cycle(limits) if data.draw(st.booleans()) else ()
    pages = list(follow(player(cassette, paging=f"torture:{seed}"), "ListUsers", {}, asked))
    counts = [size("ListUsers", page.parsed) for page in pages]
    assert 0 in counts[:-1]
    assert 1 in counts
    assert counts[-1] == 0
    for page in pages[:-1]:
        assert set("/+ %&=") <= set(page.parsed["Marker"])


@pytest.mark.parametrize("sizes", [[0], [0, 0], [1], [0, 1]])
def test_torture_has_empty_pages_for_the_smallest_listings(sizes: list[int]) -> None:
    for seed in range(4):
        pages = traversal(player(recording("ListUsers", {}, users(*sizes)), paging=f"torture:{seed}"))
        assert len(pages) > 1
        assert names(pages[-1]) == ""
        assert " ".join(filter(None, map(names, pages))) == "u0" * sum(sizes)


@each_mode
def test_another_player_gives_the_same_bytes(mode: str) -> None:
    cassette = recording("ListUsers", {}, users(3, 4, 5))
    one, other = player(cassette, paging=mode), player(cassette, paging=mode)
    assert [page.response for page in traversal(one, 2, 3)] == [page.response for page in traversal(other, 2, 3)]


def test_seeds_have_different_pages() -> None:
    cassette = recording("ListUsers", {}, users(30), users(31))
    seeds = ["torture", *(f"torture:{n}" for n in range(5))]
    cut = {}
    for seed in seeds:
        playing = player(cassette, paging=seed)
        cut[seed] = tuple(tuple(map(names, traversal(playing))) for _ in cassette.takes)
    assert len(set(cut.values())) > 3
    assert any(one[0] != other[0] for one, other in cut.values()), "so does every take"


# --- the pages themselves ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "limits", "expected"),
    [
        ("recorded", [1, 1], ["u0 u1 u2", "", "u3 u4"]),
        ("client", [], ["u0 u1 u2 u3 u4"]),
        ("client", [5], ["u0 u1 u2 u3 u4"]),
        ("client", [1, 2, 1000], ["u0", "u1 u2", "u3 u4"]),
        ("client", [4], ["u0 u1 u2 u3", "u4"]),
        ("2", [], ["u0 u1", "u2 u3", "u4"]),
        ("2", [1, 1000], ["u0", "u1 u2", "u3 u4"]),
        ("5", [], ["u0 u1 u2 u3 u4"]),
    ],
)
def test_the_pages_by_mode_and_limit(mode: str, limits: list[int], expected: list[str]) -> None:
    cassette = recording("ListUsers", {}, users(3, 0, 2))
    assert list(map(names, traversal(player(cassette, paging=mode), *limits))) == expected


def test_the_default_limit_is_a_hundred() -> None:
    pages = traversal(player(recording("ListUsers", {}, users(40, 40, 40)), paging="client"))
    assert [size("ListUsers", page.parsed) for page in pages] == [100, 20]


def test_a_page_of_several_lists_has_its_items_in_recorded_order() -> None:
    recorded: list[dict[str, Value]] = [
        {"UserDetailList": [{"UserName": "a"}, {"UserName": "b"}], "GroupDetailList": [{"GroupName": "c"}]},
        {"UserDetailList": [{"UserName": "d"}], "RoleDetailList": [{"RoleName": "e"}]},
        {"Policies": [{"PolicyName": "f"}]},
    ]
    cassette = recording("GetAccountAuthorizationDetails", {}, recorded)
    pages = parsed(follow(player(cassette, paging="2"), "GetAccountAuthorizationDetails", {}), "Marker")
    assert pages == [
        {"IsTruncated": True, "UserDetailList": [{"UserName": "a"}, {"UserName": "b"}], "GroupDetailList": []},
        {
            "IsTruncated": True,
            "UserDetailList": [{"UserName": "d"}],
            "GroupDetailList": [{"GroupName": "c"}],
            "RoleDetailList": [],
        },
        {
            "IsTruncated": False,
            "UserDetailList": [],
            "RoleDetailList": [{"RoleName": "e"}],
            "Policies": [{"PolicyName": "f"}],
        },
    ]


def test_lists_that_belong_to_one_listing_share_the_limit() -> None:
    policy: dict[str, Value] = {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
    recorded: list[dict[str, Value]] = [
        {"PolicyUsers": [{"UserName": "c"}], "PolicyGroups": [{"GroupName": "a"}, {"GroupName": "b"}]},
        {"PolicyRoles": [{"RoleName": "d"}]},
    ]
    cassette = recording("ListEntitiesForPolicy", policy, recorded)
    for mode, limits in (("3", ()), ("client", (3,))):
        pages = parsed(follow(player(cassette, paging=mode), "ListEntitiesForPolicy", policy, limits), "Marker")
        assert pages == [
            {
                "IsTruncated": True,
                "PolicyUsers": [{"UserName": "c"}],
                "PolicyGroups": [{"GroupName": "a"}, {"GroupName": "b"}],
            },
            {"IsTruncated": False, "PolicyRoles": [{"RoleName": "d"}]},
        ]


def test_members_beside_the_items_are_on_each_page() -> None:
    asked: dict[str, Value] = {"analyzerArn": ANALYZER, "id": "made-up"}
    beside: dict[str, Value] = {"id": "made-up", "status": "ACTIVE", "resourceType": "AWS::IAM::Role"}
    details: list[Value] = [{"unusedPermissionDetails": {"serviceNamespace": name}} for name in ("s3", "sqs", "sns")]
    recorded: list[dict[str, Value]] = [
        {**beside, "findingDetails": details[:2]},
        {**beside, "status": "RESOLVED", "findingDetails": details[2:]},
    ]
    cassette = recording("GetFindingV2", asked, recorded)
    for mode, expected in (
        ("1", [("ACTIVE", details[:1]), ("ACTIVE", details[1:2]), ("RESOLVED", details[2:])]),
        ("2", [("ACTIVE", details[:2]), ("RESOLVED", details[2:])]),
        ("3", [("ACTIVE", details)]),
    ):
        pages = parsed(follow(player(cassette, paging=mode), "GetFindingV2", asked), "nextToken")
        assert pages == [{**beside, "status": status, "findingDetails": found} for status, found in expected]


def parsed(pages: Any, token: str) -> list[dict[str, Any]]:
    """The pages as botocore parses them, without their tokens."""
    return [{name: value for name, value in page.parsed.items() if name != token} for page in pages]


def test_an_empty_page_has_the_members_of_the_page_it_was_cut_from() -> None:
    asked: dict[str, Value] = {"analyzerArn": ANALYZER, "id": "made-up"}
    details: list[Value] = [{"externalAccessDetails": {"condition": {}}}] * 9
    pages: list[dict[str, Value]] = [{"status": status, "findingDetails": details} for status in ("ACTIVE", "RESOLVED")]
    cassette = recording("GetFindingV2", asked, pages)
    for seed in range(9):
        count, empty = 0, set()
        for page in follow(player(cassette, paging=f"torture:{seed}"), "GetFindingV2", asked):
            found = size("GetFindingV2", page.parsed)
            assert page.parsed["status"] == ("ACTIVE" if count < 9 else "RESOLVED")
            empty |= set() if found else {count}
            count += found
        assert empty - {0, 9, 18}, "one inside of a recorded page"
        assert 18 in empty


def test_unmodelled_members_are_on_the_pages_of_their_items() -> None:
    (take,) = recording("ListUsers", {}, users(1, 1)).takes
    first, second = take.pages
    answer = replace(first.answer, output={**(first.answer.output or {}), "New": "x"}, unmodelled=("New",))
    take = replace(take, pages=(replace(first, answer=answer), second))
    listing = Listing(operation("ListUsers"), take, 1, PagingMode.parse("1"))
    cut = [listing.page(position, None).answer for position in (Position(1, 0), Position(2, 1))]
    assert [(page.output or {}).get("New") for page in cut] == ["x", None]
    assert [page.unmodelled for page in cut] == [("New",), ()]


@pytest.mark.parametrize("mode", CUT)
def test_errors_and_unpaged_operations_are_served_as_recorded(mode: str) -> None:
    failed = recording("ListUsers", {}, ([], "error"))
    (page,) = traversal(player(failed, paging=mode))
    assert page.parsed["Error"]["Code"] == ERROR


# --- limits that no service accepts -----------------------------------------------------------------------------

_OUT_OF_RANGE = [
    ("ListUsers", {}, {"MaxItems": 0}, "'0' at 'maxItems'", "greater than or equal to 1"),
    ("ListUsers", {}, {"MaxItems": -1}, "'-1' at 'maxItems'", "greater than or equal to 1"),
    ("ListUsers", {}, {"MaxItems": 1001}, "'1001' at 'maxItems'", "less than or equal to 1000"),
    ("ListUsers", {}, {"MaxItems": "x"}, "'…' at 'maxItems'", "must be a number"),
    ("ListPolicyGenerations", {}, {"maxResults": 0}, "'0' at 'maxResults'", "greater than or equal to 1"),
    (
        "GetFindingRecommendation",
        {"analyzerArn": ANALYZER, "id": "x"},
        {"maxResults": 1001},
        "'1001' at 'maxResults'",
        "less than or equal to 1000",
    ),
]


@pytest.mark.parametrize(("name", "input_", "limit", "value", "constraint"), _OUT_OF_RANGE)
def test_a_limit_out_of_range_gets_the_services_error(
    name: str, input_: dict[str, Value], limit: dict[str, Value], value: str, constraint: str
) -> None:
    cassette = recording(name, input_, [{}], [{}, {}])
    playing = player(cassette, paging="client")
    reply = playing.answer(request(name, {**input_, **limit}))
    assert reply.response
    assert not isinstance(reply, ServedPage | Miss)
    error = parse_response(operation(name), reply.response)["Error"]
    assert reply.response.status == 400
    assert error["Code"] == ("ValidationError" if name == "ListUsers" else "ValidationException")
    assert error["Message"].startswith(f"1 validation error detected: Value {value} failed to satisfy constraint: ")
    assert error["Message"].endswith(constraint)
    assert playing.misses == []
    assert len(playing.takes_not_replayed()) == 2
    assert next(follow(playing, name, input_)).served.take == 1, "no take went by"
    for other in ("recorded", "2", "torture"):
        assert isinstance(player(cassette, paging=other).answer(request(name, {**input_, **limit})), ServedPage)


# --- names of modes ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", MODES)
def test_a_mode_is_read_and_written(text: str) -> None:
    assert str(PagingMode.parse(text)) == text


@pytest.mark.parametrize("text", ["", "0", "-1", "01", "٣", "1" * 10, "2 ", "torture:", "Client", "client:1", "N"])
def test_other_texts_are_no_modes(text: str) -> None:
    with pytest.raises(PagingError, match="none of recorded, client, a number, torture, torture:SEED"):
        PagingMode.parse(text)

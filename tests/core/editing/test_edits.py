"""Edits of takes and values: what they change, leave and refuse."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.faults import Fault
from awstape.core.cassette.yaml.reader import read_cassette
from awstape.core.cassette.yaml.writer import take_document, write_cassette, write_take
from awstape.core.editing import edits
from awstape.core.editing.edits import EditError
from awstape.core.replay.paging_modes import PagingMode
from support import strategies
from support.exchanges import MODELS, cassette, listing, respond
from support.role_cassette import PATH, READ, ROLES, alias_of_role, assert_valid, chosen, role_names


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ("2", [["Deploy", "Audit"], ["Build", "Backup"], ["Restore"]]),
        ("1", [["Deploy"], ["Audit"], ["Build"], ["Backup"], ["Restore"]]),
        ("100", [["Deploy", "Audit", "Build", "Backup", "Restore"]]),
    ],
)
def test_repage(recorded: Cassette, pages: str, expected: list[list[str]]) -> None:
    after = edits.repage_takes(MODELS, recorded, chosen(recorded), PagingMode.parse(pages))
    assert role_names(after) == [[alias_of_role(real) for real in page] for page in expected]
    assert_valid(after)
    others = [take for take in recorded.takes if len(take.pages) == 1]
    assert [take for take in after.takes if take in others] == others


def test_repage_keeps_how_a_listing_ended() -> None:
    last_page = respond("ListRoles", {"IsTruncated": True, "Roles": ROLES[3:], "Marker": "on"})
    unfinished = cassette(READ[0], (READ[1][0], last_page))
    after = edits.repage_takes(MODELS, unfinished, chosen(unfinished), PagingMode.parse("2"))
    assert role_names(after) == [
        [alias_of_role(n) for n in page] for page in (["Deploy", "Audit"], ["Build", "Backup"], ["Restore"])
    ]
    last = after.takes[0].pages[-1].answer.output
    assert last and last["IsTruncated"] is True
    assert str(last["Marker"]).startswith("page-4.")


def test_torture_pages_are_the_same_items(recorded: Cassette) -> None:
    after = edits.repage_takes(MODELS, recorded, chosen(recorded, "ListRoles"), PagingMode.parse("torture:3"))
    assert [n for page in role_names(after) for n in page] == [n for page in role_names(recorded) for n in page]
    assert [] in role_names(after)
    assert_valid(after)


def test_remove_takes(recorded: Cassette) -> None:
    after = edits.remove_takes(MODELS, recorded, chosen(recorded, "GetRole", "ListRoles PathPrefix=*"))
    assert len(after.takes) == len(recorded.takes) - 2
    assert_valid(after)
    nothing = edits.remove_takes(MODELS, recorded, chosen(recorded))
    assert nothing.takes == ()
    assert read_cassette(write_cassette(nothing), MODELS) == nothing


def test_remove_a_take_numbers_the_others() -> None:
    other = listing("ListRoles", {}, [{"Roles": ROLES[:1]}, {"Roles": ROLES[1:2]}], token="U")
    third = listing("ListRoles", {}, [{"Roles": ROLES[2:3]}, {"Roles": ROLES[1:2]}], token="V")
    thrice = cassette(*READ[:2], *other, *third)
    after = edits.remove_takes(MODELS, thrice, chosen(thrice, "ListRoles take=1"))
    assert [take.pages[1].token for take in after.takes] == [
        thrice.takes[0].pages[1].token,
        str(thrice.takes[1].pages[1].token),
    ]
    assert_valid(after)


def test_removing_a_take_between_two_equal_ones_leaves_one() -> None:
    other = listing("ListRoles", {}, [{"Roles": []}])
    thrice = cassette(*READ[:2], *other, *READ[:2])
    assert len(thrice.takes) == 3
    after = edits.remove_takes(MODELS, thrice, chosen(thrice, "ListRoles take=2"))
    assert len(after.takes) == 1
    assert_valid(after)


@pytest.mark.parametrize(
    ("expression", "text", "path", "value"),
    [
        ("pages[].output.Roles[].MaxSessionDuration", "7200", "pages[1].output.Roles[1].MaxSessionDuration", 7200),
        ("pages[0].output.Roles[0].Description", "7200", "pages[0].output.Roles[0].Description", "7200"),
        ("pages[0].output.Roles[0].Tags", '[{"Key":"a","Value":"b"}]', "pages[0].output.Roles[0].Tags[0].Value", "b"),
        ("pages[0].output.Roles[?Path=='/'].Path", PATH, "pages[0].output.Roles[2].Path", PATH),
        ("identity.PathPrefix", PATH, "identity.PathPrefix", PATH),
        ("pages[0].limit", "3", "pages[0].limit", 3),
        ("faults", '["drop page=2"]', "faults[0]", "drop page=2"),
    ],
)
def test_set(recorded: Cassette, expression: str, text: str, path: str, value: object) -> None:
    import jmespath

    roles = chosen(recorded, "ListRoles")[-1:]
    after = edits.set_value(MODELS, recorded, roles, expression, text)
    found = [jmespath.search(path, take_document(take)) for take in after.takes]
    assert [each for each in found if each is not None].count(value) == 1
    assert recorded == cassette(*READ), "the old one is as it was"
    assert_valid(after)


def test_set_removes_members_and_items(recorded: Cassette) -> None:
    roles = chosen(recorded, "ListRoles")[-1:]
    after = edits.set_value(MODELS, recorded, roles, "pages[0].output.Roles[:2]", None)
    assert role_names(after) == [[alias_of_role("Build")], [alias_of_role("Backup"), alias_of_role("Restore")]]
    after = edits.set_value(MODELS, recorded, roles, "pages[].output.Roles[].Arn", None)
    assert "Arn" not in write_take(after.takes[-1])


def test_faults(recorded: Cassette) -> None:
    roles = chosen(recorded, "ListRoles")[-1:]
    one, other = Fault.parse("throttle page=2 times=2"), Fault.parse("drop")
    after = edits.set_faults(MODELS, recorded, roles, [one])
    after = edits.set_faults(MODELS, after, roles, [other])
    assert after.takes[roles[0].number - 1].faults == (one, other)
    assert read_cassette(write_cassette(after), MODELS) == after
    with pytest.raises(EditError, match="for a page that doesn't exist"):
        edits.repage_takes(MODELS, after, roles, PagingMode.parse("9"))
    assert edits.set_faults(MODELS, after, roles, [], instead=True) == recorded


STEPS = """
    pages identity faults service region limit token output error Roles RoleName Tags Path [] [0] [-1] [*] [::-1] [1:]
    [?Path=='/'] [?@] [?length(@)>`1`] * @ | Marker IsTruncated unmodelled MaxSessionDuration
""".split()
SAID = [
    "7200",
    "x",
    "[]",
    "{}",
    "null",
    '"x"',
    "true",
    '[{"RoleName": "alias-S4t6r3rrlT"}]',
    "NaN",
    "1e999",
    "",
    "\u2028",
]


@strategies.few(60)
@given(st.lists(st.sampled_from(STEPS), min_size=1, max_size=7), st.one_of(st.none(), st.sampled_from(SAID)))
def test_any_value_that_is_set_leaves_a_readable_cassette(
    recorded: Cassette, steps: list[str], text: str | None
) -> None:
    expression = re.sub(r"\.\[", "[", ".".join(["pages[].output", *steps] if steps[0][0] == "R" else steps))
    with suppress(EditError):
        after = edits.set_value(MODELS, recorded, chosen(recorded), expression, text)
        assert read_cassette(write_cassette(after), MODELS) == after


# --- several cassettes ---


def test_merge(recorded: Cassette) -> None:
    out, rest = edits.split_cassette(recorded, chosen(recorded, "ListRoles", "GetRole"))
    assert {take.track.operation for take in out.takes} == {"ListRoles", "GetRole"}
    assert edits.merge_cassettes(MODELS, [rest, out], None) == recorded
    assert edits.merge_cassettes(MODELS, [recorded, out, recorded], None) == recorded


def test_merge_of_differing_tracks(recorded: Cassette) -> None:
    newer = cassette(*listing("ListRoles", {}, [{"Roles": ROLES[:1]}]))
    with pytest.raises(EditError, match="differs between the cassettes"):
        edits.merge_cassettes(MODELS, [recorded, newer], None)
    assert edits.merge_cassettes(MODELS, [recorded, newer], "first") == recorded
    assert role_names(edits.merge_cassettes(MODELS, [recorded, newer], "last")) == [[alias_of_role("Deploy")]]
    both = edits.merge_cassettes(MODELS, [recorded, newer], "both")
    assert (role_names(both, number=0), role_names(both, number=1)) == (
        role_names(recorded),
        [[alias_of_role("Deploy")]],
    )
    assert_valid(both)


def test_merge_of_two_keys(recorded: Cassette) -> None:
    other = replace(recorded, keys=frozenset({"t366skr2trrs"}))
    with pytest.raises(EditError, match="different keys"):
        edits.merge_cassettes(MODELS, [recorded, other], "first")
    assert edits.merge_cassettes(MODELS, [recorded, replace(recorded, keys=frozenset())], None).keys == recorded.keys

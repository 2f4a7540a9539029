"""Edits of the items of a listing."""

from __future__ import annotations

from typing import Any

import pytest

from awstape.core.cassette.cassette import Cassette
from awstape.core.editing import list_items
from awstape.core.editing.edits import EditError
from support.exchanges import MODELS, cassette, request
from support.role_cassette import PATH, READ, alias_of_role, assert_valid, chosen, role_names


@pytest.mark.parametrize(
    ("which", "left"),
    [
        (["1"], [["Audit", "Build"], ["Backup", "Restore"]]),
        (["4", "5"], [["Deploy", "Audit", "Build"], []]),
        (["RoleName=='{Build}'"], [["Deploy", "Audit"], ["Backup", "Restore"]]),
        (["Path=='/'"], [[], []]),
        (["contains(Arn, '{Audit}')", "2"], [["Deploy", "Build"], ["Backup", "Restore"]]),
    ],
)
def test_drop_items(recorded: Cassette, which: list[str], left: list[list[str]]) -> None:
    wanted = [
        text.replace("{Build}", alias_of_role("Build")).replace("{Audit}", alias_of_role("Audit")) for text in which
    ]
    after = list_items.drop_items(MODELS, recorded, chosen(recorded, "ListRoles"), wanted)
    assert role_names(after) == [[alias_of_role(real) for real in page] for page in left]
    assert_valid(after)


def test_add_items(recorded: Cassette) -> None:
    roles = chosen(recorded, "ListRoles")[-1:]
    item = list_items.build_item_like(MODELS, roles, 1, {"RoleName": "alias-S4t6r3rrlT", "Path": PATH})
    assert str(item["Arn"]).endswith(f":role{PATH}alias-S4t6r3rrlT")
    assert item["RoleId"] != recorded.takes[-1].pages[0].answer.output["Roles"][0]["RoleId"]  # type: ignore[index, call-overload]
    for at, place in ((None, (1, 2)), (1, (0, 0)), (4, (1, 0)), (6, (1, 2))):
        after = list_items.add_item(MODELS, recorded, roles, item, at)
        assert role_names(after)[place[0]][place[1]] == "alias-S4t6r3rrlT"
        assert sum(map(len, role_names(after))) == 6
        assert_valid(after)
    empty = chosen(recorded, "ListAttachedRolePolicies")
    assert_valid(list_items.add_item(MODELS, recorded, empty, {"PolicyName": "alias-srrm4262kR"}))


def test_a_limit_below_the_number_of_items_is_removed() -> None:
    limited = [(request("ListRoles", {"MaxItems": 5}), READ[0][1]), READ[1]]
    recorded = cassette(*limited)
    assert recorded.takes[0].pages[0].limit == 5
    item = {"RoleName": "alias-S4t6r3rrlT"}
    after = list_items.add_item(MODELS, recorded, chosen(recorded), item, 1)
    assert after.takes[0].pages[0].limit == 5
    for path in ("/alias-2rk7tll6t4-lrlk23k6t7/", "/alias-rl732m2klm/"):
        after = list_items.add_item(MODELS, after, chosen(after), item | {"Path": path}, 1)
    assert after.takes[0].pages[0].limit is None


def test_lists_by_name(recorded: Cassette) -> None:
    details = chosen(recorded, "GetAccountAuthorizationDetails")
    after = list_items.add_item(MODELS, recorded, details, {"PolicyName": "alias-srrm4262kR"}, name="Policies")
    assert len(after.takes[details[0].number - 1].pages[1].answer.output["Policies"]) == 2  # type: ignore[index, arg-type]
    aliases = chosen(recorded, "ListAccountAliases")
    assert_valid(list_items.add_item(MODELS, recorded, aliases, "alias-S4t6r3rrlT"))
    assert_valid(list_items.drop_items(MODELS, recorded, aliases, ["1"]))


def test_an_existing_item_is_not_added_again(recorded: Cassette) -> None:
    roles = chosen(recorded, "ListRoles")[-1:]
    first, last = recorded.takes[-1].pages
    there: Any = last.answer.output["Roles"][1], {"Arn": first.answer.output["Roles"][0]["Arn"]}  # type: ignore[index, call-overload]
    for item, number in zip(there, (5, 1), strict=True):
        with pytest.raises(EditError, match=f"has this item already: item {number}"):
            list_items.add_item(MODELS, recorded, roles, item, 1)

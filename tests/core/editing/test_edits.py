"""Edits: what they change, leave and refuse; any sequence of edits leaves a valid cassette."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.faults import Fault
from awstape.core.cassette.yaml import document
from awstape.core.check.findings import check_text
from awstape.core.editing import edits, list_items
from awstape.core.editing.edits import EditError
from awstape.core.editing.rename import rename
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.project_rules import Rules
from awstape.core.replay.paging_modes import Paging
from awstape.core.view.selectors import SelectedTrack, select
from support import strategies
from support.exchanges import KEY, MODELS, cassette, listing, operation, player, request, respond, traverse

ARN = "arn:aws:iam::111122223333:"


def role(name: str, **members: Any) -> dict[str, Any]:
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": f"{ARN}role/{name}"}, "Action": "sts:AssumeRole"}]}
    return {
        "Path": "/",
        "RoleName": name,
        "RoleId": "AROAEXAMPLEID" + name.upper().ljust(7, "X")[:7],
        "Arn": f"{ARN}role/{name}",
        "CreateDate": "2020-01-01T00:00:00Z",
        "AssumeRolePolicyDocument": json.dumps(trust),
        **members,
    }


ROLES = [role(name) for name in ("Deploy", "Audit", "Build", "Backup", "Restore")]
READ = [
    *listing("ListRoles", {}, [{"Roles": ROLES[:3]}, {"Roles": ROLES[3:]}]),
    *listing("ListRoles", {"PathPrefix": "/team-a/"}, [{"Roles": []}]),
    (request("GetRole", {"RoleName": "Deploy"}), respond("GetRole", {"Role": ROLES[0]})),
    *listing("ListAttachedRolePolicies", {"RoleName": "Deploy"}, [{"AttachedPolicies": []}]),
    *listing("ListAccountAliases", {}, [{"AccountAliases": ["corp-prod"]}]),
    *listing(
        "GetAccountAuthorizationDetails",
        {},
        [
            {"UserDetailList": [], "RoleDetailList": [{"RoleName": "Deploy", "Path": "/"}]},
            {"Policies": [{"PolicyName": "Rules"}]},
        ],
    ),
]
ALIASES = Aliases(KEY)
PATH = "/path-7f3femk2d6b2/"


@pytest.fixture(scope="module")
def recorded() -> Cassette:
    return cassette(*READ)


def chosen(recorded: Cassette, *texts: str) -> tuple[SelectedTrack, ...]:
    return select(MODELS, recorded, texts)


def names(recorded: Cassette, *, number: int = -1) -> list[list[str]]:
    """The role names on each page of ListRoles."""
    take = [take for take in recorded.takes if take.track.operation == "ListRoles" and not take.track.identity][number]
    return [[item["RoleName"] for item in page.answer.output["Roles"]] for page in take.pages]  # type: ignore[index, union-attr, call-overload, misc]


def name(real: str) -> str:
    return ALIASES.name("role", real)


def assert_valid(after: Cassette) -> None:
    """Asserts that a cassette can be written and read, has no findings, and that its listings can be replayed."""
    text = document.write(after)
    assert document.read(text, MODELS) == after
    assert check_text(text, MODELS) == []
    playing = player(after, key=None)
    for track, takes in after.tracks():
        for take in takes:
            if any(page.answer.error for page in take.pages) or take.faults:
                continue
            served = list(traverse(playing, track.operation, track.identity))
            assert [each.page for each in served] == list(range(1, len(take.pages) + 1))


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ("2", [["Deploy", "Audit"], ["Build", "Backup"], ["Restore"]]),
        ("1", [["Deploy"], ["Audit"], ["Build"], ["Backup"], ["Restore"]]),
        ("100", [["Deploy", "Audit", "Build", "Backup", "Restore"]]),
    ],
)
def test_repage(recorded: Cassette, pages: str, expected: list[list[str]]) -> None:
    after = edits.repage_takes(MODELS, recorded, chosen(recorded), Paging.parse(pages))
    assert names(after) == [[name(real) for real in page] for page in expected]
    assert_valid(after)
    others = [take for take in recorded.takes if len(take.pages) == 1]
    assert [take for take in after.takes if take in others] == others


def test_repage_keeps_how_a_listing_ended() -> None:
    last_page = respond("ListRoles", {"IsTruncated": True, "Roles": ROLES[3:], "Marker": "on"})
    unfinished = cassette(READ[0], (READ[1][0], last_page))
    after = edits.repage_takes(MODELS, unfinished, chosen(unfinished), Paging.parse("2"))
    assert names(after) == [[name(n) for n in page] for page in (["Deploy", "Audit"], ["Build", "Backup"], ["Restore"])]
    last = after.takes[0].pages[-1].answer.output
    assert last and last["IsTruncated"] is True
    assert str(last["Marker"]).startswith("page-4.")


def test_torture_pages_are_the_same_items(recorded: Cassette) -> None:
    after = edits.repage_takes(MODELS, recorded, chosen(recorded, "ListRoles"), Paging.parse("torture:3"))
    assert [n for page in names(after) for n in page] == [n for page in names(recorded) for n in page]
    assert [] in names(after)
    assert_valid(after)


def test_remove_takes(recorded: Cassette) -> None:
    after = edits.remove_takes(MODELS, recorded, chosen(recorded, "GetRole", "ListRoles PathPrefix=*"))
    assert len(after.takes) == len(recorded.takes) - 2
    assert_valid(after)
    nothing = edits.remove_takes(MODELS, recorded, chosen(recorded))
    assert nothing.takes == ()
    assert document.read(document.write(nothing), MODELS) == nothing


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
    wanted = [text.replace("{Build}", name("Build")).replace("{Audit}", name("Audit")) for text in which]
    after = list_items.drop_items(MODELS, recorded, chosen(recorded, "ListRoles"), wanted)
    assert names(after) == [[name(real) for real in page] for page in left]
    assert_valid(after)


def test_add_items(recorded: Cassette) -> None:
    roles = chosen(recorded, "ListRoles")[-1:]
    item = list_items.build_item_like(MODELS, roles, 1, {"RoleName": "role-r3pdr6yylyw5", "Path": PATH})
    assert str(item["Arn"]).endswith(f":role{PATH}role-r3pdr6yylyw5")
    assert item["RoleId"] != recorded.takes[-1].pages[0].answer.output["Roles"][0]["RoleId"]  # type: ignore[index, call-overload]
    for at, place in ((None, (1, 2)), (1, (0, 0)), (4, (1, 0)), (6, (1, 2))):
        after = list_items.add_item(MODELS, recorded, roles, item, at)
        assert names(after)[place[0]][place[1]] == "role-r3pdr6yylyw5"
        assert sum(map(len, names(after))) == 6
        assert_valid(after)
    empty = chosen(recorded, "ListAttachedRolePolicies")
    assert_valid(list_items.add_item(MODELS, recorded, empty, {"PolicyName": "policy-mdd2mdbui7sb"}))


def test_a_limit_below_the_number_of_items_is_removed() -> None:
    limited = [(request("ListRoles", {"MaxItems": 5}), READ[0][1]), READ[1]]
    recorded = cassette(*limited)
    assert recorded.takes[0].pages[0].limit == 5
    item = {"RoleName": "role-r3pdr6yylyw5"}
    after = list_items.add_item(MODELS, recorded, chosen(recorded), item, 1)
    assert after.takes[0].pages[0].limit == 5
    for path in ("/path-7f3femk2d6b2/", "/path-oem5jpth7rxu/"):
        after = list_items.add_item(MODELS, after, chosen(after), item | {"Path": path}, 1)
    assert after.takes[0].pages[0].limit is None


def test_lists_by_name(recorded: Cassette) -> None:
    details = chosen(recorded, "GetAccountAuthorizationDetails")
    after = list_items.add_item(MODELS, recorded, details, {"PolicyName": "policy-mdd2mdbui7sb"}, name="Policies")
    assert len(after.takes[details[0].number - 1].pages[1].answer.output["Policies"]) == 2  # type: ignore[index, arg-type]
    aliases = chosen(recorded, "ListAccountAliases")
    assert_valid(list_items.add_item(MODELS, recorded, aliases, "account-alias-r3pdr6yylyw5"))
    assert_valid(list_items.drop_items(MODELS, recorded, aliases, ["1"]))


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
    found = [jmespath.search(path, document.take_value(take)) for take in after.takes]
    assert [each for each in found if each is not None].count(value) == 1
    assert recorded == cassette(*READ), "the old one is as it was"
    assert_valid(after)


def test_set_removes_members_and_items(recorded: Cassette) -> None:
    roles = chosen(recorded, "ListRoles")[-1:]
    after = edits.set_value(MODELS, recorded, roles, "pages[0].output.Roles[:2]", None)
    assert names(after) == [[name("Build")], [name("Backup"), name("Restore")]]
    after = edits.set_value(MODELS, recorded, roles, "pages[].output.Roles[].Arn", None)
    assert "Arn" not in document.take_text(after.takes[-1])


def setting(track: str, expression: str, text: str | None) -> Any:
    return lambda c: edits.set_value(MODELS, c, chosen(c, track), expression, text)


def adding(track: str, item: Any, at: int | None = None, of: str = "") -> Any:
    return lambda c: list_items.add_item(MODELS, c, chosen(c, track), item, at, of)


def dropping(*which: str) -> Any:
    return lambda c: list_items.drop_items(MODELS, c, chosen(c, "ListRoles"), which)


def failing(fault: str) -> Any:
    return lambda c: edits.set_faults(MODELS, c, chosen(c, "ListRoles"), [Fault.parse(fault)])


def renaming(old: str, new: str, aliases: Aliases | None = ALIASES) -> Any:
    return lambda c: rename(MODELS, c, old, new, aliases)


ERRORS = [
    (setting("ListRoles", "pages[0].output.Rolez", "[]"), "did you mean Roles?"),
    (setting("ListRoles", "pages[0].output.Roles", "x"), "expected JSON: a list"),
    (setting("ListRoles", "pages[9].output.Roles", "[]"), "nothing is selected"),
    (setting("ListRoles", "pages[", "[]"), "is not a JMESPath expression"),
    (setting("ListRoles", "length(@)", "[]"), "selects no member"),
    (setting("ListRoles", "@", "[]"), "nothing is selected"),
    (setting("ListRoles", "pages[0].token", "x"), "has no token"),
    (setting("ListRoles", "pages", None), "the key pages is missing"),
    (setting("ListRoles", "identity.PathPrefx", PATH), "ListRoles takes no PathPrefx; did you mean PathPrefix?"),
    (setting("ListRoles", "identity.MaxItems", "3"), "ListRoles takes no MaxItems"),
    (setting("ListRoles", "identity.Marker", "x"), "ListRoles takes no Marker"),
    (setting("ListRoles", "pages[0].output.Roles[0].Path", "\udcff"), "half a surrogate pair"),
    (setting("ListRoles", "faults", '["\\ud800"]'), "faults: expected a list, got text"),
    (setting("GetRole", "operation", "ListRoles"), "no member Role"),
    (setting("ListRoles PathPrefix=*", "identity", "{}"), "exists already"),
    (adding("ListAccountAliases", {}), "expected text"),
    (adding("GetRole", {}), "is not a listing"),
    (adding("GetAcc*", {}), "has several lists"),
    (adding("GetAcc*", {}, of="Polices"), "did you mean Policies?"),
    (adding("ListRoles", {"Name": "x"}), "no member Name"),
    (adding("ListRoles", {}, 9), "there is no position 9"),
    (dropping("6"), "no item is selected by '6'"),
    (dropping("1", "Path=='x'"), 'no item is selected by "Path'),
    (dropping("Path="), "is not a JMESPath condition"),
    (dropping("@]|[0"), "is not a JMESPath condition"),
    (dropping("9" * 5000), "no item is selected by '9"),
    (failing("drop page=3"), "that doesn't exist: the take has"),
    (failing("drop GetRole"), "names an operation"),
    (lambda c: list_items.build_item_like(MODELS, chosen(c, "ListAccountAliases"), 1, {}), "have no members"),
    (lambda c: list_items.build_item_like(MODELS, chosen(c, "ListAccountAliases"), 2, {}), "there is no item 2"),
    (renaming("role-yqmy4ayihgou", "Other"), "is not in the cassette"),
    (renaming("Deploy", "Audit"), "is in the cassette already"),
    (renaming("Deploy", "Deploy"), "is the present name"),
    (renaming("Deploy", "111122223333"), "is of the form name, '111122223333' of the form account id"),
    (renaming("Deploy", "Other", None), "is not an alias"),
    (renaming("Deploy", ""), "'' is not a name"),
    (renaming("Deploy", "a\nb"), "is not a name"),
    (renaming("demo-a", "demo-/: #", Aliases(KEY, Rules.from_settings({"keep": ["demo-*"]}, MODELS))), "is not a name"),
    (renaming(f"{ARN}role/Deploy", "Other"), "contains a name but is not one"),
]


@pytest.mark.parametrize(("attempt", "problem"), ERRORS, ids=[problem for _, problem in ERRORS])
def test_an_impossible_edit_is_refused(recorded: Cassette, attempt: Any, problem: str) -> None:
    with pytest.raises(EditError) as caught:
        attempt(recorded)
    assert problem in str(caught.value)
    assert caught.value.tip


def test_an_existing_item_is_not_added_again(recorded: Cassette) -> None:
    roles = chosen(recorded, "ListRoles")[-1:]
    first, last = recorded.takes[-1].pages
    there: Any = last.answer.output["Roles"][1], {"Arn": first.answer.output["Roles"][0]["Arn"]}  # type: ignore[index, call-overload]
    for item, number in zip(there, (5, 1), strict=True):
        with pytest.raises(EditError, match=f"has this item already: item {number}"):
            list_items.add_item(MODELS, recorded, roles, item, 1)


def test_faults(recorded: Cassette) -> None:
    roles = chosen(recorded, "ListRoles")[-1:]
    one, other = Fault.parse("throttle page=2 times=2"), Fault.parse("drop")
    after = edits.set_faults(MODELS, recorded, roles, [one])
    after = edits.set_faults(MODELS, after, roles, [other])
    assert after.takes[roles[0].number - 1].faults == (one, other)
    assert document.read(document.write(after), MODELS) == after
    with pytest.raises(EditError, match="for a page that doesn't exist"):
        edits.repage_takes(MODELS, after, roles, Paging.parse("9"))
    assert edits.set_faults(MODELS, after, roles, [], instead=True) == recorded


def test_rename_is_everywhere(recorded: Cassette) -> None:
    after = rename(MODELS, recorded, "Deploy", "Other", ALIASES)
    text = document.write(after)
    assert name("Deploy") not in text
    assert text.count(name("Other")) == document.write(recorded).count(name("Deploy"))
    asked = player(after).answer(request("GetRole", {"RoleName": "Other"}))
    assert asked.response
    assert asked.response.status == 200
    assert_valid(after)
    assert rename(MODELS, after, name("Other"), name("Deploy"), None) == recorded


def test_rename_of_accounts_and_ids(recorded: Cassette) -> None:
    account = ALIASES.account("111122223333")
    after = rename(MODELS, recorded, account, "444455556666", ALIASES)
    assert account not in document.write(after)
    assert ALIASES.account("444455556666") in document.write(after)
    unique = ALIASES.unique_id("AROAEXAMPLEIDDEPLOYX")
    after = rename(MODELS, recorded, unique, "AROAEXAMPLEIDOTHERXX", ALIASES)
    assert unique not in document.write(after)
    assert_valid(after)


def test_rename_of_names_that_the_project_keeps() -> None:
    rules = Rules.from_settings({"keep": ["demo-*"]}, MODELS)
    aliases = Aliases(KEY, rules)
    said = {"Role": role("demo-a", Description="demo-a, not demo-ab; ask demo-a.")}
    text = document.write(cassette((request("GetRole", {"RoleName": "x"}), respond("GetRole", {}))))
    kept = document.read(text, MODELS)
    kept = edits.set_value(MODELS, kept, chosen(kept), "identity.RoleName", "demo-a")
    kept = edits.set_value(MODELS, kept, chosen(kept), "pages[0].output", json.dumps(said))
    after = rename(MODELS, kept, "demo-a", "demo-b", aliases)
    output: Any = after.takes[0].pages[0].answer.output
    assert after.takes[0].track.identity == {"RoleName": "demo-b"}
    assert output["Role"]["Arn"].endswith(":role/demo-b")
    assert output["Role"]["Description"] == "demo-b, not demo-ab; ask demo-b."
    assert "demo-a" not in output["Role"]["AssumeRolePolicyDocument"]


def test_accounts_are_renamed_where_names_are_kept(recorded: Cassette) -> None:
    aliases = Aliases(KEY, Rules.from_settings({"keep-names": True}, MODELS))
    after = rename(MODELS, recorded, "111122223333", "444455556666", aliases)
    assert ALIASES.account("111122223333") not in document.write(after)
    assert ALIASES.account("444455556666") in document.write(after)


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
    '[{"RoleName": "role-r3pdr6yylyw5"}]',
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
        assert document.read(document.write(after), MODELS) == after


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
    assert names(edits.merge_cassettes(MODELS, [recorded, newer], "last")) == [[name("Deploy")]]
    both = edits.merge_cassettes(MODELS, [recorded, newer], "both")
    assert (names(both, number=0), names(both, number=1)) == (names(recorded), [[name("Deploy")]])
    assert_valid(both)


def test_merge_of_two_keys(recorded: Cassette) -> None:
    other = replace(recorded, keys=frozenset({"gjf6xcekxdvp"}))
    with pytest.raises(EditError, match="different keys"):
        edits.merge_cassettes(MODELS, [recorded, other], "first")
    assert edits.merge_cassettes(MODELS, [recorded, replace(recorded, keys=frozenset())], None).keys == recorded.keys


# --- any sequence of edits ---


def repaging(c: Cassette, one: tuple[SelectedTrack, ...], n: int) -> Cassette:
    return edits.repage_takes(MODELS, c, one, Paging.parse(str(n % 4 + 1)))


def torturing(c: Cassette, _: tuple[SelectedTrack, ...], n: int) -> Cassette:
    return edits.repage_takes(MODELS, c, chosen(c), Paging.parse(f"torture:{n}"))


def dropping_one(c: Cassette, one: tuple[SelectedTrack, ...], n: int) -> Cassette:
    paging = operation(one[0].track.operation).paging
    return list_items.drop_items(MODELS, c, one, [str(n % 5 + 1)], paging.items[0] if paging else "")


def adding_one(c: Cassette, one: tuple[SelectedTrack, ...], n: int) -> Cassette:
    return list_items.add_item(MODELS, c, one, {"RoleName": name(f"Made{n}"), "Path": "/"}, n % 6 + 1)


def setting_all(c: Cassette, _: tuple[SelectedTrack, ...], n: int) -> Cassette:
    return edits.set_value(MODELS, c, chosen(c), f"pages[{n % 3}].output.Roles[].MaxSessionDuration", str(n))


def setting_identity(c: Cassette, one: tuple[SelectedTrack, ...], n: int) -> Cassette:
    return edits.set_value(MODELS, c, one, "identity.PathPrefix", f"/{ALIASES.name('path', f'p{n}')}/")


def renaming_one(c: Cassette, _: tuple[SelectedTrack, ...], n: int) -> Cassette:
    return rename(MODELS, c, ("Deploy", "Audit", "Build")[n % 3], f"Renamed{n}", ALIASES)


def removing(c: Cassette, one: tuple[SelectedTrack, ...], _: int) -> Cassette:
    return edits.remove_takes(MODELS, c, one)


def failing_once(c: Cassette, one: tuple[SelectedTrack, ...], n: int) -> Cassette:
    return edits.set_faults(MODELS, c, one, [Fault.parse(f"throttle page={n % 3 + 1}")], instead=True)


def merging(c: Cassette, one: tuple[SelectedTrack, ...], n: int) -> Cassette:
    out, left = edits.split_cassette(c, one)
    preferences: list[edits.Preference] = ["first", "last", "both"]
    return edits.merge_cassettes(MODELS, [left, out, c], preferences[n % 3])


EDITS = [
    *(repaging, torturing, dropping_one, adding_one, setting_all, setting_identity),
    *(renaming_one, removing, failing_once, merging),
]


@strategies.few(40)
@given(st.lists(st.tuples(st.sampled_from(EDITS), st.integers(0, 9), st.integers(0, 9)), max_size=12))
def test_any_sequence_of_edits_leaves_a_valid_cassette(steps: list[tuple[Any, int, int]]) -> None:
    after = cassette(*READ)
    for change, which, n in steps:
        tracks = chosen(after)
        with suppress(EditError):
            after = change(after, tracks[which % len(tracks) :][:1], n) if tracks else after
    assert_valid(after)

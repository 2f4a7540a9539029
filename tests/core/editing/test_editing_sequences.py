"""All edits: impossible ones are refused with a tip, and any sequence of edits leaves a valid cassette."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awstape.core.cassette.cassette import Cassette
from awstape.core.cassette.faults import Fault
from awstape.core.editing import edits, list_items
from awstape.core.editing.edits import EditError
from awstape.core.editing.rename import rename
from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.project_rules import Rules
from awstape.core.replay.paging_modes import PagingMode
from awstape.core.view.selectors import SelectedTrack
from support import strategies
from support.exchanges import KEY, MODELS, cassette, operation
from support.role_cassette import ALIASES, ARN, PATH, READ, alias_of_role, assert_valid, chosen


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
    (failing("drop page=3"), "that doesn't exist: the last is page"),
    (failing("drop GetRole"), "names an operation"),
    (lambda c: list_items.build_item_like(MODELS, chosen(c, "ListAccountAliases"), 1, {}), "have no members"),
    (lambda c: list_items.build_item_like(MODELS, chosen(c, "ListAccountAliases"), 2, {}), "there is no item 2"),
    (renaming("alias-Tsr76sms7l", "Other"), "is not in the cassette"),
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


# --- any sequence of edits ---


def repaging(c: Cassette, one: tuple[SelectedTrack, ...], n: int) -> Cassette:
    return edits.repage_takes(MODELS, c, one, PagingMode.parse(str(n % 4 + 1)))


def torturing(c: Cassette, _: tuple[SelectedTrack, ...], n: int) -> Cassette:
    return edits.repage_takes(MODELS, c, chosen(c), PagingMode.parse(f"torture:{n}"))


def dropping_one(c: Cassette, one: tuple[SelectedTrack, ...], n: int) -> Cassette:
    paging = operation(one[0].track.operation).paging
    return list_items.drop_items(MODELS, c, one, [str(n % 5 + 1)], paging.items[0] if paging else "")


def adding_one(c: Cassette, one: tuple[SelectedTrack, ...], n: int) -> Cassette:
    return list_items.add_item(MODELS, c, one, {"RoleName": alias_of_role(f"Made{n}"), "Path": "/"}, n % 6 + 1)


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

"""Properties of the cassette diff: generated recordings, changed in one place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from awstape.core.aws.call import Answer
from awstape.core.aws.model import Operation, Value
from awstape.core.cassette.cassette import Cassette, Page, Take
from awstape.core.cassette.page_tokens import name_tokens
from awstape.core.compare.cassette_diff import diff_cassettes
from awstape.core.compare.change_lines import change_lines, changes_summary
from awstape.core.compare.equality import json_text
from awstape.core.compare.value_diff import Change
from awstape.core.replay.paging_modes import Listing, PagingMode
from support import strategies
from support.exchanges import MODELS
from support.paging import End, recording

OPERATIONS = [op for service in MODELS.recognised for op in service.operations.values() if op.paging]
operations = st.sampled_from(OPERATIONS)
ENDS: tuple[End, ...] = ("complete", "error", "unfinished")


@st.composite
def cassettes(draw: st.DrawFn, op: Operation) -> Cassette:
    """One track of an operation; the members beside the items are the same on each page."""
    assert op.paging
    pages = draw(st.lists(strategies.outputs(op), min_size=1, max_size=3))
    beside = {name: value for name, value in pages[0].items() if name not in op.paging.items}
    lists = [{name: page.get(name, []) for name in op.paging.items} for page in pages]
    return recording(
        op.name, draw(strategies.inputs(op)), ([{**beside, **page} for page in lists], draw(st.sampled_from(ENDS)))
    )


recorded = operations.flatmap(cassettes)


def diff(old: Cassette, new: Cassette) -> list[Change]:
    return list(diff_cassettes(MODELS, old, new))


@strategies.few(12)
@given(recorded)
def test_a_cassette_equals_itself(cassette: Cassette) -> None:
    again = edited(cassette, lambda output: dict(reversed(output.items())))
    assert diff(cassette, cassette) == diff(cassette, again) == []


@strategies.few(25)
@given(recorded, st.integers(1, 4))
def test_a_repaged_cassette_differs_in_its_page_sizes_only(cassette: Cassette, size: int) -> None:
    (take,) = cassette.takes
    cut = recut(take, size)
    assert [c.kind for c in diff(cassette, Cassette.of([cut]))] == ["paging"] * (sizes(cut) != sizes(take))


def recut(take: Take, size: int) -> Take:
    """The take as `--paging SIZE` serves it."""
    listing = Listing(operation(take), take, 1, PagingMode("N", size))
    token, position, answers = None, Listing.first, list[Answer]()
    output_token = getattr(operation(take).paging, "output_token", "")
    while position:
        answers.append(listing.page(position, None).answer)
        token = (answers[-1].output or {}).get(output_token)
        position = listing.position(token) if isinstance(token, str) else None  # type: ignore[assignment]
    return replace(
        take, pages=name_tokens(operation(take), take.track, 1, [Page(None, None, answer) for answer in answers])
    )


def operation(take: Take) -> Operation:
    return MODELS.operation(take.track.service, take.track.operation)


def sizes(take: Take) -> list[list[int]]:
    paging = operation(take).paging
    assert paging
    outputs: list[Any] = [page.answer.output for page in take.pages if page.answer.output is not None]
    return [[len(output.get(name, ())) for name in paging.items] for output in outputs]


def edited(cassette: Cassette, edit: Callable[[dict[str, Value]], dict[str, Value]]) -> Cassette:
    """The cassette with the output of each page edited."""
    takes = []
    for take in cassette.takes:
        answers = [
            page.answer if page.answer.output is None else Answer(edit(page.answer.output)) for page in take.pages
        ]
        pages = (replace(page, answer=answer) for page, answer in zip(take.pages, answers, strict=True))
        takes.append(replace(take, pages=tuple(pages)))
    return Cassette.of(takes)


# --- one change -------------------------------------------------------------------------------------------------------

LEAVES: dict[str, Value] = {"Path": "/made/up/", "Description": "made up", "MaxSessionDuration": 99}

roles = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=6, unique=True)
members = st.fixed_dictionaries(
    {},
    optional={
        "Description": strategies.prose,
        "MaxSessionDuration": st.integers(0, 9),
        "AssumeRolePolicyDocument": strategies.policy_documents(),
        "Tags": st.lists(st.sampled_from("xyz"), unique=True).map(
            lambda keys: [{"Key": k, "Value": "v"} for k in keys]
        ),
    },
)


@st.composite
def listings(draw: st.DrawFn) -> list[dict[str, Value]]:
    """Pages of roles."""
    items = [{"RoleName": name, "Arn": f"arn/{name}", **draw(members)} for name in draw(roles)]
    at = draw(st.integers(0, len(items)))
    return [{"Roles": items[:at]}, {"Roles": items[at:]}]  # type: ignore[dict-item]


def of_roles(pages: list[dict[str, Value]]) -> Cassette:
    return recording("ListRoles", {}, pages)


@strategies.few(12)
@given(listings(), st.data())
def test_an_added_or_removed_item_is_the_one_change(pages: list[dict[str, Value]], data: st.DataObject) -> None:
    new: dict[str, Any] = {"RoleName": "new", "Arn": "arn/new", **data.draw(members)}
    page = data.draw(st.integers(0, 1))
    found: Any = pages[page]["Roles"]
    at = data.draw(st.integers(0, len(found)))
    old, more = (
        of_roles(pages),
        of_roles([*pages[:page], {"Roles": [*found[:at], new, *found[at:]]}, *pages[page + 1 :]]),
    )
    (added,), (removed,) = diff(old, more), diff(more, old)
    assert (added.kind, added.item, added.mark, added.after) == ("item", "new", "+", new)
    assert removed == replace(added, before=added.after, after=None)
    assert list(change_lines([added]))[1:] == ["  + Roles new"]


@strategies.few(25)
@given(listings(), st.sampled_from(sorted(LEAVES)), st.booleans(), st.data())
def test_a_changed_leaf_is_the_one_change(
    pages: list[dict[str, Value]], name: str, is_left: bool, data: st.DataObject
) -> None:
    items: list[Any] = [role for page in pages for role in page["Roles"]]  # type: ignore[union-attr]
    old = data.draw(st.sampled_from(items))
    new = {**old, name: LEAVES[name] if is_left else None}
    changed: list[Any] = [{"Roles": [new if role is old else role for role in items]}]
    found = [change for change in diff(of_roles(pages), of_roles(changed)) if change.kind != "paging"]
    expected = [("member", old["RoleName"], name, old.get(name), new[name])] if old.get(name) != new[name] else []
    assert [(c.kind, c.item, c.path[-1], c.before, c.after) for c in found] == expected


# --- both sides -------------------------------------------------------------------------------------------------------


@strategies.few(25)
@given(operations.flatmap(lambda op: st.tuples(cassettes(op), cassettes(op), st.booleans())))
def test_the_differences_are_the_same_from_both_sides(drawn: tuple[Cassette, Cassette, bool]) -> None:
    old, new, same_track = drawn
    if same_track:
        new = Cassette.of(replace(take, track=old.takes[0].track) for take in new.takes)
    there, back = diff(old, new), diff(new, old)
    assert Counter(map(facts, there)) == Counter(facts(replace(c, before=c.after, after=c.before)) for c in back)
    assert bool(there) == bool(changes_summary(there)) == bool(list(change_lines(there)))
    assert all(line.isprintable() for line in change_lines(there))


def facts(change: Change) -> tuple[object, ...]:
    """A change without position and label of its item, which come from either side."""
    return change.kind, change.track, change.take, change.path[:1], json_text([change.before, change.after])

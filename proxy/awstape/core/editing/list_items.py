"""Edits of the items of a listing, numbered in the order of its pages.

1. An item is added to the page of the item that has its position, or to the last page. A limit that the page then
   exceeds is removed, since no service sends such a page.
2. A page without items stays: a service may send one.
3. No listing gets an item twice: neither an equal one nor one with the same ARN or id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from awstape.core.aws.conform import did_you_mean
from awstape.core.aws.member_paths import put_value
from awstape.core.aws.model import Models, Operation, Value, child_shape
from awstape.core.aws.paging import items_of
from awstape.core.cassette.cassette import Cassette, Take
from awstape.core.compare.item_pairing import unique_member
from awstape.core.editing.edits import EditError, edit_takes, require_readable
from awstape.core.editing.jmespath_paths import ExpressionError, is_condition_true
from awstape.core.editing.rekey import renew_alias
from awstape.core.redaction.alias_grammar import is_alias
from awstape.core.redaction.aliases import Key
from awstape.core.view.selectors import SelectedTrack

_AWS_OWNED = re.compile(r"arn:aws[a-z-]*:iam::aws:")


def add_item(
    models: Models,
    cassette: Cassette,
    chosen: Iterable[SelectedTrack],
    item: Value,
    at: int | None = None,
    name: str = "",
) -> Cassette:
    """The chosen listings with an item added.

    at: its position in the listing, counted from 1; None for the end. name: the list of the output, if there are
    several. Raises EditError.
    """

    def add(operation: Operation, take: Take) -> Take:
        list_name = _choose_list(operation, name)
        items = _collect_items(take, list_name)
        there = _find_same_item(operation, list_name, item, [value for _, _, value in items])
        if there is not None:
            raise EditError(f"{take.track} has this item already: item {there}", "change it with awstape set")
        if at is not None and not 1 <= at <= len(items) + 1:
            raise EditError(
                f"there is no position {at}: the listing has {len(items)} items", "items are counted from 1"
            )
        answered = [i for i, page in enumerate(take.pages) if page.answer.output is not None]
        if not answered:
            raise EditError(f"{take.track} has no page that could hold an item", "every page of it is an error")
        if at is None or at > len(items):
            return _replace_items(take, answered[-1], list_name, [*_page_items(take, answered[-1], list_name), item])
        page, index, _ = items[at - 1]
        beside = _page_items(take, page, list_name)
        return _replace_items(take, page, list_name, [*beside[:index], item, *beside[index:]])

    return require_readable(models, edit_takes(models, cassette, chosen, add))


def _find_same_item(operation: Operation, name: str, item: Value, items: list[Value]) -> int | None:
    """The number of an item that is equal, or has the same ARN or id."""
    shape = child_shape(child_shape(operation.output, name), 0)
    key = unique_member(shape) if shape else None

    def comparable(value: Value) -> Value:
        return value[key] if key and isinstance(value, dict) and value.get(key) is not None else value

    return next((n for n, each in enumerate(items, 1) if comparable(each) == comparable(item)), None)


def build_item_like(
    models: Models, chosen: Iterable[SelectedTrack], number: int, members: Mapping[str, Value], name: str = ""
) -> dict[str, Value]:
    """A copy of an item of the first chosen listing, counted from 1, with some other `members`.

    Its ARN follows its name and path; unique ids are replaced by others. Raises EditError.
    """
    first = next(iter(chosen))
    list_name = _choose_list(models.operation(first.track.service, first.track.operation), name)
    items = _collect_items(first.takes[first.numbers[0] - 1], list_name)
    if number > len(items):
        raise EditError(f"there is no item {number}: the listing has {len(items)}", "items are counted from 1")
    item = items[number - 1][2]
    if not isinstance(item, dict):
        raise EditError(f"the items of {first.track} have no members", "give the item itself")
    like: dict[str, Value] = {}
    for member, value in item.items():
        if member in members or not isinstance(value, str):
            like[member] = value
        elif is_alias(value) and member.endswith("Id"):
            like[member] = renew_alias(value, Key(b"like"))
        else:
            like[member] = _rename_arn(value, item, members) if value.startswith("arn:") else value
            if like[member] != value and _AWS_OWNED.match(value):
                problem = f"item {number} is owned by AWS: another one like it can't exist"
                raise EditError(problem, "choose another item with --like, or give all members with --item")
    return {**like, **members}


def _rename_arn(arn: str, item: Mapping[str, Value], members: Mapping[str, Value]) -> str:
    """The ARN of an item with the name and path in `members`."""
    path, new_path = item.get("Path", ""), members.get("Path", item.get("Path", ""))
    if not isinstance(path, str) or not isinstance(new_path, str):
        return arn
    for member, value in item.items():
        name = members.get(member, value)
        if isinstance(value, str) and isinstance(name, str) and member.lower().endswith("name"):
            resource = path + value
            if arn.endswith(resource):
                return arn.removesuffix(resource) + new_path + name
    return arn


def drop_items(
    models: Models, cassette: Cassette, chosen: Iterable[SelectedTrack], which: Sequence[str], name: str = ""
) -> Cassette:
    """The chosen listings without some items. Pages without items stay, as a service may send them.

    which: numbers of items, counted from 1, or JMESPath conditions. Raises EditError if one of them matches no item.
    """
    missing = list(which)

    def drop(operation: Operation, take: Take) -> Take:
        list_name = _choose_list(operation, name)
        dropped: set[tuple[int, int]] = set()
        for each in which:
            items = enumerate(_collect_items(take, list_name), 1)
            matched = [(page, i) for number, (page, i, item) in items if _matches(each, number, item)]
            if matched and each in missing:
                missing.remove(each)
            dropped.update(matched)
        for page in {page for page, _ in dropped}:
            left = [item for i, item in enumerate(_page_items(take, page, list_name)) if (page, i) not in dropped]
            take = _replace_items(take, page, list_name, left)
        return take

    result = edit_takes(models, cassette, chosen, drop)
    if missing:
        tip = "give a number, or a condition such as \"RoleName=='alias-Tsr76sms7l'\"; names are aliases in a cassette"
        raise EditError(f"no item is selected by {missing[0]!r}", tip)
    return result


def _matches(which: str, number: int, item: Value) -> bool:
    try:
        return str(number) == which.lstrip("0") if which.isdecimal() else is_condition_true(which, item)
    except ExpressionError as error:
        raise EditError(str(error), "for example \"RoleName=='alias-Tsr76sms7l'\"") from None


def _choose_list(operation: Operation, name: str) -> str:
    """The member of the output that holds the items. Raises EditError if it is ambiguous or there is none."""
    names = operation.lists
    if not names:
        raise EditError(f"{operation.name} is not a listing", "change other answers with awstape set")
    if not name and len(names) > 1:
        raise EditError(f"{operation.name} has several lists", f"--list {' or --list '.join(names)}")
    if name and name not in names:
        raise EditError(f"{operation.name} has no list {name}{did_you_mean(name, names)}", f"lists: {', '.join(names)}")
    return name or names[0]


def _collect_items(take: Take, name: str) -> list[tuple[int, int, Value]]:
    """(page, index in the page, item) of a listing."""
    return [(i, j, item) for i in range(len(take.pages)) for j, item in enumerate(_page_items(take, i, name))]


def _page_items(take: Take, number: int, name: str) -> list[Value]:
    return items_of(take.pages[number].answer.output, name)


def _replace_items(take: Take, number: int, name: str, items: list[Value]) -> Take:
    page = take.pages[number]
    answer = replace(page.answer, output=put_value(page.answer.output or {}, name, items))
    limit = page.limit if page.limit is not None and len(items) <= page.limit else None
    return replace(
        take, pages=(*take.pages[:number], replace(page, limit=limit, answer=answer), *take.pages[number + 1 :])
    )

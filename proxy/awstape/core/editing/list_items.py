"""Edits of a listing's items: the items of a take in the order of their pages.

1. An item is added to the page that the item at its place is on, or to the last page; a limit that the page then
   exceeds goes, for no service would have sent it so.
2. A page that has no item left stays: a service may send such.
3. No listing gets an item twice: one that is equal, or has the same ARN or id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from awstape.core.aws.conform import did_you_mean
from awstape.core.aws.model import Models, Operation, Value, child_shape
from awstape.core.aws.paging import items_of
from awstape.core.cassette.cassette import Cassette, Take
from awstape.core.compare.item_pairing import key_of
from awstape.core.editing.edits import EditError, checked, edited
from awstape.core.editing.jmespath_paths import PlaceError, holds
from awstape.core.redaction.alias_grammar import is_alias
from awstape.core.redaction.aliases import renew_alias
from awstape.core.view.selectors import Chosen

_AWS_OWNED = re.compile(r"arn:aws[a-z-]*:iam::aws:")


def add_item(
    models: Models, cassette: Cassette, chosen: Iterable[Chosen], item: Value, at: int | None = None, name: str = ""
) -> Cassette:
    """The chosen listings with an item more.

    at: its number in the listing, counted from 1; None for behind the last. name: the list of the output that it is
    in, where there are several. Raises EditError.
    """

    def add(operation: Operation, take: Take) -> Take:
        of = _list_name(operation, name)
        items = _items(take, of)
        there = _same_item(operation, of, item, [value for _, _, value in items])
        if there is not None:
            raise EditError(f"{take.track} has this item already: item {there}", "awstape set changes what is there")
        if at is not None and not 1 <= at <= len(items) + 1:
            raise EditError(f"there is no place {at}: the listing has {len(items)} items", "items are counted from 1")
        answered = [i for i, page in enumerate(take.pages) if page.answer.output is not None]
        if not answered:
            raise EditError(f"{take.track} has no page that could hold an item", "every page of it is an error")
        if at is None or at > len(items):
            return _with_items(take, answered[-1], of, [*_of_page(take, answered[-1], of), item])
        page, index, _ = items[at - 1]
        beside = _of_page(take, page, of)
        return _with_items(take, page, of, [*beside[:index], item, *beside[index:]])

    return checked(models, edited(models, cassette, chosen, add))


def _same_item(operation: Operation, name: str, item: Value, items: list[Value]) -> int | None:
    """The number of an item that is equal, or has the same ARN or id."""
    of = child_shape(child_shape(operation.output, name), 0)
    key = key_of(of) if of else None

    def told(value: Value) -> Value:
        return value[key] if key and isinstance(value, dict) and value.get(key) is not None else value

    return next((n for n, each in enumerate(items, 1) if told(each) == told(item)), None)


def item_like(
    models: Models, chosen: Iterable[Chosen], number: int, members: Mapping[str, Value], name: str = ""
) -> dict[str, Value]:
    """An item with some members of its own, and the others of an item of the first chosen listing, counted from 1.

    Where its name and path are others, its ARN is, too; ids that are unique are made anew. Raises EditError.
    """
    first = next(iter(chosen))
    of = _list_name(models.operation(first.track.service, first.track.operation), name)
    items = _items(first.takes[first.numbers[0] - 1], of)
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
            like[member] = renew_alias(value, b"like")
        else:
            like[member] = _renamed(value, item, members) if value.startswith("arn:") else value
            if like[member] != value and _AWS_OWNED.match(value):
                problem = f"item {number} is AWS's own, and none of yours is like it"
                raise EditError(problem, "--like another item, or say all members with --item")
    return {**like, **members}


def _renamed(arn: str, item: Mapping[str, Value], members: Mapping[str, Value]) -> str:
    """An item's own ARN, for another name and path."""
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
    models: Models, cassette: Cassette, chosen: Iterable[Chosen], which: Sequence[str], name: str = ""
) -> Cassette:
    """The chosen listings without some items. Pages that have none left stay, as a service may send them.

    which: numbers of items, counted from 1, or JMESPath conditions. Raises EditError if one of them finds none.
    """
    missing = list(which)

    def drop(operation: Operation, take: Take) -> Take:
        of = _list_name(operation, name)
        gone: set[tuple[int, int]] = set()
        for each in which:
            meant = [(page, i) for n, (page, i, item) in enumerate(_items(take, of), 1) if _is_meant(each, n, item)]
            if meant and each in missing:
                missing.remove(each)
            gone.update(meant)
        for page in {page for page, _ in gone}:
            left = [item for i, item in enumerate(_of_page(take, page, of)) if (page, i) not in gone]
            take = _with_items(take, page, of, left)
        return take

    result = edited(models, cassette, chosen, drop)
    if missing:
        tip = "it is a number, or a condition as \"RoleName=='role-yqmy4ayihgou'\"; names are aliases here"
        raise EditError(f"no item is selected by {missing[0]!r}", tip)
    return result


def _is_meant(which: str, number: int, item: Value) -> bool:
    try:
        return str(number) == which.lstrip("0") if which.isdecimal() else holds(which, item)
    except PlaceError as error:
        raise EditError(str(error), "for example \"RoleName=='role-yqmy4ayihgou'\"") from None


def _list_name(operation: Operation, name: str) -> str:
    """The list of the output that holds the items."""
    names = operation.lists
    if not names:
        raise EditError(f"{operation.name} is no listing", "awstape set changes what a single answer says")
    if not name and len(names) > 1:
        raise EditError(f"{operation.name} has several lists", f"--list {' or --list '.join(names)}")
    if name and name not in names:
        raise EditError(f"{operation.name} has no list {name}{did_you_mean(name, names)}", f"lists: {', '.join(names)}")
    return name or names[0]


def _items(take: Take, name: str) -> list[tuple[int, int, Value]]:
    """(page, index in the page, item) of a listing."""
    return [(i, j, item) for i in range(len(take.pages)) for j, item in enumerate(_of_page(take, i, name))]


def _of_page(take: Take, number: int, name: str) -> list[Value]:
    return items_of(take.pages[number].answer.output, name)


def _with_items(take: Take, number: int, name: str, items: list[Value]) -> Take:
    page = take.pages[number]
    answer = replace(page.answer, output={**(page.answer.output or {}), name: items})
    limit = page.limit if page.limit is not None and len(items) <= page.limit else None
    return replace(
        take, pages=(*take.pages[:number], replace(page, limit=limit, answer=answer), *take.pages[number + 1 :])
    )

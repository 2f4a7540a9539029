"""Resumed listings: joins pages that were requested with a token of an earlier traversal, as by `--starting-token`.

1. Resumed pages continue a take after the page that gave out their token. A cassette keeps no real tokens: in a take of
   an older recording, that is the first page from which on both have the same items; without such items it is the last
   page of the only take that was not read to its end, unless the resumed pages have an item of that take.
2. Both may have cut the same items into pages of another size. The pages of the take stay, and those that go on behind
   them follow; where no border of the resumed pages meets the end of the take, the resumed pages replace the take's.
3. Pages with other items are not joined: the listing has changed, or they are from another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from awstape.core.aws.model import Operation, Value
from awstape.core.aws.paging import is_last_page, items_of
from awstape.core.cassette.cassette import Page, Take
from awstape.core.cassette.page_tokens import find_repeated_page

_Items = list[tuple[str, Value]]


def join_pages(
    operation: Operation, pages: Sequence[Page], number: int, resumed: Sequence[Page]
) -> tuple[Page, ...] | None:
    """The pages with the resumed ones joined, whose token the page of this number gave out.

    number: counted from 1. None if the pages behind it have no items, or the resumed ones have others.
    """
    rest, found = _items(operation, pages[number:]), _items(operation, resumed)
    shared = min(len(rest), len(found))
    if not shared or rest[:shared] != found[:shared] or any(page.hole is not None for page in pages[number:]):
        return None
    if not _is_open(operation, pages):
        return tuple(pages) if len(found) <= len(rest) else None
    if len(found) < len(rest) or (len(found) == len(rest) and _is_open(operation, resumed)):
        return tuple(pages)
    borders = [len(_items(operation, resumed[:i])) for i in range(len(resumed))]
    if len(rest) in borders:
        return (*pages, *resumed[borders.index(len(rest)) :])
    return (*pages[:number], *resumed)


def join_take(operation: Operation, takes: Sequence[Take], resumed: Sequence[Page]) -> list[Take] | None:
    """The takes of a track with the resumed pages joined to one of them; None if they continue none of them."""
    for i in reversed(range(len(takes))):
        for number in range(1, len(takes[i].pages)):
            if joined := join_pages(operation, takes[i].pages, number, resumed):
                return _with_pages(takes, i, joined)
    open_ = [i for i, take in enumerate(takes) if take.hole is None and _is_open(operation, take.pages)]
    if len(open_) != 1:
        return None
    known = set(map(repr, _items(operation, takes[open_[0]].pages)))
    if any(repr(item) in known for item in _items(operation, resumed)):
        return None
    return _with_pages(takes, open_[0], (*takes[open_[0]].pages, *resumed))


def _with_pages(takes: Sequence[Take], index: int, pages: tuple[Page, ...]) -> list[Take]:
    return [replace(take, pages=pages) if i == index else take for i, take in enumerate(takes)]


def _is_open(operation: Operation, pages: Sequence[Page]) -> bool:
    """Whether a page after the last one is missing."""
    return not is_last_page(operation, pages[-1].answer) and find_repeated_page(operation, pages) is None


def _items(operation: Operation, pages: Iterable[Page]) -> _Items:
    return [(name, item) for page in pages for name in operation.lists for item in items_of(page.answer.output, name)]

"""Paging modes: cut a recorded take into other pages than it was recorded in.

1. A listing is the items of a take in the order of their pages, over all lists of the output. A client that follows the
   tokens to the end gets the same listing in every mode.
2. `recorded`: the recorded pages; the client's limit is ignored.
   `client`: as many items as the client's limit, or the service's default limit. A limit that the model does not allow
   gets the service's error.
   `N`: N items on a page.
   `torture`: everything that a service may do. The first pages are an empty page with a token and a page of one item;
   then come rounds of a short, an empty and a long page. The seed decides the order in each round. After the last item
   comes an empty page. Tokens hold characters that must be percent-encoded.
   No page of `client`, `N` and `torture` is longer than the client's limit: no service sends more.
3. The members of a page beside its items are those of the recorded pages that the items came from; where these differ,
   the first page counts.
4. A token names the page and its first item, both counted from 1, and the track: `page-3.item-5.h7qk`. So a page can be
   requested at any time, by any client, with any limit. The recorded tokens lead to their pages in every mode.
5. The end of the recording stays: an error, or an unfinished listing, which ends with a token that leads nowhere. A
   listing that is cut into other pages ends at its first hole; one that gave out a token twice ends with an empty page
   that gives out its own token.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations, takewhile
from operator import itemgetter
from typing import Literal, NamedTuple

from awstape.core.aws.call import Answer, Call, Failure
from awstape.core.aws.conform import did_you_mean, unmodelled_members
from awstape.core.aws.member_paths import has_value, put_value
from awstape.core.aws.model import Operation, Value
from awstape.core.aws.paging import given_token, items_of, next_token, replace_token
from awstape.core.cassette.cassette import Page, Take, Track
from awstape.core.cassette.page_tokens import find_repeated_page, track_tag
from awstape.core.text.lazy_pattern import lazy_pattern

#: "If you do not include this parameter, the number of items defaults to 100" (IAM's API reference, of MaxItems).
#: Access Analyzer documents no default; its errors for a limit out of range are those of its model.
_DEFAULT_LIMIT = 100
_TOKEN = lazy_pattern(r"(?:take-(\d{1,9})\.)?page-(\d{1,9})\.item-(\d{1,9})\.([a-z2-7]{8})")
_BEGIN, _END = itemgetter(0), itemgetter(1)  # of the items of a recorded page
#: Characters that a client changes if it does not encode them for a form, a URL or XML.
_HARD_TO_ENCODE = "/+ %2F&amp;=="


class PagingError(ValueError):
    """Raised for a text that names no paging mode."""


class PagingMode(NamedTuple):
    """A paging mode. size: the items on a page, for `N`. seed: for `torture`."""

    mode: Literal["recorded", "client", "N", "torture"] = "recorded"
    size: int = 0
    seed: str = ""

    @classmethod
    def parse(cls, text: str) -> PagingMode:
        """Reads `recorded`, `client`, a number, `torture` or `torture:SEED`. Raises PagingError."""
        mode, colon, seed = text.partition(":")
        if mode == "torture" and (seed or not colon):
            return cls("torture", seed=seed)
        if text == "recorded":
            return cls("recorded")
        if text == "client":
            return cls("client")
        if re.fullmatch(r"[1-9]\d{0,8}", text, re.ASCII):
            return cls("N", size=int(text))
        hint = did_you_mean(text.lower(), ("recorded", "client", "torture"))
        raise PagingError(f"the paging {text!r} is none of recorded, client, a number, torture, torture:SEED{hint}")

    def __str__(self) -> str:
        if self.mode == "N":
            return str(self.size)
        return f"{self.mode}:{self.seed}" if self.seed else self.mode


class Position(NamedTuple):
    """Where a page begins: its number in the traversal, from 1, and the first of its items, from 0."""

    page: int
    item: int


class CutPage(NamedTuple):
    """A page of a paging mode. recorded_pages: the numbers of the recorded pages that it is made of, from 1."""

    answer: Answer
    recorded_pages: tuple[int, ...]


class Listing:
    """A take as a list of items, cut into the pages of a paging mode. number: the take's in its track, from 1.

    open_token: the token that asks for the first page that is missing, None for a listing that was read to its end, or
    to a page that gives out a token a second time.
    """

    def __init__(self, operation: Operation, take: Take, number: int, paging: PagingMode) -> None:
        self._operation = operation
        self.number = number
        # An operation without paging, or a call that failed at once, has one page in every mode.
        names = operation.paging
        is_cut = names is not None and names.is_cuttable and take.pages[0].answer.output is not None
        self._paging = paging if is_cut else PagingMode()
        if self._paging.mode != "recorded":
            take = replace(take, pages=tuple(takewhile(lambda page: page.hole is None, take.pages)))
        self._take = take
        #: Where a recorded page gives out no token of its own, the key of its last item is the token.
        self._key = names.last_key if names and not any(map(self._gives_token, take.pages)) else None
        self._tag = cut_tag(take.track)
        self._items: list[tuple[str, Value]] = []  # (name of the list in the output, item)
        self._ranges: list[tuple[int, int]] = []  # the items of each recorded page
        self._tokens: dict[str, Position] = {}  # of the recorded tokens
        for i, page in enumerate(take.pages, 1):
            begin = len(self._items)
            if page.token is not None:
                self._tokens[page.token] = Position(i, begin)
            self._items += [(name, item) for name in operation.lists for item in items_of(page.answer.output, name)]
            self._ranges.append((begin, len(self._items)))
        last = take.pages[-1].answer.output
        self._repeats = find_repeated_page(operation, take.pages) is not None
        self.open_token = next_token(operation, last) if last is not None and not self._repeats else None

    first = Position(1, 0)

    def _gives_token(self, page: Page) -> bool:
        return bool(page.answer.output and given_token(self._operation, page.answer.output))

    def _key_of(self, number: int) -> Value:
        """The key of an item, counted from 0; None if it is in another list."""
        path, item = self._items[number] if number >= 0 else ("", None)
        return item.get(self._key[1]) if self._key and path == self._key[0] and isinstance(item, dict) else None

    def position(self, token: str) -> Position | None:
        """The position that a token leads to, None if this listing never gives it out."""
        if token in self._tokens:
            return self._tokens[token]
        if self._paging.mode == "recorded":
            return None
        if self._key:
            found = (Position(2, i + 1) for i in range(len(self._items)) if self._key_of(i) == token)
            return next(found, None)
        if not (match := _TOKEN.match(token)):
            return None
        position = Position(int(match[2]), int(match[3]) - 1)
        is_there = position.page > 1 and 0 <= position.item <= len(self._items)
        return position if is_there and token == self._token(position) else None

    def hole(self, position: Position) -> str | None:
        """The reason of the hole at a position, None if a page is there."""
        return self._take.pages[position.page - 1].hole if self._paging.mode == "recorded" else None

    def page(self, position: Position, limit: int | None) -> CutPage:
        """The page at a position. limit: the client's limit, None if it sent none."""
        if self._paging.mode == "recorded":
            return CutPage(self._take.pages[position.page - 1].answer, (position.page,))
        failure = self._take.pages[-1]
        if failure.answer.error and position.item == len(self._items) and position.page > 1:
            return CutPage(failure.answer, (len(self._take.pages),))
        begin = position.item
        end = min(begin + self._size(position, limit), len(self._items))
        recorded_pages = tuple(self._recorded_pages(begin, end))
        answer = self._answer(begin, end, recorded_pages, self._next_token(position, end))
        return CutPage(answer, recorded_pages)

    def answers(self) -> Iterator[Answer]:
        """The pages that a client gets that follows the tokens to the end and sends no limit."""
        position: Position | None = self.first
        seen: set[Position] = set()
        while position and position not in seen:
            seen.add(position)
            answer = self.page(position, None).answer
            yield answer
            token = next_token(self._operation, answer.output) if answer.output is not None else None
            position = self.position(token) if token and token != self.open_token else None

    # --- where a page ends ---

    def _size(self, position: Position, limit: int | None) -> int:
        match self._paging.mode:
            case "N":
                return min(self._paging.size, limit or self._paging.size)
            case "torture":
                size = max(self._torture_size(position), int(self._key is not None))
                return min(size, limit or size)
            case _:
                return limit or _DEFAULT_LIMIT

    def _torture_size(self, position: Position) -> int:
        count = len(self._items)
        rounds, step = divmod(position.page - 1, 5)
        digest = hashlib.sha256(
            f"{self._paging.seed}|{self._take.track.request_key}|{self.number}|{rounds}".encode()
        ).digest()
        sizes = _in_order([0, 1], digest[0]) + _in_order([max(2, count // 7), 0, max(3, count // 3)], digest[1])
        return sizes[step]

    def _next_token(self, position: Position, end: int) -> str | None:
        """The token that a page gives out, None on the last page. end: the first item after the page."""
        begin = position.item
        if end == len(self._items):
            if self.open_token is not None:
                return self.open_token
            if self._repeats:
                is_empty = begin == end and position.page > 1
                return self._token(position if is_empty else Position(position.page + 1, end))
            ends_empty = self._paging.mode == "torture" and (begin < end or position.page == 1)
            if not ends_empty and not self._take.pages[-1].answer.error:
                return None
        return self._token(Position(position.page + 1, end))

    def _token(self, position: Position) -> str:
        if self._key:
            return str(self._key_of(position.item - 1))
        take = f"take-{self.number}." if self.number > 1 else ""
        suffix = _HARD_TO_ENCODE if self._paging.mode == "torture" else ""
        return f"{take}page-{position.page}.item-{position.item + 1}.{self._tag}{suffix}"

    # --- what is in a page ---

    def _recorded_pages(self, begin: int, end: int) -> Iterator[int]:
        """The recorded pages, from 1, that hold the items of a range; pages without items belong to both neighbours."""
        for i in range(bisect_left(self._ranges, begin, key=_END), bisect_right(self._ranges, end, key=_BEGIN)):
            first, last = self._ranges[i]
            if self._take.pages[i].answer.output is None:
                continue
            if begin <= first <= end if first == last else max(begin, first) < min(end, last):
                yield i + 1

    def _answer(self, begin: int, end: int, recorded_pages: tuple[int, ...], token: str | None) -> Answer:
        paging = self._operation.paging
        assert paging
        # An empty page between two items of one recorded page has the members of that page.
        sources = [self._take.pages[i - 1].answer for i in recorded_pages or (self._page_of(begin),)]
        output: dict[str, Value] = {}
        for source in sources:
            output = {**output, **(source.output or {}), **output}  # the first page counts, and its order
        for path in paging.items:
            items = [item for of, item in self._items[begin:end] if of == path]
            if items or has_value(output, path):
                output = put_value(output, path, items)
        for path in paging.counts:
            if has_value(output, path):
                output = put_value(output, path, end - begin)
        if paging.more:
            output = output if has_value(output, paging.more) or "." in paging.more else {paging.more: None, **output}
            output = put_value(output, paging.more, token is not None)
        output = replace_token(self._operation, output, None if self._key else token)
        is_known = not any(source.unmodelled for source in sources)
        return Answer(output, unmodelled=() if is_known else unmodelled_members(self._operation, output))

    def _page_of(self, item: int) -> int:
        """The recorded page, from 1, that holds an item; the last page for the position after the last item."""
        return min(bisect_right(self._ranges, item, key=_END) + 1, len(self._ranges))


def take_of_token(token: str) -> int:
    """The number of the take, from 1, that a token of these modes names; 1 for a token of another form."""
    match = _TOKEN.match(token)
    return int(match[1] or 1) if match else 1


def tag_of_token(token: str) -> str:
    """The tag of the track that a token of these modes names; empty for a token of another form."""
    match = _TOKEN.match(token)
    return match[4] if match else ""


def cut_tag(track: Track) -> str:
    """The tag of a track in the tokens of these modes."""
    return track_tag(track.request_key, 8)


def limit_error(paging: PagingMode, call: Call) -> Failure | None:
    """The service's error for a limit that the model does not allow; None in modes that ignore limits."""
    names = call.operation.paging
    if paging.mode != "client" or not names or not names.limit or call.operation.input is None:
        return None
    limit = call.input.get(names.limit)
    shape = call.operation.input.members[names.limit].shape
    low, high = shape.min or 1, shape.max
    if limit is None or (type(limit) is int and low <= limit and (high is None or limit <= high)):
        return None
    if type(limit) is not int:
        constraint = "Member must be a number"
    elif limit < low:
        constraint = f"Member must have value greater than or equal to {low}"
    else:
        constraint = f"Member must have value less than or equal to {high}"
    spelled = names.limit[0].lower() + names.limit[1:]
    shown = limit if type(limit) is int else "…"
    problem = f"Value '{shown}' at '{spelled}' failed to satisfy constraint: {constraint}"
    message = f"1 validation error detected: {problem}"
    match call.operation.service.protocol:
        case "query":
            return Failure(400, "ValidationError", message, {"Type": "Sender"})
        case "ec2":
            return Failure(400, "InvalidParameterValue", f"Value for parameter {spelled} is invalid. {constraint}")
    fields: list[Value] = [{"name": spelled, "message": problem}]
    return Failure(400, "ValidationException", message, {"reason": "fieldValidationFailed", "fieldList": fields})


def _in_order(sizes: list[int], byte: int) -> list[int]:
    """The sizes in the order that a byte chooses."""
    orders = list(permutations(sizes))
    return list(orders[byte % len(orders)])

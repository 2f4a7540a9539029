"""Paging modes: a take, served in other pages than it was recorded in.

1. A listing is the items of a take in the order of their pages, in whichever lists of the output they are. What a
   client gets when it follows the tokens to the end is the same listing in every mode.
2. `recorded`: the pages as they were; the limit that a client asks for is ignored.
   `client`: as many items as the client asks for, or the service's default. A limit that the model doesn't allow is
   answered as the service does.
   `N`: N items a page.
   `torture`: everything that a service may do. First an empty page with a token and a page of one item, then a short
   one, an empty one and a long one, and so on; in what order the seed says. After the last item comes an empty page.
   Tokens hold characters that must be encoded.
   No page of `client`, `N` and `torture` is longer than the client asks for: no service sends more.
3. A page says beside its items what the recorded pages say that they came from; where these differ, the first of them.
4. A token names the page and the item that the page begins with, both counted from 1, and the track:
   `page-3.item-5.h7qk`. So every page can be asked for at any time, by anybody, with any limit. The recorded tokens are
   good in every mode.
5. How a recording ended stays: with an error, or unfinished, with a token that leads nowhere.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations
from typing import Literal

from awstape.core.aws.answer import Answer, Failure
from awstape.core.aws.conform import did_you_mean, unmodelled
from awstape.core.aws.model import Operation, Value
from awstape.core.aws.operation import Call
from awstape.core.aws.paging import listed, next_token, token_tag
from awstape.core.cassette.cassette import Take

#: "If you do not include this parameter, the number of items defaults to 100" (IAM's API reference, of MaxItems).
#: Access Analyzer does not say; its answers to a limit out of range are of the kind that the model describes.
_DEFAULT_LIMIT = 100
_TOKEN = re.compile(r"page-(\d{1,9})\.item-(\d{1,9})\.")
#: What comes back changed from a client that doesn't encode it as a form, a URL or XML asks for.
_TORTURE = "/+ %2F&amp;=="


class PagingError(ValueError):
    """A text that names no paging mode."""


@dataclass(frozen=True)
class Paging:
    """A paging mode. size: items a page, for `N`. seed: for `torture`."""

    mode: Literal["recorded", "client", "N", "torture"] = "recorded"
    size: int = 0
    seed: str = ""

    @classmethod
    def parse(cls, text: str) -> Paging:
        """`recorded`, `client`, a number, `torture` or `torture:SEED`. Raises PagingError."""
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


@dataclass(frozen=True)
class Position:
    """Where a page begins: its number in the traversal, from 1, and the first of its items, from 0."""

    page: int
    item: int


@dataclass(frozen=True)
class Cut:
    """A page that a paging made. covers: the recorded pages that it is made of, counted from 1."""

    answer: Answer
    covers: tuple[int, ...]


class Listing:
    """A take as a list of items. number: the take's, counted from 1."""

    def __init__(self, operation: Operation, take: Take, number: int, paging: Paging) -> None:
        self._operation = operation
        self._take = take
        self._number = number
        # A call that the service doesn't page, or that failed at once, has one page in any mode.
        is_cut = operation.paging is not None and take.pages[0].answer.output is not None
        self._paging = paging if is_cut else Paging()
        self._tag = token_tag(take.track.key, 8)
        self._items: list[tuple[str, Value]] = []  # with the list of the output that each is in
        self._ranges: list[tuple[int, int]] = []  # of each recorded page, its items
        self._tokens: dict[str, Position] = {}  # the recorded ones
        for i, page in enumerate(take.pages, 1):
            begin = len(self._items)
            if page.token is not None:
                self._tokens[page.token] = Position(i, begin)
            self._items += [(name, item) for name in operation.lists for item in listed(page.answer.output, name)]
            self._ranges.append((begin, len(self._items)))
        last = take.pages[-1].answer.output
        self._beyond = next_token(operation, last) if last is not None else None

    first = Position(1, 0)

    def position(self, token: str) -> Position | None:
        """Where a token leads, None if this listing never gives it out."""
        if token in self._tokens:
            return self._tokens[token]
        match = _TOKEN.search(token)
        if self._paging.mode == "recorded" or not match:
            return None
        position = Position(int(match[1]), int(match[2]) - 1)
        is_there = position.page > 1 and 0 <= position.item <= len(self._items)
        return position if is_there and token == self._token(position) else None

    def is_beyond(self, token: str) -> bool:
        """Whether a token is the one at which an unfinished recording ended."""
        return token == self._beyond

    def page(self, position: Position, limit: int | None) -> Cut:
        """The page at a position. limit: what the client asks for."""
        if self._paging.mode == "recorded":
            return Cut(self._take.pages[position.page - 1].answer, (position.page,))
        failure = self._take.pages[-1]
        if failure.answer.error and position.item == len(self._items) and position.page > 1:
            return Cut(failure.answer, (len(self._take.pages),))
        begin = position.item
        end = min(begin + self._size(position, limit), len(self._items))
        covers = tuple(self._covered(begin, end))
        return Cut(self._cut(begin, end, covers, self._next(position, end)), covers)

    def answers(self) -> Iterator[Answer]:
        """What a client gets that follows the tokens to the end, without a limit."""
        position: Position | None = self.first
        while position:
            answer = self.page(position, None).answer
            yield answer
            token = next_token(self._operation, answer.output) if answer.output is not None else None
            position = self.position(token) if token and not self.is_beyond(token) else None

    # --- where a page ends ---

    def _size(self, position: Position, limit: int | None) -> int:
        match self._paging.mode:
            case "N":
                return min(self._paging.size, limit or self._paging.size)
            case "torture":
                size = self._tortured(position)
                return min(size, limit or size)
            case _:
                return limit or _DEFAULT_LIMIT

    def _tortured(self, position: Position) -> int:
        count = len(self._items)
        rounds, step = divmod(position.page - 1, 5)
        digest = hashlib.sha256(f"{self._paging.seed}|{self._take.track.key}|{self._number}|{rounds}".encode()).digest()
        sizes = _pick([0, 1], digest[0]) + _pick([max(2, count // 7), 0, max(3, count // 3)], digest[1])
        return sizes[step]

    def _next(self, position: Position, end: int) -> str | None:
        """The token of the page after one, None if it is the last."""
        begin = position.item
        if end == len(self._items):
            if self._beyond is not None:
                return self._beyond
            ends_empty = self._paging.mode == "torture" and (begin < end or position.page == 1)
            if not ends_empty and not self._take.pages[-1].answer.error:
                return None
        return self._token(Position(position.page + 1, end))

    def _token(self, position: Position) -> str:
        take = f"take-{self._number}." if self._number > 1 else ""
        nasty = _TORTURE if self._paging.mode == "torture" else ""
        return f"{take}page-{position.page}.item-{position.item + 1}.{self._tag}{nasty}"

    # --- what is in a page ---

    def _covered(self, begin: int, end: int) -> Iterator[int]:
        """The recorded pages, from 1, of some items; those without items belong to what is before and behind them."""
        for i, (first, last) in enumerate(self._ranges):
            if self._take.pages[i].answer.output is None:
                continue
            if begin <= first <= end if first == last else max(begin, first) < min(end, last):
                yield i + 1

    def _cut(self, begin: int, end: int, covers: tuple[int, ...], token: str | None) -> Answer:
        paging = self._operation.paging
        assert paging
        # An empty page between two items of one recorded page covers nothing; it is one more of that page.
        sources = [self._take.pages[i - 1].answer for i in covers or (self._page_of(begin),)]
        output: dict[str, Value] = {}
        for source in sources:
            output = {**output, **(source.output or {}), **output}  # the first says it, and comes first
        for name in paging.items:
            items = [item for of, item in self._items[begin:end] if of == name]
            if name in output or items:
                output[name] = items
        if paging.more:
            output = {paging.more: None, **output} if paging.more not in output else output
            output[paging.more] = token is not None
        if token is None:
            output.pop(paging.output_token, None)
        else:
            output[paging.output_token] = token
        is_known = not any(source.unmodelled for source in sources)
        return Answer(output, unmodelled=() if is_known else unmodelled(self._operation, output))

    def _page_of(self, item: int) -> int:
        """The recorded page, from 1, that holds an item; behind the last item, the last one."""
        holding = (i for i, (first, last) in enumerate(self._ranges, 1) if first <= item < last)
        return next(holding, len(self._ranges))


def refusal(paging: Paging, call: Call) -> Failure | None:
    """What the service says to a limit that the model doesn't allow, where the paging honours limits."""
    names = call.operation.paging
    if paging.mode != "client" or not names or not names.limit or call.operation.input is None:
        return None
    asked = call.input.get(names.limit)
    shape = call.operation.input.members[names.limit].shape
    low, high = shape.min or 1, shape.max
    if asked is None or (type(asked) is int and low <= asked and (high is None or asked <= high)):
        return None
    if type(asked) is not int:
        constraint = "Member must be a number"
    elif asked < low:
        constraint = f"Member must have value greater than or equal to {low}"
    else:
        constraint = f"Member must have value less than or equal to {high}"
    spelled = names.limit[0].lower() + names.limit[1:]
    shown = asked if type(asked) is int else "…"
    said = f"Value '{shown}' at '{spelled}' failed to satisfy constraint: {constraint}"
    message = f"1 validation error detected: {said}"
    if call.operation.service.protocol == "query":
        return Failure(400, "ValidationError", message, {"Type": "Sender"})
    fields: list[Value] = [{"name": spelled, "message": said}]
    return Failure(400, "ValidationException", message, {"reason": "fieldValidationFailed", "fieldList": fields})


def _pick(sizes: list[int], byte: int) -> list[int]:
    orders = list(permutations(sizes))
    return list(orders[byte % len(orders)])

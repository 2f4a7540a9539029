"""The data of a cassette, `Cassette`, `Take`, `Track` and `Page`, and its invariants.

1. Takes are sorted by track (service, operation, region, identity, account, principal); takes of one track stay in
   recorded order.
2. The first page of a take has no token. Every other page has the token in the output of the page before it, or, after
   a hole, another one. The last page may give out the token of a page of its take again.
3. No two pages of a track have the same token.
4. Neighbouring takes of a track differ, and neither is the beginning of the other.
5. A take that was recorded after a write names it (`After`), where the answers of its track changed since. The take of
   a write names another write only where the takes before it are older than that (`core.recording.later_takes`).
6. A hole stands in the place of a page that could not be kept: replay misses there.
7. The aliases of a cassette were made under one key, unless several cassettes are joined to be replayed.
8. Every track has its account. The account of the cassette is the one that the header names, so that its tracks need
   not: it is that of a track, and None if a track has none. A track has its principal only where the cassette has the
   same track for several of its account (`core.compare.principal_names`).
"""

from __future__ import annotations

import json
import operator
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Protocol

from awstape.core.aws.call import Answer
from awstape.core.aws.model import Value
from awstape.core.cassette.faults import Fault

_MAX_SHOWN = 200
#: How the reason of a hole begins if the page waits beside the cassette until a rule settles it.
SET_ASIDE = "set aside: "


@dataclass(frozen=True, eq=False)
class Track:
    """One operation with one identity, in one region, requested by one caller. Tracks are equal if all of these are.

    region: of a global service outside the partition aws, the name that stands for its partition, `aws-cn-global`.
    account: the alias of the caller's account, or that of its access key id, which tells no account
    (`core.aws.access_keys`); None if the caller is unknown. principal: the role or the user, with the alias of its name
    (there, rule 6); None if it is unknown or does not matter.
    """

    service: str
    operation: str
    region: str | None
    identity: dict[str, Value] = field(hash=False)
    account: str | None = None
    principal: str | None = None

    @cached_property
    def request_key(self) -> tuple[str, str, str, str]:
        """What is requested, whoever requests it; it does not depend on the order of the identity's members."""
        return (self.service, self.operation, self.region or "", identity_key(self.identity))

    @cached_property
    def key(self) -> tuple[str, str, str, str, str, str]:
        """The sort and comparison key."""
        return (*self.request_key, self.account or "", self.principal or "")

    @property
    def caller(self) -> str | None:
        """The account and, if the track has it, the principal: `000123456780/role/alias-k42mrt7s3l`."""
        return "/".join(filter(None, (self.account, self.principal))) or None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Track) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def describe(self, *, with_caller: bool) -> str:
        """The track as text, with its caller where a cassette has several."""
        return f"{self} by {self.caller or 'an unknown caller'}" if with_caller else str(self)

    def __str__(self) -> str:
        where = f" in {self.region}" if self.region else ""
        identity = json.dumps(self.identity, default=repr)
        shown = identity if len(identity) <= _MAX_SHOWN else f"{identity[:_MAX_SHOWN]}…"
        return f"{self.service} {self.operation}{where} {shown}"


def identity_key(identity: dict[str, Value]) -> str:
    """The identity as text, with its members sorted."""
    return _SORTED.encode(identity)


_SORTED = json.JSONEncoder(sort_keys=True, default=repr)


@dataclass(frozen=True)
class Page:
    """One request and its answer. `limit` is the page limit of the request, if it had one.

    hole: the reason why the answer could not be kept, None if it is there. The answer of a hole is empty.
    """

    token: str | None
    limit: int | None
    answer: Answer
    hole: str | None = None

    @classmethod
    def make_hole(cls, reason: str, token: str | None = None, limit: int | None = None) -> Page:
        return cls(token, limit, Answer(), reason)


@dataclass(frozen=True)
class After:
    """A write that was answered before a take began (`core.recording.traversals.writes`).

    take: the number of the take in the track, from 1.
    """

    track: Track
    take: int


class UnreadPages(Protocol):
    """Pages of a take that are not read yet."""

    def read(self) -> tuple[Page, ...]: ...

    def text(self) -> bytes:
        """Their text, as it is in the cassette."""
        ...


@dataclass(frozen=True)
class Take:
    """One traversal of a track from its first page. `faults`, for replay, are added by people.

    after: the write after which replay gives the take out, None if it needs none.
    """

    track: Track
    pages: tuple[Page, ...]
    faults: tuple[Fault, ...] = ()
    after: After | None = None

    @classmethod
    def unread(cls, track: Track, faults: tuple[Fault, ...], after: After | None, unread: UnreadPages) -> Take:
        """A take whose pages are read when they are first asked for, and kept."""
        take = cls.__new__(cls)
        vars(take).update(track=track, faults=faults, after=after, _unread=unread)
        return take

    if not TYPE_CHECKING:  # it would hide a wrong name

        def __getattr__(self, name: str) -> tuple[Page, ...]:
            """The pages of a take that is not read yet; no other attribute is missing."""
            if name != "pages" or "_unread" not in vars(self):
                raise AttributeError(name)
            vars(self)["pages"] = self._unread.read()
            return self.pages

    def has_equal_text(self, other: Take) -> bool:
        """Whether the pages of two takes have one text, so that they are equal; False if one has no text at hand."""
        mine, its = (vars(take).get("_unread") for take in (self, other))
        return mine is not None and its is not None and mine.text() == its.text()

    def with_track(self, track: Track, after: After | None) -> Take:
        """The take of another track, after another write. Pages that are not read stay so."""
        take = Take.__new__(Take)
        vars(take).update(vars(self), track=track, after=after)
        return take

    @property
    def fingerprint(self) -> str:
        """A text that is the same for two takes of a track only if they are equal."""
        return repr((self.pages, self.faults, self.after))

    @property
    def hole(self) -> str | None:
        """The reason of the first hole, None if no page is one."""
        return next((page.hole for page in self.pages if page.hole is not None), None)


def with_pages(take: Take, pages: tuple[Page, ...]) -> Take:
    """The take with other pages; the same take if they are the same."""
    is_same = len(pages) == len(take.pages) and all(map(operator.is_, pages, take.pages))
    return take if is_same else replace(take, pages=pages)


@dataclass(frozen=True)
class Cassette:
    """All takes of a cassette.

    keys: the fingerprints of the keys that its aliases were made under, if known. account: as described above. apart:
    the keyed marks of values whose first alias another value has (`core.redaction.aliases`). find_takes: a text → the
    takes that hold it, for a cassette whose takes are not read (`core.cassette.lazy_reader`).
    """

    takes: tuple[Take, ...] = ()
    keys: frozenset[str] = frozenset()
    account: str | None = None
    apart: frozenset[str] = frozenset()
    find_takes: Callable[[str], Iterator[Take]] | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(
        cls,
        takes: Iterable[Take],
        keys: Iterable[str] = (),
        account: str | None = None,
        apart: frozenset[str] = frozenset(),
    ) -> Cassette:
        """A cassette of the takes, sorted.

        account: that of the header, if a track has it. Else the header names the account that assumes roles, if there
        is one, since a program begins with its credentials; else the account of most tracks.
        """
        ordered = tuple(sorted(takes, key=lambda take: take.track.key))
        return cls(ordered, frozenset(keys), _common_account(ordered, account), apart)

    def with_takes(self, takes: Iterable[Take]) -> Cassette:
        """A cassette with the header of this one, and other takes."""
        return Cassette.of(takes, self.keys, self.account, self.apart)

    @property
    def is_read_in_part(self) -> bool:
        """Whether its takes are read when their pages are asked for."""
        return self.find_takes is not None

    @cached_property
    def accounts(self) -> tuple[str | None, ...]:
        """The accounts of the tracks, sorted; first that of the header. None stands for unknown callers."""
        found = {take.track.account for take in self.takes}
        return tuple(sorted(found, key=lambda account: (account != self.account, account or "")))

    @property
    def callers(self) -> tuple[str | None, ...]:
        """The accounts, and behind them the callers of the tracks that name a principal, sorted."""
        return *self.accounts, *sorted({take.track.caller or "" for take in self.takes if take.track.principal})

    def tracks(self) -> Iterator[tuple[Track, tuple[Take, ...]]]:
        """Each track with its takes."""
        for _, group in groupby(self.takes, key=lambda take: take.track.key):
            takes = tuple(group)
            yield takes[0].track, takes


def _common_account(takes: Iterable[Take], preferred: str | None) -> str | None:
    """The account that a header may name for takes."""
    found = {take.track.account for take in takes}
    if None in found or any(take.after and take.after.track.account is None for take in takes):
        return None  # a track without an account would get that of the header
    if preferred in found or not found:
        return preferred
    tracks = {take.track for take in takes}
    assuming = [track for track in tracks if track.service == "sts" and track.operation.startswith("AssumeRole")]
    counts = Counter(track.account for track in assuming or tracks)
    return min(counts, key=lambda account: (-counts[account], account or ""))

"""Page lookup: finds the take and the page that a request asks for.

1. A first page is the first page of the take that `core.replay.take_selection` chooses.
2. A page with a token is found by the token alone, whatever was served before: a token names its take and position.
3. A page that is a hole is found like any other.
4. A token that no take of the track gives out leads to no page. `unfinished_take` and `tracks_with_token` explain it.
5. The first page of a track that has only one take, which waits for no write, is always the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from awstape.core.aws.model import Models, Operation
from awstape.core.aws.paging import PageRequest
from awstape.core.aws.wire import Request
from awstape.core.cassette.cassette import After, Take, Track
from awstape.core.replay.matching import TrackIndex
from awstape.core.replay.paging_modes import Listing, PagingMode, Position, cut_tag, tag_of_token, take_of_token
from awstape.core.replay.take_selection import Epochs, TakeSelection, find_epochs


class PageLocation(NamedTuple):
    """A page of a take. take: its number in the track, from 1. listing: the take in the pages of the paging mode."""

    track: Track
    take: int
    listing: Listing
    position: Position

    @property
    def hole(self) -> str | None:
        """The reason why the page is missing, None if it is there."""
        return self.listing.hole(self.position)


class PageLookup:
    """Finds pages in the takes of a cassette, cut into the pages of a paging mode.

    A take is cut when a page of it is asked for. The tokens of a track are indexed when the first one is asked for, and
    those of all tracks when the first wrong one is.
    """

    def __init__(self, models: Models, tracks: TrackIndex, paging: PagingMode) -> None:
        self._models = models
        self._tracks = tracks
        self._paging = paging
        self._listings: dict[tuple[Track, int], Listing] = {}
        self._takes_by_token: dict[Track, dict[str | None, int]] = {}
        self._open_takes: dict[Track, dict[str, int]] = {}
        self._epochs_of: dict[Track, Epochs] = {}

    def find(
        self, operation: Operation, track: Track, page_request: PageRequest, request: Request, takes: TakeSelection
    ) -> PageLocation | None:
        """The page that a request asks for; None if the track never gives out its token, or no take of it yet."""
        if page_request.token is not None:
            return self._page_with_token(operation, track, page_request.token)
        number = takes.choose(track, self._epochs(track), request)
        if number is None:
            return None
        return PageLocation(track, number, self._listing(operation, track, number), Listing.first)

    def awaited_write(self, track: Track) -> After | None:
        """The write before which no take of a track is given out, None if there is none."""
        return self._epochs(track)[0][2]

    def needs_session(self, track: Track) -> bool:
        """Whether it matters what a session got of a track: one with several takes, or a write, which counts each time.

        Without a session, all first-page requests get the same take.
        """
        takes = self._tracks.takes[track]
        has_only_take = len(takes) == 1 and takes[0].after is None and track not in self._awaited
        return not (has_only_take and self._models.operation(track.service, track.operation).is_read)

    @cached_property
    def _awaited(self) -> frozenset[Track]:
        """The tracks of writes for which the takes of other tracks wait."""
        return frozenset(take.after.track for takes in self._tracks.takes.values() for take in takes if take.after)

    def _epochs(self, track: Track) -> Epochs:
        if track not in self._epochs_of:
            self._epochs_of[track] = find_epochs(self._tracks.takes[track])
        return self._epochs_of[track]

    def unfinished_take(self, operation: Operation, track: Track, token: str) -> Take | None:
        """The take whose recording stopped at a token, before the page that the token asks for."""
        takes = self._tracks.takes[track]
        if track not in self._open_takes:
            listings = [self._listing(operation, track, number) for number in range(len(takes), 0, -1)]
            self._open_takes[track] = {each.open_token: each.number for each in listings if each.open_token is not None}
        number = self._open_takes[track].get(token)
        return takes[number - 1] if number else None

    def tracks_with_token(self, token: str) -> Iterator[Track]:
        """The tracks that give out a token."""
        for track in self._tracks_by_token.get(token, self._tracks_by_tag.get(tag_of_token(token), ())):
            operation = self._models.operation(track.service, track.operation)
            if self._page_with_token(operation, track, token):
                yield track

    def _page_with_token(self, operation: Operation, track: Track, token: str) -> PageLocation | None:
        if track not in self._takes_by_token:
            numbered = [*enumerate(self._tracks.takes[track], 1)][::-1]  # of several takes, the first counts
            self._takes_by_token[track] = {page.token: n for n, take in numbered for page in take.pages}
        number = self._takes_by_token[track].get(token) or take_of_token(token)
        if not 0 < number <= len(self._tracks.takes[track]):
            return None
        listing = self._listing(operation, track, number)
        position = listing.position(token)
        return PageLocation(track, number, listing, position) if position else None

    def _listing(self, operation: Operation, track: Track, number: int) -> Listing:
        if (track, number) not in self._listings:
            take = self._tracks.takes[track][number - 1]
            self._listings[track, number] = Listing(operation, take, number, self._paging)
        return self._listings[track, number]

    @cached_property
    def _tracks_by_token(self) -> Mapping[str, list[Track]]:
        """Recorded token → the tracks that give it out."""
        found: defaultdict[str, list[Track]] = defaultdict(list)
        for track, takes in self._tracks.takes.items():
            for token in dict.fromkeys(page.token for take in takes for page in take.pages if page.token is not None):
                found[token].append(track)
        return found

    @cached_property
    def _tracks_by_tag(self) -> Mapping[str, list[Track]]:
        """Tag of the tokens of a paging mode → the tracks that have it."""
        found: defaultdict[str, list[Track]] = defaultdict(list)
        for track in self._tracks.takes:
            found[cut_tag(track)].append(track)
        return found

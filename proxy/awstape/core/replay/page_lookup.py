"""Page lookup: finds the take and the page that a request asks for.

1. A first page is the first page of the take that `core.replay.take_selection` chooses.
2. A page with a token is found by the token alone, whatever was served before: a token names its take and position.
3. A page that is a hole is found like any other.
4. A token that no take of the track gives out leads to no page. `unfinished_take` and `tracks_with_token` explain it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from awstape.core.aws.model import Models, Operation
from awstape.core.aws.paging import PageRequest
from awstape.core.aws.wire import Request
from awstape.core.cassette.cassette import Take, Track
from awstape.core.replay.matching import TrackIndex
from awstape.core.replay.paging_modes import Listing, Paging, Position
from awstape.core.replay.take_selection import TakeSelection


@dataclass(frozen=True)
class PageLocation:
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

    A track's takes are cut when its first page is asked for.
    """

    def __init__(self, models: Models, tracks: TrackIndex, paging: Paging) -> None:
        self._models = models
        self._tracks = tracks
        self._paging = paging
        self._listings_of: dict[Track, tuple[Listing, ...]] = {}

    def find(
        self, operation: Operation, track: Track, page_request: PageRequest, request: Request, takes: TakeSelection
    ) -> PageLocation | None:
        """The page that a request asks for, None if the track never gives out its token."""
        if page_request.token is not None:
            return self._page_with_token(operation, track, page_request.token)
        listings = self._listings(operation, track)
        number = takes.choose(track, len(listings), request)
        return PageLocation(track, number, listings[number - 1], Listing.first)

    def unfinished_take(self, operation: Operation, track: Track, token: str) -> Take | None:
        """The take whose recording stopped at a token, before the page that the token asks for."""
        for take, listing in zip(self._tracks.takes[track], self._listings(operation, track), strict=True):
            if listing.stops_at(token):
                return take
        return None

    def tracks_with_token(self, token: str) -> Iterator[Track]:
        """The tracks that give out a token."""
        for track in self._tracks.takes:
            operation = self._models.operation(track.service, track.operation)
            if self._page_with_token(operation, track, token):
                yield track

    def _page_with_token(self, operation: Operation, track: Track, token: str) -> PageLocation | None:
        for number, listing in enumerate(self._listings(operation, track), 1):
            if position := listing.position(token):
                return PageLocation(track, number, listing, position)
        return None

    def _listings(self, operation: Operation, track: Track) -> tuple[Listing, ...]:
        if track not in self._listings_of:
            self._listings_of[track] = tuple(
                Listing(operation, take, number, self._paging)
                for number, take in enumerate(self._tracks.takes[track], 1)
            )
        return self._listings_of[track]

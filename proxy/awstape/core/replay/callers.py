"""Callers: which of the tracks with one identity belongs to a request, by its partition, its caller and its region.

1. The partition always counts: a client of aws is never served what aws-cn answered.
2. The caller counts where the cassette has several known ones: then a track is for its own caller only. Where
   `is_strict`, caller and region always count.
3. A track of an unknown caller is for every caller that has no such track of its own.
4. The region counts where the tracks that are left have several.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from awstape.core.aws.call import Call
from awstape.core.aws.model import Models
from awstape.core.cassette.cassette import Track
from awstape.core.redaction.redactor import Redactor


class Callers:
    """The callers of a cassette. known: their accounts, sorted, without unknown callers.

    redactor, has_key: as in `core.replay.matching.TrackIndex`.
    """

    def __init__(self, models: Models, tracks: Iterable[Track], redactor: Redactor, *, has_key: bool) -> None:
        self.known = sorted({track.account for track in tracks if track.account})
        self._partition_of = models.hosts.partition_of
        self._redactor = redactor
        self._has_key = has_key

    @property
    def are_several(self) -> bool:
        return len(self.known) > 1

    def choose(self, tracks: Sequence[Track], call: Call, *, is_strict: bool = False) -> Sequence[Track]:
        """Of some tracks with the identity of a call, those that are for it."""
        found = self._in_partition(tracks, call)
        if self.are_several or is_strict:
            found = self._of_caller(found, call)
        if is_strict or len({track.region for track in found}) > 1:
            found = [track for track in found if track.region == call.region]
        return found

    def is_of(self, track: Track, call: Call) -> bool:
        """Whether a track is of the caller and the region of a call themselves, so that no other suits it better."""
        is_own = not self.are_several or track.account == self._account_of(call)
        return is_own and track.region == call.region

    def explain(self, tracks: Sequence[Track], call: Call) -> tuple[Literal["region", "caller"], str]:
        """Why `choose` finds none of some tracks that have the identity of a call: what differs, and how."""
        in_partition = self._in_partition(tracks, call)
        if in_partition and self.are_several and not self._of_caller(in_partition, call):
            theirs = ", ".join(sorted({track.account for track in in_partition if track.account}))
            return "caller", f"it is recorded for {theirs}; the request is by {self._describe_caller(call)}"
        regions = ", ".join(sorted({self._describe_region(track.region) for track in tracks}))
        return "region", f"it is recorded in {regions}; the request is for {self._describe_region(call.region)}"

    def hints(self, call: Call) -> list[str]:
        """Lines on the callers of a cassette that has several, for a request of another one; else none."""
        if not self.are_several or self._account_of(call) in self.known:
            return []
        lines = [
            f"the cassette doesn't know the caller; it knows {', '.join(self.known)}",
            f"for credentials of a caller: awstape env --caller {self.known[0]}",
        ]
        if call.caller and not self._has_key:
            lines.append("without the cassette's key only such credentials tell the caller; or set AWSTAPE_KEY")
        return lines

    def _account_of(self, call: Call) -> str | None:
        return self._redactor.redact_caller(call.caller)

    def _in_partition(self, tracks: Sequence[Track], call: Call) -> Sequence[Track]:
        partition = self._partition_of(call.region)
        return [track for track in tracks if self._partition_of(track.region) == partition]

    def _of_caller(self, tracks: Sequence[Track], call: Call) -> Sequence[Track]:
        account = self._account_of(call)
        own = [track for track in tracks if track.account == account]
        return own or [track for track in tracks if track.account is None]

    def _describe_caller(self, call: Call) -> str:
        account = self._account_of(call)
        if account is None:
            return "an unknown caller: it has no credentials"
        return account if account in self.known or self._has_key else "another caller"

    def _describe_region(self, region: str | None) -> str:
        partition = self._partition_of(region)
        if region is None or region.endswith("-global"):
            return f"the partition {partition}"
        return region if partition == "aws" else f"{region} (partition {partition})"

"""Callers: which of the tracks with one identity belongs to a request, by its partition, its caller and its region.

1. The partition always counts: a client of aws is never served what aws-cn answered.
2. The account counts where the cassette has several known ones: then a track is for its own account only. Where
   `is_strict`, account and region always count, and what the cassette has for no principal is for none that is new
   (`core.compare.principal_names`, rule 2).
3. A track of an unknown account is for every account that has no such track of its own.
4. The principal counts where the tracks that are left name one: then a track is for its own principal only, and one
   that names none is for those that have no such track of their own.
5. The principal of a client is the one that its access key id stands for, or the one to which the cassette gave this
   id out: the role that the client assumed. A client with another id is the only principal of the account to which
   the cassette gives no id out, if there is one. If not, its principal is unknown, and it is served only where the
   tracks name one principal.
6. The region counts where the tracks that are left have several.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Literal

from awstape.core.aws.access_keys import (
    Principals,
    account_of_access_key,
    find_given_key,
    principal_of_access_key,
)
from awstape.core.aws.call import Answer, Call
from awstape.core.aws.model import Models
from awstape.core.cassette.cassette import Take, Track
from awstape.core.compare.principal_names import find_principals, is_new
from awstape.core.redaction.redactor import Redactor
from awstape.core.text.advice import Advice


class Callers:
    """The callers of a cassette. known: their accounts, sorted, without unknown callers.

    tracks, redactor, has_key: as in `core.replay.matching.TrackIndex`.
    """

    def __init__(
        self, models: Models, tracks: Mapping[Track, Sequence[Take]], redactor: Redactor, *, has_key: bool
    ) -> None:
        self.known = sorted({track.account for track in tracks if track.account})
        self._models = models
        self._tracks = tracks
        self._live = Principals()
        """What other answers told, by digests of access key ids."""
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
            found = self._of_account(found, call)
        if is_strict and is_new(principal := self._principal_of(call), self._given, self._live):
            found = [track for track in found if track.principal == principal]
        if any(track.principal for track in found):
            found = self._of_principal(found, call)
        if is_strict or len({track.region for track in found}) > 1:
            found = [track for track in found if track.region == call.region]
        return found

    def is_of(self, track: Track, call: Call) -> bool:
        """Whether a track is of the caller and the region of a call themselves, so that no other suits it better."""
        is_own = not self.are_several or track.account == self._account_of(call)
        is_own = is_own and (not self.has_principals or track.principal == self._principal_of(call))
        return is_own and track.region == call.region

    def learn(self, call: Call, answer: Answer) -> None:
        """Notes what an answer of STS tells that is not of the cassette."""
        digest, output = self._redactor.digest, answer.output or {}
        given, caller = find_given_key(call.operation, output), call.caller
        redacted = self._redactor.redact_answer(call.operation, answer).output or {}
        self._live.note_answer(
            call.operation, redacted, digest(caller.reveal()) if caller else None, digest(given) if given else None
        )

    def explain(self, tracks: Sequence[Track], call: Call, advice: Advice) -> tuple[Literal["region", "caller"], str]:
        """Why `choose` finds none of some tracks that have the identity of a call: what differs, and how."""
        in_partition = self._in_partition(tracks, call)
        of_account = self._of_account(in_partition, call) if self.are_several else in_partition
        if in_partition and not (of_account and self._of_principal(of_account, call)):
            theirs = sorted({track.caller for track in of_account or in_partition if track.caller})
            by = self._principal_of(call) if of_account else self._describe_account(call)
            by = by or f"an unknown principal; for credentials of one: {advice.caller(theirs[0])}"
            return "caller", f"it is recorded for {', '.join(theirs)}; the request is by {by}"
        regions = ", ".join(sorted({self._describe_region(track.region) for track in tracks}))
        return "region", f"it is recorded in {regions}; the request is for {self._describe_region(call.region)}"

    def hints(self, call: Call, advice: Advice) -> list[str]:
        """Lines on the callers of a cassette that has several, for a request of another one; else none."""
        if not self.are_several or self._account_of(call) in self.known:
            return []
        lines = [
            f"the cassette doesn't know the caller; it knows {', '.join(self.known)}",
            f"for credentials of a caller: {advice.caller(self.known[0])}",
        ]
        if call.caller and not self._has_key:
            lines.append("without the cassette's key only such credentials tell the caller; or set AWSTAPE_KEY")
        return lines

    def _account_of(self, call: Call) -> str | None:
        return self._redactor.redact_caller(call.caller)

    def _in_partition(self, tracks: Sequence[Track], call: Call) -> Sequence[Track]:
        partition = self._partition_of(call.region)
        return [track for track in tracks if self._partition_of(track.region) == partition]

    def _of_account(self, tracks: Sequence[Track], call: Call) -> Sequence[Track]:
        account = self._account_of(call)
        own = [track for track in tracks if track.account == account]
        return own or [track for track in tracks if track.account is None]

    def _of_principal(self, tracks: Sequence[Track], call: Call) -> Sequence[Track]:
        principal = self._principal_of(call)
        own = [track for track in tracks if track.principal == principal]
        own = own or [track for track in tracks if track.principal is None]
        is_only = principal is None and len({track.principal for track in tracks}) == 1
        return tracks if is_only else own

    @cached_property
    def has_principals(self) -> bool:
        """Whether a track names its principal."""
        return any(track.principal for track in self._tracks)

    def _principal_of(self, call: Call) -> str | None:
        """The principal of a request, by rule 5."""
        key = call.caller.reveal() if call.caller else ""
        account = self._account_of(call) if self.are_several else None
        told = principal_of_access_key(key) or self._given.find(key) or self._live.find(self._redactor.digest(key))
        return told or self._first_principals.get(account)

    @cached_property
    def _given(self) -> Principals:
        """The principals of the access key ids that the cassette gives out."""
        return find_principals(self._models, self._tracks)

    @cached_property
    def _first_principals(self) -> Mapping[str | None, str]:
        """Account, or None if it does not count → its only principal to which the cassette gives no id out."""
        given = {(account_of_access_key(key), principal) for key, principal in self._given.items()}
        found: dict[str | None, set[str]] = {}
        for track in self._tracks:
            if track.principal and (track.account, track.principal) not in given:
                found.setdefault(track.account if self.are_several else None, set()).add(track.principal)
        return {account: next(iter(each)) for account, each in found.items() if len(each) == 1}

    def _describe_account(self, call: Call) -> str:
        account = self._account_of(call)
        if account is None:
            return "an unknown caller: it has no credentials"
        return account if account in self.known or self._has_key else "another caller"

    def _describe_region(self, region: str | None) -> str:
        partition = self._partition_of(region)
        if region is None or region.endswith("-global"):
            return f"the partition {partition}"
        return region if partition == "aws" else f"{region} (partition {partition})"

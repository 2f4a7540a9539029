"""`Player`: a request in, the recorded answer or a miss out.

1. A track is found by service, operation and identity: as the request has it, or redacted under the key; there, words
   of free text that may be names of the cassette's identities are taken for them. The region counts only where the
   cassette holds the same track for several.
2. A first page takes the next take of its track, the last one again and again; a retry of a call (an SDK counts
   its attempts) gets the take that the call got. A page with a token is found by the token alone.
3. A token that the track never gave out is answered as AWS answers a bad one; the token at which the recording stopped
   is a miss that says so. Either way it is counted as a miss.
4. Nothing is ever forwarded. A miss is an error in the service's own format that no SDK retries.
5. Identical requests in the same state get identical bytes: request ids are made from the page's position.
6. What a miss shows of a request is redacted, with a key or without.
"""

from __future__ import annotations

import hashlib
import json
import re
import uuid
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from awstape.core.alias import name_aliases
from awstape.core.answer import Failure
from awstape.core.cassette import Cassette, Page, Take, Track, identity_key
from awstape.core.embedded import variants
from awstape.core.encode import encode, encode_failure
from awstape.core.match import differences, nearest
from awstape.core.members import Place, edit_members, is_for_free_text
from awstape.core.model import Models, Operation, Service, Value
from awstape.core.operation import Call, recognise, service_of
from awstape.core.pages import Ask, ask, is_finished, next_token
from awstape.core.redact import Redactor
from awstape.core.wire import Request, Response, WireError

MISS_HEADER = ("x-awstape-miss", "true")
_MISS_STATUS = 400
#: What the services say to a token that is not theirs. IAM's real words are not public; these are of its kind.
_BAD_TOKEN = {
    "query": ("ValidationError", "Invalid {token}."),
    "rest-json": ("ValidationException", "Invalid {token}"),
}
_ATTEMPT = re.compile(r"attempt=(\d+)")


@dataclass(frozen=True)
class Serve:
    """A recorded answer, and whose it is: take and page are counted from 1."""

    response: Response
    track: Track
    take: int
    page: int


@dataclass(frozen=True)
class Miss:
    """No page answers the request. `summary` is one line, `text` the whole explanation."""

    response: Response
    summary: str
    text: str


class Player:
    """Serves a cassette.

    redactor: under the key that the cassette was made with, for real values to match; without a key it is one with
    a throw-away key, used to show requests only.
    """

    def __init__(self, models: Models, cassette: Cassette, redactor: Redactor, *, has_key: bool) -> None:
        self._models = models
        self._redactor = redactor
        self._has_key = has_key
        own = redactor.key_fingerprint
        self._other_keys = cassette.keys - {own} if has_key else frozenset[str]()
        self._knows_key = bool(cassette.keys)
        self._takes: dict[Track, tuple[Take, ...]] = dict(cassette.tracks())
        self._tracks: defaultdict[tuple[str, str], list[Track]] = defaultdict(list)
        self._by_identity: defaultdict[tuple[str, str, str], list[Track]] = defaultdict(list)
        for track in self._takes:
            self._tracks[track.service, track.operation].append(track)
            self._by_identity[track.service, track.operation, identity_key(track.identity)].append(track)
        self._known = self._names_in_identities() if has_key else {}
        self._by_names: defaultdict[tuple[str, str, str], list[Track]] = defaultdict(list)
        for track in self._takes if self._known else ():
            identity = redactor.identity_among(self._operation(track), track.identity, self._known)
            self._by_names[track.service, track.operation, identity_key(identity)].append(track)
        self._last_take: dict[Track, int] = {}
        self._served: dict[tuple[Track, int, int], Serve] = {}
        self.misses: list[Miss] = []

    def answer(self, request: Request) -> Serve | Miss:
        """The answer to a request. Never raises for what a client may send."""
        try:
            call = recognise(self._models, request)
            if call is None:
                return self._miss(None, "the request is for none of the recorded services")
            return self._answer(request, call, ask(call))
        except WireError as error:
            return self._miss(self._service(request), f"the request can't be read: {error}")

    def unplayed(self) -> list[tuple[Track, int, int]]:
        """(track, take, number of pages) of takes that were never asked for in full, in cassette order."""
        result = []
        for track, takes in self._takes.items():
            for number, take in enumerate(takes, 1):
                missing = [i for i in range(1, len(take.pages) + 1) if (track, number, i) not in self._served]
                if missing:
                    result.append((track, number, len(missing)))
        return result

    def is_complete(self, request: Request) -> bool:
        """Whether the request belongs to a track whose every take was recorded to its end."""
        try:
            call = recognise(self._models, request)
            track = self._track(call, ask(call)) if call else None
        except WireError:
            return False
        if call is None or track is None:
            return False
        return is_finished(call.operation, self._takes[track])

    def _service(self, request: Request) -> Service | None:
        """The service of a request that can't be read otherwise."""
        try:
            found = service_of(self._models, request)
        except WireError:
            return None
        return found[0] if found else None

    def _answer(self, request: Request, call: Call, asked: Ask) -> Serve | Miss:
        track = self._track(call, asked)
        if track is None:
            return self._no_track(call, asked)
        if asked.token is None:
            return self._serve(call.operation, track, self._take(track, request), 1)
        for number, take in enumerate(self._takes[track], 1):
            for i, page in enumerate(take.pages, 1):
                if page.token == asked.token:
                    return self._serve(call.operation, track, number, i)
            output = take.pages[-1].answer.output
            if output is not None and next_token(call.operation, output) == asked.token:
                summary = f"{_title(call)}: the recording ended after page {len(take.pages)}"
                return self._miss(call.operation.service, summary, f"track: {track}", _how_to_record(call.operation))
        return self._bad_token(call, track)

    def _track(self, call: Call, asked: Ask) -> Track | None:
        for found in self._found(call.operation, asked.identity):
            if len(found) > 1:
                found = [track for track in found if track.region == call.region]
            if found:
                return found[0]
        return None

    def _found(self, operation: Operation, identity: dict[str, Value]) -> Iterator[list[Track]]:
        """The tracks of an identity: as it is, under the key, and with words taken for the names that they may be."""
        service = operation.service.name
        yield self._by_identity.get((service, operation.name, identity_key(identity)), [])
        if self._has_key:
            redacted = self._redactor.identity(operation, identity)
            yield self._by_identity.get((service, operation.name, identity_key(redacted)), [])
        if self._known:
            among = self._redactor.identity_among(operation, identity, self._known)
            yield self._by_names.get((service, operation.name, identity_key(among)), [])

    def _operation(self, track: Track) -> Operation:
        return self._models.operation(track.service, track.operation)

    def _names_in_identities(self) -> dict[str, str]:
        """Ending → alias, of the names in free text of identities, which a word of a request may be."""
        known: dict[str, str] = {}

        def note(text: str, place: Place) -> str:
            for plain in variants(text) if is_for_free_text(text, place) else ():
                known.update(name_aliases(plain))
            return text

        for track in self._takes:
            edit_members(track.identity, self._operation(track).input, note)
        return known

    def _take(self, track: Track, request: Request) -> int:
        """Which take a first page is of."""
        last = self._last_take.get(track, 0)
        attempt = _ATTEMPT.search(request.header("amz-sdk-request") or "")
        is_retry = last > 0 and attempt is not None and int(attempt[1]) > 1
        number = last if is_retry else min(last + 1, len(self._takes[track]))
        self._last_take[track] = number
        return number

    def _serve(self, operation: Operation, track: Track, take: int, number: int) -> Serve:
        place = (track, take, number)
        if place not in self._served:
            page: Page = self._takes[track][take - 1].pages[number - 1]
            response = encode(operation, page.answer, _request_id(*track.key, str(take), str(number)))
            self._served[place] = Serve(response, *place)
        return self._served[place]

    # --- misses ---

    def _no_track(self, call: Call, asked: Ask) -> Miss:
        tracks = self._tracks[call.operation.service.name, call.operation.name]
        shown = self._redactor.identity(call.operation, asked.identity)
        lines = []
        elsewhere = [track for track in tracks if not differences(shown, track)]
        if elsewhere:
            regions = ", ".join(sorted(track.region or "-" for track in elsewhere))
            lines.append(f"it is recorded in {regions}; the request is for {call.region or 'no region'}")
        elif track := nearest(shown, tracks):
            lines.append(f"nearest track: {track}")
            found = differences(shown, track)
            lines += [f"  {difference}" for difference in found]
            redacted = any(shown.get(d.member) != asked.identity.get(d.member) for d in found)
            if self._has_key and redacted and not self._knows_key:
                lines.append("the request is shown as your key redacts it; under another key only aliases match")
        else:
            lines.append("the cassette has no track of this operation")
        if self._other_keys:
            theirs, yours = ", ".join(sorted(self._other_keys)), self._redactor.key_fingerprint
            lines.append(f"what was made with another key ({theirs}; yours is {yours}) matches by alias only")
        if not self._has_key:
            lines.append("without the cassette's key only aliases match; set AWSTAPE_KEY to match real values")
        if not self._other_keys:
            lines.append(_how_to_record(call.operation))
        return self._miss(call.operation.service, f"{_title(call)} was not recorded", *lines)

    def _bad_token(self, call: Call, track: Track) -> Miss:
        service, paging = call.operation.service, call.operation.paging
        code, message = _BAD_TOKEN[service.protocol]
        summary = f"{_title(call)}: the page token is not one of this listing"
        said = message.format(token=paging.token if paging else "token")
        return self._miss(service, summary, f"track: {track}", code=code, message=said)

    def _miss(
        self, service: Service | None, summary: str, *lines: str, code: str = "CassetteMiss", message: str | None = None
    ) -> Miss:
        """Counts a miss; its error has the whole explanation as its message, unless another is given."""
        service = service or next(iter(self._models.services.values()))
        text = self._shown("\n".join([summary, *(f"  {line}" for line in lines)]))
        said = self._shown("\n".join([summary, *lines]) if message is None else message)
        members: dict[str, Value] = {"Type": "Sender"} if service.protocol == "query" else {}
        response = encode_failure(service, Failure(_MISS_STATUS, code, said, members), _request_id("miss", text))
        miss = Miss(replace(response, headers=(*response.headers, MISS_HEADER)), self._shown(summary), text)
        self.misses.append(miss)
        return miss

    def _shown(self, text: str) -> str:
        return _printable(self._redactor.accounts(text))


def _printable(text: str) -> str:
    """The text without what a terminal would obey or XML can't say: a request may hold anything."""
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)


def _how_to_record(operation: Operation) -> str:
    option = "" if operation.is_read else " --include-writes"
    return f"to record it: awstape record CASSETTE --mode new_episodes{option} -- COMMAND"


def _title(call: Call) -> str:
    return f"{call.operation.service.name} {call.operation.name}"


def _request_id(*position: str) -> str:
    digest = hashlib.sha256(json.dumps(position).encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))

"""Misses: what is said to a request that no page answers, and why.

1. A miss is an error in the service's own format that no SDK retries; a token that the listing never gave out has the
   code that AWS gives a bad one. Its message is the whole explanation, the same that the report has.
2. What a miss shows of a request is redacted, with a key or without.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from awstape.core.aws.answer import Failure
from awstape.core.aws.encode import encode_failure
from awstape.core.aws.model import Models, Operation, Service, Value
from awstape.core.aws.operation import Call, known_service
from awstape.core.aws.paging import Ask, request_id
from awstape.core.aws.wire import Reply, Request, Response
from awstape.core.cassette.cassette import Track
from awstape.core.redaction.redactor import Redactor
from awstape.core.replay.matching import Difference, Tracks, differences, nearest
from awstape.core.text.printable import printable

HEADER = ("x-awstape-miss", "true")
_STATUS = 400
#: What the services say to a token that is not theirs. IAM's real words are not public; these are of its kind.
_BAD_TOKEN = {
    "query": ("ValidationError", "Invalid {token}."),
    "rest-json": ("ValidationException", "Invalid {token}"),
}

Kind = Literal["operation", "identity", "region", "key", "token", "end", "service", "request", "host", "session"]
"""What is not in the cassette: the operation, this identity, this region, aliases under this key, a page of this token,
the pages after the one where the recording ended; or the request is for another service or host, or can't be read, or
is in one session more than there may be."""


@dataclass(frozen=True)
class Miss(Reply):
    """No page answers the request. `text` explains it; its first line is a summary.

    operation: service and name, such as `iam ListRoles`, as far as they are known. nearest: the track that it was
    compared with, and differences: in what it differs from it.
    """

    kind: Kind
    operation: str
    text: str
    nearest: Track | None = None
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True)
class Explainer:
    """Makes misses.

    keys: fingerprints of the keys that the cassette's aliases were made under; none if it doesn't tell.
    """

    models: Models
    tracks: Tracks
    redactor: Redactor
    has_key: bool
    keys: frozenset[str]

    def no_track(self, call: Call, asked: Ask) -> Miss:
        """The cassette has no such operation, or not with this identity, or not in this region."""
        operation = call.operation
        tracks = self.tracks.of(operation)
        shown = self.redactor.identity(operation, asked.identity)
        kind: Kind = "operation"
        track, found, lines = None, list[Difference](), list[str]()
        elsewhere = [track for track in tracks if not differences(shown, track)]
        if elsewhere:
            kind, track = "region", elsewhere[0]
            regions = ", ".join(sorted(track.region or "-" for track in elsewhere))
            lines.append(f"it is recorded in {regions}; the request is for {call.region or 'no region'}")
        elif track := nearest(shown, tracks):
            kind = "identity"
            lines.append(f"nearest track: {track}")
            found = differences(shown, track)
            lines += [f"  {difference}" for difference in found]
            known = operation.input.members if operation.input else {}
            if asked.token is not None and any(name not in known for name in asked.identity):
                lines.append("the page token may end at an & in it: was it percent-encoded?")
            redacted = any(shown.get(d.member) != asked.identity.get(d.member) for d in found)
            other_keys = self.keys - {self.redactor.key_fingerprint} if self.has_key else frozenset[str]()
            if not self.has_key:
                lines.append("without the cassette's key only aliases match; set AWSTAPE_KEY to match real values")
            elif other_keys:
                kind = "key" if other_keys == self.keys else kind
                theirs, yours = ", ".join(sorted(other_keys)), self.redactor.key_fingerprint
                lines.append(f"what was made with another key ({theirs}; yours is {yours}) matches by alias only")
                lines.append("to match real values: set AWSTAPE_KEY to that key")
            elif redacted and not self.keys:
                lines.append("the request is shown as your key redacts it; under another key only aliases match")
        else:
            lines.append("the cassette has no track of this operation")
        if kind != "key":
            option = "" if operation.is_read else " --include-writes"
            lines.append(f"to record it: awstape record CASSETTE --mode new_episodes{option} -- COMMAND")
        return self._miss(kind, operation, f"{_title(operation)} was not recorded", lines, track, found)

    def ended(self, operation: Operation, track: Track, pages: int) -> Miss:
        """The listing was not recorded to its end, and here is where it stops."""
        summary = f"{_title(operation)}: the recording ended after page {pages}"
        lines = [f"track: {track}", "to record the rest: read the listing to its end, and record it again"]
        return self._miss("end", operation, summary, lines, track)

    def bad_token(self, operation: Operation, track: Track, owners: Iterable[Track]) -> Miss:
        """A token that the listing never gave out. owners: the tracks that do."""
        code, message = _BAD_TOKEN[operation.service.protocol]
        said = message.format(token=operation.paging.token if operation.paging else "token")
        lines = [f"track: {track}", *(f"it is a token of {owner}" for owner in owners)]
        if len(lines) == 1:
            lines.append("a token is good in its cassette and paging mode, percent-encoded on the wire")
        summary = f"{_title(operation)}: the page token is not one of this listing"
        return self._miss("token", operation, summary, lines, track, code=code, said=said)

    def unreadable(self, service: Service | None, problem: str) -> Miss:
        """The request is none that the model knows."""
        return self._miss("request", service, f"the request can't be read: {problem}", [])

    def other_service(self, name: str | None, *, as_json: bool) -> Miss:
        """The request is for a service that is not recorded. name: as its signature has it. as_json: how it speaks."""
        known_by = "a service is known by its host name or by the signature, which names none here"
        lines = [] if name else [known_by]
        return self._miss("service", None, self._refused(name or "an unknown service"), lines, as_json=as_json)

    def too_many_sessions(self, service: Service | None, limit: int) -> Miss:
        """The request would begin one session more than there may be."""
        lines = ["reset those that have ended, POST /~NAME/~/reset, or all: POST /~/reset"]
        return self._miss("session", service, f"there are {limit} sessions, and no more may begin", lines)

    def other_host(self, host: str) -> Miss:
        """A connection to a host that is none of the recorded services'. host: what may be shown of it."""
        return self._miss("host", None, self._refused(host), [])

    def _refused(self, what: str) -> str:
        services = " and ".join(self.models.services)
        return f"{what} is out of reach: only {services} are replayed"

    def _miss(
        self,
        kind: Kind,
        of: Operation | Service | None,
        summary: str,
        lines: list[str],
        track: Track | None = None,
        found: Iterable[Difference] = (),
        code: str = "CassetteMiss",
        said: str = "",
        as_json: bool = False,
    ) -> Miss:
        speaking = (s for s in self.models.services.values() if (s.protocol == "rest-json") == as_json)
        service = of.service if isinstance(of, Operation) else of or next(speaking)
        text = "\n".join(map(printable, [summary, *(f"  {line}" for line in lines)]))
        # Services that are not recorded say it each by its own protocol.
        errortype = () if of or as_json else (("x-amzn-errortype", code),)
        message = f"{said}\n{text}" if said else text
        response = _error(service, code, message, request_id("miss", text), as_json=as_json)
        return Miss(
            replace(response, headers=(*response.headers, HEADER, *errortype)),
            kind,
            _title(of) if isinstance(of, Operation) else of.name if of else "",
            text,
            track,
            tuple(found),
        )


def refusal(models: Models, request: Request, code: str, text: str) -> Response:
    """What a request gets that awstape can't serve: an error in the service's own format that no SDK retries."""
    service = known_service(models, request) or next(iter(models.services.values()))
    return _error(service, code, printable(text), request_id(code, text))


def _error(service: Service, code: str, message: str, id_: str, *, as_json: bool = False) -> Response:
    members: dict[str, Value] = {"Type": "Sender"} if service.protocol == "query" else {}
    members |= {"__type": code} if as_json else {}  # where services that are not recorded say it
    return encode_failure(service, Failure(_STATUS, code, message, members), id_)


def _title(operation: Operation) -> str:
    return f"{operation.service.name} {operation.name}"

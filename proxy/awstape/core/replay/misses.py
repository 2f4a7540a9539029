"""Misses: the error for a request that no recorded page answers, with an explanation.

1. A miss is an error that no SDK retries, in the format that the client of the request reads. Its code is
   `CassetteMiss`; for a token that the track never gave out, it is the code that AWS gives to a bad token.
2. The message of the error is the whole explanation; reports show the same text.
3. What a miss shows of a request is redacted, with the cassette's key or without.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from awstape.core.aws.call import Call, Failure, derive_request_id
from awstape.core.aws.model import Models, Operation, Service, Value
from awstape.core.aws.paging import PageRequest
from awstape.core.aws.protocols.dispatch import write_failure
from awstape.core.aws.protocols.error_formats import write_error
from awstape.core.aws.routing import other_service_name, signed_service_name, try_find_service
from awstape.core.aws.wire import Reply, Request, Response
from awstape.core.cassette.cassette import SET_ASIDE, After, Track
from awstape.core.redaction.alias_grammar import find_alias_in_longer_name
from awstape.core.redaction.redactor import Redactor
from awstape.core.redaction.string_walk import StringContext, edit_member_strings
from awstape.core.replay.matching import TrackIndex
from awstape.core.replay.nearest_track import (
    Difference,
    identity_differences,
    spelling_differences,
    suggest_ignored_keys,
    suggest_rules,
)
from awstape.core.text.advice import ON_COMMAND_LINE, Advice
from awstape.core.text.printable import printable

HEADER = ("x-awstape-miss", "true")
_STATUS, _CODE = 400, "CassetteMiss"
#: Protocol → code and message of the error for a bad token. The real message of IAM is not documented; this one is made
#: like its other validation errors.
_BAD_TOKEN = {"query": ("ValidationError", "Invalid {token}."), "ec2": ("InvalidParameterValue", "Invalid {token}.")}
_BAD_JSON_TOKEN = ("ValidationException", "Invalid {token}")

Kind = Literal[
    "operation",
    "identity",
    "region",
    "caller",
    "key",
    "token",
    "end",
    "hole",
    "early",
    "service",
    "request",
    "host",
    "session",
]
"""What the cassette lacks: the operation, the identity, the region, the caller, aliases made with the key at hand, a
page with the token, the pages after the end of the recording, the page of a hole, a take before the write that it comes
after. Or what is wrong with the request: another service, an unreadable request, another host, a session beyond the
limit."""


@dataclass(frozen=True)
class Miss(Reply):
    """The reply to a request that no page answers.

    operation: service and name, `iam ListRoles`, as far as they are known. text: the explanation; its first line is a
    summary. nearest: the track that the request was compared with. differences: the members that differ from it.
    session: the name of the session of the request, if it has one.
    """

    kind: Kind
    operation: str
    text: str
    nearest: Track | None = None
    differences: tuple[Difference, ...] = ()
    session: str = ""


class _Reason(NamedTuple):
    """Why no page answers a request; kind, nearest, differences as in `Miss`. lines: what follows the summary."""

    kind: Kind
    summary: str
    lines: Sequence[str] = ()
    nearest: Track | None = None
    differences: Sequence[Difference] = ()

    @property
    def text(self) -> str:
        return "\n".join(map(printable, [self.summary, *(f"  {line}" for line in self.lines)]))


class MissFactory(NamedTuple):
    """Makes the misses of a replay.

    redactor, has_key: as in `core.replay.player.Player`. keys: the fingerprints of the keys that the cassette's aliases
    were made with; none if the cassette names none. advice: how the user records what is missing.
    """

    models: Models
    tracks: TrackIndex
    redactor: Redactor
    has_key: bool
    keys: frozenset[str]
    advice: Advice = ON_COMMAND_LINE

    def no_track(self, call: Call, page_request: PageRequest) -> Miss:
        """The miss for an operation, identity, region or caller that the cassette does not hold."""
        operation = call.operation
        shown = self.tracks.resolve(operation, page_request.identity)
        same = self.tracks.matching(operation, shown)
        if here := self.tracks.callers.choose(same, call):
            reason = self._other_spelling(operation, shown, here)
        elif same:
            reason = self._other_caller(call, same)
        elif nearest := self.tracks.find_nearest(operation, shown):
            reason = self._other_identity(operation, page_request, shown, nearest)
        else:
            reason = self._unknown_operation(operation)
        lines = [*reason.lines, *self.tracks.callers.hints(call, self.advice)]
        if reason.kind != "key":
            lines += self._record("to record it", "new_episodes", writes=not operation.is_read)
        return self._of_call(call, reason._replace(lines=lines))

    def _other_spelling(self, operation: Operation, shown: dict[str, Value], here: Sequence[Track]) -> _Reason:
        """Several tracks of the caller mean the same as the request, and none of them is spelled like it."""
        found = spelling_differences(shown, here[0])
        lines = [
            f"{len(here)} tracks differ from it only in spelling or order, and were answered differently",
            f"one of them: {self.tracks.describe(here[0])}",
            *(f"  {difference}" for difference in found),
        ]
        return _Reason("identity", _not_recorded(operation), lines, here[0], found)

    def _other_caller(self, call: Call, same: Sequence[Track]) -> _Reason:
        """The tracks of the request are of other regions or callers."""
        kind, line = self.tracks.callers.explain(same, call, self.advice)
        return _Reason(kind, _not_recorded(call.operation), [line], same[0])

    def _other_identity(
        self, operation: Operation, page_request: PageRequest, shown: dict[str, Value], nearest: Track
    ) -> _Reason:
        """The tracks of the operation have other identities. shown: the identity as it may be shown."""
        rules = self.tracks.match_rules
        found = identity_differences(operation, shown, nearest, rules)
        lines = [f"nearest track: {self.tracks.describe(nearest)}", *(f"  {difference}" for difference in found)]
        known = operation.input.members if operation.input else {}
        if page_request.token is not None and any(name not in known for name in page_request.identity):
            lines.append("the page token seems to be cut at an '&': percent-encode it in the request")
        is_redacted = any(shown.get(d.member) != page_request.identity.get(d.member) for d in found)
        lines += self._key_hints(is_redacted=is_redacted)
        lines += self._made_name_hints(operation, page_request.identity, found)
        if missing := suggest_rules(operation, shown, nearest, rules):
            lines += ["times differ; to match them, add to pyproject.toml: [tool.awstape.match]"]
            lines += [f"  {line}" for line in missing]
        elif ignored := suggest_ignored_keys(operation, shown, nearest):
            lines += ["ids or times in a map differ; to match them, add to pyproject.toml: [tool.awstape.match]"]
            lines += [f"  {line}" for line in ignored]
        has_other_key = self._other_keys and self._other_keys == self.keys
        return _Reason("key" if has_other_key else "identity", _not_recorded(operation), lines, nearest, found)

    def _unknown_operation(self, operation: Operation) -> _Reason:
        line = "the cassette has no track of this operation" if self.tracks.takes else self._is_empty
        return _Reason("operation", _not_recorded(operation), [line])

    def _record(self, goal: str, mode: str, *, writes: bool = False, services: Sequence[str] = ()) -> list[str]:
        """The command that records what is missing; without a key of the cassette, what has to come before it."""
        command = self.advice.record(mode, writes=writes, services=services)
        if not self.keys or (self.has_key and self.redactor.key_fingerprint in self.keys):
            return [f"{goal}: {command}"]
        return [
            f"{goal}, set AWSTAPE_KEY to your team's key ({', '.join(sorted(self.keys))}), and: {command}",
            self.advice.record_with_own_key(writes=writes, services=services),
        ]

    def _track_line(self, track: Track) -> str:
        return f"track: {self.tracks.describe(track)}"

    @property
    def _other_keys(self) -> frozenset[str]:
        """The keys of the cassette that are not the key at hand; none without a key."""
        return self.keys - {self.redactor.key_fingerprint} if self.has_key else frozenset()

    def _key_hints(self, *, is_redacted: bool) -> list[str]:
        """Lines that explain a difference by the key. is_redacted: whether a member that differs was redacted."""
        if not self.has_key:
            return ["without the cassette's key only aliases match: get your team's key, and set AWSTAPE_KEY"]
        if self._other_keys:
            theirs, yours = ", ".join(sorted(self._other_keys)), self.redactor.key_fingerprint
            return [
                f"aliases made with another key ({theirs}; yours is {yours}) match only as aliases",
                "to match real values: set AWSTAPE_KEY to that key",
            ]
        if is_redacted and not self.keys:
            return ["the request is shown redacted with your key; with another key only aliases match"]
        return []

    def _made_name_hints(
        self, operation: Operation, identity: dict[str, Value], found: Iterable[Difference]
    ) -> list[str]:
        """Lines about members that differ and hold a name that the program made of a recorded name's alias.

        With the key, such a name has the alias of the real name.
        """
        if self.has_key and not self._other_keys:
            return []
        made: dict[str, str] = {}

        def note(text: str, context: StringContext) -> str:
            if alias := find_alias_in_longer_name(text):
                made.setdefault(context.member, alias)
            return text

        differing = {difference.member for difference in found}
        edit_member_strings({k: v for k, v in identity.items() if k in differing}, operation.input, note)
        if not made:
            return []
        names = (f"{member} was made of the recorded name {alias}: " for member, alias in made.items())
        return [
            *(f"{name}an alias with more text is no alias of the real name" for name in names),
            'so that programs can make names of names: keep = ["NAME*"] or keep-names = true in [tool.awstape]',
            f"and record anew: {self.advice.record('rewrite')}",
        ]

    def recording_ended(self, call: Call, track: Track, pages: int) -> Miss:
        """The miss for a token at which the recording stopped. pages: how many pages the take has."""
        summary = f"{_title(call.operation)}: the recording ended after page {pages}"
        rest = self._record("to record the rest, read the listing to its end", "new_episodes")
        lines = [self._track_line(track), *rest]
        return self._of_call(call, _Reason("end", summary, lines, track))

    def too_early(self, call: Call, track: Track, write: After) -> Miss:
        """The miss for a track of which no take is given out before a write."""
        is_there = write.track in self.tracks.takes
        which = "a write that was not requested yet" if is_there else "a write that is in no cassette that is replayed"
        mends = [
            "replay the cassette that has this write as well, or remove `after` from the take",
            *self._record("to record both anew", "all", writes=True),
        ]
        lines = [
            self._track_line(track),
            f"after: {self.tracks.describe(write.track)}" + (f", take {write.take}" if write.take > 1 else ""),
            *(["request that write first, or remove `after` from the take"] if is_there else mends),
        ]
        summary = f"{_title(call.operation)} was recorded only after {which}"
        return self._of_call(call, _Reason("early", summary, lines, track))

    def hole(self, call: Call, track: Track, page: int, reason: str) -> Miss:
        """The miss for a page that the recording could not keep. reason: as in the cassette."""
        summary = f"{_title(call.operation)}: page {page} is a hole in the cassette"
        recover = [f"to take it in once a rule settles it: awstape recover {self.advice.cassette}"]
        lines = [
            self._track_line(track),
            f"why: {reason}",
            *(recover if reason.startswith(SET_ASIDE) else []),
            *self._record("to record it anew", "new_episodes", writes=not call.operation.is_read),
        ]
        return self._of_call(call, _Reason("hole", summary, lines, track))

    def bad_token(self, call: Call, track: Track, owners: Iterable[Track]) -> Miss:
        """The miss for a token that the track never gave out. owners: the tracks that give it out."""
        lines = [self._track_line(track), *(f"the token belongs to {self.tracks.describe(owner)}" for owner in owners)]
        if len(lines) == 1:
            lines.append("a token is valid only in its cassette and paging mode; percent-encode it in the request")
        summary = f"{_title(call.operation)}: the page token is not one of this listing"
        reason = _Reason("token", summary, lines, track)
        code, message = _BAD_TOKEN.get(call.operation.service.protocol, _BAD_JSON_TOKEN)
        token = call.operation.paging.token if call.operation.paging else "token"
        return self._of_call(call, reason, code, f"{message.format(token=token)}\n{reason.text}")

    def unreadable(self, request: Request, problem: str) -> Miss:
        """The miss for a request that does not fit the service model. problem: what is wrong, without its values."""
        return self._of_request(request, _Reason("request", f"the request can't be read: {problem}"))

    def other_service(self, request: Request) -> Miss:
        """The miss for a service that is not replayed, named as in the request's signature, else by its host."""
        match = self.models.hosts.find(request.host)
        of_host = match.names[0] if match else self.models.hosts.show(request.host)
        name = other_service_name(self.models, request) or of_host
        lines = [] if name else ["the service is recognised by the host name or the signature; both name none"]
        if others := self._other_services(request, match.names if match else ()):
            services = (*self.models.names, others[0])
            lines += self._record("to record it", "new_episodes", services=services)
        summary = self._not_replayed(name or "an unknown service")
        return _of_service(request, None, _Reason("service", summary, lines))

    def _other_services(self, request: Request, of_host: Sequence[str]) -> list[str]:
        """The services that are not replayed and that a request may be for, by its host or signature; likely first."""
        signed = signed_service_name(request)
        found = of_host or [name for name, entry in self.models.entries.items() if entry.signing_name == signed]
        return sorted((name for name in found if name not in self.models.names), key=lambda name: name != signed)

    def too_many_sessions(self, request: Request, limit: int) -> Miss:
        """The miss for a request that would begin a session beyond the limit."""
        lines = ["reset sessions that have ended with POST /~NAME/~/reset, or all sessions with POST /~/reset"]
        return self._of_request(
            request, _Reason("session", f"there are {limit} sessions, and no more can begin", lines)
        )

    def other_host(self, host: str) -> Miss:
        """The miss for a connection to a host that is not replayed. host: its name as it may be shown."""
        return _of_service(Request("CONNECT", "", ""), None, _Reason("host", self._not_replayed(host)))

    @property
    def _is_empty(self) -> str:
        return f"there is no cassette, or it is empty: {self.advice.cassette}"

    def _not_replayed(self, what: str) -> str:
        if not self.tracks.takes:
            return f"{what} is not replayed: {self._is_empty}"
        *others, last = self.models.names
        return f"{what} is not replayed: only " + (f"{', '.join(others)} and {last} are" if others else f"{last} is")

    def _of_call(self, call: Call, reason: _Reason, code: str = _CODE, message: str = "") -> Miss:
        """The miss for a call. message: of the error, the text of the reason if it is empty."""
        service = call.operation.service
        members: dict[str, Value] = {"Type": "Sender"} if (call.protocol or service.protocol) == "query" else {}
        failure = Failure(_STATUS, code, message or reason.text, members)
        response = write_failure(service, failure, derive_request_id("miss", reason.text), call.protocol)
        return _make_miss(response, _title(call.operation), reason)

    def _of_request(self, request: Request, reason: _Reason) -> Miss:
        """The miss for a request to a replayed service of which no operation is known."""
        return _of_service(request, try_find_service(self.models, request), reason)


def _of_service(request: Request, service: Service | None, reason: _Reason) -> Miss:
    """The miss for a request of which no operation is known. service: None if it is not replayed."""
    response = _write_error(request, service, _CODE, reason.text, derive_request_id("miss", reason.text))
    return _make_miss(response, service.name if service else "", reason)


def _make_miss(response: Response, operation: str, reason: _Reason) -> Miss:
    marked = replace(response, headers=(*response.headers, HEADER))
    return Miss(marked, reason.kind, operation, reason.text, reason.nearest, tuple(reason.differences))


def error_response(models: Models, request: Request, code: str, text: str) -> Response:
    """An error for a request that awstape cannot serve, in the format that its client reads; no SDK retries it."""
    service = try_find_service(models, request)
    return _write_error(request, service, code, printable(text), derive_request_id(code, text))


def _write_error(request: Request, service: Service | None, code: str, message: str, id_: str) -> Response:
    return write_error(request, service, signed_service_name(request), Failure(_STATUS, code, message), id_)


def _title(operation: Operation) -> str:
    return f"{operation.service.name} {operation.name}"


def _not_recorded(operation: Operation) -> str:
    return f"{_title(operation)} was not recorded"

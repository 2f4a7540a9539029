"""Faults: error responses, delays and dropped connections that a replay injects instead of recorded answers.

1. A fault is text, the same in `--fault`, in a test's marker and in a cassette:
   `throttle ListPolicyVersions page=2 times=1`. The kind comes first, then the operations (a glob; all if it is left
   out), the page of a traversal (default: any) and the number of times (default: once; `times=always`).
2. `KINDS`, at the bottom, says what each kind does: it answers with an error, drops the connection, or delays the
   response. The errors are given by protocol: codes and statuses of the service model and of AWS's lists of common
   errors.
3. A fault of a replay is injected whether or not the cassette has the track.
4. A fault in a cassette belongs to a take, so it names no operation. The faults of a replay are injected before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from awstape.core.aws.call import Failure
from awstape.core.aws.conform import did_you_mean
from awstape.core.aws.model import Operation, Value


class FaultError(ValueError):
    """A text that is not a fault. `tip`: what to write instead."""

    def __init__(self, problem: str, tip: str) -> None:
        super().__init__(problem)
        self.tip = tip


class Fault(NamedTuple):
    """A fault: what is injected into which requests.

    kind: a key of `KINDS`. operation: a glob, None for all. page: of a traversal, counted from 1, None for any.
    times: how often, None for always. seconds: the delay of a slow response.
    """

    kind: str
    operation: str | None = None
    page: int | None = None
    times: int | None = 1
    seconds: float | None = None

    @classmethod
    def parse(cls, text: str) -> Fault:
        """The fault of a text. Raises FaultError."""
        kind, *words = text.split() or [""]
        if kind not in KINDS:
            hint = did_you_mean(kind, KINDS).lstrip("; ")
            raise FaultError(
                f"the fault {text!r} does not begin with one of {', '.join(KINDS)}",
                hint or "for example 'throttle ListPolicyVersions page=2 times=1'",
            )
        fields: dict[str, str] = {}
        for i, word in enumerate(words):
            name, equals, value = word.partition("=")
            name, value = (name, value) if equals else ("operation", word)
            is_misplaced = name == "operation" and (i or equals)
            if name in fields or name not in ("operation", *KINDS[kind].fields) or is_misplaced:
                raise FaultError(
                    f"the fault {text!r} has an unexpected {word!r}",
                    "it is KIND [OPERATION] [page=N] [times=N|times=always], "
                    f"or {SLOW_KINDS} [OPERATION] … [seconds=S]",
                )
            if not re.fullmatch(FIELDS[name].pattern, value):
                raise FaultError(f"the fault {text!r} has {word!r}", f"{name} is {FIELDS[name].expected}")
            fields[name] = value
        return cls(
            kind,
            fields.get("operation"),
            int(fields["page"]) if "page" in fields else None,
            None if fields.get("times") == "always" else int(fields.get("times", 1)),
            float(fields["seconds"]) if "seconds" in fields else None,
        )

    def __str__(self) -> str:
        page = f"page={self.page}" if self.page else ""
        times = "times=always" if self.times is None else f"times={self.times}" if self.times != 1 else ""
        seconds = f"seconds={self.seconds:.7g}" if self.seconds is not None else ""
        return " ".join(part for part in (self.kind, self.operation, page, times, seconds) if part)

    def applies_to(self, operation: Operation, page: int) -> bool:
        """Whether the fault is injected into requests for this page of an operation."""
        return (self.operation is None or fnmatchcase(operation.name, self.operation)) and self.page in (None, page)

    def failure(self, operation: Operation) -> Failure | None:
        """The error response; None for a kind that answers with none."""
        make_failure = KINDS[self.kind].failure
        return make_failure(operation) if make_failure else None

    @property
    def drops_connection(self) -> bool:
        return KINDS[self.kind].drops

    @property
    def delay(self) -> float:
        """Seconds to wait before the response."""
        return KINDS[self.kind].delay if self.seconds is None else self.seconds


class Field(NamedTuple):
    """A field in the text of a fault. pattern: of its values, for Python and JavaScript. expected: in words."""

    pattern: str
    expected: str


_NUMBER = "[1-9][0-9]{0,8}"
_SECONDS = r"(?:[0-2]?[0-9]{1,3}|3[0-5][0-9]{2})(?:\.[0-9]{1,3})?|3600(?:\.0{1,3})?"

FIELDS: Mapping[str, Field] = {
    "operation": Field(
        r"(?!(?:[0-9]+|always)$)[A-Za-z0-9_*?\[\]!-]+",
        "a glob of operation names; a number is page=, times= or seconds=; always is times=always",
    ),
    "page": Field(_NUMBER, "a number, counted from 1"),
    "times": Field(f"always|{_NUMBER}", "a number from 1, or always"),
    "seconds": Field(_SECONDS, "a number up to 3600"),
}


class Kind(NamedTuple):
    """What the faults of a kind do.

    failure: makes the error response, None for no error. drops: whether the connection is closed without a response.
    delay: the seconds before the response if the fault names none. fields: in its text, besides the operation.
    """

    failure: Callable[[Operation], Failure] | None = None
    drops: bool = False
    delay: float = 0.0
    fields: tuple[str, ...] = ("page", "times")


# --- error responses of the services ----------------------------------------------------------------------------

_Error = tuple[int, str, str]  # status, code and message


def _error(query: _Error, ec2: _Error, s3: _Error, rest_json: _Error) -> Kind:
    """A kind that answers with an error, by the protocol of the service; services in REST XML but S3 have query's."""

    def make_failure(operation: Operation) -> Failure:
        service = operation.service
        errors = {"query": query, "ec2": ec2, "rest-xml": s3 if service.signing_name == "s3" else query}
        status, code, message = errors.get(service.protocol, rest_json)
        if service.protocol in ("json", "smithy-rpc-v2-cbor") and status < 500:
            status = 400  # of all errors of a client, whatever their code
        members: dict[str, Value] = {}
        if errors.get(service.protocol) == query:
            members["Type"] = "Receiver" if status >= 500 else "Sender"
        elif (shape := service.errors.get(code)) and "retryAfterSeconds" in shape.members:
            members["retryAfterSeconds"] = 1
        action = f"{service.signing_name}:{operation.name}"
        return Failure(status, code, message.format(action=action), members)

    return Kind(failure=make_failure)


_NOT_AUTHORIZED = (
    "User: arn:aws:iam::000000000000:user/awstape is not authorized to perform: {action} on resource: * "
    "because no identity-based policy allows the {action} action"
)
_EXPIRED = "The security token included in the request is expired"
_UNAVAILABLE = "The request has failed due to a temporary failure of the server."

#: Sources of the errors: the error shapes of the service models; for codes that are not in them, "Common Errors" in the
#: API references of IAM and Access Analyzer, "Error codes" in that of EC2, "Error responses" in S3's.
KINDS: Mapping[str, Kind] = {
    "throttle": _error(
        query=(400, "Throttling", "Rate exceeded"),
        ec2=(503, "RequestLimitExceeded", "Request limit exceeded."),
        s3=(503, "SlowDown", "Please reduce your request rate."),
        rest_json=(429, "ThrottlingException", "Rate exceeded"),
    ),
    "internal": _error(
        query=(500, "ServiceFailure", "The request processing has failed because of an unknown error."),
        ec2=(500, "InternalError", "An internal error has occurred"),
        s3=(500, "InternalError", "We encountered an internal error. Please try again."),
        rest_json=(500, "InternalServerException", "Internal server error"),
    ),
    "unavailable": _error(
        query=(503, "ServiceUnavailable", _UNAVAILABLE),
        ec2=(503, "Unavailable", "The server is overloaded and can't handle the request."),
        s3=(503, "ServiceUnavailable", "Service is unable to handle request."),
        rest_json=(503, "ServiceUnavailableException", _UNAVAILABLE),
    ),
    "denied": _error(
        query=(403, "AccessDenied", _NOT_AUTHORIZED),
        ec2=(403, "UnauthorizedOperation", "You are not authorized to perform this operation."),
        s3=(403, "AccessDenied", "Access Denied"),
        rest_json=(403, "AccessDeniedException", _NOT_AUTHORIZED),
    ),
    "expired": _error(
        query=(403, "ExpiredToken", _EXPIRED),
        ec2=(400, "RequestExpired", "Request has expired."),
        s3=(400, "ExpiredToken", "The provided token has expired."),
        rest_json=(403, "ExpiredTokenException", _EXPIRED),
    ),
    "drop": Kind(drops=True),
    "slow": Kind(delay=5.0, fields=("page", "times", "seconds")),
}

#: The kinds that may have `seconds`, for people.
SLOW_KINDS = " or ".join(kind for kind, row in KINDS.items() if "seconds" in row.fields)

"""Faults: error responses, delays and dropped connections that a replay injects instead of recorded answers.

1. A fault is text, the same in `--fault`, in a test's marker and in a cassette:
   `throttle ListPolicyVersions page=2 times=1`. The kind comes first, then the operations (a glob; all if it is left
   out), the page of a traversal (default: any) and the number of times (default: once; `times=always`).
2. The table at the bottom has the error of each kind, by protocol: codes and statuses of the service model and of AWS's
   lists of common errors. `drop` closes the connection without a response; `slow` delays the response by `seconds`.
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
from awstape.core.text.lazy_pattern import lazy_pattern

_DEFAULT_SECONDS = 5.0
_MAX_SECONDS = 3600.0
_NUMBER = lazy_pattern(r"[1-9]\d{0,8}", re.ASCII)
_SECONDS = lazy_pattern(r"\d{1,4}(?:\.\d{1,3})?", re.ASCII)
_GLOB = lazy_pattern(r"[\w*?\[\]!-]+", re.ASCII)


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
            is_misplaced = (name == "operation" and (i or equals)) or (name == "seconds" and kind != "slow")
            if name in fields or name not in _FIELDS or is_misplaced:
                raise FaultError(
                    f"the fault {text!r} has an unexpected {word!r}",
                    "it is KIND [OPERATION] [page=N] [times=N|always], or slow [OPERATION] … [seconds=S]",
                )
            if not _FIELDS[name](value):
                raise FaultError(f"the fault {text!r} has {word!r}", f"{name} is {_EXPECTED[name]}")
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
        """The error response; None if the connection is dropped or the response is only slow."""
        make_failure = KINDS[self.kind]
        return make_failure(operation) if make_failure else None

    @property
    def drops_connection(self) -> bool:
        return self.kind == "drop"

    @property
    def delay(self) -> float:
        """Seconds to wait before the response."""
        return (_DEFAULT_SECONDS if self.seconds is None else self.seconds) if self.kind == "slow" else 0.0


_FIELDS: Mapping[str, Callable[[str], object]] = {
    "operation": lambda text: _GLOB.fullmatch(text) and not text.isdigit(),
    "page": lambda text: _NUMBER.fullmatch(text),
    "times": lambda text: text == "always" or _NUMBER.fullmatch(text),
    "seconds": lambda text: _SECONDS.fullmatch(text) and float(text) <= _MAX_SECONDS,
}
_EXPECTED: Mapping[str, str] = {
    "operation": "a glob of operation names; a number is page=, times= or seconds=",
    "page": "a number, counted from 1",
    "times": "a number from 1, or always",
    "seconds": f"a number up to {_MAX_SECONDS:g}",
}


# --- error responses of the services ----------------------------------------------------------------------------

FailureOf = Callable[[Operation], Failure]
_Error = tuple[int, str, str]  # status, code and message


def _by_protocol(query: _Error, ec2: _Error, s3: _Error, rest_json: _Error) -> FailureOf:
    """The error response of an operation, by the protocol of its service; other services in REST XML have query's."""

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

    return make_failure


_NOT_AUTHORIZED = (
    "User: arn:aws:iam::000000000000:user/awstape is not authorized to perform: {action} on resource: * "
    "because no identity-based policy allows the {action} action"
)
_EXPIRED = "The security token included in the request is expired"
_UNAVAILABLE = "The request has failed due to a temporary failure of the server."

#: Kind → its error response. Sources: the error shapes of the service models; for codes that are not in them, "Common
#: Errors" in the API references of IAM and Access Analyzer, "Error codes" in that of EC2, "Error responses" in S3's.
KINDS: Mapping[str, FailureOf | None] = {
    "throttle": _by_protocol(
        query=(400, "Throttling", "Rate exceeded"),
        ec2=(503, "RequestLimitExceeded", "Request limit exceeded."),
        s3=(503, "SlowDown", "Please reduce your request rate."),
        rest_json=(429, "ThrottlingException", "Rate exceeded"),
    ),
    "internal": _by_protocol(
        query=(500, "ServiceFailure", "The request processing has failed because of an unknown error."),
        ec2=(500, "InternalError", "An internal error has occurred"),
        s3=(500, "InternalError", "We encountered an internal error. Please try again."),
        rest_json=(500, "InternalServerException", "Internal server error"),
    ),
    "unavailable": _by_protocol(
        query=(503, "ServiceUnavailable", _UNAVAILABLE),
        ec2=(503, "Unavailable", "The server is overloaded and can't handle the request."),
        s3=(503, "ServiceUnavailable", "Service is unable to handle request."),
        rest_json=(503, "ServiceUnavailableException", _UNAVAILABLE),
    ),
    "denied": _by_protocol(
        query=(403, "AccessDenied", _NOT_AUTHORIZED),
        ec2=(403, "UnauthorizedOperation", "You are not authorized to perform this operation."),
        s3=(403, "AccessDenied", "Access Denied"),
        rest_json=(403, "AccessDeniedException", _NOT_AUTHORIZED),
    ),
    "expired": _by_protocol(
        query=(403, "ExpiredToken", _EXPIRED),
        ec2=(400, "RequestExpired", "Request has expired."),
        s3=(400, "ExpiredToken", "The provided token has expired."),
        rest_json=(403, "ExpiredTokenException", _EXPIRED),
    ),
    "drop": None,
    "slow": None,
}

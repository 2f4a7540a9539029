"""HTTP messages as values: `Request`, `Response` and `Reply`, and the limits on their size.

Header names compare without case. Bodies are bytes as sent: `core.aws.content_encoding` undoes a content encoding.
Messages hold credentials and real values, so their repr shows neither headers nor bodies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import unquote, unquote_plus

from awstape.core.text.hidden import Hidden

Headers = tuple[tuple[str, str], ...]

#: How deep the body of a message may nest: deeper than any shape, not so deep that recursion ends the process.
MAX_DEPTH = 48
#: Bytes in the body of a request or response, and values in it: a page has at most 1000 items.
MAX_BODY = 16 * 1024 * 1024
MAX_VALUES = 200_000
#: Parameters or JSON values of a request, and characters in the name of a parameter: no request has as many.
MAX_REQUEST_VALUES = 10_000
MAX_NAME = 1000

#: botocore/parsers.py (`ResponseParser.parse`): from here on a response is an error.
FIRST_ERROR_STATUS = 301
LAST_STATUS = 599

#: Signature version 2 signs with these: docs.aws.amazon.com/general, "Signature Version 2 signing process".
_SIGNATURE_VERSION_2 = frozenset(
    {"AWSAccessKeyId", "Expires", "SecurityToken", "Signature", "SignatureMethod", "SignatureVersion", "Timestamp"}
)

_Node = TypeVar("_Node")


class WireError(ValueError):
    """A message that cannot be read or written. The text says what is wrong; it never quotes the message."""


def too_large(limit: int = MAX_BODY) -> str:
    """The reason for a body that is not recorded, as a predicate."""
    return f"has a body above {limit // 2**20} MiB, which is too large to record"


@dataclass(frozen=True)
class Request:
    """An HTTP request. `host` is the name the client meant, without port; `path` keeps its percent-encoding.

    caller: the access key id of a client that does not sign; None if the signature tells, or nothing does. unread: why
    the body is not here, as a predicate; empty if it is. origin: where its client reaches an endpoint of awstape, as
    `http://127.0.0.1:8000/~session`; empty for any other host that it asked.
    """

    method: str
    host: str
    path: str = field(repr=False)
    query: str = field(default="", repr=False)
    headers: Headers = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    caller: Hidden[str] | None = None
    unread: str = ""
    origin: str = ""

    def header(self, name: str) -> str | None:
        return find_header(self.headers, name)

    @property
    def is_form(self) -> bool:
        return (self.header("content-type") or "").partition(";")[0].strip().lower() == (
            "application/x-www-form-urlencoded"
        )


@dataclass(frozen=True)
class Response:
    """An HTTP response. unread: why the body is not here, as a predicate; empty if it is."""

    status: int
    headers: Headers = field(default=(), repr=False)
    body: bytes = field(default=b"", repr=False)
    unread: str = ""

    def header(self, name: str) -> str | None:
        return find_header(self.headers, name)

    @property
    def is_gateway_error(self) -> bool:
        """Whether a load balancer or proxy made the error, not the service: the body is empty or HTML."""
        body = self.body.strip()
        return self.status >= 500 and (not body or body[:6].lower() == b"<html>")


@dataclass(frozen=True)
class Reply:
    """What a client gets after `delay` seconds: a response, or None for a connection closed without one.

    serve_again: counts the reply once more, for an equal request, and returns True; False if it may not be served. None
    if the next equal request may get another reply (`core.replay.replies`, rule 4).
    """

    response: Response | None
    delay: float = field(default=0.0, kw_only=True)
    serve_again: Callable[[], bool] | None = field(default=None, kw_only=True, compare=False, repr=False)


def find_header(headers: Headers, name: str) -> str | None:
    """The first header called `name` (in any case), or None."""
    return next(iter(find_headers(headers, name)), None)


def find_headers(headers: Headers, name: str) -> list[str]:
    """The values of all headers called `name` (in any case)."""
    name = name.lower()
    return [value for key, value in headers if key.lower() == name]


def read_parameters(request: Request) -> list[tuple[str, str]]:
    """The parameters of a request's query string and, if it is a form, of its body. Raises WireError."""
    return parse_form(request.query) + (parse_form(decode_utf8(request.body)) if request.is_form else [])


def is_signature_parameter(name: str) -> bool:
    """Whether a parameter belongs to the signature of a form or presigned URL, unless an operation has such a member.

    Of version 4 they begin with `X-Amz-`.
    """
    return name.lower().startswith("x-amz-") or name in _SIGNATURE_VERSION_2


def parse_form(text: str) -> list[tuple[str, str]]:
    """`a=1&b=x+y` → [("a", "1"), ("b", "x y")], in order; blanks and repeats are kept.

    Raises WireError for percent-escapes that are not UTF-8, and above the limits.
    """
    pairs = []
    if text.count("&") >= MAX_REQUEST_VALUES:
        raise WireError(f"more than {MAX_REQUEST_VALUES:,} parameters")
    for part in text.split("&"):
        if part:
            name, _, value = part.partition("=")
            if len(name) > MAX_NAME:
                raise WireError(f"a parameter has a name of more than {MAX_NAME:,} characters")
            pairs.append((_unquote(name, plus=True), _unquote(value, plus=True)))
    return pairs


def unquote_label(text: str) -> str:
    """A path label without its percent-encoding; `+` stays. Raises WireError if it is not UTF-8."""
    return _unquote(text, plus=False)


def _unquote(text: str, *, plus: bool) -> str:
    try:
        return (unquote_plus if plus else unquote)(text, errors="strict")
    except UnicodeDecodeError:
        raise WireError("a percent-encoded text is not UTF-8") from None


def decode_utf8(body: bytes) -> str:
    """The body as text. Raises WireError if it is not UTF-8."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise WireError("the body is not UTF-8") from None


def limit_problem(root: _Node, children: Callable[[_Node], Iterable[_Node]], max_values: int = MAX_VALUES) -> str:
    """The limit that a tree exceeds, `MAX_DEPTH` or `max_values`, as a predicate; empty if it exceeds none."""
    level, count = [root], 1
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in children(node)]
        count += len(level)
        if count > max_values:
            return f"holds more than {max_values:,} values"
        if not level:
            return ""
    return f"nests deeper than {MAX_DEPTH} levels"

"""What crosses the wire, as values: `Request` and `Response`.

Header names compare without case. Bodies are bytes with any Content-Encoding already undone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import unquote, unquote_plus

Headers = tuple[tuple[str, str], ...]

#: How deep a message may nest: deeper than any model, not so deep that recursion ends the process.
MAX_DEPTH = 48
#: How large the body of a request or an answer may be, and how many values it may hold: a page has at most 1000 items.
MAX_BODY = 16 * 1024 * 1024
MAX_VALUES = 200_000
#: As many parameters and values as no request has; and how long their names may be.
MAX_ASKED = 10_000
MAX_NAME = 1000

_Node = TypeVar("_Node")


class WireError(ValueError):
    """A message that can't be read. The text says what was wrong; it never quotes the message."""


@dataclass(frozen=True)
class Request:
    """An HTTP request. `host` is the name the client meant, without port; `path` keeps its percent-encoding."""

    method: str
    host: str
    path: str
    query: str = ""
    headers: Headers = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        return find_header(self.headers, name)

    @property
    def is_form(self) -> bool:
        return (self.header("content-type") or "").partition(";")[0].strip().lower() == (
            "application/x-www-form-urlencoded"
        )


@dataclass(frozen=True)
class Response:
    """An HTTP response."""

    status: int
    headers: Headers = ()
    body: bytes = b""

    def header(self, name: str) -> str | None:
        return find_header(self.headers, name)


@dataclass(frozen=True)
class Reply:
    """What a client gets: a response, or None for a connection that ends without one, after `delay` seconds."""

    response: Response | None
    delay: float = field(default=0.0, kw_only=True)


def find_header(headers: Headers, name: str) -> str | None:
    """The first header called `name` (in any case), or None."""
    name = name.lower()
    return next((value for key, value in headers if key.lower() == name), None)


def parse_form(text: str) -> list[tuple[str, str]]:
    """`a=1&b=x+y` → [("a", "1"), ("b", "x y")], in order, blanks and repeats kept.

    Raises WireError for percent-escapes that are not UTF-8, and for what no client sends.
    """
    pairs = []
    if text.count("&") >= MAX_ASKED:
        raise WireError(f"more than {MAX_ASKED:,} parameters")
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


def text_of(body: bytes) -> str:
    """The body as text. Raises WireError if it is not UTF-8."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise WireError("the body is not UTF-8") from None


def excess(root: _Node, children: Callable[[_Node], Iterable[_Node]], most: int = MAX_VALUES) -> str:
    """What a tree does that is deeper than `MAX_DEPTH` or has more than so many nodes; nothing of any other."""
    level, count = [root], 1
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in children(node)]
        count += len(level)
        if count > most:
            return f"holds more than {most:,} values"
        if not level:
            return ""
    return f"nests deeper than {MAX_DEPTH} levels"

"""A regular expression that is compiled when it is first used: a replay needs a few of the hundreds that it imports."""

from __future__ import annotations

import re
from typing import AnyStr, Generic, cast

_METHODS = (
    "findall",
    "finditer",
    "fullmatch",
    "groupindex",
    "groups",
    "match",
    "scanner",
    "search",
    "split",
    "sub",
    "subn",
)


def lazy_pattern(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """As `re.compile`, for a pattern that is compiled when it is first used; then it costs no more than any other."""
    return cast("re.Pattern[AnyStr]", _LazyPattern(pattern, flags))


class _LazyPattern(Generic[AnyStr]):
    """Has the text of a pattern, and what a compiled pattern has from the first use on."""

    __slots__ = (*_METHODS, "flags", "pattern")
    pattern: AnyStr
    flags: int

    def __init__(self, pattern: AnyStr, flags: int) -> None:
        self.pattern, self.flags = pattern, flags

    def __getattr__(self, name: str) -> object:
        """Called for what is not set yet."""
        compiled = re.compile(self.pattern, self.flags)
        for method in _METHODS:
            setattr(self, method, getattr(compiled, method))
        return getattr(compiled, name)

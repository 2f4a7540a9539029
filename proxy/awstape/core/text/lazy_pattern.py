"""A regular expression that is compiled when it is first used: large ones take longer than most replays."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cached_property


class LazyPattern:
    """A pattern that `compile_` makes. What was used once costs no more than of a compiled pattern."""

    def __init__(self, compile_: Callable[[], re.Pattern[str]]) -> None:
        self._compile = compile_

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The compiled pattern."""
        return self._compile()

    @cached_property
    def sub(self) -> Callable[[Callable[[re.Match[str]], str], str], str]:
        """As of a pattern."""
        return self.pattern.sub

"""Errors that are somebody's to mend: what happened, and what to do next. Turned into text once, in `awstape.cli`."""

from __future__ import annotations


class UserError(Exception):
    """`problem` says what happened and where, `tip` what to do about it."""

    def __init__(self, problem: str, tip: str = "") -> None:
        super().__init__(problem)
        self.problem, self.tip = problem, tip


class MissError(AssertionError):
    """Something was asked of a cassette that is not in it, or, where that was asked for, the other way round."""

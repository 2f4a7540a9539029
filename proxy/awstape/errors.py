"""Errors that are somebody's to mend: what happened, and what to do next. Turned into text once, in `cli`."""

from __future__ import annotations

import traceback
from pathlib import Path


def place_of(bug: BaseException) -> str:
    """What can be told of an error of ours: not its message, which may quote the traffic."""
    frame = traceback.extract_tb(bug.__traceback__)[-1]
    return f"{type(bug).__name__} in {Path(frame.filename).name}, line {frame.lineno}"


class UserError(Exception):
    """`problem` says what happened and where, `tip` what to do about it, `status` how the command line exits."""

    def __init__(self, problem: str, tip: str = "", status: int = 2) -> None:
        super().__init__(problem)
        self.problem, self.tip, self.status = problem, tip, status


def failure_of(error: Exception) -> UserError:
    """What is told of an error that ends the work: itself, or where the bug is."""
    if isinstance(error, UserError):
        return error
    return UserError(f"awstape stopped: {place_of(error)}", "please report this; no traffic is in the message")


class MissError(AssertionError):
    """Something was asked of a cassette that is not in it, or, where that was asked for, the other way round."""

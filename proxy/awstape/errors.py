"""The errors that awstape raises for users: what happened, and what to do next. `cli` turns them into text.

May import: nothing.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


class UserError(Exception):
    """An error that a user can correct.

    problem: what happened and where. tip: what to do about it. status: the exit status of the command line.
    """

    def __init__(self, problem: str, tip: str = "", status: int = 2) -> None:
        super().__init__(problem)
        self.problem, self.tip, self.status = problem, tip, status


class MissError(AssertionError):
    """Raised at the end of a replay: a request had no recorded response or, if strict, recorded data was not used."""


def as_user_error(error: Exception) -> UserError:
    """Returns a UserError as it is, and any other error as a UserError that says where the bug is."""
    if isinstance(error, UserError):
        return error
    return UserError(f"awstape stopped: {bug_location(error)}", "please report this; no traffic is in the message")


def call_without_traceback(
    function: Callable[_Parameters, _Result], *args: _Parameters.args, **options: _Parameters.kwargs
) -> _Result:
    """Calls a function; an error leaves it as a UserError without the frames inside and the errors that led to it.

    The frames of the core hold real values in their local variables, which reporters of failed tests print.
    """
    failure: BaseException
    try:
        return function(*args, **options)
    except Exception as error:
        failure = as_user_error(error)
    except BaseException as error:  # Ctrl-C, or a timeout of a test
        failure = error
    failure.__cause__ = failure.__context__ = None
    raise failure.with_traceback(None)


def bug_location(bug: BaseException) -> str:
    """The type, file and line of an unexpected error; not its message, which may quote the traffic."""
    frame = traceback.extract_tb(bug.__traceback__)[-1]
    return f"{type(bug).__name__} in {Path(frame.filename).name}, line {frame.lineno}"

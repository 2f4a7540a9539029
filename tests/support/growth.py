"""Recordings of any size, and counts of the work that they cause: unlike times, these are the same in every run."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from types import FrameType
from typing import Literal

from awstape.core.aws.model import Value
from awstape.core.cassette.cassette import Cassette
from support.exchanges import Exchange, listing, record, request, respond
from support.role_cassette import role

Shape = Literal["listing", "tracks", "takes"]
"""One listing with pages of four items; a track for each role; takes of one track."""


def exchanges(shape: Shape, size: int) -> list[Exchange]:
    """A recording of so many roles."""
    if shape == "listing":
        pages: list[dict[str, Value]] = [
            {"Roles": [role(f"Role{number}") for number in range(first, min(first + 4, size))]}
            for first in range(0, size, 4)
        ]
        return listing("ListRoles", {}, pages)
    if shape == "tracks":
        names = [f"Role{number}" for number in range(size)]
        return [(request("GetRole", {"RoleName": n}), respond("GetRole", {"Role": role(n)})) for n in names]
    asked = request("GetRole", {"RoleName": "Role"})
    return [(asked, respond("GetRole", {"Role": role("Role", MaxSessionDuration=3600 + n)})) for n in range(size)]


@cache
def recorded(shape: Shape, size: int) -> Cassette:
    """The cassette of that recording."""
    return record(*exchanges(shape, size)).cassette


def count_calls(work: Callable[[], object]) -> int:
    """The number of calls, of Python functions and of built-in ones, that some work makes."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count

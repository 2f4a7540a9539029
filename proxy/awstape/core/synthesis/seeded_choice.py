"""`Chance`: what is made up, decided by a seed and a place; and dates that need no clock.

1. A chance decides one thing, the same each time: what else is to be decided has a place of its own, `chance.at(…)`.
2. All is hashed from the seed, never random: the same seed is the same cassette, on every machine and in every
   version of Python.
3. A thing has a life of several stages, so that what is told of it is in order: it is made before it is changed, and
   changed before it is used. All stages but the last, in which things expire, are over before 2026.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

_T = TypeVar("_T")
_DAY = 24 * 60 * 60
_FIRST_YEAR = 2018
#: Every month has this many days in here, so that each date exists and later is later.
_MONTH = 28


@dataclass(frozen=True)
class Chance:
    """place: the seed, and the steps to what is decided."""

    place: str

    def at(self, step: object) -> Chance:
        return Chance(f"{self.place}/{step}")

    def number(self, low: int, high: int) -> int:
        """A number between two, both of them included."""
        return low + int.from_bytes(self._digest()[:8]) % (high - low + 1)

    def pick(self, options: Sequence[_T]) -> _T:
        return options[self.number(0, len(options) - 1)]

    def happens(self, percent: int) -> bool:
        return self.number(1, 100) <= percent

    def text(self, alphabet: str, length: int) -> str:
        """Characters of an alphabet, each by a chance of its own."""
        return "".join(self.at(i).pick(alphabet) for i in range(length))

    def uuid(self) -> str:
        return str(uuid.UUID(bytes=self._digest()[:16], version=4))

    def _digest(self) -> bytes:
        return hashlib.sha256(self.place.encode("utf-8", "surrogatepass")).digest()


class Stage(IntEnum):
    """What happens to a thing, in this order."""

    BEFORE = 0
    MADE = 1
    CHANGED = 2
    LOOKED_AT = 3
    USED = 4
    EXPIRED = 5


@dataclass(frozen=True)
class Life:
    """When a thing was made and how long each stage takes, in seconds; the times of it by stages."""

    begin: int
    stage: int

    @classmethod
    def early(cls, chance: Chance) -> Life:
        """Of an item in a listing, or of a thing by itself."""
        return cls(chance.at("begin").number(0, 3 * 12 * _MONTH * _DAY), chance.at("stage").number(10, 200) * _DAY)

    @classmethod
    def late(cls, chance: Chance) -> Life:
        """Of what tells of earlier lives, such as a report."""
        return cls(7 * 12 * _MONTH * _DAY + chance.number(0, 100 * _DAY), 10 * _DAY)

    @property
    def made(self) -> int:
        return self.begin + self.stage * Stage.MADE

    def at(self, stage: Stage, chance: Chance) -> int:
        """A time within a stage; for the stage in which it is made always the same."""
        return self.made if stage is Stage.MADE else self.begin + self.stage * stage + chance.number(1, self.stage - 1)

    def step(self, number: int, of: int) -> int:
        """The time of one of several steps, counted from 1, from being made to being changed."""
        return self.made + (number - 1) * self.stage // of


def date(seconds: int, milliseconds: int | None = None) -> str:
    """A time as AWS writes it, `2023-04-05T06:07:08Z`."""
    days, second = divmod(seconds, _DAY)
    months, day = divmod(days, _MONTH)
    years, month = divmod(months, 12)
    hour, minute = second // 3600, second // 60 % 60
    fraction = "" if milliseconds is None else f".{milliseconds:03}"
    return f"{_FIRST_YEAR + years}-{month + 1:02}-{day + 1:02}T{hour:02}:{minute:02}:{second % 60:02}{fraction}Z"

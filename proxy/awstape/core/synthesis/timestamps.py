"""Timestamps: dates in the order of a thing's life, derived from a seed and not from a clock.

1. A thing has a lifetime of stages of equal length: it is created before it is updated, and updated before it is used.
2. A member's name decides the stage that its timestamp is in. All members of the creation have the same time.
3. All stages but the last, in which things expire, end before 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from awstape.core.synthesis.seeded_choice import Seed

_DAY = 24 * 60 * 60
_FIRST_YEAR = 2018
#: Every month has 28 days here, so that each date exists and a later number is a later date.
_MONTH = 28


class Stage(IntEnum):
    """The stages of a lifetime, in their order."""

    BEFORE_CREATION = 0
    CREATED = 1
    UPDATED = 2
    ANALYZED = 3
    USED = 4
    EXPIRED = 5


_STAGES: Mapping[str, Stage] = {
    **dict.fromkeys(
        "CreateDate CreateTimestamp UploadDate Timestamp createdAt startedAt startedOn".split(), Stage.CREATED
    ),
    **dict.fromkeys("JobCreationDate endTime".split(), Stage.CREATED),
    **dict.fromkeys("EnableDate UpdateDate UpdatedTime UpdateTimestamp updatedAt".split(), Stage.UPDATED),
    **dict.fromkeys("analyzedAt lastResourceAnalyzedAt lastUpdatedAt".split(), Stage.ANALYZED),
    **dict.fromkeys("Expiration ExpirationDate ExpirationTime ValidUntil".split(), Stage.EXPIRED),
    **dict.fromkeys("lastAccessed policyUpdatedAt startTime".split(), Stage.BEFORE_CREATION),
}
"""Member → stage; other members are times of use."""
#: Members that say when a job ended: minutes after its creation.
_ENDS = frozenset({"JobCompletionDate", "completedAt", "completedOn"})


@dataclass(frozen=True)
class Lifetime:
    """The stages of a thing. begin: when the first stage begins, in seconds from 2018. stage: the length of a stage."""

    begin: int
    stage: int

    @classmethod
    def early(cls, seed: Seed) -> Lifetime:
        """The lifetime of an item in a listing, or of a thing by itself."""
        return cls(seed.at("begin").number(0, 3 * 12 * _MONTH * _DAY), seed.at("stage").number(10, 200) * _DAY)

    @classmethod
    def late(cls, seed: Seed) -> Lifetime:
        """The lifetime of a thing that refers to earlier ones, such as a report."""
        return cls(7 * 12 * _MONTH * _DAY + seed.number(0, 100 * _DAY), 10 * _DAY)

    @property
    def created(self) -> int:
        """The time of creation, in seconds."""
        return self.begin + self.stage * Stage.CREATED

    def at(self, stage: Stage, seed: Seed) -> int:
        """A time in a stage, in seconds; in the stage of creation always the time of creation."""
        if stage is Stage.CREATED:
            return self.created
        return self.begin + self.stage * stage + seed.number(1, self.stage - 1)

    def step(self, number: int, steps: int) -> int:
        """The time of one of several steps, counted from 1, between creation and update."""
        return self.created + (number - 1) * self.stage // steps


def member_timestamp(name: str, lifetime: Lifetime, seed: Seed, *, step: tuple[int, int] | None, is_exact: bool) -> str:
    """The timestamp of a member. step: (number, steps) of a policy version. is_exact: some have milliseconds."""
    if name in _ENDS:
        seconds = lifetime.created + seed.number(5, 300)
    elif step:
        seconds = lifetime.step(*step)
    else:
        seconds = lifetime.at(_STAGES.get(name, Stage.USED), seed)
    fraction = seed.at("fraction").number(0, 2999)
    return format_synthetic_time(seconds, fraction if is_exact and fraction < 1000 else None)


def format_synthetic_time(seconds: int, milliseconds: int | None = None) -> str:
    """A time as AWS writes it, `2023-04-05T06:07:08Z`. seconds: from 2018, in months of 28 days."""
    days, second = divmod(seconds, _DAY)
    months, day = divmod(days, _MONTH)
    years, month = divmod(months, 12)
    hour, minute = second // 3600, second // 60 % 60
    fraction = "" if milliseconds is None else f".{milliseconds:03}"
    return f"{_FIRST_YEAR + years}-{month + 1:02}-{day + 1:02}T{hour:02}:{minute:02}:{second % 60:02}{fraction}Z"

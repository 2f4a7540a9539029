"""Seeded choice: numbers, texts and decisions derived from a seed.

1. A seed decides one thing, always the same. Whatever else is to be decided has a seed of its own, `seed.at(step)`.
2. Everything is hashed from the path of the seed, nothing is random: the same path gives the same values on every
   machine and in every version of Python. So steps are part of the output: to rename one changes what is generated.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True)
class Seed:
    """What values are derived from. path: the user's seed, and the steps from there to what is decided."""

    path: str

    def at(self, step: object) -> Seed:
        """The seed of a part: a member, an item, a further decision."""
        return Seed(f"{self.path}/{step}")

    def number(self, low: int, high: int) -> int:
        """A number between two, both included."""
        return low + int.from_bytes(self._digest()[:8]) % (high - low + 1)

    def choose(self, options: Sequence[_T]) -> _T:
        """One of several options."""
        return options[self.number(0, len(options) - 1)]

    def decide(self, percent: int) -> bool:
        """True for so many percent of all seeds."""
        return self.number(1, 100) <= percent

    def text(self, alphabet: str, length: int) -> str:
        """Characters of an alphabet, each chosen by a seed of its own."""
        return "".join(self.at(i).choose(alphabet) for i in range(length))

    def uuid(self) -> str:
        """A UUID of version 4."""
        return str(uuid.UUID(bytes=self._digest()[:16], version=4))

    def _digest(self) -> bytes:
        return hashlib.sha256(self.path.encode("utf-8", "surrogatepass")).digest()

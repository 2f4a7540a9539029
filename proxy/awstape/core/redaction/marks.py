"""Marks keep the aliases of two values apart.

1. No two values share an alias within one recording. Where the second one met would get the alias of another, it is
   spelled from another digest of itself, and a keyed mark of it is noted. The cassette's header has the marks, so
   replay and later recordings spell it alike.
2. Without the key, a mark reveals nothing but that there is such a value, and by its end which alias it would have
   had. So cassettes in which that alias may stand for different values are not taken together.
3. Of a name, it is the code of a part that is spelled again, or of one spelling of a part. The product of codes that
   stands for the end of a long name is not.
4. Which of two values is met first depends on the order of the traffic, unless the cassette at hand has the mark: the
   first one's alias is in the journal, and in products of codes, before the second one is met.
5. The values of other cassettes are unknown. Where none has a mark, an alias of theirs may be that of another value
   here (accounts: 1 in 10 million).
6. In a room that is nearly used up, values share their first alias: 10,000 authentication codes, 130,000 IPv4
   addresses, 30 spellings of one part (of some 500).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Set

from awstape.core.redaction.name_codes import spell_symbols

#: A mark's keyed characters, and those that tell which alias it is about.
_KEYED, MARK_ENDING = 6, 6
#: How many digests of a value are tried.
_MOST_DIGESTS = 100


class Marks:
    """The marks of a cassette, and what each alias and each code stands for.

    digest: a keyed digest of a text for a purpose.
    """

    def __init__(self, digest: Callable[[str, str], bytes], known: Set[str] = frozenset()) -> None:
        self._digest = digest
        self.known = set(known)
        """The marks in the header, and those of values met."""
        self._value_of: dict[str, str] = {}
        """Alias, or code in an alias → the first value that it was spelled for."""

    def give(self, alias: str, value: str) -> bool:
        """Notes what an alias or a code stands for. False if it stands for another value."""
        return self._value_of.setdefault(alias, value) == value

    def has_given(self, alias: str) -> bool:
        return alias in self._value_of

    def spell(self, purpose: str, value: str, spell: Callable[[bytes], str]) -> tuple[str, list[str]]:
        """What is spelled from the first digest of a value of which no other value has it, and the marks this takes.

        Each digest that the value is not spelled from has a mark.
        """
        new: list[str] = []
        if not self.known:
            spelled = spell(self._digest(purpose, value))
            if self._value_of.setdefault(spelled, value) == value:
                return spelled, new
        for number in range(_MOST_DIGESTS):
            spelled = spell(self._digest(f"{purpose} {number}" if number else purpose, value))
            if self.known and self.make(purpose, value, number, spelled) in self.known:
                continue
            if self.give(spelled, value):
                return spelled, new
            new.append(self.make(purpose, value, number, spelled))
        return spell(self._digest(purpose, value)), []

    def make(self, purpose: str, value: str, number: int, spelled: str) -> str:
        """The mark of a value for one of its digests. spelled: from that digest."""
        return spell_symbols(self._digest("apart", f"{number}\0{purpose}\0{value}"), _KEYED) + mark_ending(spelled)


def mark_ending(part: str) -> str:
    """The end of all marks of values that are not spelled as a part of an alias is, by case."""
    return spell_symbols(hashlib.sha256(part.lower().encode()).digest(), MARK_ENDING)

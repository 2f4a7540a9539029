"""Marks keep the aliases of two values apart.

1. Within one recording, no two values share an alias. A value that would get the alias of an earlier value is spelled
   from another digest of itself, and a keyed mark of the value is noted.
2. The header of a cassette has the marks, so that replay and later recordings spell the value alike.
3. Without the key, a mark reveals only that there is such a value, and by its end which alias the value would have had.
   Cassettes in which this alias may stand for different values are not replayed together.
4. The mark of a name is about one part of the name, or about one spelling of a part. A product of codes, which stands
   for the end of a long name, has no mark.
5. The order of the traffic decides which of two values comes first, unless the cassette at hand has a mark. The alias
   of the first value stays: when the second value comes, the alias is in the journal, and in products of codes.
6. The values of other cassettes are unknown. If no cassette has a mark, an alias of another cassette may be that of
   another value here (accounts: 1 in 10 million).
7. Where nearly all aliases of a form are in use, values share their first alias: with 10,000 authentication codes,
   130,000 IPv4 addresses, or 30 spellings of one part (of some 500).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Set

from awstape.core.redaction.name_codes import spell_symbols

#: The number of a mark's keyed characters, and of the characters at its end, which are computed from an alias.
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
        """The marks in the header, and the marks of values that were met."""
        self._value_of: dict[str, str] = {}
        """Alias, or code in an alias → the first value that it was spelled for."""

    def give(self, alias: str, value: str) -> bool:
        """Notes what an alias or a code stands for. False if it stands for another value."""
        return self._value_of.setdefault(alias, value) == value

    def has_given(self, alias: str) -> bool:
        return alias in self._value_of

    def spell(self, purpose: str, value: str, spell: Callable[[bytes], str]) -> tuple[str, list[str]]:
        """Spells a value from its first digest that no other value is spelled alike from.

        Returns as well the new marks: one for each digest that was passed over.
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
    """The end of each mark that keeps a value from being spelled as this part of an alias, in any case."""
    return spell_symbols(hashlib.sha256(part.lower().encode()).digest(), MARK_ENDING)
